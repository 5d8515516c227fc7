"""`sidecarify review`."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Container, Generator, Iterator
from contextlib import suppress
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from sidecarify.cli import arguments, selecting
from sidecarify.cli.arguments import Judging
from sidecarify.cli.choices import Choices
from sidecarify.cli.messages import LeftAlone, Messages
from sidecarify.cli.selecting import Selecting
from sidecarify.cli.terminal import ColorWhen, Terminal, complain, is_terminal, orderly_end, put
from sidecarify.report import text
from sidecarify.report.visible import visible
from sidecarify.report.words import CONVERT

if TYPE_CHECKING:
    from sidecarify.discover import Manifest
    from sidecarify.options import Options
    from sidecarify.outcome import Outcome, Trouble
    from sidecarify.plan import MoveKey, Refusal
    from sidecarify.review import Answer, Edited, Outcomes, Question, Reviewed, ReviewedTree, TreeKey
    from sidecarify.survey import Survey
    from sidecarify.trees import Forest, Tree

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
        looked, trees = files.find(choices, session.terminal)
        session.found(looked)
        done = list(session.ask_all(looked, trees, choices, jobs))
        session.write(done)
        session.finish()
    raise typer.Exit(session.code)


class _Session:
    """One review: asks on the terminal, and writes when all has been answered."""

    def __init__(self, terminal: Terminal, judging: Judging) -> None:
        self.terminal = terminal
        self.judging = judging
        self.messages = Messages(terminal, every=True)
        self.left = LeftAlone(terminal, every=False, more="convert --check -v")
        self.named: set[str] = set()
        self.counts = text.Counts()
        self.rest = text.Unconverted()

    @property
    def code(self) -> int:
        """The exit code: 0 done, 2 an error."""
        return 2 if self.messages.failed else 0

    def found(self, looked: Survey) -> None:
        """Take note of the files of the run."""
        self.messages.tell(looked.troubles)

    def ask_all(self, looked: Survey, trees: Forest, choices: Choices, jobs: int | None) -> Iterator[Outcome]:
        """Ask about the moves of all manifests; gives those that are to be written."""
        from sidecarify.batch import convert_all  # noqa: PLC0415  (`--help` needs none of it)
        from sidecarify.tree_outcomes import without  # noqa: PLC0415

        outcomes = convert_all(without(looked, trees), choices.of, jobs=jobs)
        asked: set[int] = set()
        goes_on = True
        for manifest in looked.candidates:
            tree = trees.by_path.get(manifest.path)
            if tree is not None and id(tree) in asked:
                continue
            if not goes_on:
                self.rest = self.rest._replace(unseen=self.rest.unseen + 1)
            elif tree is None:
                goes_on = yield from self._ask(next(outcomes), looked, choices)
            else:
                asked.add(id(tree))
                goes_on = yield from self._ask_tree(tree, looked, choices)

    def _ask(self, first: Outcome, looked: Survey, choices: Choices) -> Generator[Outcome, None, bool]:
        """Ask about the moves of a manifest; whether there is to be another question."""
        from sidecarify.review import Person, review  # noqa: PLC0415  (see ask_all)

        self._note(first)
        if not first.moves:
            return True
        manifest = first.manifest
        redo = partial(_redo, manifest, choices.of(manifest), looked)
        reviewed = review(first, redo, Person(self.ask, self.explain))
        self._note_rest(reviewed)
        if reviewed.after != reviewed.before:
            yield first._replace(after=reviewed.after, moves=reviewed.moves)
        return not reviewed.quit

    def _ask_tree(self, tree: Tree, looked: Survey, choices: Choices) -> Generator[Outcome, None, bool]:
        """Ask about the moves of a kustomize tree; whether there is to be another question."""
        from sidecarify.review import Person, review_tree  # noqa: PLC0415  (see ask_all)
        from sidecarify.tree_outcomes import convert_tree  # noqa: PLC0415

        @cache
        def redo(wanted: frozenset[TreeKey] | None) -> Outcomes:
            return convert_tree(tree, looked, choices.of, wanted=wanted)

        for first in redo(None).values():
            self._note(first)
        reviewed = review_tree(redo, Person(self.ask, self.explain))
        self._note_rest(reviewed)
        yield from (one for one in reviewed.outcomes.values() if one.changed)
        return not reviewed.quit

    def ask(self, question: Question) -> Answer | Edited:
        """Show a move and ask until there is an answer; the end of stdin is `q`."""
        from sidecarify.review import Edited  # noqa: PLC0415  (see ask_all)

        self._show(question)
        while True:
            what, edit = ("this container", "e,") if question.proposed else ("it in all these files", "")
            put(f"({question.number}/{question.last}) Move {what} [y,n,a,d,{edit}q,?]? ")
            line = sys.stdin.readline()
            if not line:
                put("\n")
                return "quit"
            key = line.strip().lower()
            if key == "e" and question.proposed:
                edited = _edited(question.file, question.proposed)
                if edited is not None:
                    return Edited(edited)
            elif key in _ANSWERS:
                return _ANSWERS[key]
            else:
                put(_HELP)

    def explain(self, what: Refusal | Trouble) -> None:
        """Say why there is no question, or why an edited text does not do."""
        from sidecarify.outcome import Trouble  # noqa: PLC0415  (see ask_all)

        if isinstance(what, Trouble):
            put(visible(f"The edited text is not taken over: line {what.line}: {what.message}") + "\n")
        else:
            put(f"{visible(what.container)} stays: {visible(what.message)}\n\n")

    def write(self, done: list[Outcome]) -> None:
        """Replace the files that are to change, after the last answer."""
        from sidecarify.outcome import Trouble  # noqa: PLC0415  (see ask_all)
        from sidecarify.writing import Writing  # noqa: PLC0415

        with Writing() as writing:
            for one in done:
                writing.stage(
                    one.manifest, one.before, one.after, one.moves, follows=one.follows, together=one.together
                )
            for written in writing.replace_all():
                name = written.manifest.name
                if written.error is not None:
                    self.messages.tell([Trouble(name, 1, written.error.code, written.error.message)])
                    continue
                look, follows = self.terminal.err, written.follows
                self.terminal.say(text.moved_line(name, written.moves, CONVERT, done=True, look=look, follows=follows))
                changed, moved = self.counts.changed + 1, self.counts.moved + len(written.moves)
                self.counts = self.counts._replace(changed=changed, moved=moved)

    def finish(self) -> None:
        """Sum up, and say what there was no question about."""
        for warning in arguments.unmatched(self.judging, self.named):
            self.terminal.say(visible(warning))
        self.terminal.say(text.review_summary(self.counts, self.rest))
        self.left.tell()

    def _note(self, outcome: Outcome) -> None:
        self.named |= outcome.named
        self.messages.tell(outcome.troubles)
        containers = [one for one in outcome.refusals if one.container]
        number = len({(one.document, one.path, one.container) for one in containers})
        self.left.add(outcome.manifest.name, containers)
        self.counts = self.counts._replace(
            left_alone=self.counts.left_alone + number,
            templates=self.counts.templates + len(outcome.refusals) - len(containers),
        )

    def _note_rest(self, reviewed: Reviewed | ReviewedTree) -> None:
        declined, unasked = self.rest.declined + reviewed.declined, self.rest.unasked + reviewed.unasked
        self.rest = self.rest._replace(declined=declined, unasked=unasked)

    def _show(self, question: Question) -> None:
        for file, move, owner, reasons in question.asked:
            workload = f"{owner.kind} {owner.name or '(no name)'}: " if owner is not None else ""
            put(visible(f"{file}:{move.line}: {workload}{move.container} ({move.verdict})") + "\n")
            for reason in reasons:
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


def _edited(file_name: str, proposed: bytes) -> bytes | None:
    """The text of the file as the user's editor leaves it; None, and the reason said, where there is none."""
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR")
    if not editor:
        put("Set $VISUAL or $EDITOR to the editor that is to be used.\n")
        return None
    handle, name = tempfile.mkstemp(prefix="sidecarify-", suffix=Path(file_name).suffix or ".yaml")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(proposed)
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
