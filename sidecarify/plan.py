"""From verdicts to moves and refusals: which containers are moved, and in which order they stand afterwards."""

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import NamedTuple

from sidecarify.judge.model import ContainerVerdict, Finding, PodVerdict, VerdictName
from sidecarify.judge.order import needs, ordered
from sidecarify.judge.startup_probe import suggestion
from sidecarify.kube.workload import PodSpec
from sidecarify.yamltext.pairs import Plain

_MISSING_PROBE = "missing-startup-probe"


MoveKey = tuple[int, str, int]
"""Document, path of the pod spec, and the container's place in the list that it leaves."""


class Move(NamedTuple):
    """A container that is to become a native sidecar, or one that is taken back (`reverted`).

    `index` is its place in `containers`, `init_index` in `initContainers`; in the list that it leaves the old place, in
    the one that it joins the new one. So one that becomes a native sidecar has `index` in the old `containers` and
    `init_index` in the new `initContainers`, and a reverted one the other way round. `document` counts from 0, `line`
    from 1; `notes` are what the user may want to know of it. `startup_probe` is added to it, where there is one.
    `verdict` is what the judge says, whatever the user has accepted.
    """

    document: int
    path: str
    container: str
    index: int  # type: ignore[assignment]  # hides tuple.index, which nobody asks of a move
    init_index: int
    line: int
    notes: tuple[Finding, ...] = ()
    reverted: bool = False
    startup_probe: Mapping[str, Plain] | None = None
    verdict: VerdictName = "safe"

    @property
    def key(self) -> MoveKey:
        """What tells it from the other moves of its manifest."""
        return self.document, self.path, self.source_index

    @property
    def source_index(self) -> int:
        """Its place in the list that it leaves."""
        return self.init_index if self.reverted else self.index

    @property
    def target_index(self) -> int:
        """Its place in the list that it joins."""
        return self.index if self.reverted else self.init_index

    def at(self, target_index: int) -> "Move":
        """The same move to another place of the list that it joins."""
        if self.reverted:
            return self._replace(index=target_index)
        return self._replace(init_index=target_index)


class Refusal(NamedTuple):
    """A helper that is left alone, with the rule that says so, its message and the line of its evidence.

    `overridable` is what the judge says, and a user can take upon themself; what the text or the API server forbids is
    not.
    """

    document: int
    path: str
    container: str
    rule: str
    message: str
    line: int
    level: str = "refuse"
    file: str = ""
    overridable: bool = False


class PodPlan(NamedTuple):
    """What is to happen to one pod: its moves in the order of the new list, and what is left alone."""

    pod: PodSpec
    moves: tuple[Move, ...]
    refusals: tuple[Refusal, ...]


class Consent(NamedTuple):
    """What the user takes upon themself: `unsafe` admits review findings, `accept` rules by name or glob."""

    unsafe: bool = False
    accept: tuple[str, ...] = ()

    def accepts(self, finding: Finding) -> bool:
        """Whether the user has accepted the finding's rule by name."""
        return any(fnmatchcase(finding.rule, pattern) for pattern in self.accept)


def plan(
    verdict: PodVerdict,
    consent: Consent,
    *,
    startup_probes: bool = False,
    wanted: Container[MoveKey] | None = None,
) -> PodPlan:
    """The moves and refusals of one pod; with `startup_probes` also the probes that the moved containers are to get.

    A safe helper moves; one under review moves with `unsafe`, when the user names it, or when the rule is accepted; a
    refused one only when the user names it and accepts every rule that refuses it. On the way back a native sidecar
    stays too if one behind it stays and needs it. With `wanted` only these move, and of these none that needs a helper
    which could move too and is not wanted.
    """
    pod = verdict.context.pod
    chosen: list[ContainerVerdict] = []
    refusals: list[Refusal] = []
    for answer in verdict.containers:
        if answer.verdict is None:
            continue
        blocking = list(_blocking(answer, consent))
        if blocking:
            refusals += (_refusal(pod, answer, finding) for finding in blocking)
        elif (forbidden := _doubled(verdict, answer) or _unclear(verdict, answer)) is not None:
            refusals.append(forbidden)
        else:
            chosen.append(answer)
    if wanted is not None:
        chosen, more = _narrowed(verdict, chosen, wanted)
        refusals += more
    if not verdict.context.direction.promotes:
        chosen, more = _needed_by_kept(verdict, chosen, consent)
        refusals += more
    invariant = _broken_invariant(verdict, chosen)
    if invariant is not None:
        refusals += (
            Refusal(pod.owner.document, pod.path, answer.member.name, *invariant, answer.member.container.line)
            for answer in chosen
        )
        chosen = []
    moves = tuple(_moves(verdict, chosen))
    if startup_probes and verdict.context.direction.promotes:
        moves = tuple(_with_probe(move, verdict) for move in moves)
    return PodPlan(pod, moves, tuple(refusals))


def _with_probe(move: Move, verdict: PodVerdict) -> Move:
    """The move with the startupProbe that is safe to add, and a note that says so in place of the advice."""
    containers = verdict.context.members
    member = next(one for one in containers if one.container.index == move.index)
    found = suggestion(member, verdict.context)
    if found is None:
        return move
    notes = tuple(note for note in move.notes if note.rule != _MISSING_PROBE)
    effect = f"`{member.name}` gets a startupProbe: the main container starts when it is ready, not before."
    note = Finding(_MISSING_PROBE, "note", effect, f"Known from {found.source}.", move.line)
    return move._replace(notes=(*notes, note), startup_probe=found.probe)


