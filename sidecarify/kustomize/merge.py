"""What a patch makes of an object, as a new tree; what it does not touch stays the node that it was.

Nodes keep their own lines, so that each still knows its file. Merging is that of kustomize (kyaml/yaml/merge2 and
kyaml/yaml/walk with the schema of Kubernetes, new list items in front: MergeOptionsListPrepend of
api/filters/patchstrategicmerge), JSON6902 that of evanphx/json-patch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from sidecarify.kube import fields
from sidecarify.yamltext.pairs import Plain
from sidecarify.yamltext.tree import Node

# The lists of a pod that are merged item by item, and by what; all others are replaced as a whole.
MERGE_KEYS: dict[str, tuple[str, ...]] = {
    "containers": ("name",),
    "initContainers": ("name",),
    "ephemeralContainers": ("name",),
    "volumes": ("name",),
    "volumeMounts": ("mountPath",),
    "volumeDevices": ("devicePath",),
    "env": ("name",),
    "ports": ("containerPort", "protocol"),
    "imagePullSecrets": ("name",),
    "hostAliases": ("ip",),
    "topologySpreadConstraints": ("topologyKey", "whenUnsatisfiable"),
}
DIRECTIVE = "$patch"


class PatchError(Exception):
    """A patch that does not apply to the object, or whose effect is not known; `line` is that of its node."""

    def __init__(self, message: str, line: int, advice: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.line = line
        self.advice = advice


def mapping_like(node: Node, pairs: list[tuple[Node, Node]]) -> Node:
    """A mapping at the place of `node` with other pairs."""
    copy = Node("map", node.start, node.end, node.line, node.column)
    copy.style, copy.tag, copy.pairs = node.style, node.tag, pairs
    return copy


def list_like(node: Node, items: list[Node]) -> Node:
    """A list at the place of `node` with other items."""
    copy = Node("seq", node.start, node.end, node.line, node.column)
    copy.style, copy.tag, copy.items = node.style, node.tag, items
    return copy


def scalar_like(node: Node, value: str) -> Node:
    """A scalar at the place of `node` with another text."""
    copy = Node("scalar", node.start, node.end, node.line, node.column)
    copy.style, copy.tag, copy.value = node.style, node.tag, value
    return copy


def written(node: Node, value: Plain) -> Node:
    """A value as a tree at the place of `node`: texts in quotes, numbers plain."""
    if isinstance(value, Mapping):
        return mapping_like(node, [(scalar_like(node, key), written(node, one)) for key, one in value.items()])
    if isinstance(value, (str, int)):
        copy = Node("scalar", node.start, node.end, node.line, node.column)
        copy.style, copy.value = '"' if isinstance(value, str) else None, str(value)
        return copy
    return list_like(node, [written(node, one) for one in value])


def own_pairs(node: Node) -> dict[str, tuple[Node, Node]]:
    """The pairs of a mapping by key, merge keys (`<<`) resolved, values with aliases followed."""
    keys = {key.value: key for key, _ in node.resolved.pairs}
    return {name: (keys.get(name) or _key(name, value), value) for name, value in fields.keys(node).items()}


def _key(name: str, value: Node) -> Node:
    key = Node("scalar", value.start, value.start, value.line, value.column)
    key.value = name
    return key


def with_value(node: Node, name: str, value: Node | None) -> Node:
    """The mapping with `name` set to `value`, or without it."""
    pairs = own_pairs(node)
    if value is None:
        pairs.pop(name, None)
    else:
        pairs[name] = (pairs[name][0] if name in pairs else _key(name, value), value)
    return mapping_like(node, list(pairs.values()))


def with_path(node: Node, path: tuple[str, ...], value: Node) -> Node:
    """The mapping with the value below `path` set; mappings that are missing on the way are made."""
    if not path:
        return value
    if node.kind == "seq":
        return _set(node, path[0], with_path(at(node, path[:1]), path[1:], value))
    child = fields.find(node, path[0])
    if child is None or child.kind != "map":
        child = mapping_like(value, [])
    return with_value(node, path[0], with_path(child, path[1:], value))


def last_wins(node: Node) -> Node:
    """A copy without keys that stand twice: Kubernetes takes the last."""
    node = node.resolved
    if node.kind == "map":
        return mapping_like(
            node, [(key, last_wins(value)) for key, value in {k.value: (k, v) for k, v in node.pairs}.values()]
        )
    return list_like(node, [last_wins(item) for item in node.items]) if node.kind == "seq" else node


# --- strategic merge ----------------------------------------------------------------------------------------------


def strategic(node: Node, patch: Node) -> Node | None:
    """The object after a strategic merge patch; None if the patch deletes it. Raises PatchError, YamlError."""
    return _merge_maps(node, patch.resolved)


def _merge_maps(node: Node, patch: Node) -> Node | None:
    directive = fields.text(patch, DIRECTIVE)
    if directive == "delete":
        return None
    if directive == "replace":
        return with_value(patch, DIRECTIVE, None)
    if directive not in (None, "merge"):
        raise PatchError(f"`{DIRECTIVE}: {directive}` is not known", patch.line)
    pairs = own_pairs(node)
    for name, (key, value) in own_pairs(patch).items():
        if name == DIRECTIVE:
            continue
        there = pairs.get(name)
        if fields.is_null(value):
            pairs.pop(name, None)
        elif there is None or there[1].kind != value.kind:
            pairs[name] = (key, _cleaned(value))
        elif value.kind == "map":
            merged = _merge_maps(there[1], value)
            if merged is None:
                del pairs[name]
            else:
                pairs[name] = (there[0], merged)
        elif value.kind == "seq" and name in MERGE_KEYS:
            pairs[name] = (there[0], _merge_lists(there[1], value, MERGE_KEYS[name]))
        else:
            pairs[name] = (there[0], value)
    return mapping_like(node, list(pairs.values()))


def _cleaned(value: Node) -> Node:
    """A value that only the patch has: what it would delete is not there to begin with."""
    if value.kind == "map":
        pairs = own_pairs(value)
        pairs.pop(DIRECTIVE, None)
        kept = [(key, _cleaned(child)) for key, child in pairs.values() if not fields.is_null(child)]
        return mapping_like(value, kept)
    if value.kind == "seq":
        items = [item.resolved for item in value.items if fields.text(item.resolved, DIRECTIVE) is None]
        return value if len(items) == len(value.items) else list_like(value, items)
    return value


def replaces_list(patch: Node) -> bool:
    """Whether a list of a patch replaces the whole list: one of its items is nothing but `$patch: replace`."""
    return any(
        fields.text(item.resolved, DIRECTIVE) == "replace" and len(item.resolved.pairs) == 1 for item in patch.items
    )


def _merge_lists(node: Node, patch: Node, keys: tuple[str, ...]) -> Node:
    if replaces_list(patch):
        return list_like(patch, [item.resolved for item in patch.items if fields.text(item, DIRECTIVE) is None])
    there = {_identity(item, keys): item.resolved for item in node.items}
    merged: list[Node] = []
    for item in (one.resolved for one in patch.items):
        if item.kind != "map":
            raise PatchError("an item of the patch's list is no mapping", item.line)
        old = _partner(there, item, keys)
        directive = fields.text(item, DIRECTIVE)
        if old is None:
            if directive != "delete":
                merged.append(_cleaned(item))
            continue
        del there[_identity(old, keys)]
        if directive == "replace":
            # kustomize looks the old item up again and keeps it (kustomize #6146); only its place changes.
            merged.append(old)
        elif directive != "delete":
            new = _merge_maps(old, item)
            if new is not None:
                merged.append(new)
    return list_like(node, [*merged, *there.values()])


def _identity(item: Node, keys: tuple[str, ...]) -> tuple[str | None, ...]:
    return tuple(fields.text(item.resolved, key) for key in keys)


def _partner(there: dict[tuple[str | None, ...], Node], item: Node, keys: tuple[str, ...]) -> Node | None:
    """The item of the list that the patch's item speaks of; only the keys that the patch gives are compared."""
    wanted = _identity(item, keys)
    for found, old in there.items():
        pairs = [(one, two) for one, two in zip(wanted, found, strict=True) if one is not None]
        if pairs and all(one == two for one, two in pairs):
            return old
    return None


