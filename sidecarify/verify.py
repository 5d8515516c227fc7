"""The proof: the new text must read as the old tree with the containers moved, and nothing else.

It shares no code with the editing. Scalars are compared as text with their style, tag and anchor, never as values;
only the keys of the two mappings that an edit touches may stand in another order.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from sidecarify.direction import ALWAYS, PLAIN_MANNER, POLICY, STARTUP_PROBE, Direction, Manner
from sidecarify.yamltext.tree import Node, YamlError, parse

if TYPE_CHECKING:
    from sidecarify.yamltext.pairs import Plain


class Change(NamedTuple):
    """What is meant to have happened to one pod spec: the places of the moved containers, in their new order.

    `manners` are for those that move in a manner of their own, by their old place.
    """

    pod_spec: Node
    moved: tuple[int, ...]
    manners: Mapping[int, Manner] = MappingProxyType({})

    @property
    def named_before(self) -> list[str]:
        """The containers that the new list names besides."""
        return [name for index in self.moved for name in self.manner(index).named_before]

    def manner(self, index: int) -> Manner:
        """How the item at an old place moves."""
        return self.manners.get(index, PLAIN_MANNER)


class VerifyError(Exception):
    """The new text is not what it should be; `code` names the part of the proof that failed."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def verify(old_root: Node, old_text: str, new_text: str, changes: Sequence[Change], direction: Direction) -> Node:
    """Prove that `new_text` is `old_text` with `changes` carried out, and give the new tree.

    Raises VerifyError (`verify-parse`, `verify-model`, `verify-alias`, `verify-lines`).
    """
    try:
        new_root = parse(new_text)
    except YamlError as error:
        code = "verify-alias" if error.code == "undefined-alias" else "verify-parse"
        raise VerifyError(code, f"the new text does not parse: {error.message} (line {error.line})") from None
    if new_root is None:
        raise VerifyError("verify-parse", "the new text is empty")
    expected = {id(change.pod_spec): change for change in changes}
    written: list[str] = []
    _compare(old_root, new_root, expected, direction, _Added(new_text, written))
    if any(_touches_flow(change, direction) for change in changes):
        _compare_characters(old_text, new_text, changes, direction, written)
    else:
        _compare_lines(old_text, new_text, changes, direction, written)
    return new_root


class _Added(NamedTuple):
    """Where the pairs that were added besides are noted: the new text, and the pieces of it that hold them."""

    text: str
    pieces: list[str]

    def expect(self, node: Node, key: str, value: "Mapping[str, Plain]") -> None:
        """Take note of the pair `key: value` of `node`. Raises VerifyError where it says anything else."""
        pairs = [pair for pair in node.pairs if pair[0].value == key]
        if len(pairs) != 1 or not _reads_as(pairs[0][0], key) or not _reads_as(pairs[0][1], value):
            raise VerifyError("verify-model", f"the container of line {node.line} would not get the `{key}` meant")
        pair = pairs[0]
        last = max((leaf.end for leaf in pair[1].walk() if leaf.kind == "scalar" or leaf.style == "flow"), default=0)
        piece = self.text[pair[0].start : last]
        if "#" in piece and not any("#" in leaf.value for leaf in pair[1].walk()):
            raise VerifyError("verify-lines", f"a comment would come to stand within the `{key}` of line {node.line}")
        self.pieces.append(piece)


_OTHER_THAN_TEXT = r"(?i)|~|[-+.\d].*|null|true|false|y|n|yes|no|on|off"


def _reads_as(node: Node, value: "Plain") -> bool:
    """Whether a node stands for a plain value, whichever way it is written, and for every reader of YAML."""
    if node.tag is not None or node.anchor is not None:
        return False
    if isinstance(value, int):
        return (node.kind, node.style, node.value) == ("scalar", None, str(value))
    if isinstance(value, str):
        as_text = node.style in ("'", '"') or (node.style is None and not re.fullmatch(_OTHER_THAN_TEXT, node.value))
        return node.kind == "scalar" and as_text and node.value == value
    if isinstance(value, Mapping):
        if node.kind != "map" or [key.value for key, _ in node.pairs] != list(value):
            return False
        return all(_reads_as(key, key.value) and _reads_as(one, value[key.value]) for key, one in node.pairs)
    return (
        node.kind == "seq"
        and len(node.items) == len(value)
        and all(_reads_as(item, one) for item, one in zip(node.items, value, strict=True))
    )


