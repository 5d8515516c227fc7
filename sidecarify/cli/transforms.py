"""`sidecarify transforms`."""

from pathlib import Path
from typing import Annotated

import typer

from sidecarify.cli import arguments
from sidecarify.cli.terminal import ColorWhen, Terminal, orderly_end, put
from sidecarify.report.visible import visible


def transforms(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="The family to explain. Default: list all.")
    ] = None,
    folders: Annotated[
        list[Path] | None,
        typer.Option("--transforms", metavar="DIR", help="A folder with further families. May be repeated."),
    ] = None,
    color: arguments.Color = ColorWhen.AUTO,
) -> None:
    """List the families of helpers, or explain one: its images, what is known of it, and the probe to suggest."""
    from sidecarify.families import CatalogueError, bundled_folder, load  # noqa: PLC0415  (`--help` needs none of it)
    from sidecarify.report.families import family_text  # noqa: PLC0415
    from sidecarify.report.pages import list_text  # noqa: PLC0415
    from sidecarify.spelling import unknown  # noqa: PLC0415

    terminal = Terminal.of(color)
    try:
        catalogue = load((bundled_folder(), *(folders or ())))
    except CatalogueError as error:
        raise typer.BadParameter(visible(str(error)), param_hint="--transforms") from None
    if name is None:
        rows = [(one.name, one.safe, visible(one.summary)) for one in catalogue.all]
        answer = list_text([("FAMILY", "SAFE", "WHAT IT DOES"), *rows], width=terminal.out.width)
    else:
        found = catalogue.get(name)
        if found is None:
            names = [one.name for one in catalogue.all]
            raise typer.BadParameter(unknown("family of helpers", name, names), param_hint="NAME")
        answer = family_text(found, width=terminal.out.width, color=terminal.out.color)
    with orderly_end():
        put(answer)