def _moves(verdict: PodVerdict, chosen: Sequence[ContainerVerdict]) -> Iterator[Move]:
    """The moves of the chosen containers, behind what is in the list that they join."""
    pod = verdict.context.pod
    promotes = verdict.context.direction.promotes
    taken = len(pod.init_containers if promotes else pod.containers)
    for place, answer in enumerate(_in_order(verdict, chosen) if promotes else chosen, taken):
        own = answer.member.container.index
        yield Move(
            pod.owner.document,
            pod.path,
            answer.member.name,
            own if promotes else place,
            place if promotes else own,
            answer.member.container.line,
            tuple(finding for finding in answer.findings if finding.level == "note"),
            reverted=not promotes,
            verdict=answer.verdict or "safe",
        )


def _narrowed(
    verdict: PodVerdict, chosen: Iterable[ContainerVerdict], wanted: Container[MoveKey]
) -> tuple[list[ContainerVerdict], list[Refusal]]:
    """The wanted ones, without those that need one which stays only because it is not wanted, and why they stay."""
    pod = verdict.context.pod
    kept: list[ContainerVerdict] = []
    left: list[ContainerVerdict] = []
    for answer in chosen:
        key = (pod.owner.document, pod.path, answer.member.container.index)
        (kept if key in wanted else left).append(answer)
    refusals: list[Refusal] = []
    for stays in left if verdict.context.direction.promotes else ():  # `left` grows, so that chains are followed
        for answer in [one for one in kept if needs(one.member, stays.member, verdict.context)]:
            kept.remove(answer)
            left.append(answer)
            own = answer.member.container
            what = f"`{own.name}` uses `{stays.member.name}`, which stays and would start after it. Move both or none."
            refusals.append(Refusal(pod.owner.document, pod.path, own.name, "needs-unmoved-helper", what, own.line))
    return kept, refusals


def _needed_by_kept(
    verdict: PodVerdict, chosen: Iterable[ContainerVerdict], consent: Consent
) -> tuple[list[ContainerVerdict], list[Refusal]]:
    """Without those that a native sidecar needs which is not chosen, and the refusals of these, from the last on."""
    from sidecarify.judge.revert_rules.start import needed_later  # noqa: PLC0415  (for the way back alone)

    pod = verdict.context.pod
    kept = list(chosen)
    refusals: list[Refusal] = []
    for answer in reversed(list(kept)):
        stays = [other.member.container for other in verdict.containers if other not in kept]
        finding = needed_later(answer.member, verdict.context, stays)
        if finding is not None and not (answer.named and consent.accepts(finding)):
            kept.remove(answer)
            refusals.append(_refusal(pod, answer, finding))
    return kept, refusals


def _blocking(answer: ContainerVerdict, consent: Consent) -> Iterator[Finding]:
    for finding in answer.findings:
        if finding.level == "refuse":
            if not (answer.named and consent.accepts(finding)):
                yield finding
        elif finding.level == "review" and not (consent.unsafe or answer.named or consent.accepts(finding)):
            yield finding


def _refusal(pod: PodSpec, answer: ContainerVerdict, finding: Finding) -> Refusal:
    return Refusal(
        pod.owner.document,
        pod.path,
        answer.member.name,
        finding.rule,
        finding.message,
        finding.line,
        finding.level,
        finding.file,
        overridable=pod.owner.row is not None,  # else what follows is not known, and nobody can take it upon themself
    )


def _broken_invariant(verdict: PodVerdict, chosen: Sequence[ContainerVerdict]) -> tuple[str, str] | None:
    """What the API server would reject, whatever the user accepts: (rule, message), or None."""
    pod = verdict.context.pod
    if pod.owner.row is None:
        version = pod.owner.api_version or "no apiVersion"
        what = f"`{pod.owner.kind}` ({version}) is no kind that is known to hold a pod spec."
        return "kind-unsupported", f"{what} Move the container by hand if its controller supports native sidecars."
    if verdict.context.direction.promotes and chosen and len(chosen) == len(pod.containers):
        return "nothing-or-all", "Every container of the pod would move, and `containers` may not be empty."
    return None


def _doubled(verdict: PodVerdict, answer: ContainerVerdict) -> Refusal | None:
    """A container whose name another one has: the API server rejects the pod, and which is meant is not known."""
    pod = verdict.context.pod
    own = answer.member.container
    for other in (*pod.containers, *pod.init_containers):
        if other.node is not own.node and other.name == own.name and own.name:
            what = f"The name `{own.name}` stands more than once in `containers` and `initContainers`."
            advice = "Give each container a name of its own."
            return Refusal(
                pod.owner.document, pod.path, own.name, "duplicate-name", f"{what} {advice}", max(own.line, other.line)
            )
    return None


def _unclear(verdict: PodVerdict, answer: ContainerVerdict) -> Refusal | None:
    """A container of which a comment speaks that cannot be understood: its author may want it to stay."""
    line = answer.unclear_comment
    if line is None:
        return None
    pod = verdict.context.pod
    what = f"A comment that cannot be understood may say that `{answer.member.name}` is to be left alone. Mend it."
    return Refusal(pod.owner.document, pod.path, answer.member.name, "bad-comment", what, line)


def _in_order(verdict: PodVerdict, chosen: Iterable[ContainerVerdict]) -> list[ContainerVerdict]:
    members = {answer.member: answer for answer in chosen}
    return [members[member] for member in ordered(list(members), verdict.context)]
