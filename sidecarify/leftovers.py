"""The names of temporary files, which tell whose they are, and removing those that a killed run has left behind."""

from __future__ import annotations

import os
import platform
import re
import secrets
import stat
import sys
import time
from collections.abc import Iterable
from contextlib import suppress
from functools import cache
from hashlib import sha256
from pathlib import Path

TEMPORARY = ".sidecarify-"
"""How the names of temporary files begin."""
OLD_AGE = 24 * 60 * 60
"""After so many seconds a temporary file is abandoned, even if nobody can say whether its run still lives."""

_NAME = (
    re.escape(TEMPORARY)
    + r"(?P<host>[0-9a-f]{8})-(?P<boot>[0-9a-f]{8})-(?P<process>\d+)-(?P<began>\d+)-\w+\.(?:new|old)"
)


@cache
def prefix(process: int) -> str:
    """How the names of the temporary files of a process begin: with the machine, its start, and the process's own."""
    host, boot = _machine()
    return f"{TEMPORARY}{host}-{boot}-{process}-{_began(process) or 0}-"


def fresh(target: Path) -> Path:
    """A name beside `target` for the text that is to replace it."""
    return target.with_name(f"{prefix(os.getpid())}{secrets.token_hex(8)}.new")


def own(paths: Iterable[str | Path]) -> list[str]:
    """Those temporary files in the folders of `paths` that are of this process."""
    return [path for path in beside(paths) if Path(path).name.startswith(prefix(os.getpid()))]


def tidy(paths: Iterable[str | Path]) -> None:
    """Remove those of `paths` that a run which is no more has left; never anything else."""
    for path in paths:
        with suppress(OSError):
            if _is_abandoned(Path(path)):
                Path(path).unlink()


def beside(paths: Iterable[str | Path]) -> list[str]:
    """What looks like temporary files in the folders of `paths`."""
    found = []
    for folder in dict.fromkeys(os.path.dirname(os.path.realpath(path)) for path in paths):  # noqa: PTH120
        with suppress(OSError), os.scandir(folder) as listing:
            found += [entry.path for entry in listing if entry.name.startswith(TEMPORARY)]
    return sorted(found)


def _is_abandoned(path: Path) -> bool:
    name = re.fullmatch(_NAME, path.name)
    if name is None:
        return False
    status = path.lstat()
    if not stat.S_ISREG(status.st_mode) or not _is_own(status):
        return False
    if time.time() - status.st_mtime > OLD_AGE and time.time() - status.st_ctime > OLD_AGE:
        return True
    host, boot = _machine()
    if name["host"] != host:
        return False
    return name["boot"] != boot or not _lives(int(name["process"]), int(name["began"]))


def _is_own(status: os.stat_result) -> bool:
    return sys.platform == "win32" or os.geteuid() in (0, status.st_uid)


@cache
def _machine() -> tuple[str, str]:
    """What tells this machine and its processes' numbers from others, and what tells its last start from the others.

    In a container both the name and the numbers are its own.
    """
    numbers, boot = "", b""
    if sys.platform == "linux":
        with suppress(OSError):
            numbers = os.readlink("/proc/self/ns/pid")  # noqa: PTH115
        with suppress(OSError):
            boot = Path("/proc/sys/kernel/random/boot_id").read_bytes()
    host = f"{platform.node()} {numbers}"
    return sha256(host.encode()).hexdigest()[:8], sha256(boot).hexdigest()[:8]


def _began(process: int) -> int | None:
    """When a process began, in the kernel's own measure; None where that cannot be told, or it is no more."""
    try:
        told = Path(f"/proc/{process}/stat").read_bytes()
    except OSError:
        return None
    # The second field is the program's name in brackets, with whatever in it (proc_pid_stat(5)); this is the 22nd.
    return int(told.rpartition(b")")[2].split()[19])


def _lives(process: int, began: int) -> bool:
    if sys.platform == "win32":  # where asking a process ends it (os.kill): only age tells
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return not began or _began(process) in (began, None)
