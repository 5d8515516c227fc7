"""The objects of a run that point at pods (Services, policies, autoscalers, patches ...), found among many files."""

from __future__ import annotations

import posixpath
import re
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import NamedTuple

from sidecarify.discover import Manifest
from sidecarify.files import FileError, read
from sidecarify.kube import fields
from sidecarify.kube.kinds import KUSTOMIZATIONS
from sidecarify.kube.objects import KubeObject, objects
from sidecarify.kube.overlays import fragments, is_partial
from sidecarify.kube.workload import PodSpec
from sidecarify.yamltext.documents import Document, split
from sidecarify.yamltext.source import Source, TextError
from sidecarify.yamltext.tree import Node, YamlError, parse

# The kinds that say something of a pod from outside it. Routes of the Gateway API all end alike.
_AROUND = (
    "Service",
    "Ingress",
    r"\w*Route",
    "NetworkPolicy",
    "CiliumNetworkPolicy",
    "CiliumClusterwideNetworkPolicy",
    "GlobalNetworkPolicy",
    "HorizontalPodAutoscaler",
    "VerticalPodAutoscaler",
    "ScaledObject",
    "PodDisruptionBudget",
    "ServiceMonitor",
    "PodMonitor",
    "VMServiceScrape",
    "VMPodScrape",
    "PrometheusRule",
    "VMRule",
    "LimitRange",
    "ResourceQuota",
    "Namespace",
    "PeerAuthentication",
    "TargetGroupBinding",
    "VirtualNode",
    "Kustomization",
    "Component",
    "HelmRelease",
    "Application",
    "ClusterPolicy",
    "Policy",
    "ValidatingAdmissionPolicy",
    "ValidatingPolicy",
    "MutatingAdmissionPolicy",
    "ConstraintTemplate",
)
_KIND = r"""kind["']?[ \t]*:[ \t]*["']?"""
_POINTING = re.compile(rf"{_KIND}(?:{'|'.join(_AROUND)}|\w*List)\b")
_POINTING_BYTES = re.compile(_POINTING.pattern.encode())
_AROUND_KIND = re.compile("|".join(_AROUND))
_KINDS = re.compile(rf"{_KIND}(\w+)")
_NAMESPACE = re.compile(rf"{_KIND}Namespace\b")
_CONFIG = re.compile(rf"{_KIND}ConfigMap\b")
_CONFIG_BYTES = re.compile(_CONFIG.pattern.encode())
_CONFIG_KEYS = frozenset({"configMap", "configMapRef", "configMapKeyRef"})
_SELECTOR = re.compile(r"""selector["']?[ \t]*:""")
_ANY_SELECTOR = re.compile(r"""[sS]elector["']?[ \t]*:""")
_BY_LABELS = re.compile(r"""matchLabels["']?[ \t]*:""")
_KUSTOMIZATION = re.compile(rf"(?:.*/)?(?:{'|'.join(map(re.escape, KUSTOMIZATIONS))})")
_PATCH_PATH = re.compile("/(?:containers|initContainers)")
_PATCH_PATH_BYTES = (b"/containers", b"/initContainers")
_PATCH_FILE = re.compile(r"""path["']?[ \t]*+:[ \t]*+["']?+(?!/)""")
_WORD = re.compile(r"[A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?")
_NAME = re.compile(rf"""name(?<![\w.-]name)["']?[ \t]*:[ \t]*["']?({_WORD.pattern})""")
# What a word may consist of; a colon right behind it makes it a key.
_IN_WORDS = re.compile(rb"[\w.:-]")
_BLANKED = bytes(code if _IN_WORDS.match(bytes((code,))) else ord(" ") for code in range(256))
_NAME_AT_LEFT = re.compile(
    rf"""\n(?:[ ]{{1,4}}+|metadata["']?[ \t]*:[ \t]*\{{(?:[^{{}}\n]*,)?[ \t]*)["']?{_NAME.pattern}"""
)
_ESCAPE = re.compile(r"\\[xuU]")

