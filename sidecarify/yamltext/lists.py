"""Moving items from one list of a mapping to a sibling list, in the text.

    spec:                        spec:
      containers:                  containers:
      - name: web                  - name: web
      - name: log      ->          initContainers:
                                   - name: log

The lists are named by the caller: nothing here knows what they hold.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Literal, NamedTuple

from .items import Extent, blanks_above, blanks_below, comments_above, dash_line, extents, shift
from .source import Edit, Span, line_end, line_start, newline_at, splice
from .tree import Node

Placement = Literal["auto", "before"]

_BLOCK_KEY = re.compile(r"[ \t]*:[ \t]*(?:[&!]\S*[ \t]*)*(?:#[^\n]*)?\r?\n")
_EMPTY_WORDS = ("", "~", "null", "Null", "NULL")


class UnmovableError(Exception):
    """The text does not allow this move; `code` names the case, `line` counts from 1."""

    def __init__(self, code: str, message: str, line: int) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.line = line


class ListMove(NamedTuple):
    """Move the items `indexes` of list `source` to the end of list `target`, in that order.

    `mapping` holds both lists; `target` need not exist. `inner` are edits within the moved items, by index.
    """

    mapping: Node
    source: str
    target: str
    indexes: tuple[int, ...]
    inner: Mapping[int, Sequence[Edit]]


def move_edits(text: str, move: ListMove, placement: Placement) -> list[Edit]:
    """The edits that carry out `move` on `text`.

    With placement `auto` the key of the target is inserted between the items where that does the job (or taken away
    where the lists follow one another), and no item moves; with `before` a new target list always stands above the
    source list. A source list that becomes empty goes with its key; comments stay.
    Raises UnmovableError.
    """
    lists = _Lists.of(move)
    if lists.target_pair is None and move.indexes == tuple(range(len(lists.source.items))):
        return _rename_key(move, lists)
    if lists.source.style == "flow":
        return _move_in_flow(text, move, lists)
    for key, value in filter(None, (lists.source_pair, lists.target_pair)):
        if value.style == "block" and not _BLOCK_KEY.match(text, key.end):
            raise UnmovableError("key-not-on-own-line", f"the list does not begin below `{key.value}:`", key.line)
    if lists.target is not None and lists.target.style == "flow" and lists.target.items:
        raise UnmovableError(
            "mixed-style", f"`{move.target}` is a flow list and `{move.source}` is not", lists.target.line
        )
    if placement == "auto":
        edits = _split_list(text, move, lists) if lists.target_pair is None else _join_lists(text, move, lists)
        if edits is not None:
            return edits
    return _move_lines(text, move, lists)


class _Lists(NamedTuple):
    source_pair: tuple[Node, Node]
    source: Node
    target_pair: tuple[Node, Node] | None
    target: Node | None

    @classmethod
    def of(cls, move: ListMove) -> "_Lists":
        source_pair = move.mapping.pair(move.source)
        if source_pair is None or source_pair[1].kind != "seq":
            raise UnmovableError("not-a-list", f"`{move.source}` is not a list", move.mapping.line)
        target_pair = move.mapping.pair(move.target)
        target = target_pair[1] if target_pair is not None else None
        if target is not None and target.kind != "seq" and not _is_empty(target):
            raise UnmovableError(f"{move.target}-not-a-list", f"`{move.target}` is not a list", target.line)
        if target is not None and _is_empty(target) and (target.anchor or target.tag):
            what = f"the empty `{move.target}` carries an anchor or a tag"
            raise UnmovableError("empty-init-with-anchor", what, target.line)
        return cls(source_pair, source_pair[1], target_pair, target)


def _is_empty(node: Node) -> bool:
    if node.kind == "seq":
        return not node.items
    return node.kind == "scalar" and node.style is None and node.value in _EMPTY_WORDS


def _rename_key(move: ListMove, lists: _Lists) -> list[Edit]:
    """The whole list goes by the name of the target, which is not there yet."""
    key = lists.source_pair[0]
    quote = key.style or ""
    inner = [edit for index in move.indexes for edit in move.inner.get(index, ())]
    return [Edit(key.start, key.end, f"{quote}{move.target}{quote}"), *inner]


# --- no item moves: a new key is written between the items -------------------------------------------------------


def _split_list(text: str, move: ListMove, lists: _Lists) -> list[Edit] | None:
    """The new key between items, if the moved ones are the tail or the head of the list in their own order."""
    key, source = lists.source_pair
    count = len(source.items)
    moved = move.indexes
    if moved == tuple(range(count - len(moved), count)):
        inner = [edit for index in moved for edit in move.inner.get(index, ())]
        place = _item_start(text, lists, moved[0])
        return [Edit(place, place, _key_line(text, move, key)), *inner]
    if moved == tuple(range(len(moved))) and _stands_alone(text, key):
        inner = [edit for index in moved for edit in move.inner.get(index, ())]
        block = _key_block(text, key)
        place = _item_start(text, lists, len(moved))
        return [
            Edit(block.start, block.end, _key_line(text, move, key)),
            *inner,
            Edit(place, place, text[block.start : block.end]),
        ]
    return None


def _join_lists(text: str, move: ListMove, lists: _Lists) -> list[Edit] | None:
    """Take the source's key away, if its whole list follows the target's: the reverse of inserting it."""
    key, source = lists.source_pair
    if lists.target is None or not lists.target.items or move.indexes != tuple(range(len(source.items))):
        return None
    pairs = move.mapping.pairs
    place = next(index for index, pair in enumerate(pairs) if pair[0] is key)
    if not place or pairs[place - 1][1] is not lists.target or not _stands_alone(text, key):
        return None
    if source.anchor or source.tag or source.style != lists.target.style:
        return None
    dash = dash_line(text, source.items[0])[1]
    if dash != dash_line(text, lists.target.items[0])[1]:
        return None
    inner = [edit for index in move.indexes for edit in move.inner.get(index, ())]
    return [_without_key(text, key), *inner]


def _without_key(text: str, key: Node) -> Edit:
    """Take away the line of a key that stands alone; a comment on it stays, in the key's column."""
    start, end = line_start(text, key.start), line_end(text, key.end)
    comment = text.find("#", key.end, end)
    kept = "" if comment < 0 else " " * key.column + text[comment:end]
    return Edit(start, end, kept)


