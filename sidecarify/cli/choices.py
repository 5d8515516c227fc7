"""What a user has chosen for each manifest: the command line, and the nearest configuration file."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import typer

from sidecarify.cli import arguments
from sidecarify.cli.arguments import Judging
from sidecarify.cli.terminal import complain
from sidecarify.report.visible import visible

if TYPE_CHECKING:
    from sidecarify.discover import Globs, Manifest
    from sidecarify.options import Options


class _Choice(NamedTuple):
    """What holds below a configuration file, or without one."""

    options: Options
    globs: Globs | None = None


class Choices:
    """The options of the manifests of one run; each configuration file is read once."""

    def __init__(self, judging: Judging, given: Sequence[str]) -> None:
        """Read the configuration of every given path.

        Raises typer.BadParameter for arguments that mean nothing, typer.Exit (2) for a configuration file that cannot
        be used.
        """
        from sidecarify.configuration import Finder  # noqa: PLC0415  (`--help` needs none of it)

        if judging.isolated and judging.config is not None:
            raise typer.BadParameter("--config and --isolated exclude one another.", param_hint="--config")
        self._judging = judging
        self._finder = Finder()
        self._by_folder: dict[str, Options] = {}
        self._known: dict[Path | None, _Choice] = {None: _Choice(arguments.options(judging))}
        self.first, *_ = [self._below(_folder(path)).options for path in given or (".",)]

    def of(self, manifest: Manifest) -> Options:
        """The options of a manifest. Raises typer.Exit (2) for a configuration file that cannot be used."""
        if not manifest.path:
            return self.first
        folder = os.path.dirname(manifest.path)  # noqa: PTH120  (asked for every manifest of a run)
        found = self._by_folder.get(folder)
        if found is None:
            found = self._by_folder[folder] = self._below(folder).options
        return found

    def globs(self, folder: str) -> Globs | None:
        """What the configuration leaves out and takes in where a folder is. Raises as `of` does."""
        return self._below(folder).globs

    def prepare(self, manifests: Iterable[Manifest]) -> None:
        """Read all configuration files before the first manifest is worked on. Raises as `of` does."""
        for manifest in manifests:
            self.of(manifest)

    def _below(self, folder: str | Path) -> _Choice:
        file = self._judging.config
        if file is None and not self._judging.isolated:
            file = self._finder.of(Path(folder))
        if file is not None and file not in self._known:
            self._known[file] = self._read(file)
        return self._known[file]

    def _read(self, file: Path) -> _Choice:
        from sidecarify.configuration import ConfigurationError, read_configuration  # noqa: PLC0415  (see __init__)
        from sidecarify.discover import Globs  # noqa: PLC0415
        from sidecarify.judge.known import RULES  # noqa: PLC0415

        try:
            said = read_configuration(file, RULES.keys())
            globs = Globs(os.path.realpath(file.parent), said.exclude or (), said.include or ())
            return _Choice(arguments.options(self._judging, said), globs)
        except ConfigurationError as error:
            complain(visible(f"{_shown(error.file)}:{error.line}:{error.column}: {error.message}"))
            raise typer.Exit(2) from None


def _folder(given: str) -> Path:
    """Where to look for the configuration of a given path: itself if it is a folder, else the folder it is in."""
    path = Path(os.path.realpath("." if given == arguments.STDIN else given))
    return path if path.is_dir() else path.parent


def _shown(file: Path) -> str:
    """The file as it is best found from the current folder."""
    return os.path.relpath(file) if file.is_absolute() and file.is_relative_to(Path.cwd()) else str(file)
