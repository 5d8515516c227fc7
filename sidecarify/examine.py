"""Reading a manifest and judging its pods: the half of the work that `inspect` and `convert` share."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from sidecarify.catalogue import Catalogue, bundled_folder, load
from sidecarify.direction import TO_SIDECAR, Direction
from sidecarify.judge.model import PodVerdict
from sidecarify.judge.reverse import judge_sidecars
from sidecarify.judge.verdict import judge
from sidecarify.kube.objects import KubeObject, objects
from sidecarify.kube.workload import PodSpec, pod_specs, stray_pod_specs
from sidecarify.options import Options
from sidecarify.yamltext.documents import Document, check_line_breaks, split
from sidecarify.yamltext.source import Source, TextError
from sidecarify.yamltext.tree import Node, YamlError, parse

_KEYS = {key: re.compile(rf"""["']?{key}["']?[ \t]*:""") for key in ("containers", "initContainers")}
_TEMPLATE = re.compile(r"\{\{")


class Problem(NamedTuple):
    """What keeps a document, or a whole manifest (`document` None), from being read. `line` counts from 1."""

    document: int | None
    line: int
    message: str
    code: str = "parse"


@dataclass(frozen=True, eq=False)
class Examined:
    """A document that holds pods with a container that may move: its text, its tree and the verdicts on its pods.

    Offsets in the tree count from the document's first character, lines from the manifest's.
    """

    document: Document
    text: str
    root: Node
    pods: tuple[PodVerdict, ...]


class Examination(NamedTuple):
    """A manifest as the judge sees it; `templates` are documents that are templates of YAML, not YAML."""

    documents: tuple[Examined, ...]
    errors: tuple[Problem, ...]
    templates: tuple[Problem, ...]


@lru_cache(maxsize=8)
def catalogue(folders: tuple[Path, ...] = ()) -> Catalogue:
    """The bundled families of helpers and those of `folders`. Raises CatalogueError."""
    return load((bundled_folder(), *folders))


def examine(
    source: Source,
    options: Options,
    others: Sequence[KubeObject] = (),
    *,
    complete: bool = False,
    direction: Direction = TO_SIDECAR,
) -> Examination:
    """Judge every pod of a manifest that has several containers (any pod, where the user names helpers).

    On the way back that is every pod with native sidecars. `others` are the objects of the run's other manifests; the
    manifest's own are added. What cannot be read is reported, document by document. Raises ValueError for options that
    mean nothing, CatalogueError.
    """
    settings = options.settings
    reader = _Reader(source.text, direction)
    judge_pod = judge if direction.promotes else judge_sidecars
    found = reader.candidates(_several(1 if options.helpers else 2) if direction.promotes else _has_sidecars)
    if not found:
        return Examination((), tuple(reader.errors), tuple(reader.templates))
    families = catalogue(options.transforms)
    around = (*reader.all_objects(), *others)
    examined = []
    for document, root, pods in found:
        try:
            verdicts = tuple(judge_pod(pod, families, settings, around, complete=complete) for pod in pods)
        except YamlError as error:
            reader.errors.append(Problem(document.index, error.line, error.message, error.code))
            continue
        examined.append(Examined(document, source.text[document.start : document.end], root, verdicts))
    return Examination(tuple(examined), tuple(reader.errors), tuple(reader.templates))


def _several(least: int) -> Callable[[PodSpec], bool]:
    return lambda pod: len(pod.containers) >= least


def _has_sidecars(pod: PodSpec) -> bool:
    return any(container.is_native_sidecar for container in pod.init_containers)


class _Reader:
    """The documents of one manifest, each parsed at most once, and what went wrong with them."""

    def __init__(self, text: str, direction: Direction) -> None:
        self.text = text
        self._direction = direction
        self._key = _KEYS[direction.source]
        self.documents = split(text)
        self.errors: list[Problem] = []
        self.templates: list[Problem] = []
        self._roots: dict[int, Node | None] = {}
        self._objects: dict[int, list[KubeObject]] = {}

    def candidates(self, wanted: Callable[[PodSpec], bool]) -> list[tuple[Document, Node, list[PodSpec]]]:
        """The documents with pods that are `wanted`."""
        found = []
        for document in self.documents:
            if not self._key.search(self.text, document.start, document.end):
                continue
            root = self._root(document, report=True)
            if root is None:
                continue
            try:
                pods = [pod for owner in self._objects_of(document) for pod in self._pods(owner) if wanted(pod)]
            except YamlError as error:
                self.errors.append(Problem(document.index, error.line, error.message, error.code))
                continue
            if pods:
                found.append((document, root, pods))
        return found

    def all_objects(self) -> list[KubeObject]:
        """The objects of all documents that can be read."""
        return [one for document in self.documents for one in self._objects_of(document)]

    def _objects_of(self, document: Document) -> list[KubeObject]:
        known = self._objects.get(document.index)
        if known is None:
            root = self._root(document, report=False)
            try:
                known = list(objects(root, document.index))
            except YamlError as error:
                if self._key.search(self.text, document.start, document.end):
                    raise
                self.errors.append(Problem(document.index, error.line, error.message, error.code))
                known = []
            self._objects[document.index] = known
        return known

    def _root(self, document: Document, *, report: bool) -> Node | None:
        if document.index in self._roots:
            return self._roots[document.index]
        root = None
        piece = self.text[document.start : document.end]
        try:
            check_line_breaks(self.text, document)
            root = parse(piece, line=document.line)
            template = _template_key(root) if root is not None and _TEMPLATE.search(piece) else None
            if template is not None:
                root = None
                self._template(document, template.line)
        except (YamlError, TextError) as error:
            if _TEMPLATE.search(piece):
                self._template(document, error.line)
            elif report:
                self.errors.append(Problem(document.index, error.line, error.message, error.code))
        self._roots[document.index] = root
        return root

    def _pods(self, owner: KubeObject) -> list[PodSpec]:
        if owner.row is not None:
            return list(pod_specs(owner))
        return list(stray_pod_specs(owner, 2 if self._direction.promotes else 1))

    def _template(self, document: Document, line: int) -> None:
        what = (
            "The document is a template (`{{ ... }}`), not YAML, and is left alone. "
            "Render it first, or move the container by hand."
        )
        self.templates.append(Problem(document.index, line, what, "template"))


def _template_key(root: Node) -> Node | None:
    """A mapping that stands as a key: `a: {{ .x }}` is YAML, though not what its author wrote."""
    return next((key for node in root.walk() for key, _ in node.pairs if key.kind == "map"), None)
