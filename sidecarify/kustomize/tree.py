"""Converting the workloads of a kustomize tree: judged as they are built, moved in all files that speak of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sidecarify.direction import TO_SIDECAR, Direction
from sidecarify.examine import catalogue
from sidecarify.judge.model import Finding, PodVerdict
from sidecarify.judge.reverse import judge_sidecars
from sidecarify.judge.verdict import judge
from sidecarify.kube import fields
from sidecarify.kube.objects import KubeObject
from sidecarify.kube.workload import PodSpec
from sidecarify.options import Options
from sidecarify.plan import Move, Refusal, plan

from .build import Build, Instance, Roster, Site, at_path, build
from .carry import Carried, carry_out
from .edits import FileChange
from .follow import Reason
from .graph import Graph
from .resolve import Judge, View, combined, site_of, views
from .sources import Place, Problem
from .spoken import Spoken, spoken

OVERLAY_NOT_FOLLOWED = "overlay-not-followed"


class TreeMove(NamedTuple):
    """A container that moves in the file where it is defined; `roots` are the kustomizations that build it."""

    file: str
    move: Move
    roots: tuple[str, ...]


class TreeRefusal(NamedTuple):
    """A container that is left alone; `file` is where it is defined, `refusal.file` where its evidence is."""

    file: str
    refusal: Refusal


@dataclass(frozen=True, slots=True)
class TreeGroup:
    """Moves that belong together, and the files that are written together or not at all for their sake."""

    moves: tuple[TreeMove, ...]
    changes: tuple[FileChange, ...]


@dataclass(frozen=True, eq=False)
class TreeConversion:
    """What becomes of the workloads of a tree. `roots` are the kustomizations whose build changes.

    `finals` are the lists that each changed workload gets, as the proof by the real tool needs them.
    """

    graph: Graph
    groups: tuple[TreeGroup, ...]
    refusals: tuple[TreeRefusal, ...]
    problems: tuple[Problem, ...]
    views: tuple[View, ...]
    sites: frozenset[Site]
    finals: dict[tuple[Instance, str], Roster]

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


def convert_tree(
    graph: Graph,
    options: Options,
    others: Sequence[KubeObject] = (),
    *,
    complete: bool = False,
    direction: Direction = TO_SIDECAR,
) -> TreeConversion:
    """Convert every workload that a kustomization of the graph builds, or take its native sidecars back.

    `others` are the objects of the run that may point at the workloads, their files named from the graph's root.
    Nothing is written. Raises ValueError for options that mean nothing, CatalogueError; never for bad manifests.
    """
    built = build(graph)
    said = spoken(built, graph.sources, ignores=options.ignores)
    judged = _judge(graph, built, options, said, others, complete=complete, direction=direction)
    names_helpers = options.helpers or options.default_helpers or said.remarks.roles
    found, problems = views(built, graph.sources, judged, direction, 1 if names_helpers else 2)
    seen = combined(found, graph.sources)
    chosen, refusals = _chosen(seen, graph, options, direction)
    accepts = options.consent.accepts(Finding(OVERLAY_NOT_FOLLOWED, "refuse", "", "", 0))
    carried = carry_out(
        graph,
        built,
        chosen,
        direction=direction,
        placement=options.placement if direction.promotes else "auto",
        accepted=_named(seen) if accepts else frozenset(),
    )
    notes = _notes(seen, carried.unfollowed, graph)
    refusals += [_unfollowed(graph, site, reason) for site, reason in carried.refused.items()]
    return TreeConversion(
        graph,
        tuple(_groups(graph, carried, notes, direction)),
        tuple(refusals),
        (*graph.problems, *said.problems, *problems),
        tuple(seen),
        frozenset(site for group in carried.groups for site in group.sites),
        carried.finals,
    )


def _judge(
    graph: Graph,
    built: Build,
    options: Options,
    said: Spoken,
    others: Sequence[KubeObject],
    *,
    complete: bool,
    direction: Direction,
) -> Judge:
    """How a pod is judged: without the patches and kustomizations, whose part is in the view already."""
    own = {(one.owner.file, one.owner.document, one.owner.path) for one in built.instances}
    around = tuple(
        other
        for other in others
        if other.file not in graph.own_files and (other.file, other.document, other.path) not in own
    )
    families = catalogue(options.transforms)
    judge_pod = judge if direction.promotes else judge_sidecars

    def judged(pod: PodSpec, instance: Instance, path: str) -> PodVerdict:
        settings = options.settings._replace(remarks=said.of(pod, instance, path))
        return judge_pod(pod, families, settings, around, complete=complete)

    return judged


def _chosen(
    seen: Sequence[View], graph: Graph, options: Options, direction: Direction
) -> tuple[list[Site], list[TreeRefusal]]:
    """The containers that move in every view that has them, in their order, and refusals of the rest."""
    chosen: dict[Site, None] = {}
    blocked: set[Site] = set()
    refusals: dict[tuple[Site, str, str, str, int], TreeRefusal] = {}
    for view in seen:
        planned = plan(view.verdict, options.consent)
        moving = set()
        for move in planned.moves:
            site = view.instance.final.rosters[view.path].of(direction.source)[move.source_index].site
            chosen.setdefault(site, None)
            moving.add(site)
        blocked |= {entry.site for entry in view.instance.final.rosters[view.path].of(direction.source)} - moving
        for refusal in planned.refusals:
            found = view.site(direction.source, refusal.container)
            if found is not None:
                key = (found, refusal.rule, refusal.message, refusal.file, refusal.line)
                refusals[key] = _refusal(graph, found, refusal)
    return [site for site in chosen if site not in blocked], list(refusals.values())


def _refusal(graph: Graph, site: Site, refusal: Refusal) -> TreeRefusal:
    """A refusal as it concerns the file that defines the container."""
    place = Place(refusal.file, refusal.line) if refusal.file else graph.sources.place(refusal.line)
    document = site.unit.document_unit.document.index
    own = refusal._replace(document=document, path=_path(site), file=place.file, line=place.line)
    return TreeRefusal(site.unit.file, own)


def _path(site: Site) -> str:
    return f"{site.owner.path}.{site.path}" if site.owner.path and site.how == "resource" else site.path


def _named(seen: Sequence[View]) -> frozenset[Site]:
    answers = ((site_of(view, answer), answer.named) for view in seen for answer in view.verdict.containers)
    return frozenset(site for site, named in answers if site is not None and named)


def _notes(seen: Sequence[View], accepted: dict[Site, Reason], graph: Graph) -> dict[Site, tuple[Finding, ...]]:
    """What the user may want to know of each container."""
    notes: dict[Site, dict[Finding, None]] = {}
    for view in seen:
        for answer in view.verdict.containers:
            site = site_of(view, answer)
            if site is not None:
                own = (finding for finding in answer.findings if finding.level == "note")
                notes.setdefault(site, {}).update(dict.fromkeys(own))
    for site, reason in accepted.items():
        place = graph.sources.place(reason.line)
        what = f"Something does not follow it: {reason.message}."
        finding = Finding(OVERLAY_NOT_FOLLOWED, "note", what, "Change it by hand.", place.line, place.file)
        notes.setdefault(site, {})[finding] = None
    return {site: tuple(findings) for site, findings in notes.items()}


def _unfollowed(graph: Graph, site: Site, reason: Reason) -> TreeRefusal:
    place = graph.sources.place(reason.line)
    name = fields.text(site.node, "name") or ""
    message = (
        f"Its overlays cannot follow: {reason.message} (PATCH1, ORD13). "
        "Change that place first, or name the container and accept this rule, and change it by hand."
    )
    refusal = Refusal(0, "", name, OVERLAY_NOT_FOLLOWED, message, place.line, "refuse", place.file)
    return _refusal(graph, site, refusal)


def _groups(
    graph: Graph, carried: Carried, notes: dict[Site, tuple[Finding, ...]], direction: Direction
) -> Iterator[TreeGroup]:
    roots: dict[Site, dict[str, None]] = {}
    for (instance, _), roster in carried.finals.items():
        for entry in (*roster.containers, *roster.inits):
            roots.setdefault(entry.site, {})[instance.root] = None
    places: dict[tuple[int, str], int] = {}
    for group in carried.groups:
        moves = []
        for site in group.sites:
            key = (id(site.owner.node), site.path)
            if key not in places:
                places[key] = len(fields.items(at_path(site.owner.node, site.path.split(".")), direction.target))
            target, places[key] = places[key], places[key] + 1
            moves.append(
                TreeMove(site.unit.file, _move(graph, site, target, notes, direction), tuple(roots.get(site, ())))
            )
        yield TreeGroup(tuple(moves), group.changes)


def _move(graph: Graph, site: Site, target: int, notes: dict[Site, tuple[Finding, ...]], direction: Direction) -> Move:
    promotes = direction.promotes
    return Move(
        site.unit.document_unit.document.index,
        _path(site),
        fields.text(site.node, "name") or "",
        site.index if promotes else target,
        target if promotes else site.index,
        graph.sources.place(site.node.line).line,
        notes.get(site, ()),
        reverted=not promotes,
    )
