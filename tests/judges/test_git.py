"""`git apply` takes the patches and makes the same files of them, byte for byte."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from sidecarify.report.diff import unified
from tests.support.results import Result, of_corpus, of_fixtures, of_reverts


def test_git_applies_every_patch(tmp_path: Path) -> None:
    found = (*of_fixtures(), *of_corpus(), *of_reverts())
    files = {f"{number:04}/manifest.yaml": result for number, result in enumerate(found)}
    _apply(tmp_path, files)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("with blanks.yaml", id="blanks"),
        pytest.param("schön 🚢.yaml", id="not ASCII"),
        pytest.param('quo"ted.yaml', id="quotation mark"),
        pytest.param("back\\slash.yaml", id="backslash"),
        pytest.param("tab\there.yaml", id="tab"),
        pytest.param("a/b/deep.yaml", id="folders"),
    ],
)
def test_git_applies_patches_of_files_with_odd_names(tmp_path: Path, name: str) -> None:
    _apply(tmp_path, {name: of_fixtures()[0]})


def _apply(folder: Path, files: dict[str, Result]) -> None:
    for name, result in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(result.before.encode("utf-8"))
    patch = "".join(unified(result.before, result.after, name) for name, result in files.items())
    for arguments in (["--check"], []):
        subprocess.run(
            ["git", "-c", "core.autocrlf=false", "apply", "--whitespace=nowarn", *arguments, "-"],
            input=patch.encode("utf-8"),
            cwd=folder,
            check=True,
            capture_output=True,
            env={
                "PATH": "/usr/local/bin:/usr/bin:/bin",
                "GIT_CEILING_DIRECTORIES": str(folder.parent),
                "HOME": str(folder),
            },
        )
    for name, result in files.items():
        assert (folder / name).read_bytes() == result.after.encode("utf-8"), result.id
