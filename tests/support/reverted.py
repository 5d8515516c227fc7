"""The fixtures of the way back: manifests before and after, and what may not be taken back."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from sidecarify import Conversion, Options, revert_text
from tests.support.cases import FIXTURES, read

REVERTED = FIXTURES / "reverted"


class Case(NamedTuple):
    """One folder of `fixtures/reverted`: its native sidecars called `log*` are to be taken back."""

    name: str
    before: Path

    @property
    def text(self) -> str:
        return read(self.before)

    @property
    def after(self) -> str:
        return read(self.before.with_stem("after"))


def cases(expectation: str) -> list[Case]:
    """The cases below `fixtures/reverted/<expectation>`."""
    folder = REVERTED / expectation
    return [Case(path.parent.relative_to(folder).as_posix(), path) for path in sorted(folder.rglob("before.*"))]


def take_back(text: str, only: tuple[str, ...] = ("log*",)) -> Conversion:
    """Take the native sidecars called `only` back, with the judge overruled."""
    return revert_text(text, Options(only=only, accept=("*",)))
