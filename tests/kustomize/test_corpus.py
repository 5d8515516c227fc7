"""Public repositories with overlays: every container of a pod with several is forced to move, in all files."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from sidecarify.kustomize.build import Build, Site
from sidecarify.kustomize.carry import carry_out
from sidecarify.kustomize.graph import Graph
from tests.kustomize.judge import built, prove, read
from tests.support.corpus import ABSENT, MANIFESTS

KUSTOMIZE = MANIFESTS.with_name("kustomize")
pytestmark = pytest.mark.skipif(not KUSTOMIZE.is_dir(), reason=ABSENT)

KNOWN_REASONS = ("no ordinary container would be left",)


class Target(NamedTuple):
    """A container of a workload with several, and where it is defined."""

    repository: Path
    name: str
    number: int

    @property
    def id(self) -> str:
        return f"{self.repository.name}:{self.name}:{self.number}"


@cache
def tree(repository: Path) -> tuple[Graph, Build]:
    return read(repository)


@cache
def sites(repository: Path) -> tuple[tuple[str, Site], ...]:
    found: dict[Site, str] = {}
    for instance in tree(repository)[1].instances:
        for roster in instance.final.rosters.values():
            for entry in roster.containers if len(roster.containers) > 1 else ():
                found.setdefault(entry.site, entry.name)
    return tuple((name, site) for site, name in found.items())


def targets() -> list[Target]:
    return [
        Target(repository, name, number)
        for repository in repositories()
        for number, (name, _) in enumerate(sites(repository))
    ]


def repositories() -> Iterator[Path]:
    return (path for path in sorted(KUSTOMIZE.iterdir()) if path.is_dir()) if KUSTOMIZE.is_dir() else iter(())


def test_every_kustomization_is_read() -> None:
    count = sum(len(tree(repository)[0].kustomizations) for repository in repositories())
    problems = [problem for repository in repositories() for problem in tree(repository)[0].problems]
    assert count == 59
    assert problems == []


def test_what_builds_is_what_kubectl_builds() -> None:
    """The lists of every workload, name for name."""
    compared = 0
    for repository in repositories():
        for instance in tree(repository)[1].instances:
            objects = built(repository / instance.root)
            if isinstance(objects, str):
                continue
            subject = instance.final.subject.current
            own = next(one for key, one in objects.items() if (key[0], key[2]) == (subject.kind, subject.name))
            for path, roster in instance.final.rosters.items():
                spec = own
                for step in path.split("."):
                    spec = spec[step]
                for listed in ("containers", "initContainers"):
                    assert [one["name"] for one in spec.get(listed, [])] == [one.name for one in roster.of(listed)]
                compared += 1
    assert compared > 40


@pytest.mark.parametrize("target", [pytest.param(target, id=target.id) for target in targets()])
def test_forced_move(target: Target, tmp_path: Path) -> None:
    graph, one = tree(target.repository)
    site = sites(target.repository)[target.number][1]
    carried = carry_out(graph, one, [site])
    if carried.refused:
        assert not carried.changes
        assert all(reason.message.startswith(KNOWN_REASONS) for reason in carried.refused.values())
        return
    copy = tmp_path / "tree"
    shutil.copytree(target.repository, copy)
    assert prove(copy, carried, graph.roots) == []


def test_almost_all_moves_are_followed() -> None:
    counts: Counter[str] = Counter()
    for target in targets():
        graph, one = tree(target.repository)
        carried = carry_out(graph, one, [sites(target.repository)[target.number][1]])
        counts["followed" if carried.changes else "refused"] += 1
    assert counts["followed"] >= 14
    assert counts["refused"] <= 1
