"""The objects of a run that point at pods (Services, policies, autoscalers, patches ...), found among many files."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from sidecarify.discover import Manifest
from sidecarify.files import FileError, read
from sidecarify.kube import fields
from sidecarify.kube.objects import KubeObject, objects
from sidecarify.kube.overlays import fragments, is_partial
from sidecarify.yamltext.documents import split
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
_KIND = r"""(?:^|[\s,{["'])kind["']?[ \t]*:[ \t]*["']?"""
_POINTING = re.compile(rf"{_KIND}(?:{'|'.join(_AROUND)}|\w*List)\b")
_POINTING_BYTES = re.compile(_POINTING.pattern.encode())
_AROUND_KIND = re.compile("|".join(_AROUND))
_CONFIG = re.compile(rf"{_KIND}ConfigMap\b")
_SELECTOR = re.compile(r"""selector["']?[ \t]*:""")
_KUSTOMIZATION = re.compile(r"(?:.*/)?(?:kustomization\.ya?ml|Kustomization)")
_LISTED = re.compile("containers|initContainers")
_LISTED_BYTES = re.compile(_LISTED.pattern.encode())
_PATCH_PATH = re.compile("/(?:containers|initContainers)")
_PATCHING = re.compile("patch|replacements|containers|kustomize", re.IGNORECASE)
_WORD = re.compile(r"[A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?")

_NAMING = frozenset({"HorizontalPodAutoscaler", "VerticalPodAutoscaler", "ScaledObject"})
_SELECTING = frozenset(
    {"NetworkPolicy", "PodDisruptionBudget", "ServiceMonitor", "PodMonitor", "VMServiceScrape", "VMPodScrape"}
)
_ROUTING = frozenset({"Ingress", "TargetGroupBinding"})


def speaks(name: str, data: bytes) -> bool:
    """Whether the bytes of the manifest `name` may hold such an object: a look at them, without any parsing."""
    return (
        _LISTED_BYTES.search(data) is not None
        or _POINTING_BYTES.search(data) is not None
        or _KUSTOMIZATION.fullmatch(name) is not None
        or (b"ConfigMap" in data and b"container" in data)
    )


class Around:
    """The objects of a run that point at pods, by the words that they share with the manifests of those pods.

    An object selects pods by labels, or names a workload or a Service: so a manifest that holds none of these words is
    none of its business, and need not be judged with it. `complete` says that there are no other objects.
    """

    def __init__(self, found: Iterable[KubeObject] = (), *, complete: bool = False) -> None:
        self.complete = complete
        self._objects = tuple(found)
        self._everywhere: list[KubeObject] = []
        self._by_word: dict[str, list[KubeObject]] = {}
        for one in self._objects:
            words = _anchors(one)
            if words is None:
                self._everywhere.append(one)
            for word in words or ():
                self._by_word.setdefault(word, []).append(one)

    @property
    def objects(self) -> tuple[KubeObject, ...]:
        """All of them, in the order of the run."""
        return self._objects

    def of(self, file: str, text: str) -> tuple[KubeObject, ...]:
        """The objects of other manifests that may concern the manifest `file` with this text.

        What points at a Service of the pod points at the pod: so the names and labels of those Services count too.
        """
        words = set(_WORD.findall(text))
        found = self._sharing(words, file)
        services = [one for one in found if one.kind == "Service"]
        further = {word for one in services for word in (one.name, *one.labels.values()) if word}
        found |= self._sharing(further - words, file)
        return (*(one for one in self._everywhere if one.file != file), *sorted(found, key=_place))

    def _sharing(self, words: set[str], file: str) -> set[KubeObject]:
        return {one for word in words for one in self._by_word.get(word, ()) if one.file != file}


def collect(speaking: Sequence[Manifest], *, complete: bool = False) -> Around:
    """The objects of `speaking` that point at pods, and no others: memory does not grow with the rest of the run.

    What cannot be read is left out here; it is reported where the manifest itself is judged.
    """
    found: list[KubeObject] = []
    for manifest in speaking:
        try:
            text = Source.decode(read(manifest.path)).text
        except (FileError, TextError):
            continue
        found += _objects(text, manifest.name)
    return Around(found, complete=complete)


def _place(one: KubeObject) -> tuple[str, int, int]:
    return one.file, one.document, one.line


def _anchors(one: KubeObject) -> frozenset[str] | None:
    """The words of which a manifest must hold one for the object to concern it; None if it may concern any."""
    try:
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
    if one.kind in _ROUTING or one.kind.endswith("Route"):
        spec = fields.find(one.node, "spec")
        return {node.value for node in _named(spec)} if spec is not None else set()
    return set()


def _selects_all(node: Node) -> bool:
    """Whether a selector is without labels, or asks for more than that some be equal."""
    return any(
        key.value == "matchExpressions"
        or (key.value.lower().endswith("selector") and fields.find(value, "matchLabels") is None)
        for mapping in node.walk()
        for key, value in mapping.pairs
        if key.value != "namespaceSelector"
    )


def _values(node: Node, name: str) -> Iterator[str]:
    for mapping in node.walk():
        for key, value in mapping.pairs:
            if key.value == name:
                yield from (leaf.value for _, leaf in value.pairs)


def _named(spec: Node) -> Iterator[Node]:
    for mapping in spec.walk():
        yield from (value for key, value in mapping.pairs if key.value in ("name", "serviceName"))


def _objects(text: str, file: str) -> Iterator[KubeObject]:
    for document in split(text):
        piece = text[document.start : document.end]
        if not _may_point(piece, file):
            continue
        try:
            root = parse(piece, line=document.line)
            yield from fragments(root, document.index, file)
            for one in objects(root, document.index, file):
                if _AROUND_KIND.fullmatch(one.kind) or one.kind == "ConfigMap" or (one.row and is_partial(one)):
                    yield one
        except YamlError:
            continue


def _may_point(text: str, file: str) -> bool:
    """Whether a document is worth parsing for what it says of pods elsewhere.

    Of the workloads only patches are, and a workload with a selector is whole.
    """
    if _LISTED.search(text) and (_PATCH_PATH.search(text) or not _SELECTOR.search(text)):
        return True
    if _KUSTOMIZATION.fullmatch(file):
        return _PATCHING.search(text) is not None
    if _POINTING.search(text):
        return True
    return "container" in text and _CONFIG.search(text) is not None
