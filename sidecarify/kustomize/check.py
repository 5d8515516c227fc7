"""The proof of edits that change scalars and values: the new tree must be the old one with these changes alone.

It shares no code with the editing and compares text, style, tag and anchor of every node.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from sidecarify.direction import ALWAYS, POLICY
from sidecarify.verify import VerifyError
from sidecarify.yamltext.tree import Node


@dataclass(slots=True)
class Expected:
    """What is meant to change, by the identity of the old nodes.

    `texts`: the new text of a scalar, which may cease to be folded; `added`, `removed`: mappings that get or lose
    `restartPolicy: Always`; `wrapped`: nodes that become the one item of a list; `unwrapped`: lists in whose place
    their one item comes; `dropped`: items that go, each with a name and nothing else.
    """

    texts: dict[int, str] = field(default_factory=dict)
    added: set[int] = field(default_factory=set)
    removed: set[int] = field(default_factory=set)
    wrapped: set[int] = field(default_factory=set)
    unwrapped: set[int] = field(default_factory=set)
    dropped: set[int] = field(default_factory=set)


def compare(old_root: Node, new_root: Node, expected: Expected) -> None:
    """Raise VerifyError (`verify-model`, `verify-alias`) unless the new tree is the old one with what is expected."""
    counterpart: dict[int, Node] = {}
    aliases: list[tuple[Node, Node]] = []
    stack = [(old_root, new_root)]
    while stack:
        old, new = stack.pop()
        if id(old) in expected.wrapped:
            if new.kind != "seq" or len(new.items) != 1:
                raise _difference(old, new)
            new = new.items[0]
        if id(old) in expected.unwrapped:
            (old,) = old.items
        unfolded = id(old) in expected.texts and (old.style, new.style) == (">", "|")
        style = "|" if unfolded else old.style
        if (old.kind, old.tag, old.anchor, style) != (new.kind, new.tag, new.anchor, new.style):
            raise _difference(old, new)
        counterpart[id(old)] = new
        if old.kind == "alias":
            aliases.append((old, new))
        elif old.kind == "scalar":
            if new.value != expected.texts.get(id(old), old.value):
                raise _difference(old, new)
        elif old.kind == "seq":
            kept = [item for item in old.items if id(item) not in expected.dropped or not _only_names(item)]
            if len(kept) != len(new.items):
                raise _difference(old, new)
            stack += zip(kept, new.items, strict=True)
        else:
            stack += _pairs(old, new, expected)
    for old, new in aliases:
        if old.value != new.value or old.target is None or counterpart.get(id(old.target)) is not new.target:
            raise VerifyError("verify-alias", f"alias *{old.value} (line {old.line}) would stand for something else")


def _only_names(item: Node) -> bool:
    return [key.value for key, _ in item.pairs] == ["name"]


def _pairs(old: Node, new: Node, expected: Expected) -> list[tuple[Node, Node]]:
    before, after = list(old.pairs), list(new.pairs)
    if id(old) in expected.added:
        extra = [pair for pair in after if pair[0].value == POLICY]
        if len(extra) != 1 or (extra[0][1].kind, extra[0][1].value, extra[0][1].tag) != ("scalar", ALWAYS, None):
            raise _difference(old, new)
        after.remove(extra[0])
    if id(old) in expected.removed:
        before = [pair for pair in before if pair[0].value != POLICY]
    if len(before) != len(after):
        raise _difference(old, new)
    return [two for one, other in zip(before, after, strict=True) for two in zip(one, other, strict=True)]


def _difference(old: Node, new: Node) -> VerifyError:
    return VerifyError("verify-model", f"{old!r} would become {new!r}")
