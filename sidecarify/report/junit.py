"""JUnit XML, as build servers read it: a test suite for each manifest, a test case for each container.

What fails `--check` is a failure: a container that could move. What was left alone is skipped, with the reason, and a
manifest that could not be read is an error. The form is that of the XSD of Jenkins' xUnit plug-in.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sidecarify.report.about import About
from sidecarify.report.concise import line
from sidecarify.report.results import FileReport, Result
from sidecarify.report.visible import visible

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
        lines = "\n".join(_escaped(line(one)) for one in said)
        yield f"    <system-out>{lines}</system-out>\n"
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
        f"{chr(10).join(map(_escaped, result.evidence))}</{element}>\n"
    )
    yield "    </testcase>\n"


def _quoted(text: str) -> str:
    return '"' + _escaped(text).replace('"', "&quot;") + '"'


def _escaped(text: str) -> str:
    # What is spelt out includes all that XML 1.0 allows no document to hold (production 2, Char).
    return visible(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
