"""Many manifests in one run: which of them matter, what else of the run concerns them, and what becomes of each."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from sidecarify.direction import TO_SIDECAR, Direction
from sidecarify.discover import EVERYTHING, Found, Leftover, Manifest, Selection, Skipped, find, is_folder
from sidecarify.files import FileError, read
from sidecarify.pool import in_order
from sidecarify.sieve import Look, look
from sidecarify.yamltext.source import Source, TextError

if TYPE_CHECKING:
    from sidecarify.around import Around
    from sidecarify.examine import Examination, Problem, Surround
    from sidecarify.options import Options
    from sidecarify.plan import Move, MoveKey, Refusal
    from sidecarify.preview import Preview
    from sidecarify.report.json import PodEntry

Item = TypeVar("Item")
NamesHelpers = Callable[[Manifest], bool]
"""Whether the user names helpers in a manifest, so that a container alone in its pod may be one."""
OptionsOf = Callable[[Manifest], "Options"]
"""The options of a manifest: a configuration file above it may have its own."""
KUSTOMIZATIONS = ("kustomization.yaml", "kustomization.yml", "Kustomization")
"""How the names of kustomizations end."""

_LOOKED_AT = 128
JUDGED = 8
"""So many manifests are judged in one piece of work for a process; of those that are looked at, _LOOKED_AT."""
_ALONE = 16
ALONE_JUDGED = 8
"""With no more pieces than that to judge, a run is over before other processes have begun; to look at, _ALONE."""

# Proofs that failed: faults of the program, and never a property of the manifest.
_UNPROVED = frozenset({"verify-parse", "verify-model", "verify-alias", "verify-lines", "overlap"})


class Trouble(NamedTuple):
    """A message on a file: an `error` is what could not be read, proved or written; the rest is worth knowing."""

    file: str
    line: int
    code: str
    message: str
    error: bool = True


class Reason(NamedTuple):
    """Why a container moves: one piece of the evidence; `move` is the key of its move."""

    file: str
    line: int
    container: str
    text: str
    move: MoveKey


class Owner(NamedTuple):
    """Where a pod spec is found: its document and path, and the object that carries it."""

    document: int
    path: str
    api_version: str
    kind: str
    name: str | None
    namespace: str | None


class Follow(NamedTuple):
    """A container for whose move's sake another manifest changes too; `file` is where the container is defined."""

    container: str
    file: str


class Survey:
    """The manifests of a run after a first look: those that may hold pods, and the objects that may point at them.

    `unchanged` counts the rest, which hold nothing for us and are not read again. `leftovers` are files that a killed
    run may have left. `given` are the folders that were given, or that hold what was; `reached` are the candidates, the
    kustomizations and what a move may have to change in their trees, by real path, whether `among` has them or not.
    """

    def __init__(self, given: tuple[str, ...] = (), among: frozenset[str] | None = None) -> None:
        self.given = given
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


