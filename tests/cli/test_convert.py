"""`sidecarify convert`: what it writes, says and answers."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from .conftest import BATCH, SERVICE, WEB, WEB_AFTER, Command


def test_manifests_are_rewritten_in_place(sidecarify: Command) -> None:
    ended = sidecarify("convert", "web.yaml")
    assert ended.code == 0
    assert Path("web.yaml").read_bytes() == WEB_AFTER
    assert ended.stdout == b""
    assert "converted web.yaml: log-reader\n" in ended.err
    assert "1 file was converted (1 container), 0 left unchanged." in ended.err


def test_a_second_run_has_nothing_to_do(sidecarify: Command) -> None:
    sidecarify("convert", "web.yaml")
    status = Path("web.yaml").stat()
    ended = sidecarify("convert", "web.yaml")
    assert (ended.code, ended.err) == (0, "Nothing to convert: 1 file left unchanged.\n")
    # Reading it may change when it was last read, and nothing else.
    now = Path("web.yaml").stat()
    assert (now.st_ino, now.st_mtime_ns, now.st_ctime_ns) == (status.st_ino, status.st_mtime_ns, status.st_ctime_ns)


def test_the_current_folder_is_the_default(sidecarify: Command) -> None:
    Path("sub").mkdir()
    Path("sub/web.yml").write_bytes(WEB)
    Path("notes.txt").write_bytes(WEB)
    Path("service.yaml").write_bytes(SERVICE)
    ended = sidecarify("convert")
    assert ended.code == 0
    assert [Path(name).read_bytes() for name in ("web.yaml", "sub/web.yml")] == [WEB_AFTER, WEB_AFTER]
    assert Path("notes.txt").read_bytes() == WEB
    assert "2 files were converted (2 containers), 1 left unchanged." in ended.err


@pytest.mark.parametrize("flag", ["--check", "--diff"])
class TestLooking:
    def test_something_to_do_is_exit_code_1(self, sidecarify: Command, flag: str) -> None:
        ended = sidecarify("convert", flag, "web.yaml")
        assert ended.code == 1
        assert "would convert web.yaml: log-reader\n" in ended.err
        assert "1 file would be converted (1 container), 0 left unchanged." in ended.err

    def test_nothing_to_do_is_exit_code_0(self, sidecarify: Command, flag: str) -> None:
        Path("web.yaml").write_bytes(WEB_AFTER)
        ended = sidecarify("convert", flag, "web.yaml")
        assert (ended.code, ended.stdout) == (0, b"")

    def test_nothing_is_touched(self, sidecarify: Command, flag: str, folder: Path) -> None:
        os.utime("web.yaml", ns=(1_000_000_007, 1_000_000_007))
        before, inside = Path("web.yaml").stat(), folder.stat()
        sidecarify("convert", flag, "web.yaml")
        after = Path("web.yaml").stat()
        assert Path("web.yaml").read_bytes() == WEB
        assert (after.st_ino, after.st_mtime_ns, after.st_mode) == (before.st_ino, before.st_mtime_ns, before.st_mode)
        assert folder.stat().st_mtime_ns == inside.st_mtime_ns

    def test_an_error_wins(self, sidecarify: Command, flag: str) -> None:
        ended = sidecarify("convert", flag, "web.yaml", "gone.yaml")
        assert ended.code == 2
        assert "gone.yaml:1: [missing] no such file or folder\n" in ended.err
        assert "would convert web.yaml" in ended.err


def test_check_prints_no_diff(sidecarify: Command) -> None:
    assert sidecarify("convert", "--check", "web.yaml").stdout == b""


class TestDiff:
    def test_the_commonest_move_adds_two_lines(self, sidecarify: Command) -> None:
        ended = sidecarify("convert", "--diff", "web.yaml")
        changed = [line for line in ended.out.splitlines() if line[:1] in "+-" and line[:3] not in ("+++", "---")]
        assert changed == ["+  initContainers:", "+      restartPolicy: Always"]
        assert ended.out.splitlines()[:2] == ["--- a/web.yaml", "+++ b/web.yaml"]

    def test_placement_before(self, sidecarify: Command) -> None:
        ended = sidecarify("convert", "--placement", "before", "web.yaml")
        text = Path("web.yaml").read_text()
        assert ended.code == 0
        assert text.index("initContainers:") < text.index("containers:\n    - name: web-server") < len(text)

    @pytest.mark.parametrize(
        "text",
        [
            pytest.param(WEB, id="LF"),
            pytest.param(WEB.replace(b"\n", b"\r\n"), id="CRLF"),
            pytest.param(b"\xef\xbb\xbf" + WEB, id="byte order mark"),
            pytest.param(WEB.rstrip(b"\n"), id="no line end at the end"),
            pytest.param(SERVICE + b"---\n" + WEB + b"---\n" + WEB.replace(b"web-with", b"two-with"), id="documents"),
        ],
    )
    @pytest.mark.parametrize("how", ["--diff", "--patch"])
    @pytest.mark.parametrize("placement", ["auto", "before"])
    def test_git_applies_it_and_gets_the_written_bytes(
        self, sidecarify: Command, text: bytes, how: str, placement: str
    ) -> None:
        Path("web.yaml").write_bytes(text)
        arguments = ("web.yaml", "--placement", placement)
        if how == "--diff":
            Path("a.patch").write_bytes(sidecarify("convert", "--diff", *arguments).stdout)
        else:
            assert sidecarify("convert", "--patch", "a.patch", *arguments).code == 0
        assert Path("web.yaml").read_bytes() == text
        sidecarify("convert", *arguments)
        written = Path("web.yaml").read_bytes()
        assert written != text
        Path("web.yaml").write_bytes(text)
        git("init", "-q")
        git("apply", "--whitespace=nowarn", "a.patch")
        assert Path("web.yaml").read_bytes() == written

    @pytest.mark.parametrize(
        "name",
        [
            pytest.param("with blank.yaml", id="blank"),
            pytest.param("b\u00e4r.yaml", id="not ASCII"),
            pytest.param('quo"te\\.yaml', id="quote and backslash"),
            pytest.param("tab\there.yaml", id="tab"),
            pytest.param("-dash.yaml", id="dash"),
        ],
    )
    def test_odd_names_are_quoted_as_git_does(self, sidecarify: Command, name: str) -> None:
        Path("sub").mkdir()
        Path("sub", name).write_bytes(WEB)
        git("init", "-q")
        Path("a.patch").write_bytes(sidecarify("convert", "--diff", "sub").stdout)
        git("apply", "a.patch")
        assert Path("sub", name).read_bytes() == WEB_AFTER

    def test_one_patch_is_for_the_whole_run_from_the_root_of_the_repository(
        self, sidecarify: Command, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        git("init", "-q")
        Path("k8s/prod").mkdir(parents=True)
        Path("k8s/prod/web.yaml").write_bytes(WEB)
        Path("k8s/web.yaml").write_bytes(WEB)
        monkeypatch.chdir("k8s")
        ended = sidecarify("convert", "--patch", "../all.patch", ".", "../web.yaml")
        monkeypatch.chdir("..")
        assert ended.code == 0
        assert "+++ b/k8s/prod/web.yaml\n" in Path("all.patch").read_text()
        git("apply", "all.patch")
        for name in ("web.yaml", "k8s/web.yaml", "k8s/prod/web.yaml"):
            assert Path(name).read_bytes() == WEB_AFTER

    def test_a_link_is_patched_where_its_file_is(self, sidecarify: Command) -> None:
        Path("real").mkdir()
        Path("real/web.txt").write_bytes(WEB)
        Path("link.yaml").symlink_to("real/web.txt")
        assert "+++ b/real/web.txt\n" in sidecarify("convert", "--diff", "link.yaml").out


class TestPatch:
    def test_check_beside_it_asks_for_the_exit_code(self, sidecarify: Command) -> None:
        assert sidecarify("convert", "--patch", "a.patch", "--check", "web.yaml").code == 1
        assert Path("a.patch").read_bytes().startswith(b"--- a/web.yaml\n")

    def test_nothing_to_do_leaves_no_stale_patch(self, sidecarify: Command) -> None:
        Path("a.patch").write_text("stale")
        Path("web.yaml").write_bytes(WEB_AFTER)
        assert sidecarify("convert", "--patch", "a.patch", "web.yaml").code == 0
        assert Path("a.patch").read_bytes() == b""

    def test_a_patch_that_cannot_be_written_is_an_error(self, sidecarify: Command) -> None:
        ended = sidecarify("convert", "--patch", "gone/a.patch", "web.yaml")
        assert ended.code == 2
        assert "gone/a.patch:1: [unwritable] cannot be written: there is no folder gone" in ended.err


class TestFilter:
    def test_stdin_becomes_stdout_byte_for_byte(self, sidecarify: Command) -> None:
        for text, after in ((WEB, WEB_AFTER), (WEB.replace(b"\n", b"\r\n"), WEB_AFTER.replace(b"\n", b"\r\n"))):
            ended = sidecarify("convert", "-", stdin=text)
            assert (ended.code, ended.stdout) == (0, after)
            assert "converted <stdin>: log-reader\n" in ended.err

    def test_what_has_nothing_to_do_passes(self, sidecarify: Command) -> None:
        ended = sidecarify("convert", "-", stdin=SERVICE)
        assert (ended.code, ended.stdout) == (0, SERVICE)

    def test_diff(self, sidecarify: Command) -> None:
        ended = sidecarify("convert", "--diff", "-", stdin=WEB)
        assert ended.code == 1
        assert ended.out.startswith("--- a/stdin\n+++ b/stdin\n@@ ")

    def test_check_prints_nothing(self, sidecarify: Command) -> None:
        assert sidecarify("convert", "--check", "-", stdin=WEB)[:2] == (1, b"")

    def test_a_bad_document_passes_and_is_told(self, sidecarify: Command) -> None:
        bad = b"---\ncontainers: [\n"
        ended = sidecarify("convert", "-", stdin=WEB + bad)
        assert (ended.code, ended.stdout) == (2, WEB_AFTER + bad)
        assert "<stdin>:" in ended.err

    def test_bytes_that_are_no_text_pass_and_are_told(self, sidecarify: Command) -> None:
        ended = sidecarify("convert", "-", stdin=b"a: \xff\n")
        assert (ended.code, ended.stdout) == (2, b"a: \xff\n")
        assert "<stdin>:1: [not-utf8]" in ended.err

    def test_it_stands_alone(self, sidecarify: Command) -> None:
        ended = sidecarify("convert", "-", "web.yaml")
        assert ended.code == 2
        assert "stands alone" in ended.err


class TestLeftAlone:
    def test_what_is_refused_is_listed_with_place_rule_and_way_out(self, sidecarify: Command) -> None:
        ended = sidecarify("convert", "--kube-version", "1.28", "web.yaml")
        assert ended.code == 0
        assert Path("web.yaml").read_bytes() == WEB
        assert "Nothing to convert: 1 file left unchanged, 1 container left alone:\n" in ended.err
        assert any(
            line.startswith("web.yaml:") and "[old-kubernetes] log-reader: " in line for line in ended.err.splitlines()
        )
        assert "--helper CONTAINER and --accept RULE together" in ended.err

    def test_naming_the_container_and_accepting_the_rule_moves_it(self, sidecarify: Command) -> None:
        arguments = ("--kube-version", "1.28", "--helper", "Pod/*:log-*", "--accept", "old-kubernetes")
        assert sidecarify("convert", *arguments, "web.yaml").code == 0
        assert Path("web.yaml").read_bytes() == WEB_AFTER

    def test_a_review_is_moved_with_unsafe(self, sidecarify: Command) -> None:
        Path("etl.yaml").write_bytes(BATCH)
        ended = sidecarify("convert", "etl.yaml")
        assert "etl.yaml:" in ended.err
        assert Path("etl.yaml").read_bytes() == BATCH

    def test_main_keeps_a_container(self, sidecarify: Command) -> None:
        ended = sidecarify("convert", "--main", "log-reader", "web.yaml")
        assert (ended.code, Path("web.yaml").read_bytes()) == (0, WEB)

    def test_quiet_says_nothing(self, sidecarify: Command) -> None:
        assert sidecarify("convert", "-q", "--kube-version", "1.28", "web.yaml") == (0, b"", b"")
        assert sidecarify("convert", "-q", "web.yaml") == (0, b"", b"")

    def test_quiet_still_tells_errors(self, sidecarify: Command) -> None:
        ended = sidecarify("convert", "-q", "gone.yaml")
        assert (ended.code, ended.err) == (2, "gone.yaml:1: [missing] no such file or folder\n")

    def test_verbose_gives_the_evidence(self, sidecarify: Command) -> None:
        ended = sidecarify("convert", "-v", "--check", "web.yaml")
        assert "[moves] log-reader: " in ended.err
        assert "shared-logs" in ended.err

    def test_a_template_is_left_alone(self, sidecarify: Command) -> None:
        text = WEB.replace(b"kind: Pod", b"{{ if .x }}\nkind: Pod")
        Path("web.yaml").write_bytes(text)
        ended = sidecarify("convert", "web.yaml")
        assert (ended.code, Path("web.yaml").read_bytes()) == (0, text)
        assert "Nothing to convert: 1 file left unchanged.\n" in ended.err
        assert "1 Helm template was left alone (-v lists them).\n" in ended.err
        assert "[template]" not in ended.err


class TestUsage:
    @pytest.mark.parametrize("flag", ["--accept", "--select", "--ignore"])
    def test_an_unknown_rule(self, sidecarify: Command, flag: str) -> None:
        ended = sidecarify("convert", flag, "old-kubernets", "web.yaml")
        assert ended.code == 2
        said = " ".join(ended.err.split())
        assert "there is no rule 'old-kubernets'. Did you mean 'old-kubernetes'?" in said
        assert Path("web.yaml").read_bytes() == WEB

    @pytest.mark.parametrize("pattern", ["old-*", "*"])
    def test_globs_of_rules_are_known(self, sidecarify: Command, pattern: str) -> None:
        assert sidecarify("convert", "--accept", pattern, "--check", "web.yaml").code == 1

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            pytest.param(("--kube-version", "one"), "--kube-version", id="no version"),
            pytest.param(("--placement", "behind"), "'behind'", id="no placement"),
            pytest.param(("--color", "red"), "'red'", id="no time for colours"),
            pytest.param(("--transforms", "gone"), "gone is no folder", id="no folder"),
            pytest.param(("--frobnicate",), "--frobnicate", id="no flag"),
        ],
    )
    def test_values_that_mean_nothing(self, sidecarify: Command, arguments: tuple[str, ...], message: str) -> None:
        ended = sidecarify("convert", *arguments, "web.yaml")
        assert (ended.code, ended.stdout) == (2, b"")
        assert message in ended.err

    def test_a_bad_transform_is_told_with_its_place(self, sidecarify: Command) -> None:
        Path("own").mkdir()
        Path("own/mine.yaml").write_text("summary: Mine.\nfrobnicate: 1\n")
        ended = sidecarify("convert", "--transforms", "own", "web.yaml")
        assert ended.code == 2
        assert "own/mine.yaml:2" in "".join(ended.err.split())

    @pytest.mark.parametrize("flag", ["--helper", "--main"])
    def test_a_name_that_is_nobodys_is_a_warning(self, sidecarify: Command, flag: str) -> None:
        ended = sidecarify("convert", flag, "log-raeder", "--check", "web.yaml")
        assert ended.code == 1
        assert f"warning: {flag} log-raeder names no container" in ended.err

    def test_a_name_that_is_somebodys_is_none(self, sidecarify: Command) -> None:
        assert "warning" not in sidecarify("convert", "--helper", "log-*", "--check", "web.yaml").err

    def test_no_manifests_at_all(self, sidecarify: Command) -> None:
        Path("empty").mkdir()
        ended = sidecarify("convert", "empty")
        assert ended.code == 0
        assert "no files named *.yaml, *.yml or *.json were found" in ended.err


def test_explain_says_what_moved_and_that_nothing_else_differs(sidecarify: Command) -> None:
    ended = sidecarify("convert", "--diff", "--explain", "web.yaml")
    assert ended.out.startswith("--- a/web.yaml\n")
    assert [line for line in ended.err.splitlines() if line.startswith("web.yaml: ")] == [
        "web.yaml: moved log-reader: spec.containers.1 -> spec.initContainers.0",
        "web.yaml: added spec.initContainers.0.restartPolicy: Always",
        "web.yaml: nothing else differs",
    ]


def test_objects_of_other_files_are_heard(sidecarify: Command) -> None:
    Path("hpa.yaml").write_text(
        "apiVersion: v1\nkind: Pod\nmetadata: {name: web-with-logger}\nspec:\n  containers:\n    - name: log-reader\n"
    )
    name = next(line.split()[-1] for line in WEB.decode().splitlines() if line.startswith("  name:"))
    Path("hpa.yaml").write_text(Path("hpa.yaml").read_text().replace("web-with-logger", name))
    ended = sidecarify("convert", "--check", ".")
    assert "hpa.yaml:6: " in ended.err
    assert "log-reader (in web.yaml)" in ended.err


def git(*arguments: str) -> None:
    ran = subprocess.run(["git", *arguments], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
