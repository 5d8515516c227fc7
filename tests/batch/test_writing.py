"""Replacing the files of a run: planned and proved before the first, whole at any moment, all or none where asked."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sidecarify import files, writing
from sidecarify.discover import Manifest
from sidecarify.leftovers import prefix
from sidecarify.writing import Writing, Written

NAMES = [f"{number}.yaml" for number in range(5)]
OLD = b"old: 1\n"
NEW = b"new: 1\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in NAMES:
        (tmp_path / name).write_bytes(OLD)
    return tmp_path


def manifest(path: Path, *, explicit: bool = False) -> Manifest:
    return Manifest(path.name, str(path), explicit)


def stage_all(writing: Writing, folder: Path, names: list[str] = NAMES) -> None:
    for name in names:
        writing.stage(manifest(folder / name), OLD, NEW)


def run(folder: Path, *, atomic: bool = False) -> list[Written]:
    with Writing(atomic=atomic) as writing:
        stage_all(writing, folder)
        return list(writing.replace_all())


def contents(folder: Path) -> list[bytes]:
    return [(folder / name).read_bytes() for name in NAMES]


def names_in(folder: Path) -> list[str]:
    return sorted(one.name for one in folder.iterdir())


both = pytest.mark.parametrize("atomic", [pytest.param(False, id="one by one"), pytest.param(True, id="atomic")])


@both
def test_all_are_replaced_in_order_and_nothing_stays(folder: Path, atomic: bool) -> None:
    results = run(folder, atomic=atomic)
    assert [(one.manifest.name, one.error) for one in results] == [(name, None) for name in NAMES]
    assert contents(folder) == [NEW] * 5
    assert names_in(folder) == NAMES


@both
def test_nothing_is_replaced_before_all_wait(folder: Path, atomic: bool) -> None:
    with Writing(atomic=atomic) as writing:
        stage_all(writing, folder)
        assert contents(folder) == [OLD] * 5
        assert len(names_in(folder)) == 10
    assert contents(folder) == [OLD] * 5
    assert names_in(folder) == NAMES


@pytest.mark.parametrize("at", [1, 3])
@pytest.mark.parametrize(
    ("owner", "name"),
    [
        pytest.param(os, "open", id="the file is there, and its number not yet told"),
        pytest.param(os, "fsync", id="the text is written"),
        pytest.param(writing, "stage", id="the text waits, and is not yet counted among those that do"),
    ],
)
def test_an_interrupt_while_a_text_is_staged_leaves_nothing(
    folder: Path, owner: object, name: str, at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Signals come between any two steps: the step itself was done."""
    step, made = getattr(owner, name), 0

    def interrupted(*arguments: object) -> object:
        nonlocal made
        result = step(*arguments)
        waiting = len(names_in(folder)) - len(NAMES)
        made += waiting >= at
        if made == 1:
            raise KeyboardInterrupt
        return result

    monkeypatch.setattr(owner, name, interrupted)
    with pytest.raises(KeyboardInterrupt), Writing() as texts:
        stage_all(texts, folder)
    assert made
    assert contents(folder) == [OLD] * 5
    assert names_in(folder) == NAMES


@both
def test_an_error_while_planning_leaves_nothing(folder: Path, atomic: bool) -> None:
    with pytest.raises(KeyboardInterrupt), Writing(atomic=atomic) as writing:
        stage_all(writing, folder)
        raise KeyboardInterrupt
    assert contents(folder) == [OLD] * 5
    assert names_in(folder) == NAMES


def spoil(folder: Path) -> None:
    (folder / NAMES[2]).write_bytes(b"theirs: 1\n")


def test_a_file_that_changed_meanwhile_is_skipped(folder: Path) -> None:
    with Writing() as writing:
        stage_all(writing, folder)
        spoil(folder)
        results = list(writing.replace_all())
    assert [one.error.code if one.error else None for one in results] == [None, None, "changed-meanwhile", None, None]
    assert contents(folder) == [NEW, NEW, b"theirs: 1\n", NEW, NEW]
    assert names_in(folder) == NAMES


