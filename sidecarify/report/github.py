"""Workflow commands of GitHub Actions: annotations on the lines of a pull request.

Written and escaped as actions/toolkit does it (packages/core/src/command.ts): `%`, CR and LF everywhere, `:` and `,` in
properties too. So no text of a manifest can end a command or begin another one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sidecarify.report.about import About
from sidecarify.report.results import FileReport, Result
from sidecarify.report.visible import visible


def github(reports: Iterable[FileReport], about: About) -> Iterator[str]:
    """A command a result: an error for what fails the check, a warning for what was left alone, else a notice."""
    for report in reports:
        for result in report.results:
            yield f"{_command(result, about)}\n"


def _command(result: Result, about: About) -> str:
    properties = {
        "file": about.located(result.file),
        "line": str(result.line),
        "title": f"sidecarify: {result.rule}",
    }
    said = ",".join(f"{name}={_property(visible(value))}" for name, value in properties.items())
    return f"::{_name(result)} {said}::{_data(visible(result.message))}"


def _name(result: Result) -> str:
    if result.sort in ("move", "error"):
        return "error"
    return "warning" if result.sort == "left" else "notice"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
