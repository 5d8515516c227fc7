"""What a kustomization may refer to, told by its words alone, without parsing it: more than it means, and never less.

That is enough to know which kustomizations cannot have to do with one another, and which files are none of theirs.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

# A name with one of these cannot be told from its surroundings.
_BETWEEN = r"\s\"'\[\]{},#"
_WORD = re.compile(rf"[^{_BETWEEN}]+")
_PLAIN = re.compile(rf"[^{_BETWEEN}\\]*")
_ESCAPE = re.compile(r"\\[xuU]")


def is_plain(path: str) -> bool:
    """Whether a path would be found among the words of a kustomization."""
    return _PLAIN.fullmatch(path) is not None


def plain_part(path: str) -> str:
    """What of the last step of a path that is not plain stands together in any case; empty if nothing does."""
    return max(_WORD.findall(path.rstrip("/").rpartition("/")[2].replace("\\", " ")), key=len, default="")


def is_clear(text: str) -> bool:
    """Whether the names in a kustomization stand there as they are."""
    return "\0" not in text and _ESCAPE.search(text) is None


def mentioned(folder: str, text: str) -> Iterator[str]:
    """The paths, relative to the root, that the words of a kustomization in `folder` could be."""
    prefix = f"{folder}/" if folder else ""
    for word in set(_WORD.findall(text)):
        if "/" in word or word in (".", ".."):
            path = posixpath.normpath(prefix + word)
            yield "" if path == "." else path
        else:
            yield prefix + word
