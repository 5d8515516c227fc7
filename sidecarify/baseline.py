"""The baseline of a repository: what is known already and is not to be reported again. docs/ci.md describes it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from sidecarify.files import FileError, read
from sidecarify.report.results import FileReport, Identity, Result
from sidecarify.yamltext.source import BOM
from sidecarify.yamltext.tree import Node, YamlError, parse

if TYPE_CHECKING:
    from sidecarify.report.json import ContainerEntry, PodEntry

VERSION = 1
_KEYS = ("file", "kind", "namespace", "name", "path", "container", "rule")
Located = Callable[[str], str]
"""Gives the name of a file in a baseline: from the baseline's folder, so that it holds wherever it is read."""


class BaselineError(Exception):
    """A baseline that cannot be used, with the line (from 1) that shows why."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line
        self.message = message


class Baseline(NamedTuple):
    """What is known, and how often, by a run of `command`."""

    command: str
    known: Mapping[Identity, int]


class Found(NamedTuple):
    """What a run found, held against a baseline: the results that are new, and those that are known."""

    new: FileReport
    known: tuple[Result, ...]


def read_baseline(path: Path, command: str) -> Baseline:
    """The baseline in a file. Raises BaselineError, also for one that another command has written."""
    try:
        data = read(path)
    except FileError as error:
        raise BaselineError(1, error.message) from None
    try:
        text = data.decode("utf-8").removeprefix(BOM)
        whole = json.loads(text)
    except UnicodeDecodeError as error:
        raise BaselineError(data.count(b"\n", 0, error.start) + 1, "is not UTF-8") from None
    except json.JSONDecodeError as error:
        raise BaselineError(error.lineno, f"is not JSON: {error.msg} (column {error.colno})") from None
    except RecursionError:
        raise BaselineError(1, "is nested too deeply") from None
    return _baseline(whole, text, command)


def identities(report: FileReport, located: Located) -> Iterator[Identity]:
    """What a baseline has to know, so that nothing of the report is reported again."""
    return (_identity(one, located) for one in report.results if _counts(one))


def written(found: Iterable[Identity], command: str) -> str:
    """The text of a baseline that knows all of `found`: sorted, a finding a line, so that a diff of it can be read."""
    counts = Counter(found)
    lines = [json.dumps(_entry(one, counts[one]), ensure_ascii=False) for one in sorted(counts)]
    body = ",\n    ".join(lines)
    findings = f"[\n    {body}\n  ]" if lines else "[]"
    return f'{{\n  "version": {VERSION},\n  "command": {json.dumps(command)},\n  "findings": {findings}\n}}\n'


def compare(report: FileReport, left: Counter[Identity], located: Located) -> Found:
    """Take what `left` still knows out of a report; `left` is counted down, and what remains in the end is gone.

    Notes on a container that there is nothing new to say of are known with it.
    """
    new: list[Result] = []
    known: list[Result] = []
    for result in report.results:
        identity = _identity(result, located)
        if _counts(result) and left[identity] > 0:
            left[identity] -= 1
            known.append(result)
        else:
            new.append(result)
    told = {(one.place, one.container) for one in new if one.sort != "note"}
    silent = {(one.place, one.container) for one in known} - told
    kept = tuple(one for one in new if one.sort != "note" or (one.place, one.container) not in silent)
    return Found(report._replace(results=kept, pods=tuple(_pods(report, kept))), tuple(known))


def _pods(report: FileReport, kept: Iterable[Result]) -> Iterator[PodEntry]:
    """The pods that there is something new to say of, without the findings that are known."""
    new = {id(one.subject) for one in kept}
    for pod in report.pods:
        containers: list[ContainerEntry] = []
        said = False
        for one in pod["containers"]:
            told = id(one) in new or any(id(finding) in new for finding in one["findings"])
            said = said or told
            kept_here = (finding for finding in one["findings"] if id(finding) in new or finding["level"] == "note")
            containers.append({**one, "findings": list(kept_here) if told else []})
        if said:
            yield {**pod, "containers": containers}


def gone(left: Mapping[Identity, int], looked_at: Callable[[str], bool]) -> Iterator[Identity]:
    """What a baseline knows and the run did not find, in the files that it has looked at."""
    return (one for one in sorted(left) if left[one] > 0 and looked_at(one.file))


def _counts(result: Result) -> bool:
    """Whether a baseline may know a result: an error is to be mended, and notes and remarks are no findings."""
    return result.sort in ("move", "left", "template")


def _identity(result: Result, located: Located) -> Identity:
    return result.identity._replace(file=located(result.manifest))


def _entry(identity: Identity, count: int) -> dict[str, object]:
    entry: dict[str, object] = {key: value for key, value in identity._asdict().items() if value}
    return entry if count == 1 else {**entry, "count": count}


def _baseline(whole: object, text: str, command: str) -> Baseline:
    if not isinstance(whole, dict):
        raise BaselineError(1, "is no baseline: expected an object with `version`, `command` and `findings`")
    if whole.get("version") != VERSION:
        line = _line(text, ("version",))
        raise BaselineError(line, f"has the version {whole.get('version')!r}; this sidecarify reads version {VERSION}")
    if whole.get("command") != command:
        what = f"was written by `{whole.get('command')}` and is read by `{command}`: each finds other things"
        raise BaselineError(_line(text, ("command",)), what)
    findings = whole.get("findings")
    if not isinstance(findings, list):
        raise BaselineError(_line(text, ("findings",)), "has no list of `findings`")
    known: Counter[Identity] = Counter()
    for number, entry in enumerate(findings):
        fault = _fault(entry)
        if fault:
            raise BaselineError(_line(text, ("findings", number)), fault)
        known[Identity(*(entry.get(key, "") for key in _KEYS))] += entry.get("count", 1)
    return Baseline(command, known)


def _fault(entry: object) -> str:
    if not isinstance(entry, dict):
        return "a finding is an object with `file` and `rule`"
    for key, value in entry.items():
        if key == "count":
            if not isinstance(value, int) or isinstance(value, bool) or value < 1:
                return "`count` is a number from 1"
        elif key not in _KEYS:
            return f"a finding has no key {key!r}; known are {', '.join((*_KEYS, 'count'))}"
        elif not isinstance(value, str):
            return f"`{key}` is a text"
    missing = [key for key in ("file", "rule") if not entry.get(key)]
    return f"a finding without `{missing[0]}`" if missing else ""


def _line(text: str, route: Sequence[str | int]) -> int:
    """The line of a place in the file: JSON is YAML, whose nodes know their lines."""
    try:
        node = parse(text)
    except YamlError:
        return 1
    line = 1
    for step in route:
        node = _below(node, step)
        if node is None:
            break
        line = node.line
    return line


def _below(node: Node | None, step: str | int) -> Node | None:
    if node is None:
        return None
    if isinstance(step, int):
        return node.items[step] if node.kind == "seq" else None
    found = node.pair(step) if node.kind == "map" else None
    return None if found is None else found[1]
