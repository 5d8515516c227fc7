"""The proof catches a broken editor: with each fault below built in, no wrong text is ever given out.

One fault cannot be caught, by its nature: comments that are left behind, because no model knows whose a comment is.
The fixtures of tests/edits pin those.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

import pytest
import yaml

from sidecarify import rewrite
from sidecarify.yamltext import items, lists, pairs
from sidecarify.yamltext.lists import ListMove, Placement
from sidecarify.yamltext.source import Edit, line_end
from sidecarify.yamltext.tree import Node
from tests.properties.checks import force
from tests.properties.generator import Manifest, manifest
from tests.support.cases import PLACEMENTS
from tests.support.yaml_data import Moved, moved, read_documents

SEEDS = range(30)
Fault = Callable[[pytest.MonkeyPatch], None]


def end_marks_of_the_parser(patch: pytest.MonkeyPatch) -> None:
    """The end of a node is where the parser says, beyond comments and blank lines."""

    def content_end(_: str, node: Node) -> int:
        return node.end

    patch.setattr(items, "content_end", content_end)


def no_indentation(patch: pytest.MonkeyPatch) -> None:
    """Items keep their column in a list of another one."""

    def shift(block: str, _: int) -> str:
        return block

    patch.setattr(lists, "shift", shift)


def indentation_of_first_lines_only(patch: pytest.MonkeyPatch) -> None:
    """Only the dash moves to its new column."""

    def shift(block: str, delta: int) -> str:
        return " " * delta + block if delta > 0 else block[min(-delta, len(block) - len(block.lstrip(" "))) :]

    patch.setattr(lists, "shift", shift)


def trimmed_lines(patch: pytest.MonkeyPatch) -> None:
    """Blanks at line ends go, those in block scalars as well."""
    original = items.shift

    def shift(block: str, delta: int) -> str:
        return re.sub(r"[ ]+(?=\r?\n)", "", original(block, delta))

    patch.setattr(lists, "shift", shift)


def lost_last_line(patch: pytest.MonkeyPatch) -> None:
    """The extent of an item misses its last line."""
    original = items.item_extent

    def item_extent(text: str, item: Node, floor: int) -> items.Extent:
        extent = original(text, item, floor)
        return extent._replace(end=max(text.rfind("\n", 0, extent.end - 1) + 1, extent.start + 1))

    patch.setattr(items, "item_extent", item_extent)


def one_line_too_many(patch: pytest.MonkeyPatch) -> None:
    """The extent of an item takes in the line behind it."""
    original = items.item_extent

    def item_extent(text: str, item: Node, floor: int) -> items.Extent:
        extent = original(text, item, floor)
        return extent._replace(end=min(line_end(text, extent.end), max(extent.end, len(text))))

    patch.setattr(items, "item_extent", item_extent)


def reversed_order(patch: pytest.MonkeyPatch) -> None:
    """Several items arrive in reverse."""
    original = lists._join

    def join(pieces: Sequence[Any], delta: int) -> str:
        return original(list(reversed(pieces)), delta)

    patch.setattr(lists, "_join", join)


def wrong_column_of_the_key(patch: pytest.MonkeyPatch) -> None:
    """The new key stands one column to the right."""
    original = lists._key_line

    def key_line(text: str, move: ListMove, key: Node) -> str:
        return " " + original(text, move, key)

    patch.setattr(lists, "_key_line", key_line)


def policy_in_front_of_the_image(patch: pytest.MonkeyPatch) -> None:
    """`restartPolicy` is written at the start of its neighbour's value."""

    def add_pair(text: str, after: tuple[Node, Node], style: str | None, key: str, value: str) -> Edit:
        edit = pairs.add_pair(text, after, style, key, value)
        return Edit(after[1].start, after[1].start, edit.text)

    patch.setattr(rewrite, "add_pair", add_pair)


def forgotten_policy(patch: pytest.MonkeyPatch) -> None:
    """`restartPolicy` is not written at all."""

    def add_policy(_: str, __: Node) -> list[Edit]:
        return []

    patch.setattr(rewrite, "_add_policy", add_policy)


def forgotten_removal(patch: pytest.MonkeyPatch) -> None:
    """The item stays where it was, too."""
    original = lists.move_edits

    def move_edits(text: str, move: ListMove, placement: Placement) -> list[Edit]:
        return [edit for edit in original(text, move, placement) if edit.text]

    patch.setattr(rewrite, "move_edits", move_edits)


def neighbour_instead(patch: pytest.MonkeyPatch) -> None:
    """The item before the one that is meant moves."""
    original = lists.move_edits

    def move_edits(text: str, move: ListMove, placement: Placement) -> list[Edit]:
        moved = tuple(max(index - 1, 0) for index in move.indexes)
        inner = {max(index - 1, 0): edits for index, edits in move.inner.items()}
        return original(text, ListMove(move.mapping, move.source, move.target, moved, inner), placement)

    patch.setattr(rewrite, "move_edits", move_edits)


FAULTS = (
    end_marks_of_the_parser,
    no_indentation,
    indentation_of_first_lines_only,
    trimmed_lines,
    lost_last_line,
    one_line_too_many,
    reversed_order,
    wrong_column_of_the_key,
    policy_in_front_of_the_image,
    forgotten_policy,
    forgotten_removal,
    neighbour_instead,
)


@pytest.mark.parametrize("fault", [pytest.param(fault, id=fault.__name__.replace("_", "-")) for fault in FAULTS])
def test_no_wrong_text_is_given_out(fault: Fault, monkeypatch: pytest.MonkeyPatch) -> None:
    cases = [(manifest(Random(seed)), placement) for seed in SEEDS for placement in PLACEMENTS]
    intact = [force(case.text, case, placement).text for case, placement in cases]
    fault(monkeypatch)
    refused = 0
    for (case, placement), right in zip(cases, intact, strict=True):
        refused += _check(case, placement, right)
    assert refused, "the fault never showed: it proves nothing"


def _check(case: Manifest, placement: Placement, right: str) -> bool:
    """Whether the fault showed; what was given out all the same is the expected object with the same lines."""
    try:
        conversion = force(case.text, case, placement)
    except (ValueError, AssertionError, IndexError):
        return True
    moves = [Moved(move.document, move.path, move.index, move.container) for move in conversion.moves]
    try:
        before = read_documents(case.text)
    except yaml.YAMLError:
        return False
    assert read_documents(conversion.text) == moved(before, moves)
    if len(moves) == len(case.helpers):
        assert _lines(conversion.text) == _lines(right)
    return bool(conversion.refusals)


def _lines(text: str) -> list[str]:
    return sorted(line.strip() for line in text.split("\n") if line.strip())
