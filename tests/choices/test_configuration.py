"""`.sidecarify.yaml`: what it may say, which one is read, and what goes before it."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from sidecarify.cli.app import application
from sidecarify.configuration import KEYS, NOTHING, ConfigurationError, Finder, read_configuration
from sidecarify.ignore import SETTINGS
from sidecarify.judge.rules import ALL_RULES

jsonschema: Any = importlib.import_module("jsonschema")  # has no types
RULES = {rule.name for rule in ALL_RULES}
SCHEMA = json.loads(
    (Path(__file__).parents[2] / "sidecarify" / "schema" / "sidecarify.schema.json").read_text(encoding="utf-8")
)
ALL = """\
# All keys
helpers: ["log-*", Deployment/web:proxy]
mains: [app]
accept: [tail-without-retry, "startup-*"]
select: ["*"]
ignore:
  - host-port
unsafe: true
shared-volume: false
add-startup-probe: true
placement: before
kube-version: 1.30
transforms: [own]
exclude: [charts/, "/*.tmpl.yaml"]
include: [vendor/ours]
"""
BAD = [
    pytest.param("helper: [a]\n", 1, 1, "there is no key 'helper'. Did you mean 'helpers'?", id="unknown key"),
    pytest.param("mains: [a]\nmains: [b]\n", 2, 1, "the key 'mains' stands twice", id="a key twice"),
    pytest.param("unsafe: yes\n", 1, 9, "unsafe must be true or false, not 'yes'", id="a word for a switch"),
    pytest.param('unsafe: "true"\n', 1, 9, "unsafe must be true or false, not 'true'", id="a text for a switch"),
    pytest.param("shared-volume:\n", 1, 15, "shared-volume must be true or false, not nothing", id="no value"),
    pytest.param("helpers: app\n", 1, 10, "helpers must be a list, not 'app'", id="a text for a list"),
    pytest.param("helpers:\n- a\n- {b: c}\n", 3, 3, "helpers must be a list of texts, and here is a mapping", id="map"),
    pytest.param("accept: [tail-without-rety]\n", 1, 10, "Did you mean 'tail-without-retry'?", id="unknown rule"),
    pytest.param("ignore: [a*z]\n", 1, 10, "there is no rule 'a*z'.", id="a glob that fits no rule"),
    pytest.param("placement: after\n", 1, 12, "placement must be auto or before, not 'after'", id="placement"),
    pytest.param("kube-version: new\n", 1, 15, "'new' is no Kubernetes version such as 1.33", id="version"),
    pytest.param("kube-version: [1.33]\n", 1, 15, "kube-version must be a text, not a list", id="list of versions"),
    pytest.param("transforms: [gone]\n", 1, 14, "gone is no folder", id="no such folder"),
    pytest.param("exclude: [a, '# b']\n", 1, 14, "'# b' is no pattern as in .gitignore", id="a comment for a pattern"),
    pytest.param("include: vendor\n", 1, 10, "include must be a list, not 'vendor'", id="a pattern for a list"),
    pytest.param("- helpers\n", 1, 1, "expected keys such as `helpers`, found a list", id="a list"),
    pytest.param("helpers: [a\n", 2, 1, "not YAML", id="no YAML"),
    pytest.param("unsafe: true\n---\nunsafe: false\n", 2, 1, "found a second one", id="two documents"),
]
OF_THE_SCHEMA = ("unknown key", "a text for a switch", "a text for a list", "map", "placement", "version", "a list")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, a repository."""
    (tmp_path / ".git").mkdir()
    (tmp_path / "own").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


