"""Temporary files that a killed run has left: removed when it is certain whose they are, and that nobody wants them."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sidecarify.leftovers import OLD_AGE, TEMPORARY, beside, prefix, tidy

OTHER_HOST = f"{TEMPORARY}00000000-00000000-1-1-"


def made(folder: Path, name: str) -> Path:
    path = folder / name
    path.write_text("text")
    return path


def dead_prefix() -> str:
    """The prefix of a process that has ended."""
    script = "import os; from sidecarify.leftovers import prefix; print(prefix(os.getpid()))"
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.strip()


def aged(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the clock say that the file is old."""
    now = path.stat().st_mtime
    monkeypatch.setattr(time, "time", lambda: now + OLD_AGE + 1)


@pytest.mark.parametrize("end", ["new", "old"])
def test_what_a_dead_run_has_left_is_removed(tmp_path: Path, end: str) -> None:
    path = made(tmp_path, f"{dead_prefix()}abc_1.{end}")
    tidy([path])
    assert not path.exists()


def test_what_a_living_run_needs_stays(tmp_path: Path) -> None:
    path = made(tmp_path, f"{prefix(os.getpid())}abc.new")
    tidy([path])
    assert path.exists()


@pytest.mark.skipif(sys.platform != "linux", reason="only there it is known when a process began")
def test_a_number_that_another_process_has_taken_over_is_not_that_of_the_run(tmp_path: Path) -> None:
    own = prefix(os.getpid())
    path = made(tmp_path, f"{own.rsplit('-', 2)[0]}-1-abc.new")
    tidy([path])
    assert not path.exists()


def test_a_machine_that_was_started_again_runs_nothing_of_before(tmp_path: Path) -> None:
    parts = prefix(os.getpid()).split("-")
    path = made(tmp_path, "-".join([*parts[:2], "00000000", *parts[3:]]) + "abc.new")
    tidy([path])
    assert not path.exists()


def test_what_another_machine_has_left_is_removed_when_it_is_old(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = made(tmp_path, f"{OTHER_HOST}abc.new")
    tidy([path])
    assert path.exists()
    aged(path, monkeypatch)
    tidy([path])
    assert not path.exists()


@pytest.mark.parametrize(
    "name",
    [
        ".sidecarify-1.tmp",
        ".sidecarify-notes.new",
        ".sidecarify.yaml",
        "a.yaml",
        f"{OTHER_HOST}abc.yaml",
        f"x{OTHER_HOST}abc.new",
        f"{OTHER_HOST}abc.new.bak",
    ],
)
def test_nobody_elses_file_is_ever_removed(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path = made(tmp_path, name)
    aged(path, monkeypatch)
    tidy([path])
    assert path.exists()


@pytest.mark.parametrize("kind", ["folder", "link", "gone"])
def test_what_is_no_file_is_left_alone(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"{dead_prefix()}abc.new"
    if kind == "folder":
        path.mkdir()
    elif kind == "link":
        made(tmp_path, "a.yaml")
        path.symlink_to("a.yaml")
    tidy([path])
    assert os.path.lexists(path) is (kind != "gone")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may become somebody else")
def test_the_files_of_another_user_are_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = made(tmp_path, f"{dead_prefix()}abc.new")
    monkeypatch.setattr(os, "geteuid", lambda: 1234)
    tidy([path])
    assert path.exists()


def test_leftovers_beside_a_file_are_found(tmp_path: Path) -> None:
    made(tmp_path, ".sidecarify-1.tmp")
    file = made(tmp_path, "a.yaml")
    assert beside([file, tmp_path / "b.yaml", tmp_path / "gone" / "c.yaml"]) == [str(tmp_path / ".sidecarify-1.tmp")]
