"""How a helper ends: hooks, the grace period, and what it does while the main container is going away."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sidecarify.commands import Lifetime, Program, SimpleCommand, read_program
from sidecarify.commands.argv import base_name
from sidecarify.commands.processes import seconds
from sidecarify.commands.stopping import kills
from sidecarify.commands.uploads import uploads
from sidecarify.judge.listening import dials, is_administrative, listening
from sidecarify.judge.model import Evidence, Finding, Level, Member, PodContext, Rule
from sidecarify.judge.wording import called, file_of, if_together
from sidecarify.kube import fields
from sidecarify.kube.container import Container, Handler
from sidecarify.kube.related import Service, ServicePort, port_owner, services
from sidecarify.kube.version import KubeVersion

TERMINATION_FIXED_AFTER = KubeVersion(1, 30)
ENOUGH_TO_FLUSH = 10
LONG_GRACE = 120

_STOP_PATH = r"/(?:quit|quitquitquit|exit|shutdown|stop|terminate|drain_listeners)(?![\w-])"
_DRAINS = r"/drain_listeners(?![\w-])"
_UNMOUNTS = frozenset({"umount", "fusermount", "fusermount3"})
_NETWORK_DOWN = {"wg-quick": {"down"}, "tailscale": {"down", "logout"}, "ifdown": set(), "ipsec": {"down"}}
_CONSOLES = frozenset({"psql", "mysql", "mariadb", "redis-cli", "valkey-cli", "vault", "bao"})
_CONSOLE_STOP = r"(?i)\b(?:shutdown|pause|revoke)\b"
_PASSIVE = frozenset(
    {"sleep", "usleep", "echo", "printf", "true", ":", "date", "wait", "set", "exit", "[", "test", "[["}
)
_INIT_SYSTEMS = frozenset({"tini", "tini-static", "dumb-init", "docker-init", "catatonit", "pid1"})
_FRONT_NAMES = frozenset({"https", "tls"})
_FRONT_PORTS = frozenset({80, 443, 8443})
_UPSTREAM = (
    r"(?i)-{0,2}(?:[\w.-]*[._-])?"
    r"(?:upstream|upstreams|backend|target|proxy[._-]?pass|forward[._-]?to)(?:[._-]?ur[il]s?)?"
)
_LOCAL_PLACE = r"(?:https?://|tcp://|h2c://)?(?:localhost|127\.0\.0\.1|\[::1\]):\d+\S*|unix:\S+"
_BINDS = r"(?i)listen|bind|(?:^|_)(?:host|addr(?:ess)?)$"
_BRINGS_TRAFFIC = ("TS_SERVE_CONFIG", "TS_DEST_IP")


def _hook(handler: Handler | None) -> Program | None:
    return read_program(handler.command, ()) if handler is not None and handler.kind == "exec" else None


def _hook_line(handler: Handler, program: Program, command: SimpleCommand) -> int:
    """The line of a command in an exec hook: exact in block scalars."""
    words = fields.items(handler.node, "exec", "command")
    if program.script_index is None or program.script_index >= len(words):
        return handler.line
    node = words[program.script_index]
    return node.line + 1 + command.line if node.style == "|" else node.line


def _ending(container: Container) -> tuple[str, int] | None:
    """What in the preStop hook of a container ends it or its service, and the line; None if nothing does.

    A hook that first waits for another process or port to go away ends nothing early.
    """
    handler = container.pre_stop
    if handler is None:
        return None
    if handler.kind == "httpGet":
        return (f"GET {handler.path}", handler.line) if re.search(_STOP_PATH, handler.path) else None
    program = _hook(handler)
    if program is None:
        return None
    waited = min((wait.command.offset for wait in program.waits if wait.until == "vanishes"), default=None)
    for command in (
        *(kill.command for kill in kills(program)),
        *_service_ends(program),
        *_told_to_end(program, container),
    ):
        if waited is None or command.offset < waited:
            return command.text, _hook_line(handler, program, command)
    return None


def _service_ends(program: Program) -> Iterator[SimpleCommand]:
    for command in program.commands:
        down = _NETWORK_DOWN.get(command.name)
        is_down = down is not None and (not down or bool(down & {*command.argv}))
        drains = any(re.search(_DRAINS, word) for word in command.argv[1:])
        console = command.name in _CONSOLES and any(re.search(_CONSOLE_STOP, word) for word in command.argv[1:])
        if command.name in _UNMOUNTS or is_down or drains or console:
            yield command


def _told_to_end(program: Program, container: Container) -> Iterator[SimpleCommand]:
    """Commands of a hook that make the file for which the container's own script waits."""
    own = read_program(container.command, container.args)
    awaited = {wait.target for wait in own.waits if wait.kind == "file" and wait.until == "appears"} if own else set()
    for command in program.commands:
        made = {redirect.target for redirect in command.redirects if redirect.operator.startswith(">")}
        if command.name in ("touch", "tee", "cp", "mv", "ln"):
            made.update(command.argv[1:])
        if made & awaited:
            yield command


