"""`--jobs`: whatever the number, the bytes of the answer and of the files are the same."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import BATCH, ROOT, SERVICE, WEB, WEB_AFTER, Command

NUMBERS = range(30)


@pytest.fixture(autouse=True)
def many(folder: Path) -> None:
    """Manifests of every sort, many of which share names, beside Services and what cannot be read."""
    sorts = (WEB, BATCH, SERVICE, WEB_AFTER, WEB + b"  broken: [\n", b"kind: {{ .Kind }}\ncontainers: []\n")
    for number in NUMBERS:
        (folder / f"team-{number % 4}").mkdir(exist_ok=True)
        (folder / f"team-{number % 4}" / f"{number:02}.yaml").write_bytes(sorts[number % len(sorts)])
    (folder / "web.yaml").unlink(missing_ok=True)


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(("convert", "--check"), id="check"),
        pytest.param(("convert", "--diff", "-v", "--unsafe"), id="diff"),
        pytest.param(("convert", "--check", "--output-format", "sarif"), id="sarif"),
        pytest.param(("inspect", "--timeline", "-v"), id="inspect"),
        pytest.param(("inspect", "--output-format", "json"), id="json"),
        pytest.param(("revert", "--check"), id="revert"),
    ],
)
def test_the_answer_is_the_same_for_any_number(arguments: tuple[str, ...], process: Command) -> None:
    alone = process(*arguments, "--jobs", "1", ".")
    assert b"team-3" in alone.stdout + alone.stderr
    assert process(*arguments, "--jobs", "3", ".") == alone


def test_processes_that_begin_anew_give_the_same_answer(folder: Path, process: Command) -> None:
    """They do where there is no `fork`, and beside another thread: then all they need to know has to reach them."""
    (folder / "team-0" / "kustomization.yaml").write_text("resources: [00.yaml]\n")
    (folder / ".sidecarify.yaml").write_text("unsafe: true\nexclude: [team-2]\n")
    script = (
        "import sys, threading\n"
        "threading.Thread(target=threading.Event().wait, daemon=True).start()\n"
        "from sidecarify.cli import main\n"
        "main()\n"
    )
    command = [sys.executable, "-c", script, "convert", "--check", "--jobs", "2", "."]
    anew = subprocess.run(command, capture_output=True, check=False, env={**os.environ, "PYTHONPATH": str(ROOT)})
    assert (anew.returncode, anew.stdout, anew.stderr) == process("convert", "--check", "--jobs", "1", ".")


def test_the_files_are_the_same_for_any_number(folder: Path, process: Command) -> None:
    shutil.copytree(folder, folder / "other")
    for jobs, place in (("1", "team-0"), ("2", "other/team-0")):
        process("convert", "--jobs", jobs, place)
    ones = [path.read_bytes() for path in sorted((folder / "team-0").iterdir())]
    assert ones == [path.read_bytes() for path in sorted((folder / "other" / "team-0").iterdir())]
    assert WEB_AFTER in ones


def test_no_process_is_no_number(sidecarify: Command) -> None:
    assert sidecarify("convert", "--check", "--jobs", "0").code == 2


@pytest.mark.skipif(sys.platform != "linux", reason="only a copy of the process has the fault that is built in here")
def test_where_a_process_dies_nothing_is_written(folder: Path) -> None:
    program = (
        "import os, sys, sidecarify.batch as batch\n"
        "real = batch.convert_one\n"
        "def convert_one(manifest, *rest):\n"
        "    if manifest.name == 'team-0/24.yaml': os._exit(9)\n"
        "    return real(manifest, *rest)\n"
        "batch.convert_one = convert_one\n"
        "from sidecarify.cli import main\n"
        "sys.argv = ['sidecarify', 'convert', '--jobs', '2', '.']\n"
        "main()\n"
    )
    before = {path: path.read_bytes() for path in folder.rglob("*.yaml")}
    ended = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert ended.returncode == 2
    assert (
        "a process of the run ended without an answer (killed, or out of memory); nothing was written" in ended.stderr
    )
    assert "Traceback" not in ended.stderr
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def plant_trees(folder: Path) -> None:
    """Bases with an overlay each, among manifests that belong to none."""
    for number in range(12):
        base, overlay = folder / f"app-{number:02}" / "base", folder / f"app-{number:02}" / "prod"
        for place in (base, overlay):
            place.mkdir(parents=True)
        (base / "kustomization.yaml").write_text("resources: [web.yaml]\n")
        (base / "web.yaml").write_bytes(WEB)
        (overlay / "kustomization.yaml").write_text("resources: [../base]\npatches: [{path: patch.yaml}]\n")
        name = WEB.split(b"metadata:\n  name: ")[1].split(b"\n")[0].decode()
        (overlay / "patch.yaml").write_text(
            f"apiVersion: v1\nkind: Pod\nmetadata:\n  name: {name}\nspec:\n  containers:\n"
            "    - name: log-reader\n      env: [{name: A, value: b}]\n"
        )
        (folder / f"app-{number:02}" / "alone.yaml").write_bytes(WEB)
        broken = folder / f"app-{number:02}" / "broken"
        broken.mkdir()
        (broken / "kustomization.yaml").write_text(
            "resources: [web.yaml, ..]\npatches:\n- target: {kind: Pod}\n"
            "  patch: '[{op: add, path: /spec/hostNetwork, value: true}]'\n"
        )
        head, volumes = WEB.split(b"  volumes:\n")
        helper = b"    - name: log-writer" + head.split(b"    - name: log-reader")[1]
        (broken / "web.yaml").write_bytes(head + helper + b"  volumes:\n" + volumes)


@pytest.mark.parametrize(
    "command", [("convert", "--diff", "-v"), ("inspect",), ("revert", "--check")], ids=lambda one: one[0]
)
def test_kustomize_trees_are_shared_too(
    command: tuple[str, ...], folder: Path, process: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant_trees(folder)
    monkeypatch.setenv("PYTHONHASHSEED", "1")
    alone = process(*command, "--jobs", "1", ".")
    monkeypatch.setenv("PYTHONHASHSEED", "2")
    assert process(*command, "--jobs", "2", ".") == alone
    if "--diff" in command:
        assert b"app-11/prod/patch.yaml" in alone.stdout
        assert alone.stderr.count(b"[overlay-not-followed] log-") == 24
