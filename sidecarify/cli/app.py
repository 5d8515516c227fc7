"""The application that typer runs: its commands, one module each."""

from __future__ import annotations

from typing import Annotated

import typer

from sidecarify import __version__
from sidecarify.cli.convert import convert
from sidecarify.cli.inspect import inspect
from sidecarify.cli.revert import revert
from sidecarify.cli.review import review
from sidecarify.cli.rules import rules
from sidecarify.cli.schema import schema
from sidecarify.cli.transforms import transforms

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
app.command()(convert)
app.command()(inspect)
app.command()(revert)
app.command()(review)
app.command()(rules)
app.command()(schema)
app.command()(transforms)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"sidecarify {__version__}")
        raise typer.Exit


@app.callback()
def _common(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Turn helper containers in Kubernetes manifests into native sidecars, and leave every other byte alone."""
