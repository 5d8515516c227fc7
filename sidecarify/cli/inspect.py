"""`sidecarify inspect`."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from sidecarify.cli import arguments, output, selecting
from sidecarify.cli.arguments import Judging
from sidecarify.cli.choices import Choices
from sidecarify.cli.messages import Messages
from sidecarify.cli.output import Ledger, OutputFormat, Reporting
from sidecarify.cli.progress import awaited, watched
from sidecarify.cli.selecting import Selecting
from sidecarify.cli.terminal import ColorWhen, Terminal, is_terminal, orderly_end
from sidecarify.report import text
from sidecarify.report.text import PLAIN, Look
from sidecarify.report.visible import visible

if TYPE_CHECKING:
    from sidecarify.options import Options
    from sidecarify.outcome import Inspection
    from sidecarify.preview import Preview
    from sidecarify.report.json import PodEntry
    from sidecarify.report.results import FileReport, Fix
    from sidecarify.survey import Survey


def inspect(
    paths: arguments.Paths = None,
    output_format: output.Format = OutputFormat.TEXT,
    output_file: output.OutputFile = None,
    baseline: output.Known = None,
    write_baseline: output.WriteBaseline = None,
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
    exclude: selecting.Exclude = None,
    include: selecting.Include = None,
    force_exclude: selecting.ForceExclude = False,
    no_ignore_files: selecting.NoIgnoreFiles = False,
    files_from: selecting.FilesFrom = None,
    since: selecting.Since = None,
    jobs: arguments.Jobs = None,
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
    reporting = Reporting(output_format, output_file, baseline, write_baseline)
    files = Selecting(paths, exclude, include, force_exclude, no_ignore_files, files_from, since, jobs)
    choices = Choices(judging, files.given)
    terminal = Terminal.of(color, quiet=quiet)
    ledger = Ledger(reporting, "inspect")
    looking = _Looking(terminal, ledger, verbose=verbose, timeline=timeline)
    with orderly_end():
        if reporting.for_people:
            look = PLAIN if output_file is not None else terminal.out
            pieces = looking.tables(_inspections(files, choices, terminal, previews=timeline or verbose), look)
        else:
            about = output.about("inspect", str(choices.first.settings.target))
            fixed = output_format is OutputFormat.SARIF
            found = looking.reports(_inspections(files, choices, terminal, fixed=fixed))
            pieces = output.renderer(output_format, "inspect")(found, about)
        written = output.publish(pieces, output_file)
        for warning in arguments.unmatched(judging, looking.named):
            terminal.say(visible(warning))
        looking.sum_up()
        written = ledger.close(terminal, files.given if files.everything else ()) and written
    raise typer.Exit(2 if looking.messages.failed or not written else 0)


class _Looking:
    """One run: tells what kept files from being read as it becomes known, and counts."""

    def __init__(self, terminal: Terminal, ledger: Ledger, *, verbose: bool, timeline: bool) -> None:
        from sidecarify.report.summary import Summary  # noqa: PLC0415  (`--help` needs none of it)

        self.terminal = terminal
        self.ledger = ledger
        self.verbose = verbose
        self.timeline = timeline
        self.summary = Summary()
        self.named: set[str] = set()
        self.messages = Messages(terminal, every=verbose)
        self._counts: list[int] = [0] * len(text.NO_VERDICTS)

    def reports(self, inspections: Iterable[tuple[Inspection, tuple[Fix, ...]]]) -> Iterator[FileReport]:
        """What there is to say of each manifest, without what a baseline knows."""
        for inspection, fixes in inspections:
            for report in self._told(inspection):
                yield report._replace(fixes=fixes)

    def tables(self, inspections: Iterable[tuple[Inspection, tuple[Fix, ...]]], look: Look) -> Iterator[str]:
        """A table for each pod."""
        for inspection, _ in inspections:
            previews = dict(zip(map(_key, inspection.pods), inspection.previews, strict=False))
            for report in self._told(inspection):
                for pod in report.pods:
                    shown = previews.get(_key(pod))
                    extra = _extra(shown, timeline=self.timeline) if shown is not None else ""
                    yield f"{text.pod_table(pod, verbose=self.verbose, look=look)}{extra}\n"

    def sum_up(self) -> None:
        """Say what the run comes to."""
        self.messages.sum_up()
        self.terminal.say(text.verdict_counts(text.Verdicts(*self._counts)))
        if self.summary.templates:
            self.terminal.say(text.templates_line(self.summary.templates, listed=self.verbose))
        if self.verbose:
            from sidecarify.report.summary import tables  # noqa: PLC0415  (see __init__)

            for table in tables(self.summary):
                self.terminal.say(f"\n{table}".rstrip())

    def _told(self, inspection: Inspection) -> Iterator[FileReport]:
        from sidecarify.report.results import of_inspection, of_survey  # noqa: PLC0415  (see __init__)

        self.named |= inspection.named
        self.messages.tell((*inspection.troubles, *(inspection.templates if self.verbose else ())))
        of_files = inspection.manifest.name == ""
        for one in of_survey(inspection.troubles) if of_files else (of_inspection(inspection),):
            report = self.ledger.new(one)
            self.summary.add(report)
            self._counts = [old + new for old, new in zip(self._counts, text.verdicts(report.pods), strict=True)]
            yield report


def _inspections(
    files: Selecting, choices: Choices, terminal: Terminal, *, previews: bool = False, fixed: bool = False
) -> Iterator[tuple[Inspection, tuple[Fix, ...]]]:
    """The inspection of each manifest with the fixes for it; first one without a name: what could not be looked at."""
    from sidecarify.batch import inspect_one  # noqa: PLC0415  (`--help` needs none)
    from sidecarify.discover import Manifest  # noqa: PLC0415
    from sidecarify.outcome import Inspection  # noqa: PLC0415  (`--help` needs none)
    from sidecarify.tree_outcomes import inspect_all  # noqa: PLC0415

    if files.given == [arguments.STDIN]:
        one = inspect_one(arguments.stdin_manifest(), arguments.received(), choices.first, previews=previews)
        yield one, _fixes(one, choices.first) if fixed else ()
        return
    looked, trees = files.find(choices, terminal)
    yield Inspection(Manifest("", ""), troubles=tuple(looked.troubles)), ()
    inspections = inspect_all(looked, trees, choices.of, previews=previews, fixed=fixed, jobs=files.jobs)
    for one in watched(inspections, awaited(looked, trees), wanted=not terminal.quiet and not is_terminal(sys.stdout)):
        alone = fixed and one.manifest.path not in trees.by_path
        yield one, _fixes(one, choices.of(one.manifest), looked) if alone else one.fixes


def _fixes(inspection: Inspection, options: Options, looked: Survey | None = None) -> tuple[Fix, ...]:
    if not any(one["verdict"] == "safe" for pod in inspection.pods for one in pod["containers"]):
        return ()
    from sidecarify.batch import convert_one  # noqa: PLC0415  (see _inspections)
    from sidecarify.fixes import fixes  # noqa: PLC0415

    around = None if looked is None else looked.around
    return tuple(fixes(convert_one(inspection.manifest, inspection.before, options, around), options, around))


def _key(pod: PodEntry) -> tuple[int, str]:
    return pod["document"], pod["path"]


def _extra(shown: Preview, *, timeline: bool) -> str:
    """The lines below a pod's table: its order where that was asked for, its demand where that differs too."""
    from sidecarify.report.timeline import demand_differs, demand_line, timeline_lines  # noqa: PLC0415  (if asked for)

    lines = list(timeline_lines(shown)) if timeline else []
    demand = demand_line(shown)
    if demand and (timeline or demand_differs(shown)):
        lines.append(demand)
    return "".join(f"  {line}\n" for line in lines)
