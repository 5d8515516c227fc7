"""The arguments that say which files a run takes, and finding these."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from sidecarify.cli import arguments
from sidecarify.cli.progress import looking
from sidecarify.cli.terminal import Terminal
from sidecarify.direction import TO_SIDECAR, Direction
from sidecarify.report.text import nothing_found
from sidecarify.report.visible import visible

if TYPE_CHECKING:
    from sidecarify.cli.choices import Choices
    from sidecarify.discover import Selection
    from sidecarify.survey import Survey
    from sidecarify.trees import Forest

Exclude = Annotated[
    list[str] | None,
    typer.Option(metavar="GLOB", help="Leave out files and folders, as a line of .gitignore does. May be repeated."),
]
Include = Annotated[
    list[str] | None,
    typer.Option(metavar="GLOB", help="Take files and folders that would be left out otherwise. May be repeated."),
]
ForceExclude = Annotated[
    bool, typer.Option("--force-exclude", help="Leave out what is left out of folders even if it is given by its name.")
]
NoIgnoreFiles = Annotated[
    bool, typer.Option("--no-ignore-files", help="Do not heed .gitignore and .sidecarifyignore files.")
]
FilesFrom = Annotated[
    str | None,
    typer.Option(
        metavar="FILE|-", help="Take the files of a list too, ended by line ends or NUL; `-` reads it from stdin."
    ),
]
Since = Annotated[
    str | None,
    typer.Option(metavar="REV", help="Work only on files that differ from this git revision, or are not tracked."),
]


class Selecting(NamedTuple):
    """The arguments that say which files a run takes."""

    paths: Sequence[str] | None
    exclude: Sequence[str] | None = None
    include: Sequence[str] | None = None
    force_exclude: bool = False
    no_ignore_files: bool = False
    files_from: str | None = None
    since: str | None = None
    jobs: int | None = None

    @property
    def given(self) -> Sequence[str]:
        """The paths to work on. Raises typer.BadParameter for what excludes one another."""
        if self.files_from is None:
            places = arguments.places(self.paths)
            if places == [arguments.STDIN] and self.since is not None:
                raise typer.BadParameter("`-` (stdin) has no revisions.", param_hint="--since")
            return places
        if arguments.STDIN in (self.paths or ()):
            raise typer.BadParameter("`-` (stdin) stands alone.", param_hint="PATH")
        return arguments.places(self.paths) if self.paths else ()

    @property
    def everything(self) -> bool:
        """Whether all that stands below the given paths is taken, but for what ignore files leave out."""
        return not (self.exclude or self.force_exclude or self.since is not None)

    def find(
        self, choices: "Choices", terminal: Terminal, direction: Direction = TO_SIDECAR
    ) -> "tuple[Survey, Forest]":
        """Find the manifests and the kustomize trees among them, and the configuration of those that may matter.

        A terminal shows how far it has come, and it is said where there are no files.
        Raises typer.BadParameter for a list or a revision that cannot be read, typer.Exit (2) for a configuration file
        that cannot be used.
        """
        from sidecarify.survey import survey  # noqa: PLC0415  (`--help` needs none of the core)
        from sidecarify.trees import forest  # noqa: PLC0415

        selection = self._selection(choices)
        among = None if self.since is None else self._changed(self.since, selection)
        with looking(wanted=not terminal.quiet) as more:
            looked = survey(
                self.given,
                selection,
                among=among,
                direction=direction,
                names_helpers=lambda one: choices.of(one).names_helpers,
                jobs=self.jobs,
                looked_at=more,
            )
            trees = forest(looked, choices.of, direction)
            choices.prepare(looked.candidates)
        if not looked.manifests and not looked.troubles:
            terminal.say(nothing_found(looked.asked, since=self.since is not None))
        return looked, trees

    def _changed(self, since: str, selection: "Selection") -> frozenset[str]:
        from sidecarify.changed import RevisionError, changed_since  # noqa: PLC0415  (for this argument alone)

        try:
            return changed_since(since, (*self.given, *selection.listed))
        except RevisionError as error:
            raise typer.BadParameter(visible(f"{error}."), param_hint="--since") from None

    def _selection(self, choices: "Choices") -> "Selection":
        from sidecarify.discover import Selection, listed  # noqa: PLC0415  (see find)

        return Selection(
            exclude=_patterns("--exclude", self.exclude or ()),
            include=_patterns("--include", self.include or ()),
            force_exclude=self.force_exclude,
            ignore_files=not self.no_ignore_files,
            listed=() if self.files_from is None else listed(_list(self.files_from)),
            globs_of=choices.globs,
        )


def _patterns(flag: str, given: Sequence[str]) -> tuple[str, ...]:
    from sidecarify.ignore import is_pattern  # noqa: PLC0415  (see Selecting.find)

    for one in given:
        if not is_pattern(one):
            raise typer.BadParameter(f"{one!r} is no pattern as in .gitignore.", param_hint=flag)
    return tuple(given)


def _list(name: str) -> bytes:
    from sidecarify.files import FileError, read  # noqa: PLC0415  (see Selecting.find)

    if name == arguments.STDIN:
        return sys.stdin.buffer.read()
    try:
        return read(name)
    except FileError as error:
        raise typer.BadParameter(visible(f"{name} {error.message}."), param_hint="--files-from") from None
