"""What finds a helper's port: Services, load balancers, policies, the scheduler, monitors, meshes."""

from __future__ import annotations

from collections.abc import Iterator

from sidecarify.judge.listening import argument_ports
from sidecarify.judge.model import Finding, Level, Member, PodContext, Rule
from sidecarify.judge.wording import called, capital, file_of, if_together
from sidecarify.kube import fields
from sidecarify.kube.container import Container, Handler
from sidecarify.kube.related import (
    ServicePort,
    load_balanced,
    monitored_ports,
    objects_of,
    policy_ports,
    port_owner,
    services,
)
from sidecarify.kube.version import KubeVersion

ENDPOINTS_KNOW_SIDECARS = KubeVersion(1, 32)
SCHEDULER_KNOWS_HOST_PORTS = KubeVersion(1, 34)
SCHEDULER_FIX_PICKED_TO = KubeVersion(1, 33)


def _owned(helper: Member, pod: PodContext, port: ServicePort) -> int | None:
    """The line of the helper's port that a Service's named port resolves to today; None if it is another's."""
    if not isinstance(port.target, str):
        return None
    owner = port_owner(port, pod.pod.containers)
    return owner[1].line if owner is not None and owner[0] is helper.container else None


def named_target_port(helper: Member, pod: PodContext) -> Iterator[Finding]:
    """A Service finds the helper's port by its name.

    EndpointSlices resolve a port's name in the containers of the pod, and in native sidecars only from Kubernetes 1.32
    (k/k#127976). Before that the endpoint disappears without an error and the Service sends its traffic nowhere
    (reports k/k#127958, k/k#128825; hazard NET1). From 1.32 it works. If a container that stays declares the same name,
    the name means that container's port after the move, in every version: ordinary containers are looked at first.
    Where the run holds no Service for the pod, a named port may still be used by one that is not seen here.

    Fires on:
        # the helper: ports: [{name: metrics, containerPort: 9113}]
        kind: Service
        spec:
          ports: [{port: 9113, targetPort: metrics}]

    Near miss:
        kind: Service
        spec:
          ports: [{port: 9113, targetPort: 9113}]    # a number needs no container to be found

    Fix: write the number into `targetPort`, or run Kubernetes 1.32 or later.
    """
    reached = services(pod.pod, pod.others)
    stays = [one.container for one in pod.members if one is not helper]
    for service in reached:
        for port in service.ports:
            if _owned(helper, pod, port) is None:
                continue
            where = f"port `{port.target}` of {called(service.object)}{if_together(service.certain)}"
            number = next(p.number for p in helper.container.ports if p.name == port.target)
            advice = f"Write `targetPort: {number}`."
            other = port_owner(port, stays)
            if other is not None:
                level: Level = "review"
                effect = (
                    f"{capital(where)} would lead to `{other[0].name}` instead of `{helper.name}`: both have that name."
                )
            elif pod.target >= ENDPOINTS_KNOW_SIDECARS:
                level = "note"
                effect = f"{capital(where)} leads to `{helper.name}`, and is found there from Kubernetes 1.32 on."
                advice = f"Write `targetPort: {number}` if the manifest must also work on an older cluster."
            else:
                level = "refuse" if service.certain else "review"
                effect = (
                    f"{capital(where)} would not find `{helper.name}` before Kubernetes 1.32 and lose its endpoints."
                )
            yield Finding("named-target-port", level, effect, advice, port.line, file_of(pod, service.object))
    if not reached and not pod.complete and pod.target < ENDPOINTS_KNOW_SIDECARS:
        for declared in helper.container.ports:
            if declared.name:
                yield Finding(
                    "named-target-port",
                    "review",
                    f"A Service that uses the port name `{declared.name}` of `{helper.name}` would lose its endpoints "
                    "before Kubernetes 1.32; no Service for this pod was given.",
                    f"Check that its Services use the number {declared.number}, or give their manifests too.",
                    declared.line,
                )
                return


def load_balancer_named_port(helper: Member, pod: PodContext) -> Iterator[Finding]:
    """A load balancer of a cloud finds the helper's port by its name.

    Controllers of cloud load balancers look the name up themselves, and some only in ordinary containers: GKE L4
    (k/k#134651, open) and the AWS Load Balancer Controller with targets by IP (aws-load-balancer-controller#4239, open;
    hazard NET2). The load balancer then drops the port, in every version of Kubernetes.

    Fires on:
        kind: Service
        spec:
          type: LoadBalancer
          ports: [{port: 8085, targetPort: audit}]   # a port of the helper

    Near miss:
        kind: Service
        spec:
          type: LoadBalancer
          ports: [{port: 8085, targetPort: 8085}]

    Fix: write the number into `targetPort`.
    """
    seen = set()
    for asking, port, certain in load_balanced(pod.pod, pod.others):
        if _owned(helper, pod, port) is None or (asking.name, port.target) in seen:
            continue
        seen.add((asking.name, port.target))
        number = next(p.number for p in helper.container.ports if p.name == port.target)
        yield Finding(
            "load-balancer-named-port",
            "review",
            f"The load balancer of {called(asking)} may lose the port `{port.target}` of `{helper.name}`"
            f"{if_together(certain)}: cloud "
            "controllers look port names up in ordinary containers.",
            f"Write `targetPort: {number}`.",
            port.line,
            file_of(pod, asking),
        )


