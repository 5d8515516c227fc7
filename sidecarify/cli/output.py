"""The form of the answer, where it goes, and what is known already: arguments of the commands that look and tell."""

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from functools import lru_cache, partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple, cast

import typer

from sidecarify import __version__
from sidecarify.cli import arguments
from sidecarify.cli.terminal import Terminal, complain, put
from sidecarify.report.text import message
from sidecarify.report.visible import visible

if TYPE_CHECKING:
    from tempfile import SpooledTemporaryFile

    from sidecarify.baseline import Found
    from sidecarify.report.about import About
    from sidecarify.report.results import FileReport, Identity

_IN_MEMORY = 4 * 1024 * 1024

Render = Callable[["Iterable[FileReport]", "About"], Iterator[str]]


class OutputFormat(StrEnum):
    """The forms of the answer."""

    TEXT = "text"
    CONCISE = "concise"
    JSON = "json"
    JSONL = "jsonl"
    SARIF = "sarif"
    GITHUB = "github"
    GITLAB = "gitlab"
    JUNIT = "junit"
    MARKDOWN = "markdown"


Format = Annotated[
    OutputFormat,
    typer.Option("--output-format", help="The form of the answer: for people, for programs, for code hosts."),
]
OutputFile = Annotated[
    Path | None, typer.Option("--output-file", "-o", metavar="FILE", help="Write the answer to FILE, not to stdout.")
]
Known = Annotated[
    Path | None,
    typer.Option("--baseline", metavar="FILE", help="Do not report what this file knows; point out what is gone."),
]
WriteBaseline = Annotated[
    Path | None,
    typer.Option("--write-baseline", metavar="FILE", help="Write down all that is found as known, and exit with 0."),
]


class Reporting(NamedTuple):
    """What is wanted of the answer."""

    form: OutputFormat = OutputFormat.TEXT
    file: Path | None = None
    baseline: Path | None = None
    write_baseline: Path | None = None

    @property
    def for_people(self) -> bool:
        """Whether the answer is the one that people read."""
        return self.form is OutputFormat.TEXT

    @property
    def knows(self) -> bool:
        """Whether there is a baseline to read or to write."""
        return self.baseline is not None or self.write_baseline is not None

    def validate(self) -> None:
        """Raise typer.BadParameter for what excludes one another."""
        if self.baseline is not None and self.write_baseline is not None:
            raise typer.BadParameter("--baseline and --write-baseline exclude one another.", param_hint="--baseline")


class Ledger:
    """What is known of a run by its baseline, or is to be: results go through it, and it sums up at the end."""

    def __init__(self, reporting: Reporting, command: str) -> None:
        """Read the baseline. Raises typer.Exit (2) for one that cannot be used, typer.BadParameter."""
        reporting.validate()
        self._reporting = reporting
        self._command = command
        self._left: Counter[Identity] = Counter()
        self._all: list[Identity] = []
        self._files: set[str] = set()
        self._known = 0
        path = reporting.baseline
        place = path or reporting.write_baseline or Path()
        self._located = lru_cache(maxsize=1024)(partial(_from_folder, Path(os.path.realpath(place)).parent))
        if path is not None:
            from sidecarify.baseline import BaselineError, read_baseline  # noqa: PLC0415  (where there is one)

            try:
                self._left = Counter(read_baseline(path, command).known)
            except BaselineError as error:
                complain(message(str(path), error.line, "baseline", "", error.message))
                raise typer.Exit(2) from None

    @property
    def used(self) -> bool:
        """Whether there is a baseline to read or to write."""
        return self._reporting.knows

    def new(self, report: "FileReport") -> "FileReport":
        """The report without what is known; what is to be known is noted."""
        if not self.used:
            return report
        from sidecarify.baseline import compare, identities  # noqa: PLC0415  (as above)

        if self._reporting.write_baseline is not None:
            self._all += identities(report, self._located)
            return report
        found: Found = compare(report, self._left, self._located)
        self._files.add(self._located(report.file))
        self._known += len(found.known)
        return found.new

    def close(self, terminal: Terminal, given: Iterable[str]) -> bool:
        """Write the baseline, or say what it knew and what is gone; False if it could not be written."""
        if self._reporting.write_baseline is not None:
            return self._write(self._reporting.write_baseline, terminal)
        if self._reporting.baseline is not None:
            from sidecarify.baseline import gone  # noqa: PLC0415  (as above)

            name = str(self._reporting.baseline)
            noun = "finding is" if self._known == 1 else "findings are"
            terminal.say(visible(f"{self._known} {noun} known ({name})."))
            looked_at = _looked_at(self._reporting.baseline, self._files, given)
            for one in gone(self._left, looked_at):
                who = "/".join(part for part in (one.kind, one.name) if part)
                what = " ".join(part for part in (who, one.container) if part)
                terminal.say(visible(f"{name}: gone: {one.file}: [{one.rule}] {what}".rstrip()))
        return True

    def _write(self, path: Path, terminal: Terminal) -> bool:
        from sidecarify.baseline import written  # noqa: PLC0415  (as above)

        if not saved(path, [written(self._all, self._command)]):
            return False
        noun = "finding" if len(self._all) == 1 else "findings"
        terminal.say(visible(f"{path}: {len(self._all)} {noun} written down as known."))
        return True


