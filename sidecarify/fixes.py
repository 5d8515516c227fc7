"""What a manifest becomes by the moves of one pod alone: what an editor or a code host can offer to apply."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING

from sidecarify.batch import convert_one
from sidecarify.direction import TO_SIDECAR, Direction
from sidecarify.outcome import Outcome
from sidecarify.report.results import Fix

if TYPE_CHECKING:
    from sidecarify.around import Around
    from sidecarify.options import Options
    from sidecarify.plan import Move


def fixes(
    outcome: Outcome, options: Options, around: Around | None = None, direction: Direction = TO_SIDECAR
) -> Iterator[Fix]:
    """A fix for each pod whose moves are all safe, proved as every conversion is.

    The moves of a pod go together, because one helper may need another one. What is moved though a rule speaks against
    it is nothing to be applied with a click.
    """
    pods: dict[tuple[int, str], list[Move]] = defaultdict(list)
    for move in outcome.moves:
        pods[move.document, move.path].append(move)
    if outcome.together and (len(pods) > 1 or len(outcome.together) != len(outcome.beside) + 1):
        return  # in a kustomize tree, what is applied alone leaves other files or other moves behind
    beside = tuple((one.file, one.before.decode("utf-8"), one.after.decode("utf-8")) for one in outcome.beside)
    for (document, path), moves in pods.items():
        if any(move.verdict != "safe" for move in moves):
            continue
        if len(pods) == 1:
            after = outcome.after
        else:
            wanted = frozenset(move.key for move in moves)
            after = convert_one(outcome.manifest, outcome.before, options, around, direction, wanted).after
        yield Fix(document, path, tuple(move.container for move in moves), after.decode("utf-8"), beside)
