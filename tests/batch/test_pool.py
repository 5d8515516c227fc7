"""Work shared among processes: the same results in the same order, and an end with the run."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sidecarify.pool import DeadWorkerError, in_order, usable_cpus

ROOT = Path(__file__).parents[2]
posix = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")


def times(factor: int, piece: int) -> tuple[int, int]:
    """A piece of work, and by whom it was done."""
    if piece % 5 == 0:
        time.sleep(0.01)  # so that others are ready before it
    return factor * piece, os.getpid()


def dies(factor: int, piece: int) -> int:
    if piece == 3:
        os._exit(9)
    return factor * piece


def fails(_: int, piece: int) -> int:
    raise ValueError(f"piece {piece}")


def sleeps(factor: float, piece: float) -> int:
    time.sleep(factor * piece)
    return os.getpid()


@pytest.mark.parametrize("jobs", [1, 2, 3])
def test_results_come_in_the_order_of_the_pieces(jobs: int) -> None:
    results = list(in_order(times, 7, range(40), jobs))
    assert [result for result, _ in results] == [7 * piece for piece in range(40)]
    processes = {process for _, process in results}
    assert (processes == {os.getpid()}) == (jobs == 1)
    assert len(processes) <= jobs


@posix
def test_processes_that_begin_anew_give_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    results = list(in_order(times, 7, range(12), 2))
    assert [result for result, _ in results] == [7 * piece for piece in range(12)]
    assert os.getpid() not in {process for _, process in results}


def test_a_few_pieces_need_no_other_process() -> None:
    assert {process for _, process in in_order(times, 1, range(6), None, alone=6)} == {os.getpid()}


@pytest.mark.skipif(usable_cpus() == 1, reason="there is one processor")
def test_with_many_pieces_the_rest_is_shared() -> None:
    results = list(in_order(times, 1, range(12), None, alone=6))
    assert [result for result, _ in results] == list(range(12))
    assert {process for _, process in results[:6]} == {os.getpid()}
    assert os.getpid() not in {process for _, process in results[6:]}


def test_pieces_are_taken_as_they_are_needed() -> None:
    """Memory is bounded: of a thousand pieces only a few are asked for ahead of the results."""
    taken = 0

    def pieces() -> Iterator[int]:
        nonlocal taken
        for piece in range(1000):
            taken += 1
            yield piece

    results = in_order(times, 1, pieces(), 2)
    for _ in range(10):
        next(results)
    assert 10 <= taken <= 10 + 2 * 3
    results.close()  # type: ignore[attr-defined]
    assert not multiprocessing.active_children()


def test_a_process_that_dies_is_told() -> None:
    with pytest.raises(DeadWorkerError, match="ended without an answer"):
        list(in_order(dies, 1, range(40), 2))
    assert not multiprocessing.active_children()


def test_a_fault_of_the_work_is_the_callers() -> None:
    with pytest.raises(ValueError, match="piece 0"):
        list(in_order(fails, 1, range(40), 2))
    assert not multiprocessing.active_children()


def test_who_stops_to_listen_waits_for_nobody() -> None:
    results = in_order(sleeps, 1.0, [0.0, 600.0, 600.0], 2)
    next(results)
    results.close()  # type: ignore[attr-defined]
    assert not multiprocessing.active_children()


PARENT = """
import sys
from sidecarify.pool import in_order
from tests.batch.test_pool import sleeps
if __name__ == "__main__":
    for process in in_order(sleeps, 1.0, [0.0, 600.0, 600.0], 2):
        print(process, flush=True)
"""


def gives(size: int, _: int) -> bytes:
    return b"x" * size


def test_a_result_that_is_cut_off_in_the_middle_holds_nobody_up() -> None:
    """The pipe holds less than a result, so whoever is ended while it is read has written a part of it."""
    program = (
        "from sidecarify.pool import in_order\n"
        "from tests.batch.test_pool import gives\n"
        "if __name__ == '__main__':\n"
        "    for _ in range(5):\n"
        "        results = in_order(gives, 30_000_000, range(40), 2)\n"
        "        next(results)\n"
        "        results.close()\n"
    )
    ended = subprocess.run([sys.executable, "-c", program], cwd=ROOT, timeout=120, check=False)
    assert ended.returncode == 0


def _lives(process: int) -> bool:
    listed = subprocess.run(["ps", "-o", "stat=", "-p", str(process)], capture_output=True, text=True, check=False)
    return bool(listed.stdout.strip()) and not listed.stdout.startswith("Z")


@posix
@pytest.mark.skipif(shutil.which("ps") is None, reason="there is no ps to ask for processes")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL], ids=["Ctrl-C", "kill -9"])
def test_the_processes_end_with_the_run(number: signal.Signals, tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(PARENT)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [sys.executable, str(script)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        start_new_session=True,
    ) as parent:
        assert parent.stdout is not None
        parent.stdout.readline()
        children: set[int] = set()
        while len(children) < 2 and parent.poll() is None:
            children = _children(parent.pid)
            time.sleep(0.01)
        time.sleep(0.2)
        if number is signal.SIGINT:
            os.killpg(parent.pid, number)  # as a terminal does: to all of them
        else:
            parent.send_signal(number)
        _, error = parent.communicate(timeout=30)
    until = time.monotonic() + 20
    while any(_lives(child) for child in children) and time.monotonic() < until:
        time.sleep(0.02)
    assert not [child for child in children if _lives(child)]
    assert error.count("KeyboardInterrupt") == (number is signal.SIGINT), error


def _children(process: int) -> set[int]:
    listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(process)], capture_output=True, text=True, check=False)
    return {int(line) for line in listed.stdout.split()}
