"""The first look at the manifests of a run: which of them matter, and what of the rest concerns them."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from sidecarify.direction import TO_SIDECAR, Direction
from sidecarify.discover import EVERYTHING, Found, Leftover, Manifest, Selection, Skipped, find, is_folder
from sidecarify.files import FileError, read
from sidecarify.kube.kinds import KUSTOMIZATIONS
from sidecarify.outcome import Trouble
from sidecarify.pool import in_order, pieces_of
from sidecarify.sieve import Look, look

if TYPE_CHECKING:
    from sidecarify.around import Around

NamesHelpers = Callable[[Manifest], bool]
"""Whether the user names helpers in a manifest, so that a container alone in its pod may be one."""

_LOOKED_AT = 128
"""So many manifests are looked at in one piece of work for a process."""
_ALONE = 16
"""With no more pieces than that, a run is over before other processes have begun."""


class Survey:
    """The manifests of a run after a first look: those that may hold pods, and the objects that may point at them.

    `asked` counts the places that were to be looked in. `unchanged` counts the rest, which hold nothing for us and are
    not read again. `leftovers` are files that a killed run may have left. `given` are the folders that were given, or
    that hold what was; `reached` are the candidates, the kustomizations and what a move may have to change in their
    trees, by real path, whether `among` has them or not.
    """

    def __init__(self, given: tuple[str, ...] = (), among: frozenset[str] | None = None, *, asked: int = 0) -> None:
        self.given = given
        self.asked = asked
        self.among = among
        self.candidates: list[Manifest] = []
        self.reached: dict[str, Manifest] = {}
        self.around: Around | None = None
        self.unchanged = 0
        self.troubles: list[Trouble] = []
        self.leftovers: list[str] = []

    @property
    def manifests(self) -> int:
        """How many files were found."""
        return len(self.candidates) + self.unchanged


def survey(
    paths: Sequence[str],
    selection: Selection = EVERYTHING,
    *,
    among: frozenset[str] | None = None,
    direction: Direction = TO_SIDECAR,
    names_helpers: NamesHelpers = lambda _: True,
    jobs: int | None = 1,
    looked_at: Callable[[int], None] = lambda _: None,
) -> Survey:
    """Find the manifests of `paths` and look at the bytes of each once.

    With `among`, only files with one of these real paths are worked on; the rest still are what is around them.

    What is given by name is always read in full later, whatever it holds; of the rest, only what may hold a pod that
    can be worked on (sieve.py).
    Where all `paths` are folders, they are taken to hold every object that points at their pods. `jobs`: see
    `convert_all`. `looked_at` is told, again and again, how many more manifests have been looked at. Raises
    DeadWorkerError.
    """
    folders = [is_folder(path) for path in paths]
    alone = len(paths) == 1 and not any(folders) and not selection.listed  # nothing is around a manifest alone
    places = (*paths, *selection.listed)
    result = Survey(tuple(dict.fromkeys(_folders_of(places))), among, asked=len(places))
    around: Around | None = None
    if not alone:
        from sidecarify.around import Around  # noqa: PLC0415  (see above)

        around = Around(complete=all(folders) and not selection.listed)
    given: deque[list[Found]] = deque()

    def pieces() -> Iterator[list[Manifest]]:
        for piece in pieces_of(find(paths, selection), _LOOKED_AT):
            given.append(piece)
            yield [one for one in piece if isinstance(one, Manifest)]

    for seen in in_order(_look_at, (direction, not alone), pieces(), jobs, alone=_ALONE):
        if around is not None and seen.around is not None:
            around.merge(seen.around)
        looked_at(len(seen.answers))
        answers = zip(seen.answers, seen.reached, strict=True)
        for one in given.popleft():
            if isinstance(one, Leftover):
                result.leftovers.append(one.path)
            elif isinstance(one, Skipped):
                own = among is None or os.path.abspath(one.name) in among  # noqa: PTH100  (a link may lead nowhere)
                result.troubles.append(Trouble(one.name, 1, one.code, one.message, one.error and own))
            else:
                own = among is None or one.path in among
                answer, reached = next(answers)
                _note(result, one, answer, names_helpers, own=own, reached=reached)
    if result.candidates and around:
        result.around = around
    return result


class _Seen(NamedTuple):
    """What a look at some manifests has shown: an answer for each (an error has code and message).

    `reached` tells of each whether a move in a kustomize tree may have to change it, or it is a kustomization.
    """

    answers: list[Look | tuple[str, str]]
    reached: list[bool]
    around: Around | None


def _look_at(state: tuple[Direction, bool], manifests: list[Manifest]) -> _Seen:
    direction, surrounded = state
    around: Around | None = None
    if surrounded:
        from sidecarify.around import Around, speaks  # noqa: PLC0415  (see survey)

        around = Around()
    answers: list[Look | tuple[str, str]] = []
    reached: list[bool] = []
    for one in manifests:
        try:
            data = read(one.path)
        except FileError as error:
            answers.append((error.code, error.message))
            reached.append(False)
            continue
        reached.append(b"ontainers" in data or one.name.endswith(KUSTOMIZATIONS))
        answers.append(Look.WANTED if one.explicit else look(data, direction))
        if around is not None and speaks(one.name, data):
            around.add(one, data)
    return _Seen(answers, reached, around)


def _note(
    result: Survey,
    one: Manifest,
    answer: Look | tuple[str, str],
    names_helpers: NamesHelpers,
    *,
    own: bool,
    reached: bool,
) -> None:
    if isinstance(answer, tuple):
        result.troubles.append(Trouble(one.name, 1, *answer, error=own))
        return
    wanted = own and (answer is Look.WANTED or (answer is Look.PODS and names_helpers(one)))
    if wanted:
        result.candidates.append(one)
    elif own:
        result.unchanged += 1
    if wanted or reached:
        result.reached[one.path] = one


def _folders_of(paths: Iterable[str]) -> Iterator[str]:
    for path in paths:
        real = os.path.realpath(path)
        yield real if is_folder(path) else os.path.dirname(real)  # noqa: PTH120
