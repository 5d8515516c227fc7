"""What stands between the manifest and the kubelet: controllers, node systems, static pods."""

from __future__ import annotations

from collections.abc import Iterator

from sidecarify.judge.model import Finding, Member, PodContext, Rule
from sidecarify.judge.wording import called, capital, file_of
from sidecarify.kube import fields
from sidecarify.kube.related import namespace_of, objects_of
from sidecarify.kube.selectors import label_selector_matches, same_namespace
from sidecarify.yamltext.tree import Node

_APP_MESH = "appmesh.k8s.aws/sidecarInjectorWebhook"
_KEEL = "keel.sh/"
_OFF = frozenset({"disabled", "false", "never"})


def stripping_controller(helper: Member, pod: PodContext) -> Iterator[Finding]:
    """A controller changes this workload with a client that does not know native sidecars.

    Tools built on an old client library drop `restartPolicy` of an init container when they write a pod back. What is
    left is an ordinary init container that never ends: the pod stays in `Init:0/1` for ever. Known are keel (keel#772)
    and the controller of AWS App Mesh (aws-app-mesh-controller-for-k8s#774, open; hazard PATCH5).

    Fires on:
        metadata: {annotations: {keel.sh/policy: minor}}

    Near miss:
        metadata: {annotations: {keel.sh/policy: never}}

    Fix: Update that tool and try it on one workload, or take the workload out of its care.
    """
    mesh = _app_mesh(pod)
    if mesh is not None:
        text, line, file = mesh
        yield Finding(
            "stripping-controller",
            "refuse",
            f"The App Mesh controller ({text}) drops `restartPolicy`: `{helper.name}` would block the pod in `Init`.",
            "Leave it as it is while App Mesh injects into this workload.",
            line,
            file,
        )
    for holder in (pod.pod.owner.node, pod.pod.template):
        found = _keel(holder)
        if found is not None:
            yield Finding(
                "stripping-controller",
                "review",
                f"The updater keel (`{found[0]}`) may drop `restartPolicy` with a new image: `{helper.name}` would "
                "block the pod.",
                "Try it with your version of keel first (keel#772), or take the workload out of its care.",
                found[1],
            )
            return


def _keel(holder: Node) -> tuple[str, int] | None:
    for where in ("annotations", "labels"):
        values = fields.mapping(holder, "metadata", where)
        if values.get(f"{_KEEL}policy") == "never":
            return None
        key = next((key for key in values if key.startswith(_KEEL)), None)
        if key is not None:
            return key, fields.line(holder, "metadata", where, key) or holder.line
    return None


def _app_mesh(pod: PodContext) -> tuple[str, int, str] | None:
    owner = pod.pod.owner
    own = pod.pod.annotations.get(_APP_MESH)
    if own is not None:
        line = fields.line(pod.pod.template, "metadata", "annotations", _APP_MESH) or owner.line
        return None if own in _OFF else (f"`{_APP_MESH}`", line, "")
    namespace = namespace_of(pod.pod, pod.others)
    if namespace is not None and namespace.labels.get(_APP_MESH) == "enabled":
        line = fields.line(namespace.node, "metadata", "labels", _APP_MESH) or namespace.line
        return called(namespace), line, file_of(pod, namespace)
    for node in objects_of(pod.others, "appmesh.k8s.aws", "VirtualNode"):
        selector = fields.find(node.node, "spec", "podSelector")
        if selector is None or same_namespace(owner.namespace, node.namespace) is False:
            continue
        if label_selector_matches(selector, pod.pod.labels):
            return called(node), fields.line(node.node, "spec", "podSelector") or node.line, file_of(pod, node)
    return None


