"""The other forms of the answer, each read back by something that we did not write."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import junitparser
import pytest
import xmlschema
from jsonschema import Draft202012Validator
from markdown_it import MarkdownIt
from markdown_it.token import Token

from sidecarify.report.about import About
from sidecarify.report.changes import changes_json, changes_lines
from sidecarify.report.concise import concise
from sidecarify.report.github import github
from sidecarify.report.gitlab import gitlab
from sidecarify.report.junit import junit
from sidecarify.report.markdown import code, markdown, plain
from sidecarify.report.pods import pods_json, pods_lines
from sidecarify.report.results import FileReport, Result, Sort
from sidecarify.report.sarif import sarif
from sidecarify.report.visible import visible
from tests.support.manifests import WEB

from .conftest import BROKEN, NASTY, TAIL, TEMPLATE, converted, inspected, nasty, said

SORTS: tuple[Sort, ...] = ("move", "left", "note", "error")
SCHEMAS = Path(__file__).parent / "schemas"


ACTING = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
FORMS = {"concise": concise, "github": github, "gitlab": gitlab, "junit": junit, "markdown": markdown, "sarif": sarif}


@pytest.mark.parametrize("form", FORMS)
def test_what_people_read_holds_nothing_that_acts(form: str) -> None:
    """Nothing of a manifest or of a file's name: no escape of a terminal, no mark that turns the text around."""
    text = said(FORMS[form], nasty())
    assert not ACTING.search(text)
    if form == "gitlab":
        assert not any(ACTING.search(one["description"]) for one in json.loads(text))
    if form == "sarif":
        run = json.loads(text)["runs"][0]
        notes = [*run["results"], *run["invocations"][0]["toolExecutionNotifications"]]
        assert not any(ACTING.search(one["message"]["text"]) for one in notes)


class TestConcise:
    def test_one_line_a_result(self, everything: list[FileReport]) -> None:
        lines = said(concise, *everything).splitlines()
        assert len(lines) == sum(len(report.results) for report in everything)

    def test_the_form(self) -> None:
        first, *_ = said(concise, converted(WEB)).splitlines()
        assert re.fullmatch(r"web\.yaml:11: \[native-sidecar\] log: `log` can be a native sidecar: .*", first)


class TestGitHub:
    """The reader is the one of actions/runner: `::name key=value,key=value::message`, `%XX` undone afterwards."""

    COMMAND = re.compile(r"::(error|warning|notice) ([^:]*)::(.*)")

    def commands(self, *reports: FileReport) -> list[tuple[str, dict[str, str], str]]:
        found = []
        for line in said(github, *reports).splitlines():
            match = self.COMMAND.fullmatch(line)
            assert match is not None, line
            pairs = dict(pair.split("=", 1) for pair in match[2].split(","))
            found.append((match[1], {key: unescaped(value) for key, value in pairs.items()}, unescaped(match[3])))
        return found

    def test_a_move_fails_the_check_and_what_is_left_alone_warns(self) -> None:
        assert self.commands(converted(WEB))[0][:2] == (
            "error",
            {"file": "web.yaml", "line": "11", "title": "sidecarify: native-sidecar"},
        )
        assert self.commands(converted(TAIL))[0][0] == "warning"
        assert [name for name, _, _ in self.commands(converted(BROKEN))] == ["error"]
        assert [name for name, _, _ in self.commands(converted(TEMPLATE))] == ["notice"]

    def test_no_text_ends_a_command_or_begins_one(self) -> None:
        commands = self.commands(nasty())
        assert len(commands) == len(nasty().results)
        assert all(set(pairs) == {"file", "line", "title"} for _, pairs, _ in commands)
        assert commands[0][1]["file"] == visible(NASTY)
        assert "%0A::error::x" in commands[0][2]


def unescaped(text: str) -> str:
    for code_, char in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        text = text.replace(code_, char)
    return text


# What the documentation of GitLab requires of a report ("Code Quality report format").
CODE_QUALITY = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["description", "check_name", "fingerprint", "severity", "location"],
        "properties": {
            "description": {"type": "string", "minLength": 1},
            "check_name": {"type": "string", "minLength": 1},
            "fingerprint": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
            "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
            "location": {
                "type": "object",
                "required": ["path", "lines"],
                "properties": {
                    "path": {"type": "string", "pattern": "^(?!/|\\./)"},
                    "lines": {"required": ["begin"], "properties": {"begin": {"type": "integer", "minimum": 1}}},
                },
            },
        },
    },
}


