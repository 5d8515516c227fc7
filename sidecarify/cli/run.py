"""A run that moves containers, in whichever direction: manifests in, patches or new manifests out."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import typer

from sidecarify.cli import arguments, output
from sidecarify.cli.arguments import Judging
from sidecarify.cli.choices import Choices
from sidecarify.cli.messages import LeftAlone, Messages
from sidecarify.cli.output import Ledger, OutputFormat, Reporting
from sidecarify.cli.progress import awaited, watched
from sidecarify.cli.selecting import Selecting
from sidecarify.cli.terminal import Terminal, is_terminal, orderly_end, put_bytes
from sidecarify.report import text
from sidecarify.report.visible import visible
from sidecarify.report.words import words_of

if TYPE_CHECKING:
    from sidecarify.discover import Manifest
    from sidecarify.options import Options
    from sidecarify.outcome import Follow, Outcome
    from sidecarify.plan import Move, Refusal
    from sidecarify.report.results import FileReport, Fix
    from sidecarify.survey import Survey
    from sidecarify.writing import Written


class Wish(NamedTuple):
    """What is to be done with what a manifest becomes."""

    diff: bool
    check: bool
    patch: Path | None
    explain: bool
    verbose: bool
    reporting: Reporting
    atomic: bool = False
    prove: bool = False

    @property
    def tool(self) -> tuple[str, ...] | None:
        """What builds kustomizations, where they are to be compared. Raises typer.BadParameter if there is none."""
        if not self.prove:
            return None
        from sidecarify.kustomize.prove import find_tool  # noqa: PLC0415  (for this argument alone)

        found = find_tool()
        if found is None:
            what = "neither kubectl nor kustomize is installed (found on the PATH), and one of them must build."
            raise typer.BadParameter(what, param_hint="--prove")
        return found

    @property
    def looking(self) -> bool:
        """Whether the run asks a question, to be answered by its exit code."""
        return self.diff or self.check

    @property
    def writes(self) -> bool:
        """Whether manifests are replaced."""
        return not self.looking and self.patch is None

    @property
    def diff_on_stdout(self) -> bool:
        """Whether the patch is printed: where nothing else goes to stdout."""
        return self.diff and self.reporting.for_people != (self.reporting.file is not None)

    @property
    def prints_answer(self) -> bool:
        """Whether lines go to stdout while the run goes on."""
        return self.diff_on_stdout or not (self.reporting.for_people or self.reporting.file is not None)

    @property
    def keeps_patches(self) -> bool:
        """Whether the patch goes into a file, at the end."""
        return self.patch is not None or (self.reporting.for_people and self.reporting.file is not None)

    def validate(self) -> None:
        """Raise typer.BadParameter for what excludes one another, or cannot be done."""
        self.reporting.validate()
        _ = self.tool
        people, file = self.reporting.for_people, self.reporting.file
        if not people and self.writes:
            what = "only with --check, --diff or --patch: what is said must be known before anything is written."
            raise typer.BadParameter(what, param_hint="--output-format")
        if self.atomic and not self.writes:
            raise typer.BadParameter("--check, --diff and --patch replace no files.", param_hint="--atomic")
        if people and file is not None and not self.diff:
            what = "there would be nothing in it: of the format text only --diff prints an answer on stdout."
            raise typer.BadParameter(what, param_hint="--output-file")
        if self.reporting.knows and (self.diff or self.patch is not None or not self.check):
            raise typer.BadParameter("only with --check.", param_hint="--baseline, --write-baseline")


def carry_out(selecting: Selecting, judging: Judging, wish: Wish, terminal: Terminal) -> int:
    """Do what a command asks for, and give its exit code: 0 done, 1 something would change, 2 an error.

    Raises typer.BadParameter for arguments that mean nothing, typer.Exit where the run is cut short.
    """
    wish.validate()
    given = selecting.given
    choices = Choices(judging, given)
    run = _Run(wish, terminal, judging)
    with orderly_end(), closing(run.patches):
        reports = _filter(run, choices.first) if given == [arguments.STDIN] else _files(run, choices, selecting)
        run.publish(reports, str(choices.first.settings.target))
        run.finish(given if selecting.everything else ())
    return run.code


def _files(run: _Run, choices: Choices, selecting: Selecting) -> Iterator[FileReport]:
    from sidecarify.report.results import of_survey  # noqa: PLC0415  (`--help` needs none of it)
    from sidecarify.writing import Writing  # noqa: PLC0415

    looked, trees = selecting.find(choices, run.terminal, run.judging.direction)
    run.found(looked)
    yield from of_survey(looked.troubles)
    direction, jobs = run.judging.direction, selecting.jobs
    if trees.trees:
        from sidecarify import tree_outcomes  # noqa: PLC0415  (for runs with kustomizations alone)

        outcomes = tree_outcomes.convert_all(looked, trees, choices.of, direction, jobs=jobs, tool=run.wish.tool)
    else:
        from sidecarify import batch  # noqa: PLC0415

        outcomes = batch.convert_all(looked, choices.of, direction, jobs)
    # Nothing is replaced before every manifest has been converted and proved, and waits beside its file.
    with Writing(looked.leftovers if run.wish.writes else (), atomic=run.wish.atomic) as writing:
        for outcome in watched(outcomes, awaited(looked, trees), wanted=run.shows_progress):
            yield run.show(outcome, run.fixes(outcome, choices.of(outcome.manifest), looked))
            if outcome.changed and run.wish.writes:
                writing.stage(
                    outcome.manifest,
                    outcome.before,
                    outcome.after,
                    outcome.moves,
                    follows=outcome.follows,
                    together=outcome.together,
                )
        for written in writing.replace_all():
            run.written(written)


def _filter(run: _Run, options: Options) -> Iterator[FileReport]:
    from sidecarify.batch import convert_one  # noqa: PLC0415  (see _files)

    outcome = convert_one(arguments.stdin_manifest(), arguments.received(), options, direction=run.judging.direction)
    if run.wish.writes:
        put_bytes(outcome.after)
    yield run.show(outcome, run.fixes(outcome, options))
    if run.wish.writes and outcome.changed:
        run.done(outcome.manifest, outcome.moves, outcome.follows)


class _Run:
    """One run: prints what becomes of each manifest as it becomes known, and sums up at the end."""

    def __init__(self, wish: Wish, terminal: Terminal, judging: Judging) -> None:
        from sidecarify.outcome import Tally  # noqa: PLC0415  (see _files)
        from sidecarify.report.summary import Summary  # noqa: PLC0415

        self.wish = wish
        self.terminal = terminal
        self.judging = judging
        self.words = words_of(reverting=not judging.direction.promotes)
        self.tally = Tally()
        self.summary = Summary()
        self.ledger = Ledger(wish.reporting, self.words.verb)
        self.code = 0
        self.failed = False
        self.patches = output.Spool()
        self.left = LeftAlone(terminal, every=wish.verbose, more="-v")
        self.levels: set[str] = set()
        self.named: set[str] = set()
        self.troubled: set[str] = set()
        self.messages = Messages(terminal, every=wish.verbose)

    def found(self, looked: Survey) -> None:
        """Take note of the files of the run."""
        self.tally.unchanged += looked.unchanged
        self.tally.failed += sum(trouble.error for trouble in looked.troubles)
        self.messages.tell(looked.troubles)

    @property
    def shows_progress(self) -> bool:
        """Whether a progress bar would be in nobody's way."""
        return not self.terminal.quiet and not (self.wish.prints_answer and is_terminal(sys.stdout))

    def fixes(self, outcome: Outcome, options: Options, looked: Survey | None = None) -> tuple[Fix, ...]:
        """The fixes for a manifest, where the format has room for them."""
        if self.wish.reporting.form is not OutputFormat.SARIF or not outcome.changed:
            return ()
        from sidecarify.fixes import fixes  # noqa: PLC0415  (for this format alone)

        return tuple(fixes(outcome, options, None if looked is None else looked.around, self.judging.direction))

    def publish(self, reports: Iterable[FileReport], kubernetes: str) -> None:
        """Run through the manifests, and write the answer in the form that is wanted."""
        reporting = self.wish.reporting
        if reporting.for_people:
            for _ in reports:
                pass
            if reporting.file is not None and not output.saved(reporting.file, self.patches.pieces()):
                self.failed = True
            return
        about = output.about(self.words.verb, kubernetes, patches=self.wish.diff)
        pieces = output.renderer(reporting.form, self.words.verb)(reports, about)
        if not output.publish(pieces, reporting.file):
            self.failed = True

    def show(self, outcome: Outcome, fixes: tuple[Fix, ...]) -> FileReport:
        """Print what becomes of a manifest; what was left alone waits for the summary."""
        from sidecarify.report.results import of_outcome  # noqa: PLC0415  (see _files)

        name = outcome.manifest.name
        report = self.ledger.new(of_outcome(outcome)._replace(fixes=fixes))
        if self.wish.reporting.baseline is not None:
            outcome = _new(outcome, report)
        self.summary.add(report)
        self.tally.add(outcome)
        self.named |= outcome.named
        if outcome.changed and any(trouble.error for trouble in outcome.troubles):
            self.troubled.add(name)
        self.messages.tell(outcome.troubles)
        if self.wish.diff or self.wish.patch is not None:
            patch = _patch(outcome) if outcome.changed else ""
            if self.wish.diff_on_stdout:
                self.terminal.put_patch(patch)
            if self.wish.keeps_patches:
                self.patches.add(patch)
        if self.wish.reporting.for_people:
            self.levels.update(_levels(outcome.refusals))
            told = (one for one in outcome.refusals if self.wish.verbose or one.container)
            self.left.add(name, told)
            if outcome.changed:
                self._explain(outcome)
        return report

    def _explain(self, outcome: Outcome) -> None:
        look, name = self.terminal.err, outcome.manifest.name
        if not self.wish.writes:
            line = text.moved_line(name, outcome.moves, self.words, done=False, look=look, follows=outcome.follows)
            self.terminal.say(line)
        if self.wish.verbose:
            for reason in outcome.reasons:
                self.terminal.say(text.message(reason.file, reason.line, "moves", reason.container, reason.text, look))
        for rule, note in text.note_messages(name, outcome.moves, look):
            self.messages.mention(rule, note)
        if self.wish.explain:
            for line in _explanation(outcome):
                self.terminal.say(f"{visible(name)}: {visible(line)}")

    def written(self, written: Written) -> None:
        """Say what has become of a manifest's file."""
        from sidecarify.outcome import Trouble  # noqa: PLC0415  (see _files)

        name = written.manifest.name
        if written.error is not None:
            self.messages.tell([Trouble(name, 1, written.error.code, written.error.message)])
            self.tally.unwritten(written.moves, failed=name in self.troubled)
            return
        if written.links > 1:
            what = f"had {written.links} names (hard links); the other names keep the old text"
            self.messages.tell([Trouble(name, 1, "hard-link", what, error=False)])
        self.done(written.manifest, written.moves, written.follows)

    def done(self, manifest: Manifest, moves: Sequence[Move], follows: Sequence[Follow]) -> None:
        """Say what has been done."""
        line = text.moved_line(manifest.name, moves, self.words, done=True, look=self.terminal.err, follows=follows)
        self.terminal.say(line)

    def finish(self, given: Sequence[str]) -> None:
        """Write the patch and the baseline, sum up, say what was left alone and why, and settle the exit code.

        `given` are the files and folders that have been looked at in whole.
        """
        tally, say = self.tally, self.terminal.say
        asks = self.wish.looking and self.wish.reporting.write_baseline is None
        self.code = tally.exit_code(looking=asks)
        if self.wish.patch is not None:
            if not output.saved(self.wish.patch, self.patches.pieces()):
                self.failed = True
            else:
                say(visible(text.patch_line(str(self.wish.patch), tally.changed)))
        self.messages.sum_up()
        for warning in arguments.unmatched(self.judging, self.named):
            say(visible(warning))
        counts = text.Counts(
            tally.changed, tally.moved, tally.unchanged, tally.left_alone, tally.templates, tally.failed
        )
        say(text.summary(counts, self.words, done=self.wish.writes, listed=bool(self.left)))
        self.left.tell()
        if tally.templates:
            say(text.templates_line(tally.templates, listed=self.wish.verbose and self.wish.reporting.for_people))
        if self.left:
            hint = text.advice(self.levels, self.words, self.terminal.err)
            if hint:
                say(hint)
        if self.wish.verbose:
            from sidecarify.report.summary import tables  # noqa: PLC0415  (see __init__)

            for table in tables(self.summary):
                say(f"\n{table}".rstrip())
        if not self.ledger.close(self.terminal, given) or self.failed:
            self.code = 2


