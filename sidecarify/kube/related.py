"""The other objects of a run that point at a pod: Services, policies, autoscalers, monitors.

Every function takes a pod spec and the objects of the run, and yields typed views of those that concern it.
`certain` is false where only a namespace that is missing on one side lets two objects meet.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, NamedTuple

from sidecarify.yamltext.tree import Node, repeated_key

from . import fields
from .container import Container, Port
from .kinds import group_of
from .objects import KubeObject
from .selectors import contains, label_selector_matches, same_namespace
from .workload import PodSpec

if TYPE_CHECKING:
    from .overlays import Reference

_GATEWAY_ROUTES = ("HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute", "UDPRoute")
_CLUSTER_WIDE = frozenset({"CiliumClusterwideNetworkPolicy", "GlobalNetworkPolicy"})


class ServicePort(NamedTuple):
    """One port of a Service: `target` is a number, or the name of a container's port."""

    name: str | None
    number: int | None
    target: int | str
    protocol: str
    line: int


class Service(NamedTuple):
    """A Service that selects a pod."""

    object: KubeObject
    certain: bool
    type: str
    ports: tuple[ServicePort, ...]

    def port(self, reference: int | str | None) -> ServicePort | None:
        """The port that an Ingress, a route or a monitor names, by name or number."""
        return next((p for p in self.ports if reference is not None and reference in (p.name, p.number)), None)


class Route(NamedTuple):
    """An Ingress, an HTTPRoute, an OpenShift Route ... that brings traffic to a Service; `port` None is every port."""

    object: KubeObject
    service: Service
    port: ServicePort | None
    line: int


class PolicyPort(NamedTuple):
    """A port that a network policy gives by name."""

    object: KubeObject
    certain: bool
    name: str
    line: int


class ContainerReference(NamedTuple):
    """A place in another object that names a container of the pod, or the whole pod where `container` is None."""

    object: KubeObject
    certain: bool
    container: str | None
    line: int


class MonitorPort(NamedTuple):
    """A port that a ServiceMonitor scrapes, with the Service's port behind it."""

    object: KubeObject
    service: Service
    port: ServicePort
    line: int


class TextMatch(NamedTuple):
    """A scalar of another object whose text speaks of the container."""

    object: KubeObject
    text: str
    line: int


class Surroundings(tuple[KubeObject, ...]):
    """The objects of a run, found by group and kind without looking at each: a run may have thousands."""

    @cached_property
    def by_kind(self) -> dict[tuple[str, str], list[KubeObject]]:
        """The objects of each group and kind, in their order.

        One with a key that stands twice is left out: nobody can tell which of the two its author means, and reading
        it would fail for a pod that it only points at.
        """
        found: dict[tuple[str, str], list[KubeObject]] = {}
        for other in self:
            if _is_sound(other):
                found.setdefault((other.group, other.kind), []).append(other)
        return found

    @cached_property
    def by_name(self) -> dict[tuple[str, str, str | None], list[KubeObject]]:
        """The objects of each group, kind and name, in their order."""
        found: dict[tuple[str, str, str | None], list[KubeObject]] = {}
        for (group, kind), objects in self.by_kind.items():
            for other in objects:
                found.setdefault((group, kind, other.name), []).append(other)
        return found

    @cached_property
    def services_of(self) -> dict[PodSpec, tuple[Service, ...]]:
        """The answers of `services` so far: several rules ask it for each container."""
        return {}

    @cached_property
    def references_of(self) -> dict[PodSpec, tuple["Reference", ...]]:
        """What places name or count the containers of a pod, as far as that has been asked (overlays.py)."""
        return {}


@lru_cache(maxsize=512)  # asked again for every manifest of a run; it keeps the trees alive
def _is_sound(other: KubeObject) -> bool:
    return repeated_key(other.node) is None


def surroundings(others: Sequence[KubeObject]) -> Surroundings:
    """The objects as Surroundings; the same ones if they already are."""
    return others if isinstance(others, Surroundings) else Surroundings(others)


