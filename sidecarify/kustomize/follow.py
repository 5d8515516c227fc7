"""What has to change in every other file of a kustomize tree when containers move.

Two builds are followed in step: the one that is, and the one in which the containers stand in their new list from the
place on where they are defined. Whatever a patch does to the first must be done to the second; where the patch as it
is written would do something else, the difference is a demand on its text. A patch that is used several times must
meet the same demand each time. What cannot be told is never guessed: the containers concerned are left alone.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import NamedTuple, Protocol

from sidecarify.direction import POLICY, Direction, Manner
from sidecarify.kube import fields
from sidecarify.rewrite import only_names
from sidecarify.yamltext.tree import Node

from . import merge
from .build import LISTS, Build, Entry, Instance, Roster, Site, State, Step, at_path, below
from .demands import Demand, Edit, ListPlan, OperationPlan, Plan, Reason, Subject, SubjectKey, TextPlan
from .pointers import Choice, chosen_indexes, field_choice, pointer_choice, replaced


class Following(NamedTuple):
    """What has to change for the containers that can move, and why others cannot.

    `unfollowed` are those that move although something cannot follow, because that was accepted. `finals` are the
    lists that each workload has in the end, by its pod spec's path.
    """

    sites: tuple[Site, ...]
    edits: tuple[Edit, ...]
    refused: dict[Site, Reason]
    unfollowed: dict[Site, Reason]
    finals: dict[tuple[Instance, str], Roster]


class _Stuck(Protocol):
    """Makes the error of one place from what it says and advises."""

    def __call__(self, message: str, advice: str = "") -> _StuckError: ...


class _StuckError(Exception):
    """The move cannot be followed here; `final` says that nobody can accept that: no valid pod would come of it."""

    def __init__(
        self, line: int, message: str, sites: Iterable[Site], advice: str = "", *, final: bool = False
    ) -> None:
        super().__init__(message)
        self.reason = Reason(line, message, advice)
        self.sites = frozenset(sites)
        self.final = final


def anywhere(_file: str) -> bool:
    """That every file may be written."""
    return True


def follow(
    build: Build,
    sites: Sequence[Site],
    direction: Direction,
    accepted: frozenset[Site] = frozenset(),
    writable: Callable[[str], bool] = anywhere,
) -> Following:
    """The edits that let the containers defined at `sites` move, in their order, and which of them cannot move.

    Containers that share a patch stand or fall together where the patch cannot be made to fit both. Those in
    `accepted` move even so; what cannot follow them is left as it is. So is a file that is not `writable`.

    A patch puts what it names in front. First every list keeps its own order, which gives that of `sites` where the
    build has it already; only for the workloads where it does not, items change places, and patches come to name what
    must stand before.
    On the way back what they name for that alone goes, but where the order would be lost with it.
    """
    found = _followed(build, sites, direction, frozenset(), writable)
    return _followed(build, sites, direction, accepted, writable) if accepted.intersection(found.refused) else found


def _followed(
    build: Build,
    sites: Sequence[Site],
    direction: Direction,
    accepted: frozenset[Site],
    writable: Callable[[str], bool],
) -> Following:
    refused: dict[Site, Reason] = {}
    always = frozenset(one.owner.node for one in build.instances) if accepted else frozenset()
    ordered = always
    needed: frozenset[SubjectKey] = frozenset()
    while True:
        moving = [site for site in sites if site not in refused]
        pursuit = _Pursuit(moving, direction, accepted, writable, ordered, needed)
        for instance in build.instances:
            pursuit.instance(instance)
        if not pursuit.needed <= needed:
            needed |= pursuit.needed
            continue
        pursuit.agree(build)
        if not pursuit.refused:
            edits = tuple(pursuit.edits())
            return Following(_as_listed(moving, edits), edits, refused, pursuit.unfollowed, pursuit.finals)
        unordered = pursuit.unordered
        again = frozenset(one.owner.node for one in build.instances if not unordered.isdisjoint(one.sites))
        if again <= ordered:
            refused.update(pursuit.refused)
            ordered = always
        else:
            ordered |= again


def _as_listed(sites: Sequence[Site], edits: Iterable[Edit]) -> tuple[Site, ...]:
    """The sites with those of one list together, in the order in which they come to stand in the new one."""
    listed: dict[tuple[int, str], int] = {}
    for site in sites:
        listed.setdefault((id(site.owner.node), site.path), len(listed))
    places: dict[tuple[int, str, int], int] = {}
    for edit in edits:
        items = edit.plan.items if isinstance(edit.plan, ListPlan) else ()
        places |= {(id(edit.subject.holder), edit.subject.path, index): place for place, (index, _) in enumerate(items)}

    def key(site: Site) -> tuple[int, int]:
        own = (id(site.owner.node), site.path)
        return listed[own], places.get((*own, site.index), 0)

    return tuple(sorted(sites, key=key))


_ONE_EACH = "Write an operation for each container that it is about"


class _Pursuit:
    """One attempt to let a set of containers move."""

    def __init__(
        self,
        sites: Sequence[Site],
        direction: Direction,
        accepted: frozenset[Site],
        writable: Callable[[str], bool],
        ordered: Collection[Node],
        needed: Collection[SubjectKey],
    ) -> None:
        self.writable = writable
        self.ordered = ordered
        self.names_needed = needed
        self.needed: set[SubjectKey] = set()
        self.moving = {site: rank for rank, site in enumerate(sites)}
        self.direction = direction
        self.demands: dict[SubjectKey, Demand] = {}
        self.accepted = accepted
        self.refused: dict[Site, Reason] = {}
        self.unordered: set[Site] = set()
        self.unfollowed: dict[Site, Reason] = {}
        self.finals: dict[tuple[Instance, str], Roster] = {}

    def _is(self, entry: Entry) -> bool:
        return entry.site in self.moving

    def instance(self, one: Instance) -> None:
        """Follow one workload of one root."""
        for path, roster in one.first.rosters.items():
            present = {site for site in self._sites(one, path) if site in self.moving}
            if present and one.obstacles:
                obstacle = max(one.obstacles, key=lambda obstacle: obstacle.final)
                reason = Reason(obstacle.line, f"{obstacle.message} (kustomization {one.root or '.'})", obstacle.advice)
                if obstacle.final:
                    self._refuse(present, reason)
                    continue
                if not self._tolerates(present, reason):
                    continue
            self._own_list(one, path, roster)
            try:
                self._check_names(one, path, roster)
                final = self._walk(one, path, self._moved(roster, self._ranks(one, path)))
                if present:
                    self._check_left(one, path, roster, final, present)
                    self.finals[one, path] = final
            except _StuckError as stuck:
                self._refuse(stuck.sites, stuck.reason)

    def _check_left(self, one: Instance, path: str, first: Roster, final: Roster, present: set[Site]) -> None:
        """Raise _StuckError where no ordinary container would be left: `containers` may not be empty (FLD2)."""
        own = self._moved(first, self._ranks(one, path))
        for roster, what in ((own, "in this manifest"), (final, f"in the kustomization {one.root or '.'}")):
            if not roster.containers and (first if roster is own else one.final.rosters[path]).containers:
                message = f"no ordinary container would be left {what}"
                raise _StuckError(one.owner.line, message, present, final=True)

    def _sites(self, one: Instance, path: str) -> Iterator[Site]:
        for state in (one.first, *(step.after for step in one.steps)):
            roster = state.rosters.get(path)
            for entry in (*roster.containers, *roster.inits) if roster is not None else ():
                yield entry.site

    def _ranks(self, one: Instance, path: str) -> dict[Site, int]:
        """The order of the moving containers in their new list: as they come into the build.

        Those of one list come as they stand there, or where that gives another order than planned, as planned.
        """
        first: dict[Site, int] = {}
        for number, site in enumerate(self._sites(one, path)):
            if site in self.moving:
                first.setdefault(site, 0 if site.how == "resource" else number + 1)
        planned = one.owner.node in self.ordered
        ordered = sorted(first, key=lambda site: (first[site], self.moving[site] if planned else site.index))
        return {site: rank for rank, site in enumerate(ordered)}

    def _moved(self, roster: Roster, ranks: dict[Site, int]) -> Roster:
        """The lists once the moving containers have moved."""
        source, target = (roster.of(name) for name in self.direction[:2])
        moving = sorted((entry for entry in source if self._is(entry)), key=lambda entry: ranks[entry.site])
        return self._roster([entry for entry in source if not self._is(entry)], [*target, *moving])

    def _roster(self, source: Sequence[Entry], target: Sequence[Entry]) -> Roster:
        if self.direction.source == "containers":
            return Roster(tuple(source), tuple(target))
        return Roster(tuple(target), tuple(source))

    def _own_list(self, one: Instance, path: str, roster: Roster) -> None:
        ranks = self._ranks(one, path)
        own = [entry for entry in roster.of(self.direction.source) if self._is(entry)]
        moving = sorted(own, key=lambda entry: ranks[entry.site])
        if moving:
            subject = Subject(one.unit, one.owner.node, path)
            plan = ListPlan(tuple((entry.site.index, Manner()) for entry in moving))
            self._demand(subject, ListPlan(), plan, one, {entry.site for entry in moving}, one.owner.line)

    def _walk(self, one: Instance, path: str, after: Roster) -> Roster:
        ranks = self._ranks(one, path)
        for step in one.steps:
            try:
                self._check_names(one, path, step.after.rosters[path])
                if step.kind == "strategic":
                    after = self._strategic(one, path, step, after, ranks)
                elif step.kind == "operations":
                    after = self._operations(one, path, step, after, ranks)
                else:
                    self._paths(one, path, step, after)
            except _StuckError as stuck:
                if stuck.final or not self._tolerates(stuck.sites, stuck.reason):
                    raise
                after = self._moved(step.after.rosters[path], ranks)
        moved = [entry.site for entry in after.of(self.direction.target) if self._is(entry)]
        wanted = sorted(moved, key=lambda site: self.moving[site])
        if self.direction.promotes and one.owner.node not in self.ordered and moved != wanted:
            self.unordered.update(moved)
            raise _StuckError(one.owner.line, "the containers would start in another order", moved)
        return after

    def _check_names(self, one: Instance, path: str, roster: Roster) -> None:
        """Raise _StuckError where two containers have one name: it no longer says which one is meant (FLD3)."""
        names = [entry.name for entry in (*roster.containers, *roster.inits)]
        moving = {site for site in self._sites(one, path) if site in self.moving}
        if moving and len(set(names)) != len(names):
            what = f"two containers of the workload have one name (kustomization {one.root or '.'})"
            raise _StuckError(one.owner.line, what, moving, final=True)

    # --- strategic merge patches ---

    def _strategic(self, one: Instance, path: str, step: Step, after: Roster, ranks: dict[Site, int]) -> Roster:
        before, behind = step.before.rosters[path], step.after.rosters[path]
        holder = step.holder
        subject = Subject(step.unit, holder, path)
        concerned = self._concerned(before, behind)
        line = holder.line
        if fields.text(holder, merge.DIRECTIVE) == "delete":
            return behind
        if concerned and _directive_above(holder, path.split(".")):
            what = "the patch replaces or deletes what holds the containers"
            raise _StuckError(
                line, what, concerned, "Let it name the containers that it changes, and nothing above them"
            )
        given = at_path(holder, path.split("."))
        listed = {name: fields.items(given, name) for name in LISTS}
        source, target = self.direction[:2]
        if concerned:
            self._check_lists(given, line, before, behind, after, concerned)
        named: dict[str, list[_Item]] = {
            name: [_Item(item, index) for index, item in enumerate(listed[name])] for name in LISTS
        }
        moving: list[tuple[_Item, Site]] = []
        staying: list[_Item] = []
        sites = {entry.name: entry.site for entry in (*behind.of(source), *before.of(source))}
        for item in named[source]:
            site = sites.get(item.name)
            if site is not None and site in self.moving:
                moving.append((item, site))
            else:
                staying.append(item)
        new = {
            entry.name: entry
            for entry in (*before.of(target), *before.of(source), *behind.of(target), *behind.of(source))
        }
        kept = _merged(after.of(source), staying, new)
        manners: dict[int, Manner] = {}
        own = given.get(source) if given is not None else None
        if moving and own is not None and not self.direction.promotes and subject.key not in self.names_needed:
            manners, gone = self._no_longer_named(step, own, before, named[source], {item.index for item, _ in moving})
            moving = [(item, site) for item, site in moving if item.index not in gone]
            if _merged(after.of(source), [item for item in staying if item.index not in gone], new) != kept:
                self.needed.add(subject.key)
        if one.owner.node in self.ordered:
            moving.sort(key=lambda pair: (pair[0].deletes, ranks[pair[1]]))
        wanted = [*named[target], *(item for item, _ in moving)]
        joined = _merged(after.of(target), wanted, new)
        result = self._roster(kept, joined)
        if self.direction.promotes and concerned:
            desired = self._desired(one, behind, joined, ranks)
            if [entry.site for entry in joined] != [entry.site for entry in desired]:
                manners = self._named_before(desired, named[target], moving, concerned, line)
                result = self._roster(kept, desired)
        plan = ListPlan(
            tuple(
                (item.index, Manner(site.node is not item.node, manners.get(item.index, Manner()).named_before))
                for item, site in moving
            )
        )
        if given is not None:
            first = moving[0][0].node.line if moving else line
            self._demand(subject, ListPlan(), plan, one, concerned, first, step.unseen)
        return result

    def _no_longer_named(
        self, step: Step, listed: Node, before: Roster, items: Sequence[_Item], moving: Collection[int]
    ) -> tuple[dict[int, Manner], set[int]]:
        """The items that only stand there to keep the order before one that moves: by that one, and their indexes."""
        known = {entry.name for entry in before.of(self.direction.source)}
        manners: dict[int, Manner] = {}
        gone: set[int] = set()
        behind: int | None = None
        for item in reversed(items):
            if behind is not None and item.name in known and only_names(step.unit.text, listed, item.index):
                gone.add(item.index)
                manners[behind] = Manner(named_before=(item.name, *manners.get(behind, Manner()).named_before))
            else:
                behind = item.index if item.index in moving else None
        return manners, gone

    def _desired(self, one: Instance, behind: Roster, joined: Sequence[Entry], ranks: dict[Site, int]) -> list[Entry]:
        """The target list as it has to stand: what is there, then the moved ones in their order.

        That is any order at first, of which only what comes of it in the end counts.
        """
        if one.owner.node in self.ordered:
            return list(self._moved(behind, ranks).of(self.direction.target))
        there = [entry for entry in behind.of(self.direction.target) if not self._is(entry)]
        return [*there, *(entry for entry in joined if self._is(entry))]

    def _check_lists(
        self, given: Node | None, line: int, before: Roster, behind: Roster, after: Roster, concerned: frozenset[Site]
    ) -> None:
        """Raise _StuckError where the patch writes a whole list that holds a moving container, or will hold one."""
        for name in LISTS:
            pair = given.pair(name) if given is not None and given.kind == "map" else None
            if pair is None:
                continue
            value = pair[1].resolved
            whole = value.kind != "seq" or merge.replaces_list(value)
            if whole and any(self._is(entry) for entry in (*before.of(name), *after.of(name), *behind.of(name))):
                what = f"the patch replaces the whole list `{name}`, the helper with it"
                raise _StuckError(pair[0].line, what, concerned, "Let it name the containers that it changes alone")
            names = [fields.text(item, "name") for item in fields.items(value)]
            if len(set(names)) != len(names):
                raise _StuckError(pair[0].line, f"the patch names a container of `{name}` twice", concerned)
        both = [
            {fields.text(item, "name") for item in fields.items(given, name)} if given is not None else set()
            for name in LISTS
        ]
        moving = {
            entry.name for roster in (before, behind) for entry in roster.of(self.direction.source) if self._is(entry)
        }
        if both[0] & both[1] & moving:
            raise _StuckError(line, "the patch names the container in both lists", concerned)
        order = pair_value(given, f"$setElementOrder/{self.direction.source}")
        if order is not None:
            what = "kustomize does not read `$setElementOrder` and leaves it in the object"
            raise _StuckError(order.line, what, concerned, "Take it out of the patch")

    def _named_before(
        self,
        desired: list[Entry],
        there: Sequence[_Item],
        moving: Sequence[tuple[_Item, Site]],
        concerned: frozenset[Site],
        line: int,
    ) -> dict[int, Manner]:
        """What the patch has to name so that kustomize, which puts what a patch names in front, keeps the order."""
        order = [entry.site for entry in desired]
        names = [entry.name for entry in desired]
        first = [item.name for item in there if not item.deletes]
        what = "kustomize would put the container in front of those that it must follow"
        if names[: len(first)] != first:
            raise _StuckError(line, what, concerned)
        manners = {}
        position = len(first)
        for item, site in moving:
            if item.deletes:
                continue
            place = order.index(site)
            if place < position:
                raise _StuckError(line, what, concerned)
            manners[item.index] = Manner(named_before=tuple(names[position:place]))
            position = place + 1
        return manners

    # --- JSON6902 ---

    def _operations(self, one: Instance, path: str, step: Step, after: Roster, ranks: dict[Site, int]) -> Roster:
        state = step.before
        for number, (operation, stage) in enumerate(zip(merge.operations(step.unit.root), step.stages, strict=True)):
            before, behind = state.rosters[path], stage.rosters[path]
            subject = Subject(step.unit, operation.node, "", number)
            written = OperationPlan(fields.text(operation.node, "path") or "", fields.text(operation.node, "from"))
            concerned = self._concerned(before, behind) | self._concerned(after, after)
            if concerned:
                plan, after = self._operation(path, operation, state, before, behind, after, concerned, written)
                desired = self._desired(one, behind, after.of(self.direction.target), ranks)
                if self.direction.promotes and [entry.site for entry in after.of(self.direction.target)] != [
                    entry.site for entry in desired
                ]:
                    what = "the operation would change the order in which containers start"
                    raise _StuckError(operation.node.line, what, concerned)
            else:
                plan, after = written, behind
            self._demand(subject, written, plan, one, concerned, operation.node.line, step.unseen)
            state = stage
        return after

    def _operation(
        self,
        path: str,
        operation: merge.Operation,
        state: State,
        before: Roster,
        behind: Roster,
        after: Roster,
        concerned: frozenset[Site],
        written: OperationPlan,
    ) -> tuple[OperationPlan, Roster]:
        """The operation that does to `after` what it does to `before`, and what it leaves."""
        steps = path.split(".")
        line = operation.node.line

        def stuck(message: str, advice: str = "") -> _StuckError:
            return _StuckError(line, message, concerned, advice)

        choice = pointer_choice(written.path, steps, LISTS)
        origin = pointer_choice(written.source, steps, LISTS) if written.source is not None else None
        for pointer in (operation.path, operation.source):
            if pointer is not None and below(steps, pointer) is not None:
                raise stuck("the operation is on the whole of what holds the containers")
        if choice is not None and choice.chosen is None and operation.op == "add":
            return self._new_list(choice, operation, before, behind, after, written, stuck)
        for one in (choice, origin):
            if one is None:
                continue
            if one.chosen is None:
                raise stuck(f"the operation is on the whole list `{one.listed.text}`", _ONE_EACH)
            if not one.rest and operation.op in ("copy", "move"):
                raise stuck("the operation copies or moves a whole container")
        if choice is None and origin is None:
            return written, after
        if choice is not None and not choice.rest and operation.op == "add":
            return self._addition(choice, operation, state, before, behind, after, written, stuck)
        new = written
        if origin is not None and written.source is not None:
            new = new._replace(source=self._pointed(written.source, origin, before, after, stuck))
        if choice is None:
            return new, after
        new = new._replace(path=self._pointed(written.path, choice, before, after, stuck))
        entries = before.of(choice.listed.text)
        index = self._index(choice, entries, stuck)
        entry = entries[index]
        if choice.rest:
            if choice.rest == ("name",) and operation.op != "test":
                renamed = next(one for one in behind.of(choice.listed.text) if one.site is entry.site)
                return new, _with_entry(after, entry.site, renamed)
            return new, after
        if operation.op == "remove":
            return new, _with_entry(after, entry.site, None)
        if operation.op == "replace":
            if not self._is(entry):
                return new, _with_entry(after, entry.site, behind.of(choice.listed.text)[index])
            if fields.text(operation.value, "name") != entry.name:
                raise stuck("the operation puts another container in the place of this one")
            return self._with_policy(new, operation.value, stuck), after
        raise stuck(f"the operation `{operation.op}` is on the whole container")

    def _new_list(
        self,
        choice: Choice,
        operation: merge.Operation,
        before: Roster,
        behind: Roster,
        after: Roster,
        written: OperationPlan,
        stuck: _Stuck,
    ) -> tuple[OperationPlan, Roster]:
        """An operation that adds a whole list, where there was none: of a list with one item it can be the addition."""
        listed = choice.listed.text
        new, there = behind.of(listed), after.of(listed)
        moves = any(self._is(entry) for entry in new)
        if before.of(listed) or listed == "containers" or (len(new) != 1 and (there or moves)):
            raise stuck(f"the operation is on the whole list `{listed}`", _ONE_EACH)
        if not moves and not there:
            return written, Roster(after.containers, new)
        path = written.path[: choice.listed.span.start]
        if moves:
            path += f"{self.direction.target}/-"
            result = self._roster(there, [*after.of(self.direction.target), *new])
        else:
            path += f"{listed}/0"
            result = Roster(after.containers, (*new, *there))
        plan = self._with_policy(written, new[0].site.node, stuck) if moves else written
        return plan._replace(path=path, shape="unwrapped"), result

    def _addition(
        self,
        choice: Choice,
        operation: merge.Operation,
        state: State,
        before: Roster,
        behind: Roster,
        after: Roster,
        written: OperationPlan,
        stuck: _Stuck,
    ) -> tuple[OperationPlan, Roster]:
        """An operation that adds a container: to the target list if it moves, else where its successor stands."""
        listed = choice.listed.text
        old, now = before.of(listed), behind.of(listed)
        assert choice.chosen is not None  # noqa: S101  (the caller has it)
        place = len(old) if choice.chosen.text == "-" else merge.index_of(choice.chosen.text, len(old) + 1)
        if place is None:
            raise stuck("the operation adds a container at a place that is not known")
        entry = now[place]
        target = self.direction.target
        if self._is(entry):
            new = self._with_policy(written, operation.value, stuck)
            there = after.of(target)
            result = self._roster(after.of(self.direction.source), [*there, entry])
            exists = bool(there) or fields.find(at_path(state.node, entry.site.path.split(".")), target) is not None
            if exists:
                path = replaced(written.path, [(choice.listed.span, target), (choice.chosen.span, "-")])
                return new._replace(path=path), result
            path = written.path[: choice.listed.span.start] + target
            return new._replace(path=path, shape="wrapped"), result
        if old and not after.of(listed):
            if listed == "containers":
                raise stuck("the list `containers`, to which the operation adds, would be gone")
            path = written.path[: choice.listed.span.end]
            return written._replace(path=path, shape="wrapped"), Roster(after.containers, (entry,))
        following = [one.site for one in old[place:] if not self._is(one)]
        lists: dict[str, list[Entry]] = {name: list(after.of(name)) for name in LISTS}
        own = [one.site for one in lists[listed]]
        if following:
            at: int | None = own.index(following[0])
        elif listed == target and self.direction.promotes:
            at = next((index for index, site in enumerate(own) if site in self.moving), None)
        else:
            at = None
        lists[listed].insert(len(own) if at is None else at, entry)
        result = Roster(tuple(lists["containers"]), tuple(lists["initContainers"]))
        same = merge.index_of(choice.chosen.text, len(own) + 1) == (len(own) if at is None else at)
        if same or (at is None and choice.chosen.text == "-"):
            return written, result
        path = replaced(written.path, [(choice.chosen.span, "-" if at is None else str(at))])
        return written._replace(path=path), result

    def _with_policy(self, plan: OperationPlan, value: Node | None, stuck: _Stuck) -> OperationPlan:
        if value is None or value.kind != "map":
            raise stuck("the operation's value is no container")
        present = fields.find(value, POLICY) is not None
        return plan._replace(policy=present != self.direction.promotes)

    def _index(self, choice: Choice, entries: Sequence[Entry], stuck: _Stuck) -> int:
        step = choice.chosen.text if choice.chosen is not None else ""
        index = merge.index_of(step, len(entries))
        if index is None:
            raise stuck(f"`{choice.listed.text}/{step}` is no container that is known here")
        return index

    def _pointed(self, pointer: str, choice: Choice, before: Roster, after: Roster, stuck: _Stuck) -> str:
        """The pointer to the same container in the new lists."""
        assert choice.chosen is not None  # noqa: S101  (the caller has it)
        listed = choice.listed.text
        entry = before.of(listed)[self._index(choice, before.of(listed), stuck)]
        moves = self._is(entry)
        if moves and choice.rest[:1] == (POLICY,):
            raise stuck(f"the operation is on the container's `{POLICY}`")
        new_list = self.direction.target if moves else listed
        sites = [one.site for one in after.of(new_list)]
        index = sites.index(entry.site)
        if not moves and merge.index_of(choice.chosen.text, len(sites)) == index:
            return pointer
        return replaced(pointer, [(choice.listed.span, new_list), (choice.chosen.span, str(index))])

    # --- field paths of replacements and vars ---

    def _paths(self, one: Instance, path: str, step: Step, after: Roster) -> None:
        before = step.before.rosters[path]
        concerned = self._concerned(before, before) | self._concerned(after, after)
        for node in step.paths:
            text = node.value
            new = self._path(path, step, node, before, after, concerned) if concerned else text
            subject = Subject(step.unit, node)
            self._demand(subject, TextPlan(text), TextPlan(new), one, concerned, node.line, step.unseen)

    def _path(
        self, path: str, step: Step, node: Node, before: Roster, after: Roster, concerned: frozenset[Site]
    ) -> str:
        def stuck(message: str, advice: str = "") -> _StuckError:
            return _StuckError(node.line, f"the field path {node.value} {message}", concerned, advice)

        text, steps = node.value, path.split(".")
        if text == path or path.startswith(f"{text}."):
            raise stuck("is the whole of what holds the containers")
        choice = field_choice(text, steps, LISTS)
        if choice is None:
            return text
        listed = choice.listed.text
        if choice.chosen is None:
            raise stuck(f"is the whole list `{listed}`", "Write one for each container, by its name (`[name=...]`)")
        pattern = step.kind == "target" and not step.create
        chosen = choice.chosen.text
        indexes = chosen_indexes(chosen, [one.name for one in before.of(listed)], pattern=pattern)
        if indexes is None:
            raise stuck("chooses containers in a way that is not understood")
        entries = [before.of(listed)[index] for index in indexes]
        moving = [entry for entry in entries if self._is(entry)]
        if moving and len(moving) != len(entries):
            names = ", ".join(f"`{entry.name}`" for entry in entries)
            what = f"chooses {names}, of which only some move: it would miss the others"
            raise stuck(what, "Write one for each container, by its name (`[name=...]`)")
        if moving and not choice.rest:
            raise stuck("is a whole container")
        new_list = self.direction.target if moving else listed
        sites = [one.site for one in after.of(new_list)]
        changes = [(choice.listed.span, new_list)]
        if chosen.isdecimal() and entries:
            chosen = str(sites.index(entries[0].site))
            changes.append((choice.chosen.span, chosen))
        again = chosen_indexes(chosen, [one.name for one in after.of(new_list)], pattern=pattern) or ()
        if {sites[index] for index in again} != {entry.site for entry in entries}:
            raise stuck("would choose other containers")
        return replaced(text, changes)

    # --- what is asked of each text ---

    def _concerned(self, one: Roster, two: Roster) -> frozenset[Site]:
        entries = (*one.containers, *one.inits, *two.containers, *two.inits)
        return frozenset(entry.site for entry in entries if self._is(entry))

    def _demand(
        self,
        subject: Subject,
        unchanged: Plan,
        plan: Plan,
        one: Instance,
        sites: Collection[Site],
        line: int,
        unseen: Node | None = None,
    ) -> None:
        demand = self.demands.setdefault(subject.key, Demand(subject, unchanged, line))
        who = f"{one.owner.kind} {one.owner.name} of kustomization {one.root or '.'}"
        demand.ask(plan, who, frozenset(sites), line, unseen)

    def _refuse(self, sites: Iterable[Site], reason: Reason) -> None:
        for site in sites:
            self.refused.setdefault(site, reason)

    def _tolerates(self, sites: Collection[Site], reason: Reason) -> bool:
        """Whether the containers move even so; if not, they are refused."""
        if not self.accepted.issuperset(sites):
            self._refuse(sites, reason)
            return False
        for site in sites:
            self.unfollowed.setdefault(site, reason)
        return True

    def agree(self, build: Build) -> None:
        """Refuse what asks different things of one text, or changes a text that is used for something unknown too."""
        for demand in self.demands.values():
            demand.unify()
            reason = demand.objection(build, self.writable)
            if reason is None:
                continue
            sites = demand.sites
            if len(demand.plans) > 1:
                self.unordered |= sites
            if self._tolerates(sites, reason):
                demand.withdraw()

    def edits(self) -> Iterator[Edit]:
        """The plans that change a text, once all agree."""
        for demand in self.demands.values():
            yield from (Edit(demand.subject, plan, demand.sites) for plan in demand.changing)


class _Item:
    """An item of a patch's list."""

    __slots__ = ("deletes", "index", "name", "node")

    def __init__(self, node: Node, index: int) -> None:
        self.node = node
        self.index = index
        self.name = fields.text(node, "name") or ""
        self.deletes = fields.text(node, merge.DIRECTIVE) == "delete"


