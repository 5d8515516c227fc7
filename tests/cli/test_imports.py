"""What a run imports: much of the time of a small run is spent on it, so what few runs need is imported by those."""

import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MANIFEST = "fixtures/quickstart/web-with-logger.yaml"
NEEDLESS = {
    "concurrent.futures": "one manifest needs no further process",
    "deepdiff": "--explain and failed proofs",
    "pathspec": "ignore files",
    "rich": "progress of long runs",
    "sidecarify.api": "the Python API",
    "sidecarify.around": "what stands in other manifests",
    "sidecarify.baseline": "--baseline",
    "sidecarify.changed": "--since",
    "sidecarify.comments": "comments that decide",
    "sidecarify.directives": "comments that decide",
    "sidecarify.fixes": "--output-format sarif",
    "sidecarify.judge.known": "names of rules",
    "sidecarify.judge.reverse": "revert",
    "sidecarify.judge.revert_rules": "revert",
    "sidecarify.judge.tree_rules": "kustomize trees",
    "sidecarify.kustomize": "kustomize trees",
    "sidecarify.preview": "inspect",
    "sidecarify.report.diff": "--diff",
    "sidecarify.report.json": "--output-format json",
    "sidecarify.report.sarif": "--output-format sarif",
    "sidecarify.tree_outcomes": "kustomize trees",
}


def imported(*arguments: str) -> list[str]:
    """The names of the modules that a run imports."""
    command = [sys.executable, "-X", "importtime", "-m", "sidecarify", *arguments]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert ended.returncode == 1, ended.stderr
    lines = (line for line in ended.stderr.splitlines() if line.startswith("import time:"))
    return [line.rpartition("|")[2].strip() for line in lines]


def test_a_small_conversion_imports_nothing_that_only_other_runs_need() -> None:
    names = imported("convert", "--check", MANIFEST)
    assert "sidecarify.convert" in names
    assert [name for name in names if any(f"{name}.".startswith(f"{one}.") for one in NEEDLESS)] == []


def test_what_a_small_conversion_imports_generates_no_code() -> None:
    own = [name for name in imported("convert", "--check", MANIFEST) if name.startswith("sidecarify.")]
    assert [name for name in own if "dataclass" in vars(import_module(name))] == []


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        pytest.param(("convert", "--diff", "--explain", MANIFEST), "deepdiff", id="--explain"),
        pytest.param(("convert", "--check", "fixtures/quickstart"), "sidecarify.around", id="a folder"),
        pytest.param(("convert", "--diff", MANIFEST), "sidecarify.report.diff", id="--diff"),
    ],
)
def test_another_run_imports_what_it_needs(arguments: tuple[str, ...], wanted: str) -> None:
    assert wanted in NEEDLESS
    assert wanted in imported(*arguments)
