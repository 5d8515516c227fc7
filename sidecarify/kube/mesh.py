"""Whether a service mesh puts its proxy into a pod, and how (hazards DEAD11, NET11; catalogue section 10)."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from sidecarify.yamltext.tree import Node

from . import fields
from .objects import KubeObject
from .related import namespace_of
from .workload import PodSpec

_ON = frozenset({"true", "enabled", "ingress"})
_OFF = frozenset({"false", "disabled"})


class Injection(NamedTuple):
    """A mesh that injects its proxy, by the label or annotation `text` at `line` of `file`.

    `native` says whether the manifest asks for the proxy as a native sidecar (None: the mesh decides), `switch` is the
    annotation that would decide it.
    """

    product: str
    native: bool | None
    switch: str
    text: str
    line: int
    file: str


class _Mesh(NamedTuple):
    product: str
    pod_keys: tuple[str, ...]
    namespace_keys: tuple[str, ...]
    switches: tuple[str, ...]
    any_value: tuple[str, ...] = ()


# Istio: pkg/kube/inject; Linkerd: pkg/inject; Kuma: kuma.io/sidecar-injection; Consul: connect-inject.
_MESHES = (
    _Mesh(
        "Istio",
        ("sidecar.istio.io/inject", "istio.io/rev"),
        ("istio-injection", "istio.io/rev"),
        ("sidecar.istio.io/nativeSidecar",),
        ("istio.io/rev",),
    ),
    _Mesh(
        "Linkerd",
        ("linkerd.io/inject",),
        ("linkerd.io/inject",),
        tuple(f"config.{stage}linkerd.io/proxy-enable-native-sidecar" for stage in ("", "beta.", "alpha.")),
    ),
    _Mesh("Kuma", ("kuma.io/sidecar-injection",), ("kuma.io/sidecar-injection",), ()),
    _Mesh(
        "Consul",
        ("consul.hashicorp.com/connect-inject",),
        ("consul.hashicorp.com/connect-inject",),
        ("consul.hashicorp.com/enable-consul-dataplane-as-sidecar",),
    ),
)


def injection(pod: PodSpec, others: Sequence[KubeObject]) -> Injection | None:
    """The mesh whose proxy the pods get, by labels and annotations of the template or of a Namespace of the run.

    The template decides over the Namespace. A pod on the node's network gets no proxy.
    """
    if pod.host_network:
        return None
    namespace = namespace_of(pod, others)
    of_pod = _holders(pod.template)
    of_namespace = () if namespace is None else _holders(namespace.node)
    for mesh in _MESHES:
        own = list(_settings(of_pod, mesh.pod_keys))
        if any(value.lower() in _OFF for _, value, _ in own):
            continue
        found = _asked_for(own, mesh)
        file = pod.owner.file
        if found is None and namespace is not None:
            found = _asked_for(list(_settings(of_namespace, mesh.namespace_keys)), mesh)
            file = namespace.file
        if found is not None:
            key, value, line = found
            switch = mesh.switches[0] if mesh.switches else ""
            return Injection(mesh.product, _native(pod, mesh), switch, f"{key}: {value}", line, file)
    return None


def _holders(node: Node) -> tuple[Node, ...]:
    """The labels and the annotations of an object, or of a template."""
    found = (fields.find(node, "metadata", key) for key in ("labels", "annotations"))
    return tuple(one for one in found if one is not None)


def _settings(holders: tuple[Node, ...], keys: tuple[str, ...]) -> Iterator[tuple[str, str, int]]:
    for holder in holders:
        for key in keys:
            value = fields.text(holder, key)
            if value is not None:
                yield key, value, fields.line(holder, key) or holder.line


def _asked_for(settings: list[tuple[str, str, int]], mesh: _Mesh) -> tuple[str, str, int] | None:
    return next((one for one in settings if one[1].lower() in _ON or (one[0] in mesh.any_value and one[1])), None)


def _native(pod: PodSpec, mesh: _Mesh) -> bool | None:
    for switch in mesh.switches:
        value = pod.annotations.get(switch)
        if value is not None:
            return value.lower() == "true"
    return None
