"""The code quality report of GitLab: a JSON list that merge requests show as findings on lines.

The keys are those of GitLab's documentation ("Code Quality report format"); a fingerprint must be unique in a report.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from sidecarify.report.about import About
from sidecarify.report.results import FileReport, Result
from sidecarify.report.visible import visible

_SEVERITIES = {"error": "critical", "refuse": "major", "review": "minor", "safe": "minor", "note": "info"}


def gitlab(reports: Iterable[FileReport], about: About) -> Iterator[str]:
    """The whole list, an object for each result."""
    between = "[\n"
    for report in reports:
        for result in report.results:
            yield between + json.dumps(_entry(result, about), indent=2)
            between = ",\n"
    yield "[]\n" if between == "[\n" else "\n]\n"


def _entry(result: Result, about: About) -> dict[str, object]:
    return {
        "description": visible(result.message),
        "check_name": result.rule,
        "fingerprint": result.fingerprint,
        "severity": _SEVERITIES[result.level],
        "location": {"path": about.located(result.file), "lines": {"begin": result.line}},
    }
