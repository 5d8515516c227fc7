"""Judging containers as they are built: a base with what its overlays add, a patch's container with its base.

Every kustomization that builds a workload gives a view of it; views that look the same are judged once. A container is
what it is in its worst view, and where the views disagree, that is said.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from sidecarify.direction import Direction
from sidecarify.judge.model import ContainerVerdict, Evidence, Finding, PodVerdict, VerdictName
from sidecarify.judge.tree_rules import overlays_disagree
from sidecarify.kube.workload import PodSpec, pod_specs
from sidecarify.yamltext.tree import YamlError

from .build import Build, Configs, Instance, Site, path_in_object
from .carry import picture
from .sources import Problem, Sources

Judge = Callable[[PodSpec, Instance, str], PodVerdict]
_NO_CONFIGS = Configs()
_STRICTNESS: dict[VerdictName | None, int] = {"safe": 0, None: 1, "review": 2, "refuse": 3}


@dataclass(frozen=True, eq=False)
class View:
    """A pod spec as one or several kustomizations build it, judged.

    Findings and evidence name their file; `verdict` is that of this view alone until `combined` has joined them.
    """

    roots: tuple[str, ...]
    instance: Instance
    path: str
    verdict: PodVerdict

    def site(self, listed: str, name: str) -> Site | None:
        """Where the container of a name in one of the lists is defined."""
        entries = self.instance.final.rosters[self.path].of(listed)
        return next((entry.site for entry in entries if entry.name == name), None)


def views(
    build: Build, sources: Sources, judge: Judge, direction: Direction, least: Callable[[Instance], int]
) -> tuple[list[View], list[Problem]]:
    """The judged views of all pod specs that hold a container which may move, and what could not be judged.

    That is one with at `least` so many containers, or on the way back one with native sidecars.
    """
    found: dict[object, View] = {}
    problems: list[Problem] = []
    built = list(_pods(build, direction, least))
    often = Counter(sites for _, _, sites in built)
    for instance, pod, sites in built:
        # Only views with the same containers can look the same.
        configs = build.configs.get(instance.root, _NO_CONFIGS)
        key = (sites, picture(instance.final.node) if often[sites] > 1 else None, configs.data)
        known = found.get(key)
        if known is not None:
            found[key] = replace(known, roots=(*known.roots, instance.root))
            continue
        try:
            verdict = judge(pod, instance, sites.path)
        except YamlError as error:
            problems.append(Problem(sources.place(error.line), error.code, error.message))
            continue
        found[key] = View((instance.root,), instance, sites.path, _placed(verdict, sources))
    return list(found.values()), problems


class _Sites(NamedTuple):
    """The path of a pod spec in its object, and where its containers are defined."""

    path: str
    sites: tuple[Site, ...]


def _pods(
    build: Build, direction: Direction, least: Callable[[Instance], int]
) -> Iterator[tuple[Instance, PodSpec, _Sites]]:
    for instance in build.instances:
        for pod in pod_specs(instance.owner._replace(node=instance.final.node)):
            path = path_in_object(pod)
            roster = instance.final.rosters.get(path)
            if roster is not None and _may_move(pod, direction, least(instance)):
                sites = tuple(entry.site for entry in (*roster.containers, *roster.inits))
                yield instance, pod, _Sites(path, sites)


def _may_move(pod: PodSpec, direction: Direction, least: int) -> bool:
    if direction.promotes:
        return len(pod.containers) >= least
    return any(container.is_native_sidecar for container in pod.init_containers)


def _placed(verdict: PodVerdict, sources: Sources) -> PodVerdict:
    """The verdict with the file of every line that is one of the tree's."""

    def finding(one: Finding) -> Finding:
        place = sources.place(one.line)
        return one if one.file else one._replace(line=place.line, file=place.file)

    def evidence(one: Evidence) -> Evidence:
        place = sources.place(one.line)
        return one if one.file else one._replace(line=place.line, file=place.file)

    answers = tuple(
        answer._replace(
            findings=tuple(finding(one) for one in answer.findings),
            evidence=tuple(evidence(one) for one in answer.evidence),
        )
        for answer in verdict.containers
    )
    return verdict._replace(containers=answers)


def combined(found: Sequence[View], sources: Sources, ignores: Callable[[Site], bool]) -> list[View]:
    """The views with every container judged by all of them: each finding counts in each.

    So does disagreement, but for the containers of which the user `ignores` it.
    """
    answers: dict[Site, list[tuple[View, ContainerVerdict]]] = {}
    for view in found:
        for answer in view.verdict.containers:
            site = site_of(view, answer)
            if site is not None:
                answers.setdefault(site, []).append((view, answer))
    joined = {site: _joined(several, sources, ignored=ignores(site)) for site, several in answers.items()}
    result = []
    for view in found:
        own = []
        for answer in view.verdict.containers:
            site = site_of(view, answer)
            own.append(answer if site is None else joined[site](answer))
        result.append(replace(view, verdict=view.verdict._replace(containers=tuple(own))))
    return result


def site_of(view: View, answer: ContainerVerdict) -> Site | None:
    """Where the container of an answer is defined."""
    container = answer.member.container
    listed = "initContainers" if container.init else "containers"
    sites = view.instance.final.rosters[view.path].of(listed)
    return sites[container.index].site if container.index < len(sites) else None


def _joined(
    several: Sequence[tuple[View, ContainerVerdict]], sources: Sources, *, ignored: bool
) -> Callable[[ContainerVerdict], ContainerVerdict]:
    """How the answer of one view reads once the others are known."""
    findings = list(dict.fromkeys(finding for _, answer in several for finding in answer.findings))
    evidence = tuple(dict.fromkeys(one for _, answer in several for one in answer.evidence))
    strict = max(several, key=lambda pair: _STRICTNESS[pair[1].verdict])
    mild = min(several, key=lambda pair: _STRICTNESS[pair[1].verdict])
    if all(answer.verdict is None for _, answer in several):
        return lambda answer: answer
    names: list[VerdictName] = []
    differ = (mild[1].verdict == "safe" and strict[1].verdict != "safe") or any(
        one.verdict is None for _, one in several
    )
    if differ and not ignored:
        findings.append(_disagreement(mild, strict, several, sources))
        names.append("review")
    names += [answer.verdict for _, answer in several if answer.verdict is not None]
    verdict = max(names, key=lambda name: _STRICTNESS[name])
    role = next(answer.role for _, answer in several if answer.verdict is not None)

    def join(answer: ContainerVerdict) -> ContainerVerdict:
        own_role = answer.role if answer.verdict is not None else role
        return answer._replace(role=own_role, verdict=verdict, findings=tuple(findings), evidence=evidence)

    return join


def _disagreement(
    mild: tuple[View, ContainerVerdict],
    strict: tuple[View, ContainerVerdict],
    several: Iterable[tuple[View, ContainerVerdict]],
    sources: Sources,
) -> Finding:
    other = next((pair for pair in several if pair[1].verdict is None), strict)
    if other is mild:
        mild = strict
    line = sources.place(mild[1].member.container.line)
    one, two = (f"{_said(answer)} as {_roots(view)} builds it" for view, answer in (mild, other))
    return overlays_disagree(one, two, line.line, line.file)


def _said(answer: ContainerVerdict) -> str:
    words = {"safe": "safe to move", "review": "to be reviewed", "refuse": "not safe to move"}
    return words[answer.verdict] if answer.verdict is not None else f"the {answer.role.name} container"


def _roots(view: View) -> str:
    return ", ".join(f"`{root or '.'}`" for root in view.roots)
