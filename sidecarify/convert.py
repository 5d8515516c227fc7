"""From a manifest's text to its conversion: what is decided elsewhere is carried out and proved here."""

from collections.abc import Container, Iterable, Iterator, Sequence
from typing import NamedTuple

from sidecarify.direction import TO_SIDECAR, Direction, Manner
from sidecarify.examine import Examination, Examined, Problem, Surround, examine
from sidecarify.judge.model import Finding
from sidecarify.kube.objects import KubeObject
from sidecarify.kube.workload import PodSpec
from sidecarify.options import Options
from sidecarify.plan import Move, MoveKey, PodPlan, Refusal, plan
from sidecarify.rewrite import check_container, check_pod, rewrite
from sidecarify.verify import Change, VerifyError, verify
from sidecarify.yamltext.items import doubtful_comments
from sidecarify.yamltext.lists import Placement, UnmovableError
from sidecarify.yamltext.source import Edit, EditConflictError, Source, line_end, splice
from sidecarify.yamltext.tree import YamlError


class Conversion(NamedTuple):
    """A manifest before and after, what moved, what was left alone and what could not be read.

    It exists only for a result that is proved: `text` differs from `before` by the `moves` and by nothing else.
    """

    before: str
    text: str
    moves: tuple[Move, ...]
    refusals: tuple[Refusal, ...]
    errors: tuple[Problem, ...]
    examination: Examination

    @property
    def changed(self) -> bool:
        """Whether any container moved."""
        return self.text != self.before


class _Step(NamedTuple):
    """The edits of one pod, not yet applied."""

    pod: PodSpec
    moves: tuple[Move, ...]
    edits: list[Edit]


def convert(
    source: Source,
    options: Options,
    others: Sequence[KubeObject] | Surround = (),
    *,
    complete: bool = False,
    direction: Direction = TO_SIDECAR,
    wanted: Container[MoveKey] | None = None,
) -> Conversion:
    """Convert a manifest, or with `TO_CONTAINER` take its native sidecars back; with `wanted` make only these moves.

    Raises ValueError for options that mean nothing, CatalogueError; never for bad manifests.
    """
    examination = examine(source, options, others, complete=complete, direction=direction)
    placement = options.placement if direction.promotes else "auto"
    moves: list[Move] = []
    refusals = [Refusal(p.document or 0, "", "", p.code, p.message, p.line) for p in examination.templates]
    errors = list(examination.errors)
    parts: list[str] = []
    position = 0
    for examined in examination.documents:
        try:
            plans = [
                plan(verdict, options.consent, startup_probes=options.add_startup_probe, wanted=wanted)
                for verdict in examined.pods
            ]
            text, moved, left = _carry_out(examined, plans, placement, direction)
        except YamlError as error:
            errors.append(Problem(examined.document.index, error.line, error.message, error.code))
            continue
        moves += moved
        refusals += left
        parts += (source.text[position : examined.document.start], text)
        position = examined.document.end
    parts.append(source.text[position:])
    whole = Source("".join(parts), source.bom).whole
    return Conversion(source.whole, whole, tuple(moves), tuple(refusals), tuple(errors), examination)


def _carry_out(
    examined: Examined, plans: Iterable[PodPlan], placement: Placement, direction: Direction
) -> tuple[str, list[Move], list[Refusal]]:
    """The document's new text, proved, with its moves and refusals."""
    refusals: list[Refusal] = []
    steps: list[_Step] = []
    for one in plans:
        refusals += one.refusals
        moves, left = _movable(one, direction)
        refusals += left
        if not moves:
            continue
        try:
            indexes = [move.source_index for move in moves]
            edits = rewrite(examined.text, one.pod, indexes, placement, direction, _manners(moves))
        except UnmovableError as error:
            refusals += _refused(moves, error.code, error.message, error.line)
        else:
            steps.append(_Step(one.pod, tuple(_with_comments(moves, one.pod, examined, direction)), edits))
    text, done, failures = _apply(examined, steps, direction)
    return text, [move for step in done for move in step.moves], refusals + failures


