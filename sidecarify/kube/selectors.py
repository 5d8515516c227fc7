"""Whether one object selects another: namespaces and labels, as Kubernetes compares them."""

from __future__ import annotations

from sidecarify.yamltext.tree import Node

from . import fields


def same_namespace(one: str | None, other: str | None) -> bool | None:
    """Whether two objects of one run land in one namespace; None where it cannot be told.

    Two absent namespaces are one: both go where the run is applied to. One absent namespace may become any.
    """
    if one == other:
        return True
    return None if one is None or other is None else False


def contains(labels: dict[str, str], wanted: dict[str, str]) -> bool:
    """Whether `labels` hold every pair of `wanted` (equality selectors, `matchLabels`)."""
    return all(labels.get(key) == value for key, value in wanted.items())


def label_selector_matches(selector: Node | None, labels: dict[str, str]) -> bool:
    """Whether a LabelSelector (`matchLabels` and `matchExpressions`, all must hold) selects the labels.

    An empty selector selects everything; what an absent one means is the caller's business. An operator that
    Kubernetes does not know selects nothing.
    """
    if not contains(labels, fields.mapping(selector, "matchLabels")):
        return False
    return all(_expression_holds(item, labels) for item in fields.items(selector, "matchExpressions"))


def _expression_holds(item: Node, labels: dict[str, str]) -> bool:
    key = fields.text(item, "key") or ""
    values = fields.strings(item, "values")
    match fields.text(item, "operator"):
        case "In":
            return labels.get(key) in values
        case "NotIn":
            return labels.get(key) not in values
        case "Exists":
            return key in labels
        case "DoesNotExist":
            return key not in labels
    return False
