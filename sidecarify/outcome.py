"""What becomes of a manifest in a run, and what there is to say of it: the values that the core hands to reports."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from sidecarify.discover import Manifest

if TYPE_CHECKING:
    from sidecarify.plan import Move, MoveKey, Refusal
    from sidecarify.preview import Preview
    from sidecarify.report.json import PodEntry
    from sidecarify.report.results import Fix


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


class Beside(NamedTuple):
    """Another manifest that changes for the sake of the same moves."""

    file: str
    before: bytes
    after: bytes


class Outcome(NamedTuple):
    """What becomes of one manifest: its bytes before and after, and what there is to say.

    Of a kustomize tree, `follows` are the moves of other manifests that it follows, and `together` are the paths of all
    files that are written with it or not at all, its own among them. If all of these are for the sake of its own moves,
    `beside` are the others.
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
    beside: tuple[Beside, ...] = ()

    @property
    def changed(self) -> bool:
        """Whether the file is to be written."""
        return self.after != self.before


class Inspection(NamedTuple):
    """What the judge says of one manifest; `templates` are documents that are no YAML yet.

    `previews` belong to the `pods`, one each, where they were asked for; so were `fixes`, of a kustomize tree.
    """

    manifest: Manifest
    pods: tuple[PodEntry, ...] = ()
    troubles: tuple[Trouble, ...] = ()
    templates: tuple[Trouble, ...] = ()
    named: frozenset[str] = frozenset()
    before: bytes = b""
    previews: tuple[Preview, ...] = ()
    fixes: tuple[Fix, ...] = ()


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
