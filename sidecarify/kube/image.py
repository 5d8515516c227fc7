"""The name of a container image, taken apart."""

import re
from functools import lru_cache
from typing import NamedTuple

UNKNOWN = "\0"
"""Stands for a placeholder (`{{ … }}`, `$(…)`, `${…}`, `<…>`) in a part of an image name: equal to nothing."""

_PLACEHOLDER = re.compile(r"\{\{.*?\}\}|\$\([^)]*\)|\$\{[^}]*\}|<[^>]*>", re.DOTALL)
_VERSION = re.compile(r"v?(\d{1,9}(?:\.\d{1,9}){0,5})(?![\d.])(?:[-+_].*)?", re.DOTALL)


class ImageName(NamedTuple):
    """An image reference: `registry/path…:tag@digest`.

    `path` holds the segments of the repository path without the registry; a part that a template fills in contains
    UNKNOWN. `registry`, `tag` and `digest` are None where the reference has none.
    """

    registry: str | None
    path: tuple[str, ...]
    tag: str | None
    digest: str | None

    @property
    def version(self) -> tuple[int, ...] | None:
        """The numbers at the start of the tag (`v1.31.0-alpine` gives 1, 31, 0), or None if it has none."""
        found = _VERSION.fullmatch(self.tag or "")
        return tuple(map(int, found[1].split("."))) if found else None


@lru_cache(maxsize=512)  # asked for every container again and again
def parse_image(text: str) -> ImageName | None:
    """Take an image reference apart; None if it is empty or names no repository.

    The first segment is a registry if it has a dot or a colon or is `localhost`, as in the reference grammar of
    distribution/distribution. References with placeholders are read as far as they go.
    """
    name, _, digest = _PLACEHOLDER.sub(UNKNOWN, text).strip().partition("@")
    head, slash, last = name.rpartition("/")
    last, _, tag = last.partition(":")
    segments = (head + slash + last).split("/")
    registry = None
    if len(segments) > 1 and ("." in segments[0] or ":" in segments[0] or segments[0] == "localhost"):
        registry = segments.pop(0)
    path = tuple(segment for segment in segments if segment)
    if not path:
        return None
    return ImageName(registry, path, tag or None, digest or None)


def at_least(version: tuple[int, ...] | None, minimum: tuple[int, ...]) -> bool:
    """Whether `version` is known and not below `minimum`; missing numbers count as 0 (1 equals 1.0)."""
    if version is None:
        return False
    width = max(len(version), len(minimum))
    return version + (0,) * (width - len(version)) >= minimum + (0,) * (width - len(minimum))
