"""From plans to texts: every touched piece of text is edited, read again and compared with what it is meant to be.

Lists of pod specs and of patches go through the same engine as a manifest's (rewrite.py, verify.py); pointers and
field paths are replaced in place; so is what changes of a patch inside a scalar.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import NamedTuple

from sidecarify.direction import ALWAYS, POLICY, Direction
from sidecarify.kube import fields
from sidecarify.kube.objects import KubeObject
from sidecarify.kube.workload import PodSpec
from sidecarify.rewrite import check_container, check_pod, only_names, rewrite
from sidecarify.verify import Change, VerifyError, verify
from sidecarify.yamltext.items import last_line_end, shift
from sidecarify.yamltext.lists import Placement, UnmovableError
from sidecarify.yamltext.pairs import Plain, add_pair, remove_pair
from sidecarify.yamltext.scalars import UnspellableError, respelled
from sidecarify.yamltext.source import Edit as TextEdit
from sidecarify.yamltext.source import EditConflictError, line_start, splice
from sidecarify.yamltext.tree import Node, YamlError, parse

from .check import Expected, compare
from .demands import Edit, ListPlan, OperationPlan, Reason, TextPlan
from .sources import Sources, TextFile, Unit


class UneditableError(Exception):
    """A text that cannot be changed as planned, for a `reason`; `unit` is the piece of text."""

    def __init__(self, unit: Unit, line: int, message: str, advice: str = "") -> None:
        super().__init__(message)
        self.unit = unit
        self.reason = Reason(line, message, advice)


_WRITTEN_OUT = "Write it out, without anchor and alias"
_ADVICE = {
    "undefined-alias": "Move the anchor, or write its value out",
    "shared-podspec": _WRITTEN_OUT,
    "shared-list": _WRITTEN_OUT,
    "shared-item": _WRITTEN_OUT,
    "merge-only": "Write it out, without the merge key",
}


class FileChange(NamedTuple):
    """A file of the tree before and after; `path` is relative to the root."""

    path: str
    before: bytes
    after: bytes


@dataclass(slots=True)
class _Work:
    """What is to be done to one unit."""

    lists: list[tuple[Edit, ListPlan]] = field(default_factory=list)
    operations: list[tuple[Edit, OperationPlan]] = field(default_factory=list)
    texts: list[tuple[Node, str]] = field(default_factory=list)
    inner: list[Unit] = field(default_factory=list)


Probes = Mapping[int, Mapping[str, Plain]]
"""The startupProbes that containers are to get, by the identity of the node that defines the container."""


def file_changes(
    sources: Sources,
    edits: Iterable[Edit],
    placement: Callable[[str], Placement],
    direction: Direction,
    probes: Probes = MappingProxyType({}),
) -> list[FileChange]:
    """The files that the edits change, each with the placement of its own.

    Raises UneditableError; nothing of a failed set of edits is of use.
    """
    work: dict[Unit, _Work] = defaultdict(_Work)
    for edit in edits:
        unit = edit.subject.unit
        if isinstance(edit.plan, ListPlan):
            work[unit].lists.append((edit, _with_probes(edit, edit.plan, probes)))
        elif isinstance(edit.plan, OperationPlan):
            work[unit].operations.append((edit, edit.plan))
        else:
            work[unit].texts.append((edit.subject.holder, edit.plan.text))
    for unit in list(work):
        if unit.outer is not None:
            work[unit.outer].inner.append(unit)
    results = {unit: _changed(unit, work, placement(unit.file), direction) for unit in work if unit.outer is None}
    by_file: dict[str, list[tuple[Unit, str]]] = defaultdict(list)
    for unit, text in results.items():
        by_file[unit.file].append((unit, text))
    changes = []
    for name, units in by_file.items():
        file = sources.read(name)
        assert isinstance(file, TextFile)  # noqa: S101  (its units were read)
        replaced = [TextEdit(unit.document.start, unit.document.end, text) for unit, text in units]
        parts: list[str] = []
        position = 0
        for edit_ in sorted(replaced):
            parts += (file.source.text[position : edit_.start], edit_.text)
            position = edit_.end
        parts.append(file.source.text[position:])
        after = type(file.source)("".join(parts), file.source.bom).encode()
        changes.append(FileChange(name, file.source.encode(), after))
    return changes


def _with_probes(edit: Edit, plan: ListPlan, probes: Probes) -> ListPlan:
    """The plan with the probes of the containers that the list itself defines; what patches them gets none."""
    nodes = {
        site.index: site.node
        for site in edit.sites
        if site.unit is edit.subject.unit and site.path == edit.subject.path and site.how != "operation"
        if edit.subject.holder is site.owner.node
    }
    items = [
        (index, manner._replace(startup_probe=probes.get(id(nodes[index]))) if index in nodes else manner)
        for index, manner in plan.items
    ]
    return ListPlan(tuple(items))


def _changed(unit: Unit, work: Mapping[Unit, _Work], placement: Placement, direction: Direction) -> str:
    """The new text of a unit, proved."""
    todo = work[unit]
    try:
        text = _with_scalars(unit, todo, work, placement, direction)
        text = _with_shapes(unit, text, todo)
        for edit, plan in todo.lists:
            text = _with_list(unit, text, edit, plan, placement, direction)
    except UnmovableError as error:
        raise UneditableError(unit, error.line, error.message, _ADVICE.get(error.code, "")) from None
    except (VerifyError, EditConflictError, YamlError) as error:
        what = f"the edited text failed the proof ({error}); please report it"
        raise UneditableError(unit, unit.root.line, what) from None
    return text


# --- scalars and operations ---------------------------------------------------------------------------------------


def _with_scalars(
    unit: Unit, todo: _Work, work: Mapping[Unit, _Work], placement: Placement, direction: Direction
) -> str:
    expected = Expected()
    edits: list[TextEdit] = []
    for node, text in todo.texts:
        edits += _scalar_edits(unit, node, text, "the field path")
        expected.texts[id(node)] = text
    for edit, plan in todo.operations:
        edits += _operation_edits(unit, edit.subject.holder, plan, direction, expected)
    holders: dict[int, tuple[Node, list[Unit]]] = {}
    for inner in todo.inner:
        if inner.holder is not None:
            holders.setdefault(id(inner.holder), (inner.holder, []))[1].append(inner)
    for holder, units in holders.values():
        pieces = [
            TextEdit(one.document.start, one.document.end, _changed(one, work, placement, direction)) for one in units
        ]
        new = splice(holder.value, pieces) if holder.value.endswith("\n") else _plain_splice(holder.value, pieces)
        edits += _scalar_edits(unit, holder, new, "the text of the patch")
        expected.texts[id(holder)] = new
    if not edits:
        return unit.text
    text = splice(unit.text, edits)
    compare(unit.root, _parsed(text), expected)
    return text


def _plain_splice(text: str, edits: Sequence[TextEdit]) -> str:
    for edit in sorted(edits, reverse=True):
        text = text[: edit.start] + edit.text + text[edit.end :]
    return text


def _parsed(text: str) -> Node:
    root = parse(text)
    if root is None:
        raise VerifyError("verify-parse", "the new text is empty")
    return root


def _scalar_edits(unit: Unit, node: Node, text: str, what: str) -> list[TextEdit]:
    """Another text in the place of a scalar's, in its own style; `what` it is."""
    try:
        return respelled(unit.text, node, text)
    except UnspellableError as error:
        why = f"{what} cannot be edited in place: {error}"
        raise UneditableError(unit, node.line, why, "Write it as a block (`|-`)") from None


