"""Comments in a manifest that decide: `# sidecarify: helper`, `# sidecarify: main`, `# sidecarify: ignore[rule] why`.

A comment speaks of the line that it ends or, alone on its line, of the first line below the run of comments that it is
part of. docs/ignoring.md is written for the people who write them.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal, NamedTuple

from sidecarify.judge.said import Choice, Remarks
from sidecarify.kube.workload import PodSpec
from sidecarify.spelling import unknown
from sidecarify.yamltext.items import dash_line, last_line_end
from sidecarify.yamltext.source import line_end, line_start
from sidecarify.yamltext.tree import Node

_COMMENT = r"(?<![^\s])#[ \t]*sidecarify[ \t]*:[ \t]*(?P<words>[^\r\n]*)"
_IGNORE = r"ignore[ \t]*\[(?P<rules>[^\]]*)\]"
_ROLE = r"(?P<role>helper|main)(?![\w-])"
_USAGE = "say `helper`, `main` or `ignore[rule]`, with a reason behind it if you like"


class Remarked(NamedTuple):
    """A message on a comment: `line` counts from 1."""

    line: int
    code: Literal["bad-comment", "unused-ignore"]
    message: str


class Directive(NamedTuple):
    """A comment that decides: `line` is where it stands, `target` the line that it speaks of (None: a blank one).

    One that cannot be understood is `unclear`, or `unclear-ignore`. `document` is the first line of its document.
    """

    kind: Literal["helper", "main", "ignore", "unclear", "unclear-ignore"]
    line: int
    target: int | None
    rules: tuple[str, ...] = ()
    document: int = 0


class Place(NamedTuple):
    """The lines that stand for a container: that of its dash, and in flow style that where it ends.

    `bottom` is its last line, `document` the first line of its document.
    """

    node: Node
    first: int
    last: int
    moved: bool
    init: bool
    bottom: int
    document: int


def mentions(text: str) -> bool:
    """Whether a text may hold a directive: a quick look."""
    return "sidecarify" in text and re.search(_COMMENT, text) is not None


def read(text: str, root: Node, first: int, rules: Sequence[str]) -> tuple[list[Directive], list[Remarked]]:
    """The directives among the comments of one document, and messages on those that cannot be understood.

    `text` is the document's, `first` the number of its first line, `rules` the names of the rules that there are.
    """
    found: list[Directive] = []
    told: list[Remarked] = []
    scalars = [node for node in root.walk() if node.kind == "scalar" and node.style]
    for comment in re.finditer(_COMMENT, text):
        if any(_holds(text, node, comment.start()) for node in scalars):
            continue
        line = first + text.count("\n", 0, comment.start())
        target = _target(text, comment.start(), line)
        words = comment["words"].strip()
        role, ignore = re.match(_ROLE, words), re.match(_IGNORE, words)
        wrong: list[str] = []
        if role is not None:
            found.append(Directive("helper" if role["role"] == "helper" else "main", line, target, document=first))
        elif ignore is not None:
            names = [name.strip() for name in ignore["rules"].split(",") if name.strip()]
            wrong += (unknown("rule", name, rules) for name in names if name not in rules)
            if not names:
                wrong.append("`ignore[]` names no rule.")
            known = tuple(name for name in names if name in rules)
            found.append(Directive("ignore", line, target, known, document=first))
        elif words == "ignore" or words.startswith(("ignore ", "ignore:")):
            wrong.append("`ignore` names no rule: write `ignore[rule]`.")
        else:
            wrong.append(f"{words!r} means nothing: {_USAGE}.")
        told += (Remarked(line, "bad-comment", message) for message in wrong)
        if wrong:
            kind: Literal["unclear", "unclear-ignore"] = "unclear-ignore" if words[:6] == "ignore" else "unclear"
            found.append(Directive(kind, line, target, document=first))
    return found, told


def _holds(text: str, scalar: Node, offset: int) -> bool:
    """Whether the character at `offset` is content of the scalar; what stands behind `|` or `>` is not."""
    if not scalar.start <= offset < scalar.end:
        return False
    return scalar.style not in ("|", ">") or "\n" in text[scalar.start : offset]


def _target(text: str, offset: int, line: int) -> int | None:
    start = line_start(text, offset)
    if not text[start:offset].lstrip(" \t").startswith("#") and text[start:offset].strip():
        return line
    while True:
        start, line = line_end(text, start), line + 1
        if start >= len(text):
            return None
        below = text[start : line_end(text, start)].strip()
        if not below.startswith("#"):
            return line if below else None


def places(pod: PodSpec, text: str, first: int) -> Iterator[Place]:
    """The places of a pod's containers and init containers in the text of their document."""
    for key, containers in (("containers", pod.containers), ("initContainers", pod.init_containers)):
        pair = pod.node.pair(key)
        if pair is None:
            continue
        listed = pair[1].resolved
        for container in containers:
            item = listed.items[container.index]
            start = dash_line(text, item)[0] if listed.style == "block" else item.start
            end = item.end if item.style == "flow" else start
            yield Place(
                container.node,
                first + text.count("\n", 0, start),
                first + text.count("\n", 0, end),
                container.is_native_sidecar,
                container.init,
                first + text.count("\n", 0, max(last_line_end(text, item) - 1, 0)),
                first,
            )


