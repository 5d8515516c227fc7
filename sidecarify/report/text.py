"""Messages, summaries and tables for people."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from sidecarify.report.visible import Style, painted, visible
from sidecarify.report.words import Words

if TYPE_CHECKING:
    from sidecarify.outcome import Follow
    from sidecarify.plan import Move, Refusal
    from sidecarify.report.json import ContainerEntry, FindingEntry, PodEntry

_LEVEL_STYLES: dict[str, Style] = {"refuse": "red", "review": "yellow", "safe": "green", "note": "dim"}
_COLUMN_GAP = 2
_WHY_WIDTH = 40
_SHOWN_NAMES = 10


class Look(NamedTuple):
    """How the reader sees the text: with colours or not, and how wide; 0 for no wrapping."""

    color: bool = False
    width: int = 0


PLAIN = Look()


def message(file: str, line: int, rule: str, container: str, text: str, look: Look = PLAIN) -> str:
    """`file:line: [rule] container: text`, wrapped where the reader's lines end."""
    place = visible(f"{file}:{line}:")
    who = visible(f" {container}:") if container else ""
    tag = visible(f"[{rule}]")
    plain = f"{place} {tag}{who} {visible(text)}"
    return _hanging(plain, look.width).replace(
        f"{place} {tag}", f"{painted(place, 'bold', color=look.color)} {painted(tag, 'yellow', color=look.color)}", 1
    )


def refusal_message(file: str, refusal: Refusal, look: Look = PLAIN) -> str:
    """Why a container was left alone; where the evidence stands in another file, that is named first."""
    where = refusal.file or file
    who = refusal.container if where == file or not refusal.container else f"{refusal.container} (in {file})"
    return message(where, refusal.line, refusal.rule, who, refusal.message, look)


def note_messages(file: str, moves: Sequence[Move], look: Look = PLAIN) -> Iterator[tuple[str, str]]:
    """What is worth knowing of the containers that move, each with the rule that says so."""
    for move in moves:
        for note in move.notes:
            yield note.rule, message(note.file or file, note.line, note.rule, move.container, note.message, look)


def moved_line(
    file: str,
    moves: Sequence[Move],
    words: Words,
    *,
    done: bool,
    look: Look = PLAIN,
    follows: Sequence[Follow] = (),
) -> str:
    """What happens to one file: which of its containers move, or the moves in other files that it `follows`."""
    names = _names(move.container for move in moves) or _followed(follows)
    verb = words.past if done else f"would {words.verb}"
    return f"{painted(verb, 'green', color=look.color)} {visible(file)}: {visible(names)}"


def _names(names: Iterable[str]) -> str:
    counted = Counter(names)
    shown = [name if count == 1 else f"{name} ({count} times)" for name, count in counted.items()]
    more = len(shown) - _SHOWN_NAMES
    return ", ".join(shown) if more <= 1 else f"{', '.join(shown[:_SHOWN_NAMES])} and {more} more"


def _followed(follows: Sequence[Follow]) -> str:
    by_file: dict[str, list[str]] = {}
    for one in follows:
        by_file.setdefault(one.file, []).append(one.container)
    moves = " and ".join(f"{_names(names)} in {file}" for file, names in by_file.items())
    return f"follows the move of {moves}"


class Counts(NamedTuple):
    """What a run comes to."""

    changed: int = 0
    moved: int = 0
    unchanged: int = 0
    left_alone: int = 0
    templates: int = 0
    failed: int = 0


def summary(counts: Counts, words: Words, *, done: bool, listed: bool = True) -> str:
    """One sentence that says it all; ends with a colon where a list of what was left alone follows."""
    if counts.changed:
        done_to = f"{_of(counts.changed, 'was', 'were') if done else 'would be'} {words.past}"
        moved = _count(counts.moved, "container")
        parts = [
            f"{_count(counts.changed, 'file')} {done_to} ({moved})",
            f"{counts.unchanged} left unchanged",
        ]
    else:
        parts = [f"Nothing to {words.verb}: {_count(counts.unchanged, 'file')} left unchanged"]
    if counts.failed:
        parts.append(f"{counts.failed} with errors")
    if counts.left_alone:
        parts.append(f"{_count(counts.left_alone, 'container')} left alone")
    return f"{', '.join(parts)}{':' if counts.left_alone and listed else '.'}"


