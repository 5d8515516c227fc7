"""`sidecarify review` on a real terminal (a pty), and without one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import BATCH, ROOT, WEB, WEB_AFTER
from tests.kustomize.test_tree import FOLLOWED, tree
from tests.support.terminal import on_a_terminal

from .test_review import TWO, only


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "web.yaml").write_bytes(WEB)
    (tmp_path / "two.yaml").write_bytes(TWO)
    return tmp_path


def answered(keys: str, *arguments: str, **environment: str) -> tuple[int, str]:
    """The command on a terminal on which `keys` are typed line by line: exit code, and what the terminal showed."""
    lines = keys.split()
    asked = 0

    def typing(running: subprocess.Popen[bytes], terminal: int, seen: bytes, silent: bool) -> None:
        nonlocal asked
        # A signal between the question and the wait for its answer can be missed: a person would press again.
        if silent and 0 < asked <= len(lines) and lines[asked - 1] == "^C":
            running.send_signal(signal.SIGINT)
        while seen.count(b"]? ") > asked:
            if asked == len(lines):
                os.write(terminal, b"\x04")  # Ctrl-D at the begin of a line: the end of the input
            elif lines[asked] == "^C":
                running.send_signal(signal.SIGINT)
            else:
                os.write(terminal, f"{lines[asked]}\n".encode())
            asked += 1

    surroundings = {"TERM": "dumb", "COLUMNS": "200", **environment}
    code, seen = on_a_terminal("review", *arguments, typing=typing, environment=surroundings)
    return code, seen.decode()


def test_yes_is_written_at_the_end() -> None:
    code, shown = answered("y", "web.yaml")
    assert (code, Path("web.yaml").read_bytes()) == (0, WEB_AFTER)
    assert "web.yaml:14: Pod web-with-logger: log-reader (safe)\n" in shown
    assert "  because " in shown
    assert "  note [immutable-object]: " in shown
    assert "\n+  initContainers:\n" in shown
    assert "(1/1) Move this container [y,n,a,d,e,q,?]? " in shown
    assert "converted web.yaml: log-reader\n1 file was converted (1 container).\n" in shown


def test_a_move_in_a_kustomize_tree_is_asked_about_once(folder: Path) -> None:
    before = tree(prod=FOLLOWED)
    for name, text in before.items():
        path = folder / "tree" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    code, shown = answered("e y", "tree")
    assert code == 0
    assert shown.count("Move it in all these files [y,n,a,d,q,?]? ") == 2, "there is no text of one file to edit"
    assert "+++ b/tree/base/shop.yaml\n" in shown
    assert "+++ b/tree/prod/patch.yaml\n" in shown
    assert "converted tree/prod/patch.yaml: follows the move of git-sync in tree/base/shop.yaml\n" in shown
    assert "2 files were converted (1 container).\n" in shown
    changed = [name for name, text in before.items() if (folder / "tree" / name).read_text() != text]
    assert changed == ["base/shop.yaml", "prod/patch.yaml"]


def test_no_is_not_written() -> None:
    code, shown = answered("n", "web.yaml")
    assert (code, Path("web.yaml").read_bytes()) == (0, WEB)
    assert "Nothing was converted, 1 declined.\n" in shown


def test_files_are_asked_about_one_after_the_other() -> None:
    code, _ = answered("n y y", "two.yaml", "web.yaml")
    assert code == 0
    assert Path("two.yaml").read_bytes() == only(TWO, "copy")
    assert Path("web.yaml").read_bytes() == WEB_AFTER


def test_d_ends_a_file_and_not_the_others() -> None:
    answered("d y", "two.yaml", "web.yaml")
    assert (Path("two.yaml").read_bytes(), Path("web.yaml").read_bytes()) == (TWO, WEB_AFTER)


def test_q_ends_all_and_writes_what_was_accepted() -> None:
    code, shown = answered("a q", "two.yaml", "web.yaml")
    assert code == 0
    assert (Path("two.yaml").read_bytes(), Path("web.yaml").read_bytes()) == (only(TWO, "log", "copy"), WEB)
    assert shown.count("]? ") == 2


def test_q_says_what_there_was_no_question_about(folder: Path) -> None:
    (folder / "web2.yaml").write_bytes(WEB)
    _, shown = answered("q", "two.yaml", "web.yaml", "web2.yaml")
    assert "Nothing was converted, 1 declined, 1 not asked about, 2 manifests not looked at.\n" in shown


def test_what_nobody_could_read_as_a_list_is_counted(folder: Path) -> None:
    (folder / "jobs.yaml").write_bytes(b"---\n".join([BATCH] * 101))
    _, shown = answered("n", "jobs.yaml", "web.yaml")
    assert (
        "101 containers left alone:\n  role-unclear  101\nconvert --check -v lists them, with the reasons.\n" in shown
    )
    assert "[role-unclear]" not in shown


def test_the_end_of_the_input_is_q() -> None:
    code, _ = answered("y", "two.yaml", "web.yaml")
    assert code == 0
    assert (Path("two.yaml").read_bytes(), Path("web.yaml").read_bytes()) == (only(TWO, "log"), WEB)


@pytest.mark.parametrize("key", ["?", "x", "yes"])
def test_anything_else_shows_help_and_asks_again(key: str) -> None:
    code, shown = answered(f"{key} n", "web.yaml")
    assert code == 0
    assert "y - move this container\n" in shown
    assert shown.count("]? ") == 2


def test_nothing_is_written_before_the_last_answer(folder: Path) -> None:
    """The editor of the last question sees the files as they were."""
    editor = folder / "editor.sh"
    editor.write_text("#!/bin/sh\ncp two.yaml seen.yaml\n")
    editor.chmod(0o755)
    answered("a e", "two.yaml", "web.yaml", EDITOR=str(editor), VISUAL="")
    assert Path("seen.yaml").read_bytes() == TWO
    assert Path("two.yaml").read_bytes() == only(TWO, "log", "copy")
    assert Path("web.yaml").read_bytes() == WEB_AFTER


def test_e_takes_what_the_editor_leaves(folder: Path) -> None:
    editor = folder / "editor.sh"
    editor.write_text('#!/bin/sh\nsed -i 1i#ours "$1"\n')
    editor.chmod(0o755)
    answered("e", "web.yaml", EDITOR=str(editor), VISUAL="")
    assert Path("web.yaml").read_bytes() == b"#ours\n" + WEB_AFTER
    assert not list(folder.glob("sidecarify-*"))


@pytest.mark.parametrize(
    ("editor", "said"),
    [
        pytest.param("", "Set $VISUAL or $EDITOR", id="none"),
        pytest.param("false", "The editor ended with 1", id="one that fails"),
        pytest.param("/no/such/editor", "The editor cannot be started", id="one that is not there"),
    ],
)
def test_e_without_a_usable_editor_asks_again(editor: str, said: str) -> None:
    code, shown = answered("e n", "web.yaml", EDITOR=editor, VISUAL="")
    assert (code, Path("web.yaml").read_bytes()) == (0, WEB)
    assert said in shown


def test_interrupting_writes_nothing() -> None:
    code, shown = answered("y ^C", "two.yaml", "web.yaml")
    assert code == 130
    assert "sidecarify: interrupted" in shown
    assert (Path("two.yaml").read_bytes(), Path("web.yaml").read_bytes()) == (TWO, WEB)


def test_a_file_that_changed_meanwhile_is_left_alone(folder: Path) -> None:
    editor = folder / "editor.sh"
    editor.write_text("#!/bin/sh\necho '# mine' >> web.yaml\n")
    editor.chmod(0o755)
    code, shown = answered("e", "web.yaml", EDITOR=str(editor), VISUAL="")
    assert (code, Path("web.yaml").read_bytes()) == (2, WEB + b"# mine\n")
    assert "[changed-meanwhile]" in shown


def test_nothing_in_a_manifest_acts_on_the_terminal() -> None:
    Path("web.yaml").write_bytes(WEB.replace(b"kind: Pod", b"kind: Pod # \x1b]0;owned\x07".replace(b"\x07", b"")))
    Path("web.yaml").write_bytes(WEB.replace(b"log-reader", '"log\\e[31m\u202e"'.encode()))
    _, shown = answered("n", "web.yaml")
    assert "\x1b" not in shown
    assert "\u202e" not in shown


def test_without_a_terminal_it_refuses() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "sidecarify", "review", "web.yaml"],
        input=b"y\n",
        capture_output=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert (ran.returncode, ran.stdout) == (2, b"")
    assert b"needs a terminal" in ran.stderr
    assert Path("web.yaml").read_bytes() == WEB
