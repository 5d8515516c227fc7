"""What a helper asks of a node, and what scales it."""

from __future__ import annotations

from collections.abc import Iterator

from sidecarify.judge.model import Finding, Member, PodContext, Rule
from sidecarify.judge.wording import called, capital, file_of, if_together
from sidecarify.kube import fields
from sidecarify.kube.container import Container
from sidecarify.kube.demand import container_resources
from sidecarify.kube.related import autoscaler_containers, keda_containers, vertical_autoscalers
from sidecarify.kube.version import KubeVersion

RESIZE_OF_SIDECARS = KubeVersion(1, 33)


def resize_policy(helper: Member, pod: PodContext) -> Iterator[Finding]:
    """The helper has a `resizePolicy`, which entries of `initContainers` may have from Kubernetes 1.33 on.

    Before, the API server rejects the whole pod (validateInitContainers; in-place resize of native sidecars came with
    k/k#128367; hazard RES4). Where in-place resize is off, the field is dropped before it is validated.

    Fires on:
        resizePolicy: [{resourceName: cpu, restartPolicy: NotRequired}]     # with target 1.32 and before

    Near miss:
        resources: {requests: {cpu: 100m}}    # or the same with target 1.33

    Fix: remove the field, or run Kubernetes 1.33 or later.
    """
    if pod.target < RESIZE_OF_SIDECARS and fields.find(helper.container.node, "resizePolicy") is not None:
        yield Finding(
            "resize-policy",
            "review",
            f"Before Kubernetes 1.33 the API server rejects `resizePolicy` on a native sidecar (`{helper.name}`).",
            "Remove `resizePolicy` from the helper, or run Kubernetes 1.33 or later.",
            helper.container.line_of("resizePolicy"),
        )


def vpa_container_policy(helper: Member, pod: PodContext) -> Iterator[Finding]:
    """A VerticalPodAutoscaler sets the resources of this workload, and does not see native sidecars.

    Its recommender and updater look at ordinary containers only (kubernetes/autoscaler#6691, #7229; support is planned
    behind a gate, #8905; hazard RES8). The helper then keeps the requests of the manifest. That matters most where a
    container policy names it.

    Fires on:
        kind: VerticalPodAutoscaler
        spec:
          targetRef: {kind: Deployment, name: shop}
          resourcePolicy:
            containerPolicies: [{containerName: log-shipper, maxAllowed: {memory: 1Gi}}]

    Near miss:
        kind: VerticalPodAutoscaler
        spec:
          targetRef: {kind: Deployment, name: shop}
          updatePolicy: {updateMode: "Off"}          # it only recommends

    Fix: give the helper requests and limits that are enough, and drop the policy.
    """
    found = list(vertical_autoscalers(pod.pod, pod.others))
    named = next((one for one in found if one.container == helper.name), None)
    if named is not None:
        yield Finding(
            "vpa-container-policy",
            "review",
            f"{capital(called(named.object))} would no longer adjust the resources of `{helper.name}`"
            f"{if_together(named.certain)}: it does not see native sidecars.",
            "Give it the requests and limits that it needs, and remove its container policy.",
            named.line,
            file_of(pod, named.object),
        )
    elif found:
        yield Finding(
            "vpa-container-policy",
            "note",
            f"{capital(called(found[0].object))} would no longer see `{helper.name}`{if_together(found[0].certain)}: "
            "it looks at ordinary containers only.",
            "Give it the requests and limits that it needs.",
            found[0].line,
            file_of(pod, found[0].object),
        )


def hpa_container_metric(helper: Member, pod: PodContext) -> Iterator[Finding]:
    """A HorizontalPodAutoscaler scales the workload by the helper's own use of a resource.

    The controller counts native sidecars from Kubernetes 1.29 on (k/k#120001; hazard RES7), so the metric still works.
    It is worth a look because a helper is rarely what a workload should be scaled by.

    Fires on:
        kind: HorizontalPodAutoscaler
        spec:
          scaleTargetRef: {kind: Deployment, name: shop}
          metrics: [{type: ContainerResource, containerResource: {name: cpu, container: envoy}}]

    Near miss:
        kind: HorizontalPodAutoscaler
        spec:
          scaleTargetRef: {kind: Deployment, name: shop}
          metrics: [{type: ContainerResource, containerResource: {name: cpu, container: shop}}]

    Fix: nothing, if it is meant.
    """
    for found in autoscaler_containers(pod.pod, pod.others):
        if found.container == helper.name:
            yield Finding(
                "hpa-container-metric",
                "note",
                f"{capital(called(found.object))} scales the workload by `{helper.name}`{if_together(found.certain)}; "
                "native sidecars are counted from Kubernetes 1.29 on.",
                "Check after the rollout that the metric still arrives.",
                found.line,
                file_of(pod, found.object),
            )