def _touches_flow(change: Change, direction: Direction) -> bool:
    source = _value(change.pod_spec, direction.source)
    return source.style == "flow" or any(source.items[index].style == "flow" for index in change.moved)


def _compare(
    old_root: Node, new_root: Node, changes: Mapping[int, Change], direction: Direction, added: _Added
) -> None:
    """Walk both trees in step; where a change was made, the old one is rearranged on the way."""
    counterpart: dict[int, Node] = {}
    aliases: list[tuple[Node, Node]] = []
    moved = {
        id(_value(change.pod_spec, direction.source).items[index]): change.manner(index)
        for change in changes.values()
        for index in change.moved
    }
    stack: list[tuple[Node, Node]] = [(old_root, new_root)]
    while stack:
        old, new = stack.pop()
        if old.kind != new.kind or old.tag != new.tag or old.anchor != new.anchor or old.style != new.style:
            raise _difference(old, new)
        if old.anchor is not None:
            counterpart[id(old)] = new
        if old.kind == "scalar":
            if old.value != new.value:
                raise _difference(old, new)
        elif old.kind == "alias":
            aliases.append((old, new))
        elif old.kind == "seq":
            _pair_up(stack, old, old.items, new)
        elif id(old) in changes:
            _compare_pod_spec(stack, old, new, changes[id(old)], direction)
        elif id(old) in moved:
            _compare_moved(stack, old, new, direction, moved[id(old)], added)
        else:
            _pair_up_mappings(stack, old, old.pairs, new.pairs)
    for old, new in aliases:
        if old.value != new.value or old.target is None or counterpart.get(id(old.target)) is not new.target:
            raise VerifyError("verify-alias", f"alias *{old.value} (line {old.line}) would stand for something else")


def _pair_up(stack: list[tuple[Node, Node]], old: Node, items: Sequence[Node], new: Node) -> None:
    if len(items) != len(new.items):
        raise VerifyError(
            "verify-model", f"the list of line {old.line} would have {len(new.items)} items, not {len(items)}"
        )
    stack += zip(items, new.items, strict=True)


Pairs = Sequence[tuple[Node, Node]]


def _pair_up_mappings(stack: list[tuple[Node, Node]], old: Node, pairs: Pairs, new: Pairs) -> None:
    if len(pairs) != len(new):
        raise VerifyError(
            "verify-model", f"the mapping of line {old.line} would have {len(new)} keys, not {len(pairs)}"
        )
    for one, two in zip(pairs, new, strict=True):
        stack.append((one[0], two[0]))
        stack.append((one[1], two[1]))


def _compare_pod_spec(
    stack: list[tuple[Node, Node]], old: Node, new: Node, change: Change, direction: Direction
) -> None:
    """The source list without the moved items, the target list with them at its end, all other keys as they were."""
    source = _value(old, direction.source)
    moved = [source.items[index] for index in change.moved]
    stay = [item for index, item in enumerate(source.items) if index not in set(change.moved)]
    if stay:
        new_source = _value(new, direction.source)
        _same_collection(source, new_source)
        _pair_up(stack, source, stay, new_source)
    elif new.pair(direction.source) is not None:
        raise VerifyError("verify-model", f"`{direction.source}` (line {source.line}) would be left empty")
    new_target = _value(new, direction.target)
    target = old.pair(direction.target)
    if target is None and _merges(old, direction.target):
        raise VerifyError("verify-model", f"the new `{direction.target}` would hide one that a merge key brings")
    there = list(target[1].items) if target is not None else []
    if target is not None and target[1].kind == "seq":
        if (target[1].tag, target[1].anchor) != (new_target.tag, new_target.anchor):
            raise _difference(target[1], new_target)
        if there and target[1].style != new_target.style:
            raise _difference(target[1], new_target)
    elif new_target.style != source.style or new_target.tag or new_target.anchor:
        raise VerifyError("verify-model", f"the new `{direction.target}` (line {new_target.line}) is of another style")
    _pair_up(stack, old, [*there, *moved], _without_named(new_target, len(there), change))
    _same_keys(stack, old, new, (direction.source, direction.target))


