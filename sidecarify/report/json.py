"""The JSON of `inspect`: a contract that other tools build on, so its keys are stable and its version counts."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from sidecarify.examine import Examination
    from sidecarify.judge.model import ContainerVerdict, Evidence, Finding, PodVerdict

VERSION = 1


class FindingEntry(TypedDict):
    """What a rule says of a container, and the place that shows it."""

    rule: str
    level: str
    message: str
    file: str
    line: int


class ContainerEntry(TypedDict):
    """A container and the verdict on it; `verdict` is None for one that is no helper."""

    name: str
    line: int
    role: str
    transform: str | None
    shared_volumes: list[str]
    verdict: str | None
    evidence: list[str]
    findings: list[FindingEntry]


class PodEntry(TypedDict):
    """A pod spec: `document` counts from 0, `line` (that of the pod spec) from 1."""

    file: str
    document: int
    line: int
    apiVersion: str
    kind: str
    name: str | None
    namespace: str | None
    path: str
    containers: list[ContainerEntry]


class ErrorEntry(TypedDict):
    """What could not be read."""

    file: str
    line: int
    message: str


def pod_entries(file: str, examination: Examination) -> list[PodEntry]:
    """The pods of one manifest."""
    return [_pod(file, verdict) for examined in examination.documents for verdict in examined.pods]


def rendered(kubernetes: str, pods: Iterable[PodEntry], errors: Iterable[ErrorEntry]) -> str:
    """The whole answer as JSON: ASCII alone, so that no terminal and no locale can spoil it."""
    whole = {"version": VERSION, "kubernetes": kubernetes, "pods": list(pods), "errors": list(errors)}
    return json.dumps(whole, indent=2) + "\n"


def _pod(file: str, verdict: PodVerdict) -> PodEntry:
    pod = verdict.context.pod
    return {
        "file": file,
        "document": pod.owner.document,
        "line": pod.node.line,
        "apiVersion": pod.owner.api_version,
        "kind": pod.owner.kind,
        "name": pod.owner.name,
        "namespace": pod.owner.namespace,
        "path": pod.path,
        "containers": [container_entry(file, answer) for answer in verdict.containers],
    }


def container_entry(file: str, answer: ContainerVerdict) -> ContainerEntry:
    """A container of a manifest."""
    return {
        "name": answer.member.name,
        "line": answer.member.container.line,
        "role": answer.role.name,
        "transform": answer.transform,
        "shared_volumes": list(dict.fromkeys(volume.name for volume in answer.member.shared)),
        "verdict": answer.verdict,
        "evidence": [_evidence(file, one) for one in answer.evidence],
        "findings": [_finding(file, one) for one in answer.findings],
    }


def _evidence(file: str, evidence: Evidence) -> str:
    return f"{evidence.text} ({evidence.file or file}:{evidence.line})"


def _finding(file: str, finding: Finding) -> FindingEntry:
    return {
        "rule": finding.rule,
        "level": finding.level,
        "message": finding.message,
        "file": finding.file or file,
        "line": finding.line,
    }
