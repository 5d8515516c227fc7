"""The order of start and stop as a text, and the demand of a pod, before and after the move."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from textwrap import dedent

import pytest
from typer.testing import CliRunner

from sidecarify.cli.app import application
from sidecarify.plan import Consent
from sidecarify.preview import InitStep, Preview, Timeline, preview
from sidecarify.report.timeline import demand_differs, demand_line, timeline_lines
from tests.judge.pods import judged

GIB = Fraction(1024**3)
SETUP = InitStep("setup", is_sidecar=False, has_startup_probe=False)
MESH = InitStep("mesh", is_sidecar=True, has_startup_probe=True)
LOG = InitStep("log", is_sidecar=True, has_startup_probe=False)
PROXY = InitStep("proxy", is_sidecar=True, has_startup_probe=True)


def shown(before: Timeline, after: Timeline | None = None, *moved: str) -> str:
    return "".join(f"{line}\n" for line in timeline_lines(Preview(moved, before, after or before, {}, {})))


def test_one_helper() -> None:
    now, then = Timeline((), ("web", "log"), 30, False), Timeline((LOG,), ("web",), 30, False)
    assert shown(now, then, "log") == dedent(
        """\
        now
          start  1 web, log  all at once
          stop   1 web, log  all at once
                 30 seconds for all of it
        after log moved
          start  1 log  stays; the next follows
                 2 web
          stop   1 web
                 2 log  when those above have ended
                 30 seconds for all of it
        """
    )


def test_a_job_with_everything() -> None:
    now = Timeline((SETUP, MESH), ("etl", "log", "upload", "proxy"), 90, True)
    then = Timeline((SETUP, MESH, LOG, PROXY), ("etl", "upload"), 90, True)
    assert shown(now, then, "log", "proxy") == dedent(
        """\
        now
          start  1 setup                    runs to its end
                 2 mesh                     stays; the next starts when its startupProbe passes
                 3 etl, log, upload, proxy  all at once
          done   when etl, log, upload, proxy have ended
          stop   1 etl, log, upload, proxy  all at once
                 2 mesh                     when those above have ended
                 90 seconds for all of it
        after log, proxy moved
          start  1 setup        runs to its end
                 2 mesh         stays; the next starts when its startupProbe passes
                 3 log          stays; the next follows
                 4 proxy        stays; the next starts when its startupProbe passes
                 5 etl, upload  all at once
          done   when etl, upload have ended
          stop   1 etl, upload  all at once
                 2 proxy        when those above have ended
                 3 log          when those above have ended
                 4 mesh         when those above have ended
                 90 seconds for all of it
        """
    )


def test_nothing_moves() -> None:
    text = shown(Timeline((), ("a",), 30, False))
    assert text.endswith("  stop   1 a\n         30 seconds for all of it\nnothing would move\n")


def test_names_cannot_act_on_a_terminal() -> None:
    assert "\x1b" not in shown(Timeline((), ("a\x1b[31m",), 30, False))


@pytest.mark.parametrize(
    ("before", "after", "line", "differs"),
    [
        pytest.param({}, {}, "", False, id="a pod that asks for nothing"),
        pytest.param({"cpu": Fraction(1, 4)}, {"cpu": Fraction(1, 4)}, "cpu 250m", False, id="the same"),
        pytest.param(
            {"cpu": Fraction(2), "memory": GIB / 2},
            {"cpu": Fraction(2), "memory": GIB},
            "cpu 2, memory 512Mi -> 1Gi",
            True,
            id="more memory",
        ),
        pytest.param({}, {"nvidia.com/gpu": Fraction(1)}, "nvidia.com/gpu 0 -> 1", True, id="a device"),
    ],
)
def test_demand(before: dict[str, Fraction], after: dict[str, Fraction], line: str, differs: bool) -> None:
    one = Preview((), Timeline((), ("a",), 30, False), Timeline((), ("a",), 30, False), before, after)
    assert demand_line(one) == (f"effective request: {line}" if line else "")
    assert demand_differs(one) is differs


POD = """\
apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
  terminationGracePeriodSeconds: 45
  initContainers:
    - {name: setup, image: corp/setup:1, resources: {requests: {cpu: 1}}}
    - {name: mesh, image: corp/mesh:1, restartPolicy: Always, startupProbe: {tcpSocket: {port: 1}}}
  containers:
    - {name: web, image: corp/web:1, volumeMounts: [{name: v, mountPath: /x}], resources: {requests: {cpu: 500m}}}
    - name: log
      image: fluent/fluent-bit:3.1.0
      volumeMounts: [{name: v, mountPath: /x}]
      resources: {requests: {cpu: 100m}}
  volumes: [{name: v, emptyDir: {}}]
"""


def test_preview_of_a_pod() -> None:
    (verdict,) = judged(POD)
    one = preview(verdict, Consent())
    assert one.moved == ("log",)
    assert one.before == Timeline((SETUP, MESH), ("web", "log"), 45, False)
    assert one.after == Timeline((SETUP, MESH, LOG), ("web",), 45, False)
    assert one.demand_before == one.demand_after == {"cpu": Fraction(1)}


def test_on_the_command_line(tmp_path: Path) -> None:
    manifest = tmp_path / "web.yaml"
    manifest.write_text(POD)
    plain = CliRunner().invoke(application(), ["inspect", str(manifest)])
    asked = CliRunner().invoke(application(), ["inspect", "--timeline", str(manifest)])
    assert asked.exit_code == 0
    assert asked.stdout.startswith(plain.stdout.rstrip("\n"))
    assert "  after log moved\n" in asked.stdout
    assert "  effective request: cpu 1\n" in asked.stdout
    assert "now\n" not in plain.stdout
    assert "effective request" not in CliRunner().invoke(application(), ["inspect", "-v", str(manifest)]).stdout
    assert CliRunner().invoke(application(), ["inspect", "--timeline", "-"], input=POD).stdout.count("stop") == 2
