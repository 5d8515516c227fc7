"""The order in which a pod starts and stops, and what it asks of a node, as lines for people.

Sources: KEP-753 (sections on start, termination and resources), documentation of Kubernetes, Sidecar Containers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import TYPE_CHECKING

from sidecarify.kube.quantity import format_quantity
from sidecarify.report.visible import visible

if TYPE_CHECKING:
    from sidecarify.preview import Preview, Timeline


def timeline_lines(shown: Preview) -> Iterator[str]:
    """The start and the stop of a pod before and after the move, a line a step."""
    yield "now"
    yield from _lines(shown.before)
    if not shown.moved:
        yield "nothing would move"
        return
    yield f"after {_listed(shown.moved)} moved"
    yield from _lines(shown.after)


def _lines(order: Timeline) -> Iterator[str]:
    steps = [(_listed((step.name,)), _init_words(step.is_sidecar, step.has_startup_probe)) for step in order.inits]
    steps.append((_listed(order.containers), "all at once" if len(order.containers) > 1 else ""))
    yield from _numbered("start", steps)
    if order.runs_to_completion:
        yield f"  {'done':<6} when {_listed(order.containers)} {_have(order.containers)} ended"
    stops = [(_listed(order.containers), "all at once" if len(order.containers) > 1 else "")]
    sidecars = [step.name for step in order.inits if step.is_sidecar]
    stops += [(_listed((name,)), "when those above have ended") for name in reversed(sidecars)]
    yield from _numbered("stop", stops)
    yield f"  {'':<6} {order.grace_seconds} seconds for all of it"


def _init_words(is_sidecar: bool, has_startup_probe: bool) -> str:
    if not is_sidecar:
        return "runs to its end"
    return "stays; the next starts when its startupProbe passes" if has_startup_probe else "stays; the next follows"


def _numbered(title: str, steps: list[tuple[str, str]]) -> Iterator[str]:
    width = max(len(name) for name, _ in steps)
    for number, (name, words) in enumerate(steps, 1):
        yield f"  {title if number == 1 else '':<6} {number} {name:<{width}}  {words}".rstrip()


def _listed(names: tuple[str, ...]) -> str:
    return visible(", ".join(name or "(no name)" for name in names))


def _have(names: tuple[str, ...]) -> str:
    return "have" if len(names) > 1 else "has"


def demand_line(shown: Preview) -> str:
    """The effective request before and after, resource by resource; empty for a pod that asks for nothing."""
    names = sorted(shown.demand_before.keys() | shown.demand_after.keys())
    parts = []
    for name in names:
        old, new = _quantity(shown.demand_before, name), _quantity(shown.demand_after, name)
        parts.append(f"{visible(name)} {old}" if old == new else f"{visible(name)} {old} -> {new}")
    return f"effective request: {', '.join(parts)}" if parts else ""


def demand_differs(shown: Preview) -> bool:
    """Whether the move changes what the pod asks of a node."""
    return shown.demand_before != shown.demand_after


def _quantity(demand: Mapping[str, Fraction], name: str) -> str:
    return format_quantity(name, demand.get(name, Fraction(0)))
