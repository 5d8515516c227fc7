"""Rules about the start: a native sidecar starts before the main containers, and they wait for it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from sidecarify.commands import (
    Lifetime,
    Wait,
)
from sidecarify.commands.endpoints import endpoint
from sidecarify.judge import signs
from sidecarify.judge.model import Finding, Level, Member, PodContext, Rule
from sidecarify.judge.order import needs
from sidecarify.judge.paths import job_spec, main_ports, maker_of, mount_of, own_ports
from sidecarify.judge.rules.lifetime import invocation, program_line
from sidecarify.kube import fields
from sidecarify.kube.container import Container, Handler
from sidecarify.kube.image import parse_image

_MINUTE = 60
# All of them are compared with one another, which takes too long for more.
_MANY = 20
_DOCKER_HUB = "docker.io"
_LOCAL_HOSTS = frozenset({"", "localhost", "127.0.0.1", "::1", "[::1]"})
# Pages that reverse proxies answer themselves by common configuration; any other path may be main's.
_OWN_PAGES = r"(?i)stub_status|basic_status|nginx|haproxy|envoy|server_info"
_OUTPUT = r"(?i)^-{1,2}[\w.-]*(?:out|dest|dir|root|target|write|render|sink|link|path|file)[\w.-]*(?:=|$)"


def startup_deadlock(helper: Member, pod: PodContext) -> Iterator[Finding]:
    """The helper is "started" only when the main container is up, and the main container waits for the helper.

    What stands after a native sidecar starts when its startupProbe has passed and its postStart hook has ended (KEP-753
    Scenario 7). If one of them asks for a port, a page or a file of the main container, both wait for ever (hazards
    DEAD1, DEAD2, DEAD5, DEAD8, DEAD9, DEAD10). A readinessProbe or livenessProbe does not keep anything from starting.

    Fires on:
        - name: log-agent
          image: fluent/fluent-bit:3.1
          startupProbe: {exec: {command: [test, -s, /logs/app.log]}}      # the main container writes /logs/app.log
          volumeMounts: [{name: logs, mountPath: /logs, readOnly: true}]

    Near miss:
          readinessProbe: {exec: {command: [test, -s, /logs/app.log]}}

    Fix: Drop the probe, or ask for something that the helper does by itself.
    """
    yield from _startup_probe(helper, pod)
    yield from _wait_behind_probe(helper, pod)
    yield from _post_start(helper, pod)


def _deadlock(helper: Member, level: Level, why: str, advice: str, line: int) -> Finding:
    outcome = "both would wait for ever" if level == "refuse" else "both might wait for ever"
    effect = (
        f"`{helper.name}` counts as started only when {why}, and the main container starts only after it: {outcome}."
    )
    return Finding("startup-deadlock", level, effect, advice, line)


def _startup_probe(helper: Member, pod: PodContext) -> Iterator[Finding]:
    probe = helper.container.startup_probe
    if probe is None:
        return
    found = needs_main(probe, helper, pod) or _unanswered(probe, helper, pod)
    if found is None:
        return
    level, why = found
    advice = "Drop its startupProbe, or make it ask for what the helper does by itself."
    own = helper.match.transform.health_paths if helper.match is not None else ()
    if own:
        advice = f"Drop its startupProbe, or make it ask for `{own[0]}`, which the helper answers itself."
    yield _deadlock(helper, level, why, advice, probe.line)


def _unanswered(probe: Handler, helper: Member, pod: PodContext) -> tuple[Level, str] | None:
    """Whether the helper is called so that its family's own page does not answer before main is up."""
    known = helper.match.startup_probe if helper.match is not None else None
    if known is None or probe.kind != "httpGet" or probe.path.partition("?")[0] != known.path:
        return None
    call = invocation(helper, pod)
    for pattern in known.unless:
        if found := call.find(pattern):
            return "review", f"`{known.path}` answers, which with `{_short(found)}` may need the main container"
    return None