def network_policy_named_port(helper: Member, pod: PodContext) -> Iterator[Finding]:
    """A network policy allows traffic to the helper's port by its name.

    Network plug-ins look the name up in the pod, and several did so in ordinary containers only: Calico
    (projectcalico/calico#8881), kube-ovn (#4994), Cilium unconfirmed (hazard NET3). A name that is not found allows
    nothing: the traffic is dropped without a message.

    Fires on:
        kind: NetworkPolicy
        spec:
          podSelector: {matchLabels: {app: shop}}
          ingress: [{ports: [{port: metrics}]}]       # a port of the helper

    Near miss:
        kind: NetworkPolicy
        spec:
          podSelector: {matchLabels: {app: shop}}
          ingress: [{ports: [{port: 9113}]}]

    Fix: write the number into the policy.
    """
    numbers = {port.name: port.number for port in helper.container.ports if port.name}
    for port in policy_ports(pod.pod, pod.others):
        if port.name in numbers:
            yield Finding(
                "network-policy-named-port",
                "review",
                f"{capital(called(port.object))} may block the port `{port.name}` of `{helper.name}`"
                f"{if_together(port.certain)}: network "
                "plug-ins look port names up in ordinary containers.",
                f"Write `port: {numbers[port.name]}`.",
                port.line,
                file_of(pod, port.object),
            )


def host_port(helper: Member, pod: PodContext) -> Iterator[Finding]:
    """The helper takes a port of the node.

    The scheduler counted host ports of ordinary containers only until Kubernetes 1.34 (k/k#132040; a patch release of
    1.33 has it too, k/k#133390): two pods may land on one node, and the second cannot bind the port (hazard NET5). The
    API server checks the host ports of init containers one by one, so that it no longer finds a clash inside the pod
    (NET4). In a pod on the node's network every port is one of the node, declared or not; a helper that shows no port
    takes none as far as can be seen. A DaemonSet without `maxSurge` has one pod on a node, so from 1.33 on that is a
    note.

    Fires on:
        ports: [{containerPort: 8126, hostPort: 8126}]

    Near miss:
        ports: [{containerPort: 8126}]        # in a pod with its own network

    Fix: do without the host port (a socket in a shared volume, or a Service with `internalTrafficPolicy: Local`), or
    run Kubernetes 1.34.
    """
    taken = list(_host_ports(helper.container, pod))
    if not taken:
        return
    number, line = taken[0]
    for other in (*pod.pod.containers, *pod.inits):
        if other is helper.container:
            continue
        theirs = {(one, protocol) for one, protocol, _ in _declared_host_ports(other, pod.pod.host_network)}
        for one, protocol, at in _declared_host_ports(helper.container, pod.pod.host_network):
            if (one, protocol) in theirs:
                yield Finding(
                    "host-port",
                    "refuse",
                    f"`{helper.name}` and `{other.name}` both take the node's port {one}/{protocol}; the API server "
                    "will not notice.",
                    "Give one of them another port.",
                    at,
                )
                return
    what = f"the node's port {number}"
    two_pods = f"Two such pods may be put on one node, where the second `{helper.name}` cannot bind {what}"
    if pod.target >= SCHEDULER_KNOWS_HOST_PORTS:
        level: Level = "note"
        effect = (
            f"`{helper.name}` takes {what}; the scheduler counts the ports of native sidecars from Kubernetes 1.34 on."
        )
    elif pod.target >= SCHEDULER_FIX_PICKED_TO and _one_pod_a_node(pod):
        level = "note"
        effect = (
            f"`{helper.name}` takes {what}; before a late 1.33 the scheduler does not count the ports of native "
            "sidecars, but a DaemonSet has one such pod on a node."
        )
    elif pod.target >= SCHEDULER_FIX_PICKED_TO:
        level = "review"
        effect = f"{two_pods}: the scheduler counts host ports of native sidecars only from a late 1.33 on."
    else:
        level = "review" if _one_pod_a_node(pod) else "refuse"
        effect = f"{two_pods}: before Kubernetes 1.33 the scheduler does not count host ports of native sidecars."
    advice = "Do without the host port, or run Kubernetes 1.34 or later."
    yield Finding("host-port", level, effect, advice, line)


def _host_ports(container: Container, pod: PodContext) -> Iterator[tuple[int, int]]:
    for number, _, line in _declared_host_ports(container, pod.pod.host_network):
        yield number, line
    if pod.pod.host_network:
        yield from argument_ports(container)


