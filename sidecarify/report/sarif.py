"""SARIF 2.1.0 (OASIS standard), for code scanning: results with stable fingerprints, rules with their pages, and fixes.

Results are written as they come; the description of the tool follows them, because only then are its rules known.
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable, Iterator
from urllib.parse import quote

from sidecarify.report.about import About
from sidecarify.report.diff import replaced_lines
from sidecarify.report.results import FileReport, Fix, Result
from sidecarify.report.visible import visible
from sidecarify.report.words import Words
from sidecarify.yamltext.source import BOM

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
# The name that code scanning knows for it.
_ROOT = "%SRCROOT%"
_LEVELS = {"refuse": "error", "error": "error", "review": "warning", "safe": "warning", "note": "note"}
Json = dict[str, object]


def sarif(reports: Iterable[FileReport], about: About) -> Iterator[str]:
    """The whole log, with one run."""
    head = {"$schema": _SCHEMA, "version": "2.1.0"}
    yield json.dumps(head, indent=2).removesuffix("\n}") + ',\n  "runs": [\n    {\n      "results": ['
    indexes: dict[str, int] = {}
    errors: list[Result] = []
    between = "\n"
    for report in reports:
        fixes = {(fix.document, fix.path): fix for fix in report.fixes}
        for result in report.results:
            if result.sort == "error":
                errors.append(result)
                continue
            index = indexes.setdefault(result.rule, len(indexes))
            fix = fixes.get((result.place.document, result.place.path)) if result.sort == "move" else None
            entry = _result(result, index, about)
            if fix is not None:
                entry["fixes"] = [_fix(report, fix, about)]
            yield between + textwrap.indent(json.dumps(entry, indent=2), " " * 8)
            between = ",\n"
    yield "\n      ],\n" if between != "\n" else "],\n"
    rest = {
        "tool": {"driver": _driver(list(indexes), about)},
        "invocations": [
            {
                "executionSuccessful": not errors,
                "toolExecutionNotifications": [_notification(one, about) for one in errors],
            }
        ],
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {_ROOT: {"description": {"text": "The root of the repository."}}},
    }
    inside = json.dumps(rest, indent=2).removeprefix("{\n").removesuffix("\n}")
    yield textwrap.indent(inside, " " * 4) + "\n    }\n  ]\n}\n"


def _result(result: Result, index: int, about: About) -> Json:
    entry: Json = {
        "ruleId": result.rule,
        "ruleIndex": index,
        "level": _LEVELS[result.level],
        "message": {"text": _text(result.message)},
        "locations": [_location(result, about)],
        "partialFingerprints": {"sidecarify/v1": result.fingerprint},
    }
    if result.file != result.manifest:
        entry["relatedLocations"] = [{"physicalLocation": {"artifactLocation": _artifact(result.manifest, about)}}]
    place = result.place
    if result.container:
        entry["properties"] = {
            "kind": place.kind,
            "name": place.name,
            "namespace": place.namespace,
            "path": place.path,
            "container": result.container,
            "verdict": result.level,
        }
    return entry


def _text(text: str) -> str:
    # `[words](target)` in a message is a link (3.11.6).
    return visible(text).replace("](", "] (")


def _location(result: Result, about: About) -> Json:
    physical = {"artifactLocation": _artifact(result.file, about), "region": {"startLine": result.line}}
    if not result.container:
        return {"physicalLocation": physical}
    place = result.place
    whole = "/".join(part for part in (place.kind, place.name, place.path, result.container) if part)
    logical = [{"name": result.container, "fullyQualifiedName": whole, "kind": "resource"}]
    return {"physicalLocation": physical, "logicalLocations": logical}


def _artifact(file: str, about: About) -> Json:
    # A file name that is not UTF-8 keeps its bytes; `:` in the first segment would be taken for a scheme.
    data = about.located(file).encode("utf-8", "surrogateescape")
    return {"uri": quote(data, safe="/~"), "uriBaseId": _ROOT}


def _fix(report: FileReport, fix: Fix, about: About) -> Json:
    names = " and ".join(f"`{name}`" for name in fix.containers)
    changes = ((report.file, report.before, fix.after), *fix.beside)
    return {
        "description": {"text": f"Move {names} {about.words.done}."},
        "artifactChanges": [_change(*change, about) for change in changes],
    }


def _change(file: str, before: str, after: str, about: About) -> Json:
    before, after = before.removeprefix(BOM), after.removeprefix(BOM)
    replacements = [
        {"deletedRegion": _region(before, start, end), "insertedContent": {"text": text}}
        for start, end, text in replaced_lines(before, after)
    ]
    return {"artifactLocation": _artifact(file, about), "replacements": replacements}


def _region(text: str, start: int, end: int) -> Json:
    """The characters from the begin of line `start` to the begin of line `end` (from 0), or to the end of the text."""
    lines = text.split("\n")
    if end < len(lines):
        return {"startLine": start + 1, "startColumn": 1, "endLine": end + 1, "endColumn": 1}
    if start < len(lines):
        return {"startLine": start + 1, "startColumn": 1, "endLine": len(lines), "endColumn": len(lines[-1]) + 1}
    column = len(lines[-1]) + 1
    return {"startLine": len(lines), "startColumn": column, "endLine": len(lines), "endColumn": column}


def _notification(result: Result, about: About) -> Json:
    return {
        "level": "error",
        "descriptor": {"id": result.rule},
        "message": {"text": _text(result.message)},
        "locations": [_location(result, about)],
    }


def _driver(names: list[str], about: About) -> Json:
    return {
        "name": "sidecarify",
        "semanticVersion": about.version,
        "properties": {"command": about.command, "kubernetes": about.kubernetes},
        "rules": [_rule(name, about.words) for name in names],
    }


def _rule(name: str, words: Words) -> Json:
    if name == words.rule:
        return {
            "id": name,
            "shortDescription": {"text": words.summary},
            "help": {"text": words.help},
            "defaultConfiguration": {"level": "warning"},
        }
    from sidecarify.judge.known import RULES  # noqa: PLC0415  (for results of rules alone)

    rule = RULES.get(name)
    if rule is None:
        text = (
            "It comes from the text of the manifest, which no flag overrides; docs/refusals.md lists what can be done."
        )
        return {"id": name, "shortDescription": {"text": name.replace("-", " ")}, "help": {"text": text}}
    from sidecarify.report.pages import page_text, rule_page  # noqa: PLC0415  (for results of rules alone)

    page = rule_page(rule)
    return {
        "id": name,
        "shortDescription": {"text": page.summary},
        "fullDescription": {"text": "\n\n".join(page.why) or page.summary},
        "help": {"text": page_text(page)},
        "defaultConfiguration": {"level": _LEVELS[page.levels[0]]},
        "properties": {"hazards": list(page.hazards), "levels": list(page.levels)},
    }
