"""Pods from YAML text, judged as a run would judge them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from textwrap import dedent

from sidecarify.catalogue import Catalogue
from sidecarify.families import bundled_folder, load
from sidecarify.judge.model import ContainerVerdict, PodVerdict, Settings
from sidecarify.judge.verdict import judge
from sidecarify.kube.objects import objects
from sidecarify.kube.workload import pod_specs, stray_pod_specs
from sidecarify.yamltext.documents import split
from sidecarify.yamltext.tree import parse

CATALOGUE: Catalogue = load([bundled_folder()])


def judged(
    text: str, settings: Settings | None = None, judge_pod: Callable[..., PodVerdict] = judge
) -> Iterator[PodVerdict]:
    """The verdicts on every pod of a manifest; the manifest's own objects are all there are."""
    found = [one for d in split(text) for one in objects(parse(text[d.start : d.end], line=d.line), d.index)]
    for owner in found:
        for pod in pod_specs(owner) if owner.row is not None else stray_pod_specs(owner):
            yield judge_pod(pod, CATALOGUE, settings or Settings(), found)


def answers(text: str, settings: Settings | None = None) -> dict[str, ContainerVerdict]:
    """The answer for each container of the only pod of a manifest, by name."""
    (verdict,) = judged(dedent(text), settings)
    return {answer.member.name: answer for answer in verdict.containers}
