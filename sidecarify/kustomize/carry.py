"""Carrying out a set of moves in a whole tree: the edits of all files, proved piece by piece and as builds."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from sidecarify.direction import ALWAYS, POLICY, STARTUP_PROBE, TO_SIDECAR, Direction
from sidecarify.kube import fields
from sidecarify.yamltext.lists import Placement
from sidecarify.yamltext.tree import Node

from . import merge
from .build import Build, Entry, Instance, Roster, Site, State, at_path, build
from .demands import ListPlan, Reason
from .edits import FileChange, Probes, UneditableError, file_changes
from .follow import Following, anywhere, follow
from .graph import Graph, read_graph


class Group(NamedTuple):
    """Containers that move together, and the files that are written together or not at all for their sake.

    `concerned` are the containers for whose sake each file changes.
    """

    sites: tuple[Site, ...]
    changes: tuple[FileChange, ...]
    concerned: dict[str, frozenset[Site]]


class Carried(NamedTuple):
    """What a set of moves comes to: groups that stand alone, and what cannot move, with the reason.

    `unfollowed` are containers that move although something does not follow. `finals` are the lists that the workloads
    get in which something changes. `named` are the places where a patch comes to name containers to keep their order.
    """

    groups: tuple[Group, ...]
    refused: dict[Site, Reason]
    unfollowed: dict[Site, Reason]
    finals: dict[tuple[Instance, str], Roster]
    named: tuple[Reason, ...]

    @property
    def changes(self) -> tuple[FileChange, ...]:
        """All files that change."""
        return tuple(change for group in self.groups for change in group.changes)


def carry_out(
    graph: Graph,
    built: Build,
    sites: Sequence[Site],
    *,
    direction: Direction = TO_SIDECAR,
    placement: Placement | Callable[[str], Placement] = "auto",
    accepted: frozenset[Site] = frozenset(),
    writable: Callable[[str], bool] = anywhere,
    probes: Probes = MappingProxyType({}),
) -> Carried:
    """Move the containers defined at `sites`, in their order, wherever the tree speaks of them.

    Only files that are `writable` change; `placement` may differ from file to file. Containers get their `probes`.

    What cannot be followed, edited or proved is refused with its reason; nothing of it is left in the changes. The
    containers in `accepted` move even where something cannot follow them.
    """
    placed = placement if callable(placement) else lambda _: placement
    refused: dict[Site, Reason] = {}
    while True:
        following = follow(built, [site for site in sites if site not in refused], direction, accepted, writable)
        refused.update(following.refused)
        try:
            changes = file_changes(graph.sources, following.edits, placed, direction, probes)
        except UneditableError as error:
            hit = [site for edit in following.edits if edit.subject.unit is error.unit for site in edit.sites]
            refused.update(dict.fromkeys(hit or following.sites, error.reason))
            continue
        wrong = _wrong(graph, built, following, changes, direction, probes) if changes else {}
        if not wrong:
            told = {site: refused[site] for site in sites if site in refused}
            groups, named = tuple(_groups(following, changes)), tuple(_named(following, direction))
            return Carried(groups, told, following.unfollowed, following.finals, named)
        refused.update(wrong)


def _named(following: Following, direction: Direction) -> Iterator[Reason]:
    """Where a patch comes to name containers that are none of its own business, or ceases to, and for what."""
    for subject, plan, _ in following.edits:
        if not isinstance(plan, ListPlan):
            continue
        items = fields.items(at_path(subject.holder, subject.path.split(".")), direction.source)
        for index, manner in plan.items:
            if manner.named_before:
                told = ", ".join(f"`{name}`" for name in manner.named_before)
                own = fields.text(items[index], "name")
                what = (
                    f"the patch also names {told}, to stay before `{own}`: kustomize puts what a patch names in front"
                    if direction.promotes
                    else f"the patch names {told} no more: that only kept the order before `{own}`"
                )
                yield Reason(items[index].line, what)


def _wrong(
    graph: Graph,
    built: Build,
    following: Following,
    changes: Sequence[FileChange],
    direction: Direction,
    probes: Probes,
) -> dict[Site, Reason]:
    """The containers whose workload the changed tree would build otherwise than with the move alone.

    The tree is read and built again from the changed texts; nothing of the plan is used but the order of the lists.
    """
    files = {change.path for change in changes}
    roots = dict.fromkeys(one.root for one in built.instances if not files.isdisjoint(_files(one)))
    changed = graph.sources.with_changes({one.path: one.after for one in changes})
    again = build(read_graph(changed, graph.below(roots)), list(roots))
    before = [one for one in built.instances if one.root in roots]
    moving = set(following.sites)
    if len(again.instances) != len(before):
        what = "the changed tree would build another number of workloads; please report it"
        return {site: Reason(site.node.line, what) for site in moving}
    finals: dict[Instance, dict[str, Roster]] = {}
    for (one, path), roster in following.finals.items():
        finals.setdefault(one, {})[path] = roster
    result: dict[Site, Reason] = {}
    for old, new in zip(before, again.instances, strict=True):
        touched = old.sites & moving
        if touched & following.unfollowed.keys():
            continue
        if new.obstacles and not old.obstacles:
            what = new.obstacles[0].message
        elif _picture(new.final, direction) == _expected(old, finals.get(old, {}), moving, direction, probes):
            continue
        else:
            what = "the changed tree would not build the workload with the move alone"
        reason = Reason(old.owner.line, f"{what} (kustomization {old.root or '.'}); please report it")
        result.update(dict.fromkeys(touched or moving, reason))
    return result


def _files(instance: Instance) -> Iterator[str]:
    """The files whose text has a part in a workload."""
    yield instance.unit.file
    yield from (step.unit.file for step in instance.steps)


# --- what a workload looks like -----------------------------------------------------------------------------------

Picture = tuple[object, ...]

# Plain scalars that may be something else than a string: numbers, booleans, nulls.
_TYPED = re.compile(r"[-+.\d~]|(?:y|yes|n|no|on|off|true|false|null|)\Z", re.IGNORECASE)


def picture(node: Node) -> Picture:
    """A tree as plain values that can be compared; order counts in lists, not in mappings."""
    node = node.resolved
    if node.kind == "map":
        pairs = sorted((key, picture(value)) for key, value in fields.keys(node).items())
        return ("map", *pairs)
    if node.kind == "seq":
        return ("seq", *(picture(item) for item in node.items))
    return ("scalar", node.value, node.style is None and _TYPED.match(node.value) is not None)


def _picture(state: State, direction: Direction) -> Picture:
    node = state.node
    for path in state.rosters:
        node = _normal(node, tuple(path.split(".")), direction)
    return picture(node)


def _expected(
    old: Instance, finals: Mapping[str, Roster], moving: set[Site], direction: Direction, probes: Probes
) -> Picture:
    node = old.final.node
    for path in old.final.rosters:
        steps = tuple(path.split("."))
        final = finals.get(path)
        if final is not None:
            node = _moved(node, steps, old.final.rosters[path], final, moving, direction, probes)
        node = _normal(node, steps, direction)
    return picture(node)


def _moved(
    node: Node,
    steps: tuple[str, ...],
    before: Roster,
    after: Roster,
    moving: set[Site],
    direction: Direction,
    probes: Probes,
) -> Node:
    spec = merge.at(node, steps)
    nodes: dict[Site, Node] = {}
    for name in ("containers", "initContainers"):
        listed = merge.own_pairs(spec).get(name)
        for entry, item in zip(before.of(name), listed[1].items if listed is not None else (), strict=True):
            nodes[entry.site] = item.resolved

    def item_of(entry: Entry) -> Node:
        item = nodes[entry.site]
        if entry.site not in moving:
            return item
        policy = merge.scalar_like(item, ALWAYS) if direction.promotes else None
        if policy is not None:
            policy.style = None
        probe = probes.get(id(entry.site.node))
        if probe is not None:
            item = merge.with_value(item, STARTUP_PROBE, merge.written(item, probe))
        return merge.with_value(item, POLICY, policy)

    for name in ("containers", "initContainers"):
        items = [item_of(entry) for entry in after.of(name)]
        spec = merge.with_value(spec, name, merge.list_like(spec, items))
    return merge.with_path(node, steps, spec) if steps else spec


def _normal(node: Node, steps: tuple[str, ...], direction: Direction) -> Node:
    """Without lists that hold nothing; on the way back the order of the ordinary containers counts for nothing."""
    try:
        spec = merge.at(node, steps)
    except LookupError:
        return node
    for name in ("containers", "initContainers"):
        pair = merge.own_pairs(spec).get(name)
        if pair is not None and pair[1].kind == "seq" and not pair[1].items:
            spec = merge.with_value(spec, name, None)
        elif pair is not None and name == "containers" and not direction.promotes:
            items = sorted(pair[1].items, key=lambda item: repr(picture(item)))
            spec = merge.with_value(spec, name, merge.list_like(pair[1], items))
    return merge.with_path(node, steps, spec)


# --- what belongs together ----------------------------------------------------------------------------------------


def _groups(following: Following, changes: Sequence[FileChange]) -> list[Group]:
    """The moves and files that hang together: by an edit that several containers need, or by a file."""
    by_path = {change.path: change for change in changes}
    leader: dict[Site | str, Site | str] = {}

    def find(one: Site | str) -> Site | str:
        while leader.setdefault(one, one) is not one:
            leader[one] = one = leader[leader[one]]
        return one

    concerned: dict[str, frozenset[Site]] = {}
    for edit in following.edits:
        file = edit.subject.unit.file
        concerned[file] = concerned.get(file, frozenset()) | edit.sites
        for site in edit.sites:
            leader[find(site)] = find(file)
    parts: dict[Site | str, tuple[list[Site], list[FileChange]]] = {}
    for site in following.sites:
        if site in leader:
            parts.setdefault(find(site), ([], []))[0].append(site)
    for path in sorted(by_path):
        if path in leader:
            parts.setdefault(find(path), ([], []))[1].append(by_path[path])
    return [
        Group(tuple(sites), tuple(files), {one.path: concerned[one.path] for one in files})
        for sites, files in parts.values()
    ]
