"""Reports made of manifests as they come from a run, with texts that would break a careless format."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import pytest

from sidecarify.batch import convert_one, inspect_one
from sidecarify.direction import TO_SIDECAR, Direction
from sidecarify.discover import Manifest
from sidecarify.fixes import fixes
from sidecarify.options import Options
from sidecarify.plan import Move
from sidecarify.report.about import About
from sidecarify.report.results import FileReport, Place, Result, of_inspection, of_outcome
from tests.support.manifests import WEB

NASTY = (
    "a|b`c``d<script>alert(1)</script> [x](http://evil) ![i](u) @team #12 & \"q\" 'p' "
    "%0A::error::x \x1b[31m\x00\u202e \\| ]]>"
)
TAIL = WEB.replace("name: web,", "name: tail,").replace(
    "image: fluent/fluent-bit:3.1", 'image: busybox:1.36\n          command: [sh, -c, "tail -f /var/log/web/a.log"]'
)
TEMPLATE = "kind: Pod\nspec:\n  containers:\n{{- if .x }}\n  - name: a\n{{- end }}\n"
BROKEN = "kind: Pod\nspec: {containers: [\n"

Report = Callable[..., FileReport]
Render = Callable[[Iterable[FileReport], About], Iterator[str]]


def converted(
    text: str, name: str = "web.yaml", options: Options | None = None, direction: Direction = TO_SIDECAR
) -> FileReport:
    """What `convert`, or `revert`, says of a manifest, with the fixes."""
    chosen = options or Options()
    outcome = convert_one(Manifest(name, f"/{name}", explicit=True), text.encode(), chosen, direction=direction)
    return of_outcome(outcome)._replace(fixes=tuple(fixes(outcome, chosen, direction=direction)))


def inspected(text: str, name: str = "web.yaml") -> FileReport:
    """What `inspect` says of a manifest."""
    return of_inspection(inspect_one(Manifest(name, f"/{name}", explicit=True), text.encode(), Options()))


def nasty() -> FileReport:
    """A report in which every text is hostile."""
    place = Place(NASTY, NASTY, NASTY, NASTY, 0, NASTY)
    move = Move(0, NASTY, NASTY, 1, 0, 1)
    made = [
        Result("move", "native-sidecar", "safe", NASTY, NASTY, 1, NASTY, NASTY, place, (NASTY,), subject=move),
        Result("left", NASTY, "refuse", NASTY, NASTY, 2, NASTY, NASTY, place),
        Result("note", NASTY, "note", NASTY, "other" + NASTY, 3, NASTY, NASTY, place),
        Result("template", "template", "note", NASTY, NASTY, 4, NASTY),
        Result("error", "parse", "error", NASTY, NASTY, 5, NASTY),
    ]
    return FileReport(NASTY, tuple(made))


def said(render: Render, *reports: FileReport, about: About | None = None) -> str:
    """The whole answer in a format."""
    return "".join(render(reports, about or About("convert", "1.33", "0.1.0")))


@pytest.fixture
def everything() -> list[FileReport]:
    """A run with a move, a note, a refusal, a template, an error, and texts that are hostile."""
    return [
        converted(WEB),
        converted(TAIL, "deploy/tail.yaml"),
        converted(TEMPLATE, "chart/templates/a.yaml"),
        converted(BROKEN, "broken.yaml"),
        nasty(),
    ]
