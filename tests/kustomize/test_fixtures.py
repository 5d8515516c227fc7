"""Every kind of reference: the files as they are to be, and kubectl as the judge of what they build."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import NamedTuple

import pytest

from sidecarify.direction import TO_CONTAINER, TO_SIDECAR, Direction
from tests.kustomize.judge import built, force, prove
from tests.support.cases import FIXTURES

TREES = FIXTURES / "kustomize"


class Case(NamedTuple):
    """One tree: `names` are the containers that move (moves.txt, else `log-reader`), `direction.txt` the way back."""

    name: str
    before: Path
    names: tuple[str, ...]
    direction: Direction

    @property
    def after(self) -> dict[str, bytes]:
        folder = self.before.with_name("after")
        return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def cases(expectation: str) -> list[object]:
    found: list[object] = []
    for before in sorted((TREES / expectation).rglob("before")):
        moves, back = before.with_name("moves.txt"), before.with_name("direction.txt")
        names = tuple(moves.read_text().split()) if moves.exists() else ("log-reader",)
        case = Case(
            before.parent.relative_to(TREES / expectation).as_posix(),
            before,
            names,
            TO_CONTAINER if back.exists() else TO_SIDECAR,
        )
        found.append(pytest.param(case, id=case.name))
    return found


@pytest.mark.parametrize("case", cases("followed"))
def test_followed(case: Case, tmp_path: Path) -> None:
    """The move is followed in all files, each as it is to be, and the builds differ by the move alone."""
    graph, carried = force(case.before, case.names, case.direction)
    assert not carried.refused
    assert {change.path: change.after for change in carried.changes} == case.after
    for root in graph.roots:
        assert not isinstance(built(case.before / root), str)
    tree = tmp_path / "tree"
    shutil.copytree(case.before, tree)
    assert prove(tree, carried, graph.roots) == []


@pytest.mark.parametrize("case", cases("followed"))
def test_written_files_say_nothing_more(case: Case, tmp_path: Path) -> None:
    """A second run finds nothing of these names in the list that they left."""
    tree = tmp_path / "tree"
    shutil.copytree(case.before, tree)
    for name, data in case.after.items():
        (tree / name).write_bytes(data)
    _, carried = force(tree, case.names, case.direction)
    assert not carried.changes


@pytest.mark.parametrize("case", cases("refused"))
def test_refused(case: Case) -> None:
    """Nothing changes, and the reason points at a line of a file."""
    graph, carried = force(case.before, case.names, case.direction)
    assert not carried.changes
    assert carried.refused
    expected = case.before.with_name("reason.txt").read_text()
    told = {
        f"{graph.sources.place(one.line)}: {one.message}. {one.advice}".rstrip() for one in carried.refused.values()
    }
    assert "\n".join(sorted(told)) + "\n" == expected


def test_there_is_a_fixture_of_each_kind() -> None:
    groups = {path.name for path in (TREES / "followed").iterdir()}
    assert groups == {"back", "defined", "field-paths", "operations", "strategic", "targets"}
    assert len(cases("followed")) > 40
    assert len(cases("refused")) > 20