class TestReading:
    def test_all_keys(self, folder: Path) -> None:
        read = read_configuration(write(folder / SETTINGS, ALL), RULES)
        assert read.helpers == ("log-*", "Deployment/web:proxy")
        assert (read.mains, read.accept, read.select) == (("app",), ("tail-without-retry", "startup-*"), ("*",))
        assert (read.ignore, read.unsafe, read.shared_volume) == (("host-port",), True, False)
        assert (read.exclude, read.include) == (("charts/", "/*.tmpl.yaml"), ("vendor/ours",))
        assert (read.add_startup_probe, read.placement, read.kube_version) == (True, "before", "1.30")
        assert read.transforms == (folder / "own",)
        assert set(ALL.split()) >= {f"{key}:" for key in KEYS}

    @pytest.mark.parametrize("text", ["", "# nothing\n", "---\n", "{}\n", "\ufeff"])
    def test_nothing(self, folder: Path, text: str) -> None:
        assert read_configuration(write(folder / SETTINGS, text), RULES) == NOTHING

    def test_a_key_given_once_more_by_alias(self, folder: Path) -> None:
        read = read_configuration(write(folder / SETTINGS, "accept: &some [host-port]\nignore: *some\n"), RULES)
        assert (read.accept, read.ignore) == (("host-port",), ("host-port",))

    @pytest.mark.parametrize(("text", "line", "column", "told"), BAD)
    def test_mistakes_have_a_place(self, folder: Path, text: str, line: int, column: int, told: str) -> None:
        with pytest.raises(ConfigurationError) as caught:
            read_configuration(write(folder / SETTINGS, text), RULES)
        assert (caught.value.line, caught.value.column) == (line, column)
        assert told in caught.value.message

    def test_not_a_file(self, folder: Path) -> None:
        with pytest.raises(ConfigurationError):
            read_configuration(folder / "own", RULES)


class TestSchema:
    def test_the_same_keys(self) -> None:
        assert set(SCHEMA["properties"]) == set(KEYS)

    def test_takes_what_is_right(self) -> None:
        jsonschema.Draft202012Validator.check_schema(SCHEMA)
        jsonschema.validate(yaml.safe_load(ALL), SCHEMA)

    @pytest.mark.parametrize("text", [str(case.values[0]) for case in BAD if case.id in OF_THE_SCHEMA])
    def test_takes_nothing_else(self, text: str) -> None:
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(yaml.safe_load(text), SCHEMA)

    def test_is_printed(self) -> None:
        assert json.loads(CliRunner().invoke(application(), ["schema"]).stdout) == SCHEMA


class TestFinding:
    @pytest.mark.parametrize(
        ("present", "asked", "found"),
        [
            pytest.param(["."], "a/b", ".", id="at the root"),
            pytest.param([".", "a"], "a/b", "a", id="the nearest"),
            pytest.param(["a/b"], "a/b", "a/b", id="in the folder itself"),
            pytest.param(["a/b"], "a", None, id="never below"),
            pytest.param([], "a/b", None, id="none"),
            pytest.param([".."], "a/b", None, id="never above the repository"),
        ],
    )
    def test_upwards(self, folder: Path, present: list[str], asked: str, found: str | None) -> None:
        root = folder / "repository"
        (root / ".git").mkdir(parents=True)
        (root / asked).mkdir(parents=True)
        for place in present:
            write((root / place).resolve() / SETTINGS, "")
        expected = None if found is None else (root / found).resolve() / SETTINGS
        finder = Finder()
        assert finder.of(root / asked) == expected
        assert finder.of(root / asked) == expected

    def test_outside_a_repository_it_goes_on(self, folder: Path) -> None:
        (folder / ".git").rmdir()
        write(folder / SETTINGS, "")
        (folder / "a").mkdir()
        assert Finder().of(folder / "a") == folder / SETTINGS


POD = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  template:
    spec:
      containers:
      - {name: c1, image: corp/trc:9, volumeMounts: [{name: v, mountPath: /x}]}
      - {name: c2, image: corp/zx2:3, volumeMounts: [{name: v, mountPath: /x}]}
      volumes: [{name: v, emptyDir: {}}]