def objects_of(others: Sequence[KubeObject], group: str, *kinds: str) -> Iterator[KubeObject]:
    """The objects of one API group and one of the kinds."""
    if isinstance(others, Surroundings):
        for kind in kinds:
            yield from others.by_kind.get((group, kind), ())
    else:
        yield from (other for other in others if other.kind in kinds and other.group == group)


def namesakes(pod: PodSpec, others: Sequence[KubeObject]) -> Iterable[KubeObject]:
    """The objects of the kind and the name of a pod's workload, itself among them; of any namespace."""
    owner = pod.owner
    if isinstance(others, Surroundings):
        return others.by_name.get((owner.group, owner.kind, owner.name), ())
    return (other for other in objects_of(others, owner.group, owner.kind) if other.name == owner.name)


def _neighbours(
    pod: PodSpec, others: Sequence[KubeObject], group: str, *kinds: str
) -> Iterator[tuple[KubeObject, bool]]:
    for other in objects_of(others, group, *kinds):
        if other.kind in _CLUSTER_WIDE:
            yield other, True
            continue
        together = same_namespace(pod.owner.namespace, other.namespace)
        if together is not False:
            yield other, together is True


def services(pod: PodSpec, others: Sequence[KubeObject]) -> tuple[Service, ...]:
    """The Services whose selector matches the labels of the pods. One without a selector selects nothing."""
    if not isinstance(others, Surroundings):
        return _services(pod, others)
    found = others.services_of.get(pod)
    if found is None:
        found = others.services_of[pod] = _services(pod, others)
    return found


@lru_cache(maxsize=512)  # compared with every workload of a run
def _selector(service: KubeObject) -> dict[str, str]:
    return fields.mapping(service.node, "spec", "selector")


def _services(pod: PodSpec, others: Sequence[KubeObject]) -> tuple[Service, ...]:
    found = []
    for other, certain in _neighbours(pod, others, "", "Service"):
        selector = _selector(other)
        if selector and contains(pod.labels, selector):
            kind = fields.text(other.node, "spec", "type") or "ClusterIP"
            ports = tuple(_service_port(item) for item in fields.items(other.node, "spec", "ports"))
            found.append(Service(other, certain, kind, ports))
    return tuple(found)


def _service_port(item: Node) -> ServicePort:
    number = fields.number(item, "port")
    target: int | str | None = fields.number(item, "targetPort")
    if target is None:
        target = fields.text(item, "targetPort")
    if target is None:
        target = number
    line = fields.line(item, "targetPort") or item.line
    return ServicePort(
        fields.text(item, "name"), number, 0 if target is None else target, fields.text(item, "protocol") or "TCP", line
    )


def port_owner(port: ServicePort, containers: Sequence[Container]) -> tuple[Container, Port] | None:
    """The first container, in their order, that declares the port a Service targets.

    A name is looked up as the EndpointSlice controller does (`FindPort`: by name and protocol, in the order of the
    containers); a number only tells who declares it, as nobody is kept from listening on an undeclared port.
    """
    for container in containers:
        for declared in container.ports:
            if declared.protocol == port.protocol and port.target in (declared.name, declared.number):
                return container, declared
    return None


def routes(pod: PodSpec, others: Sequence[KubeObject]) -> tuple[Route, ...]:
    """What brings traffic from outside to the pod's Services: Ingress, Gateway routes, OpenShift Route."""
    reached = services(pod, others)
    return tuple(
        Route(other, service, service.port(reference), line)
        for other, name, reference, line in _backends(others)
        for service in reached
        if service.object.name == name and same_namespace(service.object.namespace, other.namespace) is not False
    )


