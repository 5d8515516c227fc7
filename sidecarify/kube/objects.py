"""The Kubernetes objects of a YAML document."""

from collections.abc import Iterator
from typing import NamedTuple

from sidecarify.yamltext.tree import Node

from . import fields
from .kinds import Kind, group_of, kind_of


class KubeObject(NamedTuple):
    """One object: where it is (`file`, `document` from 0, `path` within it, its first line) and who it is."""

    node: Node
    document: int
    path: str
    api_version: str
    kind: str
    name: str | None
    namespace: str | None
    file: str = ""

    @property
    def group(self) -> str:
        """The API group; empty for the core group."""
        return group_of(self.api_version)

    @property
    def row(self) -> Kind | None:
        """What the table of kinds says of it."""
        return kind_of(self.api_version, self.kind)

    @property
    def line(self) -> int:
        """The line of its first key."""
        return self.node.line

    @property
    def labels(self) -> dict[str, str]:
        """Its own labels (for the pods' labels see PodSpec.labels)."""
        return fields.mapping(self.node, "metadata", "labels")

    @property
    def annotations(self) -> dict[str, str]:
        """Its own annotations."""
        return fields.mapping(self.node, "metadata", "annotations")


def objects(root: Node | None, document: int = 0, file: str = "") -> Iterator[KubeObject]:
    """The objects of a document, those of a `List` (or any `...List`) one by one, in the order of the text.

    What has no scalar `kind` is none, but for the items of a typed list (`DeploymentList`), which are of its type
    (apimachinery, UnstructuredJSONScheme). Raises YamlError (`duplicate-key`).
    """
    stack: list[tuple[Node | None, str, str | None, str | None]] = [(root, "", None, None)]
    while stack:
        node, path, item_version, item_kind = stack.pop()
        if node is None or node.resolved.kind != "map":
            continue
        node = node.resolved
        kind = fields.text(node, "kind") or item_kind
        if kind is None:
            continue
        api_version = fields.text(node, "apiVersion") or item_version or ""
        listed = fields.find(node, "items") if kind.endswith("List") else None
        if listed is not None and listed.kind == "seq":
            prefix = f"{path}." if path else ""
            of_type = (api_version, kind.removesuffix("List")) if kind != "List" else (None, None)
            stack += reversed([(item, f"{prefix}items.{index}", *of_type) for index, item in enumerate(listed.items)])
            continue
        yield KubeObject(
            node,
            document,
            path,
            api_version,
            kind,
            fields.text(node, "metadata", "name") or fields.text(node, "metadata", "generateName"),
            fields.text(node, "metadata", "namespace"),
            file,
        )
