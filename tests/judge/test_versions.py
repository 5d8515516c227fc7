"""What the target version changes: the level of each rule that knows versions, from 1.28 to 1.36.

Sources: the version tables of the hazard catalogue (NET1, NET5, PRB5, PRB6, RES4, TRM6, FLD16) and of KEP-753.
"""

from __future__ import annotations

from textwrap import dedent

import pytest

from sidecarify import Options, convert_text
from sidecarify.judge.model import Settings
from sidecarify.kube.version import KubeVersion

from .pods import judged

VERSIONS = ("1.28", "1.29", "1.30", "1.31", "1.32", "1.33", "1.34", "1.35", "1.36")


def pod(helper: str, *, kind: str = "Deployment", spec: str = "", more: str = "") -> str:
    """A workload with a main container and the helper `log`, which shares a volume with it."""
    text = f"""\
apiVersion: {"batch/v1" if kind == "Job" else "apps/v1"}
kind: {kind}
metadata: {{name: shop, namespace: x}}
spec:
  template:
    metadata: {{labels: {{app: shop}}}}
    spec:
      {spec}
      containers:
      - {{name: shop, image: corp/shop:1, volumeMounts: [{{name: v, mountPath: /v}}]}}
      - name: log
        image: fluent/fluent-bit:3.1.0
        volumeMounts: [{{name: v, mountPath: /v}}]
        {helper}
      volumes: [{{name: v, emptyDir: {{}}}}]
"""
    return text + dedent(more)


SERVICE = """\
---
apiVersion: v1
kind: Service
metadata: {name: shop, namespace: x}
spec: {selector: {app: shop}, ports: [{port: 80, targetPort: web}]}
"""
NAMED = "ports: [{name: web, containerPort: 8080}]"
HOST_PORT = "ports: [{containerPort: 8126, hostPort: 8126}]"
PROBE = "startupProbe: {httpGet: {path: /, port: 2020}, failureThreshold: 100}"


def levels(text: str, rule: str) -> list[str]:
    """The strictest level of a rule on the helper, version by version; `-` where it says nothing."""
    found = []
    for version in VERSIONS:
        (verdict,) = judged(text, Settings(target=KubeVersion.parse(version)))
        answer = next(one for one in verdict.containers if one.member.name == "log")
        given = {finding.level for finding in answer.findings if finding.rule == rule}
        found.append(next((level for level in ("refuse", "review", "note") if level in given), "-"))
    return found


@pytest.mark.parametrize(
    ("rule", "text", "expected"),
    [
        pytest.param("old-kubernetes", pod(""), "refuse - - - - - - - -", id="FLD16: no native sidecars before 1.29"),
        pytest.param(
            "named-target-port",
            pod(NAMED, more=SERVICE),
            "refuse refuse refuse refuse note note note note note",
            id="NET1: EndpointSlices resolve names of native sidecars from 1.32",
        ),
        pytest.param(
            "named-target-port",
            pod(NAMED),
            "review review review review - - - - -",
            id="NET1: a named port, and no Service was given",
        ),
        pytest.param(
            "named-target-port",
            pod(NAMED, more=SERVICE.replace("targetPort: web", "targetPort: 8080")),
            "- - - - - - - - -",
            id="NET1, near miss: a number",
        ),
        pytest.param(
            "host-port",
            pod(HOST_PORT),
            "refuse refuse refuse refuse refuse review note note note",
            id="NET5: the scheduler counts them from 1.34, and from a late 1.33",
        ),
        pytest.param(
            "host-port",
            pod(HOST_PORT, kind="DaemonSet"),
            "review review review review review note note note note",
            id="NET5: a DaemonSet has one pod on a node",
        ),
        pytest.param(
            "host-port",
            pod(HOST_PORT, kind="DaemonSet").replace(
                "  template:", "  updateStrategy: {rollingUpdate: {maxSurge: 1}}\n  template:", 1
            ),
            "refuse refuse refuse refuse refuse review note note note",
            id="NET5: with maxSurge it has two for a while",
        ),
        pytest.param(
            "resize-policy",
            pod("resizePolicy: [{resourceName: cpu, restartPolicy: NotRequired}]"),
            "review review review review review - - - -",
            id="RES4: rejected on init entries before 1.33",
        ),
        pytest.param(
            "startup-probe-restart-bugs",
            pod(PROBE, kind="Job", spec="restartPolicy: Never"),
            "review review review review review review review review -",
            id="PRB5 up to 1.34, PRB6 on 1.35",
        ),
        pytest.param(
            "startup-probe-restart-bugs",
            pod(PROBE),
            "- - - - - - - review -",
            id="PRB6: a bug of 1.35 alone, whatever the restart policy",
        ),
        pytest.param(
            "startup-probe-restart-bugs",
            pod("", kind="Job", spec="restartPolicy: Never"),
            "- - - - - - - - -",
            id="PRB5, near miss: no startupProbe",
        ),
        pytest.param(
            "stuck-termination",
            pod(PROBE, spec="terminationGracePeriodSeconds: 600\n      initContainers: [{name: a, image: corp/a:1}]"),
            "- note note - - - - - -",
            id="TRM6: fixed after 1.30",
        ),
        pytest.param(
            "stuck-termination",
            pod(PROBE, spec="terminationGracePeriodSeconds: 30\n      initContainers: [{name: a, image: corp/a:1}]"),
            "- - - - - - - - -",
            id="TRM6, near miss: a short grace period",
        ),
    ],
)
def test_level_by_version(rule: str, text: str, expected: str) -> None:
    assert dict(zip(VERSIONS, levels(text, rule), strict=True)) == dict(zip(VERSIONS, expected.split(), strict=True))


@pytest.mark.parametrize(
    ("text", "rule", "old", "new"),
    [
        pytest.param(pod(NAMED, more=SERVICE), "named-target-port", "1.31", "1.32", id="named-target-port"),
        pytest.param(pod(HOST_PORT), "host-port", "1.32", "1.34", id="host-port"),
    ],
)
def test_the_message_changes_with_the_level(text: str, rule: str, old: str, new: str) -> None:
    told = []
    for version in (old, new):
        (verdict,) = judged(text, Settings(target=KubeVersion.parse(version)))
        told += [one.message for answer in verdict.containers for one in answer.findings if one.rule == rule]
    assert len(told) == len(set(told)) == 2
    assert all("1.3" in message for message in told), "a version that matters is named"


@pytest.mark.parametrize(("version", "moves"), [("1.28", False), ("1.29", True), ("v1.33.4-gke.100", True)])
def test_the_target_decides_on_the_move(version: str, moves: bool) -> None:
    assert convert_text(pod(""), Options(kube_version=version)).changed is moves