def prestop_ends_helper(helper: Member, pod: PodContext) -> Iterator[Finding]:
    """The helper's preStop hook ends it, or what it provides, while the main container still works.

    The hooks of all containers run when the termination of the pod begins, those of native sidecars too; only SIGTERM
    waits until the main containers have ended (KEP-753, Termination; hazards HOOK1, HOOK2). A hook that quits, kills,
    unmounts or closes takes the service away from a main container that is still draining. The kubelet then restarts
    the helper, and the hook's work is undone or goes round in a loop. As a native sidecar it needs no such hook: it is
    stopped after the main container anyway.

    Fires on:
        lifecycle: {preStop: {exec: {command: [/cloud-sql-proxy, shutdown]}}}

    Near miss:
        lifecycle: {preStop: {exec: {command: [nginx, -s, reload]}}}   # a reload ends nothing

    Fix: Remove the hook in the same commit.
    """
    ending = _ending(helper.container)
    if ending is not None:
        what, line = ending
        yield Finding(
            "prestop-ends-helper",
            "review",
            f"The preStop hook of `{helper.name}` (`{_short(what)}`) would end its service when the pod begins to end, "
            "while the main container still works, and the kubelet would restart it.",
            "Remove the hook: a native sidecar is stopped after the main container.",
            line,
        )


def prestop_obsolete(helper: Member, pod: PodContext) -> Iterator[Finding]:
    """The helper's preStop hook only waits, so that it outlives the main container.

    A native sidecar gets SIGTERM only after every main container has ended (KEP-753; the documentation of the pod
    lifecycle says that such hooks can go; hazard HOOK3). The wait does no harm beyond its use of the grace period.

    Fires on:
        lifecycle: {preStop: {exec: {command: [sleep, "15"]}}}

    Near miss:
        lifecycle: {preStop: {httpGet: {path: /drain, port: 9901}}}    # this may start real work

    Fix: Remove the hook when the helper is a native sidecar.
    """
    handler = helper.container.pre_stop
    if (
        handler is None
        or _ending(helper.container) is not None
        or not only_waits(handler)
        or _front(helper, pod) is not None
    ):
        return
    yield Finding(
        "prestop-obsolete",
        "note",
        f"The preStop hook of `{helper.name}` only waits, but a native sidecar is stopped after main anyway.",
        "Remove the hook after the move; until then it uses up the pod's grace period.",
        handler.line,
    )


def only_waits(handler: Handler) -> bool:
    """Whether a hook does nothing but sleep or wait for something."""
    if handler.kind == "sleep":
        return True
    program = _hook(handler)
    if program is None or not program.readable:
        return False
    waiting = {id(wait.command) for wait in program.waits}
    slept = any(command.name in ("sleep", "usleep") for command in program.commands)
    return (slept or bool(waiting)) and all(
        command.name in _PASSIVE or id(command) in waiting or command.in_condition for command in program.commands
    )