_NAMING = frozenset({"HorizontalPodAutoscaler", "VerticalPodAutoscaler", "ScaledObject"})
_SELECTING = frozenset(
    {"NetworkPolicy", "PodDisruptionBudget", "ServiceMonitor", "PodMonitor", "VMServiceScrape", "VMPodScrape"}
)
_ROUTING = frozenset({"Ingress", "TargetGroupBinding"})
# What is said by these is said of what they name: a manifest with none of their words is none of their business.
_TOLD_BY_WORDS = _NAMING | _ROUTING | {"Service", "Namespace", "PrometheusRule", "VMRule", "ConfigMap"}
_CHANGING = ("patches", "patchesJson6902", "patchesStrategicMerge", "replacements")
_CACHED = 1_000_000
"""So many characters of text stay parsed at a time; a node takes some ten times as much."""


def speaks(name: str, data: bytes) -> bool:
    """Whether the bytes of the manifest `name` may hold such an object: a look at them, without any parsing.

    A kustomization is none: it says something of what it builds, and that is known (kustomize/).
    """
    if _KUSTOMIZATION.fullmatch(name):
        return b"kustomize.toolkit.fluxcd.io" in data
    return (
        _POINTING_BYTES.search(data) is not None
        or (b"ontainers" in data and not _is_one_whole_workload(data))
        or _CONFIG_BYTES.search(data) is not None
    )


def _is_one_whole_workload(data: bytes) -> bool:
    """Whether the bytes are one document, in which `_may_point` would find a workload that is no patch."""
    marks = (b"---", b"...", *_PATCH_PATH_BYTES)
    return b"selector:" in data and not any(mark in data for mark in marks)


class _Entry(NamedTuple):
    """A document that points at pods: the manifest's number, and the document's in it."""

    manifest: int
    document: int


class _Parsed(NamedTuple):
    """The length of a document's text, and its objects with their anchors."""

    length: int
    objects: tuple[tuple[KubeObject, frozenset[str] | None], ...]


