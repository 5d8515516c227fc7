"""Which kustomizations of a repository hang together, and which of them may concern what a run works on.

Nothing is parsed for that: words tell what cannot have to do with one another (words.py). So a repository with many
kustomizations costs little where few of them build pods with several containers.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from sidecarify.direction import Direction
from sidecarify.files import FileError, read
from sidecarify.kube.kinds import KUSTOMIZATIONS
from sidecarify.sieve import may_hold_pods, may_hold_several, may_hold_sidecars

from .sources import joined
from .words import is_clear, is_plain, mentioned, plain_part

PASSED = frozenset({".git", ".hg", ".svn", ".nox", ".tox", ".venv", "venv", "node_modules", "__pycache__"})
"""Folders whose kustomizations build on nothing of ours."""

# A workload with a selector is whole: where it is named as a resource it is no patch that adds a container.
_RESOURCES = re.compile(r"^(?:resources|bases)[ \t]*:[^\n]*\n(?:(?:[ \t#-][^\n]*)?\n)*", re.MULTILINE)
_SELECTOR = re.compile(rb"""(?<![\w-])selector["']?[ \t]*:""")


class Part(NamedTuple):
    """Kustomizations that hang together: their folders, and the files of the run that they may refer to.

    All names are relative to the root; the kustomizations themselves are among the files.
    """

    folders: tuple[str, ...]
    files: tuple[str, ...]


class Search(NamedTuple):
    """The parts of a repository that may concern a run, and all files that some kustomization may refer to."""

    parts: tuple[Part, ...]
    files: frozenset[str]


def search(
    root: str, files: Collection[str], direction: Direction, names_helpers: Callable[[str], bool] = lambda _: False
) -> Search:
    """The kustomizations below `root` that may build pods from the `files` of a run in which containers may move.

    `names_helpers`: whether a container alone in its pod may be a helper in a file.
    """
    found, links = _walked(root)
    texts = {folder: _texts(root, folder, names) for folder, names in found.items()}
    together = _Together()
    patching: set[str] = set()
    patches: set[str] = set()
    spoken_of: set[str] = set()
    known = {f"{folder}/" for folder in found} | set(files)
    odd = [one for one in known if not is_plain(one)]
    odd_links = [one for one in links if not is_plain(one)]
    for folder, (text, names) in texts.items():
        hits = {joined(folder, name) for name in names} & known
        named = {_real(path, links) for path in mentioned(folder, text)}
        hits |= {one for path in named for one in (path, f"{path}/") if one in known}
        hits |= {one for one in odd if plain_part(one) in text}
        hits |= {one for link in odd_links if plain_part(link) in text for one in _below(links[link], known)}
        if not is_clear(text):
            hits = known
        if "patch" in text:
            patching |= hits
            listed = {_real(path, links) for path in mentioned(folder, "".join(_RESOURCES.findall(text)))}
            patches |= hits - (listed - {_real(path, links) for path in mentioned(folder, _RESOURCES.sub("", text))})
        spoken_of |= hits
        for one in hits:
            together.join(one, f"{folder}/")
    parts = []
    for group in together.groups():
        own = [one for one in group if not one.endswith("/")]
        if any(
            _concerns(root, one, direction, patch=one in patching, whole=one in patches, any_pod=names_helpers(one))
            for one in own
        ):
            folders = sorted(one.removesuffix("/") for one in group if one.endswith("/"))
            parts.append(Part(tuple(folders), tuple(sorted(own))))
    parts.sort()
    return Search(tuple(parts), frozenset(one for one in spoken_of if not one.endswith("/")))


def _walked(root: str) -> tuple[dict[str, list[str]], dict[str, str]]:
    """The folders with kustomizations, with the names of these; and what symbolic links below the root lead to."""
    found: dict[str, list[str]] = {}
    links: dict[str, str] = {}
    stack = [""]
    while stack:
        folder = stack.pop()
        try:
            with os.scandir(os.path.join(root, folder)) as listing:  # noqa: PTH118
                entries = list(listing)
        except OSError:
            continue
        names = []
        for entry in entries:
            if entry.is_symlink():
                real = os.path.relpath(os.path.realpath(entry.path), root).replace(os.sep, "/")
                links[joined(folder, entry.name)] = real
            if entry.name in KUSTOMIZATIONS:
                names.append(entry.name)
            elif entry.name not in PASSED and entry.is_dir(follow_symlinks=False):
                stack.append(f"{folder}/{entry.name}" if folder else entry.name)
        if names:
            found[folder] = [name for name in KUSTOMIZATIONS if name in names]
    return found, links


def _real(path: str, links: dict[str, str]) -> str:
    """A path without the symbolic links on its way."""
    if not links:
        return path
    steps = path.split("/")
    for end in range(1, len(steps) + 1):
        real = links.get("/".join(steps[:end]))
        if real is not None:
            return joined(real, "/".join(steps[end:]))
    return path


def _below(path: str, names: Collection[str]) -> Iterator[str]:
    """Those of the names that are the path, or stand below it."""
    return (one for one in names if path in (".", one) or one.startswith(f"{path}/"))


def _texts(root: str, folder: str, names: list[str]) -> tuple[str, list[str]]:
    parts = []
    for name in names:
        try:
            parts.append(read(os.path.join(root, folder, name)).decode("utf-8", "replace"))  # noqa: PTH118
        except FileError:
            continue
    return "\n".join(parts), names


def _concerns(root: str, file: str, direction: Direction, *, patch: bool, whole: bool, any_pod: bool) -> bool:
    """Whether a file may hold a pod with a container that may move, or a patch that adds one to such a pod.

    `patch`: a kustomization with patches speaks of it; `whole`: it may be a patch though it looks like a whole object.
    """
    try:
        data = read(os.path.join(root, file))  # noqa: PTH118
    except FileError:
        return False
    if not direction.promotes:
        return may_hold_sidecars(data)
    if any_pod or b"sidecarify" in data:
        return may_hold_pods(data)
    adds = patch and b"image" in data and may_hold_pods(data) and (whole or _SELECTOR.search(data) is None)
    return adds or may_hold_several(data)


@dataclass(slots=True)
class _Together:
    """Names that hang together; those of folders end with a slash."""

    leader: dict[str, str] = field(default_factory=dict)

    def find(self, one: str) -> str:
        while self.leader.setdefault(one, one) != one:
            self.leader[one] = one = self.leader[self.leader[one]]
        return one

    def join(self, one: str, other: str) -> None:
        self.leader[self.find(one)] = self.find(other)

    def groups(self) -> list[list[str]]:
        found: dict[str, list[str]] = {}
        for one in self.leader:
            found.setdefault(self.find(one), []).append(one)
        return list(found.values())
