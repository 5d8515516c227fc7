"""The progress bar of a long run, on a terminal and nowhere else."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import TypeVar

Item = TypeVar("Item")
FROM = 200
"""With fewer manifests a run has ended before a bar could be read."""


def watched(items: Iterable[Item], count: int, *, wanted: bool) -> Iterator[Item]:
    """The items, with a bar on stderr that shows how many of `count` have come; none if it is not `wanted`.

    The bar goes away at the end. Lines on stderr appear above it.
    """
    if not wanted or count < FROM or not sys.stderr.isatty():
        yield from items
        return
    from rich.console import Console  # noqa: PLC0415  (slow to import, and needed here alone)
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn  # noqa: PLC0415

    columns = (TextColumn("manifests"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True, redirect_stdout=False) as progress:
        task = progress.add_task("manifests", total=count)
        for item in items:
            yield item
            progress.advance(task)
