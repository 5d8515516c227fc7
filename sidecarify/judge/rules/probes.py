"""Rules about the helper's probes: the startupProbe gets a new meaning, the others keep theirs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from sidecarify.judge.listening import listening
from sidecarify.judge.model import Finding, Member, PodContext, Rule
from sidecarify.judge.rules.lifetime import invocation
from sidecarify.judge.rules.startup import needs_main
from sidecarify.kube import fields
from sidecarify.kube.version import KubeVersion

_ENOUGH_SECONDS = 60
_FIXED_NEVER_RACE = KubeVersion(1, 35)
_RESTART_BUG = KubeVersion(1, 35)
# Paths that proxies commonly answer themselves: a livenessProbe there says nothing about main.
_OWN_HEALTH = frozenset(
    {"health", "healthz", "healthy", "live", "livez", "liveness", "ping", "ready", "readyz", "status"}
)


def liveness_depends_on_main(helper: Member, pod: PodContext) -> Iterator[Finding]:
    """The helper's livenessProbe fails for as long as the main container is not up.

    A livenessProbe keeps nothing from starting, but while the main container's image is pulled, or while it restarts,
    the kubelet kills and restarts the helper again and again; in a Job with `restartPolicy: OnFailure` each restart
    counts (hazards DEAD7, JOB7).

    Fires on:
        - {name: app, image: corp/app:1, ports: [{containerPort: 8080}]}
        - {name: proxy, image: envoyproxy/envoy:v1.31, livenessProbe: {httpGet: {path: /healthz, port: 8080}}}

    Near miss:
          livenessProbe: {httpGet: {path: /ready, port: 9901}}       # its own admin port

    Fix: Point the probe at something that the helper answers itself.
    """
    probe = helper.container.liveness_probe
    if probe is None:
        return
    page = probe.path.partition("?")[0].rstrip("/").rpartition("/")[2].lower()
    own = helper.match is not None and probe.path in helper.match.transform.main_paths
    found = needs_main(probe, helper, pod)
    passed_on = found is not None and "pass on" in found[1]
    if found is None or (passed_on and not own and page in _OWN_HEALTH):
        return
    yield Finding(
        "liveness-depends-on-main",
        "review",
        f"The livenessProbe of `{helper.name}` passes only when {found[1]}: as a native sidecar it starts before the "
        "main container, and would be killed and restarted until that is up.",
        "Let the probe ask for something that the helper answers itself.",
        probe.line,
    )


def missing_startup_probe(helper: Member, pod: PodContext) -> Iterator[Finding]:
    """The main container needs the helper from its first moment, and only a startupProbe makes it wait for it.

    Without a startupProbe the main container starts as soon as the helper's process runs, not when it is ready: a race,
    as before the move, but one that a native sidecar can end (hazard PRB3; mmalyska/home-ops#4711). Suggested is
    only a probe that is known for the image as it is called here; never one made from the readinessProbe of an unknown
    image, which may ask for the main container (DEAD1).

    Fires on:
        - {name: sql, image: "gcr.io/cloud-sql-connectors/cloud-sql-proxy:2.14.0", args: [inst]}

    Near miss:
        - {name: log, image: fluent/fluent-bit:3.1}       # nobody waits for it

    Fix: Add the startupProbe that the message names.
    """
    if not helper.has_trait("provider") or helper.match is None or helper.container.startup_probe is not None:
        return
    probe = helper.match.startup_probe
    effect = (
        f"The main container starts as soon as the process of `{helper.name}` runs, which may be before it is ready to "
        "be used."
    )
    advice = "Consider a startupProbe that asks for what the main container needs from it."
    if probe is not None and probe.verified:
        call = invocation(helper)
        obstacle = probe.obstacle(call, helper.match.image.version)
        port = probe.port_in(call)
        if obstacle is not None:
            asked = f"`{probe.path}`" if probe.path else f"`{' '.join(probe.command)}`" if probe.command else "its port"
            advice = f"A startupProbe on {asked} would end the race, but {obstacle}."
        elif probe.action == "exec":
            advice = f"Add `startupProbe: {{exec: {{command: [{', '.join(probe.command)}]}}}}`."
        elif not _others_on(port, helper, pod):
            place = f"port: {port}" if probe.path is None else f"path: {probe.path}, port: {port}"
            scheme = f", scheme: {probe.scheme}" if probe.scheme is not None else ""
            advice = f"Add `startupProbe: {{{probe.action}: {{{place}{scheme}}}}}`."
    yield Finding("missing-startup-probe", "note", effect, advice, helper.container.line)


def _others_on(port: int | None, helper: Member, pod: PodContext) -> list[str]:
    return [
        other.name
        for other in pod.members
        if other is not helper and any(found.number == port for found in listening(other.container))
    ]


def startup_probe_budget(helper: Member, pod: PodContext) -> Iterator[Finding]:
    """The helper's startupProbe gives up within a minute.

    When `failureThreshold` times `periodSeconds` is over, the kubelet kills and restarts the helper, and the main
    container goes on waiting (hazard PRB4). On a slow node or an empty cache a minute is soon gone.

    Fires on:
        startupProbe: {httpGet: {path: /startup, port: 9801}}          # 3 times 10 seconds

    Near miss:
        startupProbe: {httpGet: {path: /startup, port: 9801}, periodSeconds: 1, failureThreshold: 60}

    Fix: Raise `failureThreshold`; a high one costs nothing when the helper is quick.
    """
    probe = helper.container.startup_probe
    if probe is None or probe.kind == "none":
        return
    threshold = fields.number(probe.node, "failureThreshold")
    period = fields.number(probe.node, "periodSeconds")
    delay = fields.number(probe.node, "initialDelaySeconds") or 0
    seconds = (3 if threshold is None else threshold) * (10 if period is None else period) + delay
    if seconds < _ENOUGH_SECONDS:
        yield Finding(
            "startup-probe-budget",
            "note",
            f"The startupProbe of `{helper.name}` gives up after {seconds} seconds; the helper is then restarted, and "
            "the main container goes on waiting.",
            "Raise `failureThreshold` so that a slow start fits in.",
            probe.line,
        )


def probe_port_clash(helper: Member, pod: PodContext) -> Iterator[Finding]:
    """Another container of the pod serves the port that the helper's startupProbe would ask.

    All containers of a pod have one network: a probe that another container answers says "started" of a helper that is
    not (hazard PRB7). Copies of k8s-sidecar all serve their health page at 8080 (grafana/helm-charts#4039).

    Fires on:
        - {name: dashboards, image: kiwigrid/k8s-sidecar:1.31.0}
        - {name: grafana, image: grafana/grafana:11.0.0, ports: [{containerPort: 8080}]}

    Near miss:
        - {name: dashboards, image: kiwigrid/k8s-sidecar:1.31.0, env: [{name: HEALTH_PORT, value: "8091"}]}

    Fix: Give the helper's health page a port of its own before you add a probe.
    """
    existing = helper.container.startup_probe
    if existing is not None:
        port, line = (existing.port, existing.line) if isinstance(existing.port, int) else (None, 0)
        others = [
            other.name
            for other in pod.those("helper")
            if other is not helper and any(found.number == port for found in listening(other.container))
        ]
    else:
        known = helper.match.startup_probe if helper.match is not None else None
        if known is None or known.action == "exec":
            return
        port, line = known.port_in(invocation(helper)), helper.container.line
        others = _others_on(port, helper, pod)
    if port is not None and others:
        yield Finding(
            "probe-port-clash",
            "note",
            f"Port {port}, where `{helper.name}` answers health probes, is also a port of `{others[0]}`: a "
            "startupProbe there could pass before the helper is up.",
            "Give one of the two another port before you rely on such a probe.",
            line,
        )


def startup_probe_restart_bugs(helper: Member, pod: PodContext) -> Iterator[Finding]:
    """Some versions of Kubernetes have bugs with a startupProbe on a native sidecar.

    With `restartPolicy: Never` and a first attempt of the probe that fails, the main container was never started up to
    1.34.1 (hazard PRB5; k/k#132826, fixed by #133072, in later patch releases of 1.33 and 1.34 by #134801 and #134800,
    never in 1.32). On 1.35.0 a restart of the kubelet kept crashed main containers from being restarted (hazard PRB6;
    k/k#137146, fix picked by #137885).

    Fires on:
        spec: {restartPolicy: Never, containers: [..., {name: sql, startupProbe: {...}}]}      # --kube-version 1.33

    Near miss:
        spec: {restartPolicy: OnFailure, containers: [..., {name: sql, startupProbe: {...}}]}

    Fix: Make sure that your nodes run a fixed patch release, or drop the startupProbe.
    """
    probe = helper.container.startup_probe
    bug = startup_probe_bug(pod) if probe is not None else None
    if probe is None or bug is None:
        return
    if bug == "PRB5":
        yield Finding(
            "startup-probe-restart-bugs",
            "review",
            f"The pod has `restartPolicy: Never`: if the first attempt of the startupProbe of `{helper.name}` fails, "
            "Kubernetes before 1.33 and early patch releases of 1.33 and 1.34 never start the main container.",
            "Check that the nodes run a patch release with the fix (k/k#133072), or drop the startupProbe.",
            probe.line,
        )
    else:
        yield Finding(
            "startup-probe-restart-bugs",
            "review",
            f"`{helper.name}` has a startupProbe: on early patch releases of 1.35 a crashed main container is not "
            "restarted after the kubelet was.",
            "Check that the nodes run a patch release with the fix (k/k#137885).",
            probe.line,
        )


def startup_probe_bug(pod: PodContext) -> Literal["PRB5", "PRB6"] | None:
    """Which bug of the target version a startupProbe of a native sidecar meets in this pod (hazard id), if any."""
    if pod.pod.restart_policy == "Never" and pod.target < _FIXED_NEVER_RACE:
        return "PRB5"
    return "PRB6" if pod.target == _RESTART_BUG else None


def restart_gated_by_helper(helper: Member, pod: PodContext) -> Iterator[Finding]:
    """A crashed main container is restarted only while the last native sidecar is started.

    If no main container is created or running, the kubelet looks at the last entry of the init list again; where that
    is a native sidecar whose startupProbe does not pass, the main container waits (hazard ORD4; k/k#136969).

    Fires on:
        a pod with one main container, and a helper with a startupProbe as its last helper

    Near miss:
        a helper without a startupProbe, or a pod with two main containers

    Fix: Nothing; it is worth knowing when a main container does not come back.
    """
    probe = helper.container.startup_probe
    if probe is None or len(pod.mains) != 1 or pod.those("helper")[-1:] != (helper,):
        return
    yield Finding(
        "restart-gated-by-helper",
        "note",
        f"If `{pod.mains[0].name}` crashes while the startupProbe of `{helper.name}` does not pass, it is not "
        "restarted before that passes.",
        "Know this when the main container does not come back.",
        probe.line,
    )


RULES: tuple[Rule, ...] = (
    Rule(liveness_depends_on_main, ("review",), ("DEAD7",)),
    Rule(missing_startup_probe, ("note",), ("PRB3",)),
    Rule(startup_probe_budget, ("note",), ("PRB4",)),
    Rule(probe_port_clash, ("note",), ("PRB7",)),
    Rule(startup_probe_restart_bugs, ("review",), ("PRB5", "PRB6")),
    Rule(restart_gated_by_helper, ("note",), ("ORD4",)),
)
