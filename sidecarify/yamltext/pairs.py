"""Adding a pair to a mapping and taking one away, in block and in flow style, without touching its other pairs."""

from __future__ import annotations

import re

from .items import content_end, last_line_end
from .source import Edit, line_start, newline_at
from .tree import Node

_COMMA = re.compile(r"\s*,(?P<space>\s*)")


def add_pair(text: str, after: tuple[Node, Node], style: str | None, key: str, value: str) -> Edit:
    """The edit that adds `key: value` (plain scalars) behind the pair `after` of a mapping whose style is `style`.

    Block style: on a line of its own in the column of the pair's key, quoted as that key. Flow style: behind a comma,
    with the spacing of the pair's neighbours.
    """
    quote = after[0].style if after[0].style in ("'", '"') else ""
    name = f"{quote}{key}{quote}"
    if style == "flow":
        colon = _colon(text, after)
        space = _flow_space(text, after)
        return Edit(after[1].end, after[1].end, f",{space}{name}{colon}{quote}{value}{quote}")
    offset = last_line_end(text, after[1])
    return Edit(offset, offset, f"{' ' * after[0].column}{name}: {value}{newline_at(text, after[0].start)}")


def _colon(text: str, pair: tuple[Node, Node]) -> str:
    between = text[pair[0].end : pair[1].start]
    return between if re.fullmatch(r" ?:[ ]?", between) and (between != ":" or pair[0].style) else ": "


def _flow_space(text: str, pair: tuple[Node, Node]) -> str:
    """White space behind the commas of a flow mapping: after this pair, else before it, else one blank."""
    found = _COMMA.match(text, pair[1].end)
    if found is not None and text[found.end() : found.end() + 1] not in ("}", "#"):
        return found["space"]
    before = re.search(r"[,{](?P<space>\s*)\Z", text[max(0, pair[0].start - 400) : pair[0].start])
    if before is None:
        return " "
    space = before["space"]
    return space or ("" if text[pair[0].end : pair[1].start] == ":" else " ")


def remove_pair(text: str, mapping: Node, pair: tuple[Node, Node]) -> Edit:
    """The edit that takes `pair` (scalar to scalar) out of `mapping`, which keeps at least one other pair.

    Block style: its line goes; a comment on it stays, in the key's column. A first pair beside the dash of a list
    item hands its place to the next. Flow style: one comma goes along.
    """
    pairs = mapping.pairs
    place = next(index for index, other in enumerate(pairs) if other[0] is pair[0])
    if mapping.style == "flow":
        if place:
            return Edit(pairs[place - 1][1].end, pair[1].end, "")
        return Edit(pair[0].start, pairs[1][0].start, "")
    start, end = line_start(text, pair[0].start), last_line_end(text, pair[1])
    comment = text[content_end(text, pair[1]) : end].strip()
    if text[start : pair[0].start].strip(" "):
        if comment or text[end : pairs[place + 1][0].start].strip():
            newline = newline_at(text, pair[0].start)
            kept = f"{comment}{newline}" if comment else newline
            return Edit(pair[0].start, end, kept)
        return Edit(pair[0].start, pairs[place + 1][0].start, "")
    kept = f"{' ' * pair[0].column}{comment}{newline_at(text, pair[0].start)}" if comment else ""
    return Edit(start, end, kept)