"""


def inspected(*arguments: str, stdin: str = "") -> Any:
    ended = CliRunner().invoke(application(), ["inspect", "--output-format", "json", *arguments], input=stdin)
    assert ended.exit_code == 0, ended.stderr
    whole = json.loads(ended.stdout)
    return {
        "kubernetes": whole["kubernetes"],
        "files": {
            pod["file"]: {one["name"]: (one["role"], one["verdict"]) for one in pod["containers"]}
            for pod in whole["pods"]
        },
    }


class TestRun:
    def test_a_file_above(self, folder: Path) -> None:
        write(folder / SETTINGS, "helpers: [c2]\nkube-version: v1.31\n")
        write(folder / "a/web.yaml", POD)
        assert inspected("a")["files"]["a/web.yaml"]["c2"][0] == "helper"
        assert inspected("a/web.yaml")["kubernetes"] == "1.31"

    def test_stdin_takes_that_of_the_current_folder(self, folder: Path) -> None:
        write(folder / SETTINGS, "helpers: [c2]\n")
        assert inspected("-", stdin=POD)["files"]["<stdin>"]["c2"][0] == "helper"

    def test_each_manifest_takes_its_own(self, folder: Path) -> None:
        write(folder / "a" / SETTINGS, "helpers: [c2]\n")
        write(folder / "b" / SETTINGS, "mains: [c2]\n")
        for name in ("a", "b", "c"):
            write(folder / name / "web.yaml", POD)
        found = inspected(".")["files"]
        assert [found[f"{name}/web.yaml"]["c2"][0] for name in ("a", "b")] == ["helper", "main"]
        assert found["c/web.yaml"]["c2"][0] == "unclear"

    @pytest.mark.parametrize(
        ("flags", "c2"),
        [
            pytest.param((), "helper", id="the file alone"),
            pytest.param(("--main", "c2"), "main", id="the command line goes before it"),
            pytest.param(("--helper", "c1"), "helper", id="names add up"),
            pytest.param(("--isolated",), "unclear", id="not read"),
            pytest.param(("--config", "other.yaml"), "main", id="another one"),
        ],
    )
    def test_what_goes_first(self, folder: Path, flags: tuple[str, ...], c2: str) -> None:
        write(folder / SETTINGS, "helpers: [c2]\n")
        write(folder / "other.yaml", "mains: [c2]\n")
        write(folder / "web.yml", POD)
        assert inspected(*flags, "web.yml")["files"]["web.yml"]["c2"][0] == c2

    @pytest.mark.parametrize(
        ("flags", "moves"),
        [
            pytest.param((), True, id="as the file says"),
            pytest.param(("--no-unsafe",), False, id="the command line can say no"),
            pytest.param(("--isolated",), False, id="not read"),
        ],
    )
    def test_unsafe(self, folder: Path, flags: tuple[str, ...], moves: bool) -> None:
        write(folder / SETTINGS, "unsafe: true\n")
        write(folder / "web.yml", POD)
        ended = CliRunner().invoke(application(), ["convert", "--check", *flags, "web.yml"])
        assert ended.exit_code == int(moves)

    @pytest.mark.parametrize("flags", [(), ("--ignore", "host-port")])
    def test_a_list_takes_the_place_of_the_list_in_the_file(self, folder: Path, flags: tuple[str, ...]) -> None:
        write(folder / SETTINGS, "ignore: ['*']\n")
        write(folder / "web.yml", POD)
        verdict = inspected(*flags, "web.yml")["files"]["web.yml"]["c2"][1]
        assert verdict == ("safe" if not flags else "review")

    @pytest.mark.parametrize("command", ["convert", "inspect", "revert"])
    def test_a_mistake_ends_the_run_before_anything_is_done(self, folder: Path, command: str) -> None:
        write(folder / "a" / SETTINGS, "helpers: [c2]\n")
        write(folder / "a" / "web.yml", POD)
        write(folder / "b" / SETTINGS, "unsafe: true\nhelper: [c2]\n")
        write(folder / "b" / "web.yml", POD)
        ended = CliRunner().invoke(application(), [command, "."])
        assert (ended.exit_code, ended.stdout) == (2, "")
        assert f"b/{SETTINGS}:2:1: there is no key 'helper'." in ended.stderr
        assert (folder / "a" / "web.yml").read_text() == POD

    def test_config_and_isolated_exclude_one_another(self, folder: Path) -> None:
        ended = CliRunner().invoke(application(), ["inspect", "--config", "x.yaml", "--isolated", "."])
        assert ended.exit_code == 2

    def test_no_such_file(self, folder: Path) -> None:
        ended = CliRunner().invoke(application(), ["inspect", "--config", "x.yaml", "."])
        assert ended.exit_code == 2
        assert "x.yaml:1:1: cannot be read" in ended.stderr

    def test_no_ignores(self, folder: Path) -> None:
        write(
            folder / "web.yml",
            POD.replace("Path: /x}]}\n      v", "Path: /x}]} # sidecarify: ignore[role-unclear]\n      v"),
        )
        verdict = {
            flags: inspected(*flags, "web.yml")["files"]["web.yml"]["c2"][1] for flags in ((), ("--no-ignores",))
        }
        assert verdict[()] != verdict[("--no-ignores",)]


class TestWhichFiles:
    """`exclude` and `include` count from the folder of the file that says them, and the nearest file holds alone."""

    FILES = ("web.yml", "charts/web.yml", "sub/charts/web.yml", "sub/deep/web.yml", "vendor/ours/web.yml")

    @pytest.fixture(autouse=True)
    def pods(self, folder: Path) -> None:
        for name in self.FILES:
            write(folder / name, POD)

    @pytest.mark.parametrize(
        ("settings", "flags", "left"),
        [
            pytest.param({}, (), {"vendor/ours/web.yml"}, id="nothing said"),
            pytest.param({"": "exclude: [/charts]"}, (), {"charts/web.yml", "vendor/ours/web.yml"}, id="a path"),
            pytest.param(
                {"": "exclude: [charts/]"},
                (),
                {"charts/web.yml", "sub/charts/web.yml", "vendor/ours/web.yml"},
                id="a name, at any depth",
            ),
            pytest.param({"sub": "exclude: [/deep]"}, (), {"sub/deep/web.yml", "vendor/ours/web.yml"}, id="from there"),
            pytest.param(
                {"": "exclude: [charts]", "sub": "unsafe: true"},
                (),
                {"charts/web.yml", "vendor/ours/web.yml"},
                id="the nearest holds alone",
            ),
            pytest.param({"": "include: [vendor/ours]"}, (), set(), id="taken in"),
            pytest.param(
                {"": "exclude: [deep]", "vendor/ours": "exclude: ['*']"},
                ("--include", "vendor/ours"),
                {"sub/deep/web.yml", "vendor/ours/web.yml"},
                id="a flag for one, the file for the other",
            ),
            pytest.param(
                {"": "exclude: [charts]"},
                ("--exclude", "deep"),
                {"sub/deep/web.yml", "vendor/ours/web.yml"},
                id="a flag takes the place of the list",
            ),
            pytest.param({"": "exclude: [charts]"}, ("--isolated",), {"vendor/ours/web.yml"}, id="not read"),
        ],
    )
    def test_of_a_walk(self, folder: Path, settings: dict[str, str], flags: tuple[str, ...], left: set[str]) -> None:
        for place, text in settings.items():
            write(folder / place / SETTINGS, text)
        assert set(inspected(*flags, ".")["files"]) == set(self.FILES) - left

    def test_a_walk_of_a_folder_below(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        write(folder / SETTINGS, "exclude: [/sub/deep]")
        assert set(inspected("sub")["files"]) == {"sub/charts/web.yml"}
        monkeypatch.chdir(folder / "sub")
        assert set(inspected(".")["files"]) == {"charts/web.yml"}

    def test_a_file_by_name_is_taken_unless_that_is_not_wanted(self, folder: Path) -> None:
        write(folder / SETTINGS, "exclude: [deep]")
        assert inspected("sub/deep/web.yml")["files"]
        assert not inspected("--force-exclude", "sub/deep/web.yml")["files"]

    def test_a_file_of_a_list(self, folder: Path) -> None:
        write(folder / SETTINGS, "exclude: ['/web.yml']\ninclude: [list.txt]")
        write(folder / "list.txt", "web.yml\nsub/deep/web.yml\n")
        assert set(inspected("--files-from", "list.txt")["files"]) == {"sub/deep/web.yml"}

    def test_a_mistake_is_told_wherever_a_walk_comes(self, folder: Path) -> None:
        write(folder / "sub/none" / SETTINGS, "exclude: charts\n")
        ended = CliRunner().invoke(application(), ["inspect", "."])
        assert ended.exit_code == 2
        assert f"sub/none/{SETTINGS}:1:10: exclude must be a list, not 'charts'\n" in ended.stderr