def _operation_edits(
    unit: Unit, operation: Node, plan: OperationPlan, direction: Direction, expected: Expected
) -> list[TextEdit]:
    edits = []
    for key, text in (("path", plan.path), ("from", plan.source)):
        node = fields.find(operation, key)
        if node is not None and text is not None and node.value != text:
            edits += _scalar_edits(unit, node, text, f"`{key}` of the operation")
            expected.texts[id(node)] = text
    pair = operation.pair("value")
    if not (plan.policy or plan.shape) or pair is None:
        return edits
    value = pair[1]
    _check_own(unit, value)
    if plan.shape == "unwrapped":
        value = value.items[0]
        _check_own(unit, value)
    if not plan.policy:
        return edits
    policy = value.pair(POLICY)
    if direction.promotes and policy is None:
        after = value.pair("image") or value.pair("name") or value.pairs[0]
        edits.append(add_pair(unit.text, after, value.style, POLICY, ALWAYS))
        expected.added.add(id(value))
    elif not direction.promotes and policy is not None:
        if policy[1].value != ALWAYS or len(value.pairs) < 2:
            raise UneditableError(unit, value.line, f"the operation's value has a `{POLICY}` of its own")
        edits.append(remove_pair(unit.text, value, policy))
        expected.removed.add(id(value))
    return edits


def _check_own(unit: Unit, value: Node) -> None:
    if value.aliased or value.anchor or value.tag or not (value.pairs or value.items):
        what = "the operation's value is shared by anchor and alias, or empty"
        raise UneditableError(unit, value.line, what, _WRITTEN_OUT)


def _with_shapes(unit: Unit, text: str, todo: _Work) -> str:
    """The text with the values of some operations as the one item of a list, or with that item in the list's place."""
    for edit, plan in todo.operations:
        if not plan.shape:
            continue
        root = _parsed(text)
        pair = root.resolved.items[edit.subject.operation].resolved.pair("value")
        if pair is None:
            raise UneditableError(unit, unit.root.line, "the operation has no value")
        value = pair[1]
        expected = Expected()
        if plan.shape == "wrapped":
            expected.wrapped.add(id(value))
            edits = _wrapping(unit, text, value)
        else:
            expected.unwrapped.add(id(value))
            edits = _unwrapping(unit, text, pair[0], value)
        text = splice(text, edits)
        compare(root, _parsed(text), expected)
    return text


