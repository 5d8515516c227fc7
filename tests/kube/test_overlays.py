"""Which patches of a run name or count the containers of a workload."""

from __future__ import annotations

import pytest

from sidecarify.kube.objects import KubeObject, objects
from sidecarify.kube.overlays import JSON_PATCH, fragments, is_partial, references
from sidecarify.kube.workload import pod_specs
from sidecarify.yamltext.tree import parse

BASE = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop, labels: {app: shop}}
spec:
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec:
      containers:
      - {name: shop, image: "shop:3"}
      - {name: log, image: "fluent-bit:3"}
"""
STRATEGIC = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  template:
    spec:
      containers:
      - name: log
        resources: {limits: {memory: 1Gi}}
"""
OPERATIONS = "- {op: replace, path: /spec/template/spec/containers/1/image, value: x}\n"


def read(files: dict[str, str]) -> list[KubeObject]:
    found: list[KubeObject] = []
    for file, text in files.items():
        root = parse(text)
        found += [*objects(root, 0, file), *fragments(root, 0, file)]
    return found


def found(**files: str) -> list[tuple[str, str | int, bool, str, int]]:
    """(kind, container or index, certain, file, line) of each reference to BASE; `_` in a name stands for a dot."""
    run = read({"base/shop.yaml": BASE, **{name.replace("__", "/").replace("_", "."): t for name, t in files.items()}})
    pod = next(iter(pod_specs(run[0])))
    return [(r.kind, r.container or r.position, r.certain, r.object.file, r.line) for r in references(pod, run)]


def kustomization(body: str, head: str = "kind: Kustomization\napiVersion: kustomize.config.k8s.io/v1beta1\n") -> str:
    return head + body


TARGETED = (
    "patches:\n- target: {%s}\n  patch: |-\n    - op: replace\n      path: /spec/template/spec/containers/1/image\n"
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(STRATEGIC, [("name", "log", True, "p.yaml", 8)], id="an object without selector and image"),
        pytest.param(STRATEGIC.replace("name: shop", "name: other"), [], id="another workload's"),
        pytest.param(STRATEGIC.replace("Deployment", "StatefulSet"), [], id="another kind's"),
        pytest.param(
            STRATEGIC.replace("{name: shop}", "{name: shop, namespace: a}"),
            [("name", "log", True, "p.yaml", 8)],
            id="ns",
        ),
        pytest.param(BASE.replace('image: "shop:3"', 'image: "shop:4"'), [], id="a second whole object is no patch"),
        pytest.param(
            kustomization(TARGETED % "kind: Deployment, name: shop"),
            [("index", 1, True, "p.yaml", 7)],
            id="an inline JSON patch for the target",
        ),
        pytest.param(kustomization(TARGETED % "kind: Deployment, name: api"), [], id="target with another name"),
        pytest.param(
            kustomization(TARGETED % "kind: Deployment, name: shop|api"),
            [("index", 1, True, "p.yaml", 7)],
            id="one of two names",
        ),
        pytest.param(
            kustomization(TARGETED % "kind: Deployment"), [("index", 1, False, "p.yaml", 7)], id="every Deployment"
        ),
        pytest.param(
            kustomization(TARGETED % "kind: Deployment, name: sh.*"), [("index", 1, False, "p.yaml", 7)], id="a pattern"
        ),
        pytest.param(
            kustomization(TARGETED % "labelSelector: app=shop"), [("index", 1, True, "p.yaml", 7)], id="by label"
        ),
        pytest.param(kustomization(TARGETED % "labelSelector: app=api"), [], id="by another label"),
        pytest.param(
            kustomization(TARGETED % "kind: Deployment, name: shop").replace("containers/1/image", "containers/-"),
            [],
            id="appending counts nothing",
        ),
        pytest.param(
            kustomization("patches:\n- patch: |-\n" + "".join(f"    {line}\n" for line in STRATEGIC.splitlines())),
            [("name", "log", True, "p.yaml", 12)],
            id="an inline strategic patch by its own name",
        ),
        pytest.param(
            kustomization("patchesStrategicMerge:\n- |-\n" + "".join(f"  {line}\n" for line in STRATEGIC.splitlines())),
            [("name", "log", True, "p.yaml", 12)],
            id="patchesStrategicMerge",
        ),
        pytest.param(
            kustomization(
                "replacements:\n- source: {kind: ConfigMap, name: x, fieldPath: data.y}\n  targets:\n"
                "  - select: {kind: Deployment, name: shop}\n"
                "    fieldPaths: ['spec.template.spec.containers.[name=log].image',"
                " spec.template.spec.containers.0.image, 'spec.template.spec.initContainers.[name=log].image']\n"
            ),
            [("name", "log", True, "p.yaml", 7), ("index", 0, True, "p.yaml", 7)],
            id="replacements",
        ),
        pytest.param(
            kustomization(TARGETED % "kind: Deployment, name: shop")
            .replace("replace", "add")
            .replace("containers/1/image", "initContainers"),
            [("list", "initContainers", True, "p.yaml", 7)],
            id="the list of init containers is written whole",
        ),
        pytest.param(kustomization("patches:\n- target: {name: shop}\n  patch: '- {op'\n"), [], id="no YAML inside"),
        pytest.param(
            kustomization(
                "replacements:\n- source: {kind: Deployment, name: shop,"
                " fieldPath: spec.template.spec.containers.1.image}\n  targets: []\n"
            ),
            [("index", 1, True, "p.yaml", 4)],
            id="the source of a replacement",
        ),
        pytest.param(
            kustomization(TARGETED % "kind: Deployment, labelSelector: app in (shop)"),
            [("index", 1, False, "p.yaml", 7)],
            id="a selector that is not plain",
        ),
        pytest.param(
            kustomization(TARGETED % "kind: Deployment, name: shop").replace(
                "/spec/template/spec/containers/1/image", "/spec/replicas"
            ),
            [],
            id="a patch of something else",
        ),
        pytest.param(
            kustomization("patches:\n- patch: |-\n    - {op: remove, path: /spec/template/spec/containers/1}\n"),
            [],
            id="a JSON patch needs a target",
        ),
        pytest.param(
            kustomization(TARGETED % "kind: Deployment, name: shop", "apiVersion: x/v1\nkind: Kustomization\n"),
            [],
            id="no kustomize",
        ),
    ],
)
def test_references(text: str, expected: list[object]) -> None:
    assert found(p_yaml=text) == expected


