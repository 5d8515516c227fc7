"""What names or counts the helper from outside: kubectl, patches, alerts, policies."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sidecarify.judge import injectors
from sidecarify.judge.model import Finding, Level, Member, PodContext, Rule
from sidecarify.judge.signs import call_texts
from sidecarify.judge.wording import called, capital, file_of
from sidecarify.kube import fields
from sidecarify.kube.objects import KubeObject
from sidecarify.kube.overlays import STRATEGIC, Reference, references
from sidecarify.kube.related import objects_of, texts
from sidecarify.yamltext.tree import Node

_DEFAULT = "kubectl.kubernetes.io/default-container"
_SERIES = ("kube_pod_container_", "kube_pod_init_container_")
_LABEL = r"""(?<![\w])container\s*=~?\s*\\?["'`]([^"'`\\]*)"""
_CONTAINERS = r"(?<![A-Za-z])containers(?![A-Za-z])"
POLICIES = (
    ("kyverno.io", "ClusterPolicy"),
    ("kyverno.io", "Policy"),
    ("templates.gatekeeper.sh", "ConstraintTemplate"),
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy"),
    ("admissionregistration.k8s.io", "MutatingAdmissionPolicy"),
)


def default_container(helper: Member, pod: PodContext) -> Iterator[Finding]:
    """The helper is the first container, which `kubectl exec`, `logs`, `cp` and `attach` take if none is named.

    They take the container that the annotation `kubectl.kubernetes.io/default-container` names, else `containers[0]`
    (kubectl pkg/cmd/util/podcmd; hazards ORD12, CLI1). After the move that is another one: mostly what people want, but
    scripts may count on the old one. An annotation that names the helper stays valid (FLD8).

    Fires on:
        containers:
        - name: fluent-bit      # the helper, and no annotation
        - name: shop

    Near miss:
        containers:
        - name: shop
        - name: fluent-bit

    Fix: name the container (`-c`) in scripts, or set the annotation.
    """
    if helper.container.index != 0 or _DEFAULT in pod.pod.annotations:
        return
    first = next((one.name for one in pod.mains), "")
    if first:
        yield Finding(
            "default-container",
            "note",
            f"`kubectl exec` and `kubectl logs` without `-c` would take `{first}`, not `{helper.name}`.",
            f"Name the container in scripts, or set the annotation `{_DEFAULT}`.",
            helper.container.line,
        )


def _level(reference: Reference) -> Level:
    return "review" if reference.certain else "note"


def _guess(reference: Reference) -> str:
    return "" if reference.certain else ", if it is applied to this workload,"


def index_reference(helper: Member, pod: PodContext) -> Iterator[Finding]:
    """A patch counts the containers of this workload, and the count changes.

    JSON patches (RFC 6902) of kustomize, Flux and Argo CD, and the `jsonPointers` that Argo CD ignores, name containers
    by their index. When a container leaves the list, all behind it move up: the patch changes another container, or
    fails where there is none (hazards ORD13, PATCH1). A target that fits every workload of a kind is only noted. A
    script that asks for `.status.containerStatuses` by index, or for that of the helper, no longer finds it there
    either.

    Fires on:
        patches:
        - target: {kind: Deployment, name: shop}
          patch: |-
            - {op: replace, path: /spec/template/spec/containers/1/image, value: x}

    Near miss:
        patches:
        - target: {kind: Deployment, name: shop}
          patch: |-
            - {op: add, path: /spec/template/spec/containers/-, value: {name: debug, image: busybox}}    # appends

    Fix: count anew, or write a strategic merge patch, which finds containers by name.
    """
    seen = set()
    for reference in references(pod.pod, pod.others, pod.direction.source):
        place = (reference.object.file, reference.line)
        if reference.kind != "index" or reference.position < helper.container.index or place in seen:
            continue
        seen.add(place)
        own = reference.position == helper.container.index
        what = f"names `{helper.name}` by its index" if own else f"counts containers behind `{helper.name}`"
        yield Finding(
            "index-reference",
            _level(reference),
            f"{capital(called(reference.object))} {what} ({reference.how}): after the move{_guess(reference)} it would "
            "hit another container, or none.",
            "Change the index in the same commit, or use a strategic merge patch, which goes by name.",
            reference.line,
            file_of(pod, reference.object),
        )
    if pod.direction.promotes:
        yield from _status_by_index(helper, pod)


def _status_by_index(helper: Member, pod: PodContext) -> Iterator[Finding]:
    asked = re.compile(rf"containerStatuses\[(?:\d+\]|\?\(@\.name\s*==?\s*['\"]{re.escape(helper.name)}['\"])")
    for member in pod.members:
        for text, line in call_texts(member.container):
            if asked.search(text):
                yield Finding(
                    "index-reference",
                    "review",
                    f"`{member.name}` asks for the status of a container in `containerStatuses`, which `{helper.name}` "
                    "leaves with the move: it would then see another container, or none.",
                    "Ask for the container by its name, and for the helper in `initContainerStatuses`.",
                    line,
                )
                return


def overlay_patch(helper: Member, pod: PodContext) -> Iterator[Finding]:
    """A patch names the helper in `containers`, or this manifest is such a patch.

    A strategic merge patch that names a container which is no longer in the list adds a stub there: the name is then
    twice in the pod, or the stub lacks an image, and the API server rejects it. A `$patch: delete` removes nothing any
    more. Replacements with `containers.[name=...]` fail (hazard PATCH1). A JSON patch that writes a list as a whole
    undoes the move, or throws the helper away.

    Fires on:
        # overlays/prod/resources.yaml, named in the same run
        kind: Deployment
        metadata: {name: shop}
        spec: {template: {spec: {containers: [{name: fluent-bit, resources: {limits: {memory: 1Gi}}}]}}}

    Near miss:
        kind: Deployment
        metadata: {name: shop}
        spec: {template: {spec: {containers: [{name: shop, resources: {limits: {memory: 1Gi}}}]}}}

    Fix: move the entry of the patch to `initContainers` in the same commit.
    """
    if not helper.container.image and injectors.owner_of(helper, pod.pod) is None:
        yield Finding(
            "overlay-patch",
            "review",
            f"`{helper.name}` has no image, so this manifest is a patch: the container itself stands in another one.",
            "Move it there and here in the same commit.",
            helper.container.line,
        )
    seen = set()
    for reference in references(pod.pod, pod.others, pod.direction.source):
        place = (reference.object.file, reference.line)
        whole = reference.kind == "list"
        if place in seen or not (whole or (reference.kind == "name" and reference.container == helper.name)):
            continue
        seen.add(place)
        if whole:
            written = f"the whole list `{reference.container}` ({reference.how})"
            effect = f"writes {written} and{_guess(reference)} would undo the move of `{helper.name}`"
            advice = "Rewrite that patch in the same commit."
        else:
            merges = reference.how == STRATEGIC
            outcome = "would add a second, broken entry" if merges else "would no longer find it there"
            named = f"names `{helper.name}` in `{reference.listed}` ({reference.how})"
            effect = f"{named} and{_guess(reference)} {outcome}"
            advice = (
                f"{'Move that entry' if merges else 'Change that path'} to `{pod.direction.target}` in this commit."
            )
        yield Finding(
            "overlay-patch",
            _level(reference),
            f"{capital(called(reference.object))} {effect}.",
            advice,
            reference.line,
            file_of(pod, reference.object),
        )


def metric_names(helper: Member, pod: PodContext) -> Iterator[Finding]:
    """An alert or a dashboard looks at the helper in series that leave native sidecars out.

    kube-state-metrics reports native sidecars as `kube_pod_init_container_*` (kube-state-metrics#2436, #2729). A query
    on `kube_pod_container_*` for the helper finds nothing any more, and an alert on it stays silent (hazard POL5).

    Fires on:
        expr: kube_pod_container_status_restarts_total{container="fluent-bit"} > 5

    Near miss:
        expr: container_memory_working_set_bytes{container="fluent-bit"} > 1e9     # from the kubelet

    Fix: query both, `kube_pod_container_…` and `kube_pod_init_container_…`.
    """
    old, new = _SERIES if pod.direction.promotes else _SERIES[::-1]
    kind = "native sidecars" if pod.direction.promotes else "ordinary containers"
    found = (
        *texts(pod.others, old, "monitoring.coreos.com", "PrometheusRule"),
        *texts(pod.others, old, "operator.victoriametrics.com", "VMRule"),
        *texts(pod.others, old, "", "ConfigMap"),
    )
    for text in found:
        if _selects(text.text, helper.name):
            yield Finding(
                "metric-names",
                "note",
                f"{capital(called(text.object))} asks for `{helper.name}` in `{old}*`, where {kind} are not, and "
                "would find nothing.",
                f"Ask for `{new}*` too.",
                text.line,
                file_of(pod, text.object),
            )
            return


def _selects(query: str, name: str) -> bool:
    return any(name in found[1].split("|") for found in re.finditer(_LABEL, query))


def policy_blind(helper: Member, pod: PodContext) -> Iterator[Finding]:
    """A policy of the run looks at `containers` and not at `initContainers`.

    Rules of Kyverno, Gatekeeper and ValidatingAdmissionPolicies that visit `spec.containers` only no longer check the
    helper after the move, neither its image nor its security context; some forbid probes on init containers (hazard
    POL4).

    Fires on:
        kind: ClusterPolicy
        spec: {rules: [{validate: {pattern: {spec: {containers: [{image: "registry.corp/*"}]}}}}]}

    Near miss:
        kind: ClusterPolicy
        spec: {rules: [{validate: {pattern: {spec: {containers: [{image: "r/*"}], initContainers: [{image: "r/*"}]}}}}]}

    Fix: let the policy visit `initContainers` too.
    """
    for group, kind in POLICIES:
        for other in objects_of(pod.others, group, kind):
            line = blind_line(other) if concerns(other, pod) else 0
            if line:
                yield Finding(
                    "policy-blind",
                    "note",
                    f"{capital(called(other))} looks at `containers` only and would no longer check `{helper.name}`.",
                    "Let the policy look at `initContainers` too.",
                    line,
                    file_of(pod, other),
                )


def concerns(policy: KubeObject, pod: PodContext) -> bool:
    """Whether a Kyverno policy is about pods (rules for pods are extended to workloads) or this kind."""
    kinds = {kind.rpartition("/")[2] for rule in fields.items(policy.node, "spec", "rules") for kind in _kinds(rule)}
    return not kinds or bool(kinds & {"Pod", "*", pod.pod.owner.kind})


def _kinds(rule: Node) -> Iterator[str]:
    match = fields.find(rule, "match")
    yield from fields.strings(match, "resources", "kinds")
    for key in ("any", "all"):
        for entry in fields.items(match, key):
            yield from fields.strings(entry, "resources", "kinds")


def blind_line(policy: KubeObject) -> int:
    """The line of a policy that speaks of `containers`, if nothing in it speaks of `initContainers`; else 0."""
    spec = fields.find(policy.node, "spec")
    line = 0
    for node in spec.walk() if spec is not None else ():
        if node.kind == "scalar":
            if "initContainers" in node.value:
                return 0
            if not line and re.search(_CONTAINERS, node.value):
                line = node.line
    return line


RULES: tuple[Rule, ...] = (
    Rule(default_container, ("note",), ("ORD12", "CLI1", "FLD8")),
    Rule(index_reference, ("review", "note"), ("ORD13", "PATCH1")),
    Rule(overlay_patch, ("review", "note"), ("PATCH1",)),
    Rule(metric_names, ("note",), ("POL5",)),
    Rule(policy_blind, ("note",), ("POL4",)),
)
