"""Which kustomizations hang together and which may concern a run, told by their words."""

from __future__ import annotations

from pathlib import Path

import pytest

from sidecarify.direction import TO_CONTAINER, TO_SIDECAR, Direction
from sidecarify.kustomize.search import Part, search
from sidecarify.kustomize.words import is_clear, is_plain, mentioned

ONE = "kind: Deployment\nspec: {selector: {}, template: {spec: {containers: [{name: a, image: i}]}}}\n"
ONE_IN_BLOCK = (
    "kind: Deployment\nspec:\n  selector: {}\n  template:\n    spec:\n      containers:\n      - name: a\n"
    "        image: i\n      volumes: []\n"
)
TWO = ONE.replace("}]}}}", "}, {name: b, image: j}]}}}")
SIDECAR = ONE.replace("containers:", "initContainers: [{name: s, restartPolicy: Always}], containers:")
ADDS = "kind: Deployment\nspec: {template: {spec: {containers: [{name: b, image: j}]}}}\n"


def found(root: Path, files: dict[str, str], direction: Direction = TO_SIDECAR, **more: bool) -> list[Part]:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    named = more.get("named", False)
    return list(search(str(root), files.keys(), direction, lambda _: named).parts)


def test_what_hangs_together(tmp_path: Path) -> None:
    files = {
        "base/kustomization.yaml": "resources: [a.yaml]\n",
        "base/a.yaml": TWO,
        "prod/kustomization.yaml": "resources: [../base]\npatches: [{path: p.yaml}]\n",
        "prod/p.yaml": ADDS,
        "other/kustomization.yaml": "resources: [a.yaml]\n",
        "other/a.yaml": TWO,
        "alone/a.yaml": TWO,
    }
    assert found(tmp_path, files) == [
        Part(("base", "prod"), ("base/a.yaml", "base/kustomization.yaml", "prod/kustomization.yaml", "prod/p.yaml")),
        Part(("other",), ("other/a.yaml", "other/kustomization.yaml")),
    ]


@pytest.mark.parametrize(
    ("resource", "kustomization", "direction", "concerned"),
    [
        pytest.param(TWO, "", TO_SIDECAR, True, id="two-containers"),
        pytest.param(ONE_IN_BLOCK, "", TO_SIDECAR, False, id="one-container"),
        pytest.param(ONE_IN_BLOCK, "patches: [{path: b.yaml}]\n", TO_SIDECAR, False, id="whole-beside-patches"),
        pytest.param(ONE_IN_BLOCK, "patches:\n- path: a.yaml\n", TO_SIDECAR, True, id="whole-as-a-patch"),
        pytest.param(ONE_IN_BLOCK, "bases:\n- a.yaml\npatches: []\n", TO_SIDECAR, False, id="whole-among-bases"),
        pytest.param(ADDS, "patches: [{path: a.yaml}]\n", TO_SIDECAR, True, id="a-patch-that-adds-one"),
        pytest.param(ONE_IN_BLOCK, "patches: [{patch: '{containers: [{image: a}]}'}]\n", TO_SIDECAR, True, id="inline"),
        pytest.param(ONE_IN_BLOCK, "patches: [{patch: '{replicas: 2}'}]\n", TO_SIDECAR, False, id="inline-of-no-pod"),
        pytest.param(SIDECAR, "", TO_CONTAINER, True, id="the-way-back"),
        pytest.param(TWO, "", TO_CONTAINER, False, id="nothing-to-take-back"),
    ],
)
def test_what_concerns_a_run(
    tmp_path: Path, resource: str, kustomization: str, direction: Direction, concerned: bool
) -> None:
    files = {"kustomization.yaml": f"resources: [a.yaml]\n{kustomization}", "a.yaml": resource}
    assert bool(found(tmp_path, files, direction)) is concerned


def test_a_named_helper_may_be_alone_in_its_pod(tmp_path: Path) -> None:
    files = {"kustomization.yaml": "resources: [a.yaml]\n", "a.yaml": ONE_IN_BLOCK}
    assert not found(tmp_path, files)
    assert found(tmp_path, files, named=True)


@pytest.mark.parametrize(
    ("name", "written"),
    [
        pytest.param("a.yaml", "resources:\n- a.yaml # it\n", id="plain"),
        pytest.param("a.yaml", 'resources: ["./a.yaml"]\n', id="with-a-dot"),
        pytest.param("my pods.yaml", "resources: ['my pods.yaml']\n", id="with-a-blank"),
        pytest.param("a.yaml", 'resources: ["\\x61.yaml"]\n', id="escaped"),
        pytest.param("b/c/a.yaml", "resources: [b/../b//c/a.yaml]\n", id="roundabout"),
        pytest.param("ä.yaml", "resources: [ä.yaml]\n", id="beyond-ascii"),
    ],
)
def test_however_it_is_written(tmp_path: Path, name: str, written: str) -> None:
    (part,) = found(tmp_path, {"kustomization.yaml": written, name: TWO})
    assert name in part.files


@pytest.mark.parametrize(
    ("link", "leads_to", "resource", "hangs_together"),
    [
        pytest.param("linked", "base", "../linked", True, id="folder"),
        pytest.param("linked", ".", "../linked/base", True, id="the-root"),
        pytest.param("my link", "base", "'../my link'", True, id="with-a-blank"),
        pytest.param("my root", ".", '"../my root/base"', True, id="with-a-blank-on-the-way"),
        pytest.param("linked", "other", "../linked", False, id="to-another-folder"),
        pytest.param("my link", "other", "'../my link'", False, id="with-a-blank-to-another-folder"),
    ],
)
def test_links(tmp_path: Path, link: str, leads_to: str, resource: str, hangs_together: bool) -> None:
    (tmp_path / link).symlink_to(tmp_path / leads_to)
    base = {"base/kustomization.yaml": "resources: [a.yaml]\n", "base/a.yaml": TWO}
    (part,) = found(tmp_path, base | {"prod/kustomization.yaml": f"resources: [{resource}]\n"})
    assert part.folders == (("base", "prod") if hangs_together else ("base",))


def test_folders_of_others_are_not_entered(tmp_path: Path) -> None:
    assert (
        found(tmp_path, {"node_modules/kustomization.yaml": "resources: [a.yaml]\n", "node_modules/a.yaml": TWO}) == []
    )


def test_words() -> None:
    assert {"over", "base/x.yaml", "over/p.yaml"} <= set(mentioned("over", "{a: [../base/x.yaml, p.yaml], b: .}"))
    assert is_plain("a/b-c.yaml")
    assert not is_plain("a b.yaml")
    assert not is_clear('"\\u0061"')
