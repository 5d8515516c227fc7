"""Reading fields of a mapping as Kubernetes does: merge keys (`<<`) and aliases followed, scalars as text."""

from __future__ import annotations

from collections.abc import Iterator

from sidecarify.yamltext.tree import Node

# Plain words that the YAML decoder of Kubernetes (goyaml.v2 through sigs.k8s.io/yaml) takes for booleans.
_TRUE = frozenset({"true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON", "y", "Y"})
_NULL = frozenset({"", "~", "null", "Null", "NULL"})


def is_null(node: Node | None) -> bool:
    """Whether a value is absent or a plain null."""
    return node is None or (node.kind == "scalar" and node.style is None and node.value in _NULL)


def find(node: Node | None, *keys: str) -> Node | None:
    """The value below `keys`, or None where one is missing or null, or a value on the way is no mapping.

    Own keys come before merged ones. Raises YamlError (`duplicate-key`).
    """
    for key in keys:
        if node is None:
            return None
        # Asked hundreds of times for a pod: what most mappings are, one without merge keys, is read in one pass.
        mapping = node if node.target is None else node.target
        found: Node | None = None
        merges = False
        for own, value in mapping.pairs:  # only a mapping has any
            if own.value == key and own.kind == "scalar":
                if found is not None:
                    return mapping.get(key)  # which says that it stands twice
                found = value
            elif own.value == "<<":
                merges = True
        if found is None and merges:
            found = _merged_value(mapping, key)
        if found is None:
            return None
        node = found if found.target is None else found.target
        if node.kind == "scalar" and is_null(node):
            return None
    return node


def _merged_value(mapping: Node, key: str) -> Node | None:
    seen: set[int] = set()
    stack = [mapping]
    while stack:
        mapping = stack.pop()
        if mapping.kind != "map" or id(mapping) in seen:
            continue
        seen.add(id(mapping))
        value = mapping.get(key)
        if value is not None:
            return value
        stack += reversed(list(_merged(mapping)))
    return None


def _merged(mapping: Node) -> Iterator[Node]:
    for key, value in mapping.pairs:
        if key.value == "<<" and key.style is None and key.kind == "scalar":
            target = value.resolved
            if target.kind == "seq":
                yield from (item.resolved for item in target.items)
            else:
                yield target


def keys(node: Node | None) -> dict[str, Node]:
    """Every key of a mapping with its value; own keys before merged ones. Empty for anything else."""
    found: dict[str, Node] = {}
    seen: set[int] = set()
    stack = [node.resolved] if node is not None else []
    while stack:
        mapping = stack.pop()
        if mapping.kind != "map" or id(mapping) in seen:
            continue
        seen.add(id(mapping))
        merges = False
        for key, value in mapping.pairs:
            if key.kind == "scalar":
                if key.value == "<<":
                    merges = True
                elif key.value not in found:
                    found[key.value] = value.resolved
        if merges:
            stack += reversed(list(_merged(mapping)))
    return found


def text(node: Node | None, *path: str) -> str | None:
    """The text of the scalar below `path`, or None."""
    value = find(node, *path) if path else node
    return value.value if value is not None and value.kind == "scalar" else None


def number(node: Node | None, *path: str) -> int | None:
    """The whole number below `path`; a quoted one is text to Kubernetes, and None here."""
    value = find(node, *path) if path else node
    if value is None or value.kind != "scalar" or value.style is not None:
        return None
    try:
        return int(value.value, 10)
    except ValueError:
        return None


def is_true(node: Node | None, *path: str) -> bool:
    """Whether the value below `path` is a plain true."""
    value = find(node, *path) if path else node
    return value is not None and value.kind == "scalar" and value.style is None and value.value in _TRUE


def items(node: Node | None, *path: str) -> tuple[Node, ...]:
    """The items of the list below `path`, aliases followed; empty if there is none."""
    value = find(node, *path) if path else node
    if value is None or value.kind != "seq":
        return ()
    return tuple(item.resolved for item in value.items)


def line(node: Node | None, *path: str) -> int | None:
    """The line of the key that leads to the value below `path`, or None; what evidence points at."""
    if node is None:
        return None
    if len(path) > 1:
        node = find(node, *path[:-1])
        if node is None:
            return None
    for key, _ in node.resolved.pairs:
        if key.value == path[-1]:
            return key.line
    value_node = find(node, path[-1])
    return None if value_node is None else value_node.line


def strings(node: Node | None, *path: str) -> tuple[str, ...]:
    """The scalar items of the list below `path`, as text."""
    return tuple(item.value for item in items(node, *path) if item.kind == "scalar")


def mapping(node: Node | None, *path: str) -> dict[str, str]:
    """The scalar values of the mapping below `path`, by key."""
    value = find(node, *path) if path else node
    return {key: child.value for key, child in keys(value).items() if child.kind == "scalar"}
