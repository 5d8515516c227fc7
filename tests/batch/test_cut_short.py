"""Runs that are cut short, as users meet it: killed at any moment, or with a disk that is full in the middle."""

from __future__ import annotations

import os
import runpy
import signal
import subprocess
import sys
import time
from pathlib import Path
from random import Random

import pytest

if sys.platform == "win32":
    pytest.skip("signals and limits of POSIX", allow_module_level=True)

ROOT = Path(__file__).parents[2]
KILL = runpy.run_path(str(ROOT / "benchmarks" / "kill.py"))
OLD, NEW = KILL["OLD"], KILL["NEW"]
LIMIT = 64 * 1024


@pytest.fixture(autouse=True)
def checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


@pytest.mark.parametrize("flags", [(), ("--atomic",), ("--jobs", "2")], ids=["plain", "atomic", "two processes"])
def test_a_run_that_is_killed_leaves_each_file_whole_and_the_next_one_goes_on(
    flags: tuple[str, ...], tmp_path: Path
) -> None:
    """The benchmark in small: one kill as soon as a file is new, one at a moment drawn from those before."""
    drawn = Random(len(flags))
    for moment in (drawn.randrange(30), drawn.uniform(0.2, 0.6)):
        found = KILL["one_run"](tmp_path, 30, moment, *flags)
        assert found["old"] + found["new"] == 30
        assert {what: found[what] for what in KILL["BAD"] if found[what]} == {}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT], ids=lambda one: one.name)
@pytest.mark.parametrize("flags", [("--jobs", "1"), ("--jobs", "2")], ids=["one process", "two processes"])
def test_a_run_that_is_told_to_end_leaves_nothing_behind(
    number: signal.Signals, flags: tuple[str, ...], tmp_path: Path
) -> None:
    for index in range(400):
        (tmp_path / f"{index}.yaml").write_bytes(OLD)
    command = [sys.executable, "-m", "sidecarify", "convert", "-q", *flags, str(tmp_path)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as running:
        while running.poll() is None and not list(tmp_path.glob(".sidecarify-*")):
            time.sleep(0.001)
        running.send_signal(number)
        _, said = running.communicate(timeout=60)
    assert (running.returncode, said) == (128 + number, "sidecarify: interrupted\n")
    assert {path.read_bytes() for path in tmp_path.iterdir()} <= {OLD, NEW}
    assert len(list(tmp_path.iterdir())) == 400


def limited(folder: Path, *flags: str) -> subprocess.CompletedProcess[str]:
    """Convert a folder on a disk that has no room for a file beyond LIMIT."""
    program = (
        "import resource, sys\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({LIMIT}, {LIMIT}))\n"
        "sys.argv = ['sidecarify', 'convert', *sys.argv[1:]]\n"
        "from sidecarify.cli import main\nmain()\n"
    )
    return subprocess.run(
        [sys.executable, "-c", program, *flags, str(folder)], capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("flags", [(), ("--atomic",), ("--jobs", "2")], ids=["plain", "atomic", "two processes"])
def test_a_disk_that_is_full_in_the_middle(flags: tuple[str, ...], tmp_path: Path) -> None:
    filler = b"# " + b"x" * LIMIT + b"\n"
    before = {f"{number}.yaml": (filler if number == 3 else b"") + OLD for number in range(6)}
    for name, data in before.items():
        (tmp_path / name).write_bytes(data)
    after = {name: data.removesuffix(OLD) + NEW for name, data in before.items()}
    ended = limited(tmp_path, *flags)
    assert ended.returncode == 2
    assert "3.yaml:1: [unwritable] cannot be written: no space left on the device; it is as it was" in ended.stderr
    expected = before if "--atomic" in flags else {**after, "3.yaml": before["3.yaml"]}
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == expected
    again = subprocess.run(
        [sys.executable, "-m", "sidecarify", "convert", *flags, str(tmp_path)],
        capture_output=True,
        check=False,
        env=os.environ,
    )
    assert again.returncode == 0
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == after
