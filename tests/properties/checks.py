"""What must hold of the conversion of a generated manifest, whatever it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from sidecarify import Conversion, Options, convert_text
from sidecarify.yamltext.lists import Placement
from tests.properties.generator import Manifest
from tests.support.yaml_data import Moved, moved, read_documents

# A scalar at the end of its text, or one that keeps the blank lines behind it, is another one elsewhere; an alias needs
# its anchor before it.
EXPECTED_REFUSALS = {"verify-model", "verify-alias", "undefined-alias"}


class WrongError(AssertionError):
    """The conversion is not what it must be."""


@dataclass(frozen=True)
class Outcome:
    """How the conversion of one manifest ended: how many containers moved, which codes were given for the others."""

    moved: int
    refusals: tuple[str, ...]
    readable: bool


def check(manifest: Manifest, placement: Placement) -> Outcome:
    """Convert, and raise WrongError unless the result is the expected text and the expected object."""
    conversion = force(manifest.text, manifest, placement)
    try:
        before = read_documents(manifest.text)
    except yaml.YAMLError:
        if not conversion.errors:
            raise WrongError("no error is reported for a manifest that is not YAML") from None
        return Outcome(len(conversion.moves), (), readable=False)
    if conversion.errors:
        raise WrongError(f"errors for a manifest that PyYAML reads: {conversion.errors}")
    asked = {move.name: move for move in _located(before) if move.name in manifest.helpers}
    left = frozenset(refusal.container for refusal in conversion.refusals)
    done = [Moved(move.document, move.path, move.index, move.container) for move in conversion.moves]
    if done != [move for name, move in asked.items() if name not in left]:
        raise WrongError(f"moved {done} and refused {sorted(left)}, asked were {manifest.helpers}")
    expected = moved(before, done)
    if _reading(conversion.text) != expected:
        raise WrongError("the result is another object")
    candidates = manifest.results(placement, left)
    if conversion.text not in candidates:
        raise WrongError("the result reads as it should, but its text is another one")
    if conversion.text != candidates[0] and _reading(candidates[0]) == expected:
        raise WrongError("a new list stands below `containers` without need")
    codes = tuple(refusal.rule for refusal in conversion.refusals)
    if not set(codes) <= EXPECTED_REFUSALS:
        raise WrongError(f"refused without need: {conversion.refusals}")
    _check_need(manifest, placement, before, asked, left)
    again = force(conversion.text, manifest, placement)
    if again.text != conversion.text or again.moves:
        raise WrongError("a second run changes the result")
    return Outcome(len(done), codes, readable=True)


def force(text: str, manifest: Manifest, placement: Placement) -> Conversion:
    """The conversion with the judge overruled for the helpers of the manifest."""
    mains = ("web-*", "container-*")
    return convert_text(text, Options(helpers=manifest.helpers, mains=mains, accept=("*",), placement=placement))


def _check_need(
    manifest: Manifest, placement: Placement, before: list[Any], asked: Mapping[str, Moved], left: frozenset[str]
) -> None:
    """A pod is left alone only if cutting and pasting its lines does not give the expected object.

    A list below `containers` is asked for only where one above would put an alias before its anchor.
    """
    for name in left:
        pod = {other: move for other, move in asked.items() if move.pod == asked[name].pod}
        expected = moved(before, pod.values())
        for candidate in manifest.results(placement, frozenset(asked.keys() - pod.keys())):
            after = _reading(candidate)
            if after == expected:
                raise WrongError(f"{name} was refused but could have moved")
            if after is not None:
                break


def _reading(text: str) -> list[Any] | None:
    try:
        return read_documents(text)
    except yaml.YAMLError:
        return None


def _located(documents: list[Any]) -> Iterator[Moved]:
    """Every container of a stream and where it stands."""
    stack: list[tuple[int, tuple[str, ...], Any]] = [(index, (), data) for index, data in enumerate(documents)]
    stack.reverse()
    while stack:
        document, path, data = stack.pop()
        if isinstance(data, dict):
            for index, container in enumerate(data.get("containers") or ()):
                yield Moved(document, ".".join(path), index, container["name"].value)
            stack += reversed([(document, (*path, key), value) for key, value in data.items()])
        elif isinstance(data, list):
            stack += reversed([(document, (*path, str(index)), value) for index, value in enumerate(data)])
