"""Work shared among processes: pieces are given out, and what becomes of them comes back in their order.

At most a few pieces are given out ahead of the one that is waited for, so memory does not grow with their number. The
processes end with the run: when the user interrupts it, when it fails, and when it is killed.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from concurrent.futures import Future

State = TypeVar("State")
Piece = TypeVar("Piece")
Result = TypeVar("Result")
Work = Callable[[State, Piece], Result]
"""What is done with a piece; `State` is the same for all pieces, and goes to each process once."""

_AHEAD = 3
"""So many pieces for each process are given out before the first of them is taken."""
_MOST = 61 if sys.platform == "win32" else 1024
"""Windows cannot wait for more (concurrent.futures, ProcessPoolExecutor)."""


class DeadWorkerError(Exception):
    """A process of the run ended without an answer: it was killed, or there was no memory left."""


def usable_cpus() -> int:
    """How many processors this process may use."""
    if sys.platform != "win32" and hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def in_order(
    work: Work[State, Piece, Result], state: State, pieces: Iterable[Piece], jobs: int | None, *, alone: int = 0
) -> Iterator[Result]:
    """What `work` makes of each piece, in order, by so many processes; by this one alone if `jobs` is 1.

    None stands for as many as there are processors, but the first `alone` pieces are done here, so that a few of them
    need no others. `work`, its results and the pieces must be such as can be pickled. Raises DeadWorkerError, and what
    `work` raises.
    """
    source = iter(pieces)
    for piece in islice(source, alone if jobs is None else 0):
        yield work(state, piece)
    count = min(usable_cpus() if jobs is None else jobs, _MOST)
    if count == 1:
        for piece in source:
            yield work(state, piece)
        return
    for first in source:
        yield from _shared(partial(work, state), chain((first,), source), count)


def pieces_of(items: Iterable[Piece], size: int) -> Iterator[list[Piece]]:
    """The items in lists of `size`, the last of which may be shorter."""
    source = iter(items)
    while piece := list(islice(source, size)):
        yield piece


def _shared(work: Callable[[Piece], Result], source: Iterator[Piece], count: int) -> Iterator[Result]:
    # A run that needs no processes need not wait for these.
    import multiprocessing  # noqa: PLC0415
    from concurrent.futures import ProcessPoolExecutor  # noqa: PLC0415
    from concurrent.futures.process import BrokenProcessPool  # noqa: PLC0415

    # A copy of this process is ready at once, but other threads of it would stand still in the copy.
    copies = sys.platform == "linux" and threading.active_count() == 1
    context = multiprocessing.get_context("fork" if copies else "spawn")
    executor = ProcessPoolExecutor(count, context, _begin, (work,))
    given: deque[Future[Result]] = deque()
    try:
        while True:
            for piece in islice(source, count * _AHEAD - len(given)):
                with _deaf():
                    given.append(executor.submit(_do, piece))
            if not given:
                break
            yield given.popleft().result()
    except BrokenProcessPool as error:
        raise DeadWorkerError("a process of the run ended without an answer (killed, or out of memory)") from error
    except (KeyboardInterrupt, GeneratorExit):  # nobody waits for what is still under way
        # One that is ended in the middle of a result leaves half of it in the pipe, and the thread that reads there
        # waits for the rest as long as anybody can write it: with the others gone, that is this process.
        executor._result_queue._writer.close()  # type: ignore[attr-defined]  # typeshed does not tell of it
        for process in multiprocessing.active_children():
            process.terminate()
        raise
    finally:
        executor.shutdown(wait=True, cancel_futures=True)


@contextmanager
def _deaf() -> Iterator[None]:
    """Let processes that begin here never hear Ctrl-C, which a terminal sends to all of them: this one ends them."""
    if sys.platform == "win32":
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


_work: Callable[[Any], Any] | None = None


def _begin(work: Callable[[Any], Any]) -> None:
    """Make a process ready for its pieces."""
    gc.disable()  # as in the process that asks (cli/__init__.py)
    global _work  # noqa: PLW0603  (a process does one kind of work, and is told once)
    _work = work
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # a copy of the first process would hear it as that one does
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """End this process when the one that it works for is no more: nobody would tell it (`kill -9`)."""
    from multiprocessing import parent_process  # noqa: PLC0415  (see _shared)

    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _do(piece: Any) -> Any:  # noqa: ANN401
    assert _work is not None, "a process is told its work before its pieces"  # noqa: S101
    return _work(piece)
