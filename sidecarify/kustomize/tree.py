"""Converting the workloads of a kustomize tree: judged as they are built, moved in all files that speak of them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from sidecarify.direction import TO_SIDECAR, Direction
from sidecarify.examine import catalogue
from sidecarify.judge.model import ContainerVerdict, Evidence, Finding, PodVerdict, Settings
from sidecarify.judge.reverse import judge_sidecars
from sidecarify.judge.revert_rules import REVERT_RULES
from sidecarify.judge.rules import ALL_RULES
from sidecarify.judge.tree_rules import TREE_RULES, overlay_not_followed
from sidecarify.judge.verdict import judge, runs
from sidecarify.kube import fields
from sidecarify.kube.objects import KubeObject
from sidecarify.kube.workload import PodSpec
from sidecarify.options import Options
from sidecarify.plan import Move, MoveKey, Refusal, plan

from .build import Build, Instance, Roster, Site, at_path, build
from .carry import Carried, Group, carry_out
from .demands import Reason
from .edits import FileChange, Probes
from .follow import anywhere
from .generated import changes_config_maps
from .graph import Graph
from .resolve import Judge, View, combined, site_of, views
from .sources import Place, Problem, Unit
from .spoken import Spoken, spoken

OptionsOf = Callable[[str], Options]
"""The options of a file of the tree. A workload is judged by those of the manifest that it stands in."""
Around = Callable[[PodSpec], Sequence[KubeObject]]
"""Finds the objects outside the tree's patches that may concern a pod."""


class Scope(NamedTuple):
    """What of a tree a run may touch, file by file.

    `moves`: the containers that a file defines may move. `writes`: a file may change. `wanted`: of the containers that
    could move only these do, by file and key of the move.
    """

    moves: Callable[[str], bool] = anywhere
    writes: Callable[[str], bool] = anywhere
    wanted: Container[tuple[str, MoveKey]] | None = None

    def allows(self, site: Site) -> bool:
        """Whether a container may move, as far as the run is concerned."""
        return self.moves(site.unit.file) and (self.wanted is None or (site.unit.file, key_of(site)) in self.wanted)


WHOLE = Scope()


class TreeMove(NamedTuple):
    """A container that moves in the file where it is defined; `roots` are the kustomizations that build it."""

    file: str
    move: Move
    roots: tuple[str, ...]
    owner: KubeObject
    evidence: tuple[Evidence, ...] = ()


class TreeRefusal(NamedTuple):
    """A container that is left alone; `file` is where it is defined, `refusal.file` where its evidence is."""

    file: str
    refusal: Refusal
    owner: KubeObject


@dataclass(frozen=True, slots=True)
class TreeGroup:
    """Moves that belong together, and the files that are written together or not at all for their sake.

    `followed` are the moves for whose sake each file changes.
    """

    moves: tuple[TreeMove, ...]
    changes: tuple[FileChange, ...]
    followed: dict[str, tuple[TreeMove, ...]]


@dataclass(frozen=True, eq=False)
class TreeConversion:
    """What becomes of the workloads of a tree. `roots` are the kustomizations whose build changes.

    `pods` are the pod specs that some kustomization builds, by file, document and path. `finals` are the lists that
    each changed workload gets, as the proof by the real tool needs them. `remarks` tell what else the changes hold.
    """

    graph: Graph
    groups: tuple[TreeGroup, ...]
    refusals: tuple[TreeRefusal, ...]
    problems: tuple[Problem, ...]
    views: tuple[View, ...]
    pods: frozenset[tuple[str, int, str]]
    sites: frozenset[Site]
    probes: Probes
    finals: dict[tuple[Instance, str], Roster]
    remarks: tuple[Problem, ...]

    @property
    def changes(self) -> tuple[FileChange, ...]:
        """All files that change."""
        return tuple(change for group in self.groups for change in group.changes)

    @property
    def moves(self) -> tuple[TreeMove, ...]:
        """All containers that move."""
        return tuple(move for group in self.groups for move in group.moves)

    @property
    def roots(self) -> tuple[str, ...]:
        """The kustomizations whose build changes."""
        return tuple(dict.fromkeys(instance.root for instance, _ in self.finals))


def _pods(one: Instance) -> Iterator[tuple[str, int, str]]:
    above = f"{one.owner.path}." if one.owner.path else ""
    return ((one.unit.file, one.unit.document.index, f"{above}{path}") for path in one.first.rosters)


def _active(settings: Iterable[Settings], direction: Direction) -> frozenset[str]:
    """The rules of the judge that are run for some workload."""
    rules = ALL_RULES if direction.promotes else REVERT_RULES
    return frozenset(rule.name for rule in rules for one in settings if runs(rule, one))


