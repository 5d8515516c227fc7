"""The parts of paths that choose a container: JSON pointers (`/spec/containers/1/image`) and kustomize's field paths.

spec.template.spec.containers.[name=log].image     replacements and vars
spec.template.spec.containers[1].image             vars
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from sidecarify.yamltext.source import Span


class Part(NamedTuple):
    """One step of a path: what it says, and its characters in the text."""

    text: str
    span: Span


class Choice(NamedTuple):
    """A path that leads into one of a pod spec's lists: the list's name, the step behind it, and what follows."""

    listed: Part
    chosen: Part | None
    rest: tuple[str, ...]


def pointer_choice(pointer: str, steps: Sequence[str], names: Sequence[str]) -> Choice | None:
    """How a JSON pointer leads into one of the lists `names` of the mapping at `steps`; None if it does not."""
    parts = []
    position = 0
    for piece in pointer.split("/"):
        text = piece.replace("~1", "/").replace("~0", "~")
        parts.append(Part(text, Span(position, position + len(piece))))
        position += len(piece) + 1
    return _choice(parts[1:], steps, names)


def field_choice(path: str, steps: Sequence[str], names: Sequence[str]) -> Choice | None:
    """How a field path leads into one of the lists `names` of the mapping at `steps`; None if it does not.

    Steps are split at dots outside of brackets that are not escaped (kyaml/utils/pathsplitter.go); `containers[1]` are
    two steps (convertSliceIndex of kyaml/yaml/rnode.go).
    """
    return _choice(_field_parts(path), steps, names)


def _choice(parts: Sequence[Part], steps: Sequence[str], names: Sequence[str]) -> Choice | None:
    depth = len(steps)
    if len(parts) <= depth or [part.text for part in parts[:depth]] != list(steps) or parts[depth].text not in names:
        return None
    chosen = parts[depth + 1] if len(parts) > depth + 1 else None
    return Choice(parts[depth], chosen, tuple(part.text for part in parts[depth + 2 :]))


_STEP = re.compile(r"(?:\[[^\]]*\]|\\.|[^.\\\[])+|(?<=\.)(?=\.)")
_SLICE = re.compile(r"(?P<name>[^\[\]]+)\[(?P<index>-?\d+)\]")


def _field_parts(path: str) -> list[Part]:
    parts: list[Part] = []
    for found in _STEP.finditer(path):
        sliced = _SLICE.fullmatch(found[0])
        if sliced is None:
            parts.append(Part(found[0].replace("\\.", "."), Span(*found.span())))
            continue
        for group in ("name", "index"):
            start, end = sliced.span(group)
            parts.append(Part(sliced[group], Span(found.start() + start, found.start() + end)))
    return parts


_BY_NAME = re.compile(r"\[\s*name\s*=(?P<name>[^\]]*)\]")


def chosen_indexes(step: str, names: Sequence[str], *, pattern: bool) -> tuple[int, ...] | None:
    """Which items of a list a step chooses, by their names; None if that cannot be told.

    `[name=x]` is a regular expression for any part of the name (`pattern`, kyaml/yaml/match.go), or the whole name
    (kyaml/yaml/fns.go); a number is an index; `*` is every item.
    """
    if step == "*":
        return tuple(range(len(names)))
    if step.isdecimal():
        return (int(step),) if int(step) < len(names) else ()
    found = _BY_NAME.fullmatch(step)
    if found is None:
        return None
    wanted = found["name"]
    if not pattern:
        return tuple(index for index, name in enumerate(names) if name == wanted)
    if not re.fullmatch(r"[\w.^$-]*", wanted):
        return None
    return tuple(index for index, name in enumerate(names) if re.search(wanted, name))


def replaced(text: str, changes: Sequence[tuple[Span, str]]) -> str:
    """The text with the characters of each span replaced."""
    for span, new in sorted(changes, reverse=True):
        text = text[: span.start] + new + text[span.end :]
    return text
