"""What a walk leaves out, and how that is overruled; git itself is the judge of its ignore files."""

from __future__ import annotations

import subprocess
from pathlib import Path
from random import Random

import pytest

from sidecarify.discover import Leftover, Manifest, Selection, find
from sidecarify.ignore import Patterns


@pytest.fixture(autouse=True)
def _in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def touch(*names: str) -> None:
    for name in names:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text("a: 1\n")


def write(name: str, *lines: str) -> None:
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).write_text("".join(f"{line}\n" for line in lines))


def found(
    *paths: str, exclude: tuple[str, ...] = (), include: tuple[str, ...] = (), ignore_files: bool = True
) -> list[str]:
    chosen = Selection(exclude, include, ignore_files=ignore_files)
    return [one.name for one in find(paths or (".",), chosen) if isinstance(one, Manifest)]


@pytest.mark.parametrize(
    "folder",
    [".git", ".hg", ".svn", ".nox", ".tox", ".venv", "venv", "node_modules", "vendor", "__pycache__"],
)
def test_folders_of_others_are_not_entered(folder: str) -> None:
    touch(f"{folder}/a.yaml", f"sub/{folder}/deep/b.yaml", f"{folder}.yaml", f"x{folder}/c.yaml")
    assert sorted(found()) == sorted([f"{folder}.yaml", f"x{folder}/c.yaml"])
    assert found(folder) == [f"{folder}/a.yaml"]


def test_a_virtual_environment_is_known_by_its_file() -> None:
    touch("env3/pyvenv.cfg", "env3/lib/a.yaml", "b.yaml")
    assert found() == ["b.yaml"]
    assert found("env3") == ["env3/lib/a.yaml"]


@pytest.mark.parametrize(
    ("rules", "left"),
    [
        pytest.param(["b.yaml"], ["a.yaml", "sub/c.yaml"], id="a name, at any depth"),
        pytest.param(["/b.yaml"], ["a.yaml", "sub/b.yaml", "sub/c.yaml"], id="only beside the file"),
        pytest.param(["sub/"], ["a.yaml", "b.yaml"], id="a folder"),
        pytest.param(["b.yaml/"], ["a.yaml", "b.yaml", "sub/b.yaml", "sub/c.yaml"], id="a folder that is none"),
        pytest.param(["*.yaml", "!c.yaml"], ["sub/c.yaml"], id="all but one"),
        pytest.param(["sub/", "!sub/c.yaml"], ["a.yaml", "b.yaml"], id="nothing comes back out of a folder left out"),
        pytest.param(["sub/*", "!sub/c.yaml"], ["a.yaml", "b.yaml", "sub/c.yaml"], id="but out of one that is not"),
        pytest.param(["# b.yaml", "", "\\#x"], ["a.yaml", "b.yaml", "sub/b.yaml", "sub/c.yaml"], id="comments"),
        pytest.param(["!", "\\"], ["a.yaml", "b.yaml", "sub/b.yaml", "sub/c.yaml"], id="no patterns to git"),
        pytest.param(["*", "!*/", "!c.*"], ["sub/c.yaml"], id="nothing but"),
    ],
)
@pytest.mark.parametrize("file", [".gitignore", ".sidecarifyignore", ".git/info/exclude"])
def test_ignore_files(file: str, rules: list[str], left: list[str]) -> None:
    touch("a.yaml", "b.yaml", "sub/b.yaml", "sub/c.yaml")
    write(file, *rules)
    assert found() == left


def test_crlf_and_a_byte_order_mark_are_no_part_of_a_pattern() -> None:
    touch("a.yaml", "b.yaml", "c.yaml")
    Path(".gitignore").write_bytes(b"\xef\xbb\xbfa.yaml\r\nb.yaml\r\n")
    assert found() == ["c.yaml"]


def test_deeper_files_go_before() -> None:
    touch("a/x.yaml", "b/x.yaml", "b/c/x.yaml")
    write(".gitignore", "x.yaml")
    write("b/.gitignore", "!x.yaml")
    write("b/c/.gitignore", "x.yaml")
    assert found() == ["b/x.yaml"]


def test_our_own_file_goes_before_that_of_git() -> None:
    touch("rendered/a.yaml", "src/b.yaml")
    write(".gitignore", "rendered/")
    write(".sidecarifyignore", "!rendered/", "src/")
    assert found() == ["rendered/a.yaml"]


