"""What a pod's start, stop and demand are now, and what they become if its helpers move."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from sidecarify.judge.model import PodVerdict
from sidecarify.kube.container import Container
from sidecarify.kube.demand import pod_demand
from sidecarify.kube.workload import PodSpec
from sidecarify.plan import Consent, Move, plan


class InitStep(NamedTuple):
    """An entry of `initContainers`: a native sidecar stays, and lets the next begin when it is started."""

    name: str
    is_sidecar: bool
    has_startup_probe: bool


class Timeline(NamedTuple):
    """The order of a pod: entries of `initContainers` one by one, then all containers at once."""

    inits: tuple[InitStep, ...]
    containers: tuple[str, ...]
    grace_seconds: int
    runs_to_completion: bool


class Preview(NamedTuple):
    """A pod before and after the move of `moved`; without any, both are the same. Demands are effective requests."""

    moved: tuple[str, ...]
    before: Timeline
    after: Timeline
    demand_before: dict[str, Fraction]
    demand_after: dict[str, Fraction]


def preview(verdict: PodVerdict, consent: Consent) -> Preview:
    """The pod as it is, and with all helpers moved that nothing refuses (those under review too)."""
    pod = verdict.context.pod
    moves = plan(verdict, consent._replace(unsafe=True)).moves
    moved = [_container(pod, move) for move in moves]
    names = tuple(move.container for move in moves)
    return Preview(
        names,
        _timeline(pod, ()),
        _timeline(pod, moved),
        pod_demand(pod, "requests"),
        pod_demand(pod, "requests", moved),
    )


def _container(pod: PodSpec, move: Move) -> Container:
    return next(one for one in pod.containers if one.index == move.index)


def _timeline(pod: PodSpec, moved: Sequence[Container]) -> Timeline:
    inits = [_step(one, one.is_native_sidecar) for one in pod.init_containers]
    inits += [_step(one, True) for one in moved]
    gone = {one.index for one in moved}
    stay = tuple(one.name for one in pod.containers if one.index not in gone)
    return Timeline(tuple(inits), stay, pod.grace_seconds, pod.runs_to_completion)


def _step(container: Container, is_sidecar: bool) -> InitStep:
    return InitStep(container.name, is_sidecar, container.startup_probe is not None)