def _backends(others: Sequence[KubeObject]) -> Iterator[tuple[KubeObject, str | None, int | str | None, int]]:
    for group in ("networking.k8s.io", "extensions"):
        for other in objects_of(others, group, "Ingress"):
            for backend in _ingress_backends(other):
                yield other, *_ingress_target(backend)
    for other in objects_of(others, "gateway.networking.k8s.io", *_GATEWAY_ROUTES):
        for rule in fields.items(other.node, "spec", "rules"):
            for backend in fields.items(rule, "backendRefs"):
                yield other, fields.text(backend, "name"), fields.number(backend, "port"), backend.line
    for other in objects_of(others, "route.openshift.io", "Route"):
        reference = fields.number(other.node, "spec", "port", "targetPort")
        target = reference if reference is not None else fields.text(other.node, "spec", "port", "targetPort")
        line = fields.line(other.node, "spec", "to") or other.line
        yield other, fields.text(other.node, "spec", "to", "name"), target, line


def _ingress_backends(ingress: KubeObject) -> Iterator[Node]:
    for key in ("defaultBackend", "backend"):
        backend = fields.find(ingress.node, "spec", key)
        if backend is not None:
            yield backend
    for rule in fields.items(ingress.node, "spec", "rules"):
        for path in fields.items(rule, "http", "paths"):
            backend = fields.find(path, "backend")
            if backend is not None:
                yield backend


def _ingress_target(backend: Node) -> tuple[str | None, int | str | None, int]:
    service = fields.find(backend, "service")
    if service is not None:
        port = fields.find(service, "port")
        number = fields.number(port, "number")
        return fields.text(service, "name"), number if number is not None else fields.text(port, "name"), service.line
    number = fields.number(backend, "servicePort")
    reference = number if number is not None else fields.text(backend, "servicePort")
    return fields.text(backend, "serviceName"), reference, backend.line


def load_balanced(pod: PodSpec, others: Sequence[KubeObject]) -> Iterator[tuple[KubeObject, ServicePort, bool]]:
    """The Service ports that a load balancer's own controller resolves: (object that asks for it, port, certain).

    Services of type LoadBalancer; Ingresses of the AWS controller with `target-type: ip`; TargetGroupBindings with
    `targetType: ip` (hazard NET2: k/k#134651, aws-load-balancer-controller#4239).
    """
    reached = services(pod, others)
    for service in reached:
        if service.type == "LoadBalancer":
            for port in service.ports:
                yield service.object, port, service.certain
    for route in routes(pod, others):
        if route.object.annotations.get("alb.ingress.kubernetes.io/target-type") == "ip" and route.port is not None:
            yield route.object, route.port, route.service.certain
    for binding in objects_of(others, "elbv2.k8s.aws", "TargetGroupBinding"):
        if fields.text(binding.node, "spec", "targetType") != "ip":
            continue
        number = fields.number(binding.node, "spec", "serviceRef", "port")
        reference = number if number is not None else fields.text(binding.node, "spec", "serviceRef", "port")
        for service in reached:
            port_found = service.port(reference)
            if service.object.name == fields.text(binding.node, "spec", "serviceRef", "name") and port_found:
                yield binding, port_found, service.certain


def policy_ports(pod: PodSpec, others: Sequence[KubeObject]) -> Iterator[PolicyPort]:
    """The ports that network policies give by name for traffic to the pod.

    That is the ingress of policies that select it, and the egress of NetworkPolicies that name it as the peer; also
    CiliumNetworkPolicy, and Calico's where the selector is plain.
    """
    for other, certain in _neighbours(pod, others, "networking.k8s.io", "NetworkPolicy"):
        if label_selector_matches(fields.find(other.node, "spec", "podSelector"), pod.labels):
            yield from _named(other, certain, fields.items(other.node, "spec", "ingress"))
        for rule in fields.items(other.node, "spec", "egress"):
            if any(_is_peer(peer, pod) for peer in fields.items(rule, "to")):
                yield from _named(other, certain, (rule,))
    for other, certain in _neighbours(
        pod, others, "cilium.io", "CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy"
    ):
        selector = fields.find(other.node, "spec", "endpointSelector")
        if selector is not None and label_selector_matches(selector, _with_source(pod.labels)):
            rules = fields.items(other.node, "spec", "ingress")
            lists = [entry for rule in rules for entry in fields.items(rule, "toPorts")]
            yield from _named(other, certain, lists)
    for group in ("projectcalico.org", "crd.projectcalico.org"):
        for other, certain in _neighbours(pod, others, group, "NetworkPolicy", "GlobalNetworkPolicy"):
            if _calico_selects(fields.text(other.node, "spec", "selector") or "all()", pod.labels):
                for rule in fields.items(other.node, "spec", "ingress"):
                    for item in _nodes(rule, "destination", "ports"):
                        if re.search("[a-zA-Z]", item.value) and item.style is None:
                            yield PolicyPort(other, certain, item.value, item.line)