def _item_start(text: str, lists: _Lists, index: int) -> int:
    """Where the lines of item `index` begin: its comments, but not the deeper ones of the item before."""
    items = lists.source.items
    floor = line_end(text, lists.source_pair[0].end)
    return extents(text, items[: index + 1], floor)[index].start


def _key_line(text: str, move: ListMove, key: Node) -> str:
    quote = key.style or ""
    return f"{' ' * key.column}{quote}{move.target}{quote}:{newline_at(text, key.start)}"


def _stands_alone(text: str, key: Node) -> bool:
    """Whether nothing but the list follows or precedes the key on its line."""
    return not text[line_start(text, key.start) : key.start].strip(" ") and bool(_BLOCK_KEY.match(text, key.end))


def _key_block(text: str, key: Node) -> Span:
    """The key's line with the comment lines directly above it in its column."""
    start = line_start(text, key.start)
    return Span(comments_above(text, start, 0, range(key.column, key.column + 1)), line_end(text, key.end))


# --- the lines of the items move ----------------------------------------------------------------------------------


class _Cut(NamedTuple):
    """What goes with a moved item: its span, and the blank lines within it that set the item off."""

    span: Span
    blanks: str


class _Piece(NamedTuple):
    """A moved item: the blank lines that set it off, and its own lines."""

    blanks: str
    body: str


