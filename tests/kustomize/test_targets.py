"""Which objects a patch's target selects."""

from __future__ import annotations

import pytest

from sidecarify.kustomize.targets import Identity, Subject, identity, is_exact, names, replaced, selects
from sidecarify.yamltext.tree import Node, parse

OLD = Identity("apps", "v1", "Deployment", "shop", "default")
NOW = Identity("apps", "v1", "Deployment", "eu-shop", "sales")
SHOP = Subject(NOW, (OLD,), {"tier": "front", "team": "a"}, {"note": "x"})


def node(text: str) -> Node:
    found = parse(text)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        pytest.param("{}", True, id="everything"),
        pytest.param("{kind: Deployment}", True, id="kind"),
        pytest.param("{kind: Deploy}", False, id="patterns-are-anchored"),
        pytest.param("{kind: Dep.*}", True, id="kind-by-pattern"),
        pytest.param("{kind: StatefulSet|Deployment}", True, id="alternatives-are-anchored-together"),
        pytest.param("{kind: Set|Deploy}", False, id="alternatives-none-whole"),
        pytest.param("{group: apps, version: v1}", True, id="group-and-version"),
        pytest.param("{group: batch}", False, id="other-group"),
        pytest.param("{version: v2}", False, id="other-version"),
        pytest.param("{name: shop}", True, id="name-it-came-with"),
        pytest.param("{name: eu-shop}", True, id="name-of-now"),
        pytest.param("{name: op}", False, id="part-of-a-name"),
        pytest.param("{namespace: default}", True, id="namespace-it-came-with"),
        pytest.param("{namespace: sales}", True, id="namespace-of-now"),
        pytest.param("{namespace: other}", False, id="other-namespace"),
        pytest.param("{labelSelector: tier=front}", True, id="label"),
        pytest.param("{labelSelector: 'tier==front,team!=b'}", True, id="two-labels"),
        pytest.param("{labelSelector: 'tier=front,team=b'}", False, id="one-label-differs"),
        pytest.param("{labelSelector: 'tier in (back, front)'}", True, id="label-in"),
        pytest.param("{labelSelector: 'tier notin (back, front)'}", False, id="label-notin"),
        pytest.param("{labelSelector: 'team in (a),tier in (front)'}", True, id="two-sets"),
        pytest.param("{labelSelector: '!missing, team'}", True, id="absent-and-present"),
        pytest.param("{labelSelector: '!team'}", False, id="present-though-absent-is-asked"),
        pytest.param("{labelSelector: 'missing!=x'}", True, id="an-absent-label-is-not-equal"),
        pytest.param("{labelSelector: 'tier > 3'}", None, id="unknown-operator"),
        pytest.param("{annotationSelector: note=x}", True, id="annotation"),
        pytest.param("{annotationSelector: note=y}", False, id="annotation-differs"),
        pytest.param("{name: '[[:alpha:]]+'}", None, id="pattern-of-another-language"),
        pytest.param("{name: '(a+)+'}", None, id="pattern-that-could-take-for-ever"),
        pytest.param("{name: '['}", None, id="no-pattern"),
        pytest.param("{kind: Service, name: '['}", False, id="what-is-understood-says-no"),
    ],
)
def test_selects(target: str, expected: bool | None) -> None:
    assert selects(node(target), SHOP) is expected


@pytest.mark.parametrize(
    ("patch", "expected"),
    [
        pytest.param("{apiVersion: apps/v1, kind: Deployment, metadata: {name: shop}}", True, id="name-it-came-with"),
        pytest.param(
            "{apiVersion: apps/v1, kind: Deployment, metadata: {name: eu-shop, namespace: sales}}", True, id="of-now"
        ),
        pytest.param(
            "{apiVersion: apps/v1, kind: Deployment, metadata: {name: eu-shop}}", False, id="name-and-namespace-mixed"
        ),
        pytest.param("{apiVersion: apps/v1beta1, kind: Deployment, metadata: {name: shop}}", False, id="version"),
        pytest.param("{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: shop}}", False, id="kind"),
    ],
)
def test_names(patch: str, expected: bool) -> None:
    assert names(node(patch), SHOP) is expected


def test_identity_of_the_core_group() -> None:
    assert identity(node("{apiVersion: v1, kind: Pod, metadata: {name: a}}")) == ("", "v1", "Pod", "a", "default")


@pytest.mark.parametrize(
    ("select", "reject", "expected"),
    [
        pytest.param("{kind: Deployment}", [], True, id="selected"),
        pytest.param("{kind: Deployment, name: shop}", [], True, id="by-a-former-name"),
        pytest.param("{kind: Deployment}", ["{name: shop}"], True, id="only-the-former-name-is-rejected"),
        pytest.param("{kind: Deployment}", ["{name: .*shop}"], False, id="rejected"),
        pytest.param("{kind: Deployment}", ["{labelSelector: team=a}"], False, id="rejected-by-label"),
        pytest.param("{kind: Deployment, labelSelector: team=b}", [], False, id="label-differs"),
        pytest.param("{kind: Deployment}", ["{name: '['}"], None, id="reject-not-understood"),
    ],
)
def test_replaced(select: str, reject: list[str], expected: bool | None) -> None:
    assert replaced(node(select), [node(one) for one in reject], SHOP) is expected


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        pytest.param("{kind: Deployment, name: shop}", True, id="exact"),
        pytest.param("{kind: Deployment}", False, id="no-name"),
        pytest.param("{kind: Deployment, name: sh.*}", False, id="pattern"),
    ],
)
def test_is_exact(target: str, expected: bool) -> None:
    assert is_exact(node(target)) is expected
