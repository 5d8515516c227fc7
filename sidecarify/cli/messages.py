"""Messages on files, as they come: errors always, and of what is worth knowing of one kind only the first few."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

from sidecarify.cli.terminal import Terminal, complain
from sidecarify.report import text

if TYPE_CHECKING:
    from sidecarify.outcome import Trouble
    from sidecarify.plan import Refusal

FEW = 10
"""A repository may have hundreds of one kind, and what else there is to say would drown in them."""
MANY = 100
"""Who has so many reasons on the screen reads none."""


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


class LeftAlone:
    """What was left alone, and why: told at the end, as a list or, where that would be too long, counted by rule."""

    def __init__(self, terminal: Terminal, *, every: bool, more: str) -> None:
        """`every`: the list is never too long. `more` is what shows it then."""
        self._terminal = terminal
        self._every = every
        self._more = more
        self._lines: dict[str, None] = {}
        self._rules: Counter[str] = Counter()

    def __bool__(self) -> bool:
        """Whether there is anything to tell."""
        return bool(self._lines)

    def add(self, file: str, refusals: Iterable[Refusal]) -> None:
        """Take note of the reasons in one manifest; many may speak of one container."""
        rules: set[tuple[int, str, str, str]] = set()
        for one in refusals:
            rules.add((one.document, one.path, one.container, one.rule))
            if self._every or len(self._lines) <= MANY:
                self._lines[text.refusal_message(file, one, self._terminal.err)] = None
        self._rules.update(rule for *_, rule in rules)

    def tell(self) -> None:
        """Print the list, or the counts."""
        if len(self._lines) > MANY and not self._every:
            self._terminal.say(f"{text.left_by_rule(self._rules)}{self._more} lists them, with the reasons.")
            return
        for line in self._lines:
            self._terminal.say(line)
