"""Adding a pair to a mapping, in block and in flow style, without touching its other pairs."""

from __future__ import annotations

import re

from .items import last_line_end
from .source import Edit, newline_at
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