class Around:
    """The objects of a run that point at pods, by the words that they share with those pods.

    An object selects pods by labels, or names a workload, its containers or a Service: so one that has none of these
    words is about other pods, and need not be read. What may be about any pod is parsed once and stays; of the rest
    only the words are kept, and a document is parsed when it may concern a pod. So memory does not grow with the run.
    A ConfigMap is about the pods that name it.
    `complete` says that there are no other objects.
    """

    def __init__(self, *, complete: bool = False) -> None:
        self.complete = complete
        self._manifests: list[Manifest] = []
        self._entries: list[_Entry] = []
        self._by_word: dict[str, list[int]] = {}
        self._by_namespace: dict[str, list[int]] = {}
        self._by_name: dict[str, list[int]] = {}
        self._configs: dict[str, list[int]] = {}
        self._unclear: list[int] = []
        self._everywhere: list[KubeObject] = []
        self._anchors: dict[int, frozenset[str] | None] = {}
        self._parsed: OrderedDict[int, _Parsed] = OrderedDict()
        self._held = 0

    def add(self, manifest: Manifest, data: bytes) -> None:
        """Take note of a manifest that `speaks`; what cannot be read is reported where it is judged itself."""
        try:
            text = Source.decode(data).text
        except TextError:
            return
        number = len(self._manifests)
        self._manifests.append(manifest)
        for document in split(text):
            piece = text[document.start : document.end]
            points, configures = _may_point(piece, manifest.name), _CONFIG.search(piece) is not None
            if not (points or configures):
                continue
            entry = len(self._entries)
            self._entries.append(_Entry(number, document.index))
            if configures:
                self._post(entry, _names_in(piece), self._configs)
            if not points:
                continue
            self._by_name.setdefault(manifest.name, []).append(entry)
            if _is_told_by_words(piece, manifest.name):
                words = _values_in(piece)
                self._post(entry, words)
                if _NAMESPACE.search(piece):
                    self._post(entry, words, self._by_namespace)
            else:
                self._unclear.append(entry)

    def merge(self, other: Around) -> None:
        """Take over what another one has noted of further manifests."""
        manifests, entries = len(self._manifests), len(self._entries)
        self._manifests += other._manifests
        self._entries += (_Entry(one.manifest + manifests, one.document) for one in other._entries)
        self._unclear += (one + entries for one in other._unclear)
        for mine, theirs in (
            (self._by_word, other._by_word),
            (self._by_namespace, other._by_namespace),
            (self._by_name, other._by_name),
            (self._configs, other._configs),
        ):
            for key, found in theirs.items():
                mine.setdefault(key, []).extend(one + entries for one in found)

    def __len__(self) -> int:
        return len(self._entries)

    def __getstate__(self) -> dict[str, object]:
        """What a process of the run needs: words, and no trees."""
        self._settle()
        state = self.__dict__.copy()
        return state | {"_everywhere": [], "_parsed": OrderedDict(), "_held": 0, "_unclear": self._anywhere()}

    @property
    def objects(self) -> tuple[KubeObject, ...]:
        """All of them, in the order of the run."""
        return tuple(one for entry in range(len(self._entries)) for one, _ in self._read(entry))

    def of(self, file: str, pods: Iterable[PodSpec], own: Iterable[KubeObject] = ()) -> tuple[KubeObject, ...]:
        """The objects of other manifests that may concern the pods of the manifest `file`, whose `own` objects are.

        What points at a Service of a pod points at the pod: so the names and labels of its Services count too.
        """
        self._settle()
        pods = tuple(pods)
        words, namespaces, wild = _words_of(pods)
        services = [one for one in own if one.kind == "Service"]
        words |= _names_of(services)
        found = set(range(len(self._entries))) if wild else self._sharing(words)
        found |= {entry for one in namespaces for entry in self._by_namespace.get(one, ())}
        objects = self._concerning(found, words | namespaces, file, wild=wild)
        further = _names_of(one for one in objects if one.kind == "Service") - words
        more = self._sharing(further) - found
        objects += self._concerning(more, further | words, file)
        objects += self._configuring(pods, file)
        everywhere = [one for one in self._everywhere if one.file != file]
        named = {entry for one in (*everywhere, *objects) for entry in self._patches_of(one)}
        objects += (one for entry in sorted(named) for one, _ in self._read(entry) if one.file != file)
        known = {(one.file, one.document, one.path) for one in everywhere}
        others = {key: one for one in objects if (key := (one.file, one.document, one.path)) not in known}
        return (*everywhere, *sorted(others.values(), key=_place))

    def _post(self, entry: int, words: Iterable[str], index: dict[str, list[int]] | None = None) -> None:
        index = self._by_word if index is None else index
        for word in words:
            index.setdefault(word, []).append(entry)

    def _sharing(self, words: Iterable[str]) -> set[int]:
        return {entry for word in words for entry in self._by_word.get(word, ())}

    def _concerning(
        self, entries: Iterable[int], words: set[str], file: str, *, wild: bool = False
    ) -> list[KubeObject]:
        found = []
        for entry in sorted(entries):
            if self._manifests[self._entries[entry].manifest].name == file:
                continue
            known = self._anchors.get(entry)
            if known is not None and not wild and known.isdisjoint(words):
                continue
            for one, anchors in self._read(entry):
                if wild or anchors is None or not anchors.isdisjoint(words):
                    found.append(one)
        return found

    def _configuring(self, pods: Iterable[PodSpec], file: str) -> Iterator[KubeObject]:
        """The ConfigMaps of other manifests that the pods name."""
        names = set(_config_maps_of(pods)) if self._configs else set()
        for entry in sorted({entry for name in names for entry in self._configs.get(name, ())}):
            for one, _ in self._read(entry):
                if one.kind == "ConfigMap" and one.name in names and one.file != file:
                    yield one

    def _patches_of(self, one: KubeObject) -> Iterator[int]:
        """The documents that a Kustomization names as its patches."""
        if one.kind not in ("Kustomization", "Component"):
            return
        for entry in (*fields.items(one.node, "patches"), *fields.items(one.node, "patchesJson6902")):
            path = fields.text(entry, "path")
            if path is not None:
                yield from self._by_name.get(posixpath.normpath(posixpath.join(posixpath.dirname(one.file), path)), ())

    def _settle(self) -> None:
        """Parse what may be about any pod by its looks: it is, or it says by which words not."""
        unclear, self._unclear = self._unclear, []
        for entry in unclear:
            for one, words in self._read(entry):
                if words is None:
                    self._everywhere.append(one)
                else:
                    self._post(entry, words, self._by_namespace if one.kind == "Namespace" else None)
        self._everywhere.sort(key=_place)

    def _anywhere(self) -> list[int]:
        places = {(one.file, one.document) for one in self._everywhere}
        return [
            number
            for number, entry in enumerate(self._entries)
            if (self._manifests[entry.manifest].name, entry.document) in places
        ]

    def _read(self, entry: int) -> tuple[tuple[KubeObject, frozenset[str] | None], ...]:
        """The objects of a document, each with its anchors."""
        known = self._parsed.get(entry)
        if known is not None:
            self._parsed.move_to_end(entry)
            return known.objects
        number, index = self._entries[entry]
        manifest = self._manifests[number]
        try:
            text = Source.decode(read(manifest.path)).text
            document = split(text)[index]
        except (FileError, TextError, IndexError):  # it has changed since
            return ()
        piece = text[document.start : document.end]
        found = tuple((one, _anchors(one)) for one in _objects(piece, document, manifest.name))
        sound = [anchors for _, anchors in found if anchors is not None]
        self._anchors[entry] = frozenset().union(*sound) if len(sound) == len(found) else None
        self._parsed[entry] = _Parsed(len(piece), found)
        self._held += len(piece)
        while self._held > _CACHED and len(self._parsed) > 1:
            self._held -= self._parsed.popitem(last=False)[1].length
        return found


