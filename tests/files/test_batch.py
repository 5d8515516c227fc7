"""A run over many manifests: one that goes wrong takes no other along."""

from __future__ import annotations

from pathlib import Path

import pytest

from sidecarify.batch import check, convert_all, convert_one, inspect_one
from sidecarify.discover import Manifest
from sidecarify.families import CatalogueError
from sidecarify.options import Options
from sidecarify.outcome import Tally, Trouble
from sidecarify.survey import survey
from sidecarify.tree_outcomes import inspect_all
from sidecarify.trees import Forest

WEB = (Path(__file__).parents[2] / "fixtures" / "quickstart" / "web-with-logger.yaml").read_bytes()


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / name).write_bytes(WEB)
    return tmp_path


def test_outcomes_come_in_the_order_of_the_files() -> None:
    assert [one.manifest.name for one in convert_all(survey(["b.yaml", "."]), lambda _: Options())] == [
        "b.yaml",
        "a.yaml",
    ]


def test_a_manifest_that_vanishes_after_the_survey_is_told() -> None:
    looked = survey(["."])
    Path("a.yaml").unlink()
    gone, there = convert_all(looked, lambda _: Options())
    assert [(one.file, one.code, one.error) for one in gone.troubles] == [("a.yaml", "unreadable", True)]
    assert not gone.changed
    assert there.changed
    missing, present = inspect_all(looked, Forest((), {}), lambda _: Options())
    assert [one.code for one in missing.troubles] == ["unreadable"]
    assert len(present.pods) == 1


def test_a_fault_of_the_program_is_told_and_changes_nothing() -> None:
    """Options that `check` would have refused stand for any exception that nobody foresaw."""
    broken = Options(kube_version="none")
    manifest = Manifest("a.yaml", str(Path("a.yaml").resolve()))
    outcome = convert_one(manifest, WEB, broken)
    assert [one.code for one in outcome.troubles] == ["internal-error"]
    assert "Please report it" in outcome.troubles[0].message
    assert not outcome.changed
    assert [one.code for one in inspect_one(manifest, WEB, broken).troubles] == ["internal-error"]


def test_options_are_checked_before_anything_is_read(folder: Path) -> None:
    check(Options())
    with pytest.raises(ValueError, match="none"):
        check(Options(kube_version="none"))
    (folder / "own").mkdir()
    (folder / "own" / "x.yaml").write_text("frobnicate: 1\n")
    with pytest.raises(CatalogueError, match=r"x\.yaml:1"):
        check(Options(transforms=(folder / "own",)))


def test_what_could_not_be_written_is_not_counted_as_changed() -> None:
    (outcome,) = convert_all(survey(["a.yaml"]), lambda _: Options())
    tally = Tally()
    tally.add(outcome)
    assert (tally.changed, tally.moved, tally.failed, tally.exit_code(looking=True)) == (1, 1, 0, 1)
    tally.unwritten(outcome.moves, failed=False)
    assert (tally.changed, tally.moved, tally.failed, tally.exit_code(looking=False)) == (0, 0, 1, 2)


def test_what_had_failed_before_is_not_counted_twice() -> None:
    (outcome,) = convert_all(survey(["a.yaml"]), lambda _: Options())
    tally = Tally()
    tally.add(outcome._replace(troubles=(Trouble("a.yaml", 1, "parse", "the second document is none"),)))
    tally.unwritten(outcome.moves, failed=True)
    assert (tally.changed, tally.moved, tally.failed) == (0, 0, 1)


def test_a_setting_is_seen_in_the_config_map_of_another_file(folder: Path) -> None:
    text = """\
apiVersion: v1
kind: Pod
metadata: {name: shop}
spec:
  containers:
  - {name: app, image: corp/shop:1, volumeMounts: [{name: s, mountPath: /s}]}
  - name: agent
    image: hashicorp/vault:1.17
    args: [agent, -config=/c/agent.hcl]
    volumeMounts: [{name: s, mountPath: /s}, {name: c, mountPath: /c}]
  volumes: [{name: s, emptyDir: {}}, {name: c, configMap: {name: agent}}]
"""
    config = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: agent}\ndata: {agent.hcl: exit_after_auth = VALUE}\n"
    (folder / "pod.yaml").write_text(text)
    for value, verdict in (("true", "refuse"), ("false", "safe")):
        (folder / "config.yaml").write_text(config.replace("VALUE", value))
        found = inspect_all(survey(["."]), Forest((), {}), lambda _: Options())
        answers = {one["name"]: one["verdict"] for each in found for pod in each.pods for one in pod["containers"]}
        assert answers["agent"] == verdict