def prestop_runs_early(helper: Member, pod: PodContext) -> Iterator[Finding]:
    """The helper has a preStop hook, which runs at the start of the termination, not before its own SIGTERM.

    The hooks of native sidecars run together with those of the main containers, as before; SIGTERM follows only when
    the main containers have ended (KEP-753, Termination 1; hazard HOOK1). Where hook and SIGTERM belong together, time
    passes between them now: Istio's proxy drained too early for that reason (istio#51855, #60649).

    Fires on:
        lifecycle: {preStop: {exec: {command: [/bin/flush.sh]}}}

    Near miss:
        lifecycle: {postStart: {exec: {command: [/bin/flush.sh]}}}

    Fix: Check that the hook does no harm while the main container still works.
    """
    handler = helper.container.pre_stop
    if handler is None or handler.kind == "none" or _ending(helper.container) is not None or only_waits(handler):
        return
    yield Finding(
        "prestop-runs-early",
        "note",
        f"The preStop hook of `{helper.name}` runs when the pod begins to end, but SIGTERM comes only after main.",
        "Check that what the hook does is right while the main container still works.",
        handler.line,
    )


def _flushes(member: Member) -> bool:
    return member.has_trait("flushes") or (member.program is not None and bool(uploads(member.program)))


def _main_sleep(pod: PodContext) -> tuple[int, int]:
    """The longest fixed sleep of a main container's preStop hook in seconds, and its line."""
    longest, line = 0, 0
    for main in pod.mains:
        handler = main.container.pre_stop
        if handler is None:
            continue
        slept = 0
        if handler.kind == "sleep":
            slept = fields.number(handler.node, "sleep", "seconds") or 0
        program = _hook(handler)
        for command in program.commands if program is not None else ():
            duration = seconds(command.argv[1:]) if command.name == "sleep" and not command.in_loop else None
            slept += int(duration) if duration is not None and duration < 10**6 else 0
        if slept > longest:
            longest, line = slept, handler.line
    return longest, line


def tight_grace(helper: Member, pod: PodContext) -> Iterator[Finding]:
    """The helper has something to send at the end, and the grace period leaves little time for it.

    All containers share one grace period. A native sidecar is told to stop only when the main container has ended; if
    that has used the time up, the helper gets SIGTERM, two seconds, and SIGKILL (KEP-753, Termination 5; hazard TRM2).
    Before, it got SIGTERM at the beginning and had the whole period. What it has buffered would be lost.

    Fires on:
        terminationGracePeriodSeconds: 20
        # main: lifecycle: {preStop: {sleep: {seconds: 15}}}

    Near miss:
        terminationGracePeriodSeconds: 60
        # main: lifecycle: {preStop: {sleep: {seconds: 15}}}

    Fix: Raise `terminationGracePeriodSeconds` to main's time to drain plus that of its helpers.
    """
    grace = pod.pod.grace_seconds
    if grace <= 0 or not _flushes(helper):
        return
    slept, line = _main_sleep(pod)
    given = fields.line(pod.pod.node, "terminationGracePeriodSeconds")
    left = grace - slept
    enough = max(slept, 20) + 2 * ENOUGH_TO_FLUSH
    if grace >= enough:
        return
    advice = f"Set `terminationGracePeriodSeconds` to {enough} or more."
    if left < ENOUGH_TO_FLUSH:
        level: Level = "review"
        effect = (
            f"Of the {grace} s of grace {max(left, 0)} s are left when main's preStop sleep is over: what "
            f"`{helper.name}` has buffered by then may be lost."
            if slept
            else f"`{helper.name}` is stopped after the main container, within {grace} s of grace for both: what it "
            "has buffered may be lost."
        )
    elif slept or grace < 30:
        level = "note"
        effect = (
            f"`{helper.name}` is stopped after the main container and sends the rest within what is then left of "
            f"{grace} s of grace."
        )
    else:
        return
    yield Finding("tight-grace", level, effect, advice, line or given or helper.container.line)