class _Answers(NamedTuple):
    """What the judge says of every container of a tree."""

    views: tuple[View, ...]
    by_site: dict[Site, ContainerVerdict]
    workloads: dict[Site, str]
    problems: tuple[Problem, ...]


def convert_tree(
    graph: Graph,
    options: Options | OptionsOf,
    others: Sequence[KubeObject] | Around = (),
    *,
    complete: bool = False,
    direction: Direction = TO_SIDECAR,
    scope: Scope = WHOLE,
) -> TreeConversion:
    """Convert every workload that a kustomization of the graph builds, or take its native sidecars back.

    `others` are the objects of the run that may point at the workloads, their files named from the graph's root.
    Nothing is written. Raises ValueError for options that mean nothing, CatalogueError; never for bad manifests.
    """
    choices: OptionsOf = options if callable(options) else lambda _: options
    built = build(graph, configs=changes_config_maps(graph))
    ignores = all(choices(one.unit.file).ignores for one in built.instances)
    said = spoken(built, graph.sources, ignores=ignores)
    around: Around = others if callable(others) else lambda _: others
    answers = _answers(graph, built, choices, said, around, complete=complete, direction=direction)
    chosen, refusals = _chosen(answers, graph, choices, direction, scope)
    probes = _probes(answers, chosen, choices, direction)
    added = {id(site.node): move.startup_probe for site, move in probes.items() if move.startup_probe is not None}
    silent = _Silence(answers, choices, said)
    carried = carry_out(
        graph,
        built,
        chosen,
        direction=direction,
        placement=lambda file: choices(file).placement if direction.promotes else "auto",
        accepted=frozenset(site for site in chosen if silent.accepts(site)),
        writable=scope.writes,
        probes=added,
    )
    notes = _notes(answers, carried.unfollowed, graph, probes)
    refusals += [
        _unfollowed(graph, site, reason) for site, reason in carried.refused.items() if scope.moves(site.unit.file)
    ]
    active = _active([choices(file).settings for file in {one.unit.file for one in built.instances}], direction)
    unused = said.unused(answers.views, active, graph.sources) if ignores else ()
    return TreeConversion(
        graph,
        tuple(_groups(graph, carried, answers, notes, added, direction)),
        tuple(refusals),
        (*graph.problems, *said.problems, *unused, *answers.problems),
        answers.views,
        frozenset(pod for one in built.instances for pod in _pods(one)),
        frozenset(site for group in carried.groups for site in group.sites),
        added,
        carried.finals,
        tuple(
            Problem(graph.sources.place(one.line), "order-kept" if direction.promotes else "order-free", one.message)
            for one in carried.named
        ),
    )


def _answers(
    graph: Graph,
    built: Build,
    choices: OptionsOf,
    said: Spoken,
    around: Around,
    *,
    complete: bool,
    direction: Direction,
) -> _Answers:
    judged = _judge(graph, built, choices, said, around, complete=complete, direction=direction)

    def least(instance: Instance) -> int:
        own = choices(instance.unit.file)
        return 1 if own.helpers or own.default_helpers or said.remarks.roles else 2

    found, problems = views(built, graph.sources, judged, direction, least)
    workloads = {
        entry.site: view.instance.unit.file
        for view in reversed(found)
        for roster in view.instance.final.rosters.values()
        for entry in (*roster.containers, *roster.inits)
    }
    silent = _Silence(_Answers((), {}, workloads, ()), choices, said)
    seen = combined(found, graph.sources, lambda site: silent.ignores(site, "overlays-disagree"))
    by_site: dict[Site, ContainerVerdict] = {}
    for view in seen:
        for answer in view.verdict.containers:
            site = site_of(view, answer)
            if site is not None and (site not in by_site or by_site[site].verdict is None):
                by_site[site] = answer
    return _Answers(tuple(seen), by_site, workloads, tuple(problems))


class _Silence:
    """What the user has said of the rules on trees."""

    def __init__(self, answers: _Answers, choices: OptionsOf, said: Spoken) -> None:
        self._answers = answers
        self._choices = choices
        self._said = said

    def ignores(self, site: Site, name: str) -> bool:
        """Whether a rule is left out for a container: by an option, or by a comment where it is defined."""
        rule = next(one for one in TREE_RULES if one.name == name)
        silenced = self._said.remarks.by_container.get(id(site.node), frozenset())
        settings = self._options(site).settings
        # What cannot follow would break: to choose other rules is not to say that it may.
        return name in silenced or not runs(rule, settings._replace(select=()) if "refuse" in rule.levels else settings)

    def accepts(self, site: Site) -> bool:
        """Whether a container may move though something does not follow: it is named, and the rule is accepted."""
        finding = overlay_not_followed("", "", 0, "")
        answer = self._answers.by_site.get(site)
        named = answer is not None and answer.named
        return self.ignores(site, finding.rule) or (named and self._options(site).consent.accepts(finding))

    def _options(self, site: Site) -> Options:
        return self._choices(self._answers.workloads.get(site, site.unit.file))


