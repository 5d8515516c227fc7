"""Trees with damaged lines: nothing raises, and no proof fails that the plan should have foreseen."""

from __future__ import annotations

import shutil
from pathlib import Path
from random import Random

import pytest

from sidecarify import Options
from sidecarify.direction import TO_CONTAINER, TO_SIDECAR
from sidecarify.kustomize.graph import read_graph
from sidecarify.kustomize.sources import Sources
from sidecarify.kustomize.tree import convert_tree
from tests.kustomize.test_fixtures import TREES

FORCED = Options(helpers=("log-reader", "agent"), accept=("*",), unsafe=True)
CASES = sorted(TREES.rglob("before"))


def damage(path: Path, random: Random) -> None:
    lines = path.read_text().splitlines(keepends=True)
    index = random.randrange(len(lines))
    line = lines[index]
    match random.randrange(7):
        case 0:
            lines.insert(index, line)
        case 1:
            del lines[index]
        case 2:
            lines[index] = line.replace(":", ": null  #", 1)
        case 3:
            other = random.randrange(len(lines))
            lines[index], lines[other] = lines[other], line
        case 4:
            lines[index] = " " + line
        case 5:
            lines[index] = line.replace("containers", "initContainers")
        case _:
            old, new = random.choice("abcd123 -{}[]:"), random.choice(["", "*x", "&x ", "~", "[]", "{}", '"', "'"])
            lines[index] = line.replace(old, new, 1)
    path.write_text("".join(lines))


@pytest.mark.parametrize("direction", [TO_SIDECAR, TO_CONTAINER], ids=["to-sidecars", "back"])
@pytest.mark.parametrize("seed", range(8))
def test_damaged_trees(seed: int, direction: object, tmp_path: Path) -> None:
    random = Random(seed)
    for number in range(12):
        root = tmp_path / str(number)
        shutil.copytree(random.choice(CASES), root)
        files = [path for path in sorted(root.rglob("*")) if path.is_file()]
        for path in random.sample(files, min(len(files), 2)):
            damage(path, random)
        found = convert_tree(read_graph(Sources(root)), FORCED, direction=direction)  # type: ignore[arg-type]
        faults = [one.refusal.message for one in found.refusals if "please report" in one.refusal.message]
        assert faults == []