def serial_drain(helper: Member, pod: PodContext) -> Iterator[Finding]:
    """Several helpers of the pod have something to send at the end, and they now end one after another.

    Native sidecars are stopped in the reverse order of the list, each after the one behind it (kubelet,
    kuberuntime_termination_order.go; hazard TRM3). Ordinary containers are stopped all at once. The times add up within
    the one grace period. Helpers that a rule refuses stay, and do not count; native sidecars that are there already do.

    Fires on:
        containers:
        - {name: app, image: corp/app:1}
        - {name: fluent-bit, image: fluent/fluent-bit:3.1}
        - {name: otel, image: otel/opentelemetry-collector:0.104.0}

    Near miss:
        containers:
        - {name: app, image: corp/app:1}
        - {name: fluent-bit, image: fluent/fluent-bit:3.1}
        - {name: cloud-sql, image: gcr.io/cloud-sql-connectors/cloud-sql-proxy:2.11}    # has nothing to send

    Fix: Make sure that `terminationGracePeriodSeconds` is enough for all of them.
    """
    moving = (one for one in pod.those("helper") if one not in pod.refused)
    draining = [one.name for one in (*pod.sidecars, *moving) if _flushes(one)]
    others = [name for name in draining if name != helper.name]
    if _flushes(helper) and others:
        named = ", ".join(f"`{name}`" for name in others)
        yield Finding(
            "serial-drain",
            "note",
            f"`{helper.name}` and {named} would be stopped one after another within {pod.pod.grace_seconds} s, "
            "formerly at the same time.",
            "Make sure that `terminationGracePeriodSeconds` is enough for all of them.",
            helper.container.line,
        )


def slow_stop(helper: Member, pod: PodContext) -> Iterator[Finding]:
    """The helper is a shell script that does not react to SIGTERM, and now adds its wait to the pod's end.

    A shell as the first process of a container ignores SIGTERM unless it has a trap, and passes it on to nobody. Until
    now the helper waited for SIGKILL at the same time as the main container drained; as a native sidecar it starts to
    wait when the main container has ended (hazard TRM7). Every rollout then takes the whole grace period.

    Fires on:
        command: [sh, -c, "while true; do ls /data; sleep 10; done"]

    Near miss:
        command: [sh, -c, "sleep 2; exec /fluent-bit/bin/fluent-bit -c /etc/fluent.conf"]      # it heeds SIGTERM itself

    A trap for EXIT alone helps in bash only.

    Fix: Begin the script with `trap 'exit 0' TERM`, and let what takes long run as `COMMAND & wait $!`: a shell runs a
    trap only between commands. `exec` alone does it for programs with a handler of their own; as first process of a
    container, `tail` and `sleep` ignore the signal too.
    """
    program = helper.program
    if program is None or program.script is None or program.script_index is None or not program.readable:
        return
    if program.lifetime is Lifetime.ENDS:
        return
    own = [command for command in program.commands if not command.in_trap and not command.in_substitution]
    if len(own) < 2 or any(command.words[:1] == ("exec",) and len(command.words) > 1 for command in own):
        return
    if _heeds_sigterm(program) or pod.pod.shares_processes:
        return
    if set(program.wrappers) & _INIT_SYSTEMS:
        return
    yield Finding(
        "slow-stop",
        "note",
        f"The shell of `{helper.name}` ignores SIGTERM: the pod would wait for it until the grace period is over.",
        "Begin the script with `trap 'exit 0' TERM`, and let what takes long run behind it: `COMMAND & wait $!`.",
        helper.container.word_line(program.script_index),
    )


def _heeds_sigterm(program: Program) -> bool:
    """Whether the script's shell reacts to SIGTERM: it has a trap for it, or is a bash with one for its own end.

    Other shells (dash, busybox) run the trap on EXIT where they end, and a signal that nobody handles does not end the
    first process of a container.
    """
    heeded = {"TERM"} | ({"EXIT"} if program.argv and base_name(program.argv[0]) == "bash" else set())
    return any(not trap.ignores and heeded & {*trap.signals} for trap in program.traps)


