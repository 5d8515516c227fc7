"""Reading files, and replacing them so that each is always whole. discover.py says which they are."""

import errno
import os
import stat
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from sidecarify.leftovers import fresh

SIZE_LIMIT = 64 * 1024 * 1024
"""No manifest that people keep is larger; etcd takes objects of 1.5 MiB."""

_READING = os.O_RDONLY
for _flag in ("O_BINARY", "O_CLOEXEC", "O_NOCTTY", "O_NONBLOCK"):  # not every system knows them all
    _READING |= getattr(os, _flag, 0)
_WAIT = 1.0
_DISK_FULL = frozenset({errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)})
_FORBIDDEN = frozenset({errno.EACCES, errno.EPERM})


class FileError(Exception):
    """A file that cannot be read or written; `code` names the case, `message` says it to people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class Staged(NamedTuple):
    """A new text that waits beside the file which it is to replace.

    `before` and `after` are digests of the two texts: a run may have thousands. `links` counts the names of the file.
    """

    target: Path
    temporary: Path
    before: bytes
    after: bytes
    links: int

    @property
    def kept(self) -> Path:
        """The second name of the old file while it may have to come back."""
        return self.temporary.with_suffix(".old")


def read(path: str | Path) -> bytes:
    """The bytes of a regular file. Raises FileError (`unreadable`, `not-a-file`, `too-large`); never blocks."""
    try:
        # Asked before opening, because opening alone makes some devices act; and after it, because names can change.
        _check_regular(os.stat(path))  # noqa: PTH116
        descriptor = os.open(path, _READING)
        try:
            status = os.fstat(descriptor)
            _check_regular(status)
            return _read(descriptor, status.st_size)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise FileError("unreadable", f"cannot be read: {reason(error)}") from None
    except ValueError as error:
        raise FileError("unreadable", f"cannot be read: {error}") from None


def _read(descriptor: int, size: int) -> bytes:
    # To ask for the limit at once would make room for 64 MiB for every file.
    parts = []
    room = SIZE_LIMIT + 1
    while room:
        wanted = min(room, max(size + 1, 8192))
        part = os.read(descriptor, wanted)
        parts.append(part)
        room -= len(part)
        if len(part) < wanted:  # the end of a regular file
            break
    return check_size(b"".join(parts))


def check_size(data: bytes) -> bytes:
    """Give `data` back. Raises FileError (`too-large`) if there is more of it than SIZE_LIMIT."""
    if len(data) > SIZE_LIMIT:
        raise _too_large()
    return data


def stage(path: str | Path, before: bytes, after: bytes) -> Staged:
    """Write `after` beside the file `path`, on the disk and with that file's mode, owner and extended attributes.

    The file itself stays as it is until `commit`. Raises FileError (`unwritable`, `changed-meanwhile`), and then
    leaves nothing behind.
    """
    target = Path(os.path.realpath(path))
    try:
        # The folder's permission would do for the replacement: whether the file may be written must be asked of it.
        os.close(os.open(target, os.O_WRONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)))
        status = target.stat()
    except OSError as error:
        raise FileError("unwritable", f"cannot be written: {reason(error)}; it is as it was") from None
    digest = _digest(before)
    _check_same(target, digest)
    temporary = fresh(target)  # named before it is there: a signal in between leaves nothing behind
    try:
        descriptor = _created(temporary)
        try:
            _fill(descriptor, after)
            _take_over(descriptor, target, status)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except BaseException as error:
        _remove(temporary)
        if isinstance(error, OSError):
            raise FileError("unwritable", f"cannot be written: {reason(error)}; it is as it was") from None
        raise
    return Staged(target, temporary, digest, _digest(after), status.st_nlink)


def commit(staged: Staged, *, keep: bool = False) -> None:
    """Let the staged text take the file's place, at once and whole; other names (hard links) keep the old text.

    With `keep`, the old file stays beside it under a second name, for `restore` or `forget`. The new name is on the
    disk after `sync`. A file that holds the new text already (another run was faster) is left as it is. Raises
    FileError (`unwritable`, `changed-meanwhile`); the file is then as it was and the staged text gone.
    """
    try:
        with _alone_in(staged.target.parent):
            now = _current(staged.target)
            if now == staged.after:
                discard(staged)
                return
            if now != staged.before:
                _check_same(staged.target, staged.before)
            if keep:
                _keep(staged)
            staged.temporary.replace(staged.target)
    except BaseException as error:
        if staged.temporary.exists():
            forget(staged)
            discard(staged)
        if isinstance(error, OSError):
            raise FileError("unwritable", f"cannot be replaced: {reason(error)}; it is as it was") from None
        raise


def restore(staged: Staged) -> None:
    """Take back a `commit` with `keep`, if there was one: the old file takes its place again, at once and whole.

    Raises FileError (`not-restored`) if it cannot, or if somebody else has written the file since; the old file then
    stays beside it.
    """
    where = f"its old text is in {staged.kept.name} beside it until the next run"
    try:
        if not staged.kept.exists():
            return
        with _alone_in(staged.target.parent):
            if _current(staged.target) != staged.after:
                raise FileError("not-restored", f"was written by somebody else meanwhile and is left so; {where}")
            staged.kept.replace(staged.target)
    except OSError as error:
        raise FileError("not-restored", f"cannot be put back ({reason(error)}) and has the new text; {where}") from None


def forget(staged: Staged) -> None:
    """Remove the second name of the old file."""
    _remove(staged.kept)


def discard(staged: Staged) -> None:
    """Remove a staged text."""
    _remove(staged.temporary)


def sync(folder: Path) -> None:
    """Bring the names in a folder to the disk; where it cannot be synced (Windows, some networks), they still stand."""
    if sys.platform == "win32":
        return
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Keep other runs of this program from replacing files in a folder, where the system can.

    A lock on the folder itself leaves no file behind, not even if the process is killed. Others may hold such a lock
    for reasons of their own (`flock . sidecarify convert`), so nobody waits long for it; what is written is compared
    with what was read in any case.
    """
    if sys.platform == "win32":
        yield
        return
    import fcntl  # noqa: PLC0415  (not on Windows)

    descriptor = -1
    try:
        with suppress(OSError):
            descriptor = os.open(folder, os.O_RDONLY)
            until = time.monotonic() + _WAIT
            while True:
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    if time.monotonic() > until:
                        break
                    time.sleep(0.005)
                else:
                    break
        yield
    finally:
        if descriptor >= 0:
            os.close(descriptor)


