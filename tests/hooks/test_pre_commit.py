"""The hooks, tried with pre-commit itself: it installs this checkout as a repository of hooks and runs them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.cli.conftest import BATCH, ROOT, WEB, WEB_AFTER


class Ran(NamedTuple):
    code: int
    said: str


def git(folder: Path, *arguments: str) -> str:
    ran = subprocess.run(
        ["git", "-c", "user.name=a", "-c", "user.email=a@example.com", *arguments],
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
        env=environment(),
    )
    return ran.stdout


def environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return {**kept, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where pre-commit keeps the environment of the hooks: made once for all tests."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def hooks(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> tuple[Path, str]:
    """This checkout as a repository of hooks, with its revision; its environment is installed."""
    folder = tmp_path_factory.mktemp("hooks")
    for name in ("sidecarify", "transforms"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in (".pre-commit-hooks.yaml", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder / name)
    git(folder, "init", "-q")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "hooks")
    revision = git(folder, "rev-parse", "HEAD").strip()
    probe = tmp_path_factory.mktemp("probe")
    repository(probe, folder, revision, "sidecarify")
    ran = pre_commit(probe, cache, "install-hooks")
    if ran.code:
        pytest.skip(f"pre-commit could not install the hooks: {ran.said[-500:]}")
    return folder, revision


def repository(folder: Path, hooks: Path, revision: str, hook: str, more: str = "") -> None:
    """A repository that uses one of the hooks, with everything in it staged."""
    config = f"repos:\n- repo: {hooks}\n  rev: {revision}\n  hooks:\n  - id: {hook}\n{more}"
    (folder / ".pre-commit-config.yaml").write_text(config)
    git(folder, "init", "-q")
    git(folder, "add", "-A")


def pre_commit(folder: Path, cache: Path, *arguments: str) -> Ran:
    ran = subprocess.run(
        [sys.executable, "-m", "pre_commit", *arguments],
        cwd=folder,
        check=False,
        capture_output=True,
        text=True,
        timeout=600,
        env={**environment(), "PRE_COMMIT_HOME": str(cache)},
    )
    return Ran(ran.returncode, ran.stdout + ran.stderr)


def test_the_manifest_of_the_hooks_is_valid() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "pre_commit", "validate-manifest", str(ROOT / ".pre-commit-hooks.yaml")],
        check=False,
        capture_output=True,
        text=True,
    )
    assert (ran.returncode, ran.stdout) == (0, "")


def test_the_fixing_hook_fails_once_and_then_passes(tmp_path: Path, hooks: tuple[Path, str], cache: Path) -> None:
    (tmp_path / "web.yaml").write_bytes(WEB)
    repository(tmp_path, *hooks, "sidecarify")
    first = pre_commit(tmp_path, cache, "run")
    assert first.code == 1
    assert "files were modified by this hook" in first.said
    assert (tmp_path / "web.yaml").read_bytes() == WEB_AFTER
    git(tmp_path, "add", "-A")
    second = pre_commit(tmp_path, cache, "run")
    assert second.code == 0
    assert "Passed" in second.said


def test_the_checking_hook_fails_and_writes_nothing(tmp_path: Path, hooks: tuple[Path, str], cache: Path) -> None:
    (tmp_path / "web.yaml").write_bytes(WEB)
    repository(tmp_path, *hooks, "sidecarify-check")
    ran = pre_commit(tmp_path, cache, "run")
    assert ran.code == 1
    assert "would convert web.yaml: log-reader" in ran.said
    assert (tmp_path / "web.yaml").read_bytes() == WEB


def test_the_checking_hook_passes_where_nothing_is_to_be_moved(
    tmp_path: Path, hooks: tuple[Path, str], cache: Path
) -> None:
    (tmp_path / "web.yaml").write_bytes(WEB_AFTER)
    (tmp_path / "job.yaml").write_bytes(BATCH)  # left alone, which is no failure
    repository(tmp_path, *hooks, "sidecarify-check")
    assert pre_commit(tmp_path, cache, "run").code == 0


def test_a_broken_manifest_fails(tmp_path: Path, hooks: tuple[Path, str], cache: Path) -> None:
    (tmp_path / "web.yaml").write_text("kind: Pod\nspec: {containers: [\n")
    repository(tmp_path, *hooks, "sidecarify")
    ran = pre_commit(tmp_path, cache, "run")
    assert ran.code == 1
    assert "web.yaml:3: [parse]" in ran.said


def test_templates_and_what_others_maintain_are_left_out(tmp_path: Path, hooks: tuple[Path, str], cache: Path) -> None:
    for name in ("chart/templates/web.yaml", "vendor/web.yaml", "web/node_modules/a/web.yaml"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_bytes(WEB)
    (tmp_path / "web.txt").write_bytes(WEB)
    repository(tmp_path, *hooks, "sidecarify-check")
    ran = pre_commit(tmp_path, cache, "run", "--all-files")
    # The configuration of pre-commit is YAML and all that is left.
    assert ran.code == 0


def test_arguments_can_be_added(tmp_path: Path, hooks: tuple[Path, str], cache: Path) -> None:
    (tmp_path / "web.yaml").write_bytes(WEB)
    repository(tmp_path, *hooks, "sidecarify-check", more="    args: [--main, log-reader]\n")
    assert pre_commit(tmp_path, cache, "run").code == 0


def test_a_baseline_keeps_what_is_known(tmp_path: Path, hooks: tuple[Path, str], cache: Path) -> None:
    (tmp_path / "web.yaml").write_bytes(WEB)
    subprocess.run(
        [sys.executable, "-m", "sidecarify", "convert", "--check", "--write-baseline", "known.json", "."],
        cwd=tmp_path,
        check=True,
        env={**environment(), "PYTHONPATH": str(ROOT)},
        capture_output=True,
    )
    repository(tmp_path, *hooks, "sidecarify-check", more="    args: [--baseline, known.json]\n")
    assert pre_commit(tmp_path, cache, "run").code == 0
    (tmp_path / "new.yaml").write_bytes(WEB)
    git(tmp_path, "add", "-A")
    ran = pre_commit(tmp_path, cache, "run")
    assert ran.code == 1
    assert "would convert new.yaml" in ran.said
    assert "web.yaml" not in ran.said.replace("new.yaml", "")
