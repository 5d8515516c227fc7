"""Files from a list, and the files that git calls changed."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from sidecarify.changed import RevisionError, changed_since
from sidecarify.cli.app import application
from sidecarify.discover import Manifest, Selection, Skipped, find, listed
from sidecarify.survey import survey

POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: [{name: a}, {name: b}]}\n"
SERVICE = "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {selector: {app: web}}\n"


@pytest.fixture(autouse=True)
def _in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def touch(*names: str, text: str = "a: 1\n") -> None:
    for name in names:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(text)


@pytest.mark.parametrize(
    ("data", "names"),
    [
        pytest.param(b"", (), id="nothing"),
        pytest.param(b"a.yaml\nb.yaml\n", ("a.yaml", "b.yaml"), id="lines"),
        pytest.param(b"a.yaml\r\nb.yaml", ("a.yaml", "b.yaml"), id="CRLF, and a last line without its end"),
        pytest.param(b"a\nb.yaml\0c d.yaml\0", ("a\nb.yaml", "c d.yaml"), id="NUL"),
        pytest.param(b"a.yaml\0", ("a.yaml",), id="a single name and NUL"),
        pytest.param(b"\n\na.yaml\n", ("a.yaml",), id="blank lines"),
        pytest.param(b"\xff.yaml\n", ("\udcff.yaml",), id="a name that is not UTF-8"),
    ],
)
def test_lists(data: bytes, names: tuple[str, ...]) -> None:
    assert listed(data) == names


def test_of_a_list_what_is_named_like_a_manifest_is_taken() -> None:
    touch("a.yaml", "b.md", "sub/c.yml", "sub/d.txt", "vendor/e.json", "f.tmpl")
    names = ("vendor/e.json", "b.md", "a.yaml", "sub", "f.tmpl", "gone.yaml", "gone.md", "a.yaml")
    assert list(find([], Selection(include=("*.tmpl",), listed=names))) == [
        Manifest("vendor/e.json", os.path.realpath("vendor/e.json")),
        Manifest("a.yaml", os.path.realpath("a.yaml")),
        Manifest("sub/c.yml", os.path.realpath("sub/c.yml")),
        Manifest("f.tmpl", os.path.realpath("f.tmpl")),
        Skipped("gone.yaml", "missing", "no such file or folder"),
    ]


def test_the_rest_of_a_list_can_be_left_out_as_in_a_walk() -> None:
    touch("a.yaml", "vendor/b.yaml", "out/c.yaml")
    selection = Selection(exclude=("out",), force_exclude=True, listed=("a.yaml", "vendor/b.yaml", "out/c.yaml"))
    assert [one.name for one in find([], selection) if isinstance(one, Manifest)] == ["a.yaml"]


def git(*arguments: str) -> None:
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *identity, *arguments], check=True, capture_output=True)


@pytest.fixture
def _repository() -> None:
    git("init", "-q", "-b", "trunk", ".")
    touch(".gitignore", text="ignored.yaml\n")
    touch("same.yaml", "edited.yaml", "staged.yaml", "gone.yaml", "old name.yaml", "sub/deep.yaml", text=POD)
    git("add", ".")
    git("commit", "-q", "-m", "first")
    touch("edited.yaml", "staged.yaml", "sub/deep.yaml", text=POD + "---\n")
    git("add", "staged.yaml")
    Path("gone.yaml").unlink()
    git("mv", "old name.yaml", "new\nname.yaml")
    touch("untracked.yaml", "ignored.yaml", "fresh/also.yaml", text=POD)


def names_since(revision: str, *paths: str) -> list[str]:
    top = os.path.realpath(".")
    return sorted(os.path.relpath(path, top) for path in changed_since(revision, paths or (".",)))


CHANGED = ["edited.yaml", "fresh/also.yaml", "new\nname.yaml", "staged.yaml", "sub/deep.yaml", "untracked.yaml"]


@pytest.mark.usefixtures("_repository")
@pytest.mark.parametrize("revision", ["HEAD", "trunk", "trunk^0", "HEAD@{0}"])
def test_what_has_changed(revision: str) -> None:
    assert names_since(revision) == CHANGED


@pytest.mark.usefixtures("_repository")
def test_asked_from_below_and_by_a_file() -> None:
    assert names_since("HEAD", "sub/deep.yaml", "sub", "fresh") == CHANGED


@pytest.mark.parametrize("flag", ["--exclude", "--include"])
@pytest.mark.parametrize("pattern", ["", " ", "# charts", "charts["])
def test_a_pattern_that_is_none_is_an_error(flag: str, pattern: str) -> None:
    ended = CliRunner().invoke(application(), ["convert", flag, pattern, "."])
    assert ended.exit_code == 2
    assert f"Invalid value for {flag}: {pattern!r} is no pattern as in .gitignore." in ended.stderr


@pytest.mark.usefixtures("_repository")
def test_only_what_has_changed_is_worked_on_but_all_is_looked_at() -> None:
    touch("same-service.yaml", text=SERVICE)
    git("add", "same-service.yaml")
    git("commit", "-q", "-m", "second", "same-service.yaml")
    looked = survey(["."], among=changed_since("HEAD", ["."]))
    assert sorted(one.name for one in looked.candidates) == CHANGED
    assert looked.unchanged == 0
    assert looked.around is not None
    assert "Service" in {one.kind for one in looked.around.objects}


@pytest.mark.usefixtures("_repository")
def test_what_cannot_be_read_elsewhere_is_no_error() -> None:
    touch("real.yaml")
    git("add", "real.yaml")
    Path("known.yaml").symlink_to("nothing.yaml")
    git("add", "known.yaml")
    git("commit", "-q", "-m", "second", "known.yaml", "real.yaml")
    Path("new.yaml").symlink_to("nothing.yaml")
    looked = survey(["."], among=changed_since("HEAD", ["."]))
    assert {one.file: one.error for one in looked.troubles} == {"known.yaml": False, "new.yaml": True}


@pytest.mark.usefixtures("_repository")
@pytest.mark.parametrize(
    "revision",
    [
        pytest.param("nowhere", id="no such revision"),
        pytest.param("--output=x", id="what git would take for an option"),
        pytest.param("", id="empty"),
        pytest.param("HEAD:same.yaml", id="no commit"),
        pytest.param("HEAD..trunk", id="a range"),
    ],
)
def test_what_is_no_revision(revision: str) -> None:
    with pytest.raises(RevisionError, match="git knows no revision"):
        changed_since(revision, ["."])
    assert not Path("x").exists()


def test_outside_a_repository() -> None:
    with pytest.raises(RevisionError, match="not a git repository"):
        changed_since("HEAD", ["."])


def test_without_git(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(RevisionError, match="git is not installed"):
        changed_since("HEAD", ["."])


@pytest.mark.usefixtures("_repository")
def test_nothing_that_the_repository_configures_is_run(tmp_path: Path) -> None:
    trap = tmp_path / "trap.sh"
    trap.write_text(f"#!/bin/sh\ntouch {tmp_path}/sprung\n")
    trap.chmod(0o755)
    for key in ("core.fsmonitor", "diff.external", "core.pager"):
        git("config", key, str(trap))
    assert "edited.yaml" in names_since("HEAD")
    assert not (tmp_path / "sprung").exists()