def test_a_json_patch_in_a_file_of_its_own() -> None:
    text = kustomization("patches:\n- {path: image.yaml, target: {kind: Deployment, name: shop}}\n", head="")
    expected = [("index", 1, True, "prod/image.yaml", 1)]
    assert found(prod__kustomization_yaml=text, prod__image_yaml=OPERATIONS) == expected
    assert found(prod__kustomization_yaml=text, test__image_yaml=OPERATIONS) == []


def test_a_targeted_strategic_patch_of_another_name() -> None:
    text = kustomization("patches:\n- {path: log.yaml, target: {labelSelector: app=shop}}\n", head="")
    patch = STRATEGIC.replace("name: shop", "name: any")
    assert found(prod__kustomization_yaml=text, prod__log_yaml=patch) == [("name", "log", True, "prod/log.yaml", 8)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: x}\nspec:\n  ignoreDifferences:\n"
            "  - group: apps\n    kind: Deployment\n    jsonPointers:\n    - /spec/template/spec/containers/0/image\n"
            "    - /spec/replicas\n    jqPathExpressions:\n"
            '    - .spec.template.spec.containers[] | select(.name == "log") | .resources\n',
            [("index", 0, True, "p.yaml", 9), ("name", "log", True, "p.yaml", 12)],
            id="Argo CD ignores differences",
        ),
        pytest.param(
            "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: x}\nspec:\n  ignoreDifferences:\n"
            "  - {group: apps, kind: StatefulSet, jsonPointers: [/spec/template/spec/containers/0/image]}\n",
            [],
            id="of another kind",
        ),
        pytest.param(
            "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: x}\nspec:\n"
            "  patches:\n  - target: {kind: Deployment, name: shop}\n    patch: |\n"
            "      - {op: remove, path: /spec/template/spec/containers/1}\n",
            [("index", 1, True, "p.yaml", 8)],
            id="Flux Kustomization",
        ),
        pytest.param(
            "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: x}\nspec:\n  postRenderers:\n"
            "  - kustomize:\n      patches:\n      - target: {kind: Deployment, name: shop}\n        patch: |\n"
            "          - {op: remove, path: /spec/template/spec/containers/1}\n",
            [("index", 1, True, "p.yaml", 10)],
            id="HelmRelease",
        ),
    ],
)
def test_references_of_continuous_delivery(text: str, expected: list[object]) -> None:
    assert found(p_yaml=text) == expected


def test_fragments_are_only_what_kustomize_reads() -> None:
    assert [one.kind for one in fragments(parse("patches: []"), 0, "a/kustomization.yaml")] == ["Kustomization"]
    assert not list(fragments(parse("patches: []"), 0, "a/values.yaml"))
    assert [one.kind for one in fragments(parse(OPERATIONS), 0, "p.yaml")] == [JSON_PATCH]
    assert not list(fragments(parse("- {op: x}"), 0, "p.yaml"))
    assert not list(fragments(None))


def test_partial_objects() -> None:
    whole, partial = read({"a": BASE})[0], read({"b": STRATEGIC})[0]
    assert not is_partial(whole)
    assert is_partial(partial)
