"""What a run has to say of a manifest, one result for each thing: what the formats for programs are made of."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Literal, NamedTuple, cast

from sidecarify.report.words import CONVERT, Words, words_of

if TYPE_CHECKING:
    from sidecarify.outcome import Inspection, Outcome, Owner, Trouble
    from sidecarify.plan import Move, MoveKey, Refusal
    from sidecarify.report.json import ContainerEntry, FindingEntry, PodEntry

Sort = Literal["move", "left", "note", "template", "remark", "error"]
Level = Literal["safe", "review", "refuse", "note", "error"]

FOLLOWS = "follows-move"
"""The name of the remark on a file that changes for the sake of a move in another one."""
TEMPLATE = "template"


class Place(NamedTuple):
    """The pod spec that a result is about, by what does not change when lines are added above it."""

    kind: str = ""
    namespace: str | None = None
    name: str | None = None
    path: str = ""
    document: int = 0
    api_version: str = ""


class Identity(NamedTuple):
    """What makes two results of two runs the same one; the line is no part of it."""

    file: str
    kind: str
    namespace: str
    name: str
    path: str
    container: str
    rule: str


class Result(NamedTuple):
    """One thing that is said of a manifest.

    `file` and `line` are those of the evidence, `manifest` is where the container stands. `rule` is a rule, the code of
    a refusal or an error, or the name that moves go by (words.py). `ordinal` tells results of one identity apart, from
    0. `subject` is what it was made of: a move, a refusal, or a finding of `inspect`.
    """

    sort: Sort
    rule: str
    level: Level
    message: str
    file: str
    line: int
    manifest: str
    container: str = ""
    place: Place = Place()
    evidence: tuple[str, ...] = ()
    ordinal: int = 0
    subject: Move | Refusal | FindingEntry | ContainerEntry | None = None

    @property
    def identity(self) -> Identity:
        """What makes it the same as a result of another run."""
        place = self.place
        return Identity(
            self.manifest, place.kind, place.namespace or "", place.name or "", place.path, self.container, self.rule
        )

    @property
    def fingerprint(self) -> str:
        """The identity with the ordinal, as 64 hexadecimal digits."""
        parts = "\0".join((*self.identity, str(self.ordinal)))
        return hashlib.sha256(parts.encode("utf-8", "surrogatepass")).hexdigest()


class Fix(NamedTuple):
    """The text of a manifest in which the moves of one pod have been made, and no others.

    `beside` are other manifests that have to change with it, each with its texts before and after.
    """

    document: int
    path: str
    containers: tuple[str, ...]
    after: str
    beside: tuple[tuple[str, str, str], ...] = ()


class FileReport(NamedTuple):
    """All that a run says of one manifest, with its text, the text that `convert` makes of it, and `inspect`'s pods."""

    file: str
    results: tuple[Result, ...] = ()
    pods: tuple[PodEntry, ...] = ()
    before: str = ""
    after: str = ""
    fixes: tuple[Fix, ...] = ()

    @property
    def changed(self) -> bool:
        """Whether the manifest would be written."""
        return self.before != self.after

    def of(self, *sorts: Sort) -> Iterator[Result]:
        """The results of some sorts."""
        return (one for one in self.results if one.sort in sorts)


def of_outcome(outcome: Outcome) -> FileReport:
    """The results of a conversion: moves with their notes, what was left alone, and what could not be read."""
    name = outcome.manifest.name
    places = {(one.document, one.path): _place(one) for one in outcome.owners}
    reasons_of: dict[MoveKey, list[str]] = {}
    for reason in outcome.reasons:
        reasons_of.setdefault(reason.move, []).append(f"{reason.text} ({reason.file}:{reason.line})")
    results: list[Result] = []
    for move in outcome.moves:
        place = places.get((move.document, move.path), Place(path=move.path, document=move.document))
        reasons = tuple(reasons_of.get(move.key, ()))
        words = words_of(reverting=move.reverted)
        made = _movable(words, name, move.container, move.line, move.verdict, place, reasons)
        results.append(made._replace(subject=move))
        results += (
            Result("note", note.rule, "note", note.message, note.file or name, note.line, name, move.container, place)
            for note in move.notes
        )
    results += (_left(name, refusal, places) for refusal in outcome.refusals)
    for one in outcome.follows:
        what = f"The file follows the move of `{one.container}` in {one.file}."
        results.append(Result("remark", FOLLOWS, "note", what, name, 1, name))
    results += of_troubles(outcome.troubles)
    before, after = outcome.before, outcome.after
    return FileReport(
        name,
        numbered(results),
        before=before.decode("utf-8", "replace"),
        after=after.decode("utf-8", "replace"),
    )


