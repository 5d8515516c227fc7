"""Files that cannot be what they should: each is told with file and line, ends in 2, and stays as it is."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from .conftest import ROOT, SERVICE, WEB, WEB_AFTER, Command, Ended

POD = b"apiVersion: v1\nkind: Pod\nspec:\n  containers:\n    - name: a\n      image: x\n    - name: b\n      image: y\n"
BOMB = b"a0: &a0 [x, x]\n" + b"".join(b"a%d: &a%d [*a%d, *a%d]\n" % (n, n, n - 1, n - 1) for n in range(1, 60))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param(POD + b"# \xff\n", "bad.yaml:9: [not-utf8] the file is not UTF-8: byte 0xff", id="not UTF-8"),
        pytest.param(POD.decode().encode("utf-16"), "bad.yaml:1: [utf-16] the file is UTF-16", id="UTF-16"),
        pytest.param(POD + b"      args: [1\n", "bad.yaml:10: [parse] not YAML: ", id="a list that never ends"),
        pytest.param(POD + b"\timage: x\n", "bad.yaml:9: [parse] not YAML: ", id="tabs as indentation"),
        pytest.param(POD + b"      args: *nobody\n", "bad.yaml:9: [undefined-alias] ", id="unknown anchor"),
        pytest.param(POD + b"      name: c\n", "bad.yaml:9: [duplicate-key] ", id="the same key twice in a container"),
        pytest.param(
            POD + b"  containers: []\n", "bad.yaml:9: [duplicate-key] key 'containers' stands twice", id="two lists"
        ),
        pytest.param(POD + b"x: " + b"[" * 10_000 + b"]" * 10_000 + b"\n", "bad.yaml:9: [too-deep] ", id="10,000 deep"),
        pytest.param(POD + b"# \x07\n", "bad.yaml:9: [parse] not YAML: ", id="a control character"),
    ],
)
def test_text_that_is_no_manifest(sidecarify: Command, text: bytes, told: str) -> None:
    Path("bad.yaml").write_bytes(text)
    ended = sidecarify("convert", "bad.yaml", "web.yaml")
    assert (ended.code, ended.stdout) == (2, b"")
    assert told in ended.err
    assert Path("bad.yaml").read_bytes() == text
    assert Path("web.yaml").read_bytes() == WEB_AFTER


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_the_other_documents_of_a_bad_file_are_converted(sidecarify: Command, end: bytes) -> None:
    """A line that starts with `---` ends a document whatever is wrong with it, so its neighbours can be read safely."""
    parts = [WEB, POD + b"      args: [1\n", SERVICE, WEB.replace(b"web-with", b"two-with")]
    after = [WEB_AFTER, parts[1], SERVICE, WEB_AFTER.replace(b"web-with", b"two-with")]
    Path("web.yaml").write_bytes(b"---\n".join(parts).replace(b"\n", end))
    ended = sidecarify("convert", "web.yaml")
    line = WEB.count(b"\n") + 1 + parts[1].count(b"\n") + 1
    assert ended.code == 2
    assert f"web.yaml:{line}: [parse] not YAML: " in ended.err
    assert "1 file was converted (2 containers), 0 left unchanged, 1 with errors." in ended.err
    assert Path("web.yaml").read_bytes() == b"---\n".join(after).replace(b"\n", end)


def test_an_alias_bomb_costs_neither_memory_nor_time(folder: Path) -> None:
    (folder / "web.yaml").write_bytes(WEB + b"---\n" + POD + BOMB)
    script = (
        "import resource, sys\nresource.setrlimit(resource.RLIMIT_AS, (2**29, 2**29))\n"
        f"sys.path.insert(0, {str(ROOT)!r})\nfrom sidecarify.cli import main\nmain()\n"
    )
    command = [sys.executable, "-c", script, "convert", "--explain", "web.yaml"]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    assert ran.returncode == 0, ran.stderr
    assert (folder / "web.yaml").read_bytes() == WEB_AFTER + b"---\n" + POD + BOMB


@pytest.mark.parametrize("given", [".", "big.yaml"])
def test_a_file_of_200_mb_is_refused_with_the_limit(sidecarify: Command, given: str) -> None:
    with Path("big.yaml").open("wb") as file:
        file.write(POD)
        file.truncate(200 * 2**20)
    ended = sidecarify("convert", "--check", given)
    assert ended.code == 2
    assert "big.yaml:1: [too-large] is too large: 200.0 MiB, above the limit of 64 MiB for a manifest" in ended.err
    Path("big.yaml").unlink()


def test_a_stream_of_200_mb_is_refused_with_the_limit() -> None:
    command = [sys.executable, "-m", "sidecarify", "convert", "-"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT
    ) as running:
        assert running.stdin is not None
        assert running.stdout is not None
        assert running.stderr is not None
        chunk = b"#" * 2**20
        try:
            for _ in range(200):
                running.stdin.write(chunk)
            running.stdin.close()
        except BrokenPipeError:
            pass
        assert running.stdout.read() == b""
        assert b"<stdin>:1: [too-large] is too large: more than the limit of 64 MiB" in running.stderr.read()
    assert running.returncode == 2


@pytest.mark.parametrize("text", [b"", b"\n", b"# nothing\n", b"---\n", b"---\n---\n...\n", b"\xef\xbb\xbf"])
def test_an_empty_file_is_no_error(sidecarify: Command, text: bytes) -> None:
    Path("empty.yaml").write_bytes(text)
    ended = sidecarify("convert", "empty.yaml")
    assert (ended.code, ended.err) == (0, "Nothing to convert: 1 file left unchanged.\n")
    assert Path("empty.yaml").read_bytes() == text


def test_a_folder_named_like_a_manifest_is_walked(sidecarify: Command) -> None:
    Path("x.yaml").mkdir()
    Path("web.yaml").rename("x.yaml/web.yaml")
    assert sidecarify("convert", "x.yaml").code == 0
    assert Path("x.yaml/web.yaml").read_bytes() == WEB_AFTER


@pytest.mark.parametrize(
    ("given", "more"),
    [
        pytest.param("bad.yaml", "", id="given by name"),
        pytest.param(".", "; --exclude or .sidecarifyignore leave it out", id="met on the way"),
    ],
)
class TestWhatIsNoFile:
    def test_a_broken_link(self, sidecarify: Command, given: str, more: str) -> None:
        Path("bad.yaml").symlink_to("gone.yaml")
        ended = sidecarify("convert", given)
        assert ended.code == 2
        assert f"bad.yaml:1: [broken-link] is a broken symbolic link (to gone.yaml){more}\n" in ended.err
        assert Path("bad.yaml").is_symlink()

    def test_a_fifo(self, process: Command, given: str, more: str) -> None:
        os.mkfifo("bad.yaml")
        ended = process("convert", given, timeout=30)
        assert ended.code == 2
        assert f"bad.yaml:1: [not-a-file] is a FIFO, not a regular file, and is not read{more}\n" in ended.err

    def test_a_link_to_a_fifo(self, process: Command, given: str, more: str) -> None:
        os.mkfifo("fifo")
        Path("bad.yaml").symlink_to("fifo")
        ended = process("convert", given, timeout=30)
        assert ended.code == 2
        assert f"bad.yaml:1: [not-a-file] is a FIFO, not a regular file, and is not read{more}\n" in ended.err


@pytest.mark.parametrize("flag", [("--exclude", "bad.yaml"), ()], ids=["--exclude", ".sidecarifyignore"])
def test_what_is_left_out_is_not_told(sidecarify: Command, flag: tuple[str, ...]) -> None:
    Path("bad.yaml").symlink_to("gone.yaml")
    if not flag:
        Path(".sidecarifyignore").write_text("bad.yaml\n")
    assert "broken-link" not in sidecarify("convert", *flag, ".").err


def test_a_link_out_of_the_folder_is_reported(sidecarify: Command) -> None:
    Path("in").mkdir()
    Path("in/web.yaml").symlink_to("../web.yaml")
    ended = sidecarify("convert", "in")
    assert ended.code == 0
    assert "in/web.yaml:1: [outside-link] is a symbolic link out of the given folder" in ended.err
    assert Path("web.yaml").read_bytes() == WEB


def test_hard_links_are_told(sidecarify: Command) -> None:
    os.link("web.yaml", "twin.txt")
    ended = sidecarify("convert", "web.yaml")
    assert ended.code == 0
    assert "web.yaml:1: [hard-link] had 2 names (hard links); the other names keep the old text" in ended.err
    assert (Path("web.yaml").read_bytes(), Path("twin.txt").read_bytes()) == (WEB_AFTER, WEB)


AS_NOBODY = """
import contextlib, io, os, sys
sys.path.insert(0, sys.argv.pop(1))
from sidecarify.cli import main
given, sys.argv[1:] = sys.argv[1:], ["convert", "--diff", sys.argv.pop(1)]
# Once for the imports: the interpreter's own files need not be open to everybody.
with contextlib.redirect_stderr(io.StringIO()), contextlib.suppress(SystemExit):
    main()