def needs_main(probe: Handler, helper: Member, pod: PodContext) -> tuple[Level, str] | None:
    """Whether a probe of the helper passes only once the main container is up: how surely, and why."""
    if probe.kind == "exec":
        return _exec_needs_main(probe, helper, pod)
    if probe.kind not in ("httpGet", "tcpSocket", "grpc") or probe.host not in _LOCAL_HOSTS:
        return None
    transform = helper.match.transform if helper.match is not None else None
    page = probe.path.partition("?")[0]
    if transform is not None and probe.kind == "httpGet" and page in transform.main_paths:
        return "refuse", f"`{page}` answers, which needs the main container"
    if isinstance(probe.port, int) and probe.port in main_ports(pod):
        if probe.port in own_ports(helper):
            return "review", f"port {probe.port} answers, which the main container declares too"
        return "refuse", f"port {probe.port} answers, which is the main container's"
    passes_on = probe.kind == "httpGet" and helper.has_trait("proxy")
    if passes_on and transform is not None and page not in transform.health_paths and not re.search(_OWN_PAGES, page):
        return "refuse", f"`{page}` answers, which it may pass on to the main container"
    return None


def _exec_needs_main(probe: Handler, helper: Member, pod: PodContext) -> tuple[Level, str] | None:
    container = helper.container
    foreign = main_ports(pod) - own_ports(helper)
    program = helper.hook(probe)
    for command in program.commands if program is not None else ():
        place = endpoint(command)
        if place is not None and place.local and place.port in foreign:
            return "refuse", f"port {place.port} answers, which is the main container's"
    for text in probe.command:
        for found in signs.LOCAL_ADDRESS.finditer(text):
            if int(found[1]) in foreign:
                return "refuse", f"port {found[1]} answers, which is the main container's"
    for path in _paths([word for command in program.commands for word in command.words] if program else ()):
        maker = maker_of(path, helper, pod)
        mount = mount_of(container, path)
        if maker == "main" and mount is not None and not _helper_makes(path, helper):
            return "refuse", f"`{path}` is there, which the main container makes"
    for command in program.commands if program is not None else ():
        for port in sorted(foreign) if endpoint(command) is None else ():
            if re.search(rf"(?<![\d./-]){port}(?![\d.])", command.text):
                return "review", f"`{_short(command.text)}` succeeds, which names port {port} of the main container"
    return None


def _short(text: str) -> str:
    joined = " ".join(text.split())
    return joined if len(joined) <= 60 else f"{joined[:59].rstrip()}…"


def _paths(words: Sequence[str]) -> Iterator[str]:
    for word in words:
        yield from re.findall(r"(?<![\w.:/-])/[\w.@%+/-]+", word)


def _helper_makes(path: str, helper: Member) -> bool:
    """Whether the helper may make the file itself: it may write there, and its family, script or options say so."""
    mount = mount_of(helper.container, path)
    if mount is None or mount.read_only:
        return False
    if helper.has_trait("provider"):
        return True
    program = helper.program
    for command in program.commands if program is not None else ():
        if any(">" in redirect.operator and redirect.target == path for redirect in command.redirects):
            return True
        if command.name in ("touch", "mkfifo", "cp", "mv", "tee", "mkdir", "ln") and path in command.argv[1:]:
            return True
    if helper.has_trait("flushes"):
        return False
    words = [*helper.container.command, *helper.container.args]
    for index, word in enumerate(words):
        value = word.partition("=")[2] or (words[index + 1] if index + 1 < len(words) else "")
        if (
            re.match(_OUTPUT, word)
            and value.startswith("/")
            and (path == value or path.startswith(value.rstrip("/") + "/"))
        ):
            return True
    return False


def _wait_behind_probe(helper: Member, pod: PodContext) -> Iterator[Finding]:
    probe = helper.container.startup_probe
    program = helper.program
    if probe is None or program is None or needs_main(probe, helper, pod) is not None:
        return
    for wait in program.waits:
        found = _waits_for_main(wait, helper, pod)
        if wait.until == "appears" and not wait.repeats and found is not None:
            level, what = found
            yield _deadlock(
                helper,
                level,
                f"its startupProbe passes, and its command first waits for {what}",
                "Drop its startupProbe: a process that waits counts as running.",
                program_line(helper.container, wait.command, program.script_index),
            )