def _created(path: Path) -> int:
    try:
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
    except OSError as error:
        where = f"in the folder {path.parent}: {reason(error)}"
        raise FileError("unwritable", f"cannot be written {where}; it is as it was") from None


def _keep(staged: Staged) -> None:
    """Give the old file a second name, or where there are no such things copy it."""
    try:
        os.link(staged.target, staged.kept)
    except OSError:
        descriptor = os.open(staged.kept, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            _fill(descriptor, read(staged.target))
            _take_over(descriptor, staged.target, staged.target.stat())
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _remove(path: Path) -> None:
    with suppress(OSError):
        path.unlink()


def patch_name(path: str, folder: Path) -> str:
    """The name of the file `path` in a patch: from the root of the repository, with forward slashes.

    That is the repository which holds `folder`, else the file's own; without one, `folder` itself; a file elsewhere
    goes by its absolute name.
    """
    file = Path(path)
    for root in (repository(folder), repository(file.parent), folder):
        if root is not None and file.is_relative_to(root):
            return file.relative_to(root).as_posix()
    return file.relative_to(file.anchor).as_posix()


def reason(error: OSError | ValueError) -> str:
    """What went wrong with a file, in words."""
    if not isinstance(error, OSError):
        return str(error)
    if error.errno in _DISK_FULL:
        return "no space left on the device"
    if error.errno in _FORBIDDEN:
        return "permission denied"
    if error.errno == errno.EROFS:
        return "the file system is read-only"
    if error.errno == errno.ENOENT:
        return "it is not there"
    if error.errno == errno.ELOOP:
        return "its symbolic links run in a circle"
    return error.strerror or str(error)


@lru_cache(maxsize=4096)
def repository(folder: Path) -> Path | None:
    """The repository that holds a folder: the nearest one above it (or itself) with a `.git`."""
    return next((one for one in (folder, *folder.parents) if (one / ".git").exists()), None)


def _check_regular(status: os.stat_result) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise FileError("not-a-file", "is a folder")
    if not stat.S_ISREG(status.st_mode):
        raise FileError(*no_file(status.st_mode))
    if status.st_size > SIZE_LIMIT:
        raise _too_large(status.st_size)


def no_file(mode: int) -> tuple[str, str]:
    """The code and the message for what is neither a regular file nor a folder."""
    kinds = {stat.S_IFIFO: "a FIFO", stat.S_IFSOCK: "a socket", stat.S_IFCHR: "a device", stat.S_IFBLK: "a device"}
    what = kinds.get(stat.S_IFMT(mode), "something special")
    return "not-a-file", f"is {what}, not a regular file, and is not read"


def _too_large(size: int | None = None) -> FileError:
    limit = f"the limit of {SIZE_LIMIT // 2**20} MiB for a manifest"
    held = "more than" if size is None else f"{size / 2**20:.1f} MiB, above"
    return FileError("too-large", f"is too large: {held} {limit}")


def _check_same(target: Path, before: bytes) -> None:
    try:
        now = _digest(read(target))
    except FileError as error:
        what = f"changed since it was read ({error.message}), so it was not written; run again"
        raise FileError("changed-meanwhile", what) from None
    if now != before:
        raise FileError("changed-meanwhile", "changed since it was read, so it was not written; run again")


def _current(target: Path) -> bytes:
    """The digest of what a file holds now; empty if it cannot be read."""
    try:
        return _digest(read(target))
    except FileError:
        return b""


def _digest(data: bytes) -> bytes:
    return sha256(data).digest()


def _fill(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _take_over(descriptor: int, target: Path, status: os.stat_result) -> None:
    """Give the temporary file the target's owner, mode and extended attributes (where the system has such things)."""
    if sys.platform == "win32":
        return
    own = os.fstat(descriptor)
    if (own.st_uid, own.st_gid) != (status.st_uid, status.st_gid):
        try:
            os.fchown(descriptor, status.st_uid, status.st_gid)
        except OSError as error:
            what = f"cannot be written: its owner (uid {status.st_uid}, gid {status.st_gid}) could not be kept"
            raise FileError("unwritable", f"{what} ({reason(error)}); it is as it was") from None
    os.fchmod(descriptor, stat.S_IMODE(status.st_mode))
    if sys.platform == "linux":
        with suppress(OSError):
            for name in os.listxattr(target):
                with suppress(OSError):
                    os.setxattr(descriptor, name, os.getxattr(target, name))
