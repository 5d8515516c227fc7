"""Replacing the files of a run: all are planned, proved and written beside the old ones before the first is replaced.

A new text waits on the disk, beside its file and under a name of its own. So memory does not grow with the run, and a
full disk, a read-only folder or a file that somebody else has written is met before anything has changed. Then file by
file the new one takes the place of the old one, which is one step for the file system: whenever the run ends, by
Ctrl-C, `kill -9` or a power cut, each file is the old one or the new one, whole. What a killed run leaves are the texts
that waited; the next run removes them (leftovers.py), and converts what is still to be converted.

With `atomic`, the old files are kept under names of their own until all are replaced, and take their places again if
one cannot be replaced or the user interrupts. A run that is killed in the middle of that leaves some files old and some
new, each whole; the next run goes on from there. The files of one move in a kustomize tree are always written so.
"""

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

from sidecarify.discover import Manifest
from sidecarify.files import FileError, Staged, commit, discard, forget, restore, stage, sync
from sidecarify.leftovers import beside, own, tidy
from sidecarify.outcome import Follow
from sidecarify.plan import Move

NOT_WRITTEN = "not-written"


class Written(NamedTuple):
    """What became of one file: it is new, or it is the old one for the reason that `error` tells.

    `links` counts the names (hard links) that the file had.
    """

    manifest: Manifest
    moves: tuple[Move, ...]
    follows: tuple[Follow, ...] = ()
    error: FileError | None = None
    links: int = 1


_Batch = list[tuple[Written, Staged | None]]


class Writing:
    """The new texts of a run, which wait until all are there. Leaving the context removes those that still wait."""

    def __init__(self, leftovers: Iterable[str] = (), *, atomic: bool = False) -> None:
        """Remove what killed runs have left (`leftovers` are the names that look like it)."""
        tidy(leftovers)
        self._atomic = atomic
        self._tidied: set[str] = set()
        self._batches: list[_Batch] = []
        self._by_key: dict[frozenset[str], _Batch] = {}
        self._latest: list[str] = []

    def __enter__(self) -> "Writing":
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        for batch in self._batches:
            for _, staged in batch:
                if staged is not None:
                    discard(staged)
        self._batches.clear()
        if error is not None:  # a signal may have come before the last text was counted among those that wait
            for path in own(self._latest):
                with suppress(OSError):
                    os.unlink(path)  # noqa: PTH108

    def stage(
        self,
        manifest: Manifest,
        before: bytes,
        after: bytes,
        moves: tuple[Move, ...] = (),
        *,
        follows: tuple[Follow, ...] = (),
        together: frozenset[str] = frozenset(),
    ) -> None:
        """Write the new text of a manifest beside its file; what speaks against that is told by `replace_all`.

        `together` are the paths of all files that are written with this one or not at all.
        """
        folder = os.path.dirname(manifest.path)  # noqa: PTH120
        if manifest.explicit and folder not in self._tidied:  # nobody has walked there
            self._tidied.add(folder)
            tidy(beside([manifest.path]))
        written = Written(manifest, moves, follows)
        batch = self._batch(together)
        self._latest = [manifest.path]
        try:
            staged = stage(manifest.path, before, after)
        except FileError as error:
            batch.append((written._replace(error=error), None))
        else:
            batch.append((written._replace(links=staged.links), staged))

    def _batch(self, together: frozenset[str]) -> _Batch:
        """The files that are replaced together: all of them with `atomic`, else what belongs to one move, or one."""
        key = frozenset() if self._atomic else together
        batch = self._by_key.get(key) if key or self._atomic else None
        if batch is None:
            batch = self._by_key[key] = []
            self._batches.append(batch)
        return batch

    def replace_all(self) -> Iterator[Written]:
        """Let every new text take the place of its file, in order, and tell what became of each.

        What cannot be written leaves the others alone, but with `atomic` nothing is written then, and of what belongs
        together nothing in any case.
        """
        folders: set[Path] = set()
        self._batches.reverse()
        try:
            while self._batches:
                batch = self._batches[-1]
                folders |= {staged.target.parent for _, staged in batch if staged is not None}
                results = self._all_or_none(batch) if self._atomic or len(batch) > 1 else [_replaced(*batch[0])]
                self._batches.pop()
                yield from results
        finally:
            for folder in folders:
                sync(folder)

    def _all_or_none(self, batch: _Batch) -> list[Written]:
        """Everything is done before the first answer is given: nobody who stops to listen stops it halfway."""
        try:
            failed = any(written.error for written, _ in batch) or not _all_replaced(batch)
        except BaseException:
            _take_back(batch)
            raise
        if failed:
            _take_back(batch)
        for _, staged in batch:
            if staged is not None and failed:
                discard(staged)
            elif staged is not None:
                forget(staged)
        results = [written for written, _ in batch]
        because = _because_of(results, atomic=self._atomic) if failed else None
        return [one if one.error else one._replace(error=because) for one in results]


def _replaced(written: Written, staged: Staged | None) -> Written:
    if staged is not None:
        try:
            commit(staged)
        except FileError as error:
            return written._replace(error=error)
    return written


def _all_replaced(batch: _Batch) -> bool:
    for number, (written, staged) in enumerate(batch):
        if staged is not None:
            try:
                commit(staged, keep=True)
            except FileError as error:
                batch[number] = (written._replace(error=error), staged)
                return False
    return True


def _take_back(batch: _Batch) -> None:
    number = len(batch)
    while number:
        written, staged = batch[number - 1]
        try:
            if staged is not None:
                restore(staged)
        except FileError as error:
            batch[number - 1] = (written._replace(error=error), staged)
        except KeyboardInterrupt:  # the user wants it ended, and not left halfway
            continue
        number -= 1


def _because_of(results: Iterable[Written], *, atomic: bool) -> FileError:
    first = next(one for one in results if one.error is not None)
    why = "all files or none are wanted (--atomic)" if atomic else "the files of a move are written together"
    return FileError(NOT_WRITTEN, f"is as it was, since {first.manifest.name} could not be written and {why}")
