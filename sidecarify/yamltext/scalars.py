r"""Giving a scalar another value in its own style: what stays of the value keeps its spelling.

    patch: "- op: remove\n  path: /a/1"      ->      patch: "- op: remove\n  path: /b/0"

For every character of the value it is known where its spelling begins; so an edit of the value is one of the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import NamedTuple

from .source import Edit, line_start, newline_at, splice
from .tree import Node, YamlError, parse


class UnspellableError(Exception):
    """The scalar is written in a way in which it cannot be given the value."""


def respelled(text: str, node: Node, new: str) -> list[Edit]:
    """The edits that give a scalar of `text` the value `new`.

    A folded text (`>`) in which a new line would be folded becomes a literal one (`|`), if it reads as such too.
    Raises UnspellableError. The caller reads the result again: what cannot be told here is found then.
    """
    if node.kind != "scalar" or node.aliased or node.anchor or node.tag:
        raise UnspellableError("it carries an anchor or a tag")
    if node.style in ("|", ">"):
        return _in_block(text, node, new)
    quote = node.style or ""
    starts = _flow_starts(text, node, quote)
    edits = []
    for i, j, piece in _changes(node.value, new):
        edits.append(Edit(starts[i], starts[j], _in_quotes(piece, quote)))
    return edits


def keeps_lines(text: str, node: Node) -> bool:
    """Whether every line of a scalar's value is a line of the text."""
    if node.style != ">":
        return node.style == "|" or "\n" not in node.value
    try:
        return _read(_Block.of(text, node), folded=False).value == node.value
    except UnspellableError:
        return False


def _changes(old: str, new: str) -> Iterator[tuple[int, int, str]]:
    """Where which characters come to be others: whole lines, or words of a line."""
    before, after = _LINE.findall(old), _LINE.findall(new)
    for (i, j), (k, m) in _differences(before, after):
        at = sum(map(len, before[:i]))
        if j - i != m - k or any(
            one.endswith("\n") != two.endswith("\n") for one, two in zip(before[i:j], after[k:m], strict=True)
        ):
            yield at, at + sum(map(len, before[i:j])), "".join(after[k:m])
            continue
        for line, other in zip(before[i:j], after[k:m], strict=True):
            words, others = _WORD.findall(line), _WORD.findall(other)
            for (a, b), (c, d) in _differences(words, others):
                start = at + sum(map(len, words[:a]))
                yield start, start + sum(map(len, words[a:b])), "".join(others[c:d])
            at += len(line)


_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_WORD = re.compile(r"\w+|\n|[^\w\n]+")


_MOST = 1_000_000
"""How many pairs of words are compared at most: what differs more is replaced as a whole."""


def _differences(before: Sequence[str], after: Sequence[str]) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """Where two sequences differ, between what they begin and end with."""
    shorter = min(len(before), len(after))
    head = next((n for n in range(shorter) if before[n] != after[n]), shorter)
    tail = next((n for n in range(shorter - head) if before[-1 - n] != after[-1 - n]), shorter - head)
    old, new = before[head : len(before) - tail], after[head : len(after) - tail]
    if len(old) * len(new) > _MOST:
        yield (head, len(before) - tail), (head, len(after) - tail)
        return
    for tag, i, j, k, m in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag != "equal":
            yield (head + i, head + j), (head + k, head + m)


# --- in quotes, or plain ------------------------------------------------------------------------------------------

# Lines are folded: one line end is a blank, of several all but one are line ends.
_BLANKS = re.compile(r"[ \t]*(?P<fold>(?:\r?\n[ \t]*)+)?")
_ESCAPED_END = re.compile(r"\\\r?\n[ \t]*")
_ESCAPE = re.compile(r"\\(?:x..|u.{4}|U.{8}|[^xuU])", re.DOTALL)


def _flow_starts(text: str, node: Node, quote: str) -> list[int]:
    """Where the spelling of each character of the value begins, and where the last one ends."""
    position, end = node.start + len(quote), node.end - len(quote)
    starts: list[int] = []
    while position < end:
        blanks = _BLANKS.match(text, position, end)
        gap = _ESCAPED_END.match(text, position, end) if quote == '"' else None
        if blanks is not None and blanks["fold"]:
            starts += [position] * max(1, blanks["fold"].count("\n") - 1)
            position = blanks.end()
        elif blanks is not None and blanks[0]:
            starts += range(position, blanks.end())
            position = blanks.end()
        elif gap is not None:
            position = gap.end()
        else:
            starts.append(position)
            position += _length(text, position, quote)
    if len(starts) != len(node.value):
        raise UnspellableError("it is written in a way that is not understood")
    return [*starts, end]


