"""What a pod asks of a node: the effective request and limit by the formula of KEP-753 (hazards RES1-RES3).

Source: KEP-753 "Resources", and k8s.io/component-helpers resource/helpers.go (AggregateContainerRequests).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Literal

from sidecarify.yamltext.tree import Node

from . import fields
from .container import Container
from .quantity import parse_quantity
from .workload import PodSpec

Resources = dict[str, Fraction]
Which = Literal["requests", "limits"]


def container_resources(container: Node, which: Which) -> Resources:
    """The `requests` or `limits` of a container; a request that is not given is the limit, as the API server sets it.

    What is no quantity (a template's placeholder) is left out.
    """
    given = fields.mapping(container, "resources", which)
    if which == "requests":
        given = fields.mapping(container, "resources", "limits") | given
    return _quantities(given)


def _quantities(given: Mapping[str, str]) -> Resources:
    found = {}
    for name, text in given.items():
        try:
            found[name] = parse_quantity(text)
        except ValueError:
            continue
    return found


def _add(total: Resources, more: Mapping[str, Fraction]) -> None:
    for name, value in more.items():
        total[name] = total.get(name, Fraction(0)) + value


def _raise(total: Resources, other: Mapping[str, Fraction]) -> None:
    for name, value in other.items():
        total[name] = max(total.get(name, value), value)


def effective(
    inits: Iterable[tuple[Mapping[str, Fraction], bool]],
    mains: Iterable[Mapping[str, Fraction]],
    overhead: Mapping[str, Fraction] | None = None,
) -> Resources:
    """The demand of a pod from that of its containers.

    `inits` are the entries of `initContainers` in order, each with whether it is a native sidecar. While an init
    container runs, the sidecars before it run too: max over inits i of (sidecars before i + i), and at the end all
    sidecars and all mains; the greater of the two, plus the overhead.
    """
    sidecars: Resources = {}
    peak: Resources = {}
    for demand, is_sidecar in inits:
        if is_sidecar:
            _add(sidecars, demand)
            _raise(peak, sidecars)
        else:
            moment = dict(sidecars)
            _add(moment, demand)
            _raise(peak, moment)
    steady = dict(sidecars)
    for demand in mains:
        _add(steady, demand)
    _raise(peak, steady)
    _add(peak, overhead or {})
    return peak


def pod_demand(pod: PodSpec, which: Which, moved: Sequence[Container] = ()) -> Resources:
    """The effective requests or limits of a pod, with `moved` containers as native sidecars behind all inits.

    Pod-level `resources` (KEP-2837), where given, stand for cpu, memory and huge pages. Overhead counts for requests,
    and for limits that are there.
    """
    names = {container.index for container in moved}
    inits = [(container_resources(one.node, which), one.is_native_sidecar) for one in pod.init_containers]
    inits += [(container_resources(one.node, which), True) for one in moved]
    mains = [container_resources(one.node, which) for one in pod.containers if one.index not in names]
    total = effective(inits, mains)
    for name, value in container_resources(pod.node, which).items():
        if name in ("cpu", "memory") or name.startswith("hugepages-"):
            total[name] = value
    overhead = _quantities(fields.mapping(pod.node, "overhead"))
    if which == "limits":
        overhead = {name: value for name, value in overhead.items() if name in total}
    _add(total, overhead)
    return total
