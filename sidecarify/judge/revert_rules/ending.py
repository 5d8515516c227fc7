"""Rules about the end: an ordinary container is stopped together with the main containers, not after them."""

from __future__ import annotations

from collections.abc import Iterator

from sidecarify.commands import read_program
from sidecarify.judge.model import Evidence, Finding, Member, PodContext, Rule
from sidecarify.judge.revert_rules.start import use_of
from sidecarify.judge.rules.shutdown import only_waits
from sidecarify.kube import fields
from sidecarify.kube.container import Handler

DEFAULT_GRACE = 30


def stop_order_lost(helper: Member, pod: PodContext) -> Iterator[Finding]:
    """The helper is told to stop together with the main container, which may still need it.

    A native sidecar gets SIGTERM when the last main container has ended; ordinary containers get it all at once
    (KEP-753, Termination; hazards TRM1, TRM2). A main container that then drains for a while does so without its
    database proxy, and what it still writes is not shipped. That is under review where the manifest shows that the main
    container takes its time: it has a preStop hook, or the pod a longer grace period than usual. A helper whose own
    preStop hook waits is stopped late enough.

    Fires on:
        containers:
        - {name: shop, image: corp/shop:1, lifecycle: {preStop: {sleep: {seconds: 15}}}}
        initContainers:
        - {name: sql, image: "gcr.io/cloud-sql-connectors/cloud-sql-proxy:2.14.0", restartPolicy: Always}

    Near miss:
        - name: sql
          lifecycle: {preStop: {sleep: {seconds: 20}}}     # it outlives main's drain

    Fix: Give the helper a preStop hook that waits as long as the main container drains.
    """
    hook = helper.container.pre_stop
    if hook is not None and only_waits(hook):
        return
    loss = _loss(helper, pod)
    if loss is None:
        return
    drain = _drain(pod)
    if drain is None:
        yield Finding(
            "stop-order-lost",
            "note",
            f"`{helper.name}` would be told to stop together with the main container: {loss}.",
            "Give it a preStop hook that sleeps for as long as the main container needs to end.",
            helper.container.line,
        )
    else:
        yield Finding(
            "stop-order-lost",
            "review",
            f"`{helper.name}` would be told to stop when the pod begins to end, while the main container still works "
            f"({drain.text}): {loss}.",
            "Give it a preStop hook that sleeps for as long as the main container needs to end.",
            drain.line,
        )


def _loss(helper: Member, pod: PodContext) -> str | None:
    """What is lost when the helper ends before main; None if nothing is."""
    used = any(use_of(helper, main.container, pod.pod) is not None for main in pod.those("main"))
    if used or helper.has_trait("provider"):
        return "what main still asks of it then fails"
    if helper.has_trait("flushes"):
        return "what main writes after that is not sent"
    if helper.has_trait("proxy") and not helper.has_trait("metrics-only"):
        return "requests that it passes on are cut off"
    return None


def _drain(pod: PodContext) -> Evidence | None:
    """What in the manifest says that main goes on working for a while after the pod has been told to end."""
    for main in pod.those("main"):
        hook = main.container.pre_stop
        if hook is not None and _takes_time(hook):
            return Evidence(f"`{main.name}` has a preStop hook", hook.line)
    if pod.pod.grace_seconds > DEFAULT_GRACE:
        line = fields.line(pod.pod.node, "terminationGracePeriodSeconds") or pod.pod.node.line
        return Evidence(f"the pod has {pod.pod.grace_seconds} s of grace", line)
    return None


def _takes_time(hook: Handler) -> bool:
    """Whether a hook may last: all do but an exec of nothing."""
    if hook.kind == "none":
        return False
    return hook.kind != "exec" or read_program(hook.command, ()) is not None


RULES: tuple[Rule, ...] = (Rule(stop_order_lost, ("review", "note"), ("TRM1", "TRM2")),)
