"""Rules about ports: the API server compares those of ordinary containers, and Services find them first."""

from collections.abc import Iterator
from typing import NamedTuple

from sidecarify.judge.model import Finding, Member, PodContext, Rule
from sidecarify.judge.rules.network import ENDPOINTS_KNOW_SIDECARS
from sidecarify.judge.wording import called, capital, file_of, if_together
from sidecarify.kube import fields
from sidecarify.kube.container import Container
from sidecarify.kube.related import port_owner, services
from sidecarify.kube.workload import PodSpec


class _HostPort(NamedTuple):
    """A port of the node that a container takes."""

    number: int
    protocol: str
    address: str
    declared: int
    line: int

    @property
    def key(self) -> tuple[int, str, str]:
        """What must not be there twice (validation.go, AccumulateUniqueHostPorts)."""
        return self.number, self.protocol, self.address


def _host_ports(container: Container, pod: PodSpec) -> Iterator[_HostPort]:
    """The ports of the node; with `hostNetwork` every declared port is one."""
    for node in fields.items(container.node, "ports"):
        declared = fields.number(node, "containerPort") or 0
        number = fields.number(node, "hostPort") or (declared if pod.host_network else 0)
        if number:
            protocol = fields.text(node, "protocol") or "TCP"
            yield _HostPort(number, protocol, fields.text(node, "hostIP") or "", declared, node.line)


def host_port_clash(helper: Member, pod: PodContext) -> Iterator[Finding]:
    """The API server would reject a port of the node that it did not compare before.

    Ports of the node must be different in `containers`, and with `hostNetwork` equal to the container's own; entries of
    `initContainers` are looked at one by one (validation.go, hazards NET4, NET6). So a native sidecar can have a port
    with which it is rejected as an ordinary container.

    Fires on:
        containers: [{name: web, ports: [{containerPort: 8080, hostPort: 80}]}]
        initContainers: [{name: edge, restartPolicy: Always, ports: [{containerPort: 80, hostPort: 80}]}]

    Near miss:
        initContainers: [{name: edge, restartPolicy: Always, ports: [{containerPort: 80, hostPort: 81}]}]

    Fix: Give one of the two another `hostPort`.
    """
    others = {
        port.key: member.name
        for member in pod.members
        if member is not helper and not member.container.init
        for port in _host_ports(member.container, pod.pod)
    }
    for port in _host_ports(helper.container, pod.pod):
        if port.key in others:
            yield Finding(
                "host-port-clash",
                "refuse",
                f"`{helper.name}` and `{others[port.key]}` both take port {port.number} of the node, which ordinary "
                "containers must not: the API server rejects the pod.",
                "Give one of them another port.",
                port.line,
            )
        elif pod.pod.host_network and port.number != port.declared:
            yield Finding(
                "host-port-clash",
                "refuse",
                f"With `hostNetwork` the `hostPort` {port.number} of an ordinary container must equal its "
                f"`containerPort` {port.declared}: the API server rejects the pod.",
                f"Write `hostPort: {port.declared}`, or leave it away.",
                port.line,
            )


def named_port_again(helper: Member, pod: PodContext) -> Iterator[Finding]:
    """A Service finds the helper's port by its name, and finds it otherwise than before.

    EndpointSlices look a port's name up in the ordinary containers first, and in native sidecars only from Kubernetes
    1.32 (k/k#127976, hazard NET1). Below that, the Service gets its endpoints back. If a native sidecar that stays has
    a port of the same name, the traffic moves from that to this one.

    Fires on:
        # target 1.31; ports of the native sidecar: [{name: metrics, containerPort: 9113}]
        kind: Service
        spec: {ports: [{port: 9113, targetPort: metrics}]}

    Near miss: the same from target 1.32 on, where the name is found before and after.

    Fix: Write the number into `targetPort`.
    """
    ordinary = pod.pod.containers
    for service in services(pod.pod, pod.others):
        for port in service.ports:
            if not isinstance(port.target, str) or port_owner(port, ordinary) is not None:
                continue
            if port_owner(port, (helper.container,)) is None:
                continue
            number = next(one.number for one in helper.container.ports if one.name == port.target)
            where = f"port `{port.target}` of {called(service.object)}{if_together(service.certain)}"
            owner = port_owner(port, pod.inits)
            if pod.target < ENDPOINTS_KNOW_SIDECARS:
                level, effect = "note", "would get endpoints, which a native sidecar has not before Kubernetes 1.32."
            elif owner is not None and owner[0] is not helper.container:
                level, effect = "review", f"would lead to `{helper.name}`, and leads to `{owner[0].name}` today."
            else:
                continue
            yield Finding(
                "named-port-again",
                "review" if level == "review" else "note",
                f"{capital(where)} {effect}",
                f"Write `targetPort: {number}` if it is to lead to `{helper.name}` in any case.",
                port.line,
                file_of(pod, service.object),
            )


RULES: tuple[Rule, ...] = (
    Rule(host_port_clash, ("refuse",), ("NET4", "NET6")),
    Rule(named_port_again, ("review", "note"), ("NET1",)),
)
