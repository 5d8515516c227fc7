"""Reading a file: what it holds, or a clear reason, and never a wait."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from sidecarify.files import SIZE_LIMIT, FileError, read


def reason(path: Path) -> FileError:
    with pytest.raises(FileError) as caught:
        read(path)
    return caught.value


@pytest.mark.parametrize("data", [b"", b"a: 1\r\n", b"\xef\xbb\xbfa", b"\xff\x00"])
def test_the_bytes_are_those_of_the_file(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.yaml").write_bytes(data)
    assert read(tmp_path / "a.yaml") == data


def test_a_file_at_the_limit_is_read(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.touch()
    os.truncate(file, SIZE_LIMIT)
    assert len(read(file)) == SIZE_LIMIT


def test_a_file_above_the_limit_is_refused_with_the_limit(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.touch()
    os.truncate(file, 200 * 2**20)
    error = reason(file)
    assert (error.code, error.message) == (
        "too-large",
        "is too large: 200.0 MiB, above the limit of 64 MiB for a manifest",
    )


def test_a_fifo_is_refused_without_waiting_for_a_writer(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.yaml")
    error = reason(tmp_path / "a.yaml")
    assert (error.code, error.message) == ("not-a-file", "is a FIFO, not a regular file, and is not read")


def test_a_device_is_refused() -> None:
    assert reason(Path("/dev/zero")).message == "is a device, not a regular file, and is not read"


def test_a_socket_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("a.yaml")
        assert reason(Path("a.yaml")).message == "is a socket, not a regular file, and is not read"


def test_a_folder_is_refused(tmp_path: Path) -> None:
    assert reason(tmp_path).message == "is a folder"


def test_a_file_that_vanished_is_told_so(tmp_path: Path) -> None:
    error = reason(tmp_path / "gone.yaml")
    assert (error.code, error.message) == ("unreadable", "cannot be read: it is not there")


def test_a_name_that_no_system_takes_is_told_so() -> None:
    assert reason(Path("a\0b")).code == "unreadable"


def test_no_permission_is_told_so(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text("a: 1\n")
    file.chmod(0)
    if os.geteuid() != 0:
        assert reason(file).message == "cannot be read: permission denied"
        return
    # Root may read everything: ask as somebody else.
    for folder in (tmp_path, *tmp_path.parents):
        if not os.access(folder, os.X_OK) or not folder.stat().st_mode & 0o001:
            folder.chmod(folder.stat().st_mode | 0o005)
    script = (
        "import os, sys\n"
        "from sidecarify.files import FileError, read\n"
        "os.setgid(65534); os.setuid(65534)\n"
        "try:\n    read(sys.argv[1])\nexcept FileError as error:\n    print(error.message)\n"
    )
    ran = subprocess.run([sys.executable, "-c", script, str(file)], capture_output=True, text=True, check=True)
    assert ran.stdout == "cannot be read: permission denied\n"
