"""What kustomize does to the workloads of a tree, step by step: the states that every patch meets and leaves.

The order of the steps is that of kustomize 5 (accumulateTarget of api/internal/target/kusttarget.go and
configureBuiltinTransformers of kusttarget_configplugin.go): resources, components, patchesStrategicMerge, patches,
namespace, prefix and suffix, labels, annotations, patchesJson6902, images, replacements. Only workloads are followed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal, NamedTuple

from sidecarify.kube import fields
from sidecarify.kube.objects import KubeObject, objects
from sidecarify.kube.workload import PodSpec, pod_specs
from sidecarify.yamltext.tree import Node, YamlError, repeated_key

from . import merge
from .generated import KIND, config_map, data_of
from .graph import Graph, Kustomization, Link, Patch
from .sources import Problem, Unit
from .targets import Identity, Subject, identity, is_exact, names, replaced, selects

MAX_WORKLOADS = 20_000
"""How many workloads one kustomization may build; bases that are taken twice at every level grow beyond all bounds."""

SCHEMA = frozenset(
    (group, version, kind)
    for group, version, kinds in (
        ("", "v1", ("Pod", "ReplicationController", "PodTemplate")),
        ("apps", "v1", ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet")),
        ("batch", "v1", ("Job", "CronJob")),
        ("batch", "v1beta1", ("CronJob",)),
    )
    for kind in kinds
)
"""The workloads whose lists kustomize merges item by item; a patch of any other kind replaces a list as a whole."""

ListName = Literal["containers", "initContainers"]
LISTS: tuple[ListName, ListName] = ("containers", "initContainers")
How = Literal["resource", "strategic", "operation"]


@dataclass(frozen=True, eq=False)
class Site:
    """Where a container is defined: the item `node` at `index` of `list_name` of a pod spec (or patch) of `unit`.

    `owner` is the object or patch that holds it; for an operation `node` is its value and `operation` its number.
    """

    how: How
    unit: Unit
    owner: KubeObject
    path: str
    list_name: ListName
    index: int
    node: Node
    operation: int = -1


class Entry(NamedTuple):
    """A container of a workload at one point of a build."""

    site: Site
    name: str


class Roster(NamedTuple):
    """The containers and init containers of a pod spec at one point of a build."""

    containers: tuple[Entry, ...]
    inits: tuple[Entry, ...]

    def of(self, name: str) -> tuple[Entry, ...]:
        """One of the two lists by its name in a manifest."""
        return self.containers if name == "containers" else self.inits


@dataclass(frozen=True, eq=False)
class State:
    """A workload at one point of a build: its tree, who it was before, and its containers by the pod spec's path."""

    node: Node
    previous: tuple[Identity, ...]
    rosters: dict[str, Roster]

    @property
    def subject(self) -> Subject:
        """The workload as selectors see it."""
        labels, notes = (fields.mapping(self.node, "metadata", key) for key in ("labels", "annotations"))
        return Subject(identity(self.node), self.previous, labels, notes)


StepKind = Literal["strategic", "operations", "target", "source", "var"]


@dataclass(frozen=True, eq=False)
class Step:
    """A patch, or a field path of a replacement or a var, as it meets a workload.

    `node` is the entry that the step stands in, `paths` are the scalars with field paths; `unseen` is a reference to
    objects that are not known here and that the step could concern as well. `stages` are the states after each
    operation of a JSON6902 patch.
    """

    kind: StepKind
    unit: Unit
    node: Node
    before: State
    after: State
    patch: Patch | None = None
    paths: tuple[Node, ...] = ()
    create: bool = False
    unseen: Node | None = None
    stages: tuple[State, ...] = ()

    @property
    def holder(self) -> Node:
        """The tree of the patch."""
        return self.patch.node if self.patch is not None and self.patch.node is not None else self.unit.root.resolved


