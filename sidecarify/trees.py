"""Kustomize trees among the files of a run: which there are, and which files belong to them.

A container in a base is what all that build on the base make of it, and its move is one of several files. So the files
of a tree are converted together, and all others as ever, each alone (tree_outcomes.py).
"""

from __future__ import annotations

import os
import posixpath
from pathlib import Path
from typing import NamedTuple

from sidecarify.batch import OptionsOf
from sidecarify.direction import TO_SIDECAR, Direction
from sidecarify.discover import Manifest, shown
from sidecarify.files import repository
from sidecarify.kube.kinds import KUSTOMIZATIONS
from sidecarify.survey import Survey


class Tree(NamedTuple):
    """Kustomizations that hang together, below the folder `root`, and the files of the run that belong to them.

    Names are relative to the root. `beside` are files that some other kustomization of the repository may refer to.
    """

    root: str
    folders: tuple[str, ...]
    files: dict[str, Manifest]
    beside: frozenset[str]

    def real(self, file: str) -> str:
        """The path of a file."""
        return os.path.join(self.root, file)  # noqa: PTH118

    def called(self, file: str) -> str:
        """What people call a file: as the run does, else from the current folder."""
        one = self.files.get(file)
        return one.name if one is not None else shown(os.path.relpath(self.real(file)))

    def within(self, path: str) -> str:
        """The name of a path in the tree."""
        return os.path.relpath(os.path.realpath(path), self.root).replace(os.sep, "/")


class Forest(NamedTuple):
    """The trees of a run, and the tree of each of their files, by real path."""

    trees: tuple[Tree, ...]
    by_path: dict[str, Tree]


def forest(looked: Survey, options_of: OptionsOf, direction: Direction = TO_SIDECAR) -> Forest:
    """The trees that may concern the files of a run; the run looks at all these files, so they become candidates."""
    roots = _roots(looked)
    if not roots:
        return Forest((), {})
    from sidecarify.kustomize.search import search  # noqa: PLC0415  (for runs with kustomizations alone)

    trees = []
    for root, own in roots.items():

        def names_helpers(file: str, own: dict[str, Manifest] = own) -> bool:
            return options_of(own[file]).names_helpers

        found = search(root, own.keys(), direction, names_helpers)
        trees += [
            Tree(root, part.folders, {file: own[file] for file in part.files}, found.files) for part in found.parts
        ]
    by_path = {one.path: tree for tree in trees for one in tree.files.values()}
    known = {one.path for one in looked.candidates}
    wanted = [one for path, one in looked.reached.items() if path in known or (path in by_path and is_own(one, looked))]
    looked.unchanged -= len(wanted) - len(looked.candidates)
    looked.candidates[:] = wanted
    return Forest(tuple(trees), by_path)


def is_own(manifest: Manifest, looked: Survey) -> bool:
    """Whether the run works on a manifest, and does not only look at what is around it."""
    return looked.among is None or manifest.path in looked.among


def _roots(looked: Survey) -> dict[str, dict[str, Manifest]]:
    """The roots below which there are kustomizations, each with what the run has reached there, by name.

    The root of what was given is its repository; without one, the folder that holds all that was given.
    """
    tops = {given: repository(Path(given)) for given in looked.given}
    loose = [given for given, top in tops.items() if top is None]
    roots = {str(top) for top in tops.values() if top is not None}
    if loose:
        roots.add(os.path.commonpath(loose))
    ordered = [(root, os.path.join(root, "")) for root in sorted(roots, key=len, reverse=True)]  # noqa: PTH118
    found: dict[str, dict[str, Manifest]] = {}
    for path, one in looked.reached.items():
        for root, prefix in ordered:
            if path.startswith(prefix):
                found.setdefault(root, {})[path[len(prefix) :].replace(os.sep, "/")] = one
                break
    return {root: found[root] for root in sorted(found) if _are_built(root, found[root])}


def _are_built(root: str, files: dict[str, Manifest]) -> bool:
    """Whether a kustomization stands beside one of the files or above it, as those do that build files.

    It need not be of the run: what is left out of that speaks of the files all the same.
    """
    if any(one.name.endswith(KUSTOMIZATIONS) for one in files.values()):
        return True
    folders = {""}
    for file in files:
        folder = posixpath.dirname(file)
        while folder not in folders:
            folders.add(folder)
            folder = posixpath.dirname(folder)
    return any(
        os.path.exists(os.path.join(root, folder, name))  # noqa: PTH110, PTH118
        for folder in folders
        for name in KUSTOMIZATIONS
    )
