"""A run that moves containers, in whichever direction: manifests in, patches or new manifests out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sidecarify.cli import arguments
from sidecarify.cli.arguments import Judging
from sidecarify.cli.choices import Choices
from sidecarify.cli.terminal import Terminal, complain, orderly_end, put_bytes
from sidecarify.report import text
from sidecarify.report.visible import visible

if TYPE_CHECKING:
    from sidecarify.batch import Outcome, Survey, Trouble
    from sidecarify.options import Options


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be done with what a manifest becomes."""

    diff: bool
    check: bool
    patch: Path | None
    explain: bool
    verbose: bool

    @property
    def looking(self) -> bool:
        """Whether the run asks a question, to be answered by its exit code."""
        return self.diff or self.check

    @property
    def writes(self) -> bool:
        """Whether manifests are replaced."""
        return not self.looking and self.patch is None


def carry_out(paths: Sequence[str] | None, judging: Judging, wish: Wish, terminal: Terminal) -> int:
    """Do what a command asks for, and give its exit code: 0 done, 1 something would change, 2 an error.

    Raises typer.BadParameter for arguments that mean nothing, typer.Exit where the run is cut short.
    """
    given = arguments.places(paths)
    choices = Choices(judging, given)
    run = _Run(wish, terminal, judging)
    with orderly_end():
        if given == [arguments.STDIN]:
            _filter(run, choices.first)
        else:
            _files(run, choices, given)
        run.finish()
    return run.code


def _files(run: _Run, choices: Choices, given: Sequence[str]) -> None:
    from sidecarify.batch import convert_all, survey  # noqa: PLC0415  (`--help` needs none of it)

    looked = survey(given)
    choices.prepare(looked.candidates)
    run.found(looked)
    changed = []
    for outcome in convert_all(looked, choices.of, run.judging.direction):
        run.show(outcome)
        if outcome.changed and run.wish.writes:
            changed.append(outcome)
    # Nothing is written before every manifest has been converted and proved.
    for outcome in changed:
        run.write(outcome)


def _filter(run: _Run, options: Options) -> None:
    from sidecarify.batch import convert_one  # noqa: PLC0415  (see _files)

    outcome = convert_one(arguments.stdin_manifest(), arguments.received(), options, direction=run.judging.direction)
    if run.wish.writes:
        put_bytes(outcome.after)
    run.show(outcome)
    if run.wish.writes and outcome.changed:
        run.written(outcome)


class _Run:
    """One run: prints what becomes of each manifest as it becomes known, and sums up at the end."""

    def __init__(self, wish: Wish, terminal: Terminal, judging: Judging) -> None:
        from sidecarify.batch import Tally  # noqa: PLC0415  (see _files)

        self.wish = wish
        self.terminal = terminal
        self.judging = judging
        self.words = text.CONVERT if judging.direction.promotes else text.REVERT
        self.tally = Tally()
        self.code = 0
        self.patches: list[str] = []
        self.left: list[str] = []
        self.levels: set[str] = set()
        self.named: set[str] = set()

    def found(self, looked: Survey) -> None:
        """Take note of the files of the run."""
        self.tally.unchanged += looked.unchanged
        self.tally.failed += sum(trouble.error for trouble in looked.troubles)
        self.tell(looked.troubles)
        if not looked.manifests and not looked.troubles:
            self.terminal.say("sidecarify: no files named *.yaml, *.yml or *.json were found")

    def show(self, outcome: Outcome) -> None:
        """Print what becomes of a manifest; what was left alone waits for the summary."""
        look, name = self.terminal.err, outcome.manifest.name
        self.tally.add(outcome)
        self.named |= outcome.named
        self.tell(outcome.troubles)
        self.levels |= {refusal.level for refusal in outcome.refusals if refusal.container}
        self.left += (text.refusal_message(name, refusal, look) for refusal in outcome.refusals)
        if not outcome.changed:
            return
        if self.wish.diff or self.wish.patch is not None:
            patch = _patch(outcome)
            if self.wish.diff:
                self.terminal.put_patch(patch)
            self.patches.append(patch)
        if not self.wish.writes:
            self.terminal.say(text.moved_line(name, outcome.moves, self.words, done=False, look=look))
        if self.wish.verbose:
            for reason in outcome.reasons:
                self.terminal.say(text.message(reason.file, reason.line, "moves", reason.container, reason.text, look))
        for note in text.note_messages(name, outcome.moves, look):
            self.terminal.say(note)
        if self.wish.explain:
            for line in _explanation(outcome):
                self.terminal.say(f"{visible(name)}: {visible(line)}")

    def write(self, outcome: Outcome) -> None:
        """Replace the manifest's file."""
        from sidecarify.batch import write  # noqa: PLC0415  (see _files)

        troubles = list(write(outcome))
        self.tell(troubles)
        if any(trouble.error for trouble in troubles):
            self.tally.unwritten(outcome)
        else:
            self.written(outcome)

    def written(self, outcome: Outcome) -> None:
        """Say what has been done."""
        name = outcome.manifest.name
        self.terminal.say(text.moved_line(name, outcome.moves, self.words, done=True, look=self.terminal.err))

    def finish(self) -> None:
        """Write the patch, sum up, list what was left alone and why, and settle the exit code."""
        tally, say = self.tally, self.terminal.say
        self.code = tally.exit_code(looking=self.wish.looking)
        if self.wish.patch is not None and not _saved(self.wish.patch, "".join(self.patches)):
            self.code = 2
        for warning in arguments.unmatched(self.judging, self.named):
            say(visible(warning))
        counts = text.Counts(
            tally.changed, tally.moved, tally.unchanged, tally.left_alone, tally.templates, tally.failed
        )
        say(text.summary(counts, self.words, done=self.wish.writes))
        for line in self.left:
            say(line)
        if self.left:
            hint = text.advice(self.levels, self.words, self.terminal.err)
            if hint:
                say(hint)

    def tell(self, troubles: Iterable[Trouble]) -> None:
        """Print messages on files; errors even where the user wants quiet."""
        for one in troubles:
            line = text.message(one.file, one.line, one.code, "", one.message, self.terminal.err)
            if one.error:
                complain(line)
            else:
                self.terminal.say(line)


def _patch(outcome: Outcome) -> str:
    from sidecarify.files import patch_name  # noqa: PLC0415  (see _files)
    from sidecarify.report.diff import unified  # noqa: PLC0415

    name = patch_name(outcome.manifest.path, Path.cwd()) if outcome.manifest.path else "stdin"
    return unified(outcome.before.decode(), outcome.after.decode(), name)


def _explanation(outcome: Outcome) -> list[str]:
    from sidecarify.report.explain import explain  # noqa: PLC0415  (deepdiff is slow to import)

    return explain(outcome.before.decode(), outcome.after.decode(), outcome.moves)


def _saved(path: Path, patch: str) -> bool:
    from sidecarify.files import FileError, write_new  # noqa: PLC0415  (see _files)

    try:
        write_new(path, patch.encode())
    except FileError as error:
        complain(text.message(str(path), 1, error.code, "", error.message))
        return False
    return True