def _length(text: str, position: int, quote: str) -> int:
    escape = _ESCAPE.match(text, position) if quote == '"' else None
    if escape is not None:
        return len(escape[0])
    return 2 if quote == "'" and text.startswith("''", position) else 1


def _in_quotes(piece: str, quote: str) -> str:
    if quote == '"':
        return piece.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    if "\n" in piece:
        raise UnspellableError("it would need a further line, which cannot stand there")
    return piece.replace("'", "''") if quote else piece


# --- block scalars ------------------------------------------------------------------------------------------------

_HEADER = re.compile(r"[|>](?P<marks>[-+0-9]*)[^\n]*\n")


class _Block(NamedTuple):
    """A block scalar: where each line begins, ends, and ends with its line end; the column of its content."""

    lines: tuple[tuple[int, int, int], ...]
    text: str
    indent: int
    chomping: str

    @classmethod
    def of(cls, text: str, node: Node) -> _Block:
        header = _HEADER.match(text, node.start)
        if header is None:
            raise UnspellableError("it is empty")
        lines = []
        position = header.end()
        while position < node.end:
            newline = text.find("\n", position)
            stop, behind = (len(text), len(text)) if newline < 0 else (newline, newline + 1)
            if newline > position and text[newline - 1] == "\r":
                stop -= 1
            lines.append((position, stop, behind))
            position = behind
        first = next((value for value in node.value.split("\n") if value.strip(" ")), None)
        line = next((text[start:stop] for start, stop, _ in lines if text[start:stop].strip(" ")), None)
        if first is None or line is None:
            raise UnspellableError("it is empty")
        return cls(tuple(lines), text, _leading(line) - _leading(first), header["marks"].strip("0123456789"))


def _leading(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


class _Reading(NamedTuple):
    """The value of a block scalar, and where the spelling of each character begins and the last one ends."""

    value: str
    starts: list[int]


def _read(block: _Block, *, folded: bool) -> _Reading:
    """What a block scalar says (yaml_parser_scan_block_scalar of libyaml's scanner.c)."""
    value: list[str] = []
    starts: list[int] = []

    def say(character: str, start: int) -> None:
        value.append(character)
        starts.append(start)

    breaks: list[int] = []
    ended: tuple[int, int] | None = None
    was_blank = False
    for start, stop, behind in block.lines:
        content = start + block.indent
        if stop <= content and not block.text[start:stop].strip(" "):
            breaks.append(start)
            continue
        is_blank = block.text[content] in " \t"
        if ended is not None and folded and not was_blank and not is_blank:
            if not breaks:
                say(" ", ended[0])
        elif ended is not None:
            say("\n", ended[0])
        for one in breaks:
            say("\n", one)
        breaks = []
        was_blank = is_blank
        for offset in range(content, stop):
            say(block.text[offset], offset)
        ended = (stop, behind)
    end = ended[0] if ended is not None else block.lines[0][0]
    if ended is not None and block.chomping != "-" and ended[1] > ended[0]:
        say("\n", ended[0])
        end = ended[1]
        for one in breaks if block.chomping == "+" else ():
            say("\n", one)
            end = block.text.find("\n", one) + 1
    return _Reading("".join(value), [*starts, end])


def _in_block(text: str, node: Node, new: str) -> list[Edit]:
    block = _Block.of(text, node)
    reading = _read(block, folded=node.style == ">")
    if reading.value != node.value:
        raise UnspellableError("its lines could not be told from those around it")
    newline, margin = newline_at(text, node.start), " " * block.indent
    edits = []
    for i, j, piece in _changes(node.value, new):
        start, end = reading.starts[i], reading.starts[j]
        if "\n" in node.value[i:j] + piece:
            start, end = line_start(text, start), line_start(text, end) if j < len(node.value) else end
            lines = (f"{margin}{line}" if line else line for line in piece.split("\n"))
            edits.append(Edit(start, end, newline.join(lines)))
        else:
            edits.append(Edit(start, end, piece))
    if node.style == ">" and _value_at(splice(text, edits), node.start) != new:
        if _read(block, folded=False).value != node.value:
            raise UnspellableError("it would need a further line, which would be folded")
        edits.insert(0, Edit(node.start, node.start + 1, "|"))
    return edits


def _value_at(text: str, start: int) -> str | None:
    """The value of the scalar that begins at an offset."""
    try:
        root = parse(text)
    except YamlError:
        return None
    found = (
        (one.value for one in root.walk() if one.kind == "scalar" and one.start == start) if root is not None else ()
    )
    return next(iter(found), None)
