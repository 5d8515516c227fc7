"""What a conversion changed in the model, told apart from the text by an independent comparison (deepdiff)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, cast

from sidecarify.yamltext.documents import split
from sidecarify.yamltext.tree import Node, parse

if TYPE_CHECKING:
    from sidecarify.plan import Move

Plain = dict[str, "Plain"] | list["Plain"] | str


def explain(before: str, after: str, moves: Sequence[Move]) -> list[str]:
    """The changes of the model, a line each: what was moved from where to where, and whatever else differs.

    The moves are made in the old model, and deepdiff then says how it differs from the new one: `restartPolicy: Always`
    of each moved container, added or removed, and nothing else. A container that a patch within a scalar defines, or an
    operation, is in no list of the model.
    """
    lines: list[str] = []
    for number, group in groupby(sorted(moves, key=lambda move: move.document), key=lambda move: move.document):
        model = _model(before, number)
        listed = []
        for move in group:
            if _is_listed(model, move):
                listed.append(move)
            else:
                lines.append(f"moved {move.container}, which is defined in a patch ({move.path}): see the diff")
        if listed:
            lines += _document(model, _model(after, number), listed)
    return lines


def _is_listed(model: Plain, move: Move) -> bool:
    spec = _at(model, move.path)
    items = spec.get(_lists(move)[0]) if isinstance(spec, dict) else None
    return isinstance(items, list) and move.source_index < len(items)


def _document(old: Plain, new: Plain, moves: Sequence[Move]) -> Iterator[str]:
    from deepdiff import DeepDiff  # noqa: PLC0415  (slow to import, and needed for this alone)

    for path, group in groupby(moves, key=lambda move: move.path):
        yield from _move(old, path, list(group))
    found = DeepDiff(old, new, view="tree", threshold_to_diff_deeper=0)
    expected = {f"{_place(move)}.restartPolicy" for move in moves}
    probes = {f"{_place(move)}.startupProbe" for move in moves if move.startup_probe is not None}
    strange = 0
    for kind, differences in sorted(found.items()):
        for difference in differences:
            where = ".".join(str(step) for step in difference.path(output_format="list"))
            if where in expected and kind == "dictionary_item_added" and difference.t2 == "Always":
                yield f"added {where}: Always"
            elif where in probes and kind == "dictionary_item_added":
                yield f"added {where}: {difference.t2}"
            elif where in expected and kind == "dictionary_item_removed":
                yield f"removed {where}: {difference.t1}"
            else:
                strange += 1
                yield f"{kind.replace('_', ' ')}: {where}: {difference.t1!r} -> {difference.t2!r}"
    if not strange:
        yield "nothing else differs"


def _move(model: Plain, path: str, moves: Sequence[Move]) -> Iterator[str]:
    """Make the moves of one pod spec in `model`, and say so."""
    spec = cast("dict[str, Plain]", _at(model, path))
    source, target = _lists(moves[0])
    left = cast("list[Plain]", spec[source])
    present = spec.get(target)
    joined = present if isinstance(present, list) else []
    spec[target] = joined
    ordered = sorted(moves, key=lambda move: move.target_index)
    joined += [left[move.source_index] for move in ordered]
    moved = {move.source_index for move in moves}
    stay = [item for index, item in enumerate(left) if index not in moved]
    if stay:
        spec[source] = stay
    else:
        del spec[source]
    base = _joined(path)
    for move in ordered:
        yield f"moved {move.container}: {base}{source}.{move.source_index} -> {_place(move)}"


def _lists(move: Move) -> tuple[str, str]:
    """From which list to which."""
    return ("initContainers", "containers") if move.reverted else ("containers", "initContainers")


def _place(move: Move) -> str:
    return f"{_joined(move.path)}{_lists(move)[1]}.{move.target_index}"


def _joined(path: str) -> str:
    return f"{path}." if path else ""


def _at(model: Plain, path: str) -> Plain:
    """What `path` leads to. Its steps are joined by dots, and a key may hold dots itself."""
    step = ""
    for part in path.split(".") if path else ():
        step = f"{step}.{part}" if step else part
        if isinstance(model, list):
            model, step = model[int(step)], ""
        elif isinstance(model, dict) and step in model:
            model, step = model[step], ""
    return model


def _model(text: str, number: int) -> Plain:
    document = split(text.removeprefix("\ufeff"))[number]
    root = parse(text.removeprefix("\ufeff")[document.start : document.end])
    return "" if root is None else _plain(root)


def _plain(node: Node) -> Plain:
    """The node in plain Python: scalars as text with their tag and style, an alias as its name, never expanded."""
    if node.kind == "map":
        return {_key(key): _plain(value) for key, value in node.pairs}
    if node.kind == "seq":
        return [_plain(item) for item in node.items]
    if node.kind == "alias":
        return f"*{node.value}"
    return node.value if node.style is None and not node.tag else f"{node.tag or ''}{node.style or ''}{node.value}"


def _key(node: Node) -> str:
    return node.value if node.kind == "scalar" else repr(node)