def _without_named(target: Node, there: int, change: Change) -> Node:
    """The new list without the items that only name a container, each of which stands where it is meant to."""
    if not change.named_before:
        return target
    kept = list(target.items[:there])
    rest = iter(target.items[there:])
    for index in change.moved:
        for name in change.manner(index).named_before:
            item = next(rest, None)
            pairs = [(key.value, value.value, value.kind) for key, value in item.pairs] if item is not None else []
            if pairs != [("name", name, "scalar")]:
                raise VerifyError("verify-model", f"`{name}` would not be named before the container of line {index}")
        item = next(rest, None)
        kept += [] if item is None else [item]
    result = Node("seq", target.start, target.end, target.line, target.column)
    result.style, result.tag, result.anchor = target.style, target.tag, target.anchor
    result.items = [*kept, *rest]
    return result


def _compare_moved(
    stack: list[tuple[Node, Node]], old: Node, new: Node, direction: Direction, manner: Manner, added: _Added
) -> None:
    """A moved container: as it was, with `restartPolicy: Always` (and its startupProbe) if promoted, else without."""
    if not direction.promotes:
        if new.pair(POLICY) is not None:
            raise VerifyError("verify-model", f"the container of line {old.line} would keep its `{POLICY}`")
        _pair_up_mappings(stack, old, [pair for pair in old.pairs if pair[0].value != POLICY], new.pairs)
        return
    if manner.keeps_policy:
        _pair_up_mappings(stack, old, old.pairs, new.pairs)
        return
    policy = _value(new, POLICY)
    if (policy.kind, policy.value, policy.tag) != ("scalar", ALWAYS, None):
        raise VerifyError("verify-model", f"`{POLICY}` of the container of line {old.line} would not be {ALWAYS}")
    own = {POLICY} if old.pair(POLICY) is None else set()
    if manner.startup_probe is not None:
        added.expect(new, STARTUP_PROBE, manner.startup_probe)
        own.add(STARTUP_PROBE)
    _pair_up_mappings(stack, old, old.pairs, [pair for pair in new.pairs if pair[0].value not in own])


def _same_keys(stack: list[tuple[Node, Node]], old: Node, new: Node, own: tuple[str, str]) -> None:
    """All pairs but `own` stand in their order; the keys of `own` are each there once."""
    rest = [pair for pair in old.pairs if pair[0].value not in own]
    _pair_up_mappings(stack, old, rest, [pair for pair in new.pairs if pair[0].value not in own])


def _merges(node: Node, key: str) -> bool:
    """Whether a merge key (`<<`) of a mapping, or of what it merges, brings `key`."""
    seen: set[int] = set()
    stack = [value for name, value in node.pairs if name.value == "<<"]
    while stack:
        merged = stack.pop().resolved
        if id(merged) in seen:
            continue
        seen.add(id(merged))
        if merged.kind == "map" and any(name.value == key for name, _ in merged.pairs):
            return True
        stack += merged.items
        stack += [value for name, value in merged.pairs if name.value == "<<"]
    return False


def _same_collection(old: Node, new: Node) -> None:
    if (old.kind, old.tag, old.anchor, old.style) != (new.kind, new.tag, new.anchor, new.style):
        raise _difference(old, new)


def _value(node: Node, key: str) -> Node:
    try:
        pair = node.pair(key)
    except YamlError as error:
        raise VerifyError("verify-model", f"{error.message} (line {error.line})") from None
    if pair is None:
        raise VerifyError("verify-model", f"the mapping of line {node.line} would have no `{key}`")
    return pair[1]


def _difference(old: Node, new: Node) -> VerifyError:
    return VerifyError("verify-model", f"{old!r} would become {new!r}")


_KEY_LINE = (
    r"""(?:-[ \t]+)?(?:(?P<q>["']?)restartPolicy(?P=q):[ \t]+["']?Always["']?"""
    r"""|(?P<r>["']?)initContainers(?P=r)[ \t]*:)[ \t]*(?P<comment>\#.*)?"""
)
_OTHER_KEY_LINE = r"""(?P<q>["']?)containers(?P=q)[ \t]*:[ \t]*(?:\#.*)?"""
_FILLED_LINE = (
    r"""(?P<key>["']?initContainers["']?[ \t]*:)[ \t]*(?:\[[ \t]*\]?|null|Null|NULL|~)?[ \t]*(?P<comment>\#.*)?"""
)
_LONE_VALUE = r"\[[ \t]*\]?|\]|null|Null|NULL|~"