class TestGitLab:
    def test_the_report_has_the_form_that_is_documented(self, everything: list[FileReport]) -> None:
        entries = json.loads(said(gitlab, *everything))
        Draft202012Validator(CODE_QUALITY).validate(entries)
        assert len(entries) == sum(len(report.results) for report in everything)

    def test_fingerprints_are_unique(self) -> None:
        entries = json.loads(said(gitlab, converted(f"{WEB}---\n{WEB}---\n{TAIL}"), converted(WEB, "b.yaml")))
        assert len({one["fingerprint"] for one in entries}) == len(entries) > 3

    def test_a_run_with_nothing_is_an_empty_list(self) -> None:
        assert json.loads(said(gitlab)) == []


class TestJUnit:
    def test_the_schema_of_jenkins_takes_it(self, everything: list[FileReport]) -> None:
        schema = xmlschema.XMLSchema(str(SCHEMAS / "junit-10.xsd"))
        schema.validate(io.StringIO(said(junit, *everything).partition("\n")[2]))
        schema.validate(io.StringIO(said(junit).partition("\n")[2]))

    def test_a_reader_of_junit_finds_what_was_written(self, everything: list[FileReport]) -> None:
        read = junitparser.JUnitXml.fromstring(said(junit, *everything).encode())
        suites = list(read)
        assert [suite.name for suite in suites[:-1]] == [report.file for report in everything[:-1]]
        for suite in suites:
            kinds = [type(kind).__name__ for case in suite for kind in case.result]
            assert suite.tests == len(list(suite))
            assert (suite.failures, suite.errors, suite.skipped) == (
                kinds.count("Failure"),
                kinds.count("Error"),
                kinds.count("Skipped"),
            )
        per_suite = [[type(kind).__name__ for case in suite for kind in case.result] for suite in suites[:-1]]
        assert per_suite[0] == ["Failure"]
        assert set(per_suite[1]) == {"Skipped"}
        assert per_suite[2:] == [["Skipped"], ["Error"]]

    def test_a_manifest_without_anything_to_say_has_passed(self) -> None:
        (suite,) = junitparser.JUnitXml.fromstring(said(junit, FileReport("a.yaml")).encode())
        assert [(case.name, case.is_passed) for case in suite] == [("native sidecars", True)]

    @pytest.mark.parametrize(
        ("char", "read"),
        [
            *((chr(code), f"\\x{code:02x}") for code in (*range(0x20), 0x7F, 0x9B)),
            ("\u202e", "\\u202e"),
            ("\u2028", "\\u2028"),
            ("\ud800", "\\ud800"),
            ("\udcff", "\\xff"),
            ("\ufffe", "\\ufffe"),
            ("\uffff", "\\uffff"),
            *((char, char) for char in '😀é\xa0<>&"'),
        ],
    )
    def test_every_character_can_be_read_and_none_acts(self, char: str, read: str) -> None:
        text = f"a{char}b"
        result = Result("move", "native-sidecar", "safe", text, "a.yaml", 1, "a.yaml", "c", evidence=(text,))
        root = ET.fromstring(said(junit, FileReport("a.yaml", (result,))).encode("utf-8"))
        (failure,) = root.iter("failure")
        assert failure.get("message") == f"a.yaml:1: a{read}b"
        assert failure.text == f"a{read}b"