def test_the_files_above_count_up_to_the_root_of_the_repository() -> None:
    touch("repo/sub/a.yaml", "repo/sub/b.yaml", "repo/sub/c.yaml")
    write(".gitignore", "a.yaml")
    write("repo/.gitignore", "b.yaml")
    assert found("repo/sub") == [f"repo/sub/{name}.yaml" for name in "abc"]
    Path("repo/.git").mkdir()
    assert found("repo/sub") == ["repo/sub/a.yaml", "repo/sub/c.yaml"]


def test_a_repository_within_another_has_rules_of_its_own() -> None:
    touch("inner/a.yaml", "b/a.yaml", "inner/c.yaml")
    write(".gitignore", "a.yaml")
    write(".sidecarifyignore", "c.yaml")
    Path(".git").mkdir()
    Path("inner/.git").mkdir()
    assert found() == ["inner/a.yaml"]


def test_a_folder_that_is_given_is_walked_though_it_is_ignored() -> None:
    touch("build/a.yaml", "build/b.yaml")
    write(".gitignore", "build/")
    write("build/.gitignore", "b.yaml")
    Path(".git").mkdir()
    assert found() == []
    assert found("build") == ["build/a.yaml"]


def test_a_file_that_is_given_is_taken_though_it_is_ignored() -> None:
    touch("vendor/a.yaml", "b.yaml")
    write(".gitignore", "*.yaml")
    assert found("vendor/a.yaml", "b.yaml") == ["vendor/a.yaml", "b.yaml"]


def test_ignore_files_can_be_switched_off() -> None:
    touch("a.yaml", "vendor/b.yaml")
    write(".gitignore", "a.yaml")
    assert found(ignore_files=False) == ["a.yaml"]


def test_the_target_of_a_link_that_no_walk_comes_to_is_taken_under_the_name_of_the_link() -> None:
    touch("store/a.yaml", "store/b.yaml", "vendor/c.yaml")
    write(".gitignore", "store/a.yaml")
    for name in "abc":
        Path(f"{name}.yaml").symlink_to(f"{'vendor' if name == 'c' else 'store'}/{name}.yaml")
    assert found() == ["a.yaml", "c.yaml", "store/b.yaml"]


@pytest.mark.parametrize(
    ("patterns", "left"),
    [
        pytest.param(["prod"], ["dev/a.yaml", "dev/b.yaml", "x.yaml"], id="a folder by name"),
        pytest.param(["dev/a.*"], ["dev/b.yaml", "prod/a.yaml", "x.yaml"], id="a path"),
        pytest.param(["a.yaml"], ["dev/b.yaml", "x.yaml"], id="a name"),
        pytest.param(["*", "!x.yaml"], ["x.yaml"], id="all but one"),
    ],
)
def test_exclude(patterns: list[str], left: list[str]) -> None:
    touch("dev/a.yaml", "dev/b.yaml", "prod/a.yaml", "x.yaml")
    assert found(exclude=tuple(patterns)) == left
    assert found(str(Path.cwd()), exclude=tuple(patterns)) == [f"{Path.cwd()}/{name}" for name in left]


def test_patterns_count_from_the_current_folder_whatever_is_given() -> None:
    touch("dev/a.yaml", "dev/dev/a.yaml")
    assert found("dev", exclude=("dev/a.yaml",)) == ["dev/dev/a.yaml"]


def test_patterns_of_folders_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    touch("there/a.yaml", "there/b.yaml", "here/c.yaml")
    monkeypatch.chdir(tmp_path / "here")
    assert found("../there", exclude=("a.yaml",)) == ["../there/b.yaml"]


@pytest.mark.parametrize(
    ("patterns", "more"),
    [
        pytest.param(["*.yaml.in"], ["x.yaml.in"], id="a name that is none of a manifest"),
        pytest.param(["ignored.yaml"], ["ignored.yaml"], id="what an ignore file leaves out"),
        pytest.param(["vendor"], ["vendor/a/b.yaml", "vendor/c.yaml"], id="a folder of others"),
        pytest.param(["/vendor/"], ["vendor/a/b.yaml", "vendor/c.yaml"], id="spelled as a folder"),
        pytest.param(["vendor/c.yaml"], ["vendor/c.yaml"], id="one file in it"),
        pytest.param(["vendor/**/*.yaml"], ["vendor/a/b.yaml", "vendor/c.yaml"], id="at any depth in it"),
        pytest.param(["vendor/*/b.yaml"], ["vendor/a/b.yaml"], id="at one depth in it"),
        pytest.param(["vendor/a"], ["vendor/a/b.yaml"], id="a folder in it"),
        pytest.param(["c.yaml"], [], id="a name alone opens no folder"),
        pytest.param(["**/c.yaml"], [], id="nor at any depth"),
    ],
)
def test_include(patterns: list[str], more: list[str]) -> None:
    touch("m.yaml", "ignored.yaml", "x.yaml.in", "vendor/a/b.yaml", "vendor/c.yaml", "vendor/d.txt")
    write(".gitignore", "ignored.yaml")
    assert sorted(found(include=tuple(patterns))) == sorted(["m.yaml", *more])