def keda_container_metric(helper: Member, pod: PodContext) -> Iterator[Finding]:
    """A KEDA ScaledObject scales the workload by the helper's own use of a resource.

    KEDA turns a cpu or memory trigger with `containerName` into a container metric of a HorizontalPodAutoscaler (hazard
    RES9), which counts native sidecars from Kubernetes 1.29 on.

    Fires on:
        kind: ScaledObject
        spec:
          scaleTargetRef: {name: shop}
          triggers: [{type: cpu, metadata: {value: "60", containerName: envoy}}]

    Near miss:
        kind: ScaledObject
        spec:
          scaleTargetRef: {name: shop}
          triggers: [{type: cpu, metadata: {value: "60", containerName: shop}}]

    Fix: nothing, if it is meant.
    """
    for found in keda_containers(pod.pod, pod.others):
        if found.container == helper.name:
            yield Finding(
                "keda-container-metric",
                "note",
                f"{capital(called(found.object))} scales the workload by `{helper.name}`{if_together(found.certain)}, "
                "through a metric that counts native sidecars from Kubernetes 1.29 on.",
                "Check after the rollout that the metric still arrives.",
                found.line,
                file_of(pod, found.object),
            )


def exclusive_resources(helper: Member, pod: PodContext) -> Iterator[Finding]:
    """The helper asks for a device, a resource claim or CPUs of its own.

    Devices and exclusive CPUs are handed to init containers and ordinary containers by different rules: what a plain
    init container had is used again, what a native sidecar has is kept (KEP-753, Topology; hazard RES11). Which devices
    the main container gets beside them may change, and with it the NUMA node.

    Fires on:
        resources: {limits: {nvidia.com/gpu: 1}}

    Near miss:
        resources: {limits: {hugepages-2Mi: 64Mi}}

    Fix: try it on a node with that device, and look at what both containers get.
    """
    node = helper.container.node
    demand = container_resources(node, "requests")
    device = next((name for name in demand if "/" in name), None)
    advice = "Try it on such a node first, and look at what each container gets."
    if device is not None:
        yield Finding(
            "exclusive-resources",
            "review",
            f"`{helper.name}` holds `{device}`, and device plug-ins treat init containers by other rules.",
            advice,
            helper.container.line_of("resources"),
        )
    elif fields.find(node, "resources", "claims") is not None:
        yield Finding(
            "exclusive-resources",
            "review",
            f"`{helper.name}` uses a resource claim, and drivers treat init containers by other rules.",
            advice,
            helper.container.line_of("resources", "claims"),
        )
    elif _has_own_cpus(helper.container, pod):
        yield Finding(
            "exclusive-resources",
            "review",
            f"`{helper.name}` has whole CPUs in a Guaranteed pod, which a static CPU manager gives out by other rules.",
            advice,
            helper.container.line_of("resources"),
        )


def _has_own_cpus(container: Container, pod: PodContext) -> bool:
    cpus = container_resources(container.node, "requests").get("cpu")
    if cpus is None or cpus < 1 or cpus.denominator != 1:
        return False
    return all(_is_guaranteed(one) for one in (*pod.pod.containers, *pod.inits))


def _is_guaranteed(container: Container) -> bool:
    requests = container_resources(container.node, "requests")
    limits = container_resources(container.node, "limits")
    return all(name in limits and requests.get(name) == limits[name] for name in ("cpu", "memory"))


RULES: tuple[Rule, ...] = (
    Rule(resize_policy, ("review",), ("RES4",)),
    Rule(vpa_container_policy, ("review", "note"), ("RES8",)),
    Rule(hpa_container_metric, ("note",), ("RES7",)),
    Rule(keda_container_metric, ("note",), ("RES9",)),
    Rule(exclusive_resources, ("review",), ("RES11",)),
)
