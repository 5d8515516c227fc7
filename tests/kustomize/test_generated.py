"""Generated trees: what kubectl builds of them after a move is what it built before, but for the move."""

from __future__ import annotations

import os
import re
import tempfile
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from sidecarify.direction import TO_CONTAINER, TO_SIDECAR, Direction
from sidecarify.kube import fields
from tests.kustomize.judge import Objects, built, force, prove, write
from tests.kustomize.trees import Tree, trees

EXAMPLES = int(os.environ.get("SIDECARIFY_KUSTOMIZE_EXAMPLES", "25"))
SETTINGS = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))


@SETTINGS
@given(trees())
def test_to_native_sidecars(tree: Tree) -> None:
    check(tree, TO_SIDECAR)


@SETTINGS
@given(trees(sidecars=True))
def test_back_to_containers(tree: Tree) -> None:
    check(tree, TO_CONTAINER)


def check(tree: Tree, direction: Direction) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = tree.write(Path(folder))
        before = built(root / tree.top)
        if isinstance(before, str):
            return
        _, carried = force(root, tree.moves, direction)
        faults = [reason.message for reason in carried.refused.values() if "please report" in reason.message]
        assert faults == []
        if not carried.changes:
            return
        assert prove(root, carried, [tree.top]) == []
        after = built(root / tree.top)
        assert not isinstance(after, str)
        if direction.promotes:
            check_order(before, after)


@SETTINGS
@given(trees())
def test_there_and_back(tree: Tree) -> None:
    """The way back gives every line of a tree as it was, but for the place of a container in its list.

    What counts containers in two workloads at once can then need two different numbers.
    """
    with tempfile.TemporaryDirectory() as folder:
        root = tree.write(Path(folder))
        _, reasons = bring_back(root, tree)
        assert all("the same text is used" in reason for reason in reasons)
        for name, text in tree.files.items() if not reasons else ():
            assert without_places((root / name).read_text()) == without_places(text)


def bring_back(root: Path, tree: Tree) -> tuple[bool, list[str]]:
    """Write the move and the way back; whether something moved, and why something could not come back."""
    _, carried = force(root, tree.moves)
    write(root, carried)
    names = {fields.text(site.node, "name") or "" for group in carried.groups for site in group.sites}
    _, back = force(root, sorted(names), TO_CONTAINER)
    write(root, back)
    return bool(carried.changes), [reason.message for reason in back.refused.values()]


def without_places(text: str) -> list[str]:
    """The lines of a file in any order, and without the indexes of containers in paths.

    An operation that adds to an empty list may also add the list.
    """
    anywhere = re.sub(r"(containers|initContainers)([./](?:\d+|-))?", r"\1", text.replace("\\n", "\n"))
    return sorted(re.sub(r"[][]", "", line).strip(" -") for line in anywhere.splitlines())


def check_order(before: Objects, after: Objects) -> None:
    """Native sidecars stand behind every init container, and nothing else has changed its place."""
    for key, old in before.items():
        if key[0] != "Deployment":
            continue
        names = [Counter[str](), Counter[str]()]
        specs = [one["spec"]["template"]["spec"] for one in (old, after[key])]
        inits = [[one["name"] for one in spec.get("initContainers") or []] for spec in specs]
        rest = [[one["name"] for one in spec["containers"]] for spec in specs]
        for index in (0, 1):
            names[index].update(inits[index] + rest[index])
        assert names[0] == names[1]
        assert inits[1][: len(inits[0])] == inits[0]
        assert rest[1] == [name for name in rest[0] if name not in inits[1]]


@pytest.mark.parametrize("direction", [TO_SIDECAR, TO_CONTAINER], ids=["to-sidecars", "back"])
def test_generated_trees_are_of_use(direction: Direction) -> None:
    """In many generated trees something moves, so that the tests above judge something."""
    moved = 0

    @settings(max_examples=50, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(trees(sidecars=not direction.promotes))
    def look(tree: Tree) -> None:
        nonlocal moved
        with tempfile.TemporaryDirectory() as folder:
            moved += bool(force(tree.write(Path(folder)), tree.moves, direction)[1].changes)

    look()
    assert moved >= 10


def test_many_generated_trees_come_back_to_the_byte() -> None:
    """Those in which helpers stand behind the other containers, and nothing counts them."""
    same = 0

    @settings(max_examples=50, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(trees())
    def look(tree: Tree) -> None:
        nonlocal same
        with tempfile.TemporaryDirectory() as folder:
            root = tree.write(Path(folder))
            moved, _ = bring_back(root, tree)
            same += moved and all((root / name).read_bytes() == text.encode() for name, text in tree.files.items())

    look()
    assert same >= 3