def about(command: str, kubernetes: str, *, patches: bool = False) -> "About":
    """What the formats need to know of this run."""
    from sidecarify.report.about import About  # noqa: PLC0415  (for formats alone)

    return About(command, kubernetes, __version__, lru_cache(maxsize=1024)(partial(_from_root, Path.cwd())), patches)


def _from_root(folder: Path, name: str) -> str:
    """The name of a file from the root of its repository; stdin keeps its own.

    A link that leads out of the repository, or to nothing, goes by its own name.
    """
    from sidecarify.files import patch_name, repository  # noqa: PLC0415  (`--help` needs none of it)

    if name == arguments.STDIN_NAME:
        return name
    file = folder / name
    real = Path(os.path.realpath(file))
    root = repository(folder) or folder
    if file.is_symlink() and not (real.exists() and real.is_relative_to(root)):
        real = Path(os.path.realpath(file.parent), file.name)
    return patch_name(str(real), folder)


_RENDERERS = {
    OutputFormat.CONCISE: ("concise", "concise"),
    OutputFormat.JSON: ("changes", "changes_json"),
    OutputFormat.JSONL: ("changes", "changes_lines"),
    OutputFormat.SARIF: ("sarif", "sarif"),
    OutputFormat.GITHUB: ("github", "github"),
    OutputFormat.GITLAB: ("gitlab", "gitlab"),
    OutputFormat.JUNIT: ("junit", "junit"),
    OutputFormat.MARKDOWN: ("markdown", "markdown"),
}
_OF_INSPECT = {OutputFormat.JSON: ("pods", "pods_json"), OutputFormat.JSONL: ("pods", "pods_lines")}


def renderer(form: OutputFormat, command: str) -> Render:
    """The function that writes a format; only its own module is imported."""
    known = _RENDERERS | _OF_INSPECT if command == "inspect" else _RENDERERS
    module, name = known[form]
    return cast("Render", getattr(import_module(f"sidecarify.report.{module}"), name))


def publish(pieces: Iterable[str], file: Path | None) -> bool:
    """Bring the answer to stdout or into a file, piece by piece; False if the file could not be written."""
    if file is not None:
        return saved(file, pieces)
    for piece in pieces:
        put(piece)
    return True


class Spool:
    """Text that waits until all of it is there: in memory while it is little, else in a file without a name."""

    def __init__(self) -> None:
        # No name of the file system leads to it, so it is gone with this process whatever ends that.
        self._file: SpooledTemporaryFile[bytes] | None = None

    def add(self, text: str) -> None:
        """Put a piece of text behind the others. Raises OSError."""
        if self._file is None:
            from tempfile import SpooledTemporaryFile  # noqa: PLC0415  (for patches alone)

            self._file = SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115  (until `close`)
        self._file.write(text.encode("utf-8", "surrogatepass"))

    def pieces(self) -> Iterator[str]:
        """All of the text, line by line. Raises OSError."""
        if self._file is not None:
            self._file.seek(0)
            for line in self._file:
                yield line.decode("utf-8", "surrogatepass")

    def close(self) -> None:
        """Forget the text."""
        if self._file is not None:
            self._file.close()


def saved(file: Path, pieces: Iterable[str]) -> bool:
    """Write a file whole or not at all; False, and the reason said, if it could not be written."""
    from sidecarify.files import FileError  # noqa: PLC0415  (`--help` needs none of it)
    from sidecarify.newfile import new_file  # noqa: PLC0415

    try:
        with new_file(file) as add:
            for piece in pieces:
                add(piece)
    except FileError as error:
        complain(message(str(file), 1, error.code, "", error.message))
        return False
    return True


def _from_folder(folder: Path, name: str) -> str:
    """The name of a file from the folder of the baseline."""
    if name == arguments.STDIN_NAME:
        return name
    return Path(os.path.relpath(os.path.realpath(name), folder)).as_posix()


def _looked_at(baseline: Path, files: set[str], given: Iterable[str]) -> Callable[[str], bool]:
    """Whether a file of the baseline belongs to this run: it was read, it is below a given folder, or it is gone."""
    root = Path(os.path.realpath(baseline)).parent
    places = [Path(os.path.realpath(one)) for one in given if one != arguments.STDIN]

    def looked_at(file: str) -> bool:
        path = Path(os.path.normpath(root / file))
        return file in files or any(path.is_relative_to(place) for place in places) or not path.exists()

    return looked_at
