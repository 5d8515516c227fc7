"""Which workload a patch or a replacement is meant for, decided as kustomize decides it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from sidecarify.kube import fields
from sidecarify.yamltext.tree import Node


class Identity(NamedTuple):
    """Who an object is at one point of a build (kyaml/resid/resid.go); `namespace` is the effective one."""

    group: str
    version: str
    kind: str
    name: str
    namespace: str


class Subject(NamedTuple):
    """An object as a selector sees it: its identity now, all that it had before (the first one first), its labels."""

    current: Identity
    previous: tuple[Identity, ...]
    labels: dict[str, str]
    annotations: dict[str, str]

    @property
    def original(self) -> Identity:
        """The identity that it came with."""
        return self.previous[0] if self.previous else self.current


DEFAULT_NAMESPACE = "default"


def identity(node: Node) -> Identity:
    """The identity of an object or of a strategic merge patch as written (no namespace is `default`)."""
    group, slash, version = (fields.text(node, "apiVersion") or "").partition("/")
    if not slash:
        group, version = "", group
    return Identity(
        group,
        version,
        fields.text(node, "kind") or "",
        fields.text(node, "metadata", "name") or "",
        fields.text(node, "metadata", "namespace") or DEFAULT_NAMESPACE,
    )


def names(patch: Node, subject: Subject) -> bool:
    """Whether a strategic merge patch without a target is for the object.

    It is if its identity is the object's present one or any that the object had before (GetById and
    GetMatchingResourcesByAnyId of api/resmap/reswrangler.go): a patch may use the name without the overlay's prefix.
    """
    return identity(patch) in (*subject.previous, subject.current)


def selects(target: Node, subject: Subject) -> bool | None:
    """Whether the `target` of a patch selects the object; None where a pattern or selector is not understood.

    All conditions must hold (Select of api/resmap/reswrangler.go). Group, version, kind, name and namespace are
    regular expressions for the whole value (api/types/selector.go); name and namespace may be those of now or those
    that the object came with; the selectors look at the labels and annotations of now.
    """
    now, first = subject.current, subject.original
    answers = [
        _matches(fields.text(target, "group"), (now.group,)),
        _matches(fields.text(target, "version"), (now.version,)),
        _matches(fields.text(target, "kind"), (now.kind,)),
        _matches(fields.text(target, "name"), (first.name, now.name)),
        _matches(fields.text(target, "namespace"), (first.namespace, now.namespace)),
        _selected(fields.text(target, "labelSelector"), subject.labels),
        _selected(fields.text(target, "annotationSelector"), subject.annotations),
    ]
    if False in answers:
        return False
    return None if None in answers else True


def is_exact(target: Node) -> bool:
    """Whether a target can fit one object only: it gives kind and name as plain text."""
    return all(_PLAIN.fullmatch(fields.text(target, key) or "") is not None for key in ("kind", "name"))


def replaced(selector: Node, rejects: Iterable[Node], subject: Subject) -> bool | None:
    """Whether a replacement's `select` (or `source`) selects the object and none of `rejects` does.

    An identity of now or before must be selected and not be rejected (api/filters/replacement/replacement.go).
    """
    labels = _selected(fields.text(selector, "labelSelector"), subject.labels)
    notes = _selected(fields.text(selector, "annotationSelector"), subject.annotations)
    if labels is False or notes is False:
        return False
    answer: bool | None = False
    for one in (*subject.previous, subject.current):
        found = _is_selected(selector, one)
        refused = [_is_rejected(reject, one, subject) for reject in rejects]
        if found is False or True in refused:
            continue
        if found and None not in (labels, notes, *refused):
            return True
        answer = None
    return answer


def _is_rejected(reject: Node, one: Identity, subject: Subject) -> bool | None:
    by_label = fields.text(reject, "labelSelector") or fields.text(reject, "annotationSelector")
    return selects(reject, subject) if by_label else _is_selected(reject, one)


def _is_selected(selector: Node, one: Identity) -> bool | None:
    answers = [_matches(fields.text(selector, key), (getattr(one, key),)) for key in Identity._fields]
    if False in answers:
        return False
    return None if None in answers else True


# Go's syntax (RE2) and Python's mean the same without these: classes, octal and quoted text, a group that is repeated
# (which could also take Python for ever).
_PLAIN = re.compile(r"[\w.-]+")
_FOREIGN = re.compile(r"\[\[:|\\[pPzCQE0-9]|\(\?[^:]|\)[*+{]|[*+?}][+]")
_REPEATS = re.compile(r"[*+{]")


def _matches(pattern: str | None, values: tuple[str, ...]) -> bool | None:
    if not pattern:
        return True
    if _FOREIGN.search(pattern) or (len(_REPEATS.findall(pattern)) > 3 and max(map(len, values)) > 63):
        return None
    try:
        compiled = re.compile(pattern, re.ASCII)
    except re.error:
        return None
    return any(compiled.fullmatch(value) for value in values)


_SET = re.compile(r"\s*(?P<key>[^\s!=,()]+)\s+(?P<not>not)?in\s*\((?P<values>[^()]*)\)\s*")
_EQUAL = re.compile(r"\s*(?P<key>[^\s!=,()]+)\s*(?P<operator>==|=|!=)\s*(?P<value>[^\s!=,()]*)\s*")
_EXISTS = re.compile(r"\s*(?P<not>!)?\s*(?P<key>[^\s!=,()]+)\s*")


def _selected(selector: str | None, labels: dict[str, str]) -> bool | None:
    """Whether a selector string (`a=b, c in (d, e), !f`) selects the labels; None if it cannot be read.

    The language is that of Kubernetes' labels.Parse; an absent or empty selector selects everything.
    """
    if not selector or not selector.strip():
        return True
    position, answer = 0, True
    while True:
        found = next((m for p in (_SET, _EQUAL, _EXISTS) if (m := _ends(p, selector, position)) is not None), None)
        if found is None:
            return None
        answer = answer and _holds(found, labels)
        position = found.end() + 1
        if found.end() == len(selector):
            return answer


def _ends(pattern: re.Pattern[str], text: str, position: int) -> re.Match[str] | None:
    found = pattern.match(text, position)
    return found if found is not None and (found.end() == len(text) or text[found.end()] == ",") else None


def _holds(term: re.Match[str], labels: dict[str, str]) -> bool:
    key = term["key"]
    if term.re is _SET:
        inside = labels.get(key) in {value.strip() for value in term["values"].split(",")}
        return not inside if term["not"] else inside
    if term.re is _EQUAL:
        same = labels.get(key) == term["value"]
        return not same if term["operator"] == "!=" else same
    return (key not in labels) if term["not"] else (key in labels)
