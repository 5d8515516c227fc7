"""Every conversion that the outside judges are shown: those of the fixtures and those forced upon the corpus."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from sidecarify import Conversion, Options, revert_text
from tests.support.cases import cases, force
from tests.support.corpus import MANIFESTS, targets
from tests.support.yaml_data import Moved


class Result(NamedTuple):
    """A manifest before and after, with the moves that were made; `reverted`: from `initContainers` to `containers`."""

    id: str
    before: str
    after: str
    moves: tuple[Moved, ...]
    reverted: bool = False


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


@cache
def of_reverts() -> tuple[Result, ...]:
    """What comes of taking all of it back again; what was placed out of the way of an alias cannot be."""
    return tuple(back for result in (*of_fixtures(), *of_corpus()) if (back := _taken_back(result)) is not None)


def _taken_back(result: Result) -> Result | None:
    names = tuple("".join(f"[{char}]" if char in "*?[" else char for char in move.name) for move in result.moves)
    back = revert_text(result.after, Options(only=names, accept=("*",)))
    moves = tuple(Moved(move.document, move.path, move.init_index, move.container) for move in back.moves)
    return Result(f"{result.id} and back", result.after, back.text, moves, reverted=True) if moves else None


def _result(name: str, conversion: Conversion, after: str) -> Result:
    moves = tuple(Moved(move.document, move.path, move.index, move.container) for move in conversion.moves)
    return Result(name, conversion.before, after, moves)