def _nodes(node: Node, *path: str) -> Iterator[Node]:
    return (item for item in fields.items(node, *path) if item.kind == "scalar")


def _named(other: KubeObject, certain: bool, rules: Sequence[Node]) -> Iterator[PolicyPort]:
    for rule in rules:
        for item in fields.items(rule, "ports"):
            name = fields.text(item, "port")
            if name is not None and re.search("[a-zA-Z]", name):
                yield PolicyPort(other, certain, name, fields.line(item, "port") or item.line)


def _is_peer(peer: Node, pod: PodSpec) -> bool:
    selector = fields.find(peer, "podSelector")
    if selector is None or fields.find(peer, "namespaceSelector") is not None:
        return False
    return label_selector_matches(selector, pod.labels)


def _with_source(labels: dict[str, str]) -> dict[str, str]:
    # Cilium accepts `k8s:app` and `any:app` for the label `app`.
    return {f"{source}{key}": value for source in ("", "k8s:", "any:") for key, value in labels.items()}


def _calico_selects(selector: str, labels: dict[str, str]) -> bool:
    for term in selector.split("&&"):
        found = re.fullmatch(r"""\s*([\w./-]+)\s*==\s*(['"])([^'"]*)\2\s*""", term)
        if found is None and term.strip() != "all()":
            return False
        if found is not None and labels.get(found[1]) != found[3]:
            return False
    return True


def is_target(pod: PodSpec, reference: Node | None, default_kind: str = "") -> bool:
    """Whether a `targetRef` or `scaleTargetRef` (kind, name, and the API group if given) names the pod's workload."""
    owner = pod.owner
    version = fields.text(reference, "apiVersion")
    return (
        owner.name is not None
        and fields.text(reference, "name") == owner.name
        and (fields.text(reference, "kind") or default_kind) == owner.kind
        and (version is None or group_of(version) == owner.group)
    )


def autoscaler_containers(pod: PodSpec, others: Sequence[KubeObject]) -> Iterator[ContainerReference]:
    """The `containerResource` metrics of HorizontalPodAutoscalers that target the workload."""
    for other, certain in _neighbours(pod, others, "autoscaling", "HorizontalPodAutoscaler"):
        if is_target(pod, fields.find(other.node, "spec", "scaleTargetRef")):
            for metric in fields.items(other.node, "spec", "metrics"):
                source = fields.find(metric, "containerResource")
                name = fields.text(source, "container")
                if source is not None and name is not None:
                    line = fields.line(source, "container") or source.line
                    yield ContainerReference(other, certain, name, line)


def keda_containers(pod: PodSpec, others: Sequence[KubeObject]) -> Iterator[ContainerReference]:
    """The `containerName` of triggers of KEDA ScaledObjects that target the workload."""
    for other, certain in _neighbours(pod, others, "keda.sh", "ScaledObject"):
        if is_target(pod, fields.find(other.node, "spec", "scaleTargetRef"), "Deployment"):
            for trigger in fields.items(other.node, "spec", "triggers"):
                name = fields.text(trigger, "metadata", "containerName")
                if name is not None:
                    line = fields.line(trigger, "metadata", "containerName") or trigger.line
                    yield ContainerReference(other, certain, name, line)