class Obstacle(NamedTuple):
    """Why nothing can be said of what a build makes of a workload, and what to do; `line` is a line of `Sources`.

    `final` says that the workload cannot even be edited.
    """

    line: int
    message: str
    final: bool = False
    advice: str = ""


@dataclass(frozen=True, eq=False)
class Instance:
    """A workload as the kustomization in the folder `root` builds it."""

    root: str
    unit: Unit
    owner: KubeObject
    first: State
    steps: tuple[Step, ...]
    final: State
    obstacles: tuple[Obstacle, ...]

    @property
    def pods(self) -> list[PodSpec]:
        """The pod specs of the final state."""
        return list(pod_specs(self.owner._replace(node=self.final.node)))

    @cached_property
    def sites(self) -> frozenset[Site]:
        """Where the containers are defined that it has at any point of its build."""
        states = (self.first, *(step.after for step in self.steps))
        rosters = (roster for state in states for roster in state.rosters.values())
        return frozenset(entry.site for roster in rosters for entry in (*roster.containers, *roster.inits))


class Configs(NamedTuple):
    """The ConfigMaps that a root builds; `data` tells them from those of another root."""

    objects: tuple[KubeObject, ...] = ()
    data: tuple[int, ...] = ()


class Build(NamedTuple):
    """All workloads of all roots.

    `strays` are patches that a kustomization applies to something that is not known here, with the reference to that.
    `shared` are patches, and field paths of replacements, that also meet an object whose pod spec is not known.
    `configs` are the ConfigMaps that each root builds, if they were asked for.
    """

    instances: tuple[Instance, ...]
    strays: dict[Unit, Node]
    shared: dict[Unit | Node, Identity]
    configs: dict[str, Configs]


def build(graph: Graph, folders: Sequence[str] | None = None, *, configs: bool = False) -> Build:
    """What the kustomizations in `folders` (all roots if None) make of the workloads that they build on.

    So of the ConfigMaps, with `configs`: by the names that the workloads know them by.
    """
    builder = _Builder(graph, configs=configs)
    found: list[Instance] = []
    for folder in graph.roots if folders is None else folders:
        if folder in graph.kustomizations:
            found += builder.root(folder)
    return Build(tuple(found), builder.strays, builder.shared, builder.configs)


@dataclass(slots=True)
class _Live:
    """An object at one point. One of a kind whose pod spec is not known has no rosters: only who it is counts."""

    unit: Unit
    owner: KubeObject
    first: State
    state: State
    steps: list[Step] = field(default_factory=list)
    obstacles: list[Obstacle] = field(default_factory=list)

    @property
    def is_workload(self) -> bool:
        return bool(self.first.rosters)

    @property
    def is_config(self) -> bool:
        return self.owner.kind == KIND

    def forget_data(self) -> None:
        """What a ConfigMap says is not known any more."""
        if self.is_config:
            self.state = replace(self.state, node=merge.with_value(self.state.node, "data", None))

    def copy(self) -> _Live:
        return _Live(self.unit, self.owner, self.first, self.state, [*self.steps], [*self.obstacles])


@dataclass(slots=True)
class _Pile:
    """What a kustomization has collected: workloads, vars, references to what is not seen."""

    live: list[_Live] = field(default_factory=list)
    variables: list[tuple[Unit, Node]] = field(default_factory=list)
    unseen: list[Node] = field(default_factory=list)
    obstacles: list[Obstacle] = field(default_factory=list)

    def take(self, other: _Pile) -> None:
        self.live += other.live
        self.variables += other.variables
        self.unseen += other.unseen
        self.obstacles += other.obstacles

    def copy(self) -> _Pile:
        return _Pile([one.copy() for one in self.live], [*self.variables], [*self.unseen], [*self.obstacles])