# --- JSON6902 -----------------------------------------------------------------------------------------------------


class Operation(NamedTuple):
    """One JSON6902 operation; `node` is its mapping."""

    node: Node
    op: str
    path: tuple[str, ...]
    source: tuple[str, ...] | None
    value: Node | None


def operations(patch: Node) -> list[Operation]:
    """The operations of a JSON6902 patch. Raises PatchError for what is none."""
    found = []
    for item in (one.resolved for one in patch.resolved.items):
        op, path, source = (fields.text(item, key) for key in ("op", "path", "from"))
        if op is None or path is None:
            raise PatchError("an operation without `op` or `path`", item.line)
        pair = item.pair("value") if item.kind == "map" else None
        value = pair[1].resolved if pair is not None else None
        found.append(Operation(item, op, tokens(path), None if source is None else tokens(source), value))
    return found


def tokens(pointer: str) -> tuple[str, ...]:
    """The steps of a JSON pointer (RFC 6901)."""
    return tuple(step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:])


def index_of(step: str, length: int) -> int | None:
    """The place in a list of `length` items that a step names, or None; a negative one counts from the end."""
    try:
        index = int(step, 10)
    except ValueError:
        return None
    if index < 0:
        index += length
    return index if 0 <= index < length else None


def applied(node: Node, operation: Operation) -> Node:
    """The object after one operation. Raises PatchError where it does not apply."""
    path, op = operation.path, operation.op
    try:
        if op == "test":
            at(node, path)
            return node
        if op == "remove":
            return _changed(node, path, _without)
        if op in ("copy", "move") and operation.source is not None:
            value = at(node, operation.source)
            if op == "move":
                node = _changed(node, operation.source, _without)
            return _changed(node, path, lambda parent, step: _added(parent, step, value))
        if op in ("add", "replace") and operation.value is not None:
            given = operation.value
            if not path:
                return given
            change = _added if op == "add" else _set
            return _changed(node, path, lambda parent, step: change(parent, step, given))
    except (LookupError, ValueError):
        pass
    raise PatchError(f"`{op} /{'/'.join(path)}` does not apply", operation.node.line)


