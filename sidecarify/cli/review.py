"""`sidecarify review`."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Container, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from sidecarify.cli import arguments, selecting
from sidecarify.cli.arguments import Judging
from sidecarify.cli.choices import Choices
from sidecarify.cli.selecting import Selecting
from sidecarify.cli.terminal import ColorWhen, Terminal, complain, is_terminal, orderly_end, put
from sidecarify.report import text
from sidecarify.report.visible import visible

if TYPE_CHECKING:
    from sidecarify.batch import Outcome, Survey, Trouble
    from sidecarify.discover import Manifest
    from sidecarify.options import Options
    from sidecarify.plan import MoveKey, Refusal
    from sidecarify.review import Answer, Edited, Question, Reviewed

_ANSWERS: dict[str, Answer] = {"y": "yes", "n": "no", "a": "all", "d": "done", "q": "quit"}
_HELP = """\
y - move this container
n - do not move it
a - move it, and all others in this file
d - do not move it, nor any other in this file
e - edit the file as it would become, in $VISUAL or $EDITOR
q - quit: do not move it, nor any other; what was accepted before is written
? - show this
"""


def review(
    paths: arguments.Paths = None,
    unsafe: arguments.Unsafe = None,
    helper: arguments.Helper = None,
    main: arguments.Main = None,
    accept: arguments.Accept = None,
    placement: arguments.Placement = None,
    kube_version: arguments.KubeVersion = None,
    no_shared_volume: arguments.NoSharedVolume = None,
    transforms: arguments.Transforms = None,
    select: arguments.Select = None,
    ignore: arguments.Ignore = None,
    no_ignores: arguments.NoIgnores = False,
    add_startup_probe: arguments.AddStartupProbe = None,
    config: arguments.Config = None,
    isolated: arguments.Isolated = False,
    exclude: selecting.Exclude = None,
    include: selecting.Include = None,
    force_exclude: selecting.ForceExclude = False,
    no_ignore_files: selecting.NoIgnoreFiles = False,
    files_from: selecting.FilesFrom = None,
    since: selecting.Since = None,
    jobs: arguments.Jobs = None,
    color: arguments.Color = ColorWhen.AUTO,
) -> None:
    """Show each move with its hunk and its reasons, and ask; nothing is written before the last answer.

    What is asked about is what `convert` with the same arguments would move. Exit codes: 0 done, 2 an error, or no
    terminal to ask on.
    """
    if not (is_terminal(sys.stdin) and is_terminal(sys.stdout)):
        complain("sidecarify: review asks questions, and needs a terminal for them; `convert --diff` shows all moves")
        raise typer.Exit(2)
    judging = Judging(
        helper,
        main,
        accept,
        select,
        ignore,
        transforms,
        kube_version,
        no_shared_volume,
        unsafe,
        placement,
        add_startup_probe=add_startup_probe,
        no_ignores=no_ignores,
        config=config,
        isolated=isolated,
    )
    files = Selecting(paths, exclude, include, force_exclude, no_ignore_files, files_from, since, jobs)
    if arguments.STDIN in (*files.given, files_from):
        raise typer.BadParameter("the answers come from stdin; give files and folders.", param_hint="PATH")
    choices = Choices(judging, files.given)
    session = _Session(Terminal.of(color), judging)
    with orderly_end():
        looked = files.find(choices)
        session.found(looked)
        done = list(session.ask_all(looked, choices, jobs))
        session.write(done)
        session.finish()
    raise typer.Exit(session.code)


class _Session:
    """One review: asks on the terminal, and writes when all has been answered."""

    def __init__(self, terminal: Terminal, judging: Judging) -> None:
        self.terminal = terminal
        self.judging = judging
        self.code = 0
        self.left: list[str] = []
        self.named: set[str] = set()
        self.counts = text.Counts()
        self.declined = 0

    def found(self, looked: Survey) -> None:
        """Take note of the files of the run."""
        for trouble in looked.troubles:
            self.tell(trouble)

    def ask_all(self, looked: Survey, choices: Choices, jobs: int | None = None) -> Iterator[tuple[Manifest, Reviewed]]:
        """Ask about the moves of all manifests; gives those that are to be written."""
        from sidecarify.batch import convert_all  # noqa: PLC0415  (`--help` needs none of it)
        from sidecarify.review import Person, review  # noqa: PLC0415

        person = Person(self.ask, self.explain)
        for first in convert_all(looked, choices.of, jobs=jobs):
            self._note(first)
            if not first.moves:
                continue
            manifest = first.manifest
            redo = partial(_redo, manifest, choices.of(manifest), looked)
            reviewed = review(first, redo, person)
            self.declined += reviewed.declined
            if reviewed.after != reviewed.before:
                yield manifest, reviewed
            if reviewed.quit:
                break

    def ask(self, question: Question) -> Answer | Edited:
        """Show a move and ask until there is an answer; the end of stdin is `q`."""
        from sidecarify.review import Edited  # noqa: PLC0415  (see ask_all)

        self._show(question)
        while True:
            put(f"({question.number}/{question.last}) Move this container [y,n,a,d,e,q,?]? ")
            line = sys.stdin.readline()
            if not line:
                put("\n")
                return "quit"
            key = line.strip().lower()
            if key == "e":
                edited = _edited(question)
                if edited is not None:
                    return Edited(edited)
            elif key in _ANSWERS:
                return _ANSWERS[key]
            else:
                put(_HELP)

    def explain(self, what: Refusal | Trouble) -> None:
        """Say why there is no question, or why an edited text does not do."""
        from sidecarify.batch import Trouble  # noqa: PLC0415  (see ask_all)

        if isinstance(what, Trouble):
            put(visible(f"The edited text is not taken over: line {what.line}: {what.message}") + "\n")
        else:
            put(f"{visible(what.container)} stays: {visible(what.message)}\n\n")

    def tell(self, trouble: Trouble) -> None:
        """Print a message on a file."""
        complain(text.message(trouble.file, trouble.line, trouble.code, "", trouble.message, self.terminal.err))
        self.code = max(self.code, 2 * trouble.error)

    def write(self, done: list[tuple[Manifest, Reviewed]]) -> None:
        """Replace the files that are to change, after the last answer."""
        from sidecarify.writing import Writing  # noqa: PLC0415  (see ask_all)

        with Writing() as writing:
            for manifest, reviewed in done:
                writing.stage(manifest, reviewed.before, reviewed.after, reviewed.moves)
            for written in writing.replace_all():
                name = written.manifest.name
                if written.error is not None:
                    complain(text.message(name, 1, written.error.code, "", written.error.message, self.terminal.err))
                    self.code = 2
                    continue
                line = text.moved_line(name, written.moves, text.CONVERT, done=True, look=self.terminal.err)
                self.terminal.say(line)
                changed, moved = self.counts.changed + 1, self.counts.moved + len(written.moves)
                self.counts = self.counts._replace(changed=changed, moved=moved)

    def finish(self) -> None:
        """Sum up, and say what there was no question about."""
        for warning in arguments.unmatched(self.judging, self.named):
            self.terminal.say(visible(warning))
        self.terminal.say(text.review_summary(self.counts, self.declined))
        for line in self.left:
            self.terminal.say(line)

    def _note(self, outcome: Outcome) -> None:
        self.named |= outcome.named
        for trouble in outcome.troubles:
            self.tell(trouble)
        containers = [one for one in outcome.refusals if one.container]
        number = len({(one.document, one.path, one.container) for one in containers})
        self.left += (text.refusal_message(outcome.manifest.name, one, self.terminal.err) for one in containers)
        self.counts = self.counts._replace(
            left_alone=self.counts.left_alone + number,
            templates=self.counts.templates + len(outcome.refusals) - len(containers),
        )

    def _show(self, question: Question) -> None:
        owner, move = question.owner, question.move
        workload = f"{owner.kind} {owner.name or '(no name)'}: " if owner is not None else ""
        put(visible(f"{question.file}:{move.line}: {workload}{move.container} ({move.verdict})") + "\n")
        for reason in question.reasons:
            place = f"{reason.file}:{reason.line}"
            put(f"  because {visible(reason.text)} ({visible(place)})\n")
        for note in move.notes:
            put(f"  note [{note.rule}]: {visible(note.message)}\n")
        self.terminal.put_patch(question.hunk)


def _redo(
    manifest: Manifest, options: Options, looked: Survey, data: bytes, wanted: Container[MoveKey] | None
) -> Outcome:
    from sidecarify.batch import convert_one  # noqa: PLC0415  (see _Session.ask_all)

    return convert_one(manifest, data, options, looked.around, wanted=wanted)


def _edited(question: Question) -> bytes | None:
    """The text of the file as the user's editor leaves it; None, and the reason said, where there is none."""
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR")
    if not editor:
        put("Set $VISUAL or $EDITOR to the editor that is to be used.\n")
        return None
    handle, name = tempfile.mkstemp(prefix="sidecarify-", suffix=Path(question.file).suffix or ".yaml")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(question.proposed)
        # The command is the user's own, split as a shell would, and the file is one of ours.
        ended = subprocess.run([*shlex.split(editor), name], check=False)  # noqa: S603
        if ended.returncode != 0:
            put(f"The editor ended with {ended.returncode}; nothing is taken over.\n")
            return None
        return Path(name).read_bytes()
    except (OSError, ValueError) as error:
        put(f"The editor cannot be started: {visible(str(error))}\n")
        return None
    finally:
        with suppress(OSError):
            Path(name).unlink()
