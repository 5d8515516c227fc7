"""The form of the answer on the command line, where it goes, the summary, and the progress bar."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

from sidecarify.cli.output import Spool
from sidecarify.cli.progress import LOOKED_FROM
from sidecarify.newfile import new_file
from tests.support.terminal import on_a_terminal

from .conftest import BATCH, WEB, WEB_AFTER, Command

FORMS = ["concise", "json", "jsonl", "sarif", "github", "gitlab", "junit", "markdown"]
TEMPLATE = b"kind: Pod\nspec:\n  containers:\n{{ if .x }}\n"


@pytest.mark.parametrize("target", ["gone.yaml", "../elsewhere.yaml"], ids=["to nothing", "out of the repository"])
def test_a_link_is_told_by_its_own_name(sidecarify: Command, target: str) -> None:
    Path("repository/.git").mkdir(parents=True)
    Path("elsewhere.yaml").write_bytes(WEB)
    Path("repository/link.yaml").symlink_to(target)
    os.chdir("repository")
    answer = json.loads(sidecarify("convert", "--check", "--output-format", "gitlab", ".").stdout)
    assert [one["location"]["path"] for one in answer] == ["link.yaml"]


class TestForms:
    @pytest.mark.parametrize("form", FORMS)
    @pytest.mark.parametrize("command", [("convert", "--check"), ("convert", "--diff"), ("inspect",)])
    def test_stdout_holds_the_answer_alone_and_the_exit_code_stays(
        self, sidecarify: Command, form: str, command: tuple[str, ...]
    ) -> None:
        plain = sidecarify(*command, "web.yaml")
        ended = sidecarify(*command, "--output-format", form, "web.yaml")
        assert ended.code == plain.code
        assert "log-reader" in ended.out
        assert "+++ " not in ended.out.replace("\\n+++ ", "")
        assert Path("web.yaml").read_bytes() == WEB

    @pytest.mark.parametrize("form", FORMS)
    def test_a_file_gets_the_same_bytes(self, sidecarify: Command, form: str) -> None:
        printed = sidecarify("convert", "--check", "--output-format", form, "web.yaml").stdout
        ended = sidecarify("convert", "--check", "--output-format", form, "--output-file", "answer", "web.yaml")
        assert (ended.code, ended.stdout) == (1, b"")
        assert Path("answer").read_bytes() == printed

    @pytest.mark.parametrize("form", FORMS)
    def test_an_error_is_in_the_answer_and_in_the_exit_code(self, sidecarify: Command, form: str) -> None:
        Path("bad.yaml").write_text("kind: Pod\nspec: {containers: [\n")
        ended = sidecarify("convert", "--check", "--output-format", form, "bad.yaml", "gone.yaml", "web.yaml")
        assert ended.code == 2
        assert "bad.yaml:3: [parse]" in ended.err
        for name in ("bad.yaml", "gone.yaml", "web.yaml"):
            assert name in ended.out

    def test_with_a_file_the_patch_is_still_printed(self, sidecarify: Command) -> None:
        patch = sidecarify("convert", "--diff", "web.yaml").stdout
        ended = sidecarify("convert", "--diff", "--output-format", "markdown", "-o", "body.md", "web.yaml")
        assert ended.stdout == patch
        assert "log-reader" in Path("body.md").read_text()

    def test_the_patch_itself_can_go_to_a_file(self, sidecarify: Command) -> None:
        patch = sidecarify("convert", "--diff", "web.yaml").stdout
        ended = sidecarify("convert", "--diff", "-o", "a.patch", "web.yaml")
        assert (ended.code, ended.stdout, Path("a.patch").read_bytes()) == (1, b"", patch)

    def test_the_table_of_inspect_can_go_to_a_file(self, sidecarify: Command) -> None:
        table = sidecarify("inspect", "web.yaml").stdout
        ended = sidecarify("inspect", "-o", "table.txt", "web.yaml")
        assert (ended.code, ended.stdout, Path("table.txt").read_bytes()) == (0, b"", table)

    def test_a_patch_and_the_text_of_its_pull_request_in_one_run(self, sidecarify: Command) -> None:
        ended = sidecarify("convert", "--patch", "a.patch", "--output-format", "markdown", "web.yaml")
        assert ended.code == 0
        assert ended.out.startswith("## ")
        assert Path("a.patch").read_bytes().startswith(b"--- a/")

    def test_stdin(self, sidecarify: Command) -> None:
        ended = sidecarify("convert", "--check", "--output-format", "concise", "-", stdin=WEB)
        assert ended.out.startswith("<stdin>:14: [native-sidecar] log-reader: ")

    def test_json_has_patches_with_diff_alone(self, sidecarify: Command) -> None:
        for flag, has in (("--diff", True), ("--check", False)):
            (file,) = json.loads(sidecarify("convert", flag, "--output-format", "json", "web.yaml").stdout)["files"]
            assert ("patch" in file) is has

    def test_code_hosts_get_names_from_the_root_of_the_repository(
        self, sidecarify: Command, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        Path(".git").mkdir()
        Path("sub").mkdir()
        Path("web.yaml").rename("sub/web.yaml")
        monkeypatch.chdir("sub")
        for form, said in (("github", "file=sub/web.yaml,"), ("gitlab", '"sub/web.yaml"'), ("sarif", '"sub/web.yaml"')):
            assert said in sidecarify("convert", "--check", "--output-format", form, "web.yaml").out

    @pytest.mark.parametrize(
        "arguments",
        [
            pytest.param(("--output-format", "json"), id="a report of what is being written"),
            pytest.param(("--check", "--output-file", "x"), id="text, of which nothing is printed"),
            pytest.param(("--check", "--output-format", "html"), id="a format that is none"),
        ],
    )
    def test_what_makes_no_sense(self, sidecarify: Command, arguments: tuple[str, ...]) -> None:
        assert sidecarify("convert", *arguments, "web.yaml").code == 2
        assert Path("web.yaml").read_bytes() == WEB
        assert not Path("x").exists()


class TestFile:
    def test_a_file_that_cannot_be_written_is_an_error(self, sidecarify: Command) -> None:
        ended = sidecarify("convert", "--check", "--output-format", "json", "-o", "no/a.json", "web.yaml")
        assert ended.code == 2
        assert "no/a.json:1: [unwritable] cannot be written: there is no folder no" in ended.err

    def test_it_is_new_when_all_is_written(self, folder: Path) -> None:
        Path("a").write_text("old")
        with new_file(Path("a")) as add:
            add("n")
            assert Path("a").read_text() == "old"
            add("ew")
        assert Path("a").read_text() == "new"
        assert sorted(path.name for path in folder.iterdir()) == ["a", "web.yaml"]

    def test_a_run_that_fails_leaves_the_old_one(self, folder: Path) -> None:
        Path("a").write_text("old")
        with pytest.raises(RuntimeError), new_file(Path("a")) as add:
            add("new")
            raise RuntimeError
        assert Path("a").read_text() == "old"
        assert sorted(path.name for path in folder.iterdir()) == ["a", "web.yaml"]

    def test_its_mode_stays_and_a_new_one_follows_the_umask(self) -> None:
        Path("a").write_text("old")
        Path("a").chmod(0o640)
        old = os.umask(0o027)
        try:
            for name in ("a", "b"):
                with new_file(Path(name)) as add:
                    add("new")
        finally:
            os.umask(old)
        assert [Path(name).stat().st_mode & 0o777 for name in ("a", "b")] == [0o640, 0o640]

    def test_a_symbolic_link_stays_one(self) -> None:
        Path("real").write_text("old")
        Path("link").symlink_to("real")
        with new_file(Path("link")) as add:
            add("new")
        assert Path("link").is_symlink()
        assert Path("real").read_text() == "new"

    def test_what_is_no_file_is_written_to(self, process: Command) -> None:
        ended = process("convert", "--check", "--output-format", "concise", "-o", "/dev/stdout", "web.yaml")
        assert ended.code == 1
        assert "[native-sidecar]" in ended.out


class TestSummary:
    def counts(self, err: str) -> dict[str, list[str]]:
        """The lines of the tables by their first word."""
        return {line.split()[0]: line.split()[1:] for line in err.splitlines() if line and not line.startswith(" ")}

    def test_verbose_counts_by_verdict_rule_kind_and_folder(self, sidecarify: Command) -> None:
        for name in ("a", "b"):
            Path(name).mkdir()
            Path(name, "web.yaml").write_bytes(WEB)
        Path("b/job.yaml").write_bytes(BATCH)
        ended = sidecarify("convert", "--check", "-v", "a", "b")
        found = self.counts(ended.err)
        assert found["VERDICT"] == ["CONTAINERS"]
        assert found["safe"] == ["2"]
        assert found["KIND"] == ["SAFE", "REVIEW", "REFUSE"]
        assert found["Pod"] == ["2", "0", "0"]
        assert sum(map(int, found["Job"])) == 1
        assert found["a"] == ["1", "0", "0"]
        assert found["b"][0] == "1"
        assert sum(map(int, found["b"])) == 2

    def test_a_container_with_many_rules_against_it_counts_once(self, sidecarify: Command) -> None:
        Path("job.yaml").write_bytes(BATCH)
        answer = json.loads(sidecarify("inspect", "--output-format", "json", "job.yaml").stdout)
        rules = {one["rule"] for one in answer["pods"][0]["containers"][1]["findings"] if one["level"] != "note"}
        found = self.counts(sidecarify("inspect", "-v", "job.yaml").err)
        assert sum(map(int, found["Job"])) == 1
        assert all(found[rule] == ["1"] for rule in rules)

    def test_without_it_there_are_no_tables(self, sidecarify: Command) -> None:
        assert "VERDICT" not in sidecarify("convert", "--check", "web.yaml").err
        assert "VERDICT" not in sidecarify("convert", "--check", "-v", "-q", "web.yaml").err

    @pytest.mark.parametrize("command", [("convert", "--check"), ("inspect",)])
    def test_templates_are_counted_and_listed_on_demand(self, sidecarify: Command, command: tuple[str, ...]) -> None:
        for number in range(3):
            Path(f"{number}.yaml").write_bytes(TEMPLATE)
        short = sidecarify(*command, ".").err
        assert "3 Helm templates were left alone (-v lists them).\n" in short
        assert "[template]" not in short
        long = sidecarify(*command, "-v", ".").err
        assert "3 Helm templates were left alone.\n" in long
        assert long.count("[template]") == 3

    def test_a_form_for_programs_has_no_list_beside_it(self, sidecarify: Command) -> None:
        Path("job.yaml").write_bytes(BATCH)
        ended = sidecarify("convert", "--check", "--output-format", "concise", ".")
        assert ended.err == "1 file would be converted (1 container), 1 left unchanged, 1 container left alone.\n"


def test_patches_wait_on_the_disk_where_they_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sidecarify.cli.output._IN_MEMORY", 10)
    spool = Spool()
    texts = ["+ a\n", "", "+ é \udce9\r\n+ b", " c\n+ the last line"]
    for one in texts:
        spool.add(one)
    assert getattr(spool._file, "_rolled")  # noqa: B009  (it is on the disk)
    assert "".join(spool.pieces()) == "".join(texts)
    spool.close()
    assert list(Spool().pieces()) == []


class TestProgress:
    @pytest.fixture(autouse=True)
    def many(self, folder: Path) -> None:
        for number in range(220):
            # A word that lets a file be read in full though it has one container.
            (folder / f"{number:03}.yaml").write_bytes(WEB_AFTER + b"# by sidecarify\n")

    def stderr(self, *arguments: str) -> bytes:
        """What a terminal on stderr gets while stdout is none."""
        return on_a_terminal(*arguments, streams=("stderr",), environment={"COLUMNS": "100"})[1]

    def test_a_terminal_gets_a_bar_that_goes_away(self) -> None:
        seen = self.stderr("convert", "--check", ".")
        assert b"manifests" in seen
        assert b"/221" in seen
        assert b"would be converted" in seen.rpartition(b"/221")[2]

    def test_lines_of_talk_stay_whole(self) -> None:
        plain = re.sub(rb"\x1b\[[0-9;]*m", b"", self.stderr("convert", "--check", "."))
        assert b"would convert web.yaml: log-reader\n" in plain

    def test_a_kustomize_tree_is_named_while_it_is_judged(self, folder: Path) -> None:
        (folder / "kustomization.yaml").write_text("resources: [web.yaml, 000.yaml]\n")
        assert b"kustomize tree of 3 files" in self.stderr("inspect", ".")

    @pytest.mark.parametrize("command", ["convert", "revert", "inspect"])
    def test_files_are_counted_while_they_are_looked_at(self, folder: Path, command: str) -> None:
        for number in range(LOOKED_FROM):
            (folder / f"x{number}.yaml").touch()
        seen = self.stderr(command, ".")
        assert re.search(rb"files looked at .*\b2\d\d\d\b", seen)
        assert b"files looked at" not in seen.rpartition(b"\x1b[?25h")[2]  # the cursor is shown again: all is gone

    @pytest.mark.parametrize("arguments", [("-q",), ("000.yaml",)], ids=["quiet", "few files"])
    def test_nobody_else_does(self, arguments: tuple[str, ...]) -> None:
        places = arguments if arguments == ("000.yaml",) else (*arguments, ".")
        assert b"/221" not in self.stderr("convert", "--check", *places)

    def test_a_pipe_does_not(self, process: Command) -> None:
        assert b"/221" not in process("convert", "--check", ".").stderr

    @pytest.mark.parametrize(
        "arguments",
        [("convert", "--diff"), ("convert", "--check", "--output-format", "concise"), ("inspect",)],
        ids=" ".join,
    )
    def test_an_answer_on_the_terminal_is_not_disturbed(self, arguments: tuple[str, ...]) -> None:
        _, seen = on_a_terminal(*arguments, ".")
        assert b"/221" not in seen
