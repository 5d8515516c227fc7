"""Reading a manifest and judging its pods: the half of the work that `inspect` and `convert` share."""

import re
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from sidecarify.catalogue import Catalogue
from sidecarify.direction import TO_SIDECAR, Direction
from sidecarify.families import bundled, bundled_folder, load
from sidecarify.judge.model import PodVerdict, Settings
from sidecarify.judge.verdict import judge
from sidecarify.kube.objects import KubeObject, objects
from sidecarify.kube.related import surroundings
from sidecarify.kube.workload import PodSpec, pod_specs, stray_pod_specs
from sidecarify.options import Options
from sidecarify.sieve import Look, look
from sidecarify.yamltext.documents import Document, check_line_breaks, split
from sidecarify.yamltext.source import Source, TextError
from sidecarify.yamltext.tree import Node, YamlError, parse

if TYPE_CHECKING:
    from sidecarify.comments import Comments

_KEYS = {key: re.compile(rf"""["']?{key}["']?[ \t]*:""") for key in ("containers", "initContainers")}
Surround = Callable[[Sequence[PodSpec], Sequence[KubeObject]], Sequence[KubeObject]]
"""Finds the objects of other manifests that may concern some pods, whose own manifest has the given objects."""

_TEMPLATE = re.compile(r"\{\{")


class Problem(NamedTuple):
    """What keeps a document, or a whole manifest (`document` None), from being read. `line` counts from 1."""

    document: int | None
    line: int
    message: str
    code: str = "parse"


class Examined(NamedTuple):
    """A document that holds pods with a container that may move: its text, its tree and the verdicts on its pods.

    Offsets in the tree count from the document's first character, lines from the manifest's.
    """

    document: Document
    text: str
    root: Node
    pods: tuple[PodVerdict, ...]


class Examination(NamedTuple):
    """A manifest as the judge sees it.

    `templates` are documents that are templates of YAML, not YAML; `remarks` are messages on comments that decide
    (directives.py): those that are not understood, and those that silence nothing.
    """

    documents: tuple[Examined, ...]
    errors: tuple[Problem, ...]
    templates: tuple[Problem, ...]
    remarks: tuple[Problem, ...] = ()


@lru_cache(maxsize=8)
def catalogue(folders: tuple[Path, ...] = ()) -> Catalogue:
    """The bundled families of helpers and those of `folders`. Raises CatalogueError."""
    return load((bundled_folder(), *folders)) if folders else bundled()


def examine(
    source: Source,
    options: Options,
    others: Sequence[KubeObject] | Surround = (),
    *,
    complete: bool = False,
    direction: Direction = TO_SIDECAR,
) -> Examination:
    """Judge every pod of a manifest that has several containers (any pod, where the user names helpers).

    On the way back that is every pod with native sidecars. `others` are the objects of the run's other manifests, or
    find those that may concern some pods; the manifest's own are added. What cannot be read is reported, document by
    document. Raises ValueError for options that mean nothing, CatalogueError.
    """
    reader = _Reader(source.text, direction)
    comments = _comments(reader, options)
    settings = options.settings if comments is None else options.settings._replace(remarks=comments.said)
    reader.sieves = not (options.names_helpers or settings.remarks.roles)
    found = reader.candidates(_several(2 if reader.sieves else 1) if direction.promotes else _has_sidecars)
    examined = tuple(_judged(reader, found, options.transforms, settings, others, complete=complete)) if found else ()
    told: list[Problem] = []
    if comments is not None:
        verdicts = [verdict for one in examined for verdict in one.pods]
        problems = comments.problems(verdicts, settings, direction)
        told = [Problem(None, one.line, one.message, one.code) for one in problems]
    return Examination(examined, tuple(reader.errors), tuple(reader.templates), tuple(told))


