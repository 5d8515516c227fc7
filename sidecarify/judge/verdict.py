"""From a pod to the answers for its containers: who they are, what the rules find, and what follows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from sidecarify.catalogue import Catalogue
from sidecarify.judge.members import member_of
from sidecarify.judge.model import (
    ContainerVerdict,
    Evidence,
    Finding,
    Member,
    PodContext,
    PodVerdict,
    Rule,
    Settings,
    VerdictName,
)
from sidecarify.judge.roles import roles
from sidecarify.judge.rules import ALL_RULES
from sidecarify.judge.said import said
from sidecarify.kube.objects import KubeObject
from sidecarify.kube.related import surroundings
from sidecarify.kube.workload import PodSpec

if TYPE_CHECKING:
    from sidecarify.judge.tree_rules import TreeRule

_NO_SHARED_VOLUME = "no-shared-volume"
_ALONE = tuple(rule for rule in ALL_RULES if not rule.counts_movers)
_COUNTING = tuple(rule for rule in ALL_RULES if rule.counts_movers)


def judge(
    pod: PodSpec,
    catalogue: Catalogue,
    settings: Settings,
    others: Sequence[KubeObject] = (),
    *,
    complete: bool = False,
) -> PodVerdict:
    """Judge every container of a pod.

    `others` are the objects of the run; `complete` says that they hold every object that points at the pod. Every
    helper and every container whose role is unclear gets a verdict: the strictest of its findings, or safe. Main
    containers and peers get none. Raises YamlError (`duplicate-key`).
    """
    around = surroundings(others)
    members = tuple(member_of(pod, container, catalogue, around) for container in pod.containers)
    decided = roles(pod, members, around, settings)
    sidecars = tuple(member_of(pod, one, catalogue, around) for one in pod.init_containers if one.is_native_sidecar)
    context = PodContext(pod, members, decided, settings.target, around, complete, sidecars=sidecars)
    found = [_answer(member, context, settings) for member in members]
    context = context.refusing(tuple(one.member for one in found if one.verdict == "refuse" and not one.named))
    return PodVerdict(context, tuple(_with_company(one, context, settings) for one in found))


def _with_company(found: ContainerVerdict, context: PodContext, settings: Settings) -> ContainerVerdict:
    """The answer with the notes that depend on who else moves."""
    if found.verdict is None or found.member in context.refused:
        return found
    notes = tuple(_findings(found.member, context, _COUNTING, settings))
    ignored = tuple(one for one in notes if settings.remarks.silence(found.member.container, one))
    kept = tuple(one for one in notes if one not in ignored)
    return found._replace(findings=(*found.findings, *kept), ignored=(*found.ignored, *ignored))


def _answer(member: Member, context: PodContext, settings: Settings) -> ContainerVerdict:
    role = context.role_of(member)
    if role.name in ("helper", "unclear"):
        words = said(settings, context.pod, member.container)
        return answer(member, context, _ALONE, settings, is_named=words is not None)
    return ContainerVerdict(member, role, None, role.evidence, ())


def answer(
    member: Member, context: PodContext, rules: Sequence[Rule], settings: Settings, *, is_named: bool
) -> ContainerVerdict:
    """The answer for a container that may move: what `rules` find, and the strictest of it.

    `is_named` says that the user has named it as one that shall move.
    """
    role = context.role_of(member)
    everything = tuple(_findings(member, context, rules, settings))
    ignored = tuple(one for one in everything if settings.remarks.silence(member.container, one))
    findings = tuple(one for one in everything if one not in ignored) if ignored else everything
    verdict = _verdict(findings)
    if verdict == "refuse" and not is_named and context.direction.promotes:
        # It stays, so there is nothing to note of its move.
        findings = tuple(one for one in findings if one.level != "note")
    evidence = tuple(dict.fromkeys((*role.evidence, *_notable(member))))
    unclear = settings.remarks.unclear.get(id(member.container.node))
    return ContainerVerdict(member, role, verdict, evidence, findings, is_named, ignored, unclear)


def _findings(member: Member, context: PodContext, rules: Sequence[Rule], settings: Settings) -> Iterator[Finding]:
    for rule in rules:
        if runs(rule, settings):
            yield from dict.fromkeys(rule.check(member, context))


def runs(rule: Rule | TreeRule, settings: Settings) -> bool:
    """Whether the user wants the rule to run."""
    if not settings.shared_volume and rule.name == _NO_SHARED_VOLUME:
        return False
    if settings.select and not any(fnmatchcase(rule.name, pattern) for pattern in settings.select):
        return False
    return not (settings.ignore and any(fnmatchcase(rule.name, pattern) for pattern in settings.ignore))


def _verdict(findings: Sequence[Finding]) -> VerdictName:
    levels = {finding.level for finding in findings}
    if "refuse" in levels:
        return "refuse"
    return "review" if "review" in levels else "safe"


def _notable(member: Member) -> Iterator[Evidence]:
    """What a reader wants to know of any container: how long its program runs."""
    program = member.program
    if program is None or not program.reason:
        return
    line = member.container.word_line(0) if member.container.words else member.container.line
    if program.decisive is not None and program.script_index is not None:
        line = member.container.word_line(program.script_index, program.decisive.line)
    yield Evidence(f"its program: {program.reason}", line)
