"""What a whole run comes to: by verdict, rule, kind and folder."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from sidecarify.report.results import FileReport, Result
from sidecarify.report.visible import visible

_VERDICTS = ("safe", "review", "refuse")


class Summary:
    """Counts of containers, which grow with the rules, kinds and folders of a run and not with its files.

    A container counts once by its verdict, its kind and its folder, and once for each rule that speaks against it.
    """

    def __init__(self) -> None:
        self.verdicts: Counter[str] = Counter()
        self.moved: Counter[str] = Counter()
        self.rules: Counter[str] = Counter()
        self.kinds: Counter[tuple[str, str]] = Counter()
        self.folders: Counter[tuple[str, str]] = Counter()
        self.templates = 0

    def add(self, report: FileReport) -> None:
        """Count one manifest."""
        verdicts: dict[tuple[object, str], str] = {}
        seen: set[tuple[object, str, str]] = set()
        for result in report.of("move", "left"):
            self._result(result, verdicts, seen)
        folder = report.file.rpartition("/")[0] or "."
        for (place, _), verdict in verdicts.items():
            self.verdicts[verdict] += 1
            self.kinds[getattr(place, "kind", "") or "(no kind)", verdict] += 1
            self.folders[folder, verdict] += 1
        self.templates += sum(1 for _ in report.of("template"))

    def _result(
        self, result: Result, verdicts: dict[tuple[object, str], str], seen: set[tuple[object, str, str]]
    ) -> None:
        who = (result.place, result.container)
        if result.sort == "move":
            self.moved[result.level] += 1
            verdicts[who] = result.level
            return
        known = verdicts.get(who, "safe")
        verdicts[who] = max(known, result.level, key=lambda one: _VERDICTS.index(one) if one in _VERDICTS else 0)
        if (*who, result.rule) not in seen:
            seen.add((*who, result.rule))
            self.rules[result.rule] += 1


def tables(summary: Summary) -> Iterator[str]:
    """The counts as tables of text: verdicts, what was left alone by rule, and both by kind and folder."""
    from sidecarify.report.pages import list_text  # noqa: PLC0415  (for those who ask for it)

    if not summary.verdicts:
        return
    verdicts = [(name, str(summary.verdicts[name])) for name in _VERDICTS if summary.verdicts[name]]
    yield list_text([("VERDICT", "CONTAINERS"), *verdicts])
    if summary.rules:
        rules = sorted(summary.rules.items(), key=lambda one: (-one[1], one[0]))
        yield list_text([("LEFT ALONE BY RULE", "CONTAINERS"), *((name, str(count)) for name, count in rules)])
    for head, counts in (("KIND", summary.kinds), ("FOLDER", summary.folders)):
        names = sorted({name for name, _ in counts})
        rows = [(visible(name), *(str(counts[name, verdict]) for verdict in _VERDICTS)) for name in names]
        yield list_text([(head, *(name.upper() for name in _VERDICTS)), *rows])