def _move_lines(text: str, move: ListMove, lists: _Lists) -> list[Edit]:
    key, source = lists.source_pair
    if not _stands_alone(text, key):
        what = f"`{move.source}` shares its line with something else"
        raise UnmovableError("key-not-on-own-line", what, key.line)
    found = extents(text, source.items, line_end(text, key.end))
    followed = move.mapping.pairs[-1][0] is not key
    cuts = _cuts(text, found, move.indexes, followed=followed)
    dash = found[0].dash
    pieces = [_piece(text, move, found[index], cuts[index].blanks, index) for index in move.indexes]
    removed = [Edit(start, end, "") for start, end in _merged(cuts[index].span for index in sorted(move.indexes))]
    if len(move.indexes) == len(found):
        removed = [_without_key(text, key), *removed]

    if lists.target_pair is None:
        return _new_list(text, move, lists, found, pieces, removed)
    target_key, target = lists.target_pair
    if target.items:
        last = extents(text, target.items, line_end(text, target_key.end))[-1]
        _check_alias_order(move, lists, last.end)
        return [*removed, Edit(last.end, last.end, _join(pieces, last.dash - dash))]
    return [*removed, *_fill(text, move, lists, pieces, dash)]


def _cuts(text: str, found: list[Extent], moved: Sequence[int], *, followed: bool) -> dict[int, _Cut]:
    """What goes when items go: their lines, and the blank lines between each and the item before.

    The items at the head of the list have none before the first: they take those between them and what follows, which
    is the next item, or the next key if the list is `followed`.
    """
    head = next((index for index in range(len(found)) if index not in moved), len(found))
    cuts = {}
    for index in moved:
        extent = found[index]
        start = blanks_above(text, extent.start, found[index - 1].end) if index else extent.start
        cuts[index] = _Cut(Span(start, extent.end), text[start : extent.start])
    if head:
        end = found[head - 1].end
        below = blanks_below(text, end)
        if below == found[head].start if head < len(found) else followed:
            cuts[head - 1] = cuts[head - 1]._replace(span=Span(cuts[head - 1].span.start, below))
            cuts[0] = cuts[0]._replace(blanks=_whole_lines(text, end, below))
    return cuts


def _piece(text: str, move: ListMove, extent: Extent, blanks: str, index: int) -> _Piece:
    edits = [Edit(edit.start - extent.start, edit.end - extent.start, edit.text) for edit in move.inner.get(index, ())]
    return _Piece(blanks, splice(_whole_lines(text, extent.start, extent.end), edits))


def _whole_lines(text: str, start: int, end: int) -> str:
    """The lines of `text[start:end]`; a last line without line end gets one (`splice` takes it off the result)."""
    lines = text[start:end]
    if end > max(start, len(text)):
        lines += newline_at(text, len(text))
    return lines


def _merged(spans: Iterator[Span]) -> list[Span]:
    merged: list[Span] = []
    for span in spans:
        if merged and span.start <= merged[-1].end:
            merged[-1] = Span(merged[-1].start, max(merged[-1].end, span.end))
        else:
            merged.append(span)
    return merged


def _join(pieces: Sequence[_Piece], delta: int) -> str:
    return "".join(piece.blanks + shift(piece.body, delta) for piece in pieces)


def _new_list(
    text: str, move: ListMove, lists: _Lists, found: list[Extent], pieces: list[_Piece], removed: list[Edit]
) -> list[Edit]:
    """A new target list above the source list; below it where an alias would come to stand before its anchor."""
    key = lists.source_pair[0]
    first, rest = pieces[0], pieces[1:]
    body = _key_line(text, move, key) + first.body + _join(rest, 0)
    above = _key_block(text, key).start
    if _alias_conflict(move, lists, above) is None:
        return [Edit(above, above, body + first.blanks), *removed]
    below = found[-1].end
    _check_alias_order(move, lists, below)
    return [*removed, Edit(below, below, first.blanks + body)]


def _fill(text: str, move: ListMove, lists: _Lists, pieces: list[_Piece], dash: int) -> list[Edit]:
    """Replace an empty value of the target's key by the items, in the columns of the source list."""
    assert lists.target_pair is not None  # noqa: S101  (the caller has the pair)
    key, value = lists.target_pair
    if text[line_start(text, key.start) : key.start].strip(" "):
        raise UnmovableError("key-not-on-own-line", f"`{move.target}` shares its line with something else", key.line)
    if "#" in text[value.start : value.end]:
        raise UnmovableError("flow-comment", f"the empty `{move.target}` holds a comment", value.line)
    colon = text.index(":", key.end)
    place = line_end(text, max(value.end - 1, colon))
    edits = [_removal(text, value)] if value.end > value.start else []
    _check_alias_order(move, lists, place)
    delta = key.column - lists.source_pair[0].column
    first, rest = pieces[0], pieces[1:]
    edits.append(Edit(place, place, shift(first.body, delta) + _join(rest, delta) + first.blanks))
    return edits