def stuck_termination(helper: Member, pod: PodContext) -> Iterator[Finding]:
    """A pod that is deleted before the helper has started may hang until the grace period is over.

    With several entries in `initContainers` of which one never started, kubelets of Kubernetes 1.29 and 1.30 waited for
    it (k/k#125880, istio#51883; hazard TRM6). That is noticed where the grace period is long and a startupProbe can
    keep a later entry from starting.

    Fires on:
        terminationGracePeriodSeconds: 600       # with target 1.30 and before
        # the helper: startupProbe: {httpGet: {path: /startup, port: 9801}}, and another init container

    Near miss:
        terminationGracePeriodSeconds: 30

    Fix: Run Kubernetes 1.31 or later.
    """
    if pod.target > TERMINATION_FIXED_AFTER or helper.container.startup_probe is None:
        return
    entries = len(pod.inits) + len(pod.those("helper"))
    if pod.pod.grace_seconds > LONG_GRACE and entries > 1:
        yield Finding(
            "stuck-termination",
            "note",
            f"If the pod is deleted before the startupProbe of `{helper.name}` has passed, Kubernetes up to "
            f"{TERMINATION_FIXED_AFTER} may wait for all of the {pod.pod.grace_seconds} s of grace.",
            "Shorten the grace period, or run Kubernetes 1.31 or later.",
            helper.container.line_of("startupProbe"),
        )


def edge_proxy(helper: Member, pod: PodContext) -> Iterator[Finding]:
    """The helper stands in front of the main container: requests reach main through it.

    As a native sidecar it is stopped after the main container, not together with it. In between it keeps accepting
    requests and answers each with an error, as a rule 502 (hazard TRM8). A tunnel to a provider is not even taken out
    of the Service first: it brings requests until it is stopped. A helper that main itself calls (egress, auth
    subrequests) is better off as a native sidecar; only one that is called from outside is meant here.

    Fires on:
        # the helper: image: nginx, ports: [{name: https, containerPort: 8443}]
        kind: Service
        spec:
          ports: [{port: 443, targetPort: https}]

    Near miss:
        kind: Service
        spec:
          ports: [{port: 443, targetPort: 8080}]       # main's own port

    Fix: Give the main container a preStop sleep that is long enough for the last requests, then use `--unsafe`.
    """
    found = _front(helper, pod)
    if found is not None:
        yield Finding(
            "edge-proxy",
            "review",
            f"{found.text}: it would keep taking requests after the main container has ended, and answer with errors.",
            "Leave it, or give the main container a preStop sleep that lets the last requests through first.",
            found.line,
            found.file,
        )


def _front(helper: Member, pod: PodContext) -> Evidence | None:
    """What says that requests from outside reach the main container through this helper."""
    container = helper.container
    if helper.has_trait("metrics-only"):
        return None
    brings = next((container.env[name] for name in _BRINGS_TRAFFIC if name in container.env), None)
    if brings is not None:
        return Evidence(f"`{brings.name}` makes `{helper.name}` pass requests from outside on to the pod", brings.line)
    if helper.has_trait("inbound"):
        return Evidence(
            f"`{helper.name}` is a tunnel that brings requests from outside to the pod", container.line_of("image")
        )
    reached = services(pod.pod, pod.others)
    is_proxy = helper.has_trait("proxy") or (helper.has_trait("provider") and _asks_main(helper, pod))
    for service in reached:
        for port in service.ports:
            if _leads_to(port, helper, pod, is_proxy=is_proxy) and (is_proxy or _is_alone(helper, reached, pod)):
                where = f"Port {port.target} of {called(service.object)}"
                text = f"{where} leads to `{helper.name}`{if_together(service.certain)}"
                return Evidence(text, port.line, file_of(pod, service.object))
    if not helper.has_trait("proxy") or reached or pod.pod.runs_to_completion:
        return None
    return _passes_on(container) or _declares_the_front(container, pod)


