"""ConfigMaps as each kustomization builds them: a helper's script or settings may be others in an overlay."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.kustomize.test_tree import BASE, RESOURCES, convert, refusals

SCRIPTED = BASE.replace(
    """        image: registry.k8s.io/git-sync/git-sync:v4.2.1
        args: [--repo=https://example.com/content, --root=/git]
        volumeMounts:
""",
    """        image: busybox:1.36
        command: [sh, /scripts/run.sh]
        volumeMounts:
        - {name: scripts, mountPath: /scripts}
""",
).replace("      volumes:\n", "      volumes:\n      - {name: scripts, configMap: {name: scripts}}\n")
CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: scripts}\ndata:\n  run.sh: |\n    "
LOOP = f"{CONFIG}while true; do sleep 60; done\n"
ONCE = f"{CONFIG}cp -r /a /git; exit 0\n"
BOTH = "resources: [shop.yaml, scripts.yaml]\n"
ENDS = [("base/shop.yaml", "git-sync", "one-shot-helper"), ("base/shop.yaml", "git-sync", "overlays-disagree")]


def told(root: Path, files: dict[str, str]) -> list[tuple[str, str, str]]:
    found = convert(root, {"base/shop.yaml": SCRIPTED, "prod/kustomization.yaml": "resources: [../base]\n"} | files)
    assert bool(found.moves) is not bool(found.refusals)
    return [(file, name, rule) for file, name, rule, *_ in refusals(found)]


@pytest.mark.parametrize(
    ("overlay", "files"),
    [
        pytest.param("patches: [{path: p.yaml}]", {"p.yaml": ONCE}, id="strategic"),
        pytest.param(
            "patches: [{path: p.yaml, target: {kind: ConfigMap}}]",
            {"p.yaml": "[{op: replace, path: /data/run.sh, value: exit 0}]\n"},
            id="operation",
        ),
        pytest.param(
            "patches: [{path: p.yaml, target: {name: scripts}}]",
            {"p.yaml": "[{op: replace, path: /data/run.sh, value: exit 0}]\n"},
            id="target-of-any-kind",
        ),
        pytest.param(
            "configMapGenerator: [{name: scripts, behavior: replace, literals: ['run.sh=exit 0']}]", {}, id="generator"
        ),
        pytest.param(
            "configMapGenerator: [{name: scripts, behavior: merge, files: [run.sh=once]}]",
            {"once": "exit 0\n"},
            id="generator-with-a-file",
        ),
    ],
)
def test_an_overlay_changes_the_script(tmp_path: Path, overlay: str, files: dict[str, str]) -> None:
    own = {f"ci/{name}": text for name, text in files.items()}
    tree = {"base/kustomization.yaml": BOTH, "base/scripts.yaml": LOOP}
    ci = {"ci/kustomization.yaml": f"resources: [../base]\n{overlay}\n"}
    assert told(tmp_path, tree | ci | own) == ENDS


@pytest.mark.parametrize(
    ("overlay", "files"),
    [
        pytest.param("patches: [{path: p.yaml}]", {"p.yaml": ONCE.replace("scripts}", "others}")}, id="another"),
        pytest.param(
            "patches: [{path: p.yaml}]", {"p.yaml": CONFIG.replace("run.sh", "x.sh") + "exit 0\n"}, id="another-key"
        ),
        pytest.param("namePrefix: ci-\nconfigMapGenerator: [{name: x, literals: [a=b]}]", {}, id="its-name"),
    ],
)
def test_an_overlay_changes_something_else(tmp_path: Path, overlay: str, files: dict[str, str]) -> None:
    own = {f"ci/{name}": text for name, text in files.items()}
    tree = {"base/kustomization.yaml": BOTH, "base/scripts.yaml": LOOP}
    ci = {"ci/kustomization.yaml": f"resources: [../base]\n{overlay}\n"}
    assert told(tmp_path, tree | ci | own) == []


GENERATOR = "configMapGenerator:\n- name: scripts\n"


@pytest.mark.parametrize(
    ("generator", "script", "expected"),
    [
        pytest.param("  files: [run.sh]\n", "while true; do sleep 60; done\n", [], id="a-file-that-loops"),
        pytest.param("  files: [run.sh]\n", "exit 0\n", ENDS[:1], id="a-file-that-ends"),
        pytest.param("  files: [scripts/run.sh]\n", None, ["lifetime-unknown"], id="a-file-that-is-not-there"),
        pytest.param("  literals: [\"run.sh='exit 0'\"]\n", None, ENDS[:1], id="a-literal-in-quotes"),
    ],
)
def test_a_generated_script_is_read(tmp_path: Path, generator: str, script: str | None, expected: list[object]) -> None:
    files = {"base/kustomization.yaml": RESOURCES + GENERATOR + generator}
    if script is not None:
        files["base/run.sh"] = script
    found = told(tmp_path, files)
    assert found == expected or [rule for *_, rule in found] == expected


@pytest.mark.parametrize(
    ("generator", "settings", "ends"),
    [
        pytest.param("  envs: [sync.env]\n", "# once\nGITSYNC_ONE_TIME=true\n", True, id="a-file-of-variables"),
        pytest.param("  env: sync.env\n", "GITSYNC_ONE_TIME=true\n", True, id="the-older-word"),
        pytest.param("  envs: [sync.env]\n", "# GITSYNC_ONE_TIME=true\nA=b\n", False, id="a-comment"),
    ],
)
def test_generated_settings_are_read(tmp_path: Path, generator: str, settings: str, ends: bool) -> None:
    sync = BASE.replace(
        "        args: [--repo", "        envFrom: [{configMapRef: {name: scripts}}]\n        args: [--repo"
    )
    files = {"base/kustomization.yaml": RESOURCES + GENERATOR + generator, "base/sync.env": settings}
    assert told(tmp_path, files | {"base/shop.yaml": sync}) == (ENDS[:1] if ends else [])