def _removal(text: str, value: Node) -> Edit:
    """Take a value away with the blanks before it, or with its line if nothing else stands there."""
    start = line_start(text, value.start)
    end = line_end(text, value.end - 1)
    if not text[start : value.start].strip() and not text[value.end : end].strip():
        return Edit(start, end, "")
    return Edit(len(text[: value.start].rstrip(" \t")), value.end, "")


def _check_alias_order(move: ListMove, lists: _Lists, place: int) -> None:
    conflict = _alias_conflict(move, lists, place)
    if conflict is not None:
        what = f"alias *{conflict.value} would come to stand before its anchor"
        raise UnmovableError("undefined-alias", what, conflict.line)


def _alias_conflict(move: ListMove, lists: _Lists, place: int) -> Node | None:
    """The first alias that would lose its anchor if the moved items stood at offset `place`."""
    items = lists.source.items
    moved = [items[index] for index in move.indexes]
    for number, item in enumerate(moved):
        for node in item.walk():
            if node.target is not None and not _precedes(node.target, place, item, moved[:number], moved):
                return node
    anchored = {id(node): item for item in moved for node in item.walk() if node.aliased}
    if not anchored:
        return None
    for node in _outside(move.mapping, moved):
        if node.target is not None and id(node.target) in anchored and node.start < place:
            return node
    return None


def _precedes(target: Node, place: int, item: Node, before: list[Node], moved: list[Node]) -> bool:
    """Whether an anchor still stands before the alias in `item` once the moved items stand at `place`."""
    if any(other.start <= target.start < other.end for other in (item, *before)):
        return True
    if any(other.start <= target.start < other.end for other in moved):
        return False
    return target.start < place


def _outside(mapping: Node, moved: list[Node]) -> Iterator[Node]:
    inside = {id(item) for item in moved}
    stack = [mapping]
    while stack:
        node = stack.pop()
        if id(node) in inside:
            continue
        yield node
        stack += [child for pair in node.pairs for child in pair]
        stack += node.items


# --- flow lists ---------------------------------------------------------------------------------------------------


def _move_in_flow(text: str, move: ListMove, lists: _Lists) -> list[Edit]:
    source, target = lists.source, lists.target
    if target is not None and target.style == "block" and target.items:
        raise UnmovableError("mixed-style", f"`{move.source}` is a flow list and `{move.target}` is not", source.line)
    spacing = _flow_spacing(text, move.source, source)
    bodies = [_flow_body(text, source.items[index], move.inner.get(index, ())) for index in move.indexes]
    if len(move.indexes) == len(source.items):
        removed = [_without_flow_pair(text, move, lists)]
    else:
        removed = _flow_removals(source, set(move.indexes))
    if target is not None and target.items:
        own = _flow_spacing(text, move.target, target)
        separator = own.separator if len(target.items) > 1 else spacing.separator
        place = target.items[-1].end
        _check_alias_order(move, lists, place)
        return [*removed, Edit(place, place, "".join(separator + body for body in bodies))]
    new = f"[{spacing.head}{spacing.separator.join(bodies)}{spacing.tail}]"
    if lists.target_pair is not None and target is not None:
        if "#" in text[target.start : target.end]:
            raise UnmovableError("flow-comment", f"the empty `{move.target}` holds a comment", target.line)
        _check_alias_order(move, lists, target.start)
        gap = "" if target.end > target.start or text[target.start - 1] != ":" else " "
        return [*removed, Edit(target.start, target.end, gap + new)]
    return [*removed, _new_flow_pair(text, move, lists, new)]


class _Spacing(NamedTuple):
    head: str
    separator: str
    tail: str


