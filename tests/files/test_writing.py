"""Replacing a file: whole or not at all, and with nothing else about it changed."""

from __future__ import annotations

import errno
import os
import resource
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sidecarify.files import FileError, commit, discard, patch_name, stage

OLD = b"old: 1\r\n"
NEW = b"new: 1\r\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "a.yaml"
    path.write_bytes(OLD)
    return path


def names_in(folder: Path) -> list[str]:
    return sorted(one.name for one in folder.iterdir())


def become_fifo(file: Path) -> None:
    file.unlink()
    os.mkfifo(file)


def replace(path: Path, before: bytes = OLD, after: bytes = NEW) -> None:
    commit(stage(path, before, after))


def refused(path: Path, before: bytes = OLD, after: bytes = NEW) -> FileError:
    with pytest.raises(FileError) as caught:
        replace(path, before, after)
    return caught.value


def test_the_file_holds_the_new_bytes(file: Path) -> None:
    replace(file)
    assert file.read_bytes() == NEW
    assert names_in(file.parent) == ["a.yaml"]


def test_nothing_happens_to_the_file_before_the_commit(file: Path) -> None:
    before = file.stat()
    staged = stage(file, OLD, NEW)
    assert file.read_bytes() == OLD
    assert file.stat() == before
    assert staged.temporary.read_bytes() == NEW
    assert staged.temporary.parent == file.parent
    discard(staged)
    assert names_in(file.parent) == ["a.yaml"]


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o755, 0o4755, 0o666])
def test_the_mode_is_kept_whatever_the_umask(file: Path, mode: int) -> None:
    file.chmod(mode)
    mask = os.umask(0o077)
    try:
        replace(file)
    finally:
        os.umask(mask)
    assert stat.S_IMODE(file.stat().st_mode) == mode


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_the_owner_is_kept(file: Path) -> None:
    os.chown(file, 1234, 4321)
    file.chmod(0o2750)
    replace(file)
    status = file.stat()
    assert (status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)) == (1234, 4321, 0o2750)


def test_extended_attributes_are_kept(file: Path) -> None:
    if sys.platform != "linux":
        pytest.skip("the attributes of other systems are not read")
    try:
        os.setxattr(file, "user.reviewed", b"yes")
    except OSError as error:
        pytest.skip(f"the file system has no extended attributes: {error}")
    replace(file)
    assert os.getxattr(file, "user.reviewed") == b"yes"


def test_the_file_of_a_link_is_replaced_and_the_link_stays(file: Path) -> None:
    link = file.with_name("link.yaml")
    link.symlink_to("a.yaml")
    replace(link)
    assert link.is_symlink()
    assert file.read_bytes() == NEW


def test_other_names_of_the_file_keep_the_old_text_and_are_counted(file: Path) -> None:
    twin = file.with_name("twin.yaml")
    os.link(file, twin)
    staged = stage(file, OLD, NEW)
    assert staged.links == 2
    commit(staged)
    assert (file.read_bytes(), twin.read_bytes()) == (NEW, OLD)


@pytest.mark.parametrize(
    "meddle",
    [
        pytest.param(lambda file: file.write_bytes(b"theirs"), id="it was written"),
        pytest.param(lambda file: file.unlink(), id="it was removed"),
        pytest.param(lambda file: (file.unlink(), file.mkdir()), id="it became a folder"),
        pytest.param(become_fifo, id="it became a FIFO"),
    ],
)
@pytest.mark.parametrize("after_staging", [False, True])
def test_a_file_that_changed_since_it_was_read_is_left_alone(
    file: Path, meddle: Callable[[Path], object], after_staging: bool
) -> None:
    if after_staging:
        staged = stage(file, OLD, NEW)
        meddle(file)
        with pytest.raises(FileError, match="changed since it was read") as caught:
            commit(staged)
        assert caught.value.code == "changed-meanwhile"
    else:
        meddle(file)
        error = refused(file)
        assert error.code in ("changed-meanwhile", "unwritable")
    assert not file.is_file() or file.read_bytes() == b"theirs"
    assert names_in(file.parent) in ([], ["a.yaml"])


def test_a_file_that_was_merely_touched_is_replaced(file: Path) -> None:
    os.utime(file, (1, 1))
    replace(file)
    assert file.read_bytes() == NEW