def _compare_lines(
    old_text: str, new_text: str, changes: Sequence[Change], direction: Direction, added: Sequence[str]
) -> None:
    """No line lost, none invented: indentation aside, both texts hold the same lines.

    The native side has the pairs `restartPolicy: Always` and the key `initContainers:` besides; a comment on such a
    line may stand alone on the plain side, and an empty value may have stood behind the key. Where a list moves as a
    whole, its key is lost; lines that only name a container are new.
    """
    plain_text, native_text = (old_text, new_text) if direction.promotes else (new_text, old_text)
    plain, native = (Counter(map(str.strip, text.split("\n"))) for text in (plain_text, native_text))
    only_native, only_plain = native - plain, plain - native
    only_native -= Counter(line.strip() for piece in added for line in piece.split("\n"))
    named = [name for change in changes for name in change.named_before]
    only_native -= Counter(line for name in named for line in (f"- name: {name}", f'- name: "{name}"'))
    whole = sum(_loses_key(change, direction) for change in changes)
    only_plain -= Counter({line: whole for line in only_plain if re.fullmatch(_OTHER_KEY_LINE, line)})
    for line in list(only_plain):
        filled = re.fullmatch(_FILLED_LINE, line)
        if filled is not None:
            rest = f"{filled['key']} {filled['comment']}" if filled["comment"] else filled["key"]
            match = next((one for one in only_native if " ".join(one.split()) == " ".join(rest.split())), None)
            if match is not None:
                only_native -= Counter({match: only_plain[line]})
                del only_plain[line]
        elif re.fullmatch(_LONE_VALUE, line):
            del only_plain[line]
    for line, count in list(only_native.items()):
        key = re.fullmatch(_KEY_LINE, line)
        if key is not None:
            del only_native[line]
            if key["comment"]:
                only_plain -= Counter({key["comment"]: count, f"- {key['comment']}": count})
    _forgive_dashes(only_plain, only_native)
    if only_plain or only_native:
        side = "on the plain side only" if only_plain else "on the native side only"
        raise VerifyError("verify-lines", f"line {next(iter(only_plain or only_native))!r} would stand {side}")


def _loses_key(change: Change, direction: Direction) -> bool:
    """Whether only the plain side has the key `containers`: the whole list of a patch moves, or comes to be."""
    if direction.promotes:
        return len(change.moved) == len(_value(change.pod_spec, direction.source).items)
    return change.pod_spec.pair(direction.target) is None


def _forgive_dashes(only_plain: Counter[str], only_native: Counter[str]) -> None:
    """A pair that takes over the place beside the dash: `- name: x` on one side, `name: x` on the other."""
    for line in list(only_plain):
        bare = line[1:].strip()
        if line.startswith("-") and only_native.get(bare):
            only_native -= Counter({bare: 1})
            only_plain[line] -= 1
            if not only_plain[line]:
                del only_plain[line]


_BLANK_OR_COMMA = r"[\s,]+"


def _compare_characters(
    old_text: str, new_text: str, changes: Sequence[Change], direction: Direction, pieces: Sequence[str]
) -> None:
    """For flow lists, whose lines change: but for blanks, commas and the pairs of the move, the same characters."""
    plain, native = (old_text, new_text) if direction.promotes else (new_text, old_text)
    one = Counter(re.sub(_BLANK_OR_COMMA, "", plain))
    two = Counter(re.sub(_BLANK_OR_COMMA, "", native))
    lost, added = one - two, two - one
    added -= Counter(re.sub(_BLANK_OR_COMMA, "", "".join(pieces)))
    moved = sum(len(change.moved) for change in changes)
    named = [name for change in changes for name in change.named_before]
    allowed = Counter("\"'\"'restartPolicy:\"'\"'Always" * moved + "\"'\"'initContainers:[]" * len(changes))
    allowed += Counter("".join(f'{{"name":"{name}"}}-' for name in named))
    whole = sum(_loses_key(change, direction) for change in changes)
    if not lost <= Counter("null~NULL[]" * len(changes) + "containers:\"'" * whole) or not added <= allowed:
        raise VerifyError("verify-lines", "characters outside the move would change")