if os.geteuid() == 0:
    os.setgroups([]); os.setgid(65534); os.setuid(65534)
sys.argv[1:] = given[1:]
main()
"""


@pytest.fixture
def shared_folder() -> Iterator[Path]:
    """A folder that everybody may enter, with a manifest that everybody may read and write."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "shared"
        folder.mkdir()
        folder.chmod(0o777)
        Path(name).chmod(0o755)
        (folder / "web.yaml").write_bytes(WEB)
        if os.geteuid() == 0:
            os.chown(folder / "web.yaml", 65534, 65534)
        yield folder


def as_nobody(folder: Path, *arguments: str) -> tuple[int, str]:
    """The command as somebody who is not root: root may do what is to be forbidden here."""
    warm = folder.parent / "warm.yaml"
    warm.write_bytes(WEB)
    command = [sys.executable, "-c", AS_NOBODY, str(ROOT), str(warm), *arguments]
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return ran.returncode, ran.stderr


def test_no_permission_to_read(shared_folder: Path) -> None:
    (shared_folder / "web.yaml").chmod(0)
    code, err = as_nobody(shared_folder, "convert", "web.yaml")
    assert (code, "web.yaml:1: [unreadable] cannot be read: permission denied\n" in err) == (2, True), err
    (shared_folder / "web.yaml").chmod(0o600)
    assert (shared_folder / "web.yaml").read_bytes() == WEB