def vertical_autoscalers(pod: PodSpec, others: Sequence[KubeObject]) -> Iterator[ContainerReference]:
    """The VerticalPodAutoscalers that target the workload and change it.

    One reference stands for the object (`container` None), and one for each container policy that is not switched off.
    """
    for other, certain in _neighbours(pod, others, "autoscaling.k8s.io", "VerticalPodAutoscaler"):
        mode = fields.text(other.node, "spec", "updatePolicy", "updateMode")
        if mode == "Off" or not is_target(pod, fields.find(other.node, "spec", "targetRef")):
            continue
        yield ContainerReference(other, certain, None, fields.line(other.node, "spec", "targetRef") or other.line)
        for policy in fields.items(other.node, "spec", "resourcePolicy", "containerPolicies"):
            if fields.text(policy, "mode") != "Off":
                line = fields.line(policy, "containerName") or policy.line
                yield ContainerReference(other, certain, fields.text(policy, "containerName"), line)


def monitored_ports(pod: PodSpec, others: Sequence[KubeObject]) -> Iterator[MonitorPort]:
    """The ports of the pod's Services that ServiceMonitors (and VMServiceScrapes) scrape."""
    reached = services(pod, others)
    monitors = (
        *objects_of(others, "monitoring.coreos.com", "ServiceMonitor"),
        *objects_of(others, "operator.victoriametrics.com", "VMServiceScrape"),
    )
    for monitor in monitors:
        selector = fields.find(monitor.node, "spec", "selector")
        for service in reached:
            if not label_selector_matches(selector, service.object.labels) or not _looks_into(monitor, service.object):
                continue
            for endpoint in fields.items(monitor.node, "spec", "endpoints"):
                port = _monitored(endpoint, service)
                if port is not None:
                    yield MonitorPort(monitor, service, port, fields.line(endpoint, "port") or endpoint.line)


def _monitored(endpoint: Node, service: Service) -> ServicePort | None:
    name = fields.text(endpoint, "port")
    if name is not None:
        return next((port for port in service.ports if port.name == name), None)
    number = fields.number(endpoint, "targetPort")
    target: int | str | None = number if number is not None else fields.text(endpoint, "targetPort")
    return next((port for port in service.ports if target is not None and port.target == target), None)


def _looks_into(monitor: KubeObject, service: KubeObject) -> bool:
    selector = fields.find(monitor.node, "spec", "namespaceSelector")
    if fields.is_true(selector, "any"):
        return True
    names = fields.strings(selector, "matchNames")
    if names:
        return service.namespace is None or service.namespace in names
    return same_namespace(monitor.namespace, service.namespace) is not False


def texts(others: Sequence[KubeObject], needle: str, group: str, *kinds: str) -> Iterator[TextMatch]:
    """The scalar values that hold `needle`, of the objects of a group and kinds: queries and policies are text."""
    for other in objects_of(others, group, *kinds):
        yield from _texts_of(other, needle)


@lru_cache(maxsize=256)  # asked again for every helper of a run, and dashboards are long
def _texts_of(other: KubeObject, needle: str) -> tuple[TextMatch, ...]:
    scalars = (node for node in other.node.walk() if node.kind == "scalar")
    return tuple(TextMatch(other, node.value, node.line) for node in scalars if needle in node.value)


def namespace_of(pod: PodSpec, others: Sequence[KubeObject]) -> KubeObject | None:
    """The Namespace object that the pods go to, if the run has it.

    A pod without a namespace goes to the only Namespace of its own document stream, if there is exactly one.
    """
    named = list(objects_of(others, "", "Namespace"))
    if pod.owner.namespace is not None:
        return next((other for other in named if other.name == pod.owner.namespace), None)
    own = [other for other in named if other.file == pod.owner.file]
    return own[0] if len(own) == 1 else None
