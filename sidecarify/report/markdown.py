"""Markdown for a pull request: what moves, what was left alone, and why.

Nothing of a manifest may act in the page: no HTML, no link, no image, no mention, no broken table. So names stand in
code spans, and in sentences every character with a meaning is written as a character reference.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from sidecarify.report.about import About
from sidecarify.report.results import FileReport, Result, containers
from sidecarify.report.words import Words

_SPECIAL = re.compile(r"[\\`*_\[\]<>|~&$]")
_CODE = re.compile(r"`([^`]+)`")
_ACTING = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufff9-\ufffb]")
_TICKS = re.compile(r"`+")
# Code hosts look for these in the finished text, where a reference no longer helps: an invisible space breaks them.
_LOOKED_FOR = re.compile(r"(@|#(?=\d)|:(?=//)|\bwww(?=\.)|\bGH(?=-\d))", re.IGNORECASE)
_GAP = "\u200b"
# GitHub takes 65,536 characters for a comment or the text of a pull request: what the rows of each table may take.
_ROOM = 24_000
_LITTLE_ROOM = 7_000


def markdown(reports: Iterable[FileReport], about: About) -> Iterator[str]:
    """The whole page. Tables end where a page of a code host is full, and say how many more rows there are."""
    found = [(report, result) for report in reports for result in report.results]
    moves = [result for _, result in found if result.sort == "move"]
    left = [result for _, result in found if result.sort == "left"]
    notes = [result for _, result in found if result.sort == "note"]
    errors = [result for _, result in found if result.sort == "error"]
    templates = [result for _, result in found if result.sort == "template"]
    files = len({result.manifest for result in moves})
    yield f"## {about.words.title}\n\n"
    yield f"{_summary(about.words, moves, files, left, templates, errors)}\n"
    if moves:
        yield "\n### What moves\n\n"
        yield from table(("manifest", "workload", "container", "why"), [_moved(one) for one in moves], _ROOM)
    if left:
        yield "\n### What was left alone, and why\n\n"
        yield from table(("place", "workload", "container", "rule", "why"), [_left(one) for one in left], _ROOM)
    if notes:
        yield "\n### Worth knowing\n\n"
        yield from table(
            ("place", "workload", "container", "rule", "note"), [_left(one) for one in notes], _LITTLE_ROOM
        )
    if errors:
        yield "\n### Could not be read\n\n"
        rows = [(_where(one), code(one.rule), plain(one.message)) for one in errors]
        yield from table(("place", "code", "why"), rows, _LITTLE_ROOM)
    yield f"\nMade by `sidecarify {about.command}` for Kubernetes {plain(about.kubernetes)} and later.\n"


def table(heads: Sequence[str], rows: Sequence[Sequence[str]], room: int) -> Iterator[str]:
    """A table of cells that have been made safe, with the rows that `room` characters hold."""
    yield _row(heads)
    yield _row(["---"] * len(heads))
    for number, row in enumerate(rows):
        text = _row(row)
        room -= len(text)
        if room < 0:
            yield f"\nand {len(rows) - number} more.\n"
            return
        yield text


def plain(text: str) -> str:
    """Text that no Markdown renderer reads as anything else, on one line; what stands in backticks becomes code."""
    parts = _CODE.split(" ".join(_ACTING.sub(" ", text).split()))
    return "".join(code(part) if number % 2 else _calm(part) for number, part in enumerate(parts))


def _calm(text: str) -> str:
    broken = _LOOKED_FOR.sub(lambda found: found.group() + _GAP, text)
    return _SPECIAL.sub(lambda found: f"&#{ord(found.group())};", broken)


def code(text: str) -> str:
    """Text as a code span that may stand in a table, on one line."""
    line = " ".join(_ACTING.sub("\ufffd", text).split())
    if not line:
        return ""
    ticks = "`" * (1 + max((len(run) for run in _TICKS.findall(line)), default=0))
    gap = " " if "`" in line else ""
    # A table ends its cells before anything else is read, so `|` is escaped there even in code; what stands before it
    # must not be a backslash of the text, which would undo that.
    cell = line.replace("\\|", "\\\u200b|").replace("|", "\\|")
    return f"{ticks}{gap}{cell}{gap}{ticks}"


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |\n"


def _moved(result: Result) -> tuple[str, ...]:
    return _where(result), _workload(result), code(result.container), _why(result)


def _left(result: Result) -> tuple[str, ...]:
    return _where(result), _workload(result), code(result.container), code(result.rule), plain(result.message)


def _where(result: Result) -> str:
    return code(f"{result.file}:{result.line}")


def _workload(result: Result) -> str:
    place = result.place
    if not place.kind:
        return ""
    namespace = f" in {plain(place.namespace)}" if place.namespace else ""
    return f"{plain(place.kind)} {code(place.name or '(no name)')}{namespace}"


def _why(result: Result) -> str:
    under_review = "under review; " if result.level in ("review", "refuse") else ""
    first = result.evidence[0].rpartition(" (")[0] or result.evidence[0] if result.evidence else ""
    return f"{under_review}{plain(first)}"


def _summary(
    words: Words,
    moves: Sequence[Result],
    files: int,
    left: Sequence[Result],
    templates: Sequence[Result],
    errors: Sequence[Result],
) -> str:
    parts = [f"**{_count(containers(moves), 'container')}** in {_count(files, 'manifest')} can become {words.become}."]
    if not moves:
        parts = ["No container is to be moved."]
    if left:
        parts.append(f"{_count(containers(left), 'container')} {_were(containers(left))} left alone.")
    if templates:
        parts.append(f"{_count(len(templates), 'Helm template')} {_were(len(templates))} left alone.")
    if errors:
        files = len({one.manifest for one in errors})
        parts.append(f"{_count(files, 'manifest')} could not be read in whole.")
    return " ".join(parts)


def _were(number: int) -> str:
    return "was" if number == 1 else "were"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
