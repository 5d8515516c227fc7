"""Adding a pair to a mapping and taking one away, in block and in flow style, without touching its other pairs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from .items import content_end, last_line_end
from .source import Edit, line_start, newline_at
from .tree import Node

Plain = str | int | Sequence["Plain"] | Mapping[str, "Plain"]
"""A value to be written, without any style."""
# Text that every YAML reads as text when it stands alone.
_PLAIN_TEXT = re.compile(r"[A-Za-z/][\w./-]*")
_OTHER_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
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


def add_mapping(
    text: str, after: tuple[Node, Node], style: str | None, key: str, value: Mapping[str, Plain], step: int
) -> Edit:
    """The edit that adds `key` with a mapping behind the pair `after`, as `add_pair` does.

    Block style: the mapping in lines of its own, indented by `step`, lists in flow style. Flow style: all in one line.
    """
    quote = after[0].style if after[0].style in ("'", '"') else ""
    if style == "flow":
        colon, space = _colon(text, after), _flow_space(text, after)
        flow = _in_flow(value, quote, colon, "," if space == "" else ", ")
        return Edit(after[1].end, after[1].end, f",{space}{quote}{key}{quote}{colon}{flow}")
    offset, newline = last_line_end(text, after[1]), newline_at(text, after[0].start)
    lines = _in_block({key: value}, quote, after[0].column, step)
    return Edit(offset, offset, "".join(f"{line}{newline}" for line in lines))


def _in_block(value: Mapping[str, Plain], quote: str, column: int, step: int) -> Iterator[str]:
    for key, one in value.items():
        start = f"{' ' * column}{quote}{key}{quote}:"
        if isinstance(one, Mapping):
            yield start
            yield from _in_block(one, quote, column + step, step)
        else:
            yield f"{start} {_in_flow(one, '', ': ', ', ')}"


def _in_flow(value: Plain, quote: str, colon: str, comma: str) -> str:
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return _quoted(value, quote)
    if isinstance(value, Mapping):
        pairs = (f"{quote}{key}{quote}{colon}{_in_flow(one, quote, colon, comma)}" for key, one in value.items())
        return f"{{{comma.join(pairs)}}}"
    return f"[{comma.join(_in_flow(one, quote, colon, comma) for one in value)}]"


def _quoted(value: str, quote: str) -> str:
    if not quote and _PLAIN_TEXT.fullmatch(value) and value.lower() not in _OTHER_WORDS:
        return value
    if quote == "'":
        return "'" + value.replace("'", "''") + "'"
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def indentation_step(mapping: Node) -> int | None:
    """By how much block mappings within `mapping` are indented against their keys; None if there are none."""
    for node in mapping.mappings():
        for key, value in node.pairs:
            if value.kind == "map" and value.style == "block" and node.style == "block":
                return value.column - key.column
    return None


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
