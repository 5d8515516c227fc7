"""Places outside a workload that change it by its containers' names or indexes: kustomize patches and their kin.

Read are partial objects (strategic merge patches are objects that lack most of theirs), Kustomizations and Components,
Flux Kustomizations, HelmReleases with post-renderers, and Argo CD Applications. What a patch means is not computed:
only whom it names.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Literal, NamedTuple

from sidecarify.yamltext.tree import Node, YamlError, parse

from . import fields
from .kinds import KUSTOMIZATIONS
from .objects import KubeObject
from .related import Surroundings, namesakes, objects_of
from .selectors import same_namespace
from .workload import PodSpec, pod_specs

JSON_PATCH = "JsonPatch"
"""The kind that `fragments` gives to a list of JSON6902 operations, which has none of its own."""

STRATEGIC = "a strategic merge patch"
"""How a Reference by a strategic merge patch is told; such a patch merges its entries into the list by name."""

_INDEX = r"/(?:spec|template)/(containers|initContainers)/(\d+)(?=/|$)"
_FIELD_INDEX = r"(?<![\w])(containers|initContainers)(?:\.(\d+)|\[(\d+)\])(?![\w])"
_KUSTOMIZE_NAME = r"(?<![\w])(containers|initContainers)\.\[\s*name\s*=\s*([\w.-]+)\s*\]"
_JQ_NAME = r"(?<![\w])(containers|initContainers)\s*\[\s*\]\s*\|\s*select\(\s*\.name\s*==\s*\"([^\"]+)\"\s*\)"
_LIST = r"/(?:spec|template)/(containers|initContainers)"
_PLAIN_NAME = r"[\w.-]+(?:\|[\w.-]+)*"

ReferenceKind = Literal["name", "index", "list"]


class Reference(NamedTuple):
    """A place that names a container of the workload.

    `kind` is "name" (`container` is set), "index" (`position` is set, in the list `listed`), or "list": the
    whole list `containers` or `initContainers` (in `container`) is written. `how` says what the place is, for a
    message. `certain` is false where the target could only be guessed.
    """

    object: KubeObject
    kind: ReferenceKind
    container: str
    position: int
    how: str
    certain: bool
    line: int
    listed: str = "containers"


def fragments(root: Node | None, document: int = 0, file: str = "") -> Iterator[KubeObject]:
    """What kustomize reads and `objects` does not, as objects without a `kind` of their own.

    A `kustomization.yaml` without `kind`, and a list of JSON6902 operations (of the kind JsonPatch).
    """
    if root is None:
        return
    node = root.resolved
    if node.kind == "map" and fields.text(node, "kind") is None:
        if posixpath.basename(file.replace("\\", "/")) in KUSTOMIZATIONS:
            yield KubeObject(node, document, "", "kustomize.config.k8s.io/v1beta1", "Kustomization", None, None, file)
    elif node.kind == "seq" and node.items and all(_is_operation(item.resolved) for item in node.items):
        yield KubeObject(node, document, "", "", JSON_PATCH, None, None, file)


def _is_operation(node: Node) -> bool:
    return node.kind == "map" and fields.text(node, "op") is not None and fields.text(node, "path") is not None


def references(pod: PodSpec, others: Sequence[KubeObject], listed: str = "containers") -> Iterator[Reference]:
    """Every place of the run that names or counts containers of the pod's workload in one of its lists.

    Places that write a list as a whole are given for both lists.
    """
    if isinstance(others, Surroundings):
        found = others.references_of.get(pod)
        if found is None:
            found = others.references_of[pod] = tuple(_references(pod, others))
    else:
        found = tuple(_references(pod, others))
    return (one for one in found if one.listed == listed or one.kind == "list")


def _references(pod: PodSpec, others: Sequence[KubeObject]) -> Iterator[Reference]:
    for other in namesakes(pod, others):
        if other.node is not pod.owner.node:
            yield from _partial_object(pod, other)
    for group in ("kustomize.config.k8s.io", ""):
        for other in objects_of(others, group, "Kustomization", "Component"):
            yield from _kustomization(pod, other, other.node, others)
    for other in objects_of(others, "kustomize.toolkit.fluxcd.io", "Kustomization"):
        yield from _kustomization(pod, other, fields.find(other.node, "spec"), others)
    for other in objects_of(others, "helm.toolkit.fluxcd.io", "HelmRelease"):
        for renderer in fields.items(other.node, "spec", "postRenderers"):
            yield from _kustomization(pod, other, fields.find(renderer, "kustomize"), others)
    for other in objects_of(others, "argoproj.io", "Application"):
        yield from _application(pod, other, others)


@lru_cache(maxsize=512)  # a patch is compared with every workload of its name
def is_partial(owner: KubeObject) -> bool:
    """Whether an object cannot stand alone, so that it must be a patch.

    One of its containers has no image, or it is a workload of the group `apps` without a selector.
    """
    specs = [*pod_specs(owner), *pod_specs(owner, "initContainers")]
    if any(not one.image for spec in specs for one in (*spec.containers, *spec.init_containers)):
        return True
    return owner.group == "apps" and bool(specs) and fields.find(owner.node, "spec", "selector") is None


def _partial_object(pod: PodSpec, other: KubeObject) -> Iterator[Reference]:
    if other.name is None or not is_partial(other):
        return
    if same_namespace(pod.owner.namespace, other.namespace) is not False:
        yield from _containers(pod, other, other, certain=True)


def _containers(pod: PodSpec, holder: KubeObject, patch: KubeObject, *, certain: bool) -> Iterator[Reference]:
    own = _within(pod)
    for within, listed, name, line in _entries(patch):
        if within == own:
            yield Reference(holder, "name", name, -1, STRATEGIC, certain, line, listed)


@lru_cache(maxsize=512)  # as is_partial
def _entries(patch: KubeObject) -> tuple[tuple[str, str, str, int], ...]:
    """The containers that a patch names: the path of their pod spec, their list, name and line."""
    return tuple(
        (_within(spec), listed, one.name, one.line)
        for listed in ("containers", "initContainers")
        for spec in pod_specs(patch, listed)
        for one in (spec.containers if listed == "containers" else spec.init_containers)
    )


def _within(spec: PodSpec) -> str:
    """The path of a pod spec in its own object, without the place of that in a List."""
    return spec.path.removeprefix(f"{spec.owner.path}." if spec.owner.path else "")


def _kustomization(
    pod: PodSpec, holder: KubeObject, node: Node | None, others: Sequence[KubeObject]
) -> Iterator[Reference]:
    for entry in (*fields.items(node, "patches"), *fields.items(node, "patchesJson6902")):
        target = fields.find(entry, "target")
        patch = fields.find(entry, "patch")
        selected = _is_target(pod, target)
        if selected is False:
            continue
        if patch is not None:
            yield from _patch(pod, holder, patch, target, selected is True)
            continue
        for file in _files(holder, fields.text(entry, "path"), others):
            if file.kind == JSON_PATCH and target is not None:
                yield from _operations(file, file.node, selected is True)
            elif file.kind == pod.owner.kind and target is not None and file.node is not pod.owner.node:
                yield from _containers(pod, file, file, certain=selected is True)
    for entry in fields.items(node, "patchesStrategicMerge"):
        if entry.kind == "map" or "\n" in entry.value:
            yield from _patch(pod, holder, entry, None, True)
    for entry in fields.items(node, "replacements"):
        for target in fields.items(entry, "targets"):
            selected = _is_target(pod, fields.find(target, "select"))
            if selected is not False:
                for path in _scalars(target, "fieldPaths"):
                    yield from _field_path(holder, path, "a replacement's field path", selected is True)
        source = fields.find(entry, "source")
        if source is not None and _is_target(pod, source) is True:
            path_node = fields.find(source, "fieldPath")
            if path_node is not None and path_node.kind == "scalar":
                yield from _field_path(holder, path_node, "a replacement's source", True)


def _application(pod: PodSpec, holder: KubeObject, others: Sequence[KubeObject]) -> Iterator[Reference]:
    for entry in fields.items(holder.node, "spec", "ignoreDifferences"):
        kind, group, name = (fields.text(entry, key) for key in ("kind", "group", "name"))
        if kind not in (pod.owner.kind, "*") or (group or "") not in (pod.owner.group, "*"):
            continue
        if name is not None and name != pod.owner.name:
            continue
        for pointer in _scalars(entry, "jsonPointers"):
            found = re.search(_INDEX, pointer.value)
            if found is not None:
                how = "an ignored difference"
                yield Reference(holder, "index", "", int(found[2]), how, True, pointer.line, found[1])
        for path in _scalars(entry, "jqPathExpressions"):
            yield from _field_path(holder, path, "an ignored difference", True)
    sources = (fields.find(holder.node, "spec", "source"), *fields.items(holder.node, "spec", "sources"))
    for source in sources:
        yield from _kustomization(pod, holder, fields.find(source, "kustomize"), others)


def _scalars(node: Node, key: str) -> Iterator[Node]:
    return (item for item in fields.items(node, key) if item.kind == "scalar")


def _patch(pod: PodSpec, holder: KubeObject, patch: Node, target: Node | None, certain: bool) -> Iterator[Reference]:
    root = patch if patch.kind == "map" else _inline(patch)
    if root is None:
        return
    if root.kind == "seq":
        if target is not None:
            yield from _operations(holder, root, certain)
        return
    named = KubeObject(
        root,
        0,
        "",
        fields.text(root, "apiVersion") or pod.owner.api_version,
        fields.text(root, "kind") or pod.owner.kind,
        fields.text(root, "metadata", "name"),
        fields.text(root, "metadata", "namespace"),
    )
    if target is None:
        certain = True
        if (named.kind, named.group, named.name) != (pod.owner.kind, pod.owner.group, pod.owner.name):
            return
    else:
        # With a target, kustomize ignores the identity that stands in the patch.
        named = named._replace(api_version=pod.owner.api_version, kind=pod.owner.kind)
    yield from _containers(pod, holder, named, certain=certain)


@lru_cache(maxsize=512)  # asked again for every workload of a run
def _inline(scalar: Node) -> Node | None:
    """The tree of YAML written inside a scalar, its lines counted in the outer text; None if it is none."""
    first = scalar.line + 1 if scalar.style in ("|", ">") else scalar.line
    try:
        root = parse(scalar.value, line=first)
    except YamlError:
        return None
    return None if root is None else root.resolved


def _operations(holder: KubeObject, operations: Node, certain: bool) -> Iterator[Reference]:
    for item in fields.items(operations):
        for key in ("path", "from"):
            path = fields.text(item, key)
            if path is None:
                continue
            line = fields.line(item, key) or item.line
            found = re.search(_INDEX, path)
            if found is not None:
                yield Reference(holder, "index", "", int(found[2]), f"JSON patch {path}", certain, line, found[1])
                continue
            whole = re.search(_LIST, path)
            if whole is not None and whole.end() == len(path) and fields.text(item, "op") in ("add", "replace"):
                yield Reference(holder, "list", whole[1], -1, f"JSON patch {path}", certain, line)


def _field_path(holder: KubeObject, path: Node, how: str, certain: bool) -> Iterator[Reference]:
    by_name = re.search(_KUSTOMIZE_NAME, path.value) or re.search(_JQ_NAME, path.value)
    if by_name is not None:
        yield Reference(holder, "name", by_name[2], -1, how, certain, path.line, by_name[1])
        return
    by_index = re.search(_FIELD_INDEX, path.value)
    if by_index is not None:
        index = int(by_index[2] or by_index[3])
        yield Reference(holder, "index", "", index, how, certain, path.line, by_index[1])


def _is_target(pod: PodSpec, target: Node | None) -> bool | None:
    """Whether a target (`group`, `kind`, `name`, selectors) is the workload; None where that could only be guessed.

    Kind and name are anchored regular expressions for kustomize. Only plain ones are compared; the rest is a guess, and
    so is a target that fits every workload of a kind: which of them the patch is applied to is not known here.
    """
    if target is None:
        return None
    certain = any(fields.text(target, key) for key in ("name", "labelSelector", "annotationSelector"))
    for key, own in (("group", pod.owner.group), ("kind", pod.owner.kind), ("name", pod.owner.name or "")):
        wanted = fields.text(target, key)
        if not wanted or wanted == ".*":
            continue
        if re.fullmatch(_PLAIN_NAME, wanted):
            if own not in wanted.split("|"):
                return False
        else:
            certain = False
    for key, labels in (("labelSelector", pod.owner.labels), ("annotationSelector", pod.owner.annotations)):
        selector = fields.text(target, key)
        if selector is None:
            continue
        pairs = [pair.partition("=") for pair in selector.replace("==", "=").split(",")]
        if any("!" in key or not equals for key, equals, _ in pairs):
            certain = False
        elif any(labels.get(key.strip()) != value.strip() for key, _, value in pairs):
            return False
    if same_namespace(pod.owner.namespace, fields.text(target, "namespace")) is False:
        return False
    return True if certain else None


def _files(holder: KubeObject, path: str | None, others: Sequence[KubeObject]) -> Iterator[KubeObject]:
    if path is None or not holder.file:
        return
    wanted = posixpath.normpath(posixpath.join(posixpath.dirname(holder.file.replace("\\", "/")), path))
    for other in others:
        if other.file and posixpath.normpath(other.file.replace("\\", "/")) == wanted:
            yield other
