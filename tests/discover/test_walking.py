"""Which files a run takes."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from sidecarify.discover import Manifest, Selection, Skipped, find


@pytest.fixture(autouse=True)
def _in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def touch(*names: str) -> None:
    for name in names:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text("a: 1\n")


def names(*paths: str) -> list[str]:
    return [one.name for one in find(paths or (".",)) if isinstance(one, Manifest)]


def skipped(*paths: str) -> dict[str, Skipped]:
    return {one.name: one for one in find(paths or (".",)) if isinstance(one, Skipped)}


def test_folders_are_walked_in_a_stable_order() -> None:
    touch("b.yaml", "a/z.yml", "a/b/c.json", "a-b.yaml", "c.YAML")
    assert names() == ["a/b/c.json", "a/z.yml", "a-b.yaml", "b.yaml", "c.YAML"]


def test_other_files_are_not_taken_from_folders() -> None:
    touch("a.txt", "yaml", "a.yaml.bak", ".git/config.yaml", "sub/.git/x.yaml", ".sidecarify-1.tmp")
    assert names() == []


def test_hidden_folders_other_than_git_are_walked() -> None:
    touch(".github/a.yaml")
    assert names() == [".github/a.yaml"]


def test_named_files_are_taken_whatever_their_name() -> None:
    touch("a.txt", ".git/config.yaml")
    assert names("a.txt", ".git/config.yaml") == ["a.txt", ".git/config.yaml"]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param(".", "sub/a.yaml", id="the current folder is not part of the name"),
        pytest.param("./sub", "sub/a.yaml", id="nor is its dot"),
        pytest.param("sub/", "sub/a.yaml", id="a slash at the end is not doubled"),
        pytest.param("sub/../sub/a.yaml", "sub/../sub/a.yaml", id="a name stays as it was given"),
    ],
)
def test_names_are_as_given(given: str, expected: str) -> None:
    touch("sub/a.yaml")
    assert names(given) == [expected]


def test_absolute_names_stay_absolute(tmp_path: Path) -> None:
    touch("a.yaml")
    assert names(str(tmp_path)) == [f"{tmp_path}/a.yaml"]


def test_a_file_is_taken_once() -> None:
    touch("a.yaml", "sub/b.yaml")
    assert names("a.yaml", ".", "sub", "./a.yaml") == ["a.yaml", "sub/b.yaml"]


def test_a_file_given_by_name_beside_its_folder_counts_as_given() -> None:
    touch("a.yaml", "b.yaml")
    assert [(one.name, one.explicit) for one in find([".", "b.yaml"]) if isinstance(one, Manifest)] == [
        ("a.yaml", False),
        ("b.yaml", True),
    ]


def test_a_folder_named_like_a_manifest_is_walked() -> None:
    touch("x.yaml/a.yaml")
    assert names() == ["x.yaml/a.yaml"]
    assert names("x.yaml") == ["x.yaml/a.yaml"]


def test_a_link_stands_for_its_file() -> None:
    touch("data/a.txt")
    Path("a.yaml").symlink_to("data/a.txt")
    (found,) = find(["."])
    assert found == Manifest("a.yaml", str(Path("data/a.txt").resolve()))


def test_a_link_to_a_manifest_of_the_folder_is_not_taken_twice() -> None:
    touch("z/a.yaml")
    Path("a.yaml").symlink_to("z/a.yaml")
    assert names() == ["z/a.yaml"]


def test_a_link_out_of_the_folder_is_reported_and_not_followed() -> None:
    touch("outside/a.yaml", "in/b.yaml")
    Path("in/a.yaml").symlink_to("../outside/a.yaml")
    assert names("in") == ["in/b.yaml"]
    report = skipped("in")["in/a.yaml"]
    assert (report.code, report.error) == ("outside-link", False)
    assert "out of the given folder" in report.message


def test_a_link_into_another_given_folder_is_inside() -> None:
    touch("one/a.yaml", "two/b.yaml")
    Path("two/a.yaml").symlink_to("../one/a.yaml")
    assert names("one", "two") == ["one/a.yaml", "two/b.yaml"]
    assert skipped("one", "two") == {}


def test_a_link_given_by_name_is_followed_wherever_it_leads() -> None:
    touch("outside/a.yaml")
    Path("in").mkdir()
    Path("in/a.yaml").symlink_to("../outside/a.yaml")
    (found,) = find(["in/a.yaml"])
    assert found == Manifest("in/a.yaml", str(Path("outside/a.yaml").resolve()), explicit=True)


def test_folders_that_links_lead_to_are_not_walked() -> None:
    touch("a/b.yaml")
    Path("a/loop").symlink_to("..")
    Path("a/twin").symlink_to(".")
    assert names() == ["a/b.yaml"]


def test_a_folder_given_through_a_link_is_walked() -> None:
    touch("real/a.yaml")
    Path("link").symlink_to("real")
    assert names("link") == ["link/a.yaml"]


@pytest.mark.parametrize("target", ["gone.yaml", "a.yaml"], ids=["target is not there", "points at itself"])
def test_links_to_nothing_are_errors_where_they_are_given(target: str) -> None:
    Path("a.yaml").symlink_to(target)
    assert list(find(["a.yaml"])) == [Skipped("a.yaml", "broken-link", f"is a broken symbolic link (to {target})")]


@pytest.mark.parametrize("target", ["gone.yaml", "a.yaml"], ids=["target is not there", "points at itself"])
@pytest.mark.parametrize("listed", [False, True], ids=["walked", "of a list"])
def test_links_to_nothing_are_errors_where_they_are_only_met(target: str, listed: bool) -> None:
    Path("a.yaml").symlink_to(target)
    (report,) = find([], Selection(listed=("a.yaml",))) if listed else find(["."])
    assert isinstance(report, Skipped)
    assert (report.name, report.error) == ("a.yaml", True)
    assert f"is a broken symbolic link (to {target}); --exclude or .sidecarifyignore" in report.message


def test_what_is_not_there_is_an_error() -> None:
    assert skipped("gone.yaml", "gone/") == {
        "gone.yaml": Skipped("gone.yaml", "missing", "no such file or folder"),
        "gone/": Skipped("gone/", "missing", "no such file or folder"),
    }


def test_a_folder_that_vanishes_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    touch("a.yaml", "sub/b.yaml")
    scan = os.scandir

    def gone(path: str) -> object:
        if path.endswith("sub"):
            raise FileNotFoundError(2, "No such file or directory", path)
        return scan(path)

    monkeypatch.setattr(os, "scandir", gone)
    found = list(find(["."]))
    assert Skipped("sub", "unreadable", "the folder cannot be read: it is not there") in found
    assert names() == ["a.yaml"]


def test_deeper_folders_than_python_can_recurse() -> None:
    deep = Path()
    try:
        for _ in range(1200):
            deep /= "d"
            deep.mkdir()
        touch(f"{deep}/a.yaml")
        assert names() == [f"{deep}/a.yaml"]
    finally:
        # shutil.rmtree, with which pytest tidies up, recurses.
        subprocess.run(["rm", "-rf", "d"], check=True)