def pair_value(node: Node | None, key: str) -> Node | None:
    """The value of a key, null or not."""
    pair = node.pair(key) if node is not None and node.kind == "map" else None
    return None if pair is None else pair[1].resolved


def _merged(there: Sequence[Entry], items: Sequence[_Item], new: dict[str, Entry]) -> list[Entry]:
    """The list after a merge: what the patch names in front, in the patch's order, then the rest (see merge.py)."""
    known = {entry.name: entry for entry in there}
    named = {item.name for item in items}
    front = []
    for item in items:
        entry = known.get(item.name)
        if not item.deletes:
            entry = entry or new.get(item.name)
            if entry is not None:
                front.append(entry)
    return [*front, *(entry for entry in there if entry.name not in named)]


def _with_entry(roster: Roster, site: Site, new: Entry | None) -> Roster:
    """The roster with the entry of a site replaced or taken away."""

    def changed(entries: tuple[Entry, ...]) -> tuple[Entry, ...]:
        swapped = (new if entry.site is site else entry for entry in entries)
        return tuple(entry for entry in swapped if entry is not None)

    return Roster(changed(roster.containers), changed(roster.inits))


def _directive_above(node: Node, steps: Sequence[str]) -> bool:
    """Whether a patch replaces or deletes a mapping on the way to a pod spec, or the pod spec itself."""
    for step in ("", *steps):
        if step:
            child = pair_value(node, step)
            if child is None:
                return False
            if child.kind != "map":
                return True
            node = child
        if fields.text(node, merge.DIRECTIVE) in ("replace", "delete"):
            return True
    return False
