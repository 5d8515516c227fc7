"""Workloads and their pod specs as read-only views."""

from collections.abc import Iterator
from functools import cached_property
from typing import Final, NamedTuple

from sidecarify.yamltext.tree import Node

from . import fields
from .container import Container
from .objects import KubeObject

# Volumes that no container writes: configuration and identity that Kubernetes puts there.
_CONFIG_KINDS = frozenset({"configMap", "secret", "downwardAPI", "projected"})


class Volume(NamedTuple):
    """One entry of `volumes`: `kind` is its source's field (`emptyDir`, `configMap` ...), empty where unknown."""

    name: str
    kind: str
    line: int
    node: Node

    @property
    def is_config(self) -> bool:
        """Whether its content comes from the API server and nobody in the pod writes it."""
        return self.kind in _CONFIG_KINDS


class PodSpec:
    """A pod spec: the mapping that has `containers`, with the object that carries it.

    `path` leads from the document's root, `route` are the nodes from the root to `node`, as written (an alias on the
    way stays one).
    """

    def __init__(self, node: Node, owner: KubeObject, path: str, route: tuple[Node, ...]) -> None:
        self.node: Final = node
        self.owner: Final = owner
        self.path: Final = path
        self.route: Final = route

    @cached_property
    def template(self) -> Node:
        """The mapping that holds the pods' metadata: the parent of the pod spec (a Pod itself for a Pod)."""
        parents = [node.resolved for node in self.route[:-1]]
        return parents[-1] if parents else self.node

    @cached_property
    def labels(self) -> dict[str, str]:
        """The labels that its pods get."""
        return fields.mapping(self.template, "metadata", "labels")

    @cached_property
    def annotations(self) -> dict[str, str]:
        """The annotations that its pods get."""
        return fields.mapping(self.template, "metadata", "annotations")

    @cached_property
    def containers(self) -> tuple[Container, ...]:
        """Its containers, in order."""
        return _containers(self.node, "containers", init=False)

    @cached_property
    def init_containers(self) -> tuple[Container, ...]:
        """Its init containers and native sidecars, in order."""
        return _containers(self.node, "initContainers", init=True)

    @cached_property
    def volumes(self) -> dict[str, Volume]:
        """Its volumes by name; those of a StatefulSet's claim templates stand with the kind `persistentVolumeClaim`."""
        found = {}
        for node in fields.items(self.node, "volumes"):
            name = fields.text(node, "name")
            if name is not None:
                kind = next((key for key in fields.keys(node) if key != "name"), "emptyDir")
                found[name] = Volume(name, kind, node.line, node)
        for node in fields.items(self.owner.node, "spec", "volumeClaimTemplates"):
            name = fields.text(node, "metadata", "name")
            if name is not None:
                found[name] = Volume(name, "persistentVolumeClaim", node.line, node)
        return found

    @property
    def restart_policy(self) -> str:
        """The pod's `restartPolicy`; Always if it has none."""
        return fields.text(self.node, "restartPolicy") or "Always"

    @property
    def runs_to_completion(self) -> bool:
        """Whether the pod is meant to end: a Job's, or one whose `restartPolicy` is not Always."""
        return self.restart_policy != "Always"

    @property
    def grace_seconds(self) -> int:
        """`terminationGracePeriodSeconds`, 30 if not given."""
        given = fields.number(self.node, "terminationGracePeriodSeconds")
        return 30 if given is None else given

    @property
    def host_network(self) -> bool:
        """Whether the pod uses the node's network."""
        return fields.is_true(self.node, "hostNetwork")

    @property
    def shares_processes(self) -> bool:
        """Whether its containers see each other's processes."""
        return fields.is_true(self.node, "shareProcessNamespace")


def _containers(node: Node, key: str, *, init: bool) -> tuple[Container, ...]:
    listed = fields.items(node, key)
    return tuple(Container(item, index, init) for index, item in enumerate(listed) if item.kind == "map")


def pod_specs(owner: KubeObject, listed: str = "containers") -> Iterator[PodSpec]:
    """The pod specs of an object, by the table of kinds; none for a kind that is not in it.

    A pod spec has a list `containers`, its own or a merged one; in a patch it may have another one (`listed`) alone.
    Raises YamlError (`duplicate-key`).
    """
    row = owner.row
    if row is None:
        return
    for path in row.paths:
        for node, route, where in _follow(owner, path.split(".")):
            containers = fields.find(node, listed)
            if containers is not None and containers.kind == "seq":
                yield PodSpec(node, owner, where, route)


def _follow(owner: KubeObject, steps: list[str]) -> Iterator[tuple[Node, tuple[Node, ...], str]]:
    reached: list[tuple[tuple[Node, ...], str]] = [((owner.node,), owner.path)]
    for step in steps:
        further: list[tuple[tuple[Node, ...], str]] = []
        for route, where in reached:
            prefix = f"{where}." if where else ""
            node = route[-1].resolved
            if step == "*" and node.kind == "seq":
                further += [((*route, item), f"{prefix}{index}") for index, item in enumerate(node.items)]
            elif step == "*":
                further += [((*route, value), f"{prefix}{key.value}") for key, value in node.pairs]
            else:
                pair = node.pair(step) if node.kind == "map" else None
                value = pair[1] if pair is not None else fields.find(node, step)
                if value is not None:
                    through = () if pair is not None else _merge_aliases(node)
                    further.append(((*route, *through, value), f"{prefix}{step}"))
        reached = further
    for route, where in reached:
        if route[-1].resolved.kind == "map":
            yield route[-1].resolved, route, where


def _merge_aliases(node: Node) -> tuple[Node, ...]:
    """The aliases that a mapping merges (`<<`): what is reached through them is shared with another place."""
    merged = [value for key, value in node.pairs if key.value == "<<"]
    return tuple(one for value in merged for one in (value, *value.items) if one.kind == "alias")


def stray_pod_specs(owner: KubeObject, least: int = 2) -> Iterator[PodSpec]:
    """What looks like a pod spec in an object whose kind is not in the table.

    That is a mapping with a list `containers` of at least `least` mappings that have a name and an image. It is
    reported and never touched.
    """
    stack: list[tuple[Node, tuple[Node, ...], str]] = [(owner.node, (), owner.path)]
    while stack:
        node, route, where = stack.pop()
        route = (*route, node)
        prefix = f"{where}." if where else ""
        if node.kind == "map":
            listed = fields.items(node, "containers")
            named = [item for item in listed if fields.text(item, "name") and fields.text(item, "image")]
            if len(named) >= least:
                yield PodSpec(node, owner, where, route)
            stack += reversed([(value, route, f"{prefix}{key.value}") for key, value in node.pairs])
        elif node.kind == "seq":
            stack += reversed([(item, route, f"{prefix}{index}") for index, item in enumerate(node.items)])
