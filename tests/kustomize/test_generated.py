"""Generated trees: what kubectl builds of them after a move is what it built before, but for the move."""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from sidecarify.direction import TO_CONTAINER, TO_SIDECAR, Direction
from tests.kustomize.judge import Objects, built, force, prove
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
