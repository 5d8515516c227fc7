"""Manifests of public repositories: every container but the first of a pod is forced to move, one at a time."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.judges.figures import KNOWN_REFUSALS, figures
from tests.support.corpus import ABSENT, MANIFESTS, Target, targets, texts
from tests.support.yaml_data import Moved, moved, read_documents

pytestmark = pytest.mark.skipif(not MANIFESTS.is_dir(), reason=ABSENT)


def found() -> list[object]:
    return [pytest.param(target, id=target.id) for target in targets()] if MANIFESTS.is_dir() else []


@pytest.mark.parametrize("target", found())
def test_forced_move(target: Target) -> None:
    """The container moves and nothing else does, or there is a reason."""
    conversion = target.conversion
    if not conversion.moves:
        assert conversion.text == target.text
        # A template is refused as a document.
        assert {refusal.container for refusal in conversion.refusals} <= {target.move.name, ""}
        assert conversion.refusals
        assert {refusal.rule for refusal in conversion.refusals} <= KNOWN_REFUSALS
        return
    moves = [Moved(move.document, move.path, move.index, move.container) for move in conversion.moves]
    assert moves == [target.move]
    assert read_documents(conversion.text) == moved(read_documents(target.text), moves)
    if target.file.suffix != ".json":
        assert _lines_added(target.text, conversion.text) <= {"initContainers:", "restartPolicy: Always"}
        assert not _lines_added(conversion.text, target.text)


def _lines_added(old: str, new: str) -> set[str]:
    count = Counter(line.strip() for line in new.split("\n"))
    count.subtract(line.strip() for line in old.split("\n"))
    return {line for line, number in count.items() if number > 0}


def test_almost_all_moves_are_made() -> None:
    counts = figures()
    assert counts["containers"] > 100
    assert counts["moved"] >= 0.98 * counts["containers"]


def test_every_file_is_read() -> None:
    """No manifest of the corpus is an error."""
    unread = {target.id: target.conversion.errors for target in targets() if target.conversion.errors}
    assert not unread
    assert len(texts()) > 100
