"""What people built because native sidecars did not exist: pointed out, never changed (catalogue, section 13)."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from sidecarify.commands import Lifetime, Program, SimpleCommand, read_program
from sidecarify.commands.connections import local_connections
from sidecarify.commands.endpoints import endpoint
from sidecarify.commands.stopping import kills
from sidecarify.judge.listening import listening
from sidecarify.judge.model import Finding, Member, PodContext, Rule
from sidecarify.judge.paths import place_of
from sidecarify.judge.rules.jobs import work_after
from sidecarify.kube import fields
from sidecarify.kube.container import Container, Handler
from sidecarify.kube.image import parse_image

_QUIT = r"quitquitquit|/agent/v1/quit|/v1\.0/shutdown|:4191/shutdown|/(?:quit|shutdown|exit)(?![\w-])"
_QUIT_SETTINGS = ("CSQL_PROXY_QUITQUITQUIT", "ALLOYDB_PROXY_QUITQUITQUIT")
_VAULT_QUIT = "/agent/v1/quit"
_WRAPPERS = frozenset({"scuttle", "envoy-preflight", "kubexit", "linkerd-await"})
_WRAPPER_SETTINGS = frozenset(
    {
        "ENVOY_ADMIN_API",
        "ISTIO_QUIT_API",
        "NEVER_KILL_ISTIO",
        "NEVER_KILL_ISTIO_ON_FAILURE",
        "START_WITHOUT_ENVOY",
        "WAIT_FOR_ENVOY_TIMEOUT",
        "PKILL_PILOT",
        "KUBEXIT_NAME",
        "KUBEXIT_GRAVEYARD",
        "KUBEXIT_DEATH_DEPS",
        "KUBEXIT_BIRTH_DEPS",
    }
)
_EXIT_DELAYS = frozenset(
    dash + name
    for dash in ("-", "--")
    for name in (
        "max-sigterm-delay",
        "min-sigterm-delay",
        "term_timeout",
        "term-timeout",
        "drain-time-s",
        "wait-before-exit-seconds",
    )
)
_EXIT_DELAY_SETTINGS = frozenset(
    {
        "CSQL_PROXY_MAX_SIGTERM_DELAY",
        "CSQL_PROXY_MIN_SIGTERM_DELAY",
        "ALLOYDB_PROXY_MAX_SIGTERM_DELAY",
        "TERMINATION_DRAIN_DURATION",
        "TERMINATION_DRAIN_DURATION_SECONDS",
        "EXIT_ON_ZERO_ACTIVE_CONNECTIONS",
        "MINIMUM_DRAIN_DURATION",
    }
)
_EXIT_DELAY_ANNOTATIONS = (
    "config.alpha.linkerd.io/proxy-wait-before-exit-seconds",
    "config.linkerd.io/proxy-wait-before-exit-seconds",
)
_ISTIO_CONFIG = "proxy.istio.io/config"
_EXCLUSIONS = ("traffic.sidecar.istio.io/excludeOutboundIPRanges", "traffic.sidecar.istio.io/excludeOutboundPorts")
_ISTIO_USER = 1337
_KRUISE = ("KRUISE_TERMINATE_SIDECAR_WHEN_JOB_EXIT", "KRUISE_TERMINATE_SIDECAR_WHEN_JOB_EXIT_WITH_IMAGE")
_KRUISE_PRIORITY = "KRUISE_CONTAINER_PRIORITY"
_WRITES = frozenset({"touch", "tee", "cp", "mv", "ln", "mkfifo"})
_LOCAL_PORT = r"(?:localhost|127\.0\.0\.1|\[::1\]):(\d{1,5})"


class _Script(NamedTuple):
    """What a container runs: its command line, or one of its hooks."""

    container: Container
    program: Program
    line: int

    def line_of(self, command: SimpleCommand) -> int:
        """The line of a command: exact in block scalars of the command line."""
        index = self.program.script_index
        if self.line:
            return self.line
        words = self.container.words
        return (
            self.container.word_line(index, command.line) if index is not None and index < len(words) else self._first
        )

    @property
    def _first(self) -> int:
        return self.container.word_line(0) if self.container.words else self.container.line


def _scripts(member: Member, *hooks: Handler | None) -> Iterator[_Script]:
    if member.program is not None:
        yield _Script(member.container, member.program, 0)
    for handler in hooks:
        program = read_program(handler.command, ()) if handler is not None and handler.kind == "exec" else None
        if handler is not None and program is not None:
            yield _Script(member.container, program, handler.line)


def _is_meant(helper: Member, pod: PodContext, *ports: int) -> bool:
    """Whether a workaround of the main container is about this helper.

    It is the one that listens on the port; where none is known to, the pod's first helper speaks for the proxy that is
    injected later.
    """
    helpers = pod.those("helper", "unclear")
    owners = [one for one in helpers if any(port.number in ports for port in listening(one.container))]
    return helper in owners[:1] if owners else helpers[:1] == (helper,)


def _named_port(command: SimpleCommand) -> int:
    place = endpoint(command)
    if place is not None and place.port is not None:
        return place.port
    found = re.search(_LOCAL_PORT, command.text)
    return int(found[1]) if found is not None else 0


def _note(rule: str, effect: str, advice: str, line: int) -> Finding:
    return Finding(rule, "note", effect, advice, line)


def quit_endpoint(helper: Member, pod: PodContext) -> Iterator[Finding]:
    """Something tells a helper to quit, so that a Job can finish.

    `/quitquitquit` of Envoy, Istio and the Cloud SQL Proxy, Linkerd's `:4191/shutdown`, Dapr's `/v1.0/shutdown`, `quit`
    of the Vault agent, and `cloud-sql-proxy shutdown` exist because an ordinary helper kept a finished Job running. A
    native sidecar is stopped when the main containers have ended; one that is told to quit earlier is restarted
    (istio#15041; Cloud SQL Proxy README). For a proxy that is injected, the injector must make it native first. An
    injected Vault agent is not native yet (vault-k8s#620): its call must stay.

    Fires on:
        # main: command: [sh, -c, "run-batch; curl -XPOST localhost:9091/quitquitquit"]

    Near miss:
        # main: command: [sh, -c, "run-batch; curl -XPOST batch-api:8080/quit-notice"]

    Fix: Delete the call, and the option or port that the helper offers it on.
    """
    container = helper.container
    for index, node in enumerate(container.words):
        name, equals, value = node.value.partition("=")
        if name.lstrip("-") == "quitquitquit" and not (equals and value.lower() in ("false", "f", "0")):
            yield _note(
                "quit-endpoint",
                f"`--quitquitquit` lets others end `{helper.name}`; a native sidecar is stopped when main has ended.",
                "Delete the option after the move, and whatever calls it.",
                container.word_line(index),
            )
    for setting in _QUIT_SETTINGS:
        if setting in container.env and (container.env[setting].value or "").lower() in ("true", "1", "t"):
            yield _note(
                "quit-endpoint",
                f"`{setting}` lets others end `{helper.name}`; a native sidecar is stopped when main has ended.",
                "Delete the variable after the move, and whatever calls the endpoint.",
                container.env[setting].line,
            )
    for main in pod.mains:
        for script in _scripts(main, main.container.post_start, main.container.pre_stop):
            for kill in kills(script.program):
                text = kill.command.text
                if not _is_quit(kill.how, text) or not _is_meant(helper, pod, _named_port(kill.command)):
                    continue
                if _VAULT_QUIT in text and "vault" not in helper.container.image:
                    continue
                yield _note(
                    "quit-endpoint",
                    f"`{_short(text)}` in `{main.name}` ends a helper, which a native sidecar does not need: ended "
                    "early, it is restarted.",
                    "Delete the call after the move (for an injected proxy: when the injector makes it native).",
                    script.line_of(kill.command),
                )


def _is_quit(how: str, text: str) -> bool:
    if "quitquitquit" in text or re.search(r"(?:cloud-sql-proxy|alloydb-auth-proxy)\s+shutdown", text):
        return True
    return how == "http" and re.search(_QUIT, text) is not None and re.search(_LOCAL_PORT, text) is not None


def wait_for_helper(helper: Member, pod: PodContext) -> Iterator[Finding]:
    """The main container waits for the helper before it starts its work.

    `until curl localhost:15021/healthz/ready`, `nc -z 127.0.0.1 5432`, `pg_isready -h localhost` and `wait-for-it`
    stand in main's script because ordinary containers start in no order (istio#11130). A native sidecar starts first,
    and with a startupProbe the main container starts only when that has passed.

    Fires on:
        # main: command: [sh, -c, "until pg_isready -h localhost; do sleep 1; done; exec app"]

    Near miss:
        # main: command: [sh, -c, "until pg_isready -h db.prod; do sleep 1; done; exec app"]     # another host
        # main: preStop: {exec: {command: [sh, -c, "until curl localhost:15020/drained; do sleep 1; done"]}}   # its end

    Fix: Give the helper a startupProbe with the same question, and delete the loop.
    """
    for main in pod.mains:
        for script in _scripts(main, main.container.post_start):
            at_end = {id(command) for command in script.program.last_acts}
            for connection in local_connections(script.program):
                if connection.command.in_trap or id(connection.command) in at_end:
                    continue
                port = connection.endpoint.port or 0
                known = any(found.number == port for found in listening(main.container))
                gone = any(
                    one.command is connection.command and one.until == "vanishes" for one in script.program.waits
                )
                if connection.waits and not gone and port and not known and _is_meant(helper, pod, port):
                    yield _note(
                        "wait-for-helper",
                        f"`{main.name}` waits for a helper (`{_short(connection.command.text)}`); a native sidecar "
                        "with a startupProbe starts and is ready before it.",
                        "Give the helper that startupProbe, and delete the wait.",
                        script.line_of(connection.command),
                    )
                    return


def marker_file(helper: Member, pod: PodContext) -> Iterator[Finding]:
    """The main container leaves a file at its end, and the helper waits for it in order to end too.

    That let a Job finish (k/k#25908). A native sidecar is stopped when the main containers have ended, so neither the
    file nor the loop is needed. If the helper does work after it has seen the file, the move must not be made at all:
    another rule says so (hazard JOB3).

    Fires on:
        # main:       command: [sh, -c, "trap 'touch /pod/done' EXIT; run-batch"]
        # the helper: command: [sh, -c, "proxy & until [ -f /pod/done ]; do sleep 1; done; kill %1"]

    Near miss:
        # main:       command: [sh, -c, "touch /pod/started; exec run-batch"]     # a file at the start

    Fix: Delete the trap in main and the loop in the helper, and start the helper's program directly.
    """
    program = helper.program
    if program is None:
        return
    waits = [wait for wait in program.waits if wait.kind == "file" and wait.until == "appears"]
    if pod.pod.runs_to_completion and any(work_after(wait, program) is not None for wait in program.waits):
        return
    for wait in waits:
        place = place_of(helper.container, wait.target)
        for main in pod.mains:
            if main.program is None or place is None:
                continue
            for command in _last_commands(main.program):
                if any(place_of(main.container, path) == place for path in _written(command)):
                    script = _Script(helper.container, program, 0)
                    yield _note(
                        "marker-file",
                        f"`{helper.name}` waits for `{wait.target}`, which `{main.name}` writes at its end; a native "
                        "sidecar is stopped then anyway.",
                        f"Delete that loop and `{_short(command.text)}` in `{main.name}` after the move.",
                        script.line_of(wait.command),
                    )
                    return


def _last_commands(program: Program) -> Iterator[SimpleCommand]:
    """What runs at the end of a script: its traps, and its last commands."""
    for trap in program.traps:
        yield from trap.commands
    own = [command for command in program.commands if not command.in_trap]
    if len(own) > 1:
        yield from own[-2:]


def _written(command: SimpleCommand) -> Iterator[str]:
    if command.name in _WRITES:
        yield from (word for word in command.argv[1:] if word.startswith("/"))
    for redirect in command.redirects:
        if redirect.operator.startswith((">", "&>")) and redirect.target.startswith("/"):
            yield redirect.target


def process_kill(helper: Member, pod: PodContext) -> Iterator[Finding]:
    """The main container kills the helper's process, which the pod makes visible to it for that purpose.

    `shareProcessNamespace` with `pkill` at the end of main let a Job finish. A native sidecar is stopped when the main
    containers have ended; one that is killed before is restarted.

    Fires on:
        shareProcessNamespace: true
        # main: command: [sh, -c, "run-batch; pkill -f cloud_sql_proxy"]

    Near miss:
        shareProcessNamespace: true
        # main: command: [sh, -c, "run-batch & wait; kill -HUP 1"]     # a reload

    Fix: Delete the `pkill`, and `shareProcessNamespace` if nothing else needs it.
    """
    if not pod.pod.shares_processes:
        return
    image = parse_image(helper.container.image)
    names = {helper.name.lower(), image.path[-1].lower() if image is not None else helper.name.lower()}
    for main in pod.mains:
        for script in _scripts(main, main.container.post_start, main.container.pre_stop):
            for kill in kills(script.program):
                by_name = kill.command.name in ("pkill", "killall")
                target = kill.target.lower().replace("_", "-")
                mine = any(name in target or target in name for name in names) if target else False
                first = pod.those("helper", "unclear")[:1] == (helper,)
                if kill.how == "signal" and by_name and (mine or first):
                    yield _note(
                        "process-kill",
                        f"`{_short(kill.command.text)}` in `{main.name}` ends a helper, which a native sidecar does "
                        "not need: killed early, it is restarted.",
                        "Delete it after the move, and `shareProcessNamespace` if nothing else needs it.",
                        script.line_of(kill.command),
                    )
                    return


def exit_wrapper(helper: Member, pod: PodContext) -> Iterator[Finding]:
    """A wrapper starts the main container after the helper and ends the helper with it.

    scuttle, envoy-preflight, kubexit and `linkerd-await --shutdown` do what Kubernetes does for a native sidecar: start
    after it, and stop it at the end (redboxllc/scuttle, turnitin/envoy-preflight, linkerd-await). For a proxy that is
    injected, the injector must make it native first.

    Fires on:
        # main: command: [scuttle, /app], env: [{name: ISTIO_QUIT_API, value: "http://localhost:15020"}]

    Near miss:
        # main: command: [tini, --, /app]

    Fix: Start the program directly, and delete the wrapper's variables.
    """
    if pod.those("helper", "unclear")[:1] != (helper,):
        return
    for member in pod.members:
        program = member.program
        name = next((name for name in program.wrappers if name in _WRAPPERS), "") if program is not None else ""
        if name:
            line = member.container.word_line(0)
        else:
            settings = [one for one in member.container.env.values() if one.name in _WRAPPER_SETTINGS]
            if not settings:
                continue
            name, line = settings[0].name, settings[0].line
        yield _note(
            "exit-wrapper",
            f"`{name}` in `{member.name}` waits for a helper and ends it, which Kubernetes does for native sidecars.",
            "Start the program directly after the move (for an injected proxy: when the injector makes it native).",
            line,
        )


def exit_delay(helper: Member, pod: PodContext) -> Iterator[Finding]:
    """A setting keeps the helper alive for some time after SIGTERM, so that it outlives the main container.

    A native sidecar gets SIGTERM only when the main containers have ended, and each second of such a delay is then
    added to the end of the pod (hazards HOOK3, TRM3).

    Fires on:
        args: [--max-sigterm-delay=30s, project:region:db]

    Near miss:
        args: [--port=5432, project:region:db]

    Fix: Delete the setting when the helper is a native sidecar.
    """
    container = helper.container
    places = [
        (node.value, container.word_line(index))
        for index, node in enumerate(container.words)
        if node.value.partition("=")[0] in _EXIT_DELAYS
    ]
    places += [(one.name, one.line) for one in container.env.values() if one.name in _EXIT_DELAY_SETTINGS]
    if pod.those("helper", "unclear")[:1] == (helper,):
        for key in _EXIT_DELAY_ANNOTATIONS:
            if key in pod.pod.annotations:
                line = fields.line(pod.pod.template, "metadata", "annotations", key)
                places.append((key, line or container.line))
    for text, line in places:
        yield _note(
            "exit-delay",
            f"`{_short(text)}` makes a helper outlive the main container, which a native sidecar does by itself.",
            "Delete it after the move: it would only make the end of the pod longer.",
            line,
        )


def hold_application(helper: Member, pod: PodContext) -> Iterator[Finding]:
    """Istio is told to hold the application until its proxy has started.

    `holdApplicationUntilProxyStarts` puts the proxy first in `containers` and blocks there. A native proxy starts
    before the application anyway (istio pkg/kube/inject, reorderPod), and before the helper too.

    Fires on:
        annotations: {proxy.istio.io/config: "{holdApplicationUntilProxyStarts: true}"}

    Near miss:
        annotations: {proxy.istio.io/config: "{concurrency: 2}"}

    Fix: Delete it when Istio injects native sidecars.
    """
    value = pod.pod.annotations.get(_ISTIO_CONFIG)
    if value is None or pod.those("helper", "unclear")[:1] != (helper,):
        return
    if re.search(r"holdApplicationUntilProxyStarts[\"']?\s*:\s*[\"']?true", value):
        yield _note(
            "hold-application",
            "`holdApplicationUntilProxyStarts` holds the application back; a native proxy starts first by itself.",
            "Delete it when Istio injects its proxy as a native sidecar.",
            fields.line(pod.pod.template, "metadata", "annotations", _ISTIO_CONFIG) or helper.container.line,
        )


def mesh_exclusion(helper: Member, pod: PodContext) -> Iterator[Finding]:
    """An init container goes around the mesh, because the proxy did not run yet.

    Outbound addresses or ports are excluded from Istio's redirection, or an init container runs as user 1337, whose
    traffic is not redirected (istio#11130). With a native proxy init containers use the mesh like everyone else.

    Fires on:
        # initContainers: [{name: migrate, securityContext: {runAsUser: 1337}}], in a pod with Istio's injection

    Near miss:
        # initContainers: [{name: migrate, securityContext: {runAsUser: 1000}}]

    Fix: Delete the exception when Istio injects native sidecars.
    """
    if pod.those("helper", "unclear")[:1] != (helper,):
        return
    mesh = pod.mesh
    advice = "Delete the exception when Istio injects its proxy as a native sidecar."
    for key in _EXCLUSIONS:
        if key in pod.pod.annotations and pod.inits:
            yield _note(
                "mesh-exclusion",
                f"`{key}` lets traffic go around the mesh, often for init containers that ran before the proxy.",
                advice,
                fields.line(pod.pod.template, "metadata", "annotations", key) or helper.container.line,
            )
    if mesh is None or mesh.product != "Istio":
        return
    for init in pod.inits:
        if fields.number(init.node, "securityContext", "runAsUser") == _ISTIO_USER:
            yield _note(
                "mesh-exclusion",
                f"`{init.name}` runs as user {_ISTIO_USER} to go around the mesh, because no proxy ran beside it.",
                advice,
                init.line_of("securityContext", "runAsUser"),
            )


def duplicate_init(helper: Member, pod: PodContext) -> Iterator[Finding]:
    """An init container runs the helper's image once, and the helper then runs it for good.

    git-sync with `--one-time`, k8s-sidecar with `METHOD: LIST`, vault agent and config reloaders come as such pairs:
    the first fills the volume before the main container starts. One native sidecar with a startupProbe does both.

    Fires on:
        initContainers:
        - {name: clone, image: git-sync:v4, args: [--one-time], volumeMounts: [{name: repo, mountPath: /git}]}
        containers:
        - {name: git-sync, image: git-sync:v4, volumeMounts: [{name: repo, mountPath: /git}]}

    Near miss:
        initContainers: [{name: migrate, image: corp/app:3}]       # main's image, not the helper's

    Fix: Keep both, or give the helper a startupProbe that passes after its first run and delete the init container.
    """
    own = parse_image(helper.container.image)
    volumes = {mount.volume for mount in helper.container.mounts}
    for init in pod.inits:
        other = parse_image(init.image)
        same = own is not None and other is not None and own.path == other.path and not init.is_native_sidecar
        mains = {image.path for one in pod.mains if (image := parse_image(one.container.image)) is not None}
        shared = any(mount.volume in volumes and not mount.read_only for mount in init.mounts)
        # A general image says nothing: what two scripts do with it is not the same work.
        same = same and helper.known and not helper.has_trait("injected")
        if same and shared and own is not None and own.path not in mains:
            yield _note(
                "duplicate-init",
                f"`{init.name}` runs the image of `{helper.name}` once before it, to fill the volume; a native sidecar "
                "with a startupProbe could do both.",
                "Keep both, or give the helper a startupProbe that passes after its first run and delete the init.",
                init.line,
            )


def job_killer(helper: Member, pod: PodContext) -> Iterator[Finding]:
    """Something ends the Job from outside, because its helper never ended.

    A Job is finished when its main containers are; native sidecars are not waited for (KEP-753; hazard JOB2). A
    deadline that was only there to end the hanging helper, and OpenKruise's `KRUISE_TERMINATE_SIDECAR_WHEN_JOB_EXIT`,
    can go; so can `KRUISE_CONTAINER_PRIORITY`, which orders the start.

    Fires on:
        env: [{name: KRUISE_TERMINATE_SIDECAR_WHEN_JOB_EXIT, value: "true"}]

    Near miss:
        env: [{name: JOB_EXIT, value: "true"}]

    Fix: Delete it when the helper is a native sidecar; keep a deadline that also guards the work itself.
    """
    for name in (*_KRUISE, _KRUISE_PRIORITY):
        for member in (helper, *(pod.mains if pod.those("helper", "unclear")[:1] == (helper,) else ())):
            if name in member.container.env:
                what = (
                    "orders the start of the containers" if name == _KRUISE_PRIORITY else "ends the helper with the Job"
                )
                yield _note(
                    "job-killer",
                    f"`{name}` {what}, which Kubernetes does for native sidecars.",
                    "Delete it after the move.",
                    member.container.env[name].line,
                )
    deadline = _deadline(pod)
    if deadline is not None and pod.those("helper", "unclear")[:1] == (helper,) and _never_ends(helper):
        yield _note(
            "job-killer",
            "The deadline of the Job also ended a helper that never ends; with a native sidecar the Job is finished "
            "when the main container is.",
            "Keep the deadline only if it guards the work itself.",
            deadline,
        )


def _never_ends(helper: Member) -> bool:
    lifetime = helper.program.lifetime if helper.program is not None else Lifetime.UNKNOWN
    return lifetime is Lifetime.FOREVER or (helper.match is not None and lifetime is not Lifetime.ENDS)


def _deadline(pod: PodContext) -> int | None:
    owner = pod.pod.owner
    spec = {"Job": ("spec",), "CronJob": ("spec", "jobTemplate", "spec")}.get(owner.kind)
    if owner.group != "batch":
        return None
    path = ("activeDeadlineSeconds",)
    if spec is not None and fields.number(owner.node, *spec, *path) is not None:
        return fields.line(owner.node, *spec, *path)
    return fields.line(pod.pod.node, *path) if fields.number(pod.pod.node, *path) is not None else None


def _short(text: str) -> str:
    joined = " ".join(text.split())
    return joined if len(joined) <= 60 else f"{joined[:59].rstrip()}…"


RULES: tuple[Rule, ...] = (
    Rule(quit_endpoint, ("note",), ("JOB2",)),
    Rule(wait_for_helper, ("note",), ("ORD1",)),
    Rule(marker_file, ("note",), ("JOB2", "JOB3")),
    Rule(process_kill, ("note",), ("JOB2", "FLD9")),
    Rule(exit_wrapper, ("note",), ("JOB2",)),
    Rule(exit_delay, ("note",), ("HOOK3", "TRM3")),
    Rule(hold_application, ("note",), ("DEAD11",)),
    Rule(mesh_exclusion, ("note",), ("DEAD11",)),
    Rule(duplicate_init, ("note",), ("ORD2",)),
    Rule(job_killer, ("note",), ("JOB2",)),
)
