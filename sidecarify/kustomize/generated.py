"""The ConfigMaps that kustomizations make and change: a helper's script or settings may stand there."""

from __future__ import annotations

from sidecarify.kube import fields
from sidecarify.yamltext.tree import Node

from . import merge
from .graph import Graph, Kustomization, Patch
from .sources import Sources, TextFile, joined
from .targets import Identity, Subject, replaced, selects

KIND = "ConfigMap"
_ANY = Subject(Identity("", "v1", KIND, "", ""), (), {}, {})
_NAMES = ("name", "namespace", "labelSelector", "annotationSelector")


def changes_config_maps(graph: Graph) -> bool:
    """Whether a kustomization may make a ConfigMap, or change one: then they are not what their files say."""
    for one in graph.kustomizations.values():
        targets = (
            fields.find(item, "select") for each in one.replacements for item in fields.items(each.node, "targets")
        )
        if (
            fields.items(one.node, "configMapGenerator")
            or any(_may_change(patch) for patch in one.patches)
            or any(target is not None and replaced(_of_kind(target), (), _ANY) is not False for target in targets)
        ):
            return True
    return False


def _may_change(patch: Patch) -> bool:
    if patch.target is not None:
        return selects(_of_kind(patch.target), _ANY) is not False
    return patch.node is None or fields.text(patch.node, "kind") == KIND


def _of_kind(target: Node) -> Node:
    """The target without what tells objects of one kind from one another."""
    for name in _NAMES:
        target = merge.with_value(target, name, None)
    return target


def config_map(entry: Node, name: str, data: Node | None) -> Node:
    """A ConfigMap as an entry of `configMapGenerator` makes it."""
    meta = merge.with_value(merge.mapping_like(entry, []), "name", merge.scalar_like(entry, name))
    meta = merge.with_value(meta, "namespace", fields.find(entry, "namespace"))
    node = merge.mapping_like(entry, [])
    for key, value in (("apiVersion", "v1"), ("kind", KIND)):
        node = merge.with_value(node, key, merge.scalar_like(entry, value))
    return merge.with_value(merge.with_value(node, "metadata", meta), "data", data)


def data_of(sources: Sources, one: Kustomization, entry: Node) -> Node | None:
    """The data that an entry of `configMapGenerator` gives, or None where a file of it cannot be read.

    As api/kv/kv.go reads them: literals, files by their names or by keys of their own, files of variables.
    """
    data = merge.mapping_like(entry, [])
    for item in fields.items(entry, "literals"):
        key, _, value = item.value.partition("=")
        if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
            value = value[1:-1]
        data = merge.with_value(data, key, merge.scalar_like(item, value))
    for item in fields.items(entry, "files"):
        key, named, path = item.value.rpartition("=")
        text = _text(sources, one, path)
        if text is None:
            return None
        data = merge.with_value(data, key if named else path.rpartition("/")[2], merge.scalar_like(item, text))
    own = fields.find(entry, "env")
    for item in (*fields.items(entry, "envs"), *((own,) if own is not None else ())):
        text = _text(sources, one, item.value)
        if text is None:
            return None
        for line in text.splitlines():
            key, named, value = line.strip().partition("=")
            if named and not key.startswith("#"):
                data = merge.with_value(data, key, merge.scalar_like(item, value))
    return data


def _text(sources: Sources, one: Kustomization, path: str) -> str | None:
    name = joined(one.folder, path)
    file = sources.read(name) if sources.where(name) == "file" else None
    return file.source.text if isinstance(file, TextFile) else None
