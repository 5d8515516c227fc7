"""One line for each thing that is said: for grep, editors and problem matchers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sidecarify.report.about import About
from sidecarify.report.results import FileReport, Result
from sidecarify.report.text import message


def concise(reports: Iterable[FileReport], _about: About) -> Iterator[str]:
    """`file:line: [rule] container: message`, a line each."""
    for report in reports:
        for result in report.results:
            yield f"{line(result)}\n"


def line(result: Result) -> str:
    """One result; where the evidence stands in another file, the container's own is named behind it."""
    who = result.container
    if who and result.file != result.manifest:
        who = f"{who} (in {result.manifest})"
    return message(result.file, result.line, result.rule, who, result.message)