def _leads_to(port: ServicePort, helper: Member, pod: PodContext, *, is_proxy: bool) -> bool:
    owner = port_owner(port, pod.pod.containers)
    if owner is not None:
        return owner[0] is helper.container and not is_administrative(port.name, owner[1].name)
    if not isinstance(port.target, int) or is_administrative(port.name):
        return False
    listeners = [one for one in pod.members if any(found.number == port.target for found in listening(one.container))]
    if listeners:
        return listeners == [helper]
    if not is_proxy or list(listening(helper.container)) or _is_dialled(helper, pod):
        return False
    proxies = [one for one in pod.members if one.has_trait("proxy") and not one.has_trait("metrics-only")]
    return proxies == [helper]


def _asks_main(helper: Member, pod: PodContext) -> bool:
    """Whether a provider (a pooler, a cache) gets what it provides from a main container: it names main's address."""
    ports = frozenset(port.number for main in pod.mains for port in main.container.ports if port.number is not None)
    values = {variable.value for variable in helper.container.env.values()}
    return bool(values & {"localhost", "127.0.0.1", "::1"}) or dials(helper.container, ports)


def _is_dialled(helper: Member, pod: PodContext) -> bool:
    """Whether a main container has the address of a socket on a volume that it shares with the helper."""
    volumes = {mount.volume for mount in helper.container.mounts}
    for main in pod.mains:
        folders = [mount.path.rstrip("/") for mount in main.container.mounts if mount.volume in volumes]
        for variable in main.container.env.values():
            path = re.sub(r"^unix:/*", "/", variable.value or "")
            if not re.search(_BINDS, variable.name) and any(path.startswith(f"{folder}/") for folder in folders):
                return True
    return False


def _is_alone(helper: Member, reached: tuple[Service, ...], pod: PodContext) -> bool:
    """Whether an unknown helper takes all the traffic: no Service leads to a main container."""
    if helper.match is not None:
        return False
    mains = [one.container for one in pod.mains]
    return not any(port_owner(port, mains) for service in reached for port in service.ports)


def _passes_on(container: Container) -> Evidence | None:
    words = container.words
    for index, node in enumerate(words):
        name, equals, value = node.value.partition("=")
        if not equals and index + 1 < len(words):
            value = words[index + 1].value
        if re.fullmatch(_UPSTREAM, name) and re.fullmatch(_LOCAL_PLACE, value):
            return Evidence(
                f"`{_short(node.value)}` makes `{container.name}` pass requests on to main", container.word_line(index)
            )
    for variable in container.env.values():
        if re.fullmatch(_UPSTREAM, variable.name) and re.fullmatch(_LOCAL_PLACE, variable.value or ""):
            return Evidence(f"`{variable.name}` makes `{container.name}` pass requests on to main", variable.line)
    return None


def _declares_the_front(container: Container, pod: PodContext) -> Evidence | None:
    own = [port for port in container.ports if not is_administrative(port.name)]
    numbers = frozenset(port.number for port in own if port.number is not None)
    mains = [one.container for one in pod.mains]
    if not own or any(dials(main, numbers) for main in mains):
        return None
    if not any(not is_administrative(port.name) for main in mains for port in main.ports):
        return Evidence(
            f"Only `{container.name}` declares a port ({own[0].number}), so requests come in through it", own[0].line
        )
    front = next((port for port in own if port.number in _FRONT_PORTS or port.name in _FRONT_NAMES), None)
    if front is not None:
        return Evidence(
            f"`{container.name}` declares port {front.number}, where requests from outside usually come in", front.line
        )
    return None


def _short(text: str) -> str:
    joined = " ".join(text.split())
    return joined if len(joined) <= 60 else f"{joined[:59].rstrip()}…"


RULES: tuple[Rule, ...] = (
    Rule(prestop_ends_helper, ("review",), ("HOOK1", "HOOK2")),
    Rule(prestop_obsolete, ("note",), ("HOOK3",)),
    Rule(prestop_runs_early, ("note",), ("HOOK1",)),
    Rule(tight_grace, ("review", "note"), ("TRM2",)),
    Rule(serial_drain, ("note",), ("TRM3",), counts_movers=True),
    Rule(slow_stop, ("note",), ("TRM7",)),
    Rule(stuck_termination, ("note",), ("TRM6",)),
    Rule(edge_proxy, ("review",), ("TRM8",)),
)