def test_exclude_goes_before_include() -> None:
    touch("vendor/a.yaml", "vendor/b.yaml")
    assert found(include=("vendor",), exclude=("a.yaml",)) == ["vendor/b.yaml"]


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        pytest.param("a.yaml", True, id="what a walk takes"),
        pytest.param("notes.txt", False, id="no name of a manifest"),
        pytest.param("out/x.yaml", False, id="excluded with its folder"),
        pytest.param("vendor/x.yaml", False, id="in a folder of others"),
        pytest.param("ignored/x.yaml", False, id="ignored with its folder"),
        pytest.param("sub/own.yaml", False, id="ignored by a file on the way"),
        pytest.param("sub/other.yaml", True, id="beside one that is ignored"),
        pytest.param("gone.yaml", True, id="what is not there stays an error"),
    ],
)
def test_force_exclude(given: str, taken: bool) -> None:
    touch("a.yaml", "notes.txt", "out/x.yaml", "vendor/x.yaml", "ignored/x.yaml", "sub/own.yaml", "sub/other.yaml")
    write(".gitignore", "ignored/")
    write("sub/.sidecarifyignore", "own.yaml")
    selection = Selection(exclude=("out",), force_exclude=True)
    assert bool(list(find([given], selection))) is taken
    assert list(find([given], Selection(exclude=("out",))))


def test_what_a_killed_run_has_left_is_found_wherever_a_walk_comes() -> None:
    touch("sub/.sidecarify-1.tmp", "a.yaml", "vendor/.sidecarify-2.tmp")
    assert [one for one in find(["."]) if isinstance(one, Leftover)] == [
        Leftover(str(Path("sub/.sidecarify-1.tmp").resolve()))
    ]


def git(*arguments: str) -> bytes:
    return subprocess.run(["git", *arguments], capture_output=True, check=True).stdout


NAMES = ["a", "b", "ab", "abc", "build", "x y", "#c", "!d", "a.b", "éa", "[e]", "f\\g"]
PATTERNS = [
    "a", "b/", "/a", "/build/", "*", "!*/", "!*.yaml", "*.yaml", "!a.yaml", "a*", "*b", "**/a", "a/**", "/**", "a/**/b",
    "a/b", "a/b/", "!a/b", "b/*.yaml", "!b/a.yaml", "[ab].yaml", "[!a].yaml", "a?", "\\#c", "#c", "\\!d", "!d", "x y",
    "a.yaml ", "a.yaml\\ ", "?.yaml", "/*/b", "a**", "**b", "é*", "[[]e]", "\\[e\\]", "!build/", "a[", "*/", "!/a",
]  # fmt: skip


@pytest.mark.parametrize("seed", (*range(10), 11, 30, 79, 144))
def test_git_ignores_the_same(seed: int) -> None:
    random = Random(seed)
    folders = [""]
    for _ in range(14):
        parent = random.choice(folders)
        folders.append(f"{parent}{random.choice(NAMES)}/")
    names = {f"{random.choice(folders)}{random.choice(NAMES)}.yaml" for _ in range(60)}
    touch(*names)
    git("init", "-q", ".")
    for folder in random.sample(folders, 4):
        if Path(folder or ".").is_dir():
            write(f"{folder}.gitignore", *random.choices(PATTERNS, k=random.randint(1, 5)))
    write(".git/info/exclude", *random.choices(PATTERNS, k=2))
    listed = git("-c", "core.excludesFile=", "ls-files", "-z", "--others", "--exclude-standard", "*.yaml")
    assert sorted(found()) == sorted(name for name in listed.decode().split("\0") if name)


def test_the_quick_look_at_a_name_loses_no_match() -> None:
    names = [f"{one}.yaml" for one in NAMES] + NAMES
    for pattern in PATTERNS:
        patterns = Patterns.of([pattern])
        if patterns is None:
            continue
        thorough = Patterns(patterns.patterns, ("",), ())
        for name in names:
            for path in (name, f"a/{name}", f"a/x/{name}"):
                for folder in (False, True):
                    assert patterns.decide(path, name, folder=folder) == thorough.decide(path, name, folder=folder)