def of_inspection(inspection: Inspection) -> FileReport:
    """The results of an inspection: what could move, and the findings on the other helpers."""
    name = inspection.manifest.name
    results: list[Result] = []
    for pod in inspection.pods:
        place = Place(pod["kind"], pod["namespace"], pod["name"], pod["path"], pod["document"], pod["apiVersion"])
        for container in pod["containers"]:
            results += _of_container(name, place, container)
    results += of_troubles(inspection.troubles)
    results += (
        Result("template", TEMPLATE, "note", one.message, one.file, one.line, name) for one in inspection.templates
    )
    text = inspection.before.decode("utf-8", "replace")
    return FileReport(name, numbered(results), inspection.pods, text, text)


def of_survey(troubles: Iterable[Trouble]) -> Iterator[FileReport]:
    """What kept files from being looked at, a report for each file."""
    for file, group in groupby(troubles, key=lambda one: one.file):
        yield FileReport(file, numbered(of_troubles(group)))


def of_troubles(troubles: Iterable[Trouble]) -> Iterator[Result]:
    """Messages on files as results."""
    for one in troubles:
        if one.error:
            yield Result("error", one.code, "error", one.message, one.file, one.line, one.file)
        else:
            yield Result("remark", one.code, "note", one.message, one.file, one.line, one.file)


def numbered(results: Iterable[Result]) -> tuple[Result, ...]:
    """The results with their ordinals."""
    seen: Counter[Identity] = Counter()
    found = []
    for one in results:
        found.append(one._replace(ordinal=seen[one.identity]))
        seen[one.identity] += 1
    return tuple(found)


def _of_container(file: str, place: Place, container: ContainerEntry) -> Iterator[Result]:
    verdict = container["verdict"]
    if verdict is None:
        return
    name = container["name"]
    if verdict == "safe":
        evidence = tuple(container["evidence"])
        yield _movable(CONVERT, file, name, container["line"], "safe", place, evidence)._replace(subject=container)
    for finding in container["findings"]:
        sort: Sort = "note" if finding["level"] == "note" else "left"
        if sort == "note" and verdict != "safe":  # a note is worth knowing of what moves
            continue
        yield Result(
            sort,
            finding["rule"],
            cast("Level", finding["level"]),
            finding["message"],
            finding["file"],
            finding["line"],
            file,
            name,
            place,
            subject=finding,
        )


def _movable(
    words: Words, file: str, name: str, line: int, level: Level, place: Place, evidence: tuple[str, ...]
) -> Result:
    return Result("move", words.rule, level, f"`{name}` {words.can}", file, line, file, name, place, evidence)


def _left(file: str, refusal: Refusal, places: dict[tuple[int, str], Place]) -> Result:
    place = places.get((refusal.document, refusal.path), Place(path=refusal.path, document=refusal.document))
    is_template = refusal.rule == TEMPLATE
    return Result(
        "template" if is_template else "left",
        refusal.rule,
        "note" if is_template else cast("Level", refusal.level),
        refusal.message,
        refusal.file or file,
        refusal.line,
        file,
        refusal.container,
        place,
        subject=refusal,
    )


def _place(owner: Owner) -> Place:
    return Place(owner.kind, owner.namespace, owner.name, owner.path, owner.document, owner.api_version)


def containers(results: Sequence[Result]) -> int:
    """How many containers the results are about; many rules may speak of one."""
    return len({(one.manifest, one.place, one.container) for one in results})
