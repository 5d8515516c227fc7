"""What a run says beside its answer: as much as helps, and nothing that does not."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from .conftest import BATCH, WEB, Command

CUSTOM = WEB.replace(b"apiVersion: v1\nkind: Pod\n", b"apiVersion: example.com/v1\nkind: Thing\n")
ADVICE = "is moved"


@pytest.mark.parametrize("arguments", [("--help",), ("convert", "--help")])
def test_help_is_not_cut(sidecarify: Command, arguments: tuple[str, ...]) -> None:
    assert "... " not in sidecarify(*arguments).out.replace("[PATH]... ", "")
    assert "...\n" not in sidecarify(*arguments).out.replace("]...\n", "")


class TestNothingFound:
    @pytest.mark.parametrize("command", ["convert", "revert", "inspect"])
    @pytest.mark.parametrize(
        ("arguments", "told"),
        [
            pytest.param(("empty",), "no files named *.yaml, *.yml or *.json were found", id="a folder without any"),
            pytest.param(("--files-from", "none.txt"), "the list of files is empty", id="an empty list"),
            pytest.param(
                ("--files-from", "texts.txt"), "no files named *.yaml, *.yml or *.json were found", id="a list of texts"
            ),
            pytest.param(("--since", "HEAD"), "no file named *.yaml, *.yml or *.json has changed", id="no change"),
        ],
    )
    def test_it_is_told_and_no_error(
        self, sidecarify: Command, command: str, arguments: tuple[str, ...], told: str
    ) -> None:
        Path("empty").mkdir()
        Path("none.txt").write_text("\n")
        Path("texts.txt").write_text("none.txt\n")
        for git in (("init", "-q"), ("add", "."), ("-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "a")):
            subprocess.run(["git", *git], check=True)
        ended = sidecarify(command, *arguments)
        assert ended.code == 0
        assert f"sidecarify: {told}\n" in ended.err

    def test_quiet_is_quiet(self, sidecarify: Command) -> None:
        Path("empty").mkdir()
        assert sidecarify("convert", "-q", "empty").err == ""


class TestPatch:
    def test_what_was_written(self, sidecarify: Command) -> None:
        assert (
            sidecarify("convert", "--patch", "a.patch", "web.yaml").err.count("a.patch: the patch for 1 file.\n") == 1
        )

    def test_that_it_is_empty(self, sidecarify: Command) -> None:
        Path("empty").mkdir()
        assert "a.patch: written, and empty.\n" in sidecarify("convert", "--patch", "a.patch", "empty").err
        assert Path("a.patch").read_bytes() == b""

    def test_nothing_where_it_could_not_be(self, sidecarify: Command) -> None:
        ended = sidecarify("convert", "--patch", "no/a.patch", "web.yaml")
        assert ended.code == 2
        assert "no/a.patch: the patch" not in ended.err


def test_a_file_for_an_answer_that_there_is_not(sidecarify: Command) -> None:
    ended = sidecarify("convert", "--check", "-o", "answer", "web.yaml")
    assert ended.code == 2
    assert "there would be nothing in it: of the format text only --diff prints" in " ".join(ended.err.split())


class TestAdvice:
    def test_where_it_helps(self, sidecarify: Command) -> None:
        Path("job.yaml").write_bytes(BATCH)
        assert ADVICE in sidecarify("convert", "--check", "job.yaml").err

    def test_none_where_nothing_would_move_it(self, sidecarify: Command) -> None:
        Path("web.yaml").write_bytes(CUSTOM)
        for said in ((), ("--helper", "log-reader", "--accept", "*")):
            ended = sidecarify("convert", "--check", *said, "web.yaml")
            assert "[kind-unsupported] log-reader: " in ended.err
            assert ADVICE not in ended.err


class TestMany:
    """What one can read is listed; beyond that it is counted, for a repository of thousands of files."""

    def test_a_long_list_of_what_was_left_alone_is_counted_by_rule(self, sidecarify: Command, folder: Path) -> None:
        for one in range(101):
            (folder / f"{one}.yaml").write_bytes(BATCH)
        short = sidecarify("convert", "--check", ".").err
        assert "101 containers left alone:\n  role-unclear  101\n-v lists them, with the reasons.\n" in short
        assert "[role-unclear]" not in short
        assert "What is under review is moved with --unsafe" in short
        assert sidecarify("convert", "--check", "-v", ".").err.count("[role-unclear] upload: ") == 101

    def test_notes_of_one_rule_are_counted(self, sidecarify: Command, folder: Path) -> None:
        for one in range(11):
            (folder / f"{one}.yaml").write_bytes(WEB)
        short = sidecarify("convert", "--check", ".").err
        assert short.count("[immutable-object] log-reader: ") == 10
        assert "[immutable-object] 2 more like those above (-v lists all).\n" in short
        assert sidecarify("convert", "--check", "-v", ".").err.count("[immutable-object] log-reader: ") == 12


class TestRemarks:
    @pytest.fixture(autouse=True)
    def missing(self, folder: Path) -> None:
        """A kustomization that names 12 files which are not there."""
        names = "".join(f"- gone-{number}.yaml\n" for number in range(12))
        (folder / "kustomization.yaml").write_text(f"resources:\n- web.yaml\n{names}")

    @pytest.mark.parametrize("command", [("convert", "--check"), ("inspect",)])
    def test_the_first_few_are_told_and_the_rest_counted(self, sidecarify: Command, command: tuple[str, ...]) -> None:
        told = sidecarify(*command, ".").err
        assert told.count("[missing] gone-") == 10
        assert "[missing] 2 more like those above (-v lists all).\n" in told

    def test_all_where_they_are_asked_for(self, sidecarify: Command) -> None:
        told = sidecarify("convert", "--check", "-v", ".").err
        assert told.count("[missing] gone-") == 12
        assert "more like" not in told

    def test_all_in_a_form_for_programs(self, sidecarify: Command) -> None:
        answer = sidecarify("convert", "--check", "--output-format", "concise", ".").out
        assert answer.count("[missing] ") == 12


@pytest.mark.parametrize(
    ("image", "told"),
    [
        pytest.param(b"busybox:1.36", True, id="safe"),
        pytest.param(b"registry.example/feeder:1", False, id="under review"),
    ],
)
def test_notes_are_of_what_moves(sidecarify: Command, image: bytes, told: bool) -> None:
    """What would be worth knowing of a move is noise beside the reasons why there is none."""
    text = WEB.replace(b"busybox:1.36", image)
    if not told:
        text = text[: text.index(b"      command:")] + text[text.index(b"      volumeMounts:", text.index(image)) :]
    Path("web.yaml").write_bytes(text)
    note = "[immutable-object]"
    assert note in sidecarify("inspect", "-v", "web.yaml").out
    assert (note in sidecarify("inspect", "--output-format", "concise", "web.yaml").out) is told