def _new(outcome: Outcome, report: FileReport) -> Outcome:
    """The outcome without what a baseline knows."""
    kept = {id(result.subject) for result in report.results}
    moves = tuple(move for move in outcome.moves if id(move) in kept)
    refusals = tuple(refusal for refusal in outcome.refusals if id(refusal) in kept)
    return outcome._replace(moves=moves, refusals=refusals, after=outcome.after if moves else outcome.before)


def _levels(refusals: Sequence[Refusal]) -> Iterator[str]:
    """The levels of what keeps containers where they are, as far as the user can have them moved all the same."""
    fixed = {(one.document, one.path, one.container) for one in refusals if not one.overridable}
    return (one.level for one in refusals if (one.document, one.path, one.container) not in fixed)


def _patch(outcome: Outcome) -> str:
    from sidecarify.files import patch_name  # noqa: PLC0415  (see _files)
    from sidecarify.report.diff import unified  # noqa: PLC0415

    name = patch_name(outcome.manifest.path, Path.cwd()) if outcome.manifest.path else "stdin"
    return unified(outcome.before.decode(), outcome.after.decode(), name)


def _explanation(outcome: Outcome) -> list[str]:
    from sidecarify.report.explain import explain  # noqa: PLC0415  (deepdiff is slow to import)

    return explain(outcome.before.decode(), outcome.after.decode(), outcome.moves)
