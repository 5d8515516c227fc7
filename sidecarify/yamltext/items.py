"""Where a list item truly begins and ends, which comments are its own, and moving its text to another column.

The rules of ownership are written for people in docs/comments.md.
"""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from .source import line_end, line_start
from .tree import Node

# An item of a block list: blanks, a dash, then a blank or the end of the line.
_DASH = re.compile(r"[ ]*-(?=[ \t\r\n]|\Z)")
_BLOCK_HEADER = re.compile(r"[|>](?P<marks>[-+0-9]*)")


class Extent(NamedTuple):
    """The lines of a list item: `start` with its comments above, `end` behind its last own line, `dash` its column."""

    start: int
    end: int
    dash: int


def content_end(text: str, node: Node) -> int:
    """Offset behind the last character that belongs to `node` itself.

    The parser's end mark of a block collection runs past comments and blank lines to the next token, and that of a
    block scalar past blank lines that are not content unless its header says keep (`+`).
    """
    end = node.end
    floor = node.start
    while node.style == "block" and (node.pairs or node.items):
        floor = max(floor, node.start)
        if node.items:
            node = node.items[-1]
        else:
            key, node = node.pairs[-1]
            floor = max(floor, key.end)
        end = node.end
    if node.style in ("|", ">"):
        end = _block_scalar_end(text, node)
    return max(end, floor)


def _block_scalar_end(text: str, node: Node) -> int:
    header = _BLOCK_HEADER.search(text, node.start, node.end)
    if header is None or "+" in header["marks"]:
        return node.end
    body = line_end(text, header.end())
    indent = _block_indent(text, node, body)
    end = node.end
    while end > body:
        start = line_start(text, end - 1)
        line = text[start:end].rstrip("\r\n")
        if line.strip(" ") or (indent is not None and len(line) > indent):
            break
        end = start
    return max(end, min(body, len(text)))


def _block_indent(text: str, node: Node, body: int) -> int | None:
    """Column of a block scalar's content: what its first line that is not blank has more than its value has."""
    for line in text[body : node.end].splitlines():
        if line.strip(" "):
            first = next(value for value in node.value.split("\n") if value.strip(" "))
            return _leading(line) - _leading(first)
    return None


def _leading(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def last_line_end(text: str, node: Node) -> int:
    """Offset behind the line end of the last line of `node`; a comment on that line comes along."""
    return line_end(text, max(content_end(text, node) - 1, node.start, 0))


def dash_line(text: str, item: Node) -> tuple[int, int]:
    """Start of the line with the dash of an item of a block list, and the dash's column.

    The item itself may begin on a later line: behind `-` alone, or behind `-  # comment`.
    """
    start = line_start(text, item.start)
    while True:
        found = _DASH.match(text, start)
        if found is not None:
            return start, found.end() - 1 - start
        if start == 0:
            raise ValueError("the node is no item of a block list")
        start = line_start(text, start - 1)


def comments_above(text: str, start: int, floor: int, columns: range) -> int:
    """Start of the run of comment lines directly above the line at `start`, their `#` in one of `columns`.

    The run never reaches above `floor`.
    """
    while start > floor:
        above = line_start(text, start - 1)
        line = text[above:start]
        if above < floor or not line.lstrip(" \t").startswith("#") or _leading(line) not in columns:
            break
        start = above
    return start


def blanks_above(text: str, start: int, floor: int) -> int:
    """Start of the run of blank lines directly above the line at `start`, not above `floor`."""
    while start > floor:
        above = line_start(text, start - 1)
        if above < floor or text[above:start].strip():
            break
        start = above
    return start


def blanks_below(text: str, end: int) -> int:
    """End of the run of blank lines that begins at `end`."""
    while end < len(text):
        below = line_end(text, end)
        if text[end:below].strip():
            break
        end = below
    return end


def item_extent(text: str, item: Node, floor: int) -> Extent:
    """The lines of an item of a block list, with the comments that are its own; `floor`: where the lines before end."""
    start, dash = dash_line(text, item)
    end = last_line_end(text, item)
    return Extent(comments_above(text, start, floor, range(dash + 1)), _comments_below(text, end, dash), dash)


def _comments_below(text: str, end: int, dash: int) -> int:
    """End of the last comment line below `end` that is indented deeper than the dash (fields commented out)."""
    position = end
    while position < len(text):
        below = line_end(text, position)
        line = text[position:below]
        if line.lstrip(" \t").startswith("#") and _leading(line) > dash:
            end = below
        elif line.strip():
            break
        position = below
    return end


def extents(text: str, items: Sequence[Node], floor: int) -> list[Extent]:
    """The extents of all items of a block list, in order; `floor`: where the line of the list's key ends."""
    found: list[Extent] = []
    for item in items:
        extent = item_extent(text, item, floor)
        found.append(extent)
        floor = extent.end
    return found


class Doubtful(NamedTuple):
    """A comment of which an author may have meant something else: its offset, and whether it goes with the item."""

    offset: int
    travels: bool


def doubtful_comments(text: str, items: Sequence[Node], floor: int) -> list[list[Doubtful]]:
    """For each item of a block list, the comments above it of which the rules of ownership are a guess.

    One in column 0 directly above the dash travels, though it may speak of the file; one that a blank line parts from
    the item stays, though it may speak of the item alone. `floor`: where the line of the list's key ends.
    """
    found = []
    for item, own in zip(items, extents(text, items, floor), strict=True):
        found.append(list(_doubtful(text, item, own, floor)))
        floor = own.end
    return found


def _doubtful(text: str, item: Node, own: Extent, above: int) -> Iterator[Doubtful]:
    dash, _ = dash_line(text, item)
    gap = blanks_above(text, own.start, above)
    title = comments_above(text, gap, above, range(own.dash + 1)) if gap < own.start else gap
    if title < gap:
        yield Doubtful(title, travels=False)
    flush = comments_above(text, dash, own.start, range(1)) if own.dash else dash
    if flush < dash:
        yield Doubtful(flush, travels=True)


def shift(block: str, delta: int) -> str:
    """`block` (whole lines) with every line moved `delta` columns; lines without a character stay so.

    Whitespace-only lines move too: they may be content of a block scalar. A line with fewer blanks than a shift to the
    left wants loses those it has.
    """
    if delta == 0:
        return block
    lines = block.splitlines(keepends=True)
    if delta > 0:
        blanks = " " * delta
        return "".join(line if line in ("\n", "\r\n") else blanks + line for line in lines)
    return "".join(line[min(_leading(line), -delta) :] for line in lines)