def _waits_for_main(wait: Wait, helper: Member, pod: PodContext) -> tuple[Level, str] | None:
    if wait.kind == "file" and not _helper_makes(wait.target, helper):
        maker = maker_of(wait.target, helper, pod)
        if maker in ("main", "init"):
            return ("refuse" if maker == "main" else "review"), f"`{wait.target}`, a file that the main container makes"
        return None
    if wait.kind in ("port", "http") and wait.local:
        socket = endpoint(wait.command)
        port = socket.port if socket is not None else _port_of(wait.target)
        if port is not None and port in main_ports(pod) - own_ports(helper):
            return "refuse", f"port {port}, which is the main container's"
        if port is not None and port not in own_ports(helper) and not _names_port(helper.container, port):
            return "review", f"port {port}, which may be the main container's"
    return None


def _port_of(target: str) -> int | None:
    found = re.search(r":(\d{1,5})(?!\d)", target)
    return int(found[1]) if found else None


def _names_port(container: Container, port: int) -> bool:
    """Whether the container's own call or environment says that it listens at the port."""
    return any(re.search(rf"(?<!\d){port}(?!\d)", text) for text, _ in signs.call_texts(container) if len(text) < 200)


def _post_start(helper: Member, pod: PodContext) -> Iterator[Finding]:
    hook = helper.container.post_start
    if hook is None:
        return
    advice = "Drop the hook; what the helper needs from the main container it must wait for in its own process."
    if hook.kind == "httpGet" and hook.host in _LOCAL_HOSTS and isinstance(hook.port, int):
        if hook.port in main_ports(pod) - own_ports(helper):
            yield _deadlock(
                helper,
                "refuse",
                f"its postStart hook has reached port {hook.port} of the main container",
                advice,
                hook.line,
            )
        return
    program = helper.hook(hook)
    if program is None:
        return
    for wait in program.waits:
        found = _waits_for_main(wait, helper, pod)
        if found is not None and wait.until == "appears":
            level, what = found
            yield _deadlock(helper, level, f"its postStart hook ends, which waits for {what}", advice, hook.line)
            return
    for command in program.commands:
        place = endpoint(command)
        if (
            place is not None
            and place.local
            and place.port in main_ports(pod) - own_ports(helper)
            and not command.failure_is_handled
        ):
            yield _deadlock(
                helper,
                "refuse",
                f"its postStart hook has reached port {place.port} of the main container (`{command.text}`)",
                advice,
                hook.line,
            )
            return
    if program.lifetime is Lifetime.FOREVER:
        yield _deadlock(
            helper, "refuse", f"its postStart hook ends, which it never does ({program.reason})", advice, hook.line
        )


def circular_helpers(helper: Member, pod: PodContext) -> Iterator[Finding]:
    """Helpers of the pod need one another at their start, so no order of native sidecars is right.

    Native sidecars start one after another, and a helper that dials another one's port, connects to its socket or reads
    its files comes behind it. Where each needs the other, one of them starts too early; as ordinary containers they
    start together and try again (hazards ORD1, ORD2; order rules). Pods with more than twenty helpers are left out.

    Fires on:
        - {name: sql, image: cloud-sql-proxy:2.14, args: [--credentials-file=/secrets/key, --port=5432, corp:eu:db]}
        - {name: vault, image: vault:1.17, args: [agent], env: [{name: PG_URL, value: "postgres://localhost:5432/x"}]}

    Near miss:
        - {name: vault, image: vault:1.17, args: [agent], env: [{name: PG_URL, value: "postgres://db.prod:5432/x"}]}

    Fix: Move one of them only if it waits for the other and tries again, and name it.
    """
    others = [one for one in pod.those("helper") if one is not helper]
    if len(others) > _MANY:
        return
    needed = [one for one in others if needs(helper, one, pod)]
    seen = list(needed)
    for one in seen:
        if needs(one, helper, pod):
            through = "" if one in needed else f" (by way of `{needed[0].name}`)"
            yield Finding(
                "circular-helpers",
                "review",
                f"`{helper.name}` needs `{one.name}`{through} at its start, and `{one.name}` needs `{helper.name}`: as "
                "native sidecars they start one after another, in whichever order one of them too early.",
                "Leave both, or name the one that waits for the other and tries again.",
                helper.container.line,
            )
            return
        seen += [other for other in others if other not in seen and needs(one, other, pod)]