class TestMarkdown:
    READER = MarkdownIt("commonmark", {"linkify": False}).enable(["table", "strikethrough"])

    def tokens(self, text: str) -> list[Token]:
        found: list[Token] = []
        for token in self.READER.parse(text):
            found += [token, *(token.children or ())]
        return found

    def cells(self, text: str) -> list[list[str]]:
        """The rows of all tables as a reader sees them: text and code, without marks."""
        rows: list[list[str]] = []
        for token in self.READER.parse(text):
            if token.type == "tr_open":
                rows.append([])
            elif token.type == "inline" and rows and token.level > 2:
                rows[-1].append("".join(child.content for child in token.children or ()))
        return rows

    def test_no_text_acts(self) -> None:
        kinds = {token.type for token in self.tokens(said(markdown, nasty()))}
        allowed = (
            "inline text text_special code_inline strong_open strong_close paragraph_open paragraph_close heading_open "
            "heading_close table_open table_close thead_open thead_close tbody_open tbody_close tr_open tr_close "
            "th_open th_close td_open td_close"
        )
        assert kinds <= set(allowed.split())

    def test_no_text_breaks_a_table(self) -> None:
        rows = self.cells(said(markdown, nasty()))
        widths = {len(row) for row in rows}
        assert widths <= {3, 4, 5}
        assert [len(row) for row in rows if NASTY[:3] in row[0]] == [4, 5, 5, 3]

    def test_nobody_is_called_and_nothing_is_linked(self) -> None:
        # Nothing is looked for in code.
        found = self.tokens(said(markdown, nasty()))
        shown = "".join(token.content for token in found if token.type in ("text", "text_special"))
        assert "team" in shown
        assert "@team" not in shown
        assert "#12" not in shown
        assert "://" not in shown

    @pytest.mark.parametrize("text", ["a|b", "a\\|b", "`", "``a`", "a\\", "\\|", "|", "x ` y | z \\", "<b>", "*a*"])
    def test_code_keeps_what_it_says(self, text: str) -> None:
        page = f"| a | b |\n|---|---|\n| {code(text)} | end |\n"
        assert [[cell.replace("\u200b", "") for cell in row] for row in self.cells(page)][1:] == [[text, "end"]]

    @pytest.mark.parametrize("text", ["a_b_c", "*a*", "<b>", "a|b", "&lt;", "\\*", "~~a~~", "[a](b)", "![a](b)", "$a$"])
    def test_sentences_keep_what_they_say(self, text: str) -> None:
        page = f"| a | b |\n|---|---|\n| {plain(text)} | end |\n"
        assert self.cells(page)[1:] == [[text, "end"]]

    def test_what_moves_and_what_was_left_alone_are_counted(self) -> None:
        page = said(markdown, converted(WEB), converted(TAIL, "tail.yaml"), converted(TEMPLATE, "t.yaml"))
        assert "**1 container** in 1 manifest can become native sidecars." in page
        assert "1 container was left alone. 1 Helm template was left alone." in page
        rows = self.cells(page)
        assert rows[1][:3] == ["web.yaml:11", "Deployment web in shop", "log"]
        assert (
            any(row[0].startswith("tail.yaml:") and row[3] == "one-shot-helper" for row in rows) or rows[3][2] == "log"
        )

    def test_long_tables_end_and_say_so(self) -> None:
        text = "A rule of some length, with `names` in it. " * 5
        results = [
            Result(sort, "x", "safe", text, "a.yaml", n, "a.yaml", f"c{n}") for sort in SORTS for n in range(1, 999)
        ]
        page = said(markdown, FileReport("a.yaml", tuple(results)))
        assert "**998 containers**" in page
        assert len(page) < 65_536  # what GitHub takes
        rows = self.cells(page)
        more = sum(int(number) for number in re.findall(r"^and (\d+) more\.$", page, re.MULTILINE))
        assert len(rows) - 4 + more == 4 * 998


class TestJson:
    def test_a_move_names_its_places(self) -> None:
        whole = json.loads(said(changes_json, converted(WEB)))
        assert (whole["version"], whole["kubernetes"]) == (1, "1.33")
        (file,) = whole["files"]
        (move,) = file["moves"]
        wanted = {"document": 0, "kind": "Deployment", "name": "web", "namespace": "shop", "path": "spec.template.spec"}
        assert wanted.items() <= move.items()
        assert {"container": "log", "line": 11, "index": 1, "init_index": 0, "verdict": "safe"}.items() <= move.items()
        assert move["evidence"]
        assert file["changed"] is True
        assert "patch" not in file

    def test_refusals_templates_and_errors_are_apart(self, everything: list[FileReport]) -> None:
        files = json.loads(said(changes_json, *everything))["files"]
        counts = [[len(one[key]) > 0 for key in ("moves", "refusals", "templates", "errors")] for one in files]
        assert counts == [
            [True, False, False, False],
            [False, True, False, False],
            [False, False, True, False],
            [False, False, False, True],
            [True, True, True, True],
        ]

    def test_a_manifest_without_anything_to_say_is_not_named(self) -> None:
        assert json.loads(said(changes_json, FileReport("a.yaml")))["files"] == []

    def test_patches_where_they_are_asked_for(self) -> None:
        about = About("convert", "1.33", patches=True)
        (file,) = json.loads(said(changes_json, converted(WEB), about=about))["files"]
        assert file["patch"].startswith("--- a/web.yaml\n+++ b/web.yaml\n@@")

    def test_lines_are_objects(self, everything: list[FileReport]) -> None:
        entries = [json.loads(line) for line in said(changes_lines, *everything).splitlines()]
        assert {one["type"] for one in entries} >= {"move", "note", "refusal", "template", "error"}
        assert len(entries) == sum(len(report.results) for report in everything)

    def test_the_lines_of_inspect_are_the_entries_of_its_contract(self) -> None:
        reports = [inspected(WEB), inspected(BROKEN, "broken.yaml"), inspected(TEMPLATE, "t.yaml")]
        whole: dict[str, Any] = json.loads(said(pods_json, *reports))
        assert list(whole) == ["version", "kubernetes", "pods", "errors"]
        entries = [json.loads(line) for line in said(pods_lines, *reports).splitlines()]
        pods = [{key: value for key, value in one.items() if key != "type"} for one in entries if one["type"] == "pod"]
        errors = [one for one in entries if one["type"] == "error"]
        assert pods == whole["pods"]
        assert [(one["file"], one["line"], one["message"]) for one in errors] == [
            (one["file"], one["line"], one["message"]) for one in whole["errors"]
        ]
        assert [one["file"] for one in entries if one["type"] == "template"] == ["t.yaml"]
