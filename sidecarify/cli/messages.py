"""Messages on files, as they come: errors always, and of what is worth knowing of one kind only the first few."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

from sidecarify.cli.terminal import Terminal, complain
from sidecarify.report import text

if TYPE_CHECKING:
    from sidecarify.outcome import Trouble

FEW = 10
"""A repository may have hundreds of one kind, and what else there is to say would drown in them."""


class Messages:
    """Prints messages on files; `failed` once there was an error."""

    def __init__(self, terminal: Terminal, *, every: bool) -> None:
        """`every`: nothing is left out."""
        self.failed = False
        self._terminal = terminal
        self._every = every
        self._known: Counter[str] = Counter()

    def tell(self, troubles: Iterable[Trouble]) -> None:
        """Print messages; errors even where the user wants quiet."""
        for one in troubles:
            line = text.message(one.file, one.line, one.code, "", one.message, self._terminal.err)
            if one.error:
                self.failed = True
                complain(line)
            else:
                self.mention(one.code, line)

    def mention(self, kind: str, line: str) -> None:
        """Print a line that is worth knowing, unless there have been many of its kind."""
        self._known[kind] += 1
        if self._every or self._known[kind] <= FEW:
            self._terminal.say(line)

    def sum_up(self) -> None:
        """Say how many lines were left out."""
        for kind, count in sorted(self._known.items()):
            if not self._every and count > FEW:
                self._terminal.say(text.more_of(kind, count - FEW))