class Outcome(NamedTuple):
    """What becomes of one manifest: its bytes before and after, and what there is to say.

    Of a kustomize tree, `follows` are the moves of other manifests that it follows, and `together` are the paths of all
    files that are written with it or not at all, its own among them.
    """

    manifest: Manifest
    before: bytes
    after: bytes
    moves: tuple[Move, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    troubles: tuple[Trouble, ...] = ()
    reasons: tuple[Reason, ...] = ()
    named: frozenset[str] = frozenset()
    owners: tuple[Owner, ...] = ()
    follows: tuple[Follow, ...] = ()
    together: frozenset[str] = frozenset()

    @property
    def changed(self) -> bool:
        """Whether the file is to be written."""
        return self.after != self.before


class Inspection(NamedTuple):
    """What the judge says of one manifest; `templates` are documents that are no YAML yet.

    `previews` belong to the `pods`, one each, where they were asked for.
    """

    manifest: Manifest
    pods: tuple[PodEntry, ...] = ()
    troubles: tuple[Trouble, ...] = ()
    templates: tuple[Trouble, ...] = ()
    named: frozenset[str] = frozenset()
    before: bytes = b""
    previews: tuple[Preview, ...] = ()


class Tally:
    """What a run of `convert` comes to, and with which code it ends."""

    def __init__(self) -> None:
        self.changed = 0
        self.moved = 0
        self.unchanged = 0
        self.left_alone = 0
        self.templates = 0
        self.failed = 0

    def add(self, outcome: Outcome) -> None:
        """Count one manifest. Containers that are left alone count once, however many rules speak against them."""
        failed = any(trouble.error for trouble in outcome.troubles)
        self.failed += failed
        self.changed += outcome.changed
        self.moved += len(outcome.moves)
        self.unchanged += not outcome.changed and not failed
        containers = [one for one in outcome.refusals if one.container]
        self.left_alone += len({(one.document, one.path, one.container) for one in containers})
        self.templates += len(outcome.refusals) - len(containers)

    def unwritten(self, moves: Sequence[Move], *, failed: bool) -> None:
        """Take back what `add` counted, for a manifest that was not written; `failed`: it counts as failed already."""
        self.changed -= 1
        self.moved -= len(moves)
        self.failed += not failed

    def exit_code(self, *, looking: bool) -> int:
        """2 if a manifest could not be read, proved or written, 1 if one would change and the run only `looks`, 0."""
        return 2 if self.failed else int(looking and self.changed > 0)


def survey(
    paths: Sequence[str],
    selection: Selection = EVERYTHING,
    *,
    among: frozenset[str] | None = None,
    direction: Direction = TO_SIDECAR,
    names_helpers: NamesHelpers = lambda _: True,
    jobs: int | None = 1,
) -> Survey:
    """Find the manifests of `paths` and look at the bytes of each once.

    With `among`, only files with one of these real paths are worked on; the rest still are what is around them.

    What is given by name is always read in full later, whatever it holds; of the rest, only what may hold a pod that
    can be worked on (sieve.py).
    Where all `paths` are folders, they are taken to hold every object that points at their pods. `jobs`: see
    `convert_all`. Raises DeadWorkerError.
    """
    folders = [is_folder(path) for path in paths]
    alone = len(paths) == 1 and not any(folders) and not selection.listed  # nothing is around a manifest alone
    result = Survey(given=tuple(dict.fromkeys(_folders_of((*paths, *selection.listed)))), among=among)
    around: Around | None = None
    if not alone:
        from sidecarify.around import Around  # noqa: PLC0415  (see above)

        around = Around(complete=all(folders) and not selection.listed)
    given: deque[list[Found]] = deque()

    def pieces() -> Iterator[list[Manifest]]:
        for piece in _pieces(find(paths, selection), _LOOKED_AT):
            given.append(piece)
            yield [one for one in piece if isinstance(one, Manifest)]

    for seen in in_order(_look_at, (direction, not alone), pieces(), jobs, alone=_ALONE):
        if around is not None and seen.around is not None:
            around.merge(seen.around)
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


def _pieces(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    source = iter(items)
    while piece := list(islice(source, size)):
        yield piece


def _folders_of(paths: Iterable[str]) -> Iterator[str]:
    for path in paths:
        real = os.path.realpath(path)
        yield real if is_folder(path) else os.path.dirname(real)  # noqa: PTH120


def check(options: Options) -> None:
    """Raise ValueError for options that mean nothing, CatalogueError for a bad folder of transforms."""
    _ = options.settings
    if options.transforms:
        from sidecarify.examine import catalogue  # noqa: PLC0415  (see convert_one)

        catalogue(options.transforms)


def convert_all(
    looked: Survey, options_of: OptionsOf, direction: Direction = TO_SIDECAR, jobs: int | None = 1
) -> Iterator[Outcome]:
    """Convert the candidates in their order, or take them back (`TO_CONTAINER`); nothing is written.

    `jobs` processes do the work; None for as many as there are processors, if there are enough manifests for that.
    What happens to one manifest is told in its outcome and leaves the others alone; options and catalogue are to be
    checked before (`check`). Raises DeadWorkerError and nothing else.
    """
    pieces = _pieces(((one, options_of(one)) for one in looked.candidates), JUDGED)
    for outcomes in in_order(convert_each, (looked.around, direction), pieces, jobs, alone=ALONE_JUDGED):
        yield from outcomes


def convert_each(state: tuple[Around | None, Direction], piece: Iterable[tuple[Manifest, Options]]) -> list[Outcome]:
    """Convert some manifests with what is around them: a piece of the work of `convert_all`. Never raises."""
    around, direction = state
    found = []
    for manifest, options in piece:
        try:
            data = read(manifest.path)
        except FileError as error:
            trouble = Trouble(manifest.name, 1, error.code, error.message)
            found.append(Outcome(manifest, b"", b"", troubles=(trouble,)))
        else:
            found.append(convert_one(manifest, data, options, around, direction))
    return found


def inspect_all(
    looked: Survey, options_of: OptionsOf, *, previews: bool = False, jobs: int | None = 1
) -> Iterator[Inspection]:
    """Judge the candidates in their order; for the rest see `convert_all`."""
    pieces = _pieces(((one, options_of(one)) for one in looked.candidates), JUDGED)
    for inspections in in_order(inspect_each, (looked.around, previews), pieces, jobs, alone=ALONE_JUDGED):
        yield from inspections


def inspect_each(state: tuple[Around | None, bool], piece: Iterable[tuple[Manifest, Options]]) -> list[Inspection]:
    """Judge some manifests with what is around them, and with previews or not. Never raises."""
    around, previews = state
    found = []
    for manifest, options in piece:
        try:
            data = read(manifest.path)
        except FileError as error:
            found.append(Inspection(manifest, troubles=(Trouble(manifest.name, 1, error.code, error.message),)))
        else:
            found.append(inspect_one(manifest, data, options, around, previews=previews))
    return found


def convert_one(
    manifest: Manifest,
    data: bytes,
    options: Options,
    around: Around | None = None,
    direction: Direction = TO_SIDECAR,
    wanted: Container[MoveKey] | None = None,
) -> Outcome:
    """Convert the manifest with the bytes `data`, or take its native sidecars back; with `wanted` only these moves."""
    from sidecarify.convert import convert  # noqa: PLC0415  (a run without candidates never needs the engine)

    try:
        source = Source.decode(data)
        others, complete = _others(manifest, around)
        conversion = convert(source, options, others, complete=complete, direction=direction, wanted=wanted)
    except TextError as error:
        return Outcome(manifest, data, data, troubles=(Trouble(manifest.name, error.line, error.code, error.message),))
    except Exception as error:  # the one boundary: a fault with one manifest must not take the others along
        return Outcome(manifest, data, data, troubles=(_fault(manifest, error),))
    troubles = [_trouble(manifest, problem) for problem in conversion.errors]
    troubles += _remarks(manifest, conversion.examination)
    refusals = []
    for refusal in conversion.refusals:
        if refusal.rule in _UNPROVED:
            troubles.append(Trouble(manifest.name, refusal.line, refusal.rule, refusal.message))
        else:
            refusals.append(refusal)
    return Outcome(
        manifest,
        data,
        conversion.text.encode("utf-8"),
        conversion.moves,
        tuple(refusals),
        tuple(troubles),
        tuple(_reasons(manifest, conversion.examination, conversion.moves)),
        _named(conversion.examination, options),
        tuple(_owners(conversion.examination)),
    )


def inspect_one(
    manifest: Manifest, data: bytes, options: Options, around: Around | None = None, *, previews: bool = False
) -> Inspection:
    """Judge the manifest with the bytes `data`; with `previews` also say what its pods would become."""
    from sidecarify.examine import examine  # noqa: PLC0415  (see convert_one)
    from sidecarify.report.json import pod_entries  # noqa: PLC0415

    try:
        source = Source.decode(data)
        others, complete = _others(manifest, around)
        examination = examine(source, options, others, complete=complete)
        pods = tuple(pod_entries(manifest.name, examination))
        shown = _previews(examination, options) if previews else ()
    except TextError as error:
        return Inspection(manifest, troubles=(Trouble(manifest.name, error.line, error.code, error.message),))
    except Exception as error:  # see convert_one
        return Inspection(manifest, troubles=(_fault(manifest, error),))
    return Inspection(
        manifest,
        pods,
        (*(_trouble(manifest, problem) for problem in examination.errors), *_remarks(manifest, examination)),
        tuple(_trouble(manifest, problem)._replace(error=False) for problem in examination.templates),
        _named(examination, options),
        data,
        previews=shown,
    )


def _previews(examination: Examination, options: Options) -> tuple[Preview, ...]:
    from sidecarify.preview import preview  # noqa: PLC0415  (see convert_one)

    return tuple(preview(pod, options.consent) for examined in examination.documents for pod in examined.pods)


def _others(manifest: Manifest, around: Around | None) -> tuple[Surround, bool]:
    """What finds the objects of other manifests that may concern this one, and whether there are no others that do."""
    if around is None:
        return (lambda *_: ()), False
    return (lambda pods, own: around.of(manifest.name, pods, own)), around.complete


def _named(examination: Examination, options: Options) -> frozenset[str]:
    """The globs of `helpers`, `mains` and `only` that name a container of the manifest that was asked about."""
    from sidecarify.judge.said import named  # noqa: PLC0415  (see convert_one)

    return frozenset(
        pattern
        for pattern in (*options.helpers, *options.mains, *options.only)
        for examined in examination.documents
        for verdict in examined.pods
        for answer in verdict.containers
        if named((pattern,), verdict.context.pod, answer.member.name)
    )


def _reasons(manifest: Manifest, examination: Examination, moves: Sequence[Move]) -> Iterator[Reason]:
    verdicts = {
        (pod.context.pod.owner.document, pod.context.pod.path): pod
        for examined in examination.documents
        for pod in examined.pods
    }
    for move in moves:
        answers = verdicts[move.document, move.path].containers
        answer = next(one for one in answers if one.member.container.index == move.source_index)
        for evidence in answer.evidence:
            yield Reason(evidence.file or manifest.name, evidence.line, move.container, evidence.text, move.key)


def _owners(examination: Examination) -> Iterator[Owner]:
    for examined in examination.documents:
        for verdict in examined.pods:
            pod = verdict.context.pod
            owner = pod.owner
            yield Owner(owner.document, pod.path, owner.api_version, owner.kind, owner.name, owner.namespace)


def _remarks(manifest: Manifest, examination: Examination) -> Iterator[Trouble]:
    return (_trouble(manifest, problem)._replace(error=False) for problem in examination.remarks)


def _trouble(manifest: Manifest, problem: Problem) -> Trouble:
    return Trouble(manifest.name, problem.line, problem.code, problem.message)


def _fault(manifest: Manifest, error: Exception) -> Trouble:
    what = f"sidecarify failed on this manifest and left it alone ({error!r}). Please report it."
    return Trouble(manifest.name, 1, "internal-error", what)
