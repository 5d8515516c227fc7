"""From moves to edits: items of one list of a pod spec go to the other in the text. Decides nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from sidecarify.direction import ALWAYS, PLAIN_MANNER, POLICY, STARTUP_PROBE, Direction, Manner
from sidecarify.kube import fields
from sidecarify.kube.workload import PodSpec
from sidecarify.yamltext.items import extents
from sidecarify.yamltext.lists import ListMove, Placement, UnmovableError, move_edits
from sidecarify.yamltext.pairs import add_mapping, add_pair, indentation_step, remove_pair
from sidecarify.yamltext.source import Edit, line_end, line_start, newline_at
from sidecarify.yamltext.tree import Node, check_keys

_STEP = 2
"""The indentation of a mapping in a manifest that shows none."""


def check_pod(pod: PodSpec, direction: Direction) -> None:
    """Raise UnmovableError where the text of the pod spec allows no move at all, YamlError for a key that stands twice.

    docs/refusals.md lists the codes.
    """
    for node in pod.route:
        if node.kind == "alias" or node.aliased:
            what = "the pod spec is used in several places by anchor and alias; an edit would reach all of them"
            raise UnmovableError("shared-podspec", what, node.line)
    for key, _ in pod.node.pairs:
        if key.kind == "scalar" and key.value != "<<":
            pod.node.pair(key.value)
    check_keys(_list_of(pod.node, direction.source))
    target = pod.node.pair(direction.target)
    if target is not None and (target[1].kind == "alias" or target[1].aliased):
        what = f"`{direction.target}` is shared with another place by anchor and alias"
        raise UnmovableError("shared-list", what, target[1].line)
    merged = fields.find(pod.node, direction.target) if target is None else None
    if merged is not None:
        what = f"`{direction.target}` comes through a merge key (`<<`), and a list of the pod spec's own would hide it"
        raise UnmovableError("merge-only", f"{what}: write it out in the pod spec first", merged.line)


def check_container(pod: PodSpec, index: int, direction: Direction) -> None:
    """Raise UnmovableError where the text of one container does not allow it to move."""
    item = _list_of(pod.node, direction.source).items[index]
    if item.kind == "alias":
        raise UnmovableError("shared-item", f"the container is an alias (*{item.value}) of another one", item.line)
    if item.kind != "map" or not item.pairs:
        raise UnmovableError("item-not-a-map", "the container is not a mapping with fields", item.line)
    if item.aliased:
        what = (
            f"the container is used elsewhere too (anchor &{item.anchor}), where `restartPolicy` would appear as well"
        )
        raise UnmovableError("shared-item", what, item.line)
    found = _policy(item)
    if found is not None and (found[0].value != ALWAYS or found[1] or found[0] not in _own_values(item)):
        through = " through a merge key" if found[1] else ""
        what = f"the container has a `restartPolicy` of its own{through}: {found[0].value or 'nothing'}"
        raise UnmovableError("restart-policy", what, found[0].line)
    if found is not None and found[0].aliased and not direction.promotes:
        what = f"the value of `{POLICY}` (anchor &{found[0].anchor}) is used elsewhere too, and would go"
        raise UnmovableError("restart-policy", what, found[0].line)


def rewrite(
    text: str,
    pod: PodSpec,
    indexes: Sequence[int],
    placement: Placement,
    direction: Direction,
    manners: Mapping[int, Manner] = MappingProxyType({}),
) -> list[Edit]:
    """The edits that move the items at `indexes` of the direction's source list, in that order, behind the target's.

    `manners` are for items that move in a manner of their own, by index. `check_pod` and `check_container` have
    passed. Raises UnmovableError where the two lists do not allow it.
    """
    source = _list_of(pod.node, direction.source)
    inner = {}
    for index in indexes:
        manner = manners.get(index, PLAIN_MANNER)
        named = _name_before(text, pod.node, direction.source, index, manner.named_before)
        if not direction.promotes:
            inner[index] = [*named, *_remove_policy(text, source.items[index])]
        elif manner.keeps_policy:
            inner[index] = named
        else:
            probe = _add_probe(text, pod.node, source.items[index], manner)
            inner[index] = [*named, *_add_policy(text, source.items[index]), *probe]
    return move_edits(text, ListMove(pod.node, direction.source, direction.target, tuple(indexes), inner), placement)


def _name_before(text: str, mapping: Node, key: str, index: int, names: Sequence[str]) -> list[Edit]:
    """The edit that puts items that only name a container before an item."""
    pair = mapping.pair(key)
    if not names or pair is None:
        return []
    item = pair[1].items[index]
    if pair[1].style == "flow":
        quote = item.pairs[0][0].style or ""
        bodies = (f"{{{quote}name{quote}: {quoted(name, quote)}}}, " for name in names)
        return [Edit(item.start, item.start, "".join(bodies))]
    extent = extents(text, pair[1].items, line_end(text, pair[0].end))[index]
    newline = newline_at(text, item.start)
    lines = (f"{' ' * extent.dash}- name: {quoted(name)}{newline}" for name in names)
    return [Edit(extent.start, extent.start, "".join(lines))]


def only_names(text: str, listed: Node, index: int) -> Edit | None:
    """The edit that takes away an item that only names a container before another item, as `rewrite` writes it.

    None for any other item, and for one that says more than the name.
    """
    item = listed.items[index]
    following = listed.items[index + 1] if index + 1 < len(listed.items) else None
    name = item.pairs[0][1] if len(item.pairs) == 1 and item.pairs[0][0].value == "name" else None
    if name is None or following is None or any((one.kind, one.tag, one.anchor) != _PLAIN for one in item.pairs[0]):
        return None
    if listed.style == "flow":
        is_own = not item.anchor and not item.tag and text[item.end : following.start] == ", "
        return Edit(item.start, following.start, "") if is_own else None
    start, end = line_start(text, item.start), line_end(text, name.end)
    is_own = text[start:end].strip() in (f"- name: {name.value}", f'- name: "{name.value}"')
    return Edit(start, end, "") if is_own else None


_PLAIN = ("scalar", None, None)


def quoted(name: str, quote: str = "") -> str:
    """A container's name as YAML reads it back: in quotes where it could be taken for something else."""
    plain = re.fullmatch(r"[a-z][a-z0-9-]*", name) and name not in _WORDS
    mark = quote or ("" if plain else '"')
    return f"{mark}{name}{mark}"


