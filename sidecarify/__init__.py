"""sidecarify turns helper containers in Kubernetes manifests into native sidecars (KEP-753).

from sidecarify import Options, convert_text

conversion = convert_text(text, Options(kube_version="1.33"))
print(conversion.text, conversion.moves, conversion.refusals, conversion.errors)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from sidecarify.api import (
        Conversion,
        Examination,
        Move,
        Options,
        Problem,
        Refusal,
        convert_text,
        inspect_text,
        revert_text,
    )

__all__ = [
    "Conversion",
    "Examination",
    "Move",
    "Options",
    "Problem",
    "Refusal",
    "__version__",
    "convert_text",
    "inspect_text",
    "revert_text",
]


def __getattr__(name: str) -> object:
    """Import the public names when they are first used: `sidecarify --version` needs none of them."""
    if name in __all__:
        from sidecarify import api  # noqa: PLC0415

        return getattr(api, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
