"""The JSON of `inspect`, whole as the contract says (report/json.py), or a line each."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from sidecarify.report.about import About
from sidecarify.report.json import rendered
from sidecarify.report.results import FileReport, Result

if TYPE_CHECKING:
    from sidecarify.report.json import ErrorEntry, PodEntry


def pods_json(reports: Iterable[FileReport], about: About) -> Iterator[str]:
    """The whole answer as one object."""
    pods: list[PodEntry] = []
    errors: list[ErrorEntry] = []
    for report in reports:
        pods += report.pods
        errors += (_error(one) for one in report.of("error"))
    yield rendered(about.kubernetes, pods, errors)


def pods_lines(reports: Iterable[FileReport], _about: About) -> Iterator[str]:
    """A line for each pod, each template and each error, with the keys of the contract and a `type`."""
    for report in reports:
        for pod in report.pods:
            yield json.dumps({"type": "pod", **pod}) + "\n"
        for template in report.of("template"):
            yield json.dumps({"type": "template", **_error(template)}) + "\n"
        for error in report.of("error"):
            yield json.dumps({"type": "error", **_error(error)}) + "\n"


def _error(result: Result) -> ErrorEntry:
    return {"file": result.file, "line": result.line, "message": result.message}