_COLON = re.compile(r"[ \t]*:")
_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})


def _list_of(mapping: Node, key: str) -> Node:
    pair = mapping.pair(key)
    if pair is None:
        what = f"`{key}` comes through a merge key (`<<`): write the list out in the pod spec to have it edited"
        raise UnmovableError("merge-only", what, mapping.line)
    node = pair[1]
    if node.kind == "alias" or (node.aliased and node.anchor):
        raise UnmovableError("shared-list", f"`{key}` is shared with another place by anchor and alias", node.line)
    if node.kind != "seq":
        raise UnmovableError(f"{key}-not-a-list", f"`{key}` is not a list", node.line)
    return node


def _add_policy(text: str, item: Node) -> list[Edit]:
    """The edit that adds `restartPolicy: Always` behind the image (else the name); none if it stands there."""
    if item.pair(POLICY) is not None:
        return []
    return [add_pair(text, _policy_place(text, item), item.style, POLICY, ALWAYS)]


def _add_probe(text: str, pod: Node, item: Node, manner: Manner) -> list[Edit]:
    """The edit that adds the startupProbe behind `restartPolicy`, wherever that stands afterwards."""
    if manner.startup_probe is None:
        return []
    step = indentation_step(item) or indentation_step(pod) or _STEP
    return [add_mapping(text, _policy_place(text, item), item.style, STARTUP_PROBE, manner.startup_probe, step)]


def _policy_place(text: str, item: Node) -> tuple[Node, Node]:
    pair = item.pair(POLICY) or item.pair("image") or item.pair("name") or item.pairs[0]
    _check_implicit(text, item, pair[0])
    return pair


def _check_implicit(text: str, item: Node, key: Node) -> None:
    if item.style == "block" and not _COLON.match(text, key.end):
        what = f"`{key.value}` of the container is written as an explicit key (`? {key.value}`)"
        raise UnmovableError("key-not-on-own-line", f"{what}: write `{key.value}:`", key.line)


def _remove_policy(text: str, item: Node) -> list[Edit]:
    """The edit that takes `restartPolicy` away."""
    pair = item.pair(POLICY)
    if pair is None:
        return []
    _check_implicit(text, item, pair[0])
    return [remove_pair(text, item, pair)]


def _own_values(item: Node) -> list[Node]:
    return [value for _, value in item.pairs]


def _policy(item: Node) -> tuple[Node, bool] | None:
    own = item.pair(POLICY)
    if own is not None:
        return own[1].resolved, False
    seen: set[int] = set()
    stack = [value for key, value in item.pairs if key.value == "<<"]
    while stack:
        node = stack.pop().resolved
        if id(node) in seen:
            continue
        seen.add(id(node))
        merged = node.get(POLICY) if node.kind == "map" else None
        if merged is not None:
            return merged, True
        stack += node.items
        stack += [value for key, value in node.pairs if key.value == "<<"]
    return None
