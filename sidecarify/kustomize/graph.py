"""The kustomizations of a tree and what each of them refers to, with the place of every reference.

Fields and their order are those of kustomize's api/types/kustomization.go; what a name may stand for (a file, a folder
with a kustomization, something remote) is decided as in api/internal/target/kusttarget.go: what exists here is local.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple

from sidecarify.kube import fields
from sidecarify.kube.kinds import KUSTOMIZATIONS, group_of
from sidecarify.kube.objects import objects
from sidecarify.yamltext.tree import Node, repeated_key

from .sources import Place, Problem, Sources, TextFile, Unit, joined
from .words import mentioned

MAX_DEPTH = 100
"""How deep kustomizations may build on one another; nobody stacks more than a handful."""
SKIPPED = frozenset({".git", "node_modules"})

_REMOTE = re.compile(
    r"(?:[a-z][a-z0-9+.-]*::|[a-z][a-z0-9+.-]*://|git@|[\w.-]+@[\w.-]+:|(?:www\.)?[\w-]+(?:\.[\w-]+)+/)"
)
_REF = re.compile(r"[?&](?:ref|version|submodules|timeout)=")

LinkKind = Literal["file", "folder", "remote", "missing", "outside", "cycle"]
PatchField = Literal["patchesStrategicMerge", "patches", "patchesJson6902"]


class Link(NamedTuple):
    """A name in a kustomization and what it stands for; `path` is relative to the root."""

    node: Node
    kind: LinkKind
    path: str


@dataclass(frozen=True, eq=False)
class Patch:
    """One patch; `unit` is the document that holds it, None where that cannot be read, with the reason in `why`.

    `entry` is the item of the kustomization's list, `target` its selector. `node` is the patch itself, at `path` of its
    document: the whole of that, but for a `List`, of which kustomize takes each item as a patch.
    """

    field: PatchField
    entry: Node
    target: Node | None
    unit: Unit | None
    why: str = ""
    node: Node | None = None
    path: str = ""

    @property
    def operations(self) -> bool:
        """Whether it is a list of JSON6902 operations."""
        return self.node is not None and self.node.kind == "seq"

    def allows(self, option: str) -> bool:
        """Whether an option of the entry is set (`allowNameChange`, `allowKindChange`)."""
        return fields.is_true(self.entry, "options", option)


@dataclass(frozen=True, eq=False)
class Replacement:
    """One entry of `replacements`, written in the kustomization or in a file of its own."""

    unit: Unit
    node: Node


class Obscure(NamedTuple):
    """A field whose work cannot be foreseen: done by programs (`transformers`, `helmCharts`), or by another schema."""

    field: str
    node: Node


@dataclass(frozen=True, eq=False)
class Kustomization:
    """A kustomization file: `unit` is its document, `folder` where it stands (empty for the root)."""

    folder: str
    unit: Unit
    resources: tuple[Link, ...]
    components: tuple[Link, ...]
    patches: tuple[Patch, ...]
    replacements: tuple[Replacement, ...]
    configurations: tuple[Unit, ...]
    obscure: tuple[Obscure, ...]

    @property
    def node(self) -> Node:
        """Its mapping."""
        return self.unit.root.resolved

    @cached_property
    def folders(self) -> tuple[Link, ...]:
        """The other kustomizations that it builds on."""
        return tuple(link for link in (*self.resources, *self.components) if link.kind == "folder")

    def of(self, field: PatchField) -> Iterator[Patch]:
        """Its patches of one field, in order."""
        return (patch for patch in self.patches if patch.field == field)


@dataclass(frozen=True, eq=False)
class Graph:
    """All kustomizations below a root, by folder. `broken` are those that cannot be built as they stand.

    `doubts`: files and folders that one of those may refer to which cannot be read at all.
    """

    sources: Sources
    kustomizations: dict[str, Kustomization]
    problems: tuple[Problem, ...]
    broken: dict[str, Problem]
    doubts: dict[str, Problem]

    @cached_property
    def used_by(self) -> dict[str, tuple[str, ...]]:
        """For each folder the folders whose kustomization refers to it."""
        found: dict[str, list[str]] = {folder: [] for folder in self.kustomizations}
        for one in self.kustomizations.values():
            for link in one.folders:
                if link.path in found and one.folder not in found[link.path]:
                    found[link.path].append(one.folder)
        return {folder: tuple(users) for folder, users in found.items()}

    @cached_property
    def roots(self) -> tuple[str, ...]:
        """Folders that are built, such that each kustomization has a part in the build of one of them.

        Those that no other one refers to (a Component may have users elsewhere), and one of each circle.
        """
        free = [folder for folder in self.kustomizations if not self.used_by[folder]]
        reached = set(self.below(free))
        for folder in self.kustomizations:
            if folder not in reached:
                free.append(folder)
                reached.update(self.below([folder]))
        chosen = set(free)
        return tuple(folder for folder in self.kustomizations if folder in chosen)

    def below(self, folders: Iterable[str]) -> list[str]:
        """The folders and all that their kustomizations build on, in the order of the graph."""
        found: set[str] = set()
        stack = list(folders)
        while stack:
            folder = stack.pop()
            if folder in self.kustomizations and folder not in found:
                found.add(folder)
                stack += (link.path for link in self.kustomizations[folder].folders)
        return [folder for folder in self.kustomizations if folder in found]

    @cached_property
    def files(self) -> frozenset[str]:
        """The files whose objects, patches or fields the graph knows, kustomizations included."""
        found = set()
        for one in self.kustomizations.values():
            found.add(one.unit.file)
            found |= {link.path for link in one.resources if link.kind == "file"}
            found |= {patch.unit.file for patch in one.patches if patch.unit is not None}
            found |= {replacement.unit.file for replacement in one.replacements}
        return frozenset(found)

    @cached_property
    def own_files(self) -> frozenset[str]:
        """Those of `files` that hold nothing but kustomizations, patches and replacements: no object of their own."""
        resources = {link.path for one in self.kustomizations.values() for link in one.resources if link.kind == "file"}
        return self.files - resources


def read_graph(sources: Sources, folders: Collection[str] | None = None) -> Graph:
    """Read every kustomization below the root of `sources`, or those in `folders` and nothing else.

    Never raises for what is wrong with them.
    """
    reader = _Reader(sources)
    for folder, names in _folders(sources) if folders is None else _given(sources, folders):
        reader.kustomization(folder, names)
    reader.find_cycles()
    return Graph(sources, reader.found, tuple(reader.problems), reader.broken, reader.doubts)


def _folders(sources: Sources) -> Iterator[tuple[str, list[str]]]:
    """The folders that hold a kustomization, with its names; links to folders are not followed."""
    for path, folders, names in os.walk(sources.root):
        folders[:] = sorted(folder for folder in folders if folder not in SKIPPED)
        present = [name for name in KUSTOMIZATIONS if name in names]
        if present:
            folder = os.path.relpath(path, sources.root).replace(os.sep, "/")
            yield ("" if folder == "." else folder), present


def _given(sources: Sources, folders: Collection[str]) -> Iterator[tuple[str, list[str]]]:
    for folder in folders:
        present = [name for name in KUSTOMIZATIONS if sources.where(joined(folder, name)) == "file"]
        if present:
            yield folder, present


class _Reader:
    def __init__(self, sources: Sources) -> None:
        self.sources = sources
        self.found: dict[str, Kustomization] = {}
        self.problems: list[Problem] = []
        self.broken: dict[str, Problem] = {}
        self.doubts: dict[str, Problem] = {}

    def kustomization(self, folder: str, names: list[str]) -> None:
        """Read the kustomization of a folder; of one that cannot be read, what its words may refer to."""
        self._kustomization(folder, names)
        problem = self.broken.get(folder)
        text = self.sources.read(joined(folder, names[0]))
        if problem is not None and folder not in self.found and isinstance(text, TextFile):
            for path in mentioned(folder, text.source.text):
                if path != folder:
                    self.doubts.setdefault(path, problem)

    def _kustomization(self, folder: str, names: list[str]) -> None:
        file = joined(folder, names[0])
        if len(names) > 1:
            what = f"the folder holds {' and '.join(names)}; kustomize takes one kustomization a folder"
            self._report(folder, Problem(Place(file, 1), "several-kustomizations", what))
        text = self.sources.read(file)
        if isinstance(text, Problem):
            self._report(folder, text)
            return
        units = self.sources.units(text)
        bad = next((unit for unit in units if isinstance(unit, Problem)), None)
        good = [unit for unit in units if isinstance(unit, Unit)]
        if bad is not None or not good:
            self._report(folder, bad or Problem(Place(file, 1), "empty", "the kustomization is empty"))
            return
        unit = good[0]
        node = unit.root.resolved
        twice = repeated_key(node)
        if twice is not None:
            place = self.sources.place(twice.line)
            self._report(folder, Problem(place, "duplicate-key", f"the key {twice.value!r} stands twice"))
            return
        kind, api = fields.text(node, "kind"), fields.text(node, "apiVersion")
        if node.kind != "map" or (api and group_of(api) != "kustomize.config.k8s.io"):
            return
        if len(good) > 1 or (kind or "Kustomization") not in ("Kustomization", "Component"):
            what = "the file is no single Kustomization or Component"
            self._report(folder, Problem(Place(file, 1), "no-kustomization", what))
            return
        self.found[folder] = self._read(folder, unit, node)

    def _read(self, folder: str, unit: Unit, node: Node) -> Kustomization:
        resources = [self._link(folder, item, needed=False) for item in _listed(node, "resources", "bases")]
        obscure = [
            Obscure(name, value) for name, value in fields.keys(node).items() if name in _OBSCURE and _says(value)
        ]
        openapi = fields.find(node, "openapi", "path")
        if openapi is not None:
            obscure.append(Obscure("openapi", openapi))
        return Kustomization(
            folder,
            unit,
            tuple(resources),
            tuple(self._link(folder, item) for item in _listed(node, "components")),
            tuple(self._patches(folder, unit, node)),
            tuple(self._replacements(folder, unit, node)),
            tuple(self._configurations(folder, node)),
            tuple(obscure),
        )

    def _report(self, folder: str, problem: Problem) -> None:
        self.problems.append(problem)
        self.broken.setdefault(folder, problem)

    def _link(self, folder: str, item: Node, *, needed: bool = True) -> Link:
        """What a name stands for; what is missing, leads out of the root or is remote is reported.

        What is missing and not `needed` may be made before the build, and is as unknown as something remote.
        """
        text = item.value
        place = self.sources.place(item.line)
        if item.kind != "scalar" or not text:
            self._report(folder, Problem(place, "odd-entry", "the entry is no name"))
            return Link(item, "missing", "")
        if "://" in text or text.startswith("git::"):
            return self._remote(item)
        path = joined(folder, text)
        where = self.sources.where(path)
        if where in ("file", "folder"):
            return Link(item, where, self.sources.real(path))
        if _REMOTE.match(text) or _REF.search(text):
            return self._remote(item)
        if where == "outside":
            what = f"{text} leads out of the given folder, so what it builds on is not known"
            self._report(folder, Problem(place, "outside", what))
            return Link(item, "outside", path)
        missing = Problem(place, "missing", f"{text} does not exist")
        if needed:
            self._report(folder, missing)
        else:
            self.problems.append(missing)
        return Link(item, "missing", path)

    def _remote(self, item: Node) -> Link:
        what = f"{item.value} is remote and is not read"
        self.problems.append(Problem(self.sources.place(item.line), "remote", what))
        return Link(item, "remote", item.value)

    def _file(self, folder: str, item: Node) -> TextFile | str:
        """The file that an entry names, or the reason why it cannot be read."""
        link = self._link(folder, item)
        if link.kind != "file":
            return f"{item.value} is {'remote' if link.kind == 'remote' else 'no readable file'}"
        text = self.sources.read(link.path)
        if isinstance(text, Problem):
            self._report(folder, text)
            return f"{item.value} is not readable: {text.message}"
        return text

    def _patches(self, folder: str, unit: Unit, node: Node) -> Iterator[Patch]:
        for entry in _listed(node, "patchesStrategicMerge"):
            if entry.kind == "scalar" and "\n" in entry.value.strip():
                yield from self._inline(folder, unit, "patchesStrategicMerge", entry, None, entry)
            else:
                yield from self._in_file(folder, "patchesStrategicMerge", entry, None, entry)
        for field in ("patches", "patchesJson6902"):
            for entry in _listed(node, field):
                target = fields.find(entry, "target")
                text, path = fields.find(entry, "patch"), fields.find(entry, "path")
                if text is not None:
                    yield from self._inline(folder, unit, field, entry, target, text)
                elif path is not None:
                    yield from self._in_file(folder, field, entry, target, path)
                else:
                    what = "the entry has neither `patch` nor `path`"
                    self._report(folder, Problem(self.sources.place(entry.line), "odd-entry", what))

    def _inline(
        self, folder: str, unit: Unit, field: PatchField, entry: Node, target: Node | None, text: Node
    ) -> Iterator[Patch]:
        units = self.sources.inline(unit, text) if text.kind == "scalar" else None
        if units is None or isinstance(units, Problem):
            problem = units or Problem(self.sources.place(text.line), "odd-entry", "the patch is no text")
            self._report(folder, problem)
            yield Patch(field, entry, target, None, problem.message)
            return
        for one in units:
            yield from _patches_in(field, entry, target, one)

    def _in_file(self, folder: str, field: PatchField, entry: Node, target: Node | None, path: Node) -> Iterator[Patch]:
        text = self._file(folder, path)
        if isinstance(text, str):
            yield Patch(field, entry, target, None, text)
            return
        for one in self.sources.units(text):
            if isinstance(one, Problem):
                self._report(folder, one)
                yield Patch(field, entry, target, None, one.message)
            else:
                yield from _patches_in(field, entry, target, one)

    def _replacements(self, folder: str, unit: Unit, node: Node) -> Iterator[Replacement]:
        for entry in _listed(node, "replacements"):
            path = fields.find(entry, "path")
            if path is None:
                yield Replacement(unit, entry)
                continue
            text = self._file(folder, path)
            if isinstance(text, str):
                continue
            for one in self.sources.units(text):
                if isinstance(one, Problem):
                    self._report(folder, one)
                    continue
                twice = repeated_key(one.root)
                if twice is not None:
                    what = f"the key {twice.value!r} stands twice"
                    self._report(folder, Problem(self.sources.place(twice.line), "duplicate-key", what))
                    continue
                root = one.root.resolved
                for item in root.items if root.kind == "seq" else [root]:
                    yield Replacement(one, item.resolved)

    def _configurations(self, folder: str, node: Node) -> Iterator[Unit]:
        for entry in _listed(node, "configurations"):
            text = self._file(folder, entry)
            if isinstance(text, str):
                continue
            for one in self.sources.units(text):
                if isinstance(one, Problem):
                    self._report(folder, one)
                else:
                    yield one

    def find_cycles(self) -> None:
        """Report folders without a kustomization and kustomizations that build on themselves.

        What builds on a broken one is broken with it.
        """
        for one in list(self.found.values()):
            for link in one.folders:
                if link.path not in self.found and link.path not in self.broken:
                    what = f"the folder {link.node.value} holds no kustomization"
                    self._report(one.folder, Problem(self.sources.place(link.node.line), "missing", what))
        depth: dict[str, int] = {}
        for folder in self.found:
            self._descend(folder, depth)
        for one in self._bottom_up(depth):
            if one.folder not in self.broken:
                cause = next((self.broken[link.path] for link in one.folders if link.path in self.broken), None)
                if cause is not None:
                    self.broken[one.folder] = cause

    def _descend(self, start: str, depth: dict[str, int]) -> None:
        """Give every kustomization below `start` its depth: one more than the deepest that it builds on."""
        stack: list[tuple[str, Iterator[Link]]] = []
        path: set[str] = set()

        def enter(folder: str) -> None:
            path.add(folder)
            depth[folder] = 0
            stack.append((folder, iter(self.found[folder].folders)))

        if start not in depth:
            enter(start)
        while stack:
            folder, links = stack[-1]
            link = next(links, None)
            if link is None:
                stack.pop()
                path.discard(folder)
                depth[folder] = 1 + max(
                    (depth.get(one.path, 0) for one in self.found[folder].folders if one.path not in path), default=0
                )
                if depth[folder] > MAX_DEPTH:
                    what = f"kustomizations build on one another more than {MAX_DEPTH} deep"
                    self._report(folder, Problem(Place(self.found[folder].unit.file, 1), "too-deep", what))
            elif link.path in path:
                what = f"{link.node.value} leads back to a kustomization that builds on this one"
                self._report(folder, Problem(self.sources.place(link.node.line), "cycle", what))
            elif link.path in self.found and link.path not in depth:
                enter(link.path)

    def _bottom_up(self, depth: dict[str, int]) -> list[Kustomization]:
        return sorted(self.found.values(), key=lambda one: depth.get(one.folder, 0))


_OBSCURE = frozenset({"transformers", "generators", "helmCharts", "helmChartInflationGenerator"})


def _patches_in(field: PatchField, entry: Node, target: Node | None, unit: Unit) -> Iterator[Patch]:
    """The patches that a document holds: the items of a List, one by one (inlineAnyEmbeddedLists of factory.go)."""
    root = unit.root.resolved
    listed = root.kind == "map" and repeated_key(root) is None and (fields.text(root, "kind") or "").endswith("List")
    if not listed or fields.find(root, "items") is None:
        yield Patch(field, entry, target, unit, node=root)
        return
    for one in objects(root, unit.document.index, unit.file):
        yield Patch(field, entry, target, unit, node=one.node, path=one.path)


def _says(value: Node) -> bool:
    return bool(value.resolved.items or value.resolved.pairs) or value.resolved.kind == "scalar"


def _listed(node: Node, *keys: str) -> Iterator[Node]:
    for key in keys:
        yield from fields.items(node, key)