def _values_in(text: str) -> set[str]:
    """The words of a text that are no plain keys: names and labels are among them."""
    words = text.encode("ascii", "replace").translate(_BLANKED).decode().replace(":", ": ").split()
    return {word.strip("._-") for word in words if not word.endswith(":")} - {""}


def _words_of(pods: Iterable[PodSpec]) -> tuple[set[str], set[str], bool]:
    """The words by which others can mean the pods, their namespaces, and whether a label is no word (but empty).

    The namespace is a word of all that is in it, and only a Namespace is about all of that.
    """
    labels: set[str] = set()
    names: set[str] = set()
    namespaces: set[str] = set()
    for pod in pods:
        with suppress(YamlError):  # it is told where the pod is judged
            labels.update(pod.labels.values())
            names.add(pod.owner.name or "")
            namespaces.add(pod.owner.namespace or "")
            names.update(one.name for one in (*pod.containers, *pod.init_containers))
    return labels | names, namespaces, not all(_WORD.fullmatch(one) for one in labels)


def _names_in(text: str) -> set[str]:
    """The names that the ConfigMaps of a document may have: in YAML those at the left, where no data stand."""
    whole = text.lstrip().startswith("{") or "items" in text
    return (set() if whole else set(_NAME_AT_LEFT.findall(f"\n{text}"))) or set(_NAME.findall(text))


def _config_maps_of(pods: Iterable[PodSpec]) -> Iterator[str]:
    with suppress(YamlError):  # as in _words_of
        for pod in pods:
            for mapping in pod.node.mappings():
                for key, value in mapping.pairs:
                    name = fields.text(value, "name") if key.value in _CONFIG_KEYS else None
                    if name is not None:
                        yield name


def _names_of(services: Iterable[KubeObject]) -> set[str]:
    return {word for one in services for word in (one.name, *one.labels.values()) if word}


def _is_told_by_words(text: str, file: str) -> bool:
    """Whether a document is about a pod only if it holds a word of it, by its looks."""
    if _PATCH_PATH.search(text) or _KUSTOMIZATION.fullmatch(file) or _ESCAPE.search(text):
        return False
    for kind in _KINDS.findall(text):
        if kind.endswith("List"):
            return False
        if kind in _SELECTING:
            every = len(_ANY_SELECTOR.findall(text)) == len(_BY_LABELS.findall(text))
            if not every or "matchExpressions" in text:
                return False
        elif _AROUND_KIND.fullmatch(kind) and kind not in _TOLD_BY_WORDS and not kind.endswith("Route"):
            return False
    return True


def _place(one: KubeObject) -> tuple[str, int, int]:
    return one.file, one.document, one.line


