"""The JSON of `convert --check`: what would move and what was left alone, whole or a line each."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, cast

from sidecarify.report.about import About
from sidecarify.report.diff import unified
from sidecarify.report.results import FileReport, Result

if TYPE_CHECKING:
    from sidecarify.plan import Move

VERSION = 1
Json = dict[str, object]


def changes_json(reports: Iterable[FileReport], about: About) -> Iterator[str]:
    """One object: a list of the files that there is something to say of. ASCII alone, as all JSON here."""
    head = {"version": VERSION, "kubernetes": about.kubernetes}
    yield json.dumps(head, indent=2).removesuffix("\n}") + ',\n  "files": ['
    between = "\n"
    for report in reports:
        if report.results or report.changed:
            yield between + textwrap.indent(json.dumps(_file(report, about), indent=2), "    ")
            between = ",\n"
    yield "\n  ]\n}\n" if between != "\n" else "]\n}\n"


def changes_lines(reports: Iterable[FileReport], _about: About) -> Iterator[str]:
    """A line of JSON for each move, refusal, note, template, remark and error; its `type` says which it is."""
    for report in reports:
        for result in report.results:
            yield json.dumps({"type": _TYPES[result.sort], "manifest": report.file, **_entry(result)}) + "\n"


_TYPES = {
    "move": "move",
    "left": "refusal",
    "note": "note",
    "template": "template",
    "remark": "remark",
    "error": "error",
}


def _file(report: FileReport, about: About) -> Json:
    whole: Json = {
        "file": report.file,
        "changed": report.changed,
        "moves": [_entry(one) for one in report.of("move")],
        "refusals": [_entry(one) for one in report.of("left")],
        "notes": [_entry(one) for one in report.of("note")],
        "templates": [_entry(one) for one in report.of("template")],
        "remarks": [_entry(one) for one in report.of("remark")],
        "errors": [_entry(one) for one in report.of("error")],
    }
    if about.patches:
        whole["patch"] = unified(report.before, report.after, about.located(report.file))
    return whole


def _entry(result: Result) -> Json:
    place = result.place
    pod: Json = {
        "document": place.document,
        "apiVersion": place.api_version,
        "kind": place.kind,
        "name": place.name,
        "namespace": place.namespace,
        "path": place.path,
        "container": result.container,
    }
    said: Json = {"rule": result.rule, "level": result.level, "message": result.message}
    where: Json = {"file": result.file, "line": result.line}
    if result.sort == "move":
        move = cast("Move", result.subject)
        moved: Json = {"line": result.line, "index": move.index, "init_index": move.init_index}
        return {**pod, **moved, "verdict": move.verdict, "evidence": list(result.evidence)}
    return {**pod, **said, **where} if result.container else {**said, **where}
