"""Rules about the start: an ordinary container starts after every init container and beside the main containers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from sidecarify.commands import Program, local_connections, read_program
from sidecarify.judge import signs
from sidecarify.judge.listening import listening
from sidecarify.judge.model import Evidence, Finding, Member, PodContext, Rule
from sidecarify.judge.paths import mount_of
from sidecarify.kube.container import Container, Handler, Mount
from sidecarify.kube.workload import PodSpec

_LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "::1", "[::1]"})
_WAITING_TOOLS = frozenset({"wait-for-it", "wait-for", "dockerize", "linkerd-await", "kubexit", "scuttle"})


# --- who uses what ------------------------------------------------------------------------------------------------


def ports_of(helper: Member) -> frozenset[int]:
    """The ports that a helper is known to listen on: declared, named by its call, or those of its family's probe."""
    known = {found.number for found in listening(helper.container)}
    for probe in (helper.container.startup_probe, helper.container.readiness_probe, helper.container.liveness_probe):
        if probe is not None and isinstance(probe.port, int):
            known.add(probe.port)
    return frozenset(known)


def use_of(helper: Member, user: Container, pod: PodSpec) -> Evidence | None:
    """What says that a container uses the helper: its port on localhost, or files that only the helper makes."""
    return _dials(user, ports_of(helper)) or _reads(helper, user, pod)


def _dials(user: Container, ports: frozenset[int]) -> Evidence | None:
    own = {port.number for port in user.ports}
    wanted = frozenset(ports - own)
    found = signs.dials(user, wanted)
    if found is not None:
        return found
    # DB_HOST: 127.0.0.1 beside DB_PORT: "5432"
    local = [one for one in user.env.values() if one.value in _LOCAL_HOSTS]
    for variable in user.env.values() if local else ():
        if variable.value is not None and variable.value.isdecimal() and int(variable.value) in wanted:
            text = f"`{local[0].name}` and `{variable.name}` name the port {variable.value} of this pod"
            return Evidence(text, variable.line)
    return None


def _reads(helper: Member, user: Container, pod: PodSpec) -> Evidence | None:
    for mount in user.mounts:
        filled = _filled(helper, mount, pod)
        if filled and (mount.read_only or helper.has_trait("provider")):
            return Evidence(f"it reads the volume `{mount.volume}`, which `{helper.name}` fills", mount.line)
        # The kubelet makes a missing subPath a folder (FLD11), which a program that wants a file cannot read.
        if filled and "." in mount.sub_path.rpartition("/")[2]:
            text = f"it mounts the file `{mount.sub_path}` of the volume `{mount.volume}`, which `{helper.name}` fills"
            return Evidence(text, mount.line)
    return None


def _filled(helper: Member, mount: Mount, pod: PodSpec) -> bool:
    """Whether the helper may write the volume; one that ships what others write is taken for a reader."""
    volume = pod.volumes.get(mount.volume)
    if (volume is not None and volume.is_config) or helper.has_trait("flushes"):
        return False
    return any(own.volume == mount.volume and not own.read_only for own in helper.container.mounts)


def waits_for(user: Container, helper: Member) -> bool:
    """Whether a container itself waits, before its work, until the helper answers or its file is there."""
    ports = ports_of(helper)
    for program in _programs(user):
        if _WAITING_TOOLS.intersection(program.wrappers):
            return True
        for connection in local_connections(program):
            if connection.waits and (connection.endpoint.port in ports or connection.endpoint.kind == "socket"):
                return True
        for wait in program.waits:
            if wait.kind == "file" and wait.until == "appears" and _is_shared(wait.target, user, helper):
                return True
    return False


def _programs(container: Container) -> Iterator[Program]:
    program = read_program(container.command, container.args)
    if program is not None:
        yield program


def _is_shared(path: str, user: Container, helper: Member) -> bool:
    mount = mount_of(user, path)
    return mount is not None and any(own.volume == mount.volume for own in helper.container.mounts)


# --- init-needs-sidecar -------------------------------------------------------------------------------------------


