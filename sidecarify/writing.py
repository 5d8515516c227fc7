"""Replacing the files of a run: all are planned, proved and written beside the old ones before the first is replaced.

A new text waits on the disk, beside its file and under a name of its own. So memory does not grow with the run, and a
full disk, a read-only folder or a file that somebody else has written is met before anything has changed. Then file by
file the new one takes the place of the old one, which is one step for the file system: whenever the run ends, by
Ctrl-C, `kill -9` or a power cut, each file is the old one or the new one, whole. What a killed run leaves are the texts
that waited; the next run removes them (leftovers.py), and converts what is still to be converted.

With `atomic`, the old files are kept under names of their own until all are replaced, and take their places again if
one cannot be replaced or the user interrupts. A run that is killed in the middle of that leaves some files old and some
new, each whole; the next run goes on from there.
"""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

from sidecarify.discover import Manifest
from sidecarify.files import FileError, Staged, commit, discard, forget, restore, stage, sync
from sidecarify.leftovers import beside, tidy
from sidecarify.plan import Move

NOT_WRITTEN = "not-written"


class Written(NamedTuple):
    """What became of one file: it is new, or it is the old one for the reason that `error` tells.

    `links` counts the names (hard links) that the file had.
    """

    manifest: Manifest
    moves: tuple[Move, ...]
    error: FileError | None = None
    links: int = 1


class Writing:
    """The new texts of a run, which wait until all are there. Leaving the context removes those that still wait."""

    def __init__(self, leftovers: Iterable[str] = (), *, atomic: bool = False) -> None:
        """Remove what killed runs have left (`leftovers` are the names that look like it)."""
        tidy(leftovers)
        self._atomic = atomic
        self._tidied: set[str] = set()
        self._waiting: list[tuple[Written, Staged | None]] = []

    def __enter__(self) -> "Writing":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for _, staged in self._waiting:
            if staged is not None:
                discard(staged)
        self._waiting.clear()

    def stage(self, manifest: Manifest, before: bytes, after: bytes, moves: tuple[Move, ...] = ()) -> None:
        """Write the new text of a manifest beside its file; what speaks against that is told by `replace_all`."""
        folder = os.path.dirname(manifest.path)  # noqa: PTH120
        if manifest.explicit and folder not in self._tidied:  # nobody has walked there
            self._tidied.add(folder)
            tidy(beside([manifest.path]))
        written = Written(manifest, moves)
        try:
            staged = stage(manifest.path, before, after)
        except FileError as error:
            self._waiting.append((written._replace(error=error), None))
        else:
            self._waiting.append((written._replace(links=staged.links), staged))

    def replace_all(self) -> Iterator[Written]:
        """Let every new text take the place of its file, in order, and tell what became of each.

        What cannot be written leaves the others alone, but with `atomic` nothing is written then.
        """
        yield from self._all_or_none() if self._atomic else self._one_by_one()

    def _one_by_one(self) -> Iterator[Written]:
        folders: set[Path] = set()
        self._waiting.reverse()
        try:
            while self._waiting:
                written, staged = self._waiting[-1]
                if staged is not None:
                    try:
                        commit(staged)
                    except FileError as error:
                        written = written._replace(error=error)
                    folders.add(staged.target.parent)
                self._waiting.pop()
                yield written
        finally:
            for folder in folders:
                sync(folder)

    def _all_or_none(self) -> Iterator[Written]:
        """Everything is done before the first answer is given: nobody who stops to listen stops it halfway."""
        try:
            failed = any(written.error for written, _ in self._waiting) or not self._all_replaced()
        except BaseException:
            self._take_back()
            raise
        if failed:
            self._take_back()
        for _, staged in self._waiting:
            if staged is not None and not failed:
                forget(staged)
        self._sync()
        results = [written for written, _ in self._waiting]
        because = _because_of(results) if failed else None
        yield from (one if one.error else one._replace(error=because) for one in results)

    def _all_replaced(self) -> bool:
        for number, (written, staged) in enumerate(self._waiting):
            if staged is not None:
                try:
                    commit(staged, keep=True)
                except FileError as error:
                    self._waiting[number] = (written._replace(error=error), staged)
                    return False
        return True

    def _take_back(self) -> None:
        number = len(self._waiting)
        while number:
            written, staged = self._waiting[number - 1]
            try:
                if staged is not None:
                    restore(staged)
            except FileError as error:
                self._waiting[number - 1] = (written._replace(error=error), staged)
            except KeyboardInterrupt:  # the user wants it ended, and not left halfway
                continue
            number -= 1
        self._sync()

    def _sync(self) -> None:
        for folder in {staged.target.parent for _, staged in self._waiting if staged is not None}:
            sync(folder)


def _because_of(results: Iterable[Written]) -> FileError:
    first = next(one for one in results if one.error is not None)
    what = f"is as it was, since {first.manifest.name} could not be written and all files or none are wanted (--atomic)"
    return FileError(NOT_WRITTEN, what)
