"""Writing a file that is no manifest (a report, a baseline): whole or not at all, piece by piece."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sidecarify.files import FileError
from sidecarify.leftovers import fresh


@contextmanager
def new_file(path: Path) -> Iterator[Callable[[str], None]]:
    """Give a function that adds text to the file; the file has its new content when the block ends without an error.

    What is no regular file (`/dev/stdout`, a FIFO) is written to as it is. Raises FileError (`unwritable`), and then
    leaves a file that was there as it was.
    """
    temporary = None
    try:
        if _is_special(path):
            with path.open("wb", buffering=0) as file:
                yield lambda text: _whole(file.fileno(), text)
            return
        target = Path(os.path.realpath(path))
        temporary = fresh(target)
        # Created anew, so that the user's umask decides as for any other new file; one that is replaced keeps its mode.
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
        with os.fdopen(descriptor, "wb") as file:
            yield lambda text: _add(file.write, text)
            file.flush()
            with suppress(FileNotFoundError):
                temporary.chmod(stat.S_IMODE(target.stat().st_mode))
            os.fsync(file.fileno())
        temporary.replace(target)
        temporary = None
    except FileNotFoundError:
        raise FileError("unwritable", f"cannot be written: there is no folder {path.parent}") from None
    except OSError as error:
        raise FileError("unwritable", f"cannot be written: {error.strerror or error}") from None
    finally:
        if temporary is not None:
            with suppress(OSError):
                temporary.unlink()


def _is_special(path: Path) -> bool:
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return False
    return not stat.S_ISREG(mode) and not stat.S_ISDIR(mode)


def _whole(descriptor: int, text: str) -> None:
    data = memoryview(text.encode("utf-8", "backslashreplace"))
    while data:
        data = data[os.write(descriptor, data) :]


def _add(write: Callable[[bytes], object], text: str) -> None:
    write(text.encode("utf-8", "backslashreplace"))