class _Builder:
    def __init__(self, graph: Graph, *, configs: bool) -> None:
        self.graph = graph
        self.with_configs = configs
        self.configs: dict[str, Configs] = {}
        self.sites: dict[int, Site] = {}
        self.workloads: dict[str, list[_Live]] = {}
        self.piles: dict[str, _Pile] = {}
        self.active: set[str] = set()
        self.strays: dict[Unit, Node] = {}
        self.shared: dict[Unit | Node, Identity] = {}

    def root(self, folder: str) -> Iterator[Instance]:
        """The workloads that one kustomization builds."""
        pile = self._pile(folder)
        problem = self.graph.broken.get(folder)
        if self.with_configs:
            own = [live.owner._replace(node=live.state.node) for live in pile.live if live.is_config]
            self.configs[folder] = Configs(tuple(own), tuple(id(fields.find(one.node, "data")) for one in own))
        for live in pile.live:
            if not live.is_workload:
                continue
            for unit, node in pile.variables:
                self._variable(live, unit, node)
            obstacles = [*pile.obstacles, *live.obstacles]
            if problem is not None:
                obstacles.append(Obstacle(self._line(problem), f"the kustomization cannot be built: {problem.message}"))
            yield Instance(folder, live.unit, live.owner, live.first, tuple(live.steps), live.state, tuple(obstacles))

    def _line(self, problem: Problem) -> int:
        file = self.graph.sources.read(problem.place.file)
        return problem.place.line + (0 if isinstance(file, Problem) else file.first)

    def _pile(self, folder: str) -> _Pile:
        known = self.piles.get(folder)
        if known is None:
            known = _Pile()
            if folder not in self.active:
                self.active.add(folder)
                self._collect(self.graph.kustomizations[folder], known)
                self.active.discard(folder)
                self.piles[folder] = known
        return known.copy()

    def _collect(self, one: Kustomization, pile: _Pile) -> None:
        doubt = self.graph.doubts.get(one.folder)
        if doubt is not None:
            pile.obstacles.append(self._doubted(doubt))
        for link in one.resources:
            self._resource(link, pile)
        for link in one.components:
            component = self.graph.kustomizations.get(link.path) if link.kind == "folder" else None
            if component is not None and link.path not in self.active:
                self.active.add(link.path)
                self._collect(component, pile)
                self.active.discard(link.path)
            elif link.kind == "remote":
                what = f"the component {link.node.value} is remote: what it patches is not known"
                pile.obstacles.append(Obstacle(link.node.line, what))
        if len(pile.live) > MAX_WORKLOADS:
            del pile.live[MAX_WORKLOADS:]
            what = f"more than {MAX_WORKLOADS} workloads would be built"
            pile.obstacles.append(Obstacle(one.unit.root.line, what))
        for field_name, node in one.obscure:
            if field_name == "openapi":
                what = "another schema says by what key lists are merged, so the effect of patches is not known"
                pile.obstacles.append(Obstacle(node.line, what))
            elif field_name == "transformers":
                pile.obstacles.append(Obstacle(node.line, "what transformers do to the workload is not known"))
            else:
                pile.unseen.append(node)
        for live in pile.live:
            for unit in one.configurations:
                live.obstacles += _configured(unit, live.state)
        if self.with_configs:
            self._generate(one, pile)
        self._transform(one, pile)
        pile.variables += [(one.unit, item) for item in fields.items(one.node, "vars")]

    def _resource(self, link: Link, pile: _Pile) -> None:
        if link.kind == "file":
            pile.live += [live.copy() for live in self._workloads(link.path)]
        elif link.kind == "folder" and link.path in self.graph.kustomizations:
            pile.take(self._pile(link.path))
        elif link.kind in ("remote", "missing"):
            pile.unseen.append(link.node)

    def _doubted(self, problem: Problem) -> Obstacle:
        what = f"{problem.place.file} may build on it and cannot be read: {problem.message}"
        return Obstacle(self._line(problem), what)

    def _workloads(self, name: str) -> list[_Live]:
        known = self.workloads.get(name)
        if known is None:
            known = self.workloads[name] = list(self._read(name))
            doubt = self.graph.doubts.get(name)
            if doubt is not None:
                for live in known:
                    live.obstacles.append(self._doubted(doubt))
        return known

    def _read(self, name: str) -> Iterator[_Live]:
        file = self.graph.sources.read(name)
        if isinstance(file, Problem):
            return
        for document in file.documents:
            holds_pods = file.source.text.find("ontainers", document.start, document.end) >= 0
            if not holds_pods and not (self.with_configs and KIND in file.source.text[document.start : document.end]):
                continue
            unit = self.graph.sources.unit(file, document)
            if not isinstance(unit, Unit):
                continue
            try:
                for written in objects(unit.root, document.index, name):
                    if not holds_pods and written.kind != KIND:
                        continue
                    twice = repeated_key(written.node)
                    owner = written._replace(node=merge.last_wins(written.node)) if twice else written
                    rosters = {
                        (at := path_in_object(pod)): self._roster(unit, owner, pod, at) for pod in pod_specs(owner)
                    }
                    state = State(owner.node, (), rosters)
                    what = f"the key {twice.value!r} stands twice in the workload" if twice else ""
                    obstacles = [Obstacle(twice.line, what, final=True)] if twice else []
                    yield _Live(unit, owner, state, state, obstacles=obstacles)
            except YamlError:
                continue

    def _roster(self, unit: Unit, owner: KubeObject, pod: PodSpec, at: str) -> Roster:
        def entries(name: ListName) -> tuple[Entry, ...]:
            return tuple(
                Entry(self._site("resource", unit, owner, at, name, index, item), fields.text(item, "name") or "")
                for index, item in enumerate(fields.items(pod.node, name))
            )

        return Roster(entries("containers"), entries("initContainers"))

    def _site(
        self,
        how: How,
        unit: Unit,
        owner: KubeObject,
        path: str,
        name: ListName,
        index: int,
        node: Node,
        operation: int = -1,
    ) -> Site:
        known = self.sites.get(id(node))
        if known is None:
            known = self.sites[id(node)] = Site(how, unit, owner, path, name, index, node, operation)
        return known

    def _generate(self, one: Kustomization, pile: _Pile) -> None:
        """The ConfigMaps that the kustomization makes, or adds to."""
        for entry in fields.items(one.node, "configMapGenerator"):
            name, namespace = fields.text(entry, "name") or "", fields.text(entry, "namespace")
            data = data_of(self.graph.sources, one, entry)
            configs = (live for live in pile.live if live.is_config)
            there = next((live for live in configs if _is_called(live.state.subject, name, namespace)), None)
            if there is None:
                node = config_map(entry, name, data)
                owner = KubeObject(node, one.unit.document.index, "", "v1", KIND, name, namespace, one.unit.file)
                state = State(node, (), {})
                pile.live.append(_Live(one.unit, owner, state, state))
            elif data is None:
                there.forget_data()
            else:
                old = fields.find(there.state.node, "data")
                merges = fields.text(entry, "behavior") == "merge" and old is not None and old.kind == "map"
                new = merge.strategic(old, data) if merges and old is not None else data
                there.state = replace(there.state, node=merge.with_value(there.state.node, "data", new))

    # --- the transformers of one kustomization ---

    def _transform(self, one: Kustomization, pile: _Pile) -> None:
        for patch in (*one.of("patchesStrategicMerge"), *one.of("patches")):
            self._patch(patch, pile)
        self._rename(one, pile)
        self._label(one, pile)
        for patch in one.of("patchesJson6902"):
            self._patch(patch, pile)
        for live in pile.live:
            _set_images(one.node, live)
        for replacement in one.replacements:
            self._replacement(replacement.unit, replacement.node, pile)

    def _patch(self, patch: Patch, pile: _Pile) -> None:
        hits = 0
        twice = None if patch.unit is None else repeated_key(patch.unit.root)
        why = patch.why or (f"the key {twice.value!r} stands twice" if twice else "")
        for live in pile.live:
            subject = live.state.subject
            if patch.unit is None or patch.node is None or twice:
                if patch.target is None or selects(patch.target, subject) is not False:
                    live.forget_data()
                    line = twice.line if twice else patch.entry.line
                    live.obstacles.append(Obstacle(line, f"a patch cannot be read: {why}"))
                continue
            if patch.target is not None:
                hit = selects(patch.target, subject)
                if hit is None:
                    live.forget_data()
                    if not (live.is_workload or live.is_config):
                        self.shared.setdefault(patch.unit, subject.current)
                    what = "a pattern or selector of the patch's target is not understood"
                    live.obstacles.append(Obstacle(patch.target.line, what))
                    continue
            else:
                hit = not patch.operations and names(patch.node, subject)
            if hit:
                hits += 1
                if not (live.is_workload or live.is_config):
                    self.shared.setdefault(patch.unit, subject.current)
                unseen = pile.unseen[0] if pile.unseen and patch.target and not is_exact(patch.target) else None
                try:
                    self._apply(patch, patch.unit, patch.node, live, unseen)
                except (merge.PatchError, YamlError) as error:
                    live.forget_data()
                    what = f"the patch cannot be followed: {error.message}"
                    advice = error.advice if isinstance(error, merge.PatchError) else ""
                    live.obstacles.append(Obstacle(error.line, what, advice=advice))
        if not hits and pile.unseen and patch.unit is not None:
            self.strays.setdefault(patch.unit, pile.unseen[0])

    def _apply(self, patch: Patch, unit: Unit, root: Node, live: _Live, unseen: Node | None) -> None:
        before = live.state
        now = before.subject.current
        stages: tuple[State, ...] = ()
        node: Node | None = None
        if patch.operations:
            stages = tuple(self._operate(unit, live))
            after = replace(stages[-1] if stages else before, previous=(*before.previous, now))
        else:
            node = self._merged(root, patch, before, now)
            if node is None:
                # The workload is gone; a patch that deletes it says nothing of its containers.
                after = State(before.node, before.previous, {path: Roster((), ()) for path in before.rosters})
            else:
                renamed = patch.allows("allowNameChange") or patch.allows("allowKindChange")
                previous = (*before.previous, now) if renamed else before.previous
                after = State(node, previous, self._merged_rosters(unit, root, patch.path, live, node))
        step = Step(
            "operations" if patch.operations else "strategic",
            unit,
            patch.entry,
            before,
            after,
            patch=patch,
            unseen=unseen,
            stages=stages,
        )
        live.steps.append(step)
        live.state = after
        if not patch.operations and node is None:
            live.forget_data()

    def _merged(self, root: Node, patch: Patch, before: State, now: Identity) -> Node | None:
        """The object after a strategic merge; its kind, name and namespace stay unless the entry allows a change."""
        if (now.group, now.version, now.kind) not in SCHEMA and _names_lists(root):
            what = f"kustomize knows no schema of {now.kind} and replaces whole lists"
            raise merge.PatchError(what, root.line, "Write operations (JSON6902) in its stead")
        node = merge.strategic(before.node, root)
        if node is None:
            return None
        kept: list[tuple[str, ...]] = [("metadata", "namespace"), ("apiVersion",)]
        if not patch.allows("allowKindChange"):
            kept.append(("kind",))
        if not patch.allows("allowNameChange"):
            kept.append(("metadata", "name"))
        for path in kept:
            value = fields.find(before.node, *path)
            if value is not None:
                node = merge.with_path(node, path, value)
            elif path == ("metadata", "namespace"):
                meta = fields.find(node, "metadata")
                if meta is not None:
                    node = merge.with_value(node, "metadata", merge.with_value(meta, "namespace", None))
        return node

    def _merged_rosters(self, unit: Unit, root: Node, place: str, live: _Live, node: Node) -> dict[str, Roster]:
        owner = live.owner._replace(node=node)
        patch_owner = KubeObject(
            root, unit.document.index, place, owner.api_version, owner.kind, owner.name, None, unit.file
        )
        found = {}
        for path, roster in live.state.rosters.items():
            steps = tuple(path.split("."))
            spec, given = (at_path(tree, steps) for tree in (node, root))

            def entries(
                name: ListName,
                spec: Node | None = spec,
                given: Node | None = given,
                roster: Roster = roster,
                at: str = ".".join(steps),
            ) -> tuple[Entry, ...]:
                there = {entry.name: entry.site for entry in roster.of(name)}
                items = fields.items(given, name)
                whole = fields.find(given, name)
                if whole is not None and merge.replaces_list(whole):
                    there = {}
                own = {fields.text(item, "name") or "": (index, item) for index, item in enumerate(items)}
                result = []
                for item in fields.items(spec, name):
                    called = fields.text(item, "name") or ""
                    site = there.get(called)
                    if site is None:
                        if called not in own:
                            raise merge.PatchError("a container has no name to be merged by", item.line)
                        index, definition = own[called]
                        site = self._site("strategic", unit, patch_owner, at, name, index, definition)
                    result.append(Entry(site, called))
                return tuple(result)

            found[path] = Roster(entries("containers"), entries("initContainers"))
        return found

    def _operate(self, unit: Unit, live: _Live) -> Iterator[State]:
        state = live.state
        for number, operation in enumerate(merge.operations(unit.root)):
            node = merge.applied(state.node, operation)
            rosters = {
                path: self._operated(unit, live, number, operation, path, roster, node)
                for path, roster in state.rosters.items()
            }
            state = replace(state, node=node, rosters=rosters)
            yield state

    def _operated(
        self,
        unit: Unit,
        live: _Live,
        number: int,
        operation: merge.Operation,
        path: str,
        roster: Roster,
        node: Node,
    ) -> Roster:
        """The containers after an operation: those that were there keep their sites, place by place."""
        steps = tuple(path.split("."))
        spec = at_path(node, steps)

        def entries(name: ListName) -> tuple[Entry, ...]:
            items = fields.items(spec, name)
            known: list[Site | None] = [entry.site for entry in roster.of(name)]
            for pointer, removes in (
                (operation.source, operation.op == "move"),
                (operation.path, operation.op == "remove"),
            ):
                rest = below(pointer, (*steps, name))
                if rest is not None and len(rest) == 1 and removes:
                    index = merge.index_of(rest[0], len(known))
                    if index is not None:
                        del known[index]
            rest = below(operation.path, (*steps, name))
            if rest is not None and len(rest) == 1 and operation.op in ("add", "copy", "move"):
                index = len(known) if rest[0] == "-" else merge.index_of(rest[0], len(known) + 1)
                known.insert(len(known) if index is None else index, None)
            elif (rest is not None and not rest) or below((*steps, name), operation.path):
                known = [None] * len(items)
            if len(known) != len(items):
                raise merge.PatchError("the operation changes the list in a way that is not known", operation.node.line)
            return tuple(
                Entry(
                    site or self._site("operation", unit, live.owner, path, name, index, item, number),
                    fields.text(item, "name") or "",
                )
                for index, (site, item) in enumerate(zip(known, items, strict=True))
            )

        return Roster(entries("containers"), entries("initContainers"))

    def _rename(self, one: Kustomization, pile: _Pile) -> None:
        """Namespace, prefix and suffix: what was the identity becomes a previous one."""
        node = one.node
        prefix, suffix = (fields.text(node, key) or "" for key in ("namePrefix", "nameSuffix"))
        namespace = fields.find(node, "namespace")
        for live in pile.live:
            if namespace is not None and namespace.value:
                live.state = _renamed(live.state, ("metadata", "namespace"), namespace)
            name = fields.find(live.state.node, "metadata", "name")
            if (prefix or suffix) and name is not None:
                live.state = _renamed(
                    live.state, ("metadata", "name"), merge.scalar_like(name, f"{prefix}{name.value}{suffix}")
                )

    def _label(self, one: Kustomization, pile: _Pile) -> None:
        node = one.node
        for live in pile.live:
            state = live.state
            for entry in fields.items(node, "labels"):
                pairs = fields.find(entry, "pairs")
                deep = fields.is_true(entry, "includeSelectors") or fields.is_true(entry, "includeTemplates")
                state = _with_labels(state, pairs, "labels", deep=deep)
            state = _with_labels(state, fields.find(node, "commonLabels"), "labels", deep=True)
            live.state = _with_labels(state, fields.find(node, "commonAnnotations"), "annotations", deep=True)

    # --- field paths ---

    def _replacement(self, unit: Unit, node: Node, pile: _Pile) -> None:
        source = fields.find(node, "source")
        targets = fields.items(node, "targets")
        for live in pile.live:
            subject = live.state.subject
            if source is not None:
                hit = replaced(source, (), subject)
                path = fields.find(source, "fieldPath")
                if hit is not False and path is not None:
                    self._paths("source", unit, node, live, (path,), hit, unseen=None)
            for target in targets:
                select = fields.find(target, "select")
                if select is None:
                    continue
                hit = replaced(select, fields.items(target, "reject"), subject)
                paths = tuple(item for item in fields.items(target, "fieldPaths") if item.kind == "scalar")
                if hit is not False and any(path.value.startswith("data") for path in paths):
                    live.forget_data()
                if hit is not False and paths:
                    unseen = pile.unseen[0] if pile.unseen and not is_exact(select) else None
                    create = fields.is_true(target, "options", "create")
                    self._paths("target", unit, target, live, paths, hit, unseen=unseen, create=create)

    def _variable(self, live: _Live, unit: Unit, node: Node) -> None:
        target = fields.find(node, "objref")
        path = fields.find(node, "fieldref", "fieldpath") or fields.find(node, "fieldref", "fieldPath")
        if target is None or path is None:
            return
        wanted = identity(target)
        wanted = wanted._replace(name=fields.text(target, "name") or "")
        group = fields.text(target, "group")
        for one in (live.state.subject.current, *live.state.subject.previous):
            same = one.name == wanted.name and one.kind == wanted.kind
            if same and (group is None or group == one.group):
                self._paths("var", unit, node, live, (path,), hit=True, unseen=None)
                return

    def _paths(
        self,
        kind: Literal["target", "source", "var"],
        unit: Unit,
        node: Node,
        live: _Live,
        paths: tuple[Node, ...],
        hit: bool | None,
        *,
        unseen: Node | None,
        create: bool = False,
    ) -> None:
        if not any("ontainers" in path.value for path in paths):
            return
        if not live.is_workload:
            if not live.is_config:
                self.shared.update(dict.fromkeys(paths, live.state.subject.current))
            return
        if hit is None:
            live.obstacles.append(Obstacle(node.line, "a pattern of the replacement's selector is not understood"))
            return
        state = live.state
        live.steps.append(Step(kind, unit, node, state, state, paths=paths, create=create, unseen=unseen))


