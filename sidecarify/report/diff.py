r"""The unified diff as `git apply` takes it: no timestamps, paths quoted as git quotes, missing line ends marked."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from itertools import pairwise
from typing import NamedTuple

from sidecarify.report.visible import painted, visible_lines

CONTEXT = 3
_NO_NEWLINE = "\\ No newline at end of file\n"
_ODD_NAME = re.compile(rb'[\x00-\x1f\x7f-\xff"\\]')
_ESCAPES = {7: "a", 8: "b", 9: "t", 10: "n", 11: "v", 12: "f", 13: "r", 34: '"', 92: "\\"}
# Beyond this many pairs of lines a stretch is shown as replaced: comparing all of them would take minutes.
_PAIRS = 4_000_000


class _Change(NamedTuple):
    """The lines `start:end` of the old text became the lines `new_start:new_end` of the new one."""

    start: int
    end: int
    new_start: int
    new_end: int


def unified(before: str, after: str, path: str) -> str:
    """The patch that turns `before` into `after`; empty if there is nothing to do.

    Lines end at a line feed and nowhere else, as git sees them: a carriage return belongs to its line.
    """
    old, new = _lines(before), _lines(after)
    changes = list(_by_document(old, new))
    if not changes:
        return ""
    parts = [f"--- {quoted('a/' + path)}\n", f"+++ {quoted('b/' + path)}\n"]
    for hunk in _hunks(changes):
        parts += _hunk(hunk, old, new)
    return "".join(parts)


def replaced_lines(before: str, after: str) -> Iterator[tuple[int, int, str]]:
    """The same differences as (line, line, text): the lines from the first to the second, from 0, become the text."""
    old, new = _lines(before), _lines(after)
    for change in _by_document(old, new):
        yield change.start, change.end, "".join(new[change.new_start : change.new_end])


def quoted(path: str) -> str:
    """A path as git writes it in a patch: in C quotes if it has bytes other than printable ASCII.

    A name with blanks is followed by a tab, so that a timestamp is not looked for in it.
    """
    data = path.encode("utf-8", "surrogateescape")
    if _ODD_NAME.search(data):
        inside = _ODD_NAME.sub(lambda found: _escaped(found.group()[0]), data).decode("ascii")
        return f'"{inside}"'
    return f"{path}\t" if " " in path else path


def for_terminal(patch: str, *, color: bool) -> str:
    """A patch for people: what would act on the terminal spelt out, and colours if wanted."""
    text = visible_lines(patch)
    if not color:
        return text
    return "".join(_colored(line) for line in _lines(text))


def _colored(line: str) -> str:
    body = line.removesuffix("\n")
    end = line[len(body) :]
    if body.startswith(("--- ", "+++ ")):
        return painted(body, "bold", color=True) + end
    if body.startswith("@@"):
        return painted(body, "cyan", color=True) + end
    if body.startswith("-"):
        return painted(body, "red", color=True) + end
    if body.startswith("+"):
        return painted(body, "green", color=True) + end
    return line


def _escaped(byte: int) -> bytes:
    return f"\\{_ESCAPES[byte]}".encode() if byte in _ESCAPES else f"\\{byte:03o}".encode()


def _lines(text: str) -> list[str]:
    lines = text.split("\n")
    last = lines.pop()
    lines = [f"{line}\n" for line in lines]
    return [*lines, last] if last else lines


def _by_document(old: Sequence[str], new: Sequence[str]) -> Iterator[_Change]:
    """The differences, document by document: a conversion leaves the marks between them where they are.

    Many documents may be alike to the last line but one, and then nothing else holds a comparison in place.
    """
    marks, new_marks = _marks(old), _marks(new)
    if len(marks) != len(new_marks):
        marks, new_marks = [0, len(old)], [0, len(new)]
    for (start, end), (new_start, new_end) in zip(pairwise(marks), pairwise(new_marks), strict=True):
        yield from _changes(old[start:end], new[new_start:new_end], start, new_start)


def _marks(lines: Sequence[str]) -> list[int]:
    return [0, *(number for number, line in enumerate(lines) if line.startswith("---")), len(lines)]


def _changes(old: Sequence[str], new: Sequence[str], start: int, new_start: int) -> Iterator[_Change]:
    """The differences of two stretches of lines that begin at lines `start` and `new_start`.

    What both begin and end with is set aside, then lines that stand once in both hold the rest in place (patience
    diff), and only the small stretches between them are compared line by line.
    """
    head = 0
    while head < len(old) and head < len(new) and old[head] == new[head]:
        head += 1
    tail = 0
    while tail < len(old) - head and tail < len(new) - head and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    old, new = old[head : len(old) - tail], new[head : len(new) - tail]
    start, new_start = start + head, new_start + head
    if not old or not new:
        if old or new:
            yield _Change(start, start + len(old), new_start, new_start + len(new))
        return
    anchors = _anchors(old, new)
    if anchors:
        place, new_place = 0, 0
        for one, two in [*anchors, (len(old), len(new))]:
            yield from _changes(old[place:one], new[new_place:two], start + place, new_start + new_place)
            place, new_place = one + 1, two + 1
    elif len(old) * len(new) > _PAIRS:
        yield _Change(start, start + len(old), new_start, new_start + len(new))
    else:
        for tag, one, one_end, two, two_end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
            if tag != "equal":
                yield _Change(start + one, start + one_end, new_start + two, new_start + two_end)


def _anchors(old: Sequence[str], new: Sequence[str]) -> list[tuple[int, int]]:
    """The longest row of lines that stand once in both, in the order of both: (place in old, place in new)."""
    once = {line for line, count in Counter(old).items() if count == 1}
    once &= {line for line, count in Counter(new).items() if count == 1}
    places = {line: index for index, line in enumerate(new) if line in once}
    pairs = [(index, places[line]) for index, line in enumerate(old) if line in once]
    ends: list[int] = []
    last: list[int] = []
    before: list[int | None] = []
    for number, (_, place) in enumerate(pairs):
        length = bisect_left(ends, place)
        before.append(last[length - 1] if length else None)
        if length == len(ends):
            ends.append(place)
            last.append(number)
        else:
            ends[length], last[length] = place, number
    row = []
    at = last[-1] if last else None
    while at is not None:
        row.append(pairs[at])
        at = before[at]
    return row[::-1]


def _hunks(changes: Sequence[_Change]) -> Iterator[list[_Change]]:
    """Changes whose context would touch go into one hunk."""
    hunk = [changes[0]]
    for change in changes[1:]:
        if change.start - hunk[-1].end > 2 * CONTEXT:
            yield hunk
            hunk = []
        hunk.append(change)
    yield hunk


def _hunk(changes: Sequence[_Change], old: Sequence[str], new: Sequence[str]) -> Iterator[str]:
    start = max(0, changes[0].start - CONTEXT)
    end = min(len(old), changes[-1].end + CONTEXT)
    new_start = changes[0].new_start - (changes[0].start - start)
    new_end = changes[-1].new_end + (end - changes[-1].end)
    yield f"@@ -{_range(start, end)} +{_range(new_start, new_end)} @@\n"
    place = start
    for change in changes:
        yield from _marked(" ", old[place : change.start])
        yield from _marked("-", old[change.start : change.end])
        yield from _marked("+", new[change.new_start : change.new_end])
        place = change.end
    yield from _marked(" ", old[place:end])


def _range(start: int, end: int) -> str:
    length = end - start
    if length == 1:
        return str(start + 1)
    return f"{start + 1 if length else start},{length}"


def _marked(mark: str, lines: Sequence[str]) -> Iterator[str]:
    for line in lines:
        yield mark + line if line.endswith("\n") else f"{mark}{line}\n{_NO_NEWLINE}"