def remarks(
    directives: Sequence[Directive], where: Sequence[Place], *, ignores: bool
) -> tuple[Remarks, list[Remarked]]:
    """What the directives of a manifest say of its containers, and messages on those that say nothing clear."""
    roles: dict[int, tuple[Choice, int]] = {}
    told: list[Remarked] = []
    unclear = [one for one in directives if one.kind == "unclear" or (ignores and one.kind == "unclear-ignore")]
    for directive in directives:
        if directive.kind not in ("helper", "main"):
            continue
        spoken = [place for place in where if _speaks_of(directive, place)]
        ordinary = [place for place in spoken if not place.init]
        if not spoken:
            what = f"`{directive.kind}` stands at no container: write it above the line of the dash, or at its end."
            told.append(Remarked(directive.line, "bad-comment", what))
            # Who writes `main` wants something to stay.
            unclear += [directive] if directive.kind == "main" else []
        elif len(ordinary) > 1:
            what = f"`{directive.kind}` stands at {len(ordinary)} containers: give each a line of its own."
            told.append(Remarked(directive.line, "bad-comment", what))
            unclear += [directive] if directive.kind == "main" else []
        for place in ordinary if len(ordinary) == 1 else ():
            other = roles.get(id(place.node))
            if other is not None and other[0] != directive.kind:
                what = f"the comment of line {other[1]} says `{other[0]}`: one of them must go."
                told.append(Remarked(directive.line, "bad-comment", what))
                unclear.append(directive)
            else:
                roles.setdefault(id(place.node), (directive.kind, directive.line))
    left = {id(place.node): one.line for one in reversed(unclear) for place in _may_speak_of(one, where)}
    if not ignores:
        return Remarks(roles, unclear=left), told
    silent = [one for one in directives if one.kind == "ignore"]
    by_container = _by_key((id(place.node), one) for place in where for one in silent if _speaks_of(one, place))
    by_line = _by_key((line, one) for one in silent for line in {one.line, one.target} if line is not None)
    return Remarks(roles, by_container, by_line, left), told


def _may_speak_of(directive: Directive, where: Sequence[Place]) -> list[Place]:
    """What a comment that is not understood may mean: the containers at it, or around it, or its document's."""
    at_it = [place for place in where if _speaks_of(directive, place)]
    around = [place for place in where if place.first <= directive.line <= place.bottom]
    return at_it or around or [place for place in where if place.document == directive.document]


def _speaks_of(directive: Directive, place: Place) -> bool:
    return directive.target in (place.first, place.last)


def _by_key(pairs: Iterable[tuple[int, Directive]]) -> Mapping[int, frozenset[str]]:
    found: dict[int, frozenset[str]] = {}
    for key, directive in pairs:
        found[key] = found.get(key, frozenset()).union(directive.rules)
    return found


class Ignored(NamedTuple):
    """A finding that a comment silenced: the container's node, the rule, and the line (0 if in another file)."""

    container: int
    rule: str
    line: int


def unused(
    directives: Sequence[Directive], where: Sequence[Place], ignored: Sequence[Ignored], active: frozenset[str]
) -> Iterator[Remarked]:
    """Messages on the rules of `ignore[...]` comments that silence nothing.

    `active` are the rules that were run. Comments on native sidecars have done their work, and nothing is said.
    """
    for directive in directives:
        spoken = [place for place in where if _speaks_of(directive, place)]
        if directive.kind != "ignore" or any(place.moved for place in spoken):
            continue
        nodes = {id(place.node) for place in spoken}
        used = {one.rule for one in ignored if one.container in nodes or one.line in (directive.line, directive.target)}
        for rule in directive.rules:
            if rule in active and rule not in used:
                yield Remarked(directive.line, "unused-ignore", f"unused ignore: there is no finding of `{rule}` here.")
