"""Which volumes two containers share, and when that says little."""

from __future__ import annotations

from textwrap import dedent

import pytest

from sidecarify.judge.sharing import CONFIGURATION, DIFFERENT_SUBPATHS, NODE, READ_ONLY

from .pods import answers


def shared(volume: str, mine: str, theirs: str, rest: str = "") -> list[tuple[str, str]]:
    """What `log` shares with `shop`: (volume, weakness). The volume's source and both mounts are flow mappings."""
    text = dedent(f"""\
        apiVersion: v1
        kind: Pod
        metadata: {{name: shop}}
        spec:
          volumes: [{{name: v, {volume}}}]
          containers:
          - {{name: shop, image: corp/shop:1, {theirs}}}
          - {{name: log, image: fluent/fluent-bit, {mine}}}
        """)
    return [(one.name, one.weak) for one in answers(text + rest)["log"].member.shared]


def mount(path: str = "/v", **more: str) -> str:
    return f"volumeMounts: [{{name: v, mountPath: {path}{''.join(f', {k}: {v}' for k, v in more.items())}}}]"


STRONG = [("v", "")]
CASES = [
    pytest.param("emptyDir: {}", mount(), mount("/logs"), STRONG, id="emptyDir at two paths"),
    pytest.param("emptyDir: {}", mount(readOnly="true"), mount(), STRONG, id="one reads what the other writes"),
    pytest.param("persistentVolumeClaim: {claimName: a}", mount(), mount(), STRONG, id="claim"),
    pytest.param("hostPath: {path: /var/lib/x}", mount(), mount(), STRONG, id="folder of the node"),
    pytest.param("emptyDir: {}", mount(subPath="a"), mount(subPath="a"), STRONG, id="same subPath"),
    pytest.param("emptyDir: {}", mount(subPath="a/b"), mount(subPath="a"), STRONG, id="subPath inside the other"),
    pytest.param("emptyDir: {}", mount(subPath="a"), mount(), STRONG, id="subPath of what the other mounts whole"),
    pytest.param(
        "emptyDir: {}", mount(subPath="a"), mount(subPath="ab"), [("v", DIFFERENT_SUBPATHS)], id="subPaths apart"
    ),
    pytest.param("configMap: {name: a}", mount(), mount(), [("v", CONFIGURATION)], id="ConfigMap"),
    pytest.param("secret: {secretName: a}", mount(), mount(), [("v", CONFIGURATION)], id="Secret"),
    pytest.param("hostPath: {path: /etc/localtime}", mount(), mount(), [("v", NODE)], id="time zone of the node"),
    pytest.param("hostPath: {path: /sys/fs}", mount(), mount(), [("v", NODE)], id="kernel's files of the node"),
    pytest.param(
        "nfs: {server: a, path: /b}",
        mount(readOnly="true"),
        mount(readOnly="true"),
        [("v", READ_ONLY)],
        id="nobody writes",
    ),
    pytest.param(
        "projected: {sources: [{configMap: {name: a}}, {serviceAccountToken: {path: t}}]}",
        mount(),
        mount(),
        [("v", CONFIGURATION)],
        id="projected configuration",
    ),
    pytest.param("projected: {sources: [{serviceAccountToken: {path: t}}]}", mount(), mount(), [], id="token"),
    pytest.param("downwardAPI: {items: []}", mount(), mount(), [], id="downward API"),
    pytest.param(
        "emptyDir: {}", mount("/var/run/secrets/kubernetes.io/x"), mount(), [], id="where the account's token is"
    ),
    pytest.param("emptyDir: {}", "volumeDevices: [{name: v, devicePath: /dev/x}]", mount(), [], id="block device"),
    pytest.param("emptyDir: {}", mount(), "volumeMounts: []", [], id="only one mounts it"),
]


@pytest.mark.parametrize(("volume", "mine", "theirs", "expected"), CASES)
def test_sharing(volume: str, mine: str, theirs: str, expected: list[tuple[str, str]]) -> None:
    assert shared(volume, mine, theirs) == expected


def test_claims_of_a_stateful_set_are_volumes() -> None:
    text = """\
        apiVersion: apps/v1
        kind: StatefulSet
        metadata: {name: db}
        spec:
          template:
            spec:
              containers:
              - {name: db, image: corp/db:1, volumeMounts: [{name: data, mountPath: /data}]}
              - {name: log, image: fluent/fluent-bit, volumeMounts: [{name: data, mountPath: /data, readOnly: true}]}
          volumeClaimTemplates: [{metadata: {name: data}}]
        """
    (volume,) = answers(text)["log"].member.shared
    assert (volume.name, volume.with_container, volume.weak) == ("data", "db", "")


def test_evidence_says_that_sharing_is_weak() -> None:
    text = """\
        apiVersion: v1
        kind: Pod
        metadata: {name: shop}
        spec:
          volumes: [{name: v, configMap: {name: a}}]
          containers:
          - {name: shop, image: corp/shop:1, volumeMounts: [{name: v, mountPath: /v}]}
          - {name: reload, image: jimmidyson/configmap-reload, volumeMounts: [{name: v, mountPath: /v}]}
        """
    found = answers(text)["reload"]
    assert any(f"(weak: {CONFIGURATION})" in evidence.text for evidence in found.evidence)
    assert "no-shared-volume" not in [finding.rule for finding in found.findings]