def _judge(
    graph: Graph,
    built: Build,
    choices: OptionsOf,
    said: Spoken,
    around: Around,
    *,
    complete: bool,
    direction: Direction,
) -> Judge:
    """How a pod is judged: without the patches and kustomizations, whose part is in the view already.

    ConfigMaps are those that the kustomization builds beside the pod, where they may be others than in their files.
    """
    configs = (one for several in built.configs.values() for one in several.objects)
    owners = (*(one.owner for one in built.instances), *configs)
    own = {(one.file, one.document, one.path) for one in owners}
    judge_pod = judge if direction.promotes else judge_sidecars

    @cache
    def beside(root: str, file: str) -> tuple[KubeObject, ...]:
        found = built.configs.get(root)
        # Their lines are those of `Sources`, as those of the pod's own file are.
        return tuple(one._replace(file=file) for one in found.objects) if found is not None else ()

    def judged(pod: PodSpec, instance: Instance, path: str) -> PodVerdict:
        options = choices(instance.unit.file)
        others = tuple(
            other
            for other in around(pod)
            if other.file not in graph.own_files and (other.file, other.document, other.path) not in own
        )
        settings = options.settings._replace(remarks=said.of(pod, instance, path))
        return judge_pod(
            pod,
            catalogue(options.transforms),
            settings,
            (*others, *beside(instance.root, pod.owner.file)),
            complete=complete,
        )

    return judged


def _chosen(
    answers: _Answers, graph: Graph, choices: OptionsOf, direction: Direction, scope: Scope
) -> tuple[list[Site], list[TreeRefusal]]:
    """The containers that move in every view that has them, in their order, and refusals of the rest."""
    chosen: dict[Site, None] = {}
    blocked: set[Site] = set()
    refusals: dict[tuple[Site, str, str, str, int], TreeRefusal] = {}
    for view in answers.views:
        entries = view.instance.final.rosters[view.path].of(direction.source)
        owner = view.verdict.context.pod.owner
        full = view.verdict.context.pod.path
        wanted = {(owner.document, full, place) for place, one in enumerate(entries) if scope.allows(one.site)}
        planned = plan(view.verdict, choices(view.instance.unit.file).consent, wanted=wanted)
        moving = {entries[move.source_index].site: None for move in planned.moves}
        chosen.update(moving)
        blocked |= {entry.site for entry in entries} - moving.keys()
        for refusal in planned.refusals:
            found = view.site(direction.source, refusal.container)
            if found is not None and scope.moves(found.unit.file):
                key = (found, refusal.rule, refusal.message, refusal.file, refusal.line)
                refusals[key] = _refusal(graph, found, refusal)
    return [site for site in chosen if site not in blocked], list(refusals.values())


def _probes(answers: _Answers, chosen: Collection[Site], choices: OptionsOf, direction: Direction) -> dict[Site, Move]:
    """The moves of the containers that are to get a startupProbe: the same one, and safe, in every view."""
    found: dict[Site, list[Move]] = {}
    for view in answers.views:
        options = choices(view.instance.unit.file)
        if not (options.add_startup_probe and direction.promotes):
            continue
        entries = view.instance.final.rosters[view.path].of(direction.source)
        for move in plan(view.verdict, options.consent, startup_probes=True).moves:
            found.setdefault(entries[move.source_index].site, []).append(move)
    return {
        site: moves[0]
        for site, moves in found.items()
        if site in chosen and site.how != "operation" and all(_same_probe(moves[0], one) for one in moves)
    }


def _same_probe(one: Move, other: Move) -> bool:
    return one.startup_probe is not None and one.startup_probe == other.startup_probe


def _refusal(graph: Graph, site: Site, refusal: Refusal) -> TreeRefusal:
    """A refusal as it concerns the file that defines the container."""
    place = Place(refusal.file, refusal.line) if refusal.file else graph.sources.place(refusal.line)
    document, path, _ = key_of(site)
    own = refusal._replace(document=document, path=path, file=place.file, line=place.line)
    return TreeRefusal(site.unit.file, own, site.owner)


def key_of(site: Site) -> MoveKey:
    """What tells the move of a container from the others of the file that defines it."""
    return site.unit.document_unit.document.index, path_of(site), site.index