def patch_line(file: str, changed: int) -> str:
    """What is in a patch file that has been written."""
    what = f"the patch for {_count(changed, 'file')}" if changed else "written, and empty"
    return f"{file}: {what}."


def templates_line(count: int, *, listed: bool) -> str:
    """How many templates were left alone, and how to see which."""
    hint = "" if listed else " (-v lists them)"
    return f"{_count(count, 'Helm template')} {_of(count, 'was', 'were')} left alone{hint}."


def more_of(kind: str, count: int) -> str:
    """How many messages of one kind were not printed, and how to see them."""
    return f"[{kind}] {count} more like those above (-v lists all)."


def left_by_rule(rules: Mapping[str, int]) -> str:
    """How many containers each rule speaks against, a line each."""
    from sidecarify.report.pages import list_text  # noqa: PLC0415  (for large runs alone)

    rows = sorted(rules.items(), key=lambda one: (-one[1], one[0]))
    return list_text([(f"  {name}", str(count)) for name, count in rows])


def nothing_found(asked: int, *, since: bool) -> str:
    """What to say of a run that found no files in so many places; `since`: it took only what has changed."""
    if not asked:
        return "sidecarify: the list of files is empty"
    if since:
        return "sidecarify: no file named *.yaml, *.yml or *.json has changed"
    return "sidecarify: no files named *.yaml, *.yml or *.json were found"


class Unconverted(NamedTuple):
    """Of a review: how many moves were declined, and not asked about, and how many manifests not looked at."""

    declined: int = 0
    unasked: int = 0
    unseen: int = 0


def review_summary(counts: Counts, rest: Unconverted) -> str:
    """One sentence on what a review has come to; ends with a colon where a list of what was left alone follows."""
    changed = f"{_count(counts.changed, 'file')} {_of(counts.changed, 'was', 'were')} converted"
    parts = [f"{changed} ({_count(counts.moved, 'container')})" if counts.changed else "Nothing was converted"]
    if rest.declined:
        parts.append(f"{rest.declined} declined")
    if rest.unasked:
        parts.append(f"{rest.unasked} not asked about")
    if rest.unseen:
        parts.append(f"{_count(rest.unseen, 'manifest')} not looked at")
    if counts.templates:
        parts.append(f"{_count(counts.templates, 'Helm template')} left alone")
    if counts.left_alone:
        parts.append(f"{_count(counts.left_alone, 'container')} left alone:")
    sentence = ", ".join(parts)
    return sentence if counts.left_alone else f"{sentence}."


def advice(levels: set[str], words: Words, look: Look = PLAIN) -> str:
    """How to have moved what was left alone."""
    ways = []
    if "review" in levels:
        ways.append(f"what is under review is moved with --unsafe, --accept RULE or {words.names} CONTAINER")
    if "refuse" in levels:
        ways.append(f"what is refused is moved only with {words.names} CONTAINER and --accept RULE together")
    text = "; ".join(ways)
    return _hanging(f"{text[0].upper()}{text[1:]}.", look.width) if text else ""


def pod_table(pod: PodEntry, *, verbose: bool, look: Look = PLAIN) -> str:
    """The containers of one pod as a table, with the findings on them, and all the evidence if `verbose`."""
    who = f"{pod['kind']} {pod['name'] or '(no name)'}"
    namespace = f", namespace {pod['namespace']}" if pod["namespace"] else ""
    head = f"{pod['file']}:{pod['line']}: {who} ({pod['apiVersion']}{namespace})"
    lines = [painted(visible(head), "bold", color=look.color)]
    rows = [("CONTAINER", "ROLE", "VERDICT", "FAMILY", "WHY"), *(_row(one) for one in pod["containers"])]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    for number, row in enumerate(rows):
        lines += _table_lines(row, widths, look, heading=number == 0)
    for container in pod["containers"]:
        lines += _details(container, pod["file"], look, verbose=verbose)
    return "\n".join(lines) + "\n"