def csi_helper(helper: Member, pod: PodContext) -> Iterator[Finding]:
    """The helper is a companion of a CSI driver.

    Provisioners, attachers, registrars and the livenessprobe connect to the socket that the driver makes, so they need
    the main container first; most wait for it, some end after a time. Storage drivers are critical for the node, and
    their pods are usually changed by their makers only (hazard DEAD10; kubernetes-csi/livenessprobe main.go).

    Fires on:
        - {name: csi-provisioner, image: registry.k8s.io/sig-storage/csi-provisioner:v5.1.0}

    Near miss:
        - {name: git-sync, image: registry.k8s.io/git-sync/git-sync:v4.3.0}

    Fix: Leave CSI pods as their makers ship them.
    """
    if not helper.has_trait("csi"):
        return
    sock = next((node for node in helper.container.words if ".sock" in node.value), None)
    yield Finding(
        "csi-helper",
        "review",
        f"`{helper.name}` is a companion of a CSI driver and needs the socket that the driver makes after its start; "
        "as a native sidecar it would start first.",
        "Leave the pod as its makers ship it, unless you have tried it on a test cluster.",
        sock.line if sock is not None else helper.container.line_of("image"),
    )


def short_deadline(helper: Member, pod: PodContext) -> Iterator[Finding]:
    """A deadline of less than a minute includes the time in which the native sidecars start.

    Native sidecars start one after another, image pulls included, before the main container; until then the pod is
    `Pending`. `activeDeadlineSeconds` of a Job and `progressDeadlineSeconds` of a Deployment run meanwhile (hazard
    ORD5; KEP-753 Scenario 7).

    Fires on:
        kind: Job
        spec: {activeDeadlineSeconds: 45}

    Near miss:
        spec: {activeDeadlineSeconds: 600}

    Fix: Raise the deadline by what the helper needs to start.
    """
    for node in (job_spec(pod), pod.pod.node):
        for key in ("activeDeadlineSeconds", "progressDeadlineSeconds"):
            seconds = fields.number(node, key)
            if node is not None and seconds is not None and seconds < _MINUTE:
                yield Finding(
                    "short-deadline",
                    "review",
                    f"`{key}` is {seconds} seconds, and as a native sidecar `{helper.name}` starts within them before "
                    "the main container, its image pull included.",
                    f"Raise `{key}` by what the helper needs to start.",
                    fields.line(node, key) or node.line,
                )


def late_image_pull(helper: Member, pod: PodContext) -> Iterator[Finding]:
    """The main container would wait for an image from another registry whose tag moves.

    When the image of a native sidecar cannot be pulled, the main container does not start (hazard ORD3; KEP-753
    Scenario 4). That holds for every helper; it is worth a note where the helper's registry is not the main
    container's and the image is pulled anew each time (`latest`, no tag, `imagePullPolicy: Always`).

    Fires on:
        - {name: web, image: registry.corp/web:1.2}
        - {name: log, image: docker.io/fluent/fluent-bit:latest}

    Near miss:
        - {name: log, image: docker.io/fluent/fluent-bit:3.1.4}

    Fix: Pin the tag, or mirror the image to the registry of the main container.
    """
    image = parse_image(helper.container.image)
    if image is None or image.digest is not None or helper.container.image == "auto":
        return
    policy = fields.text(helper.container.node, "imagePullPolicy")
    if policy in ("Never", "IfNotPresent") or not (policy == "Always" or image.tag in (None, "latest")):
        return
    mains = [found for main in pod.mains if (found := parse_image(main.container.image)) is not None]
    registries = {found.registry or _DOCKER_HUB for found in mains}
    if not mains or (image.registry or _DOCKER_HUB) in registries:
        return
    yield Finding(
        "late-image-pull",
        "note",
        f"The image of `{helper.name}` is pulled anew for each pod, from another registry than the main container's; "
        "while that fails, the main container does not start.",
        "Pin its tag, or mirror it to the registry of the main container.",
        helper.container.line_of("image"),
    )


RULES: tuple[Rule, ...] = (
    Rule(startup_deadlock, ("refuse", "review"), ("DEAD1", "DEAD2", "DEAD5", "DEAD8", "DEAD9", "DEAD10", "HOOK5")),
    Rule(circular_helpers, ("review",), ("ORD1", "ORD2")),
    Rule(csi_helper, ("review",), ("DEAD10",)),
    Rule(short_deadline, ("review",), ("ORD5",)),
    Rule(late_image_pull, ("note",), ("ORD3",)),
)