def _wrapping(unit: Unit, text: str, value: Node) -> list[TextEdit]:
    if value.style == "flow":
        return [TextEdit(value.start, value.start, "["), TextEdit(value.end, value.end, "]")]
    start, end = line_start(text, value.start), last_line_end(text, value)
    if text[start : value.start].strip(" "):
        raise UneditableError(unit, unit.root.line, "the operation's value does not begin on a line of its own")
    block = shift(text[start:end], 2)
    column = value.start - start
    return [TextEdit(start, end, f"{block[:column]}- {block[column + 2 :]}")]


def _unwrapping(unit: Unit, text: str, key: Node, value: Node) -> list[TextEdit]:
    item = value.items[0]
    if value.style == "flow":
        around = (TextEdit(value.start, item.start, ""), TextEdit(item.end, value.end, ""))
        if [text[start:end].strip() for start, end, _ in around] == ["[", "]"]:
            return list(around)
    start, end = line_start(text, value.start), last_line_end(text, value)
    dash = value.start - start
    if value.style == "flow" or text[start : value.start].strip(" ") or text[value.start : item.start] != "- ":
        raise UneditableError(unit, unit.root.line, "the operation's list is written in a way that cannot be edited")
    block = text[start:end]
    back = -2 if dash > key.column else 0
    return [TextEdit(start, end, shift(f"{block[:dash]}  {block[dash + 2 :]}", back))]


# --- lists --------------------------------------------------------------------------------------------------------


def _with_list(unit: Unit, text: str, edit: Edit, plan: ListPlan, placement: Placement, direction: Direction) -> str:
    """The text with the items of one list moved to the other."""
    root = unit.root if text == unit.text else parse(text, line=unit.first)
    if root is None:
        raise VerifyError("verify-parse", "the text is empty")
    pod = _located(unit, root, edit)
    check_pod(pod, direction)
    for index, _ in plan.items:
        check_container(pod, index, direction)
    if not direction.promotes and any(manner.named_before for _, manner in plan.items):
        text, plan = _without_names(root, text, pod, plan, direction)
        return _with_list(unit, text, edit, plan, placement, direction)
    indexes = [index for index, _ in plan.items]
    manners = dict(plan.items)
    new = splice(text, rewrite(text, pod, indexes, placement, direction, manners))
    verify(root, text, new, [Change(pod.node, tuple(indexes), manners)], direction)
    return new


def _without_names(root: Node, text: str, pod: PodSpec, plan: ListPlan, direction: Direction) -> tuple[str, ListPlan]:
    """The text without the items that only keep the order before those that move, and the plan for the rest."""
    listed = pod.node.get(direction.source)
    assert listed is not None  # noqa: S101  (check_container has it)
    gone = [at for index, manner in plan.items for at in range(index - len(manner.named_before), index)]
    edits = [edit for at in gone if (edit := only_names(text, listed, at)) is not None]
    new = splice(text, edits)
    compare(root, _parsed(new), Expected(dropped={id(listed.items[at]) for at in gone}))
    left = ((index - sum(at < index for at in gone), manner._replace(named_before=())) for index, manner in plan.items)
    return new, ListPlan(tuple(left))


def _located(unit: Unit, root: Node, edit: Edit) -> PodSpec:
    """The pod spec (or that of a patch) in the tree of the text as it is now: it stands where it stood."""
    way = _way(unit.root, edit.subject.holder)
    node, route = root, [root]
    for place in way:
        node = _child(node, place)
        route.append(node)
    holder = node.resolved
    for step in edit.subject.path.split("."):
        pair = node.resolved.pair(step) if node.resolved.kind == "map" else None
        if pair is not None:
            node = pair[1]
        else:
            found = node.resolved.items[int(step)] if node.resolved.kind == "seq" else fields.find(node, step)
            if found is None:
                raise UneditableError(unit, unit.root.line, "the list comes through a merge key (`<<`)")
            node = found
        route.append(node)
    owner = KubeObject(holder, unit.document.index, "", "", "", None, None, unit.file)
    return PodSpec(node.resolved, owner, edit.subject.path, tuple(route))


def _way(root: Node, wanted: Node) -> list[int]:
    """How to reach a mapping from the root: indexes of pairs and items."""
    stack: list[tuple[Node, list[int]]] = [(root, [])]
    while stack:
        node, way = stack.pop()
        if node is wanted:
            return way
        children = [value for _, value in node.pairs] or node.items
        stack += [(child, [*way, index]) for index, child in enumerate(children) if child.kind in ("map", "seq")]
    raise VerifyError("verify-model", "the object could not be found again")


def _child(node: Node, index: int) -> Node:
    return node.pairs[index][1] if node.pairs else node.items[index]


__all__ = ["FileChange", "TextPlan", "UneditableError", "file_changes"]