def _anchors(one: KubeObject) -> frozenset[str] | None:
    """The words of which a manifest must hold one for the object to concern it; None if it may concern any.

    Empty for a kustomization that changes nothing of its resources but images, names and the like.
    """
    try:
        if _is_plain_kustomization(one):
            return frozenset()
        words = _selected(one)
    except YamlError:
        return None
    if not words or any(not _WORD.fullmatch(word) for word in words):
        return None
    return frozenset(words)


def _selected(one: KubeObject) -> set[str]:
    if any(node.kind == "alias" for node in one.node.walk()):
        return set()
    if one.kind == "Service":
        # All of the selector's labels must agree, so any one of them will do: the longest is met least.
        selector = fields.mapping(one.node, "spec", "selector")
        return {max(selector.values(), key=len)} if selector else set()
    if one.kind == "Namespace":
        return {one.name} if one.name else set()
    if one.kind in _NAMING:
        return {name for key in ("scaleTargetRef", "targetRef") if (name := fields.text(one.node, "spec", key, "name"))}
    if one.kind in _SELECTING:
        return set() if _selects_all(one.node) else set(_values(one.node, "matchLabels"))
    if _is_kustomization(one):
        return _targets(one.node)
    if one.row is not None:
        return {one.name} if one.name else set()
    if one.kind in _ROUTING or one.kind.endswith("Route"):
        spec = fields.find(one.node, "spec")
        return {node.value for node in _named(spec)} if spec is not None else set()
    return set()


def _is_kustomization(one: KubeObject) -> bool:
    return one.kind in ("Kustomization", "Component") and one.group in ("", "kustomize.config.k8s.io")


def _is_plain_kustomization(one: KubeObject) -> bool:
    return _is_kustomization(one) and all(fields.find(one.node, key) is None for key in _CHANGING)


def _targets(kustomization: Node) -> set[str]:
    """The names of the workloads that a kustomization changes; none if one is not told by its plain name."""
    if any(fields.find(kustomization, key) is not None for key in ("patchesStrategicMerge", "replacements")):
        return set()
    names: set[str] = set()
    for key in ("patches", "patchesJson6902"):
        for entry in fields.items(kustomization, key):
            wanted = fields.text(entry, "target", "name")
            if not wanted:
                return set()
            names.update(wanted.split("|"))
    return names


def _selects_all(node: Node) -> bool:
    """Whether a selector is without labels, or asks for more than that some be equal.

    Whom a policy lets in (`from`) is not whom it is about.
    """
    stack = [node]
    while stack:
        mapping = stack.pop()
        stack += mapping.items
        for key, value in mapping.pairs:
            if key.value == "matchExpressions":
                return True
            if key.value in ("from", "namespaceSelector"):
                continue
            if key.value.lower().endswith("selector") and fields.find(value, "matchLabels") is None:
                return True
            stack.append(value)
    return False


def _values(node: Node, name: str) -> Iterator[str]:
    for mapping in node.mappings():
        for key, value in mapping.pairs:
            if key.value == name:
                yield from (leaf.value for _, leaf in value.pairs)


def _named(spec: Node) -> Iterator[Node]:
    for mapping in spec.mappings():
        yield from (value for key, value in mapping.pairs if key.value in ("name", "serviceName"))


def _objects(text: str, document: Document, file: str) -> Iterator[KubeObject]:
    try:
        root = parse(text, line=document.line)
        yield from fragments(root, document.index, file)
        for one in objects(root, document.index, file):
            if _AROUND_KIND.fullmatch(one.kind) or one.kind == "ConfigMap" or (one.row and is_partial(one)):
                yield one
    except YamlError:
        return


def _may_point(text: str, file: str) -> bool:
    """Whether a document is worth parsing for what it says of pods elsewhere.

    Of the workloads only patches are, and a workload with a selector is whole.
    """
    lists = "containers" in text or "initContainers" in text
    if lists and (_PATCH_PATH.search(text) or not _SELECTOR.search(text)):
        return True
    if _KUSTOMIZATION.fullmatch(file):
        return lists or _PATCH_FILE.search(text) is not None
    if _POINTING.search(text):
        return True
    return "container" in text and _CONFIG.search(text) is not None