def _comments(reader: "_Reader", options: Options) -> "Comments | None":
    if "sidecarify" not in reader.text:
        return None
    from sidecarify.comments import Comments  # noqa: PLC0415  (few manifests speak to us)
    from sidecarify.directives import mentions  # noqa: PLC0415

    return Comments(reader.text, reader.readable(), ignores=options.ignores) if mentions(reader.text) else None


def _judged(
    reader: "_Reader",
    found: Sequence[tuple[Document, Node, list[PodSpec]]],
    transforms: tuple[Path, ...],
    settings: Settings,
    others: Sequence[KubeObject] | Surround,
    *,
    complete: bool,
) -> Iterator[Examined]:
    if reader.direction.promotes:
        judge_pod = judge
    else:
        from sidecarify.judge.reverse import judge_sidecars as judge_pod  # noqa: PLC0415  (for `revert` alone)
    families = catalogue(transforms)
    own = reader.all_objects()
    further = others([pod for _, _, pods in found for pod in pods], own) if callable(others) else others
    around = surroundings((*own, *further))  # for all pods at once: there may be thousands of both
    for document, root, pods in found:
        try:
            verdicts = tuple(judge_pod(pod, families, settings, around, complete=complete) for pod in pods)
        except YamlError as error:
            reader.errors.append(Problem(document.index, error.line, error.message, error.code))
        else:
            yield Examined(document, reader.text[document.start : document.end], root, verdicts)


def _several(least: int) -> Callable[[PodSpec], bool]:
    return lambda pod: len(pod.containers) >= least


def _has_sidecars(pod: PodSpec) -> bool:
    return any(container.is_native_sidecar for container in pod.init_containers)


class _Reader:
    """The documents of one manifest, each parsed at most once, and what went wrong with them."""

    def __init__(self, text: str, direction: Direction) -> None:
        self.text = text
        self.direction = direction
        self.sieves = False
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
            if not self._key.search(self.text, document.start, document.end) or self._is_sifted_out(document):
                continue
            root = self._root(document, report=True)
            if root is None:
                continue
            try:
                pods = [pod for owner in self._objects_of(document) for pod in self._pods(owner) if wanted(pod)]
            except YamlError as error:
                self._objects.setdefault(document.index, [])
                self.errors.append(Problem(document.index, error.line, error.message, error.code))
                continue
            if pods:
                found.append((document, root, pods))
        return found

    def readable(self) -> Iterator[tuple[Document, Node, list[PodSpec]]]:
        """The documents that can be read, with all their pods; what cannot is reported elsewhere."""
        for document in self.documents:
            root = self._root(document, report=False)
            if root is not None:
                try:
                    pods = [pod for owner in objects(root, document.index) for pod in _all_pods(owner)]
                    yield document, root, pods
                except YamlError:
                    continue

    def all_objects(self) -> list[KubeObject]:
        """The objects of all documents that can be read."""
        return [one for document in self.documents for one in self._objects_of(document)]

    def _is_sifted_out(self, document: Document) -> bool:
        if not self.sieves or document.index in self._roots:
            return False
        return look(self.text[document.start : document.end].encode(), self.direction) is Look.PODS

    def _objects_of(self, document: Document) -> list[KubeObject]:
        known = self._objects.get(document.index)
        if known is None:
            root = self._root(document, report=True)
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
        return list(stray_pod_specs(owner, 2 if self.direction.promotes else 1))

    def _template(self, document: Document, line: int) -> None:
        what = (
            "The document is a template (`{{ ... }}`), not YAML, and is left alone. "
            "Render it first, or move the container by hand."
        )
        self.templates.append(Problem(document.index, line, what, "template"))


def _all_pods(owner: KubeObject) -> list[PodSpec]:
    return list(pod_specs(owner) if owner.row is not None else stray_pod_specs(owner, 1))


def _template_key(root: Node) -> Node | None:
    """A mapping that stands as a key: `a: {{ .x }}` is YAML, though not what its author wrote."""
    return next((key for node in root.mappings() for key, _ in node.pairs if key.kind == "map"), None)
