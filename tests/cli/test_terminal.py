"""Streams, colours and start: what a user's shell sees."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sidecarify import __version__
from tests.support.terminal import on_a_terminal

from .conftest import ROOT, WEB, WEB_AFTER, Command

ESCAPE = b"\x1b["


class TestProcess:
    def test_the_module_runs(self, process: Command) -> None:
        ended = process("convert", "web.yaml")
        assert (ended.code, ended.stdout) == (0, b"")
        assert Path("web.yaml").read_bytes() == WEB_AFTER

    def test_the_filter_keeps_bytes(self, process: Command) -> None:
        ended = process("convert", "-", stdin=WEB.replace(b"\n", b"\r\n"))
        assert (ended.code, ended.stdout) == (0, WEB_AFTER.replace(b"\n", b"\r\n"))

    def test_exit_codes(self, process: Command) -> None:
        assert process("convert", "--check", "web.yaml").code == 1
        assert process("convert", "gone.yaml").code == 2
        assert process("convert", "--frobnicate").code == 2

    @pytest.mark.parametrize("arguments", [("--version",), ("--help",), ("convert", "--help"), ("inspect", "-h")])
    def test_asking_for_help_needs_nothing_of_the_engine(self, arguments: tuple[str, ...]) -> None:
        script = (
            "import sys\nfrom sidecarify.cli import main\n"
            "try:\n    main()\nfinally:\n"
            "    heavy = {'yaml', 'deepdiff', 'rich', 'tree_sitter', 'sidecarify.convert', 'sidecarify.batch'}\n"
            "    print(sorted(heavy & set(sys.modules)), file=sys.stderr)\n"
        )
        ran = subprocess.run(
            [sys.executable, "-c", script, *arguments],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        assert ran.stderr == "[]\n"
        assert ran.stdout

    def test_a_conversion_needs_neither_deepdiff_nor_rich(self) -> None:
        script = (
            "import sys\nfrom sidecarify.cli import main\n"
            "try:\n    main()\nfinally:\n    print(sorted({'deepdiff', 'rich'} & set(sys.modules)))\n"
        )
        ran = subprocess.run(
            [sys.executable, "-c", script, "convert", "-q", "web.yaml"],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        assert ran.stdout == "[]\n"
        assert Path("web.yaml").read_bytes() == WEB_AFTER

    def test_the_version(self, process: Command) -> None:
        assert process("--version") == (0, f"sidecarify {__version__}\n".encode(), b"")

    def test_an_unexpected_fault_is_exit_code_2(self) -> None:
        script = (
            "import sidecarify.cli, sidecarify.survey\n"
            "def fail(*_, **__): raise RuntimeError('boom')\n"
            "sidecarify.survey.survey = fail\n"
            "sidecarify.cli.main()\n"
        )
        ran = subprocess.run(
            [sys.executable, "-c", script, "convert"],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        assert ran.returncode == 2
        assert "RuntimeError: boom" in ran.stderr


class TestColour:
    def test_a_pipe_gets_none(self, process: Command) -> None:
        ended = process("convert", "--diff", "web.yaml", TERM="xterm")
        assert ESCAPE not in ended.stdout + ended.stderr

    def test_a_pipe_gets_them_where_that_is_wanted(self, process: Command) -> None:
        ended = process("convert", "--diff", "--color", "always", "web.yaml", NO_COLOR="1")
        assert b"\x1b[32m+  initContainers:\x1b[0m\n" in ended.stdout
        assert ESCAPE in ended.stderr

    def test_a_terminal_gets_them(self) -> None:
        code, seen = on_a_terminal("convert", "--diff", "web.yaml")
        assert code == 1
        assert b"\x1b[32m+  initContainers:\x1b[0m\n" in seen
        assert b"\x1b[1m--- a/web.yaml\x1b[0m\n" in seen

    @pytest.mark.parametrize(
        ("arguments", "painted"),
        [
            pytest.param(("inspect", "web.yaml"), b"\x1b[1mweb.yaml:6: Pod web-with-logger (v1)\x1b[0m", id="a table"),
            pytest.param(("rules", "windows"), b"\x1b[1mwindows\x1b[0m\n", id="a page"),
            pytest.param(("transforms", "git-sync"), b"\x1b[1mgit-sync\x1b[0m\n", id="a family"),
        ],
    )
    def test_what_is_painted_is_not_spelt_out(self, arguments: tuple[str, ...], painted: bytes) -> None:
        _, seen = on_a_terminal(*arguments)
        assert painted in seen
        assert b"\\x1b" not in seen

    @pytest.mark.parametrize(
        ("arguments", "environment"),
        [
            pytest.param((), {"NO_COLOR": "1"}, id="NO_COLOR"),
            pytest.param((), {"TERM": "dumb"}, id="a dumb terminal"),
            pytest.param(("--color", "never"), {}, id="never"),
        ],
    )
    def test_a_terminal_gets_none_where_they_are_not_wanted(
        self, arguments: tuple[str, ...], environment: dict[str, str]
    ) -> None:
        _, seen = on_a_terminal("convert", "--diff", *arguments, "web.yaml", environment=environment)
        assert ESCAPE not in seen
        assert b"+  initContainers:\n" in seen

    def test_an_empty_no_color_counts_as_none(self) -> None:
        """https://no-color.org: when present and not an empty string."""
        _, seen = on_a_terminal("convert", "--diff", "web.yaml", environment={"NO_COLOR": ""})
        assert ESCAPE in seen