def _is_called(subject: Subject, name: str, namespace: str | None) -> bool:
    return any(one.name == name and namespace in (None, one.namespace) for one in (subject.current, *subject.previous))


def below(path: Sequence[str] | None, prefix: Sequence[str]) -> tuple[str, ...] | None:
    """What of a pointer's steps lies below `prefix`, or None if it does not lead there."""
    if path is None or tuple(path[: len(prefix)]) != tuple(prefix):
        return None
    return tuple(path[len(prefix) :])


def path_in_object(pod: PodSpec) -> str:
    """The path of a pod spec within its own object, without the place of that in a List."""
    return pod.path.removeprefix(f"{pod.owner.path}." if pod.owner.path else "")


def at_path(node: Node | None, steps: Sequence[str]) -> Node | None:
    """The mapping below `steps`, or None."""
    for step in steps:
        if node is None:
            return None
        node = fields.items(node)[int(step)] if node.kind == "seq" and step.isdecimal() else fields.find(node, step)
    return node


def _names_lists(root: Node) -> bool:
    return any(key.value in LISTS for node in root.mappings() for key, _ in node.pairs)


def _renamed(state: State, path: tuple[str, ...], value: Node) -> State:
    node = merge.with_path(state.node, path, merge.scalar_like(value, value.value))
    return replace(state, node=node, previous=(*state.previous, state.subject.current))


