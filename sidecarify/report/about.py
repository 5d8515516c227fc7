"""What the formats need to know of a run besides its results."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from sidecarify.report.words import REVERT, Words, words_of


def same(name: str) -> str:
    """The name itself."""
    return name


class About(NamedTuple):
    """The command, the target, and how files are to be called.

    `located` gives the name of a file from the root of its repository, which is how code hosts know it. `patches` says
    that the differences themselves are wanted too.
    """

    command: str
    kubernetes: str
    version: str = ""
    located: Callable[[str], str] = same
    patches: bool = False

    @property
    def words(self) -> Words:
        """How the run speaks of moves."""
        return words_of(reverting=self.command == REVERT.verb)
