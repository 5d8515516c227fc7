"""`sidecarify inspect`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from itertools import zip_longest
from typing import TYPE_CHECKING, Annotated

import typer

from sidecarify.cli import arguments
from sidecarify.cli.arguments import Judging
from sidecarify.cli.choices import Choices
from sidecarify.cli.terminal import ColorWhen, Terminal, complain, orderly_end, put
from sidecarify.report import text
from sidecarify.report.visible import visible

if TYPE_CHECKING:
    from sidecarify.batch import Inspection, Trouble
    from sidecarify.preview import Preview
    from sidecarify.report.json import ErrorEntry, PodEntry


class OutputFormat(StrEnum):
    """The forms of the answer."""

    TEXT = "text"
    JSON = "json"


def inspect(
    paths: arguments.Paths = None,
    output_format: Annotated[OutputFormat, typer.Option(help="A table for people, or JSON for programs.")] = (
        OutputFormat.TEXT
    ),
    helper: arguments.Helper = None,
    main: arguments.Main = None,
    kube_version: arguments.KubeVersion = None,
    no_shared_volume: arguments.NoSharedVolume = None,
    transforms: arguments.Transforms = None,
    select: arguments.Select = None,
    ignore: arguments.Ignore = None,
    no_ignores: arguments.NoIgnores = False,
    config: arguments.Config = None,
    isolated: arguments.Isolated = False,
    timeline: Annotated[
        bool,
        typer.Option("--timeline", help="Show the order of start and stop, and the demand, now and after the move."),
    ] = False,
    color: arguments.Color = ColorWhen.AUTO,
    quiet: arguments.Quiet = False,
    verbose: arguments.Verbose = False,
) -> None:
    """Say what each container of a pod is, whether it could move, and why. Changes nothing.

    Exit codes: 0 done, 2 an error (a file that could not be read; the others are still done).
    """
    judging = Judging(
        helper,
        main,
        None,
        select,
        ignore,
        transforms,
        kube_version,
        no_shared_volume,
        no_ignores=no_ignores,
        config=config,
        isolated=isolated,
    )
    given = arguments.places(paths)
    choices = Choices(judging, given)
    terminal = Terminal.of(color, quiet=quiet)
    pods: list[PodEntry] = []
    errors: list[ErrorEntry] = []
    named: set[str] = set()
    with orderly_end():
        for inspection in _answers(given, choices, previews=timeline or verbose):
            troubles = (*inspection.troubles, *inspection.templates)
            named |= inspection.named
            pods += inspection.pods
            errors += ({"file": one.file, "line": one.line, "message": one.message} for one in troubles if one.error)
            _tell(troubles, terminal)
            if output_format is OutputFormat.TEXT:
                for pod, shown in zip_longest(inspection.pods, inspection.previews):
                    extra = _extra(shown, timeline=timeline) if shown is not None else ""
                    put(f"{text.pod_table(pod, verbose=verbose, look=terminal.out)}{extra}\n")
        if output_format is OutputFormat.JSON:
            from sidecarify.report.json import rendered  # noqa: PLC0415  (for this format alone)

            put(rendered(str(choices.first.settings.target), pods, errors))
        for warning in arguments.unmatched(judging, named):
            terminal.say(visible(warning))
        terminal.say(text.verdict_counts(pods))
    raise typer.Exit(2 if errors else 0)


def _answers(given: Sequence[str], choices: Choices, *, previews: bool) -> Iterator[Inspection]:
    """What there is to say of each manifest, and first of all what kept files from being looked at."""
    from sidecarify.batch import Inspection, inspect_all, inspect_one, survey  # noqa: PLC0415  (`--help` needs none)

    if given == [arguments.STDIN]:
        manifest, options = arguments.stdin_manifest(), choices.first
        yield inspect_one(manifest, arguments.received(), options, previews=previews)
        return
    looked = survey(given)
    choices.prepare(looked.candidates)
    yield Inspection(arguments.stdin_manifest(), troubles=tuple(looked.troubles))
    yield from inspect_all(looked, choices.of, previews=previews)


def _extra(shown: Preview, *, timeline: bool) -> str:
    """The lines below a pod's table: its order where that was asked for, its demand where that differs too."""
    from sidecarify.report.timeline import demand_differs, demand_line, timeline_lines  # noqa: PLC0415  (if asked for)

    lines = list(timeline_lines(shown)) if timeline else []
    demand = demand_line(shown)
    if demand and (timeline or demand_differs(shown)):
        lines.append(demand)
    return "".join(f"  {line}\n" for line in lines)


def _tell(troubles: Iterable[Trouble], terminal: Terminal) -> None:
    for one in troubles:
        line = text.message(one.file, one.line, one.code, "", one.message, terminal.err)
        if one.error:
            complain(line)
        else:
            terminal.say(line)