class Verdicts(NamedTuple):
    """How many pods and containers `inspect` has seen, and the verdicts on the helpers among them."""

    pods: int = 0
    containers: int = 0
    safe: int = 0
    review: int = 0
    refuse: int = 0


NO_VERDICTS = Verdicts()


def verdicts(pods: Sequence[PodEntry]) -> Verdicts:
    """The counts for some pods."""
    found = [container["verdict"] for pod in pods for container in pod["containers"]]
    return Verdicts(len(pods), len(found), found.count("safe"), found.count("review"), found.count("refuse"))


def verdict_counts(counts: Verdicts) -> str:
    """One sentence on what `inspect` found."""
    numbers = (("safe", counts.safe), ("review", counts.review), ("refuse", counts.refuse))
    parts = [f"{number} {name}" for name, number in numbers if number]
    said = f" ({', '.join(parts)})" if parts else ""
    helpers = counts.safe + counts.review + counts.refuse
    counted = ", ".join((_count(counts.containers, "container"), _count(helpers, "helper")))
    return f"{_count(counts.pods, 'pod')} with several containers: {counted}{said}."


def _row(container: ContainerEntry) -> tuple[str, str, str, str, str]:
    shared = ", ".join(container["shared_volumes"])
    first = container["evidence"][0] if container["evidence"] else ""
    blocking = [finding["rule"] for finding in container["findings"] if finding["level"] == container["verdict"]]
    why = ", ".join(dict.fromkeys(blocking)) or _without_place(first)
    if shared and not blocking:
        why = f"{why}; shares {shared}" if why else f"shares {shared}"
    return (
        visible(container["name"] or "(no name)"),
        container["role"],
        container["verdict"] or "stays",
        container["transform"] or "-",
        visible(why),
    )


def _without_place(evidence: str) -> str:
    return evidence.rpartition(" (")[0] or evidence


def _table_lines(row: Sequence[str], widths: Sequence[int], look: Look, *, heading: bool) -> Iterator[str]:
    *cells, why = row
    padded = [cell.ljust(width + _COLUMN_GAP) for cell, width in zip(cells, widths, strict=True)]
    indent = 2 + sum(len(cell) for cell in padded)
    room = max(look.width - indent, _WHY_WIDTH) if look.width else 0
    wrapped = textwrap.wrap(why, room, break_long_words=False) or [""] if room else [why]
    if heading:
        yield painted(f"  {''.join(padded)}{why}".rstrip(), "dim", color=look.color)
        return
    style = _LEVEL_STYLES.get(row[2])
    if style is not None:
        padded[2] = painted(row[2], style, color=look.color) + " " * (len(padded[2]) - len(row[2]))
    yield f"  {''.join(padded)}{wrapped[0]}".rstrip()
    yield from (" " * indent + more for more in wrapped[1:])


def _details(container: ContainerEntry, file: str, look: Look, *, verbose: bool) -> Iterator[str]:
    for finding in container["findings"]:
        if verbose or finding["level"] != "note":
            yield "  " + _finding(container, finding, file, look)
    if verbose:
        for evidence in container["evidence"]:
            yield _hanging(f"    {visible(container['name'])}: {visible(evidence)}", look.width)


def _finding(container: ContainerEntry, finding: FindingEntry, file: str, look: Look) -> str:
    narrowed = look._replace(width=max(look.width - 2, 0))
    who = container["name"] if finding["file"] == file else f"{container['name']} (in {file})"
    what = f"{finding['level']}: {finding['message']}"
    return message(finding["file"], finding["line"], finding["rule"], who, what, narrowed)


def _hanging(text: str, width: int) -> str:
    if not width:
        return text
    return textwrap.fill(
        text, max(width, _WHY_WIDTH), subsequent_indent="    ", break_long_words=False, break_on_hyphens=False
    )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{_of(number, '', 's')}"


def _of(number: int, one: str, many: str) -> str:
    return one if number == 1 else many