def _with_comments(moves: Sequence[Move], pod: PodSpec, examined: Examined, direction: Direction) -> Iterator[Move]:
    """The moves, with notes on comments that their author may have meant otherwise (docs/comments.md)."""
    pair = pod.node.pair(direction.source)
    if pair is None or pair[1].style != "block":
        yield from moves
        return
    doubtful = doubtful_comments(examined.text, pair[1].items, line_end(examined.text, pair[0].end))
    for move in moves:
        notes = tuple(
            _comment_note(move, travels, examined.document.line + examined.text.count("\n", 0, offset))
            for offset, travels in doubtful[move.source_index]
        )
        yield move._replace(notes=(*move.notes, *notes)) if notes else move


def _comment_note(move: Move, travels: bool, line: int) -> Finding:
    if travels:
        what = f"The comment in column 0 directly above `{move.container}` goes with it."
        return Finding("comment-goes", "note", what, "Part it by a blank line if it speaks of something else.", line)
    what = f"The comment above `{move.container}` stays: a blank line parts it from the container."
    return Finding("comment-stays", "note", what, "Remove the blank line if it speaks of the container alone.", line)


def _manners(moves: Iterable[Move]) -> dict[int, Manner]:
    return {
        move.source_index: Manner(startup_probe=move.startup_probe) for move in moves if move.startup_probe is not None
    }


def _movable(one: PodPlan, direction: Direction) -> tuple[tuple[Move, ...], list[Refusal]]:
    """The moves that the text allows, numbered anew, and refusals for the rest."""
    if not one.moves:
        return (), []
    try:
        check_pod(one.pod, direction)
    except UnmovableError as error:
        return (), _refused(one.moves, error.code, error.message, error.line)
    kept: list[Move] = []
    refusals: list[Refusal] = []
    first = min(move.target_index for move in one.moves)
    for move in one.moves:
        try:
            check_container(one.pod, move.source_index, direction)
        except UnmovableError as error:
            refusals += _refused([move], error.code, error.message, error.line)
        else:
            kept.append(move.at(first + len(kept)))
    return tuple(kept), refusals


def _apply(examined: Examined, steps: list[_Step], direction: Direction) -> tuple[str, list[_Step], list[Refusal]]:
    """Apply the edits of all pods and prove the result at once; where that fails, pod by pod, to name the culprit."""
    if not steps:
        return examined.text, [], []
    try:
        return _proved(examined, steps, direction), steps, []
    except (VerifyError, EditConflictError) as error:
        if len(steps) == 1:
            code = error.code if isinstance(error, VerifyError) else "overlap"
            what = f"The edited text failed the proof, so nothing was written ({error}). Please report this manifest."
            return examined.text, [], _refused(steps[0].moves, code, what, steps[0].pod.node.line)
    good: list[_Step] = []
    refusals: list[Refusal] = []
    for step in steps:
        _, alone, failures = _apply(examined, [step], direction)
        refusals += failures
        good += alone
    if len(good) < len(steps):
        text, good, failures = _apply(examined, good, direction)
        return text, good, refusals + failures
    what = "The edits of this document pass the proof one by one, but not together. Please report this manifest."
    moves = [move for step in steps for move in step.moves]
    return examined.text, [], _refused(moves, "overlap", what, examined.document.line)


def _proved(examined: Examined, steps: Sequence[_Step], direction: Direction) -> str:
    text = splice(examined.text, [edit for step in steps for edit in step.edits])
    changes = [
        Change(step.pod.node, tuple(move.source_index for move in step.moves), _manners(step.moves)) for step in steps
    ]
    verify(examined.root, examined.text, text, changes, direction)
    return text


def _refused(moves: Iterable[Move], code: str, message: str, line: int) -> list[Refusal]:
    return [Refusal(move.document, move.path, move.container, code, message, line) for move in moves]