def argocd_schema(helper: Member, pod: PodContext) -> Iterator[Finding]:
    """The run holds an Argo CD Application, and old versions of Argo CD do not know `restartPolicy` of containers.

    They compare by a schema that they bring along. Where the field is not in it, the application shows a
    ComparisonError ("field not declared in schema") and is not synchronised (argo-cd#17811, gitops-engine#558; hazard
    PATCH4). Which release brought the field is not confirmed.

    Fires on:
        kind: Application
        apiVersion: argoproj.io/v1alpha1

    Near miss:
        kind: Application
        apiVersion: app.k8s.io/v1beta1

    Fix: Try one workload first, and update Argo CD if the error shows.
    """
    if _first_candidate(pod) is not helper:
        return
    for other in objects_of(pod.others, "argoproj.io", "Application", "ApplicationSet"):
        yield Finding(
            "argocd-schema",
            "note",
            f"{capital(called(other))} is compared by Argo CD's own schema, where old versions have no `restartPolicy` "
            "of containers: they would show a ComparisonError.",
            "Try one workload first, and update Argo CD if the error shows (argo-cd#17811).",
            other.line,
            file_of(pod, other),
        )
        return


def _first_candidate(pod: PodContext) -> Member | None:
    return next(iter(pod.those("helper", "unclear")), None)


def windows(helper: Member, pod: PodContext) -> Iterator[Finding]:
    """The pod runs on Windows nodes, where native sidecars are little tried.

    KEP-753 excludes nothing, and the kubelet's code is shared, but signals, hooks and the order of stopping differ on
    Windows, and no document confirms the whole of it (hazard FLD15).

    Fires on:
        nodeSelector: {kubernetes.io/os: windows}

    Near miss:
        nodeSelector: {kubernetes.io/os: linux}

    Fix: Try start, restart and shutdown on one Windows node first.
    """
    spec = pod.pod.node
    line = None
    if fields.text(spec, "os", "name") == "windows":
        line = fields.line(spec, "os", "name")
    elif fields.mapping(spec, "nodeSelector").get("kubernetes.io/os") == "windows":
        line = fields.line(spec, "nodeSelector", "kubernetes.io/os")
    else:
        line = _windows_affinity(spec)
    if line is not None:
        yield Finding(
            "windows",
            "review",
            "The pod runs on Windows nodes, where the order of start and stop of native sidecars is not confirmed.",
            "Try start, restart and shutdown on one Windows node first.",
            line,
        )


def _windows_affinity(spec: Node) -> int | None:
    path = ("affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms")
    for term in fields.items(spec, *path):
        for expression in fields.items(term, "matchExpressions"):
            is_os = fields.text(expression, "key") == "kubernetes.io/os"
            if is_os and fields.text(expression, "operator") == "In":
                return expression.line if fields.strings(expression, "values") == ("windows",) else None
    return None


def static_pod(helper: Member, pod: PodContext) -> Iterator[Finding]:
    """The pod is a static one: kubelets start it from a file, without the API server.

    Nothing checks or completes such a file before the kubelet reads it, and each node has its own copy. Kubelets of
    1.29 and later accept native sidecars there (hazard FLD14, unconfirmed); an older one runs the helper as an ordinary
    init container that never ends.

    Fires on:
        kind: Pod
        metadata: {namespace: kube-system, annotations: {kubernetes.io/config.source: file}}

    Near miss:
        kind: Pod
        metadata: {namespace: kube-system}

    Fix: Replace the file node by node, and look at each kubelet's version first.
    """
    owner = pod.pod.owner
    if owner.kind != "Pod" or owner.group:
        return
    for key in ("kubernetes.io/config.source", "kubernetes.io/config.mirror"):
        if key in owner.annotations and owner.annotations[key] != "api":
            yield _static(fields.line(owner.node, "metadata", "annotations", key) or owner.line)
            return
    critical = fields.text(pod.pod.node, "priorityClassName") == "system-node-critical"
    if owner.namespace == "kube-system" and pod.pod.host_network and critical:
        yield _static(fields.line(pod.pod.node, "priorityClassName") or owner.line)


def _static(line: int) -> Finding:
    return Finding(
        "static-pod",
        "note",
        "This looks like a static pod, which each kubelet reads from its own file: one before 1.29 would hang in it.",
        "Replace the file node by node, and look at each kubelet's version first.",
        line,
    )


RULES: tuple[Rule, ...] = (
    Rule(stripping_controller, ("refuse", "review"), ("PATCH5",)),
    Rule(argocd_schema, ("note",), ("PATCH4",)),
    Rule(windows, ("review",), ("FLD15",)),
    Rule(static_pod, ("note",), ("FLD14",)),
)