def init_needs_sidecar(helper: Member, pod: PodContext) -> Iterator[Finding]:
    """An init container stands behind the native sidecar, and would no longer have it at its side.

    What follows a native sidecar in `initContainers` starts when that is running: a migration can use the database
    proxy before it. Ordinary containers start when all init containers have ended (KEP-753; hazards ORD7, ORD10). An
    init container that dials the sidecar's port, waits for it, or reads what it writes, then fails or waits for ever,
    and the pod never starts. Where nothing says that it needs the sidecar (a VPN or a mesh is not named by those who
    use it), somebody must look.

    Fires on:
        initContainers:
        - {name: sql, image: "cloud-sql-proxy:2.14.0", args: [--port=5432, shop:eu:db], restartPolicy: Always}
        - {name: migrate, image: corp/shop:1, env: [{name: DATABASE_URL, value: "postgres://127.0.0.1:5432/shop"}]}

    Near miss:
        initContainers:
        - {name: migrate, image: corp/shop:1, env: [{name: DATABASE_URL, value: "postgres://db.prod:5432/shop"}]}
        - {name: sql, image: "cloud-sql-proxy:2.14.0", args: [--port=5432, shop:eu:db], restartPolicy: Always}

    Fix: Do the init container's work at the start of the main container, or give it what it needs in another way.
    """
    later = [one for one in pod.inits if one.index > helper.container.index]
    kept = {id(member.container.node) for member in pod.those("peer")}
    for one in later:
        if one.is_native_sidecar and id(one.node) not in kept:
            continue
        finding = _need(helper, one, pod)
        if finding is not None:
            yield finding
        elif not one.is_native_sidecar:
            yield Finding(
                "init-needs-sidecar",
                "review",
                f"`{one.name}` starts after `{helper.name}` and runs beside it; it would run before it, and nothing "
                "says whether it needs it.",
                f"Make sure that `{one.name}` does without it.",
                one.line,
            )


def needed_later(helper: Member, pod: PodContext, stays: Sequence[Container]) -> Finding | None:
    """The finding of `init-needs-sidecar` on the first of those `stays` behind the helper that needs it, or None."""
    later = [one for one in stays if one.index > helper.container.index]
    return next((found for one in later if (found := _need(helper, one, pod)) is not None), None)


def _need(helper: Member, later: Container, pod: PodContext) -> Finding | None:
    used = use_of(helper, later, pod.pod)
    if used is None and waits_for(later, helper):
        used = Evidence("it waits for it", later.line)
    if used is None:
        return None
    return Finding(
        "init-needs-sidecar",
        "refuse",
        f"`{later.name}` needs `{helper.name}` ({used.text}), and would run before it: the pod would never start.",
        "Leave it, or do that work at the start of the main container.",
        used.line,
    )


# --- start-order-lost ---------------------------------------------------------------------------------------------


class _Reliance(NamedTuple):
    """What says that main containers count on the helper's being there before them."""

    effect: str
    line: int


def start_order_lost(helper: Member, pod: PodContext) -> Iterator[Finding]:
    """The main container counts on the helper's being there first, and it would start at about the same time.

    A native sidecar has started before the main containers do: its process runs, its startupProbe has passed and its
    postStart hook has ended (KEP-753; hazards ORD1, PRB3, DEAD2). Ordinary containers start one after another without
    waiting. A main container whose database proxy, secrets or configuration are missing at its start fails, or works
    without them; after a restart or two it mostly comes up. Quiet where the main container itself waits.

    Fires on:
        initContainers:
        - name: sql
          image: gcr.io/cloud-sql-connectors/cloud-sql-proxy:2.14.0
          restartPolicy: Always
          startupProbe: {httpGet: {path: /startup, port: 9801}}

    Near miss:
        containers:
        - {name: shop, image: corp/shop:1, command: [sh, -c, "until nc -z localhost 5432; do sleep 1; done; exec shop"]}

    Fix: Let the main container wait, as in `until nc -z localhost 5432; do sleep 1; done; exec shop`.
    """
    users = [(main, use_of(helper, main.container, pod.pod)) for main in pod.those("main")]
    if not [main for main, _ in users if not waits_for(main.container, helper)]:
        return
    known = [(main, used) for main, used in users if used is not None]
    if known and all(waits_for(main.container, helper) for main, _ in known):
        return
    reliance = _gate(helper) or _used(helper, known) or _provided(helper)
    if reliance is not None:
        yield Finding("start-order-lost", "review", reliance.effect, _advice(helper, pod, known), reliance.line)


