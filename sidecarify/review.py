"""Asking about the moves of a manifest one by one, as `git add -p` does. How they are asked is the caller's affair."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple

from sidecarify.report.diff import unified

if TYPE_CHECKING:
    from sidecarify.outcome import Outcome, Owner, Reason, Trouble
    from sidecarify.plan import Move, MoveKey, Refusal

Answer = Literal["yes", "no", "all", "done", "quit"]
Redo = Callable[[bytes, "Container[MoveKey] | None"], "Outcome"]
"""Converts the bytes of the manifest with the wanted moves alone; with None, all that can be made."""


class Edited(NamedTuple):
    """The text of the manifest as the user has rewritten it, instead of an answer."""

    text: bytes


class Asked(NamedTuple):
    """A move that is asked about, and what speaks for it."""

    file: str
    move: Move
    owner: Owner | None
    reasons: tuple[Reason, ...]


class Question(NamedTuple):
    """One move, or several that go together: what they add to what has been accepted.

    `number` counts from 1, to `last`. `proposed` is the text of the manifest as it would become, for an editor; empty
    where several manifests would be written.
    """

    asked: tuple[Asked, ...]
    hunk: str
    proposed: bytes
    number: int
    last: int

    @property
    def file(self) -> str:
        """The manifest of the (first) container."""
        return self.asked[0].file

    @property
    def move(self) -> Move:
        """The (first) move."""
        return self.asked[0].move


class Person(NamedTuple):
    """Who answers: `ask` gives the answer to a question, `tell` is told why there is none, or why it does not do."""

    ask: Callable[[Question], Answer | Edited]
    tell: Callable[[Refusal | Trouble], None]


class Reviewed(NamedTuple):
    """The manifest as it is to become, the moves that were accepted, and how many were declined.

    `quit`: nothing more is to be asked, and `unasked` moves of the manifest have not been.
    """

    before: bytes
    after: bytes
    moves: tuple[Move, ...]
    declined: int
    edited: bool = False
    quit: bool = False
    unasked: int = 0


def review(first: Outcome, redo: Redo, person: Person) -> Reviewed:
    """Ask about the moves of a conversion in their order.

    Each question shows the hunk that the move adds to what has been accepted. A move that needs one which was declined
    is not asked about. Every text that is shown or given back has been proved as any conversion is; a text that the
    user has edited is theirs, and is asked to be as readable as the old one. The moves that it leaves are asked about
    in its place.
    """
    base = first.before
    accepted: frozenset[MoveKey] = frozenset()
    moved: list[Move] = []
    now = base
    declined = 0
    edited = False
    pending = list(first.moves)
    answered: list[Move] = []
    while pending:
        move = pending[0]
        proposal = redo(base, accepted | {move.key})
        if move.key not in {one.key for one in proposal.moves}:
            pending.pop(0)
            declined += 1
            for refusal in _why(proposal, move):
                person.tell(refusal)
            continue
        question = _question(first, move, now, proposal, len(answered) + 1, len(answered) + len(pending))
        answer = person.ask(question)
        if isinstance(answer, Edited):
            whole = redo(answer.text, None)
            faults = _faults(first, whole)
            for fault in faults:
                person.tell(fault)
            if faults:
                continue
            moved.append(move)
            answered.append(move)
            edited = edited or answer.text != proposal.after
            base = now = answer.text
            accepted = frozenset()
            pending = [one for one in whole.moves if not any(_same(one, other) for other in answered)]
            continue
        pending.pop(0)
        answered.append(move)
        if answer == "all":
            rest = redo(base, accepted | {one.key for one in (move, *pending)})
            fresh = [one for one in rest.moves if one.key not in accepted]
            return Reviewed(first.before, rest.after, (*moved, *fresh), declined, edited)
        if answer == "yes":
            accepted |= {move.key}
            now = proposal.after
            moved.append(move)
            continue
        declined += 1
        if answer == "done":
            return Reviewed(first.before, now, tuple(moved), declined + len(pending), edited)
        if answer == "quit":
            return Reviewed(first.before, now, tuple(moved), declined, edited, quit=True, unasked=len(pending))
    return Reviewed(first.before, now, tuple(moved), declined, edited)


def _question(first: Outcome, move: Move, now: bytes, proposal: Outcome, number: int, last: int) -> Question:
    hunk = unified(now.decode(), proposal.after.decode(), first.manifest.name)
    return Question((_asked(proposal, move),), hunk, proposal.after, number, last)


def _asked(proposal: Outcome, move: Move) -> Asked:
    owner = next((one for one in proposal.owners if (one.document, one.path) == (move.document, move.path)), None)
    reasons = tuple(one for one in proposal.reasons if one.move == move.key)
    return Asked(proposal.manifest.name, move, owner, reasons)


TreeKey = tuple[str, "MoveKey"]
"""The path of the manifest that defines the container, and the key of its move there."""
Outcomes = Mapping[str, "Outcome"]
RedoTree = Callable[["frozenset[TreeKey] | None"], Outcomes]
"""Converts the files of a kustomize tree with the wanted moves alone; with None, all that can be made."""


class ReviewedTree(NamedTuple):
    """The files of a tree as they are to become, and how many moves were declined; the rest as in `Reviewed`."""

    outcomes: Outcomes
    declined: int
    quit: bool = False
    unasked: int = 0


def review_tree(redo: RedoTree, person: Person) -> ReviewedTree:
    """Ask about the moves of a kustomize tree, once for those that are written together.

    As `review`, but no text is edited: what is shown are hunks of several files.
    """
    groups = list(_groups(redo(None)))
    accepted: frozenset[TreeKey] = frozenset()
    now = redo(accepted)
    declined = 0
    for number, group in enumerate(groups, 1):
        proposal = redo(accepted | group)
        made = {(path, move.key): move for path, one in proposal.items() for move in one.moves}
        if not group <= made.keys():
            declined += len(group)
            for refusal in (
                refusal for one in proposal.values() for refusal in one.refusals if _is_of(group, one, refusal)
            ):
                person.tell(refusal)
            continue
        asked = tuple(_asked(proposal[path], made[path, key]) for path, key in sorted(group))
        answer = person.ask(Question(asked, _hunks(now, proposal), b"", number, len(groups)))
        if answer == "all":
            rest = accepted.union(*groups[number - 1 :])
            return ReviewedTree(redo(rest), declined)
        if answer == "yes":
            accepted, now = accepted | group, proposal
            continue
        declined += len(group)
        unasked = sum(len(one) for one in groups[number:])
        if answer == "done":
            return ReviewedTree(now, declined + unasked)
        if answer == "quit":
            return ReviewedTree(now, declined, quit=True, unasked=unasked)
    return ReviewedTree(now, declined)


def _groups(first: Outcomes) -> Iterator[frozenset[TreeKey]]:
    """The moves that are written together, in the order of their files."""
    found: dict[frozenset[str], list[TreeKey]] = {}
    for path, one in first.items():
        for move in one.moves:
            found.setdefault(one.together or frozenset({path}), []).append((path, move.key))
    return (frozenset(keys) for keys in found.values())


def _is_of(group: frozenset[TreeKey], one: Outcome, refusal: Refusal) -> bool:
    places = {(path, key[0], key[1]) for path, key in group}
    return (one.manifest.path, refusal.document, refusal.path) in places


def _hunks(now: Outcomes, proposal: Outcomes) -> str:
    return "".join(
        unified(now[path].after.decode() if path in now else one.before.decode(), one.after.decode(), one.manifest.name)
        for path, one in proposal.items()
        if path not in now or one.after != now[path].after
    )


def _why(proposal: Outcome, move: Move) -> Sequence[Refusal]:
    place = (move.document, move.path, move.container)
    return [one for one in proposal.refusals if (one.document, one.path, one.container) == place]


def _faults(first: Outcome, edited: Outcome) -> list[Trouble]:
    """The errors that the edited text has and the old one had not."""
    known = [trouble.message for trouble in first.troubles if trouble.error]
    faults = []
    for trouble in edited.troubles:
        if not trouble.error:
            continue
        if trouble.message in known:
            known.remove(trouble.message)
        else:
            faults.append(trouble)
    return faults


def _same(one: Move, other: Move) -> bool:
    """Whether two moves, of the text before and after an edit, are of one container; its place may have changed."""
    return (one.document, one.path, one.container) == (other.document, other.path, other.container)
