"""The proof by the real tool: what kustomize builds before and after may differ by the moves and by nothing else.

The tree is copied, so that neither the user's files nor a build in their folder is touched; objects are compared as
trees, one by one.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from sidecarify.direction import ALWAYS, POLICY, STARTUP_PROBE, Direction
from sidecarify.kube import fields
from sidecarify.kube.objects import objects
from sidecarify.yamltext.documents import split
from sidecarify.yamltext.tree import Node, YamlError, parse

from . import merge
from .build import Instance, Roster, Site
from .carry import Picture, picture
from .edits import FileChange, Probes
from .graph import SKIPPED

_PREFIX = "sidecarify-"
_LOGGED = re.compile(r'E\d{4} [^"]*"command failed" err="(?P<error>.*)"', re.DOTALL)
TIMEOUT = 120
"""Seconds that one build may take: a large one needs a few."""


class Proof(NamedTuple):
    """What became of one root: `compared` with no `difference`, or the reason why it could not be built."""

    root: str
    compared: bool
    difference: str = ""

    @property
    def holds(self) -> bool:
        """Whether the root builds the same but for the moves."""
        return self.compared and not self.difference


def find_tool(names: Sequence[str] = ("kubectl", "kustomize")) -> tuple[str, ...] | None:
    """The command that builds a folder: `kubectl kustomize` or `kustomize build`; None if neither is installed."""
    for name in names:
        path = shutil.which(name)
        if path is not None:
            return (path, "kustomize") if Path(path).stem == "kubectl" else (path, "build")
    return None


def prove(
    tool: Sequence[str],
    root: Path,
    changes: Iterable[FileChange],
    finals: Mapping[tuple[Instance, str], Roster],
    moving: frozenset[Site],
    direction: Direction,
    probes: Probes = MappingProxyType({}),
    within: str = "",
) -> list[Proof]:
    """Build every root of `finals` from the files before and after the changes, and compare.

    `root` is the folder of the tree, whose files may be written already; what is below its folder `within` holds all
    that is built, and is copied. Raises OSError if it cannot be.
    """
    folders = list(dict.fromkeys(instance.root for instance, _ in finals))
    changes = list(changes)
    with tempfile.TemporaryDirectory(prefix=_PREFIX) as place:
        old, new = Path(place, "before"), Path(place, "after")
        _copy(root, old, within, {change.path: change.before for change in changes})
        _copy(root, new, within, {change.path: change.after for change in changes})
        return [_proof(tool, old, new, folder, finals, moving, direction, probes) for folder in folders]


def _copy(root: Path, target: Path, within: str, texts: Mapping[str, bytes]) -> None:
    """Copy a part of a tree, with other texts for some files; a link within the tree stays a link."""

    def skipped(_: str, names: list[str]) -> set[str]:
        return set(SKIPPED.intersection(names))

    shutil.copytree(root / within, target / within, symlinks=True, ignore=skipped, copy_function=_link_or_copy)
    for name, data in texts.items():
        path = target / name
        path.unlink()
        path.write_bytes(data)


def _link_or_copy(source: str, target: str) -> None:
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError:
        shutil.copy2(source, target, follow_symlinks=False)


def _proof(
    tool: Sequence[str],
    old: Path,
    new: Path,
    folder: str,
    finals: Mapping[tuple[Instance, str], Roster],
    moving: frozenset[Site],
    direction: Direction,
    probes: Probes,
) -> Proof:
    before = _built(tool, old / folder)
    if isinstance(before, str):
        return Proof(folder, False, f"it does not build as it was: {before}")
    after = _built(tool, new / folder)
    if isinstance(after, str):
        return Proof(folder, True, f"it builds no more: {after}")
    for (instance, path), roster in finals.items():
        if instance.root == folder:
            key = _key(instance)
            if key not in before:
                return Proof(folder, False, f"{key[1]} {key[3]} is not in what it builds")
            before[key] = _expected(before[key], path, roster, moving, direction, probes)
    if list(before) != list(after):
        return Proof(folder, True, "other objects are built")
    for key, node in before.items():
        if _comparable(node, direction) != _comparable(after[key], direction):
            return Proof(folder, True, f"{key[1]} {key[3]} is built otherwise than with the move alone")
    return Proof(folder, True)


Key = tuple[str, str, str, str]


def _built(tool: Sequence[str], folder: Path) -> dict[Key, Node] | str:
    """The objects that the tool builds, or its complaint."""
    try:
        done = subprocess.run(  # noqa: S603  (the command is the user's own kubectl or kustomize)
            [*tool, str(folder)], capture_output=True, check=False, timeout=TIMEOUT
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    if done.returncode:
        return _complaint(done.stderr.decode("utf-8", "replace").strip(), folder)
    text = done.stdout.decode("utf-8", "replace")
    found: dict[Key, Node] = {}
    try:
        for document in split(text):
            for one in objects(parse(text[document.start : document.end])):
                found[one.api_version, one.kind, one.namespace or "", one.name or ""] = one.node
    except YamlError as error:
        return f"its output cannot be read: {error.message}"
    return found


def _complaint(text: str, folder: Path) -> str:
    """What the tool says, without the words of its log and the place of the copy."""
    told = _LOGGED.sub(lambda found: found["error"].replace('\\"', '"'), text)
    copied = next(one for one in (folder, *folder.parents) if one.parent.name.startswith(_PREFIX))
    return told.replace(f"{copied}/", "")


def _key(instance: Instance) -> Key:
    node = instance.final.node
    api, kind = fields.text(node, "apiVersion") or "", fields.text(node, "kind") or ""
    return api, kind, fields.text(node, "metadata", "namespace") or "", fields.text(node, "metadata", "name") or ""


def _expected(
    node: Node,
    path: str,
    after: Roster,
    moving: frozenset[Site],
    direction: Direction,
    probes: Probes,
) -> Node:
    """The object before, with the lists as they are to be."""
    steps = tuple(path.split("."))
    spec = merge.at(node, steps)
    there = {
        fields.text(item, "name"): item
        for name in ("containers", "initContainers")
        for item in fields.items(spec, name)
    }
    for name in ("containers", "initContainers"):
        items = []
        for entry in after.of(name):
            item = there[entry.name]
            if entry.site in moving:
                policy = merge.scalar_like(item, ALWAYS) if direction.promotes else None
                if policy is not None:
                    policy.style = None
                item = merge.with_value(item, POLICY, policy)
                probe = probes.get(id(entry.site.node))
                if probe is not None:
                    item = merge.with_value(item, STARTUP_PROBE, merge.written(item, probe))
            items.append(item)
        spec = merge.with_value(spec, name, merge.list_like(spec, items) if items else None)
    return merge.with_path(node, steps, spec)


def _comparable(node: Node, direction: Direction) -> Picture:
    """A tree as it is compared: without empty lists of init containers, which say nothing."""
    stack = [node]
    for one in stack:
        stack += (*(value for _, value in one.pairs), *one.items)
        one.pairs = [
            pair for pair in one.pairs if pair[0].value != "initContainers" or pair[1].items or pair[1].kind != "seq"
        ]
    return picture(node)
