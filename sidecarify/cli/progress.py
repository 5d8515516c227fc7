"""The progress of a long run, on a terminal and nowhere else: files that are looked at, then manifests that are judged.

What is shown goes away at the end. Lines on stderr appear above it. Nothing runs beside the work for it: a second
thread would keep processes from being copies of this one (pool.py).
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, TypeVar

from sidecarify.cli.terminal import is_terminal

if TYPE_CHECKING:
    from rich.progress import Progress, ProgressColumn

    from sidecarify.survey import Survey
    from sidecarify.trees import Forest

Item = TypeVar("Item")
LOOKED_FROM = 2000
"""With fewer files to look at a run has ended before anything could be read."""
JUDGED_FROM = 200
"""As many manifests to judge."""
_PAUSE = 0.1


@contextmanager
def looking(*, wanted: bool) -> Iterator[Callable[[int], None]]:
    """Give a function to be told how many more files have been looked at, which shows how many these are."""
    with ExitStack() as stack:
        looked = 0
        shown: _Shown | None = None

        def more(number: int) -> None:
            nonlocal looked, shown
            looked += number
            if wanted and looked >= LOOKED_FROM and is_terminal(sys.stderr):
                shown = shown or stack.enter_context(_shown(of=None))
                shown.at(looked, "files looked at")

        yield more


def awaited(looked: Survey, trees: Forest) -> list[str]:
    """What is being worked on while each of the candidates is waited for."""
    files = {id(tree): f"kustomize tree of {len(tree.files)} files" for tree in trees.trees}
    return [
        files[id(trees.by_path[one.path])] if one.path in trees.by_path else "manifests" for one in looked.candidates
    ]


def watched(items: Iterable[Item], waited_for: Sequence[str], *, wanted: bool) -> Iterator[Item]:
    """The items, with a bar that shows how many have come; `waited_for` says of each what is being worked on."""
    count = len(waited_for)
    if not wanted or count < JUDGED_FROM or not is_terminal(sys.stderr):
        yield from items
        return
    with _shown(of=count) as shown:
        source = iter(items)
        for number, what in enumerate(waited_for):
            shown.at(number, what)
            yield next(source)
        shown.at(count, waited_for[-1])
        yield from source


class _Shown:
    """A line on stderr that is written anew when it has something new to say."""

    def __init__(self, progress: Progress, of: int | None) -> None:
        self._progress = progress
        self._task = progress.add_task("", total=of)
        self._what = ""
        self._next = 0.0

    def at(self, number: int, what: str) -> None:
        """Say how many have come, and what is being worked on."""
        self._progress.update(self._task, completed=number, description=what)
        now = time.monotonic()
        if what != self._what or now >= self._next:
            self._progress.refresh()
            self._what, self._next = what, now + _PAUSE


@contextmanager
def _shown(of: int | None) -> Iterator[_Shown]:
    from rich.console import Console  # noqa: PLC0415  (slow to import, and needed here alone)
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn  # noqa: PLC0415

    text = TextColumn("{task.description}")
    columns: tuple[ProgressColumn, ...] = (text, TextColumn("{task.completed}"))
    if of is not None:
        columns = (text, BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, redirect_stdout=False, auto_refresh=False) as progress:
        yield _Shown(progress, of)