def at(node: Node, path: tuple[str, ...]) -> Node:
    """The value below a path. Raises LookupError."""
    for step in path:
        if node.kind == "seq":
            index = index_of(step, len(node.items))
            if index is None:
                raise LookupError(step)
            node = node.items[index].resolved
        else:
            node = own_pairs(node)[step][1]
    return node


def _changed(node: Node, path: tuple[str, ...], change: Callable[[Node, str], Node]) -> Node:
    """The tree with the parent of the path's last step changed, and new nodes along the way."""
    if not path:
        raise LookupError("the whole document")
    way = [node]
    for step in path[:-1]:
        way.append(at(way[-1], (step,)))
    result = change(way[-1], path[-1])
    for parent, step in zip(reversed(way[:-1]), reversed(path[:-1]), strict=True):
        result = _set(parent, step, result)
    return result


def _set(parent: Node, step: str, value: Node) -> Node:
    if parent.kind == "map":
        return with_value(parent, step, value)
    index = index_of(step, len(parent.items))
    if index is None:
        raise LookupError(step)
    return list_like(parent, [*parent.items[:index], value, *parent.items[index + 1 :]])


def _added(parent: Node, step: str, value: Node) -> Node:
    if parent.kind == "map":
        return with_value(parent, step, value)
    if parent.kind != "seq":
        raise LookupError(step)
    place = len(parent.items) if step == "-" else index_of(step, len(parent.items) + 1)
    if place is None:
        raise LookupError(step)
    return list_like(parent, [*parent.items[:place], value, *parent.items[place:]])


def _without(parent: Node, step: str) -> Node:
    if parent.kind == "map":
        if step not in own_pairs(parent):
            raise LookupError(step)
        return with_value(parent, step, None)
    index = index_of(step, len(parent.items))
    if index is None:
        raise LookupError(step)
    return list_like(parent, [*parent.items[:index], *parent.items[index + 1 :]])
