"""Many manifests in one run: each is judged and converted by itself, and told of in its outcome."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from sidecarify.direction import TO_SIDECAR, Direction
from sidecarify.discover import Manifest
from sidecarify.files import FileError, read
from sidecarify.outcome import Inspection, Outcome, Owner, Reason, Trouble
from sidecarify.pool import in_order, pieces_of
from sidecarify.yamltext.source import Source, TextError

if TYPE_CHECKING:
    from sidecarify.around import Around
    from sidecarify.examine import Examination, Problem, Surround
    from sidecarify.options import Options
    from sidecarify.plan import Move, MoveKey
    from sidecarify.preview import Preview
    from sidecarify.survey import Survey

OptionsOf = Callable[[Manifest], "Options"]
"""The options of a manifest: a configuration file above it may have its own."""

JUDGED = 8
"""So many manifests are judged in one piece of work for a process."""
ALONE_JUDGED = 8
"""With no more pieces than that, a run is over before other processes have begun."""

# Proofs that failed: faults of the program, and never a property of the manifest.
_UNPROVED = frozenset({"verify-parse", "verify-model", "verify-alias", "verify-lines", "overlap"})


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
    pieces = pieces_of(((one, options_of(one)) for one in looked.candidates), JUDGED)
    for outcomes in in_order(convert_each, (looked.around, direction), pieces, jobs, alone=ALONE_JUDGED):
        yield from outcomes


def convert_each(state: tuple[Around | None, Direction], piece: Iterable[tuple[Manifest, Options]]) -> list[Outcome]:
    """Convert some manifests with what is around them: a piece of the work of `convert_all`. Never raises."""
    around, direction = state
    return [
        Outcome(one, b"", b"", troubles=(data,))
        if isinstance(data, Trouble)
        else convert_one(one, data, options, around, direction)
        for one, data, options in _read(piece)
    ]


def inspect_each(state: tuple[Around | None, bool], piece: Iterable[tuple[Manifest, Options]]) -> list[Inspection]:
    """Judge some manifests with what is around them, and with previews or not. Never raises."""
    around, previews = state
    return [
        Inspection(one, troubles=(data,))
        if isinstance(data, Trouble)
        else inspect_one(one, data, options, around, previews=previews)
        for one, data, options in _read(piece)
    ]


def _read(piece: Iterable[tuple[Manifest, Options]]) -> Iterator[tuple[Manifest, bytes | Trouble, Options]]:
    """The bytes of each manifest, or what keeps it from being read."""
    for manifest, options in piece:
        try:
            yield manifest, read(manifest.path), options
        except FileError as error:
            yield manifest, Trouble(manifest.name, 1, error.code, error.message), options


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
