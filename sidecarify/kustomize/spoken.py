"""Comments that decide (`# sidecarify: helper`), in all files of a tree that have a part in a workload."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from sidecarify import directives
from sidecarify.judge.known import RULES
from sidecarify.judge.said import NO_REMARKS, Choice, Remarks
from sidecarify.kube import fields
from sidecarify.kube.objects import KubeObject
from sidecarify.kube.workload import PodSpec

from .build import LISTS, Build, Entry, Instance, at_path
from .resolve import View, site_of
from .sources import Problem, Sources, Unit


class Spoken(NamedTuple):
    """What the comments of a tree say, by the nodes that define containers, and messages on the comments.

    `directives` are the comments themselves, `places` the containers that they may speak of.
    """

    remarks: Remarks
    problems: tuple[Problem, ...]
    directives: tuple[directives.Directive, ...] = ()
    places: tuple[directives.Place, ...] = ()

    def of(self, pod: PodSpec, instance: Instance, path: str) -> Remarks:
        """The same for one view: by the identity of its own nodes.

        A comment counts where the container is defined, and at the items of the patches that made it what it is.
        """
        known = self.remarks
        if known is NO_REMARKS:
            return known
        roster = instance.final.rosters[path]
        containers, entries = (*pod.containers, *pod.init_containers), (*roster.containers, *roster.inits)
        roles: dict[int, tuple[Choice, int]] = {}
        by_container: dict[int, frozenset[str]] = {}
        unclear: dict[int, int] = {}
        for container, entry in zip(containers, entries, strict=True):
            own = id(container.node)
            for key in (id(entry.site.node), *_patched(instance, path, entry)):
                if key in known.roles:
                    roles.setdefault(own, known.roles[key])
                if key in known.unclear:
                    unclear.setdefault(own, known.unclear[key])
                by_container[own] = by_container.get(own, frozenset()) | known.by_container.get(key, frozenset())
        return Remarks(roles, by_container, known.by_line, unclear)

    def unused(self, views: Iterable[View], active: frozenset[str], sources: Sources) -> Iterator[Problem]:
        """Messages on what silences no finding in any view; `active` are the rules that were run."""
        ignored = []
        for view in views if self.directives else ():
            for answer in view.verdict.containers:
                site = site_of(view, answer)
                if site is None:
                    continue
                for finding in answer.ignored:
                    line = 0 if finding.file else finding.line
                    for key in (id(site.node), *_patched(view.instance, view.path, Entry(site, answer.member.name))):
                        ignored.append(directives.Ignored(key, finding.rule, line))
        for one in directives.unused(self.directives, self.places, ignored, active):
            yield Problem(sources.place(one.line), one.code, one.message)


def _patched(instance: Instance, path: str, entry: Entry) -> Iterator[int]:
    """The items of strategic merge patches that have a part in a container."""
    for step in instance.steps:
        if step.kind == "strategic":
            given = at_path(step.holder, path.split("."))
            for name in LISTS:
                there = {one.site for one in step.after.rosters[path].of(name)}
                items = fields.items(given, name) if entry.site in there else ()
                yield from (id(item) for item in items if fields.text(item, "name") == entry.name)


def spoken(build: Build, sources: Sources, *, ignores: bool) -> Spoken:
    """Read the comments of every text that has a part in a workload."""
    units = _texts(build)
    if not any(directives.mentions(unit.text) for unit in units):
        return Spoken(NO_REMARKS, ())
    rules = sorted(RULES)
    found: list[directives.Directive] = []
    told: list[directives.Remarked] = []
    where: list[directives.Place] = []
    for unit, holders in units.items():
        if not directives.mentions(unit.text):
            continue
        some, more = directives.read(unit.text, unit.root, unit.first, rules)
        found += some
        told += more
        for owner, path in holders:
            node = at_path(owner.node, path.split("."))
            if node is not None and node.kind == "map":
                where += directives.places(PodSpec(node, owner, path, ()), unit.text, unit.first)
    remarks, more = directives.remarks(found, where, ignores=ignores)
    told += more
    problems = (Problem(sources.place(one.line), one.code, one.message) for one in sorted(told))
    return Spoken(remarks, tuple(problems), tuple(found), tuple(where))


def _texts(build: Build) -> dict[Unit, dict[tuple[KubeObject, str], None]]:
    """The texts that have a part in workloads, with the pod specs (or parts of such) that they hold."""
    found: dict[Unit, dict[tuple[KubeObject, str], None]] = {}
    for instance in build.instances:
        for path in instance.first.rosters:
            found.setdefault(instance.unit, {})[instance.owner, path] = None
            for step in instance.steps:
                holders = found.setdefault(step.unit, {})
                if step.kind == "strategic":
                    holders[KubeObject(step.holder, 0, "", "", "", None, None, step.unit.file), path] = None
    return found
