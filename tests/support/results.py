"""Every conversion that the outside judges are shown: those of the fixtures and those forced upon the corpus."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from sidecarify import Conversion
from tests.support.cases import cases, force
from tests.support.corpus import MANIFESTS, targets
from tests.support.yaml_data import Moved


class Result(NamedTuple):
    """A manifest before and after, with the moves that were made."""

    id: str
    before: str
    after: str
    moves: tuple[Moved, ...]


@cache
def of_fixtures() -> tuple[Result, ...]:
    """The fixtures as they should come out, in both placements."""
    found: dict[tuple[str, str], Result] = {}
    for case in cases("converted"):
        for placement in case.placements:
            conversion = force(case.text, case.helpers, placement)
            after = case.after(placement)
            found.setdefault((case.text, after), _result(f"{case.name}-{placement}", conversion, after))
    return tuple(found.values())


@cache
def of_corpus() -> tuple[Result, ...]:
    """The forced moves of the corpus that were made; none where the corpus is absent."""
    if not MANIFESTS.is_dir():
        return ()
    return tuple(
        _result(target.id, target.conversion, target.conversion.text) for target in targets() if target.conversion.moves
    )


def _result(name: str, conversion: Conversion, after: str) -> Result:
    moves = tuple(Moved(move.document, move.path, move.index, move.container) for move in conversion.moves)
    return Result(name, conversion.before, after, moves)
