"""What a move asks of the texts of a tree: of one text the same for each of its uses, or it cannot be met."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from sidecarify.direction import Manner
from sidecarify.yamltext.tree import Node

from .build import Build, Site
from .sources import Unit


class ListPlan(NamedTuple):
    """The items of a list that move, in their new order, each with its manner."""

    items: tuple[tuple[int, Manner], ...] = ()


Shape = Literal["", "wrapped", "unwrapped"]


class OperationPlan(NamedTuple):
    """The paths of a JSON6902 operation, and what becomes of its value.

    `policy`: the container gets (or loses) `restartPolicy: Always`. `shape`: it is `wrapped` into a list of its own, or
    `unwrapped`, to come in the place of the list of which it is the one item.
    """

    path: str
    source: str | None
    policy: bool = False
    shape: Shape = ""


class TextPlan(NamedTuple):
    """The text of a field path."""

    text: str


Plan = ListPlan | OperationPlan | TextPlan
SubjectKey = tuple[int, int, str, int]


@dataclass(frozen=True, eq=False)
class Subject:
    """The piece of a unit's text that a plan is for.

    A pod spec's mapping (`path` in the object or patch `holder`), the operation of a number, or a field path's scalar.
    """

    unit: Unit
    holder: Node
    path: str = ""
    operation: int = -1

    @property
    def key(self) -> SubjectKey:
        """What makes two subjects the same."""
        return id(self.unit), id(self.holder), self.path, self.operation


class Edit(NamedTuple):
    """A plan that changes the text of its subject, and the containers for whose sake."""

    subject: Subject
    plan: Plan
    sites: frozenset[Site]


class Reason(NamedTuple):
    """Why containers cannot move, and what to do; `line` is a line of `Sources`."""

    line: int
    message: str
    advice: str = ""


_A_TEXT_EACH = "Give each of them a patch of its own"


@dataclass(slots=True)
class Demand:
    """What the uses of a text ask of it: each plan with those who ask for it; `unchanged` is that of no change.

    `unseen` is a reference to objects that are not read and for which the text may be used too.
    """

    subject: Subject
    unchanged: Plan
    line: int
    plans: dict[Plan, list[tuple[str, frozenset[Site]]]] = field(default_factory=dict)
    unseen: Node | None = None

    @property
    def changing(self) -> list[Plan]:
        """The plans that change the text."""
        return [plan for plan in self.plans if plan != self.unchanged]

    @property
    def sites(self) -> frozenset[Site]:
        """The containers for whose sake it would change."""
        return frozenset(site for plan in self.changing for _, sites in self.plans[plan] for site in sites)

    def ask(self, plan: Plan, who: str, sites: frozenset[Site], line: int, unseen: Node | None) -> None:
        """Take note of what one use asks; the line of the first that asks for a change is that of the demand."""
        if plan != self.unchanged and not self.changing:
            self.line = line
        self.plans.setdefault(plan, []).append((who, sites))
        self.unseen = self.unseen or unseen

    def withdraw(self) -> None:
        """Leave the text as it is."""
        self.plans = {self.unchanged: []}

    def unify(self) -> None:
        """Where one use of a patch defines the container and another patches it, the policy may be written for both."""
        lists = [plan for plan in self.plans if isinstance(plan, ListPlan) and plan.items]
        if len(lists) < 2:
            return
        bare = {tuple((index, manner.named_before) for index, manner in plan.items) for plan in lists}
        if len(bare) > 1:
            return
        keeps = {index: all(dict(plan.items)[index].keeps_policy for plan in lists) for index, _ in lists[0].items}
        unified = ListPlan(tuple((index, Manner(keeps[index], m.named_before)) for index, m in lists[0].items))
        users = [user for plan in lists for user in self.plans.pop(plan)]
        self.plans[unified] = users

    def objection(self, build: Build, writable: Callable[[str], bool]) -> Reason | None:
        """Why the text cannot change as it is asked to, or None; that it need not change at all is none."""
        if not self.changing:
            return None
        unknown = self.unseen or build.strays.get(self.subject.unit)
        other = build.shared.get(self.subject.unit) or build.shared.get(self.subject.holder)
        if unknown is not None:
            what = f"the patch is (or may be) also for objects of {unknown.value or 'a generator'}, which are not read"
            return Reason(self.line, what, "Let its target name one kind and one name")
        if other is not None:
            what = f"the same text is used for {other.kind} {other.name}, whose pod spec is not known"
            return Reason(self.line, what, _A_TEXT_EACH)
        if len(self.plans) > 1:
            uses = [f"for {users[0][0]} {self._said(plan)}" for plan, users in self.plans.items()][:2]
            return Reason(self.line, f"the same text is used several times: {', but '.join(uses)}", _A_TEXT_EACH)
        if not writable(self.subject.unit.file):
            what = "this would have to change with it, and is not among the files of the run"
            return Reason(self.line, what, "Give that file too")
        return None

    def _said(self, plan: Plan) -> str:
        if plan == self.unchanged:
            return "it must stay as it is"
        if isinstance(plan, TextPlan):
            return f"it must say {plan.text}"
        if isinstance(plan, OperationPlan):
            shape = {"": "", "wrapped": " with a list", "unwrapped": " with one container"}[plan.shape]
            return f"it must say {plan.path}{shape}"
        named = dict.fromkeys(name for _, manner in plan.items for name in manner.named_before)
        before = f", behind {', '.join(f'`{name}`' for name in named)}" if named else ""
        return f"an item must go to the other list{before}"