def _with_labels(state: State, pairs: Node | None, key: str, *, deep: bool) -> State:
    if pairs is None or pairs.kind != "map":
        return state
    node = state.node
    paths: list[tuple[str, ...]] = [("metadata", key)]
    for path in state.rosters if deep else ():
        holder = tuple(path.split("."))[:-1]
        if fields.find(node, *holder) is not None and holder:
            paths.append((*holder, "metadata", key))
    for place in paths:
        there = fields.find(node, *place)
        merged = merge.strategic(there, pairs) if there is not None and there.kind == "map" else pairs
        if merged is not None:
            node = merge.with_path(node, place, merged)
    return replace(state, node=node)


def _set_images(kustomization: Node, live: _Live) -> None:
    """`images` (api/filters/imagetag): name, tag and digest of the images of all containers, init containers too."""
    entries = (*fields.items(kustomization, "images"), *fields.items(kustomization, "imageTags"))
    for entry in entries:
        name = fields.text(entry, "name")
        for path in live.state.rosters if name else ():
            steps = tuple(path.split("."))
            spec = at_path(live.state.node, steps)
            for listed in LISTS:
                for index, item in enumerate(fields.items(spec, listed)):
                    image = fields.find(item, "image")
                    if image is None or not _is_image(image.value, name or ""):
                        continue
                    new = merge.scalar_like(image, _new_image(image.value, name or "", entry))
                    pointer = (*steps, listed, str(index), "image")
                    operation = merge.Operation(entry, "replace", pointer, None, new)
                    live.state = replace(live.state, node=merge.applied(live.state.node, operation))


