"""Manifests as plain data, read by PyYAML, and what a conversion is to make of them.

Shares nothing with the package: the tests use it to check results on their own.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import yaml
from yaml.composer import Composer


class Scalar(NamedTuple):
    """A scalar as YAML reads it: its resolved tag and its content."""

    tag: str
    value: str


@dataclass(frozen=True, slots=True)
class Moved:
    """What a conversion says it did: the container `name` at `index` of a pod spec is now an init container."""

    document: int
    path: str
    index: int
    name: str

    @property
    def pod(self) -> tuple[int, str]:
        """The place of its pod spec."""
        return self.document, self.path


class UnexpectedError(Exception):
    """The manifest is not what the move says."""


class _Reader(Composer, yaml.CSafeLoader):
    """PyYAML, but an anchor may be defined again, as YAML 1.2 (section 3.2.2.2) and kubectl have it."""

    def __init__(self, text: str) -> None:
        yaml.CSafeLoader.__init__(self, text)
        Composer.__init__(self)

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if not self.check_event(yaml.AliasEvent):
            self.anchors.pop(getattr(self.peek_event(), "anchor", None), None)
        return super().compose_node(parent, index)


def read_documents(text: str) -> list[Any]:
    """The documents of a stream: dicts, lists and Scalars, aliases replaced by what they stand for.

    Raises yaml.YAMLError.
    """
    reader = _Reader(text)
    documents = []
    while reader.check_node():
        documents.append(_data(reader.get_node()))
    return documents


def _data(node: yaml.Node | None) -> Any:
    if isinstance(node, yaml.MappingNode):
        pairs = [(_data(key), _data(value)) for key, value in node.value]
        keys = [key for key, _ in pairs]
        if any(not isinstance(key, Scalar) for key in keys) or len(set(keys)) != len(keys):
            return [node.tag, *pairs]
        return {key.value: value for key, value in pairs}
    if isinstance(node, yaml.SequenceNode):
        return [_data(item) for item in node.value]
    return None if node is None else Scalar(node.tag, node.value)


def moved(documents: Sequence[Any], moves: Iterable[Moved]) -> list[Any]:
    """The documents with the containers moved and made native sidecars, and nothing else changed."""
    return _changed(documents, moves, lambda spec, chosen: promote(spec, chosen, Scalar(_STRING, "Always")))


def taken_back(documents: Sequence[Any], moves: Iterable[Moved]) -> list[Any]:
    """The documents with the native sidecars (`index` is that in `initContainers`) made ordinary containers."""
    return _changed(documents, moves, demote)


def _changed(
    documents: Sequence[Any], moves: Iterable[Moved], change: Callable[[Any, Sequence[tuple[int, str]]], None]
) -> list[Any]:
    result = copy.deepcopy(list(documents))
    pods: dict[tuple[int, str], list[Moved]] = {}
    for move in moves:
        pods.setdefault(move.pod, []).append(move)
    for (document, path), chosen in pods.items():
        change(at(result[document], path), [(move.index, move.name) for move in chosen])
    return result


_STRING = "tag:yaml.org,2002:str"


def promote(spec: Any, chosen: Sequence[tuple[int, str]], always: Any) -> None:
    """Move the containers (index, name) of a pod spec, in that order, behind its init containers."""
    containers = spec["containers"]
    inits = spec.get("initContainers")
    if not isinstance(inits, list):
        inits = []
    for index, name in chosen:
        container = containers[index]
        own = container["name"]
        if getattr(own, "value", own) != name:
            raise UnexpectedError(f"container {index} is {own}, not {name}")
        inits.append({**container, "restartPolicy": always})
    gone = {index for index, _ in chosen}
    spec["containers"] = [one for index, one in enumerate(containers) if index not in gone]
    spec["initContainers"] = inits


def demote(spec: Any, chosen: Sequence[tuple[int, str]]) -> None:
    """Move the init containers (index, name) of a pod spec, in that order, behind its containers.

    They lose their `restartPolicy`, and a list of init containers that is left empty goes.
    """
    inits = spec["initContainers"]
    for index, name in chosen:
        container = dict(inits[index])
        own = container["name"]
        if getattr(own, "value", own) != name:
            raise UnexpectedError(f"init container {index} is {own}, not {name}")
        del container["restartPolicy"]
        spec["containers"].append(container)
    gone = {index for index, _ in chosen}
    spec["initContainers"] = [one for index, one in enumerate(inits) if index not in gone]
    if not spec["initContainers"]:
        del spec["initContainers"]


def at(data: Any, path: str) -> Any:
    """What stands at a path of keys and indices."""
    for step in path.split(".") if path else []:
        data = data[int(step)] if isinstance(data, list) else data[step]
    return data
