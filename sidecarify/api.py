"""The public API, as `sidecarify` offers it."""

from __future__ import annotations

from sidecarify.convert import Conversion, convert
from sidecarify.direction import TO_CONTAINER
from sidecarify.examine import Examination, Problem, examine
from sidecarify.options import Options
from sidecarify.plan import Move, Refusal
from sidecarify.yamltext.source import Source

__all__ = [
    "Conversion",
    "Examination",
    "Move",
    "Options",
    "Problem",
    "Refusal",
    "convert_text",
    "inspect_text",
    "revert_text",
]


def convert_text(text: str, options: Options | None = None) -> Conversion:
    """Convert the manifest `text` (one or many documents, YAML or JSON).

    Never raises for a bad manifest: what cannot be read is in `errors`, what is left alone in `refusals`.
    Raises ValueError for options that mean nothing, CatalogueError for a bad folder of transforms.
    """
    return convert(Source.of(text), options or Options())


def revert_text(text: str, options: Options | None = None) -> Conversion:
    """Take the native sidecars of the manifest `text` back: they become ordinary containers, behind those there are.

    Raises as `convert_text` does.
    """
    return convert(Source.of(text), options or Options(), direction=TO_CONTAINER)


def inspect_text(text: str, options: Options | None = None) -> Examination:
    """Judge the containers of the manifest `text` without changing it. Raises as `convert_text` does."""
    return examine(Source.of(text), options or Options())