def _is_image(image: str, name: str) -> bool:
    return image == name or image.startswith((f"{name}:", f"{name}@"))


def _new_image(image: str, name: str, entry: Node) -> str:
    rest = image[len(name) :]
    tag, digest = fields.text(entry, "newTag"), fields.text(entry, "digest")
    if digest:
        rest = f"@{digest}"
    elif tag:
        rest = f":{tag}"
    return (fields.text(entry, "newName") or name) + rest


def _configured(unit: Unit, state: State) -> Iterator[Obstacle]:
    """Field specs of a configuration that name `containers` alone: after a move they would miss the container.

    The built-in ones name both lists (api/internal/konfig/builtinpluginconsts).
    """
    found: dict[str, list[Node]] = {}
    for node in unit.root.mappings():
        path = node.pair("path")
        if path is not None and path[1].kind == "scalar":
            found.setdefault(path[1].value, []).append(node)
    plain = {known.replace("[]", "") for known in found}
    for written, nodes in found.items():
        steps = written.replace("[]", "").split("/")
        for one, other in (LISTS, LISTS[::-1]):
            if one in steps:
                twin = "/".join(other if step == one else step for step in steps)
                kinds = {fields.text(node, "kind") for node in nodes}
                if twin not in plain and (None in kinds or state.subject.current.kind in kinds):
                    what = f"the field spec {written} of a configuration names only `{one}`"
                    yield Obstacle(nodes[0].line, what, advice=f"Write the same for `{other}`")
