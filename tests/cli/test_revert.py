"""`sidecarify revert`: the flags, words and exit codes of `convert`, the other way round."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from .conftest import WEB, WEB_AFTER, Command

JOB = b"""\
apiVersion: batch/v1
kind: Job
metadata: {generateName: etl-}
spec:
  template:
    spec:
      restartPolicy: Never
      initContainers:
      - name: log
        image: fluent/fluent-bit:3.1.4
        restartPolicy: Always
      containers:
      - name: etl
        image: registry.example/etl:1
"""
POOLED = b"""\
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec:
      initContainers:
      - name: pool
        image: edoburu/pgbouncer:v1.23.1
        restartPolicy: Always
      - name: log
        image: fluent/fluent-bit:3.1.4
        restartPolicy: Always
      containers:
      - name: shop
        image: registry.example/shop:1
        env: [{name: DATABASE_URL, value: "postgres://localhost:5432/shop"}]
"""


@pytest.fixture(autouse=True)
def native(folder: Path) -> None:
    """`web.yaml` as `convert` leaves it."""
    (folder / "web.yaml").write_bytes(WEB_AFTER)


def test_what_convert_did_is_undone(sidecarify: Command) -> None:
    ended = sidecarify("revert", "web.yaml")
    assert (ended.code, ended.stdout) == (0, b"")
    assert Path("web.yaml").read_bytes() == WEB
    assert "reverted web.yaml: log-reader" in ended.err
    assert "1 file was reverted (1 container), 0 left unchanged." in ended.err


def test_a_second_run_has_nothing_to_do(sidecarify: Command) -> None:
    sidecarify("revert", ".")
    ended = sidecarify("revert", "--check", ".")
    assert ended.code == 0
    assert "Nothing to revert: 1 file left unchanged." in ended.err


@pytest.mark.parametrize("flag", ["--diff", "--check"])
def test_looking_writes_nothing(sidecarify: Command, flag: str) -> None:
    ended = sidecarify("revert", flag, "web.yaml")
    assert ended.code == 1
    assert Path("web.yaml").read_bytes() == WEB_AFTER
    assert "would revert web.yaml: log-reader" in ended.err
    assert "1 file would be reverted (1 container)" in ended.err


def test_git_applies_the_patch(sidecarify: Command) -> None:
    assert sidecarify("revert", "--patch", "back.patch", "web.yaml").code == 0
    assert Path("web.yaml").read_bytes() == WEB_AFTER
    subprocess.run(["git", "apply", "back.patch"], check=True, env={"PATH": "/usr/bin:/bin", "HOME": "/nonexistent"})
    assert Path("web.yaml").read_bytes() == WEB


def test_stdin_is_filtered(sidecarify: Command) -> None:
    ended = sidecarify("revert", "-", stdin=WEB_AFTER)
    assert (ended.code, ended.stdout) == (0, WEB)


@pytest.mark.parametrize("form", ["concise", "json", "jsonl", "sarif", "github", "gitlab", "junit", "markdown"])
@pytest.mark.parametrize("flag", ["--check", "--diff"])
def test_the_answer_has_the_forms_of_convert(sidecarify: Command, form: str, flag: str) -> None:
    ended = sidecarify("revert", flag, "--output-format", form, "web.yaml")
    assert ended.code == 1
    assert "log-reader" in ended.out
    assert "can be a native sidecar" not in ended.out
    assert "can become native sidecars" not in ended.out
    assert Path("web.yaml").read_bytes() == WEB_AFTER


def test_a_form_is_known_before_anything_is_written(sidecarify: Command) -> None:
    ended = sidecarify("revert", "--output-format", "json", "web.yaml")
    assert ended.code == 2
    assert Path("web.yaml").read_bytes() == WEB_AFTER


def test_a_patch_and_the_text_of_its_pull_request_in_one_run(sidecarify: Command) -> None:
    patch = sidecarify("revert", "--diff", "web.yaml").stdout
    ended = sidecarify("revert", "--patch", "back.patch", "--output-format", "markdown", "-o", "body.md", "web.yaml")
    assert (ended.code, ended.stdout, Path("back.patch").read_bytes()) == (0, b"", patch)
    assert Path("body.md").read_text().startswith("## Native sidecars as ordinary containers\n")


def test_explain_tells_the_change_of_the_model(sidecarify: Command) -> None:
    told = sidecarify("revert", "--diff", "--explain", "web.yaml").err
    assert "moved log-reader: spec.initContainers.0 -> spec.containers.1" in told
    assert "removed spec.containers.1.restartPolicy: Always" in told
    assert "nothing else differs" in told


def test_verbose_says_why_it_may(sidecarify: Command) -> None:
    told = sidecarify("revert", "--diff", "-v", "web.yaml").err
    assert "web.yaml:17: [moves] log-reader: it is an init container with `restartPolicy: Always`" in told


def test_a_job_that_would_not_complete_is_refused_until_named_and_accepted(sidecarify: Command) -> None:
    Path("web.yaml").write_bytes(JOB)
    ended = sidecarify("revert", "--unsafe", "web.yaml")
    assert ended.code == 0
    assert "web.yaml:9: [job-never-completes] log:" in ended.err
    assert "What is refused is moved only with --only CONTAINER and --accept RULE together." in ended.err
    assert sidecarify("revert", "--check", "--only", "log", "web.yaml").code == 0
    assert sidecarify("revert", "--check", "--only", "log", "--accept", "job-never-completes", "web.yaml").code == 1


def test_review_is_left_alone_until_asked_for(sidecarify: Command) -> None:
    Path("web.yaml").write_bytes(POOLED)
    ended = sidecarify("revert", "--check", "web.yaml")
    assert "would revert web.yaml: log\n" in ended.err
    assert "[start-order-lost] pool:" in ended.err
    assert "would revert web.yaml: pool, log\n" in sidecarify("revert", "--check", "--unsafe", "web.yaml").err


def test_only_chooses_and_names(sidecarify: Command) -> None:
    Path("web.yaml").write_bytes(POOLED)
    ended = sidecarify("revert", "--only", "Deployment/shop:pool", "web.yaml")
    assert "reverted web.yaml: pool\n" in ended.err
    assert Path("web.yaml").read_bytes().index(b"name: pool") > Path("web.yaml").read_bytes().index(b"name: shop\n   ")
    assert b"initContainers:\n      - name: log" in Path("web.yaml").read_bytes()


def test_only_that_names_nothing_is_told(sidecarify: Command) -> None:
    ended = sidecarify("revert", "--only", "web", "web.yaml")
    assert ended.code == 0
    assert "warning: --only web names no native sidecar" in ended.err


def test_rules_are_those_of_the_way_back(sidecarify: Command) -> None:
    assert sidecarify("revert", "--accept", "start-order-lost", "web.yaml").code == 0
    ended = sidecarify("revert", "--accept", "startup-deadlock", "web.yaml")
    assert ended.code == 2
    assert "startup-deadlock" in ended.err
    assert sidecarify("convert", "--accept", "start-order-lost", "web.yaml").code == 2


def test_an_old_cluster_is_no_reason_to_stay(sidecarify: Command) -> None:
    assert sidecarify("revert", "--kube-version", "1.27", "web.yaml").code == 0
    assert Path("web.yaml").read_bytes() == WEB


def test_what_is_no_manifest_is_an_error_and_the_rest_is_done(sidecarify: Command) -> None:
    Path("bad.yaml").write_bytes(b"kind: Pod\nspec:\n  containers: []\n  initContainers: [\n")
    ended = sidecarify("revert", ".")
    assert ended.code == 2
    assert Path("web.yaml").read_bytes() == WEB


def test_a_patch_in_another_file_that_names_the_sidecar_is_seen(sidecarify: Command) -> None:
    Path("web.yaml").write_bytes(POOLED)
    Path("patch.yaml").write_bytes(
        b"apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: shop}\n"
        b"spec: {template: {spec: {initContainers: [{name: log, resources: {limits: {memory: 1Gi}}}]}}}\n"
    )
    ended = sidecarify("revert", "--check", ".")
    assert ended.code == 0
    assert "patch.yaml:4: [overlay-patch] log (in web.yaml):" in ended.err