def _gate(helper: Member) -> _Reliance | None:
    probe, hook = helper.container.startup_probe, helper.container.post_start
    if probe is not None and probe.kind != "none":
        return _Reliance(_no_wait(f"startupProbe of `{helper.name}` has passed"), probe.line)
    if hook is not None and hook.kind != "none":
        return _Reliance(_no_wait(f"postStart hook of `{helper.name}` has ended"), hook.line)
    return None


def _no_wait(until: str) -> str:
    return f"The main containers start today when the {until}; they would no longer wait for it."


def _used(helper: Member, known: Sequence[tuple[Member, Evidence]]) -> _Reliance | None:
    for main, used in known:
        if not waits_for(main.container, helper):
            text = f"`{main.name}` uses `{helper.name}` ({used.text}) and may start before it is there."
            return _Reliance(text, used.line)
    return None


def _provided(helper: Member) -> _Reliance | None:
    if not helper.has_trait("provider") or helper.match is None:
        return None
    text = (
        f"`{helper.name}` provides the main container with what it needs from its first moment (family "
        f"{helper.match.transform.name}), and would start beside it."
    )
    return _Reliance(text, helper.container.line)


def _advice(helper: Member, pod: PodContext, known: Sequence[tuple[Member, Evidence]]) -> str:
    user = known[0][0] if known else next(iter(pod.those("main")), None)
    name = f"`{user.name}`" if user is not None else "the main container"
    question = _question(helper)
    if question:
        return f"Let {name} wait before its work: `until {question}; do sleep 1; done`."
    return f"Let {name} wait in a loop until `{helper.name}` answers, or try again when it fails."


def _question(helper: Member) -> str:
    """A command that succeeds when the helper is ready, asked from another container; empty if none is known."""
    probe = helper.container.startup_probe or helper.container.readiness_probe
    if probe is not None:
        asked = _asked(probe, helper)
        if asked:
            return asked
    port = next((port.number for port in helper.container.ports if port.number and port.protocol == "TCP"), None)
    port = port or min((found.number for found in listening(helper.container)), default=None)
    return f"nc -z localhost {port}" if port else ""


def _asked(probe: Handler, helper: Member) -> str:
    port = probe.port
    if isinstance(port, str):
        port = next((one.number for one in helper.container.ports if one.name == port), None)
    if port is None:
        return ""
    if probe.kind == "httpGet":
        return f"wget -qO- http://localhost:{port}{probe.path} >/dev/null"
    return f"nc -z localhost {port}" if probe.kind in ("tcpSocket", "grpc") else ""


def startup_probe_changes(helper: Member, pod: PodContext) -> Iterator[Finding]:
    """The startupProbe no longer holds the main containers back.

    On an ordinary container it only delays the container's own livenessProbe and readinessProbe, and restarts it when
    it does not pass in time (documentation of the pod lifecycle; hazards PRB1, PRB4). Main runs meanwhile.

    Fires on:
        startupProbe: {httpGet: {path: /startup, port: 9801}}

    Near miss:
        readinessProbe: {httpGet: {path: /readiness, port: 9801}}       # counts for the pod as before

    Fix: Nothing, unless the main container counts on the order of start.
    """
    probe = helper.container.startup_probe
    if probe is not None and probe.kind != "none":
        yield Finding(
            "startup-probe-changes",
            "note",
            f"The startupProbe of `{helper.name}` would only delay its own other probes, and restart it when it does "
            "not pass in time, while the main container runs.",
            "Keep it where the helper is slow to start.",
            probe.line,
        )


RULES: tuple[Rule, ...] = (
    Rule(init_needs_sidecar, ("refuse", "review"), ("ORD7", "ORD10")),
    Rule(start_order_lost, ("review",), ("ORD1", "PRB3", "DEAD2")),
    Rule(startup_probe_changes, ("note",), ("PRB1", "PRB4")),
)