def _declared_host_ports(container: Container, host_network: bool) -> Iterator[tuple[int, str, int]]:
    for port in container.ports:
        number = port.host_port or (port.number if host_network else 0)
        if number:
            yield number, port.protocol, port.line


def _one_pod_a_node(pod: PodContext) -> bool:
    owner = pod.pod.owner
    surge = fields.text(owner.node, "spec", "updateStrategy", "rollingUpdate", "maxSurge")
    return owner.kind == "DaemonSet" and surge in (None, "0", "0%")


def service_monitor_port(helper: Member, pod: PodContext) -> Iterator[Finding]:
    """A ServiceMonitor scrapes the helper's port.

    Prometheus finds the pods of a ServiceMonitor by their endpoints, and knew nothing of native sidecars there before
    prometheus#14929: the target loses its container labels, and a rule that keeps targets by them drops it (hazard
    NET7; VictoriaMetrics#7324). PodMonitors are not concerned (NET8).

    Fires on:
        kind: ServiceMonitor
        spec:
          endpoints: [{port: metrics}]      # a Service's port that leads to the helper

    Near miss:
        kind: PodMonitor
        spec:
          podMetricsEndpoints: [{port: metrics}]

    Fix: use a Prometheus that has prometheus#14929, or a PodMonitor.
    """
    for found in monitored_ports(pod.pod, pod.others):
        owner = port_owner(found.port, pod.pod.containers)
        if owner is not None and owner[0] is helper.container:
            yield Finding(
                "service-monitor-port",
                "note",
                f"A Prometheus before prometheus#14929 may lose `{helper.name}`, which {called(found.object)} scrapes.",
                "Check after the rollout that its metrics still arrive, or use a PodMonitor.",
                found.line,
                file_of(pod, found.object),
            )


def mesh_probe(helper: Member, pod: PodContext) -> Iterator[Finding]:
    """The kubelet probes the helper over the network, in a pod of a service mesh.

    Where a mesh asks every caller for a certificate, the kubelet's probe gets through only because the injector
    rewrites it. istiod rewrites the probes of init containers in current versions (pkg/kube/inject/app_probe.go); since
    which one is not confirmed (hazard NET11). A probe that is not rewritten fails: the helper is restarted, and a
    startupProbe keeps the main container from starting. Linkerd includes the ports of init containers.

    Fires on:
        metadata: {labels: {sidecar.istio.io/inject: "true"}}
        # the helper: livenessProbe: {httpGet: {path: /healthz, port: 8081}}

    Near miss:
        metadata: {labels: {sidecar.istio.io/inject: "true"}}
        # the helper: livenessProbe: {exec: {command: [cat, /tmp/alive]}}

    Fix: try it with your version of the mesh first, or probe with `exec`.
    """
    mesh = pod.mesh
    if mesh is None or mesh.product == "Linkerd":
        return
    probes = {
        name: probe
        for name, probe in (
            ("startupProbe", helper.container.startup_probe),
            ("livenessProbe", helper.container.liveness_probe),
            ("readinessProbe", helper.container.readiness_probe),
        )
        if probe is not None and probe.kind in ("httpGet", "tcpSocket", "grpc")
    }
    if not probes:
        return
    name, probe = next(iter(probes.items()))
    strict = _demands_certificates(pod) if mesh.product == "Istio" else ""
    effect = (
        f"{mesh.product} must rewrite the {name} of `{helper.name}`, which older versions do not do for init containers"
    )
    if strict:
        yield _probed("review", f"{effect}; mutual TLS is STRICT ({strict}), so the probe would fail.", probe)
    else:
        yield _probed("note", f"{effect}; where mutual TLS is demanded, the probe would fail.", probe)


def _probed(level: Level, effect: str, probe: Handler) -> Finding:
    return Finding(
        "mesh-probe", level, effect, "Try it with your version of the mesh, or probe with `exec`.", probe.line
    )


def _demands_certificates(pod: PodContext) -> str:
    for other in objects_of(pod.others, "security.istio.io", "PeerAuthentication"):
        meant = other.namespace in (pod.pod.owner.namespace, "istio-system", None)
        if meant and fields.text(other.node, "spec", "mtls", "mode") == "STRICT":
            return called(other)
    return ""


RULES: tuple[Rule, ...] = (
    Rule(named_target_port, ("refuse", "review", "note"), ("NET1",)),
    Rule(load_balancer_named_port, ("review",), ("NET2",)),
    Rule(network_policy_named_port, ("review",), ("NET3",)),
    Rule(host_port, ("refuse", "review", "note"), ("NET4", "NET5")),
    Rule(service_monitor_port, ("note",), ("NET7",)),
    Rule(mesh_probe, ("review", "note"), ("NET11",)),
)
