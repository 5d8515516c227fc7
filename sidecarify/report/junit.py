"""JUnit XML, as build servers read it: a test suite for each manifest, a test case for each container.

What fails `--check` is a failure: a container that could move. What was left alone is skipped, with the reason, and a
manifest that could not be read is an error. The form is that of the XSD of Jenkins' xUnit plug-in.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from sidecarify.report.about import About
from sidecarify.report.results import FileReport, Result

# What XML 1.0 allows no document to hold, however it is escaped (production 2, Char).
_NO_CHARACTER = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ELEMENTS = {"move": "failure", "error": "error", "left": "skipped", "template": "skipped"}


def junit(reports: Iterable[FileReport], about: About) -> Iterator[str]:
    """The whole document; a manifest without anything to say is a suite with one test that passed."""
    yield '<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="sidecarify">\n'
    for report in reports:
        yield from _suite(report, about)
    yield "</testsuites>\n"


def _suite(report: FileReport, about: About) -> Iterator[str]:
    told = [one for one in report.results if one.sort in _ELEMENTS]
    said = [one for one in report.results if one.sort not in _ELEMENTS]
    sorts = [one.sort for one in told]
    name = about.located(report.file)
    counts = {
        "tests": len(told) or 1,
        "failures": sorts.count("move"),
        "errors": sorts.count("error"),
        "skipped": sorts.count("left") + sorts.count("template"),
    }
    attributes = " ".join(f'{key}="{count}"' for key, count in counts.items())
    yield f"  <testsuite name={_quoted(name)} {attributes}>\n"
    for result in told:
        yield from _case(result, name)
    if not told:
        yield f"    <testcase name={_quoted(about.words.become)} classname={_quoted(name)}/>\n"
    if said:
        lines = "\n".join(f"{one.file}:{one.line}: [{one.rule}] {one.container}: {one.message}" for one in said)
        yield f"    <system-out>{_escaped(lines)}</system-out>\n"
    yield "  </testsuite>\n"


def _case(result: Result, name: str) -> Iterator[str]:
    element = _ELEMENTS[result.sort]
    place = result.place
    who = " ".join(part for part in (place.kind, place.name, place.path, result.container) if part)
    title = f"{who or result.manifest} [{result.rule}]"
    where = f"{result.file}:{result.line}"
    yield f"    <testcase name={_quoted(title)} classname={_quoted(name)}>\n"
    yield (
        f"      <{element} type={_quoted(result.rule)} message={_quoted(f'{where}: {result.message}')}>"
        f"{_escaped(chr(10).join(result.evidence))}</{element}>\n"
    )
    yield "    </testcase>\n"


def _quoted(text: str) -> str:
    # A line end in an attribute would be read as a blank.
    return '"' + _escaped(text).replace('"', "&quot;").replace("\n", "&#10;").replace("\t", "&#9;") + '"'


def _escaped(text: str) -> str:
    clean = _NO_CHARACTER.sub("\ufffd", text)
    return clean.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#13;")