def test_no_permission_to_enter_a_folder(shared_folder: Path) -> None:
    (shared_folder / "closed").mkdir(mode=0)
    code, err = as_nobody(shared_folder, "convert", ".")
    assert code == 2
    assert "closed:1: [unreadable] the folder cannot be read: permission denied\n" in err
    assert (shared_folder / "web.yaml").read_bytes() == WEB_AFTER


def test_no_permission_to_write_the_file(shared_folder: Path) -> None:
    (shared_folder / "web.yaml").chmod(0o444)
    code, err = as_nobody(shared_folder, "convert", "web.yaml")
    assert (code, "web.yaml:1: [unwritable] cannot be written: permission denied; it is as it was\n" in err) == (
        2,
        True,
    )
    assert "Nothing to convert: 0 files left unchanged, 1 with errors." in err
    assert (shared_folder / "web.yaml").read_bytes() == WEB


def test_no_permission_to_write_the_folder(shared_folder: Path) -> None:
    shared_folder.chmod(0o555)
    try:
        code, err = as_nobody(shared_folder, "convert", "web.yaml")
    finally:
        shared_folder.chmod(0o755)
    assert code == 2
    assert "web.yaml:1: [unwritable] cannot be written in the folder" in err
    assert "permission denied; it is as it was" in err
    assert (shared_folder / "web.yaml").read_bytes() == WEB


