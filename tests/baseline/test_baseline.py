"""The baseline: what it knows, what it keeps quiet about, and what it is told is gone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sidecarify.baseline import BaselineError, read_baseline

from ..cli.conftest import BATCH, WEB, WEB_AFTER, Command, folder, process, sidecarify

__all__ = ["folder", "process", "sidecarify"]

CHECK = ("convert", "--check")
ENTRY = (
    '{"file": "web.yaml", "kind": "Pod", "name": "web-with-logger", "path": "spec", "container": "log-reader", '
    '"rule": "native-sidecar"}'
)
TEMPLATE = b"kind: Pod\nspec:\n  containers:\n{{ if .x }}\n"


@pytest.fixture
def known(sidecarify: Command) -> Path:
    """A baseline that knows all of this folder: a move, a refusal and a template."""
    Path("job.yaml").write_bytes(BATCH)
    Path("chart.yaml").write_bytes(TEMPLATE)
    ended = sidecarify(*CHECK, "--write-baseline", "known.json", ".")
    assert (ended.code, ended.stdout) == (0, b"")
    path = Path("known.json")
    assert f"known.json: {len(json.loads(path.read_text())['findings'])} findings written down as known." in ended.err
    return path


class TestWriting:
    def test_a_finding_a_line_sorted(self, known: Path) -> None:
        lines = known.read_text().splitlines()
        assert lines[:4] == ["{", '  "version": 1,', '  "command": "convert",', '  "findings": [']
        assert lines[-2:] == ["  ]", "}"]
        findings = [json.loads(line.strip().rstrip(",")) for line in lines[4:-2]]
        assert f"    {ENTRY}" in lines
        files = [one["file"] for one in findings]
        assert files == sorted(files)
        assert set(files) == {"chart.yaml", "job.yaml", "web.yaml"}
        assert not any("line" in one for one in findings)

    def test_a_second_time_gives_the_same_bytes(self, sidecarify: Command, known: Path) -> None:
        first = known.read_bytes()
        sidecarify(*CHECK, "--write-baseline", "known.json", ".")
        assert known.read_bytes() == first

    def test_from_another_folder_it_is_the_same(
        self, sidecarify: Command, known: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        first = known.read_bytes()
        Path("sub").mkdir()
        monkeypatch.chdir("sub")
        sidecarify(*CHECK, "--write-baseline", "../known.json", "..")
        assert Path("../known.json").read_bytes() == first

    def test_a_broken_manifest_is_no_finding_and_still_an_error(self, sidecarify: Command) -> None:
        Path("bad.yaml").write_text("kind: Pod\nspec: {containers: [\n")
        ended = sidecarify(*CHECK, "--write-baseline", "known.json", ".")
        assert ended.code == 2
        assert "bad.yaml" not in Path("known.json").read_text()

    def test_nothing_found_is_an_empty_list(self, sidecarify: Command) -> None:
        Path("web.yaml").write_bytes(WEB_AFTER)
        assert sidecarify(*CHECK, "--write-baseline", "known.json", ".").code == 0
        assert json.loads(Path("known.json").read_text())["findings"] == []

    def test_one_that_cannot_be_written_is_an_error(self, sidecarify: Command) -> None:
        assert sidecarify(*CHECK, "--write-baseline", "no/known.json", ".").code == 2


class TestChecking:
    def test_what_is_known_is_not_reported(self, sidecarify: Command, known: Path) -> None:
        ended = sidecarify(*CHECK, "--baseline", "known.json", ".")
        assert (ended.code, ended.stdout) == (0, b"")
        count = len(json.loads(known.read_text())["findings"])
        assert ended.err == f"Nothing to convert: 4 files left unchanged.\n{count} findings are known (known.json).\n"

    @pytest.mark.parametrize("form", ["concise", "jsonl", "github"])
    def test_in_no_form(self, sidecarify: Command, known: Path, form: str) -> None:
        assert sidecarify(*CHECK, "--baseline", "known.json", "--output-format", form, ".").stdout == b""

    def test_lines_above_do_not_matter(self, sidecarify: Command, known: Path) -> None:
        Path("web.yaml").write_bytes(b"# a\n# b\n" + WEB)
        assert sidecarify(*CHECK, "--baseline", "known.json", ".").code == 0

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            pytest.param(b"log-reader", b"log-tail", id="another container"),
            pytest.param(b"name: web-with-logger", b"name: web", id="another object"),
            pytest.param(b"metadata:\n", b"metadata:\n  namespace: shop\n", id="another namespace"),
        ],
    )
    def test_what_is_new_is_reported(self, sidecarify: Command, known: Path, old: bytes, new: bytes) -> None:
        Path("web.yaml").write_bytes(WEB.replace(old, new))
        ended = sidecarify(*CHECK, "--baseline", "known.json", ".")
        assert ended.code == 1
        assert "would convert web.yaml" in ended.err
        assert "known.json: gone: web.yaml: [native-sidecar] Pod/web-with-logger log-reader" in ended.err

    def test_another_file_is_new(self, sidecarify: Command, known: Path) -> None:
        Path("b.yaml").write_bytes(WEB)
        ended = sidecarify(*CHECK, "--baseline", "known.json", ".")
        assert ended.code == 1
        assert "would convert b.yaml" in ended.err
        assert "would convert web.yaml" not in ended.err

    def test_one_more_of_the_same_is_new(self, sidecarify: Command, known: Path) -> None:
        Path("web.yaml").write_bytes(WEB + b"---\n" + WEB)
        assert sidecarify(*CHECK, "--baseline", "known.json", ".").code == 1

    def test_an_error_is_never_known(self, sidecarify: Command, known: Path) -> None:
        Path("bad.yaml").write_text("kind: Pod\nspec: {containers: [\n")
        assert sidecarify(*CHECK, "--baseline", "known.json", ".").code == 2


class TestGone:
    def test_what_was_converted_is_pointed_out(self, sidecarify: Command, known: Path) -> None:
        Path("web.yaml").write_bytes(WEB_AFTER)
        ended = sidecarify(*CHECK, "--baseline", "known.json", ".")
        assert ended.code == 0
        assert "known.json: gone: web.yaml: [native-sidecar] Pod/web-with-logger log-reader\n" in ended.err

    def test_so_is_a_file_that_is_no_more(self, sidecarify: Command, known: Path) -> None:
        Path("web.yaml").unlink()
        assert "gone: web.yaml" in sidecarify(*CHECK, "--baseline", "known.json", "job.yaml").err

    def test_a_file_that_was_not_looked_at_is_not_gone(self, sidecarify: Command, known: Path) -> None:
        assert "gone" not in sidecarify(*CHECK, "--baseline", "known.json", "job.yaml").err

    def test_nor_is_one_that_was_left_out(self, sidecarify: Command, known: Path) -> None:
        assert "gone" not in sidecarify(*CHECK, "--baseline", "known.json", "--exclude", "web.yaml", ".").err


class TestInspect:
    def test_what_is_known_is_not_reported(self, sidecarify: Command) -> None:
        Path("job.yaml").write_bytes(BATCH)
        assert sidecarify("inspect", "--write-baseline", "known.json", ".").code == 0
        ended = sidecarify("inspect", "--baseline", "known.json", ".")
        assert (ended.code, ended.stdout) == (0, b"")
        answer = json.loads(sidecarify("inspect", "--baseline", "known.json", "--output-format", "json", ".").stdout)
        assert (answer["pods"], answer["errors"]) == ([], [])

    def test_what_is_new_is_reported(self, sidecarify: Command) -> None:
        Path("job.yaml").write_bytes(BATCH)
        sidecarify("inspect", "--write-baseline", "known.json", ".")
        Path("web.yaml").write_bytes(WEB.replace(b"log-reader", b"log-tail"))
        ended = sidecarify("inspect", "--baseline", "known.json", ".")
        assert "log-tail" in ended.out
        assert "etl" not in ended.out

    def test_the_baseline_of_another_command_is_refused(self, sidecarify: Command, known: Path) -> None:
        ended = sidecarify("inspect", "--baseline", "known.json", ".")
        assert (ended.code, ended.stdout) == (2, b"")
        assert "known.json:3: [baseline] was written by `convert` and is read by `inspect`" in ended.err


class TestMalformed:
    @pytest.mark.parametrize(
        ("text", "line", "said"),
        [
            pytest.param("", 1, "is not JSON", id="empty"),
            pytest.param('{\n "version": 1\n "command": 2}', 3, "is not JSON", id="a comma too few"),
            pytest.param("[]", 1, "is no baseline", id="a list"),
            pytest.param('{\n\n "version": 2}', 3, "has the version 2", id="a later version"),
            pytest.param('{"version": 1,\n "command": "revert"}', 2, "was written by `revert`", id="another command"),
            pytest.param('{"version": 1, "command": "convert"}', 1, "has no list", id="no findings"),
            pytest.param(
                '{"version": 1, "command": "convert", "findings": [\n  [],\n  {}]}',
                2,
                "is an object",
                id="a list as finding",
            ),
            pytest.param(
                f'{{"version": 1, "command": "convert", "findings": [\n  {ENTRY},\n  {{"rule": "x"}}]}}',
                3,
                "without `file`",
                id="no file",
            ),
            pytest.param(
                '{"version": 1, "command": "convert", "findings": [\n  {"file": "a", "rule": 1}]}',
                2,
                "is a text",
                id="a number",
            ),
            pytest.param(
                '{"version": 1, "command": "convert", "findings": [\n  {"file": "a", "rule": "b", "line": 3}]}',
                2,
                "has no key 'line'",
                id="a key that is none",
            ),
            pytest.param(
                '{"version": 1, "command": "convert", "findings": [\n  {"file": "a", "rule": "b", "count": 0}]}',
                2,
                "a number from 1",
                id="a count of none",
            ),
            pytest.param("[" * 100_000, 1, "nested too deeply", id="a bomb"),
        ],
    )
    def test_it_is_an_error_with_its_line(self, tmp_path: Path, text: str, line: int, said: str) -> None:
        file = tmp_path / "known.json"
        file.write_text(text)
        with pytest.raises(BaselineError) as raised:
            read_baseline(file, "convert")
        assert (raised.value.line, said in raised.value.message) == (line, True)

    def test_bytes_that_are_no_text(self, tmp_path: Path) -> None:
        file = tmp_path / "known.json"
        file.write_bytes(b'{\n"\xff"}')
        with pytest.raises(BaselineError) as raised:
            read_baseline(file, "convert")
        assert raised.value.line == 2

    def test_the_command_ends_with_2_and_does_nothing(self, sidecarify: Command) -> None:
        Path("known.json").write_text('{\n "version": 1\n "command": 2}')
        ended = sidecarify(*CHECK, "--baseline", "known.json", ".")
        assert (ended.code, ended.stdout) == (2, b"")
        assert ended.err.startswith("known.json:3: [baseline] is not JSON")

    def test_one_that_is_not_there(self, sidecarify: Command) -> None:
        assert sidecarify(*CHECK, "--baseline", "known.json", ".").code == 2


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(("--baseline", "a"), id="not without --check"),
        pytest.param(("--check", "--diff", "--baseline", "a"), id="not with --diff"),
        pytest.param(("--check", "--patch", "p", "--write-baseline", "a"), id="not with --patch"),
        pytest.param(("--check", "--baseline", "a", "--write-baseline", "b"), id="not both"),
    ],
)
def test_what_excludes_one_another(sidecarify: Command, arguments: tuple[str, ...]) -> None:
    ended = sidecarify("convert", *arguments, "web.yaml")
    assert (ended.code, ended.stdout) == (2, b"")
    assert Path("web.yaml").read_bytes() == WEB
    assert not Path("b").exists()