def _flow_spacing(text: str, name: str, node: Node) -> _Spacing:
    """White space behind `[`, the separator of the items and the white space before `]`.

    Raises UnmovableError where something else stands between the items.
    """
    items = node.items
    gaps = [text[one.end : two.start] for one, two in pairwise(items)]
    head = re.fullmatch(r"\[(\s*)", text[node.start : items[0].start])
    tail = re.fullmatch(r"(?:\s*,)?(\s*)\]", text[items[-1].end : node.end])
    if head is None or tail is None or not all(re.fullmatch(r"\s*,\s*", gap) for gap in gaps):
        comment = "#" in text[node.start : items[0].start] + "".join(gaps) + text[items[-1].end : node.end]
        code, what = ("flow-comment", "a comment") if comment else ("flow-odd", "an anchor, a tag or an odd comma")
        raise UnmovableError(code, f"{what} stands between the items of the flow list `{name}`", node.line)
    return _Spacing(head[1], gaps[0] if gaps else _only_separator(text, items[0], head[1]), tail[1])


def _only_separator(text: str, item: Node, head: str) -> str:
    """What would stand between the items of a list that has one: a line each, or the spacing of its own pairs."""
    if "\n" in head:
        return f",{head}"
    if item.style == "flow" and len(item.pairs) > 1:
        gap = text[item.pairs[0][1].end : item.pairs[1][0].start]
        if re.fullmatch(r",[ ]?", gap):
            return gap
    return ", "


def _flow_body(text: str, item: Node, inner: Sequence[Edit]) -> str:
    return splice(text[item.start : item.end], [Edit(e.start - item.start, e.end - item.start, e.text) for e in inner])


def _flow_removals(source: Node, moved: set[int]) -> list[Edit]:
    """Cut the items with one comma each: the one before, for those at the head the one behind."""
    items = source.items
    kept = next(index for index in range(len(items)) if index not in moved)
    edits = [Edit(items[0].start, items[kept].start, "")] if kept else []
    edits += [Edit(items[index - 1].end, items[index].end, "") for index in sorted(moved) if index > kept]
    return edits


def _without_flow_pair(text: str, move: ListMove, lists: _Lists) -> Edit:
    """Take away the key with its flow list: as lines of a block mapping, or with one comma of a flow mapping."""
    key, source = lists.source_pair
    if move.mapping.style == "block":
        start, end = line_start(text, key.start), line_end(text, source.end - 1)
        if text[start : key.start].strip(" ") or text[source.end : end].strip():
            what = f"`{move.source}` shares its lines with something else"
            raise UnmovableError("key-not-on-own-line", what, key.line)
        return Edit(start, end, "")
    pairs = move.mapping.pairs
    place = next(index for index, pair in enumerate(pairs) if pair[0] is key)
    span = Span(key.start, pairs[place + 1][0].start) if place == 0 else Span(pairs[place - 1][1].end, source.end)
    if "#" in text[span.start : key.start] + text[source.end : span.end]:
        raise UnmovableError("flow-comment", f"a comment stands beside `{move.source}`", key.line)
    return Edit(span.start, span.end, "")


def _new_flow_pair(text: str, move: ListMove, lists: _Lists, new: str) -> Edit:
    key, source = lists.source_pair
    quote = key.style or ""
    name = f"{quote}{move.target}{quote}"
    colon = text[key.end : source.start]
    if move.mapping.style == "block":
        if text[line_start(text, key.start) : key.start].strip(" "):
            what = f"`{move.source}` shares its line with something else"
            raise UnmovableError("key-not-on-own-line", what, key.line)
        above = _key_block(text, key).start
        _check_alias_order(move, lists, above)
        return Edit(above, above, f"{' ' * key.column}{name}: {new}{newline_at(text, key.start)}")
    if not re.fullmatch(r"\s*:\s*", colon):
        raise UnmovableError("flow-odd", f"something stands between `{move.source}:` and its list", key.line)
    _check_alias_order(move, lists, key.start)
    before = re.search(r"[,{](\s*)\Z", text[: key.start])
    if before is None:
        raise UnmovableError("flow-comment", f"a comment stands directly before `{move.source}`", key.line)
    space = before[1]
    if not space:
        behind = re.compile(r"\s*,(\s*)").match(text, source.end)
        space = behind[1] if behind is not None else (" " if colon.endswith(" ") else "")
    return Edit(key.start, key.start, f"{name}{colon}{new},{space}")