def test_somebody_elses_file_keeps_its_owner_or_stays(shared_folder: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root may give files away")
    os.chown(shared_folder / "web.yaml", 1234, 1234)
    (shared_folder / "web.yaml").chmod(0o666)
    code, err = as_nobody(shared_folder, "convert", "web.yaml")
    assert code == 2
    assert "its owner (uid 1234, gid 1234) could not be kept" in err
    assert (shared_folder / "web.yaml").read_bytes() == WEB
    assert [one.name for one in shared_folder.iterdir()] == ["web.yaml"]


def test_a_full_disk(sidecarify: Command) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root may mount")
    Path("disk").mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", "disk"]
    mounted = subprocess.run(mount, capture_output=True, text=True, check=False)
    if mounted.returncode:
        pytest.skip(f"no tmpfs may be mounted here: {mounted.stderr.strip()}")
    try:
        Path("disk/web.yaml").write_bytes(WEB)
        with pytest.raises(OSError, match="No space left"):
            Path("disk/filler").write_bytes(b"x" * 100_000)
        ended = sidecarify("convert", "disk")
        assert ended.code == 2
        assert "disk/web.yaml:1: [unwritable] cannot be written: no space left on the device" in ended.err
        assert Path("disk/web.yaml").read_bytes() == WEB
        assert sorted(one.name for one in Path("disk").iterdir()) == ["filler", "web.yaml"]
    finally:
        subprocess.run(["umount", "disk"], check=True)


@pytest.mark.parametrize(
    "arguments", [("convert", "--diff", "web.yaml"), ("rules",), ("--help",), ("--version",), ("inspect", "--help")]
)
def test_a_full_disk_behind_stdout(arguments: tuple[str, ...]) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("there is no /dev/full here")
    with Path("/dev/full").open("wb") as full:
        ran = subprocess.run(
            [sys.executable, "-m", "sidecarify", *arguments],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
    assert (ran.returncode, ran.stderr) == (2, "sidecarify: cannot write to stdout: No space left on device\n")


def test_a_reader_that_has_gone_is_no_traceback(folder: Path) -> None:
    many = "---\n".join(WEB.decode().replace("web-with", f"web-{number}") for number in range(300))
    (folder / "web.yaml").write_text(many)
    command = f"{sys.executable} -m sidecarify convert --diff {folder}/web.yaml | head -n 1"
    ran = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False, cwd=ROOT)
    assert ran.stdout.startswith("--- a/")
    assert "Traceback" not in ran.stderr
    assert "Exception ignored" not in ran.stderr


class TestClosedStreams:
    """`<&-`, `>&-` and `2>&-` of a shell: data that cannot be read or written is an error, lost talk is none."""

    def run(self, redirection: str, *arguments: str) -> Ended:
        line = " ".join(shlex.quote(one) for one in (sys.executable, "-m", "sidecarify", *arguments))
        ran = subprocess.run(["sh", "-c", f"{line} {redirection}"], capture_output=True, check=False, timeout=120)
        return Ended(ran.returncode, ran.stdout, ran.stderr)

    def test_stdin(self) -> None:
        ended = self.run("<&-", "convert", "-")
        assert (ended.code, ended.err) == (2, "<stdin>:1: [unreadable] cannot be read: Bad file descriptor\n")

    @pytest.mark.parametrize("arguments", [("convert", "--diff", "web.yaml"), ("--help",), ("--version",)])
    def test_stdout(self, arguments: tuple[str, ...]) -> None:
        ended = self.run(">&-", *arguments)
        assert (ended.code, ended.err) == (2, "sidecarify: cannot write to stdout: Bad file descriptor\n")

    def test_stdout_that_is_not_needed(self) -> None:
        assert self.run(">&-", "convert", "--check", "web.yaml").code == 1

    def test_stderr(self) -> None:
        ended = self.run("2>&-", "convert", "--diff", "web.yaml")
        assert (ended.code, ended.stdout[:13]) == (1, b"--- a/web.yam")


INTERRUPTING = """
import signal, sys

class Finder:
    def find_spec(name, *_):
        if name == "sidecarify.cli.app":
            signal.raise_signal(signal.SIGINT)

sys.meta_path.insert(0, Finder)
from sidecarify.cli import main
main()
"""


def test_ctrl_c_while_the_command_is_being_loaded() -> None:
    ran = subprocess.run([sys.executable, "-c", INTERRUPTING], capture_output=True, check=False, timeout=120)
    assert (ran.returncode, ran.stderr) == (130, b"sidecarify: interrupted\n")


def test_an_empty_path(sidecarify: Command) -> None:
    ended = sidecarify("convert", "--check", "web.yaml", "")
    assert ended.code == 2
    assert "a path is empty." in ended.err