class TestSafety:
    NASTY = WEB.replace(b"busybox:1.36", "busybox:1.36 # \u202e".encode())

    def test_a_diff_on_a_terminal_is_spelt_out(self) -> None:
        Path("web.yaml").write_bytes(self.NASTY)
        _, seen = on_a_terminal("convert", "--diff", "--color", "never", "web.yaml")
        assert b"image: busybox:1.36 # \\u202e\n" in seen
        assert "\u202e".encode() not in seen

    def test_a_diff_in_a_pipe_is_raw(self, process: Command) -> None:
        Path("web.yaml").write_bytes(self.NASTY)
        assert "busybox:1.36 # \u202e\n".encode() in process("convert", "--diff", "web.yaml").stdout

    def test_the_carriage_returns_of_lines_are_no_noise(self) -> None:
        Path("web.yaml").write_bytes(WEB.replace(b"\n", b"\r\n"))
        _, seen = on_a_terminal("convert", "--diff", "--color", "never", "web.yaml")
        assert b"\\x0d" not in seen

    def test_names_of_files_cannot_act(self, process: Command) -> None:
        Path(os.fsdecode(b"a\x1b[2J\n::error::\xff.yaml")).write_bytes(b"kind: Pod\nspec:\n  containers: [\n")
        ended = process("convert", ".")
        assert ended.code == 2
        assert ESCAPE not in ended.stderr
        assert b"a\\x1b[2J\\x0a::error::\\xff.yaml:4: [parse] " in ended.stderr

    def test_messages_of_manifests_cannot_act(self, process: Command) -> None:
        Path("web.yaml").write_bytes(WEB.replace(b"name: log-reader", b'name: "log\\e]0;x\\a"'))
        ended = process("convert", "-v", "--check", "web.yaml")
        assert b"\x1b" not in ended.stderr
        assert b"log\\x1b]0;x\\x07" in ended.stderr

    def test_a_terminal_that_is_not_utf8_gets_what_it_can_show(self, process: Command) -> None:
        Path("b\u00e4r.yaml").write_bytes(WEB)
        ended = process("convert", "--check", "b\u00e4r.yaml", PYTHONIOENCODING="ascii", PYTHONUTF8="0")
        assert ended.code == 1
        assert b"would convert b\\xe4r.yaml: log-reader\n" in ended.stderr


def test_messages_are_wrapped_for_a_terminal_and_not_for_a_pipe(process: Command) -> None:
    _, seen = on_a_terminal("convert", "--check", "--color", "never", "--kube-version", "1.28", "web.yaml")
    assert max(len(line) for line in seen.decode().splitlines() if " " in line.strip()) <= 100
    wrapped = [line for line in seen.decode().splitlines() if line.startswith("    ")]
    assert wrapped
    piped = process("convert", "--check", "--kube-version", "1.28", "web.yaml").err
    assert not [line for line in piped.splitlines() if line.startswith("    ")]