@pytest.mark.parametrize(
    ("name", "number", "message"),
    [
        pytest.param("write", errno.ENOSPC, "no space left on the device", id="disk full"),
        pytest.param("fsync", errno.EDQUOT, "no space left on the device", id="quota used up, found out late"),
        pytest.param("fsync", errno.EIO, "Input/output error", id="disk broken"),
        pytest.param("fchmod", errno.EPERM, "permission denied", id="mode cannot be kept"),
    ],
)
def test_a_failure_leaves_the_old_file_and_nothing_else(
    file: Path, monkeypatch: pytest.MonkeyPatch, name: str, number: int, message: str
) -> None:
    def fail(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, name, fail)
    error = refused(file)
    assert (error.code, error.message) == ("unwritable", f"cannot be written: {message}; it is as it was")
    assert file.read_bytes() == OLD
    assert names_in(file.parent) == ["a.yaml"]


def test_an_owner_that_cannot_be_kept_is_a_refusal(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root may give files away")
    os.chown(file, 1234, 4321)

    def fail(*_: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "fchown", fail)
    assert "its owner (uid 1234, gid 4321) could not be kept (permission denied)" in refused(file).message
    assert names_in(file.parent) == ["a.yaml"]


def test_a_rename_that_fails_leaves_the_old_file_and_nothing_else(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    staged = stage(file, OLD, NEW)
    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(FileError, match="cannot be replaced: the file system is read-only; it is as it was"):
        commit(staged)
    assert file.read_bytes() == OLD
    assert names_in(file.parent) == ["a.yaml"]


def test_an_interrupt_leaves_nothing_behind(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        stage(file, OLD, NEW)
    assert names_in(file.parent) == ["a.yaml"]


def test_a_limit_on_file_sizes_is_a_full_disk(file: Path) -> None:
    """The real thing, without a file system of its own: the kernel cuts the write short."""
    script = (
        "import resource, sys\n"
        "from pathlib import Path\n"
        "from sidecarify.files import FileError, stage\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
        "try:\n    stage(Path(sys.argv[1]), b'old: 1\\r\\n', b'x' * 100_000)\n"
        "except FileError as error:\n    print(error.message)\n"
    )
    assert signal.getsignal(signal.SIGXFSZ) is signal.SIG_IGN
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != 4096
    ran = subprocess.run([sys.executable, "-c", script, str(file)], capture_output=True, text=True, check=True)
    assert ran.stdout == "cannot be written: no space left on the device; it is as it was\n"
    assert file.read_bytes() == OLD
    assert names_in(file.parent) == ["a.yaml"]


@pytest.fixture
def full_disk() -> Iterator[Path]:
    """A file system of 64 KiB with no room left."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount")
    with tempfile.TemporaryDirectory() as name:
        mount = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", name], capture_output=True, text=True, check=False
        )
        if mount.returncode:
            pytest.skip(f"no tmpfs may be mounted here: {mount.stderr.strip()}")
        try:
            yield Path(name)
        finally:
            subprocess.run(["umount", name], check=True)


def test_a_full_disk_leaves_the_old_file(full_disk: Path) -> None:
    file = full_disk / "a.yaml"
    file.write_bytes(OLD)
    with pytest.raises(OSError, match="No space left"):
        (full_disk / "filler").write_bytes(b"x" * 100_000)
    assert (
        refused(file, after=b"y" * 10_000).message == "cannot be written: no space left on the device; it is as it was"
    )
    assert file.read_bytes() == OLD
    assert names_in(full_disk) == ["a.yaml", "filler"]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        pytest.param("repo/k8s/a.yaml", "k8s/a.yaml", id="from the repository of the current folder"),
        pytest.param("other/sub/a.yaml", "sub/a.yaml", id="from its own repository"),
        pytest.param("repo/k8s/inner/a.yaml", "k8s/inner/a.yaml", id="the outer repository where that is the current"),
    ],
)
def test_names_in_patches(tmp_path: Path, path: str, expected: str) -> None:
    for repository in ("repo", "other", "repo/k8s/inner"):
        (tmp_path / repository / ".git").mkdir(parents=True)
    assert patch_name(str(tmp_path / path), tmp_path / "repo" / "k8s") == expected


def test_names_in_patches_without_a_repository(tmp_path: Path) -> None:
    if any((folder / ".git").exists() for folder in (tmp_path, *tmp_path.parents)):
        pytest.skip("the temporary folder is in a repository")
    assert patch_name(str(tmp_path / "sub/a.yaml"), tmp_path) == "sub/a.yaml"
    assert patch_name(str(tmp_path / "a.yaml"), tmp_path / "sub") == str(tmp_path / "a.yaml").lstrip("/")
