"""The fixtures of edits: manifests before and after, and what forces a container to move."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple, get_args

import pytest

from sidecarify import Conversion, Options, convert_text
from sidecarify.yamltext.lists import Placement

FIXTURES = Path(__file__).parents[2] / "fixtures"
EDITS = FIXTURES / "edits"
PLACEMENTS: tuple[Placement, ...] = get_args(Placement)


class Case(NamedTuple):
    """One folder of `fixtures/edits`.

    `helpers` name the containers that are forced to move: those of the file `helpers.txt`, else all called `log*`.
    `placements` are those of the file `placements.txt`, else all of them.
    """

    name: str
    before: Path
    helpers: tuple[str, ...]
    placements: tuple[Placement, ...]

    @property
    def text(self) -> str:
        return read(self.before)

    def after(self, placement: Placement) -> str:
        """What is to come out; `after-before` is there where `--placement before` makes a difference."""
        own = self.before.with_stem(f"after-{placement}")
        return read(own if own.exists() else self.before.with_stem("after"))


def read(path: Path) -> str:
    """The file's text with its line ends and its byte order mark."""
    return path.read_bytes().decode("utf-8")


def cases(expectation: str) -> list[Case]:
    """The cases below `fixtures/edits/<expectation>`."""
    found = []
    for before in sorted((EDITS / expectation).rglob("before.*")):
        named, placed = before.with_name("helpers.txt"), before.with_name("placements.txt")
        helpers = tuple(read(named).split()) if named.exists() else ("log*",)
        chosen = read(placed).split() if placed.exists() else PLACEMENTS
        name = before.parent.relative_to(EDITS / expectation).as_posix()
        placements = tuple(placement for placement in PLACEMENTS if placement in chosen)
        found.append(Case(name, before, helpers, placements))
    return found


def force(text: str, helpers: tuple[str, ...] = ("log*",), placement: Placement = "auto") -> Conversion:
    """Convert with the judge overruled: the containers `helpers` move, and no other.

    Fixtures call no other container by a name that begins with `l`.
    """
    options = Options(helpers=helpers, mains=("[!l]*",), accept=("*",), placement=placement)
    return convert_text(text, options)


def params(found: list[Case]) -> list[object]:
    """The cases as parameters of a test, named by their folders."""
    return [pytest.param(case, id=case.name) for case in found]
