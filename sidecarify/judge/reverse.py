"""The way back: which native sidecars of a pod can become ordinary containers again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sidecarify.catalogue import Catalogue
from sidecarify.direction import POLICY, TO_CONTAINER
from sidecarify.judge.members import member_of
from sidecarify.judge.model import Evidence, Member, PodContext, PodVerdict, Role, Settings
from sidecarify.judge.revert_rules import REVERT_RULES
from sidecarify.judge.said import named
from sidecarify.judge.verdict import answer
from sidecarify.kube.objects import KubeObject
from sidecarify.kube.related import surroundings
from sidecarify.kube.workload import PodSpec


def judge_sidecars(
    pod: PodSpec,
    catalogue: Catalogue,
    settings: Settings,
    others: Sequence[KubeObject] = (),
    *,
    complete: bool = False,
) -> PodVerdict:
    """Judge the native sidecars of a pod that the user asks for: `settings.only`, or all of them.

    Each gets a verdict as helpers do in `judge`. Ordinary containers are main containers here, whatever they do: they
    stay where they are. Raises YamlError (`duplicate-key`).
    """
    members = []
    roles = []
    for container in pod.containers:
        members.append(member_of(pod, container, catalogue, others))
        roles.append(Role("main", (Evidence("it is an ordinary container", container.line),)))
    for container in pod.init_containers:
        if container.is_native_sidecar:
            member = member_of(pod, container, catalogue, others)
            chosen = not settings.only or named(settings.only, pod, container.name)
            members.append(member)
            roles.append(Role("helper" if chosen else "peer", tuple(_evidence(member))))
    context = PodContext(
        pod, tuple(members), tuple(roles), settings.target, surroundings(others), complete, direction=TO_CONTAINER
    )
    is_named = bool(settings.only)
    chosen_ones = (
        answer(member, context, REVERT_RULES, settings, is_named=is_named) for member in context.those("helper")
    )
    return PodVerdict(context, tuple(chosen_ones))


def _evidence(member: Member) -> Iterator[Evidence]:
    container = member.container
    line = container.line_of(POLICY)
    yield Evidence("it is an init container with `restartPolicy: Always`, a native sidecar", line)
    if member.match is not None:
        family = f"its program `{member.match.pattern}` belongs to the family {member.match.transform.name}"
        yield Evidence(family, container.line_of("image"))
