"""Rules about what the container and its pod are, and whether it may be moved at all."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sidecarify.judge import injectors
from sidecarify.judge.model import Finding, Member, PodContext, Rule
from sidecarify.judge.rules.lifetime import ends_at_once
from sidecarify.judge.signs import call_texts, read_signs
from sidecarify.judge.wording import without_hazards
from sidecarify.kube import fields
from sidecarify.kube.container import Container
from sidecarify.kube.version import SUPPORTED_FROM, KubeVersion

_ALPHA = KubeVersion(1, 28)
_SERVERS = ("flushes", "provider", "proxy")
_OWN_POD = r"(?i)localhost|127\.0\.0\.1|\[::1\]|unix:|\.sock\b|\bdocker\b|\bbuildctl\b|_HOST\b"
_REPLACED = (
    "helm.sh/hook-delete-policy",
    "argocd.argoproj.io/hook-delete-policy",
)
_REPLACING_OPTIONS = ("Replace=true", "Force=true")


def role_unclear(helper: Member, pod: PodContext) -> Iterator[Finding]:
    """Nothing in the manifest says whether the container is a helper or a part of the application.

    A native sidecar starts before the main containers, is restarted whenever it ends, and is stopped after them. That
    is right for a helper and wrong for a part of the application: a Job would end while such a part still works. So a
    container that nothing identifies stays until somebody who knows it decides (hazard MAIN1).

    Fires on:
        containers:
        - {name: c1, image: corp/trc:9, ports: [{containerPort: 7001}], volumeMounts: [{name: v, mountPath: /x}]}
        - {name: c2, image: corp/zx2:3, args: [-d, /x], volumeMounts: [{name: v, mountPath: /x}]}   # what is it?

    Near miss:
        - {name: c2, image: corp/log-shipper:3, args: [--follow, /x/app.log], volumeMounts: [{name: v, mountPath: /x}]}

    Fix: Name the container with `--helper` or `--main`, or write `# sidecarify: helper` above it.
    """
    role = pod.role_of(helper)
    if role.name != "unclear" or ends_at_once(helper, pod):
        return
    because = "; ".join(evidence.text for evidence in role.evidence)
    yield Finding(
        "role-unclear",
        "review",
        f"`{helper.name}` may be a helper or a part of the application: {because}. As a native sidecar it would start "
        "before the main container and be stopped when that ends.",
        f"Say which it is: `--helper {helper.name}` or `--main {helper.name}`.",
        helper.container.line,
    )


def helper_is_main(helper: Member, pod: PodContext) -> Iterator[Finding]:
    """The helper may be what the pod exists for.

    A main container that becomes a native sidecar starts before the rest of the pod, no longer decides when a Job is
    done, and is stopped last (hazard MAIN1). Signs of a main container are the annotation
    `kubectl.kubernetes.io/default-container`, a name that equals the workload's name, and a Service that sends it
    traffic that is no monitoring. One sign is a reason to look (review), two that agree are a reason to stop (refuse).
    Where no other container could be the main one, moving is refused too: `containers` must not be empty, and
    somebody must be what the pod exists for. So is a server with a port beside mere scripts that do not call it
    (`buildkitd` and a script that cleans up): they may be there for it (review).

    Fires on:
        metadata: {annotations: {kubectl.kubernetes.io/default-container: fluent-bit}}
        spec: {containers: [{name: web, image: corp/web:1}, {name: fluent-bit, image: fluent/fluent-bit:3}]}

    Near miss:
        metadata: {annotations: {kubectl.kubernetes.io/default-container: web}}

    Fix: Leave the container, or correct the sign that misleads (the annotation, the Service's targetPort).
    """
    if not pod.those("main", "peer", "unclear") and len(pod.members) > 1:
        yield Finding(
            "helper-is-main",
            "refuse",
            "Every container of the pod is a helper, so one of them must be what the pod exists for, and nothing "
            f"says that it is not `{helper.name}`; with all of them moved, the pod would have no main container.",
            "Leave the pod as it is, or name its main container with `--main`.",
            helper.container.line,
        )
        return
    signs = read_signs(helper, pod.pod, pod.others)
    proxy = helper.has_trait("proxy")
    claims = [claim for claim in signs.claims if not (proxy and claim in signs.traffic)]
    if not claims:
        yield from _only_scripts_beside(helper, pod)
        return
    agree = (
        len({claim.text for claim in claims if claim not in signs.traffic}) + bool(set(claims) & set(signs.traffic)) > 1
    )
    texts = " and ".join(dict.fromkeys(claim.text for claim in claims))
    yield Finding(
        "helper-is-main",
        "refuse" if agree else "review",
        f"`{helper.name}` may be what the pod exists for: {texts}. As a native sidecar it would start before the other "
        "containers and no longer decide whether the pod is running or done.",
        f"Leave it in `containers` (`--main {helper.name}`) unless you know that it only helps.",
        claims[0].line,
        claims[0].file,
    )


def _only_scripts_beside(helper: Member, pod: PodContext) -> Iterator[Finding]:
    """A server with a port of its own beside scripts that never call it: they may be there for it."""
    ports = {port.number for port in helper.container.ports}
    if not ports or not any(helper.has_trait(trait) for trait in _SERVERS):
        return
    mains = [read_signs(main, pod.pod, pod.others) for main in pod.those("main", "peer", "unclear")]
    if all(main.standing == "script" and not (main.claims or main.hints or _calls(main.container)) for main in mains):
        yield Finding(
            "helper-is-main",
            "review",
            f"`{helper.name}` may be what the pod exists for: it has a port, and beside it there are only scripts, "
            "which do not call it.",
            f"Leave it in `containers` (`--main {helper.name}`) unless the scripts are what the pod exists for.",
            helper.container.ports[0].line,
        )


def _calls(container: Container) -> bool:
    """Whether a script speaks to its own pod, or to what a variable names."""
    return any(re.search(_OWN_POD, text) for text, _ in call_texts(container))


def no_shared_volume(helper: Member, pod: PodContext) -> Iterator[Finding]:
    """The helper shares no files with a container that stays.

    Helpers that read or write the main container's files are the ones whose order of start and stop is known to be
    right after the move. One that meets the main container on the network only, or not at all, is listed as a
    candidate. What counts as shared is told in the documentation: block devices, tokens and the downward API do not; a
    volume mounted at different subPaths, or configuration that nobody in the pod writes, counts for known families
    only.

    Fires on:
        containers:
        - {name: web, image: corp/web:1}
        - {name: redis-exporter, image: oliver006/redis_exporter:v1.62.0}

    Near miss:
        containers:
        - {name: web, image: corp/web:1, volumeMounts: [{name: run, mountPath: /run/web}]}
        - {name: exporter, image: oliver006/redis_exporter:v1.62.0, volumeMounts: [{name: run, mountPath: /run/web}]}

    Fix: Move it with `--no-shared-volume` if it only needs the network of the pod.
    """
    if pod.role_of(helper).name != "helper":
        return
    staying = {member.name for member in pod.those("main", "peer", "unclear")}
    known = helper.known
    volumes = helper.shared if known else helper.strongly_shared
    if any(volume.with_container in staying for volume in volumes):
        return
    weak = next((volume for volume in helper.shared if volume.with_container in staying), None)
    if weak is not None:
        what = f"The volume `{weak.name}` says little about `{helper.name}`, whose image is not known: {weak.weak}."
    else:
        what = f"`{helper.name}` shares no files with a container that stays, so it may not belong to one of them."
    yield Finding(
        "no-shared-volume",
        "review",
        what,
        "Move it with `--no-shared-volume` if it helps the main container over the network only.",
        weak.line if weak is not None else helper.container.line,
    )


def unsafe_family(helper: Member, pod: PodContext) -> Iterator[Finding]:
    """The helper's family works as a native sidecar only sometimes, or never.

    Some families hold data that the main container needs until its very end (caches), work at fixed times or at the end
    (backups), or are owned by an operator. What is known of each is in `sidecarify transforms`.

    Fires on:
        - {name: backup, image: restic/restic:0.17.1, args: [backup, /data]}

    Near miss:
        - {name: fluent-bit, image: fluent/fluent-bit:3.1}

    Fix: Read what the family's page says, then name the container if it applies to you.
    """
    if helper.match is None or helper.has_trait("csi") or injectors.owner_of(helper, pod.pod) is not None:
        return
    transform = helper.match.transform
    if transform.safe not in ("review", "never") or (transform.safe == "never" and helper.has_trait("injected")):
        return
    docs = without_hazards(transform.docs[0] if transform.docs else transform.summary)
    yield Finding(
        "unsafe-family",
        "refuse" if transform.safe == "never" else "review",
        f"`{helper.name}` belongs to the family {transform.name}, which is "
        f"{'not' if transform.safe == 'never' else 'not always'} fit to be a native sidecar. {docs}",
        f"Read `sidecarify transforms {transform.name}` before you move it.",
        helper.container.line_of("image"),
    )


def incomplete_pod(helper: Member, pod: PodContext) -> Iterator[Finding]:
    """A container of the pod has no image, so the manifest is a patch for a pod that is completed elsewhere.

    What the other manifest says about the helper and the main container (host network, probes, volumes) is not known,
    and the move has to be made where the pod is put together (hazard PATCH1).

    Fires on:
        containers:
        - {name: speaker, env: [{name: LOG_LEVEL, value: debug}]}
        - {name: exporter, image: corp/exporter:2, args: [--listen=:9100]}

    Near miss:
        containers:
        - {name: speaker, image: corp/speaker:7}
        - {name: exporter, image: corp/exporter:2, args: [--listen=:9100]}

    Fix: Convert the whole configuration, overlays included, or name the helper.
    """
    row = pod.pod.owner.row
    if row is None or row.patches:
        return
    for member in pod.members:
        if not member.container.image and member is not helper and injectors.owner_of(member, pod.pod) is None:
            yield Finding(
                "incomplete-pod",
                "review",
                f"`{member.name}` has no image, so this is a part of a pod that is completed elsewhere, and what is "
                f"said there about `{helper.name}` is not known.",
                "Convert the configuration as a whole, with what it is built from.",
                member.container.line,
            )
            return


def kind_unsupported(helper: Member, pod: PodContext) -> Iterator[Finding]:
    """The object's controller does not take native sidecars, or nobody has confirmed that it does.

    Native sidecars work where a controller hands its pod template to the API server unchanged. Others drop
    `restartPolicy`, forbid init containers, or take the list for patches to a pod of their own (hazard KIND1); there
    the moved container would become a plain init container that never ends, and the pod would hang in `Init`.

    Fires on:
        apiVersion: serving.knative.dev/v1
        kind: Service

    Near miss:
        apiVersion: apps/v1
        kind: Deployment

    Fix: Use the operator's own field for sidecars where it has one; otherwise leave the container.
    """
    owner = pod.pod.owner
    row = owner.row
    line = fields.line(owner.node, "kind") or owner.line
    if row is None:
        version = owner.api_version or "no apiVersion"
        what = f"{owner.kind} ({version}) is not a kind whose containers are known to be a pod's."
        yield Finding(
            "kind-unsupported",
            "refuse",
            f"{what} What its controller would make of `{helper.name}` in `initContainers` cannot be told.",
            "Leave the container, or use what the kind's documentation offers for sidecars.",
            line,
        )
    elif row.level is not None:
        article = "an" if owner.kind[:1] in "AEIO" else "a"
        effect = f"`{helper.name}` is a container of {article} {owner.kind}: {row.why}."
        advice = {
            "refuse": "Leave the container where it is.",
            "review": "Try it on one object and look at the pod that comes out before you move it.",
            "note": "Check the version of the controller in your clusters.",
        }[row.level]
        yield Finding("kind-unsupported", row.level, effect, advice, line)


def injector_owned(helper: Member, pod: PodContext) -> Iterator[Finding]:
    """The container belongs to an injector, which decides where it stands.

    An entry with the injector's name and `image: auto`, without an image, or in a pod that carries the injector's mark
    is an override: the injector merges it into the container that it adds. Moved, it is no longer found, or stands
    twice (hazard INJ1; gcs-fuse-csi-driver issue 63). The webhook of App Mesh strips `restartPolicy`, so the pod would
    hang in `Init` (hazard PATCH5; aws-app-mesh-controller-for-k8s issue 774).

    Fires on:
        - {name: istio-proxy, image: auto}

    Near miss:
        - {name: cloudsql-proxy, image: "gcr.io/cloud-sql-connectors/cloud-sql-proxy:2.14.0"}   # written by hand

    Fix: Use the product's own switch for native sidecars, such as `sidecar.istio.io/nativeSidecar: "true"`.
    """
    owner = injectors.owner_of(helper, pod.pod)
    if owner is not None:
        yield Finding(
            "injector-owned",
            "refuse",
            f"`{helper.name}` is the injector's: {owner.text}. Moved, the injector would not find it, or add a second "
            "one.",
            "Leave it, and use the product's own switch for native sidecars.",
            owner.line,
        )
    elif helper.has_trait("injected") and helper.match is not None and helper.match.transform.safe == "never":
        yield Finding(
            "injector-owned",
            "refuse",
            f"`{helper.name}` runs `{helper.match.pattern}`, which its injector places, starts and configures. "
            f"{without_hazards(helper.match.transform.docs[0])}",
            "Leave it where it is.",
            helper.container.line_of("image"),
        )


def old_kubernetes(helper: Member, pod: PodContext) -> Iterator[Finding]:
    """The target version of Kubernetes has no native sidecars.

    Before 1.29 the API server drops `restartPolicy` of an init container, or rejects it: what is left is a plain init
    container that never ends, and the pod hangs in `Init` for ever (hazard FLD16; KEP-753, kubernetes/website issues
    45738 and 42762). 1.28 has the feature behind an alpha gate, without an order at termination.

    Fires on:
        sidecarify inspect --kube-version 1.27

    Near miss:
        sidecarify inspect --kube-version 1.29

    Fix: Upgrade to 1.29 or later, or give the version that your clusters really have.
    """
    if pod.target >= SUPPORTED_FROM:
        return
    extra = " (there it is behind the alpha gate `SidecarContainers`)" if pod.target == _ALPHA else ""
    yield Finding(
        "old-kubernetes",
        "refuse",
        f"Kubernetes {pod.target} has no native sidecars{extra}: `{helper.name}` would become a plain init container "
        "that never ends, and the pod would hang in `Init`.",
        f"Move it when every cluster runs {SUPPORTED_FROM} or later; `--kube-version` says what they run.",
        helper.container.line,
    )


def immutable_object(helper: Member, pod: PodContext) -> Iterator[Finding]:
    """The pod template of a Job and the spec of a bare Pod cannot be changed in a cluster.

    The API server rejects the changed object ("field is immutable", hazard JOB9; k/k#48388, #89657). Objects that are
    created anew each time are not affected: `generateName`, Helm and Argo CD hooks with a delete policy, the sync
    options `Replace=true` and `Force=true`.

    Fires on:
        apiVersion: batch/v1
        kind: Job
        metadata: {name: load-2024}

    Near miss:
        apiVersion: batch/v1
        kind: CronJob     # makes a new Job each time

    Fix: Delete the object and create it again.
    """
    owner = pod.pod.owner
    row = owner.row
    if row is None or not row.immutable or fields.find(owner.node, "metadata", "name") is None:
        return
    annotations = owner.annotations
    options = annotations.get("argocd.argoproj.io/sync-options", "")
    if any(key in annotations for key in _REPLACED) or any(option in options for option in _REPLACING_OPTIONS):
        return
    yield Finding(
        "immutable-object",
        "note",
        f"Moving `{helper.name}` changes the pod spec of a {owner.kind}, which the API server does not allow: applying "
        "the file over the existing object fails.",
        f"Delete the {owner.kind} first, or give it a new name.",
        fields.line(owner.node, "kind") or owner.line,
    )


RULES: tuple[Rule, ...] = (
    Rule(role_unclear, ("review",), ("MAIN1",)),
    Rule(helper_is_main, ("refuse", "review"), ("MAIN1",)),
    Rule(no_shared_volume, ("review",), ("MAIN1",)),
    Rule(unsafe_family, ("refuse", "review"), ("MAIN1", "TRM2")),
    Rule(incomplete_pod, ("review",), ("PATCH1",)),
    Rule(kind_unsupported, ("refuse", "review", "note"), ("KIND1",)),
    Rule(injector_owned, ("refuse",), ("INJ1", "PATCH5")),
    Rule(old_kubernetes, ("refuse",), ("FLD16",)),
    Rule(immutable_object, ("note",), ("JOB9",)),
)