def path_of(site: Site) -> str:
    """The path of a pod spec, or of its part in a patch, in the file that defines the container."""
    steps = [_inside(site.unit)]
    if site.how == "operation":
        steps.append(f"{site.operation}.value")
    else:
        steps += [site.owner.path, site.path]
    return ".".join(step for step in steps if step)


def _inside(unit: Unit) -> str:
    """The path of the scalar that holds a patch, empty for a document."""
    if unit.outer is None:
        return ""
    number = f"{unit.document.index}" if unit.document.index else ""
    steps = [_inside(unit.outer), *_way(unit.outer.root, unit), number]
    return ".".join(step for step in steps if step)


def _way(root: object, unit: Unit) -> list[str]:
    stack: list[tuple[object, list[str]]] = [(root, [])]
    while stack:
        node, way = stack.pop()
        if node is unit.holder:
            return way
        pairs = [(key.value, value) for key, value in getattr(node, "pairs", ())]
        items = [(str(index), item) for index, item in enumerate(getattr(node, "items", ()))]
        stack += [(child, [*way, step]) for step, child in (*pairs, *items)]
    return []


def _notes(
    answers: _Answers, accepted: dict[Site, Reason], graph: Graph, probes: dict[Site, Move]
) -> dict[Site, tuple[Finding, ...]]:
    """What the user may want to know of each container."""
    notes: dict[Site, dict[Finding, None]] = {}
    for view in answers.views:
        for answer in view.verdict.containers:
            site = site_of(view, answer)
            if site is not None:
                own = (finding for finding in answer.findings if finding.level == "note")
                notes.setdefault(site, {}).update(dict.fromkeys(own))
    for site, move in probes.items():
        place, told = graph.sources.place(site.node.line), move.notes[-1]
        kept = [finding for finding in notes[site] if finding.rule != told.rule]
        notes[site] = dict.fromkeys((*kept, told._replace(line=place.line, file=place.file)))
    for site, reason in accepted.items():
        place = graph.sources.place(reason.line)
        what = f"Something does not follow it: {reason.message}."
        advice = f"{reason.advice}." if reason.advice else "Change it by hand."
        finding = Finding("overlay-not-followed", "note", what, advice, place.line, place.file)
        notes.setdefault(site, {})[finding] = None
    return {site: tuple(findings) for site, findings in notes.items()}


def _unfollowed(graph: Graph, site: Site, reason: Reason) -> TreeRefusal:
    place = graph.sources.place(reason.line)
    finding = overlay_not_followed(reason.message, reason.advice, place.line, place.file)
    name = fields.text(site.node, "name") or ""
    refusal = Refusal(0, "", name, finding.rule, finding.message, place.line, finding.level, place.file)
    return _refusal(graph, site, refusal)


def _groups(
    graph: Graph,
    carried: Carried,
    answers: _Answers,
    notes: dict[Site, tuple[Finding, ...]],
    probes: Probes,
    direction: Direction,
) -> Iterator[TreeGroup]:
    roots: dict[Site, dict[str, None]] = {}
    for (instance, _), roster in carried.finals.items():
        for entry in (*roster.containers, *roster.inits):
            roots.setdefault(entry.site, {})[instance.root] = None
    places: dict[tuple[int, str], int] = {}
    for group in carried.groups:
        moves: dict[Site, TreeMove] = {}
        for site in group.sites:
            key = (id(site.owner.node), site.path)
            if key not in places:
                places[key] = len(fields.items(at_path(site.owner.node, site.path.split(".")), direction.target))
            target, places[key] = places[key], places[key] + 1
            answer = answers.by_site.get(site)
            move = _move(graph, site, target, notes.get(site, ()), answer, direction)
            move = move._replace(startup_probe=probes.get(id(site.node)))
            evidence = answer.evidence if answer is not None else ()
            moves[site] = TreeMove(site.unit.file, move, tuple(roots.get(site, ())), site.owner, evidence)
        yield TreeGroup(tuple(moves.values()), group.changes, _followed(group, moves))


def _followed(group: Group, moves: dict[Site, TreeMove]) -> dict[str, tuple[TreeMove, ...]]:
    return {
        file: tuple(move for site, move in moves.items() if site in sites) for file, sites in group.concerned.items()
    }


def _move(
    graph: Graph,
    site: Site,
    target: int,
    notes: tuple[Finding, ...],
    answer: ContainerVerdict | None,
    direction: Direction,
) -> Move:
    promotes = direction.promotes
    document, path, index = key_of(site)
    return Move(
        document,
        path,
        fields.text(site.node, "name") or "",
        index if promotes else target,
        target if promotes else index,
        graph.sources.place(site.node.line).line,
        notes,
        reverted=not promotes,
        verdict=(answer.verdict if answer is not None else None) or "safe",
    )
