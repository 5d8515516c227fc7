"""The application that typer runs: its commands, one module each."""

from collections.abc import Iterable
from importlib import import_module
from typing import Annotated

import typer

from sidecarify import __version__

COMMANDS = ("convert", "inspect", "revert", "review", "rules", "schema", "transforms")


def application(commands: Iterable[str] = COMMANDS) -> typer.Typer:
    """The application with these of its COMMANDS: a run needs one, and typer takes its time to prepare each."""
    # rich is slow to import, and a traceback is no place for the content of manifests.
    app = typer.Typer(
        name="sidecarify",
        help="Turn helper containers in Kubernetes manifests into native sidecars, and leave every other byte alone.",
        add_completion=False,
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    for name in commands:
        command = getattr(import_module(f"sidecarify.cli.{name}"), name)
        # Else the list of commands cuts the first sentence where a narrow terminal would end.
        app.command(short_help=(command.__doc__ or "").partition("\n")[0])(command)
    app.callback()(_common)
    return app


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"sidecarify {__version__}")
        raise typer.Exit


def _common(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Turn helper containers in Kubernetes manifests into native sidecars, and leave every other byte alone."""
