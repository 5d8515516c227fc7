"""Where the output goes and how it may look there: stdout is data, stderr is talk."""

import os
import shutil
import signal
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from enum import StrEnum
from typing import NamedTuple, TextIO

import typer

from sidecarify.cli import INTERRUPTED
from sidecarify.pool import DeadWorkerError
from sidecarify.report.text import Look
from sidecarify.report.visible import visible_lines

_ENDING = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))
READER_GONE = 141
"""What a shell shows for a program that SIGPIPE ended."""


class ColorWhen(StrEnum):
    """When to use colours."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


class Terminal(NamedTuple):
    """How stdout and stderr look to the reader."""

    out: Look
    err: Look
    quiet: bool = False

    @classmethod
    def of(cls, color: ColorWhen, *, quiet: bool = False) -> "Terminal":
        """What the streams, the flag and the environment (NO_COLOR, TERM, COLUMNS) say."""
        return cls(_look(sys.stdout, color), _look(sys.stderr, color), quiet)

    def say(self, text: str) -> None:
        """Print a line of talk, unless the user wants quiet."""
        if not self.quiet:
            complain(text)

    def put_patch(self, patch: str) -> None:
        """Print a patch: raw for a pipe, made safe for a terminal."""
        if is_terminal(sys.stdout) or self.out.color:
            from sidecarify.report.diff import for_terminal  # noqa: PLC0415  (for patches alone)

            _write(for_terminal(patch, color=self.out.color).encode())
        else:
            _write(patch.encode())


def complain(text: str) -> None:
    """Print a line on stderr; `text` has been made visible."""
    with suppress(OSError):
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()


def put(text: str) -> None:
    """Print text on stdout as UTF-8; it has been made visible, and may have colours. Raises OSError."""
    _write(text.encode("utf-8", "backslashreplace"))


def put_bytes(data: bytes) -> None:
    """Print a manifest on stdout: raw, but on a terminal nothing in it may act. Raises OSError."""
    if is_terminal(sys.stdout):
        data = visible_lines(data.decode("utf-8", "backslashreplace")).encode()
    _write(data)


def _write(data: bytes) -> None:
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


@contextmanager
def orderly_end() -> Iterator[None]:
    """End a command that the user, the reader of stdout or a full disk cuts short without a traceback.

    SIGTERM (`timeout`, a CI job that is cancelled) and SIGHUP end it as Ctrl-C does, so nothing stays behind.
    """
    try:
        with _heard(_ENDING):
            yield
    except KeyboardInterrupt as error:
        complain("sidecarify: interrupted")
        number = error.args[0] if error.args else signal.SIGINT
        raise typer.Exit(INTERRUPTED - signal.SIGINT + number) from None
    except DeadWorkerError as error:
        complain(f"sidecarify: {error}; nothing was written")
        raise typer.Exit(2) from None
    except OSError as error:
        raise typer.Exit(stdout_failed(error)) from None


def stdout_failed(error: OSError) -> int:
    """Say that stdout takes no more, unless its reader has gone, and give the exit code for it."""
    _forget_stdout()
    if isinstance(error, BrokenPipeError):
        return READER_GONE
    complain(f"sidecarify: cannot write to stdout: {error.strerror or error}")
    return 2


@contextmanager
def _heard(numbers: Iterable[signal.Signals]) -> Iterator[None]:
    """Let these signals raise KeyboardInterrupt with their number, where nobody has decided otherwise (`nohup`)."""

    def end(number: int, _: object) -> None:
        raise KeyboardInterrupt(number)

    ours = [one for one in numbers if signal.getsignal(one) is signal.SIG_DFL]
    for one in ours:
        signal.signal(one, end)
    try:
        yield
    finally:
        for one in ours:
            signal.signal(one, signal.SIG_DFL)


def _look(stream: TextIO, color: ColorWhen) -> Look:
    to_people = is_terminal(stream)
    if color is ColorWhen.AUTO:
        colored = to_people and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    else:
        colored = color is ColorWhen.ALWAYS
    return Look(colored, shutil.get_terminal_size((100, 24)).columns if to_people else 0)


def is_terminal(stream: TextIO) -> bool:
    """Whether a stream is one."""
    try:
        return stream.isatty()
    except ValueError:  # closed
        return False


def _forget_stdout() -> None:
    """Keep Python from writing to stdout once more when it ends (Python's documentation, note on SIGPIPE)."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