@pytest.mark.parametrize("when", ["before staging", "before replacing"])
def test_with_atomic_one_that_changed_meanwhile_keeps_all_old(folder: Path, when: str) -> None:
    with Writing(atomic=True) as writing:
        if when == "before staging":
            spoil(folder)
        stage_all(writing, folder)
        if when == "before replacing":
            spoil(folder)
        results = list(writing.replace_all())
    codes = [one.error.code if one.error else None for one in results]
    assert codes == ["not-written", "not-written", "changed-meanwhile", "not-written", "not-written"]
    assert results[0].error is not None
    assert "2.yaml could not be written" in results[0].error.message
    assert contents(folder) == [OLD, OLD, b"theirs: 1\n", OLD, OLD]
    assert names_in(folder) == NAMES


@contextmanager
def failing_replace(monkeypatch: pytest.MonkeyPatch, at: int, error: BaseException) -> Iterator[None]:
    """Let the `at`-th replacement fail, before it has happened."""
    replace, count = Path.replace, 0

    def replaced(self: Path, target: Path) -> Path:
        nonlocal count
        count += 1
        if count == at:
            raise error
        return replace(self, target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", replaced)
        yield


@pytest.mark.parametrize("at", [1, 3, 5])
def test_with_atomic_what_cannot_be_replaced_takes_all_back(
    folder: Path, at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    inodes = [(folder / name).stat().st_ino for name in NAMES]
    with failing_replace(monkeypatch, at, OSError(errno.EIO, "Input/output error")):
        results = run(folder, atomic=True)
    assert {one.error.code for one in results if one.error} == {"unwritable", "not-written"}
    assert contents(folder) == [OLD] * 5
    assert names_in(folder) == NAMES
    assert [(folder / name).stat().st_ino for name in NAMES] == inodes


@pytest.mark.parametrize("at", [1, 3, 5])
def test_with_atomic_an_interrupt_takes_all_back(folder: Path, at: int, monkeypatch: pytest.MonkeyPatch) -> None:
    with failing_replace(monkeypatch, at, KeyboardInterrupt()), pytest.raises(KeyboardInterrupt):
        run(folder, atomic=True)
    assert contents(folder) == [OLD] * 5
    assert names_in(folder) == NAMES


def test_an_interrupt_right_after_a_replacement_is_taken_back_too(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace, count = Path.replace, 0

    def replaced(self: Path, target: Path) -> Path:
        nonlocal count
        count += 1
        result = replace(self, target)
        if count in (3, 5):  # once more while all is put back
            raise KeyboardInterrupt
        return result

    monkeypatch.setattr(Path, "replace", replaced)
    with pytest.raises(KeyboardInterrupt):
        run(folder, atomic=True)
    monkeypatch.undo()
    assert contents(folder) == [OLD] * 5
    assert names_in(folder) == NAMES


def test_an_interrupt_between_two_files_leaves_each_whole(folder: Path) -> None:
    with Writing() as writing:
        stage_all(writing, folder)
        results = writing.replace_all()
        next(results)
        next(results)
    assert contents(folder) == [NEW, NEW, OLD, OLD, OLD]
    assert names_in(folder) == NAMES


def test_what_cannot_be_put_back_is_told_and_its_old_text_stays(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    replace = Path.replace

    def replaced(self: Path, target: Path) -> Path:
        if target.name == NAMES[3] or (self.suffix == ".old" and target.name == NAMES[1]):
            raise OSError(errno.EIO, "Input/output error")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", replaced)
    results = run(folder, atomic=True)
    monkeypatch.undo()
    codes = [one.error.code if one.error else None for one in results]
    assert codes == ["not-written", "not-restored", "not-written", "unwritable", "not-written"]
    (kept,) = set(names_in(folder)) - set(NAMES)
    assert results[1].error is not None
    assert kept in results[1].error.message
    assert (folder / kept).read_bytes() == OLD
    assert contents(folder) == [OLD, NEW, OLD, OLD, OLD]


def test_what_somebody_has_written_over_the_new_text_is_not_taken_back(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace = Path.replace

    def replaced(self: Path, target: Path) -> Path:
        if target.name == NAMES[3] and self.suffix == ".new":
            (folder / NAMES[0]).write_bytes(b"theirs: 1\n")
            raise OSError(errno.EIO, "Input/output error")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", replaced)
    results = run(folder, atomic=True)
    assert results[0].error is not None
    assert results[0].error.code == "not-restored"
    assert "written by somebody else" in results[0].error.message
    assert contents(folder) == [b"theirs: 1\n", OLD, OLD, OLD, OLD]


def test_where_there_are_no_hard_links_the_old_file_is_copied(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def link(*_: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    (folder / NAMES[0]).chmod(0o640)
    monkeypatch.setattr(os, "link", link)
    with failing_replace(monkeypatch, 4, OSError(errno.EIO, "Input/output error")):
        run(folder, atomic=True)
    assert contents(folder) == [OLD] * 5
    assert (folder / NAMES[0]).stat().st_mode & 0o777 == 0o640
    assert names_in(folder) == NAMES
    assert all(one.error is None for one in run(folder, atomic=True))
    assert names_in(folder) == NAMES


@both
def test_a_read_only_file_is_told_and_stays(folder: Path, atomic: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = os.open

    def denied(path: Path | str, flags: int, mode: int = 0o777) -> int:
        if flags & os.O_WRONLY and str(path).endswith(NAMES[1]):
            raise PermissionError(errno.EACCES, "Permission denied")
        return opened(path, flags, mode)

    monkeypatch.setattr(os, "open", denied)
    results = run(folder, atomic=atomic)
    assert results[1].error is not None
    assert results[1].error.message == "cannot be written: permission denied; it is as it was"
    assert contents(folder) == ([OLD] * 5 if atomic else [NEW, OLD, NEW, NEW, NEW])


def test_what_killed_runs_have_left_goes_first(folder: Path) -> None:
    script = "import os; from sidecarify.leftovers import prefix; print(prefix(os.getpid()))"
    dead = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.strip()
    stray = folder / f"{dead}x.new"
    living = folder / f"{prefix(os.getpid())}x.new"
    for path in (stray, living):
        path.write_bytes(NEW)
    with Writing([str(stray), str(living)]):
        assert names_in(folder) == sorted([living.name, *NAMES])
    # A file that is given by its name has nobody walk its folder.
    stray.write_bytes(NEW)
    with Writing() as writing:
        writing.stage(manifest(folder / NAMES[0], explicit=True), OLD, NEW)
        assert not stray.exists()


def held(folder: Path, meanwhile: Callable[[], object]) -> None:
    """Do something while another process holds the lock of the folder."""
    script = (
        "import fcntl, os, sys\n"
        "fcntl.flock(os.open(sys.argv[1], os.O_RDONLY), fcntl.LOCK_EX)\n"
        "print('held', flush=True)\nsys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        assert other.stdin is not None
        assert other.stdout.readline() == b"held\n"
        try:
            meanwhile()
        finally:
            other.stdin.close()


def test_a_lock_that_somebody_keeps_holds_nobody_up(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "_WAIT", 0.05)
    held(folder, lambda: run(folder))
    assert contents(folder) == [NEW] * 5


def test_a_file_that_another_run_has_converted_alike_is_done(folder: Path) -> None:
    with Writing() as first, Writing() as second:
        stage_all(first, folder)
        stage_all(second, folder)
        assert [one.error for one in first.replace_all()] == [None] * 5
        assert [one.error for one in second.replace_all()] == [None] * 5
    assert contents(folder) == [NEW] * 5
    assert names_in(folder) == NAMES


def test_a_file_that_another_run_has_converted_otherwise_is_told(folder: Path) -> None:
    with Writing() as first, Writing() as second:
        stage_all(first, folder)
        second.stage(manifest(folder / NAMES[0]), OLD, b"other: 1\n")
        assert [one.error for one in first.replace_all()] == [None] * 5
        (result,) = second.replace_all()
    assert result.error is not None
    assert result.error.code == "changed-meanwhile"
    assert contents(folder) == [NEW] * 5


def test_memory_does_not_grow_with_the_texts(folder: Path) -> None:
    import tracemalloc

    text = b"x" * 1_000_000
    (folder / "big.yaml").write_bytes(OLD)
    tracemalloc.start()
    try:
        with Writing() as writing:
            for _ in range(10):
                writing.stage(manifest(folder / "big.yaml"), OLD, text + os.urandom(1))
            kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < 1_000_000
