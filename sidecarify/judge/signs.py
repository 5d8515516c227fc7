"""What speaks for a main container and what for a helper: facts of the manifest, not decisions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Final, Literal

from sidecarify.commands import Lifetime, inline_code
from sidecarify.commands.tools import ONE_SHOT
from sidecarify.judge.model import Evidence, Member
from sidecarify.kube import fields
from sidecarify.kube.container import Container
from sidecarify.kube.image import UNKNOWN, parse_image
from sidecarify.kube.objects import KubeObject
from sidecarify.kube.related import port_owner, services
from sidecarify.kube.workload import PodSpec

Standing = Literal["helper", "either", "product", "script", "unknown"]

_DEFAULT_CONTAINER = "kubectl.kubernetes.io/default-container"
_APP_LABELS = ("app.kubernetes.io/name", "app", "k8s-app")

# Names that people give to the container that the pod exists for.
_APP_NAMES = frozenset(
    {
        "app",
        "application",
        "main",
        "primary",
        "server",
        "service",
        "api",
        "backend",
        "frontend",
        "consumer",
        "web",
        "webapp",
        "website",
        "worker",
    }
)
_APP_SUFFIXES = ("app", "-api", "-server", "-service", "-backend", "-frontend", "-web", "-worker", "-consumer")

# Parts of a name that tell a helper's work. They decide nothing alone (MAIN1: `web-proxy` may be the product).
_WORK = frozenset({
    "adapter", "agent", "ambassador", "backup", "cleaner", "cleanup", "collector", "dumper", "exporter", "feeder",
    "fetch", "fetcher", "fluentbit", "fluentd", "forwarder", "gc", "gitsync", "housekeeping", "janitor", "loader",
    "logger", "logging", "logrotate", "logs", "logship", "logshipper", "logtail", "metrics", "mirror", "monitor",
    "otel", "poller", "prober", "profiler", "proxy", "puller", "pusher", "refresh", "refresher", "relay", "reload",
    "reloader", "renew", "renewer", "replicator", "rotate", "rotator", "sampler", "scraper", "shipper", "sidecar",
    "snapshotter", "stats", "statsd", "stdout", "streamer", "sync", "syncer", "synchronizer", "tail", "tailer",
    "telemetry", "tracer", "tracing", "updater", "uploader", "warmer", "watchdog", "watcher",
})  # fmt: skip
_MEASURES = frozenset({"exporter", "metrics", "monitor", "stats", "statsd", "telemetry"})
_WORK_ENDINGS = ("sync", "ship", "shipper", "exporter", "proxy", "reloader", "sidecar", "logger", "watcher", "tailer")
# Work that goes on for as long as the pod lives; a "loader" or an "uploader" may do it once.
_LASTING_WORK = frozenset({
    "adapter", "agent", "ambassador", "collector", "exporter", "fluentbit", "fluentd", "forwarder", "logger",
    "logging", "logship", "logshipper", "logtail", "monitor", "poller", "proxy", "relay", "reloader", "scraper",
    "shipper", "streamer", "tail", "tailer", "telemetry", "tracing", "watchdog", "watcher",
})  # fmt: skip
_LASTING_ENDINGS = ("ship", "shipper", "exporter", "proxy", "reloader", "logger", "watcher", "tailer")

_STAYS = (
    r"(?i)^--?(?:[\w.-]*[.-])?(?:follow|watch|interval|period|poll(?:ing)?(?:-interval)?|listen(?:-?(?:addr(?:ess)?|port))?"
    r"|daemon|foreground|bind(?:-?(?:addr(?:ess)?))?|port|addr(?:ess)?|schedule|cron|refresh|loop|forever|tail)"
    r"(?:$|=(?!0$|false$|no$|off$))"
)
_SERVES = frozenset({"serve", "server", "watch", "follow", "daemon", "run-server", "listen", "tail", "proxy", "agent"})
_METRICS = r"(?i)metric|prom|monitor|telemetry|health|probe|admin|exporter|debug|pprof"
_WEB_ROOT = r"(?i)(?:^|/)(?:html|htdocs|www|wwwroot|webroot|public|static|media|assets|content|site|data)(?:/|$)"
_GENERAL_TOOLS = ONE_SHOT | frozenset({
    "aws", "break", "consul", "continue", "cron", "crond", "docker", "etcdctl", "exit", "fswatch", "git", "go-crond",
    "inotifyd", "inotifywait", "kubectl", "mc", "mysql", "oc", "openssl", "redis-cli", "sleep", "supercronic", "tail",
    "trap", "valkey-cli", "vault", "wait", "watch",
})  # fmt: skip
_WORDS = r"[^a-z0-9]+"


class Signs:
    """What the manifest says of one container.

    `standing` is what its family says: a helper; either a helper or the main container; the product itself; a general
    image whose script decides; or nothing. `claims` are strong evidence for a main container, `hints` weak. `traffic`
    tells which of the claims are Services.
    """

    def __init__(
        self,
        member: Member,
        pod: PodSpec,
        standing: Standing,
        claims: tuple[Evidence, ...],
        traffic: tuple[Evidence, ...],
        hints: tuple[Evidence, ...],
    ) -> None:
        self.member: Final = member
        self.pod: Final = pod
        self.standing: Final = standing
        self.claims: Final = claims
        self.traffic: Final = traffic
        self.hints: Final = hints

    @property
    def container(self) -> Container:
        """The container itself."""
        return self.member.container

    @cached_property
    def work(self) -> Evidence | None:
        """Which word of its name or image tells a helper's work, unless the workload itself is called so."""
        taken = set(_parts(workload_name(self.pod)))
        for source, text, line in _names(self.container):
            words = (_work_in(part) for part in reversed(_parts(text)) if part not in taken)
            word = next((word for word in words if word), "")
            if word:
                return Evidence(f"its {source} `{text}` says {word!r}", line)
        return None

    @cached_property
    def confirmed(self) -> Evidence | None:
        """What in its command line or mounts agrees with the name: a shared path, a read-only mount, main's port."""
        return confirmation(self.member, self.pod)


def workload_name(pod: PodSpec) -> str:
    """The name of the workload, without the dash that ends a `generateName`."""
    return (pod.owner.name or "").rstrip("-")


def standing_of(member: Member, pod: PodSpec) -> Standing:
    """What the container's family says about its role in a workload of this kind."""
    if member.match is None:
        return "script" if _runs_general_tools(member) else "unknown"
    transform = member.match.transform
    if transform.safe == "by-command" or (pod.runs_to_completion and _does_a_task(member)):
        return "script"
    if transform.usually_main(pod.owner.kind):
        return "product" if transform.main_sign == "strong" else "either"
    return "helper"


def _does_a_task(member: Member) -> bool:
    """Whether an image of a family is given work that ends: `docker build` in the image of the Docker daemon."""
    program = member.program
    return program is not None and program.readable and program.lifetime is Lifetime.ENDS


def _runs_general_tools(member: Member) -> bool:
    """Whether all that the container's readable command line runs are general tools, or a loop in code that it holds.

    Code without one calls a program that is not seen (`python -c "import shop; shop.main()"`).
    """
    program = member.program
    if program is None or not program.readable or not program.commands:
        return False
    if program.entrypoint_unseen and program.script is None:
        return False
    loops = program.lifetime is Lifetime.FOREVER
    return all(
        command.name in _GENERAL_TOOLS or (loops and inline_code(command.argv))
        for command in program.commands
        if command.words
    )


def read_signs(member: Member, pod: PodSpec, others: Sequence[KubeObject]) -> Signs:
    """Gather what speaks for the container being main."""
    traffic = tuple(_traffic(member.container, pod, others))
    claims = (*_identity(member.container, pod), *traffic)
    return Signs(member, pod, standing_of(member, pod), claims, traffic, tuple(_hints(member.container, pod)))


def _identity(container: Container, pod: PodSpec) -> Iterator[Evidence]:
    if not container.name:
        return
    if pod.annotations.get(_DEFAULT_CONTAINER) == container.name:
        line = fields.line(pod.template, "metadata", "annotations", _DEFAULT_CONTAINER) or container.line
        yield Evidence(f"the annotation {_DEFAULT_CONTAINER} names it", line)
    if container.name == workload_name(pod):
        yield Evidence(f"it is named like the {pod.owner.kind}", container.line_of("name"))
        return
    for label in _APP_LABELS:
        if pod.labels.get(label) == container.name:
            line = fields.line(pod.template, "metadata", "labels", label) or container.line
            yield Evidence(f"the pods' label {label} is its name", line)
            return
    image = parse_image(container.image)
    others = (parse_image(one.image) for one in pod.containers if one.index != container.index)
    rivals = {one.path[-1] for one in others if one is not None}
    if image is not None and image.path[-1] == workload_name(pod) and image.path[-1] not in rivals:
        yield Evidence(f"its image is named like the {pod.owner.kind}", container.line_of("image"))


def _traffic(container: Container, pod: PodSpec, others: Sequence[KubeObject]) -> Iterator[Evidence]:
    for service in services(pod, others):
        for port in service.ports:
            owner = port_owner(port, pod.containers)
            if owner is None or owner[0].index != container.index:
                continue
            names = " ".join(str(name) for name in (port.name, owner[1].name) if name)
            if not re.search(_METRICS, names):
                text = f"the Service `{service.object.name}` sends traffic to its port {port.target}"
                yield Evidence(text, port.line, service.object.file)


def _hints(container: Container, pod: PodSpec) -> Iterator[Evidence]:
    name = container.name
    line = container.line_of("name")
    workload = workload_name(pod)
    if not name:
        return
    if workload.endswith(f"-{name}") or workload.startswith(f"{name}-"):
        yield Evidence(f"its name is a part of the workload's name `{workload}`", line)
    if is_called_an_application(container):
        yield Evidence(f"its name `{name}` is one that people give to the application", line)


def is_called_an_application(container: Container) -> bool:
    """Whether its name is one that people give to a part of the application (`api`, `queue-worker`)."""
    return container.name in _APP_NAMES or container.name.endswith(_APP_SUFFIXES)


def _names(container: Container) -> Iterator[tuple[str, str, int]]:
    yield "name", container.name, container.line_of("name")
    image = parse_image(container.image)
    if image is not None and UNKNOWN not in image.path[-1]:
        yield "image", image.path[-1], container.line_of("image")


def _parts(text: str) -> list[str]:
    return [part for part in re.split(_WORDS, text.lower()) if part]


def _work_in(part: str) -> str:
    """The helper's work that a part of a name tells, "" if it tells none."""
    return part if part in _WORK else next((ending for ending in _WORK_ENDINGS if part.endswith(ending)), "")


def _measures(container: Container) -> bool:
    return any(part in _MEASURES for _, text, _ in _names(container) for part in _parts(text))


def lasting_work(container: Container) -> bool:
    """Whether its name or image tells work that goes on for as long as the pod lives (an exporter, a proxy)."""
    parts = [part for _, text, _ in _names(container) for part in _parts(text)]
    return any(part in _LASTING_WORK or part.endswith(_LASTING_ENDINGS) for part in parts)


def stays(container: Container) -> Evidence | None:
    """What in the call, the ports or the probes of a container says that its program does not end by itself."""
    words = (*container.command[1:], *container.args) if container.command else container.args
    offset = 1 if container.command else 0
    for index, word in enumerate(words):
        if re.match(_STAYS, word) or (word in _SERVES and index == 0):
            return Evidence(f"it is called with `{word}`, which keeps it running", container.word_line(index + offset))
    for port in container.ports:
        return Evidence(f"it declares the port {port.number}", port.line)
    for kind in ("livenessProbe", "readinessProbe", "startupProbe"):
        probe = container.handler(kind)
        if probe is not None and probe.kind != "none":
            return Evidence(f"its {kind} expects it to stay", probe.line)
    return None


def serves_files(member: Member) -> Evidence | None:
    """A shared folder that a web server hands out: it is then a part of the site, not a way to it."""
    if not member.has_trait("serves-files"):
        return None
    for volume in member.strongly_shared:
        for mount in member.container.mounts:
            if mount.volume == volume.name and re.search(_WEB_ROOT, mount.path):
                return Evidence(f"it serves the files that it shares with `{volume.with_container}`", mount.line)
    return None


def has_front(container: Container) -> bool:
    """Whether somebody is expected to call it: it declares a port, or has a probe."""
    probes = (container.liveness_probe, container.readiness_probe, container.startup_probe)
    return bool(container.ports) or any(probe is not None for probe in probes)


def dials(container: Container, ports: frozenset[int]) -> Evidence | None:
    """A word of the call or a variable with an address of this pod (`localhost:8080`) at one of the ports."""
    for text, line in call_texts(container):
        for found in LOCAL_ADDRESS.finditer(text):
            if int(found[1]) in ports:
                return Evidence(f"`{_short(text)}` names the port {found[1]} of this pod", line)
    return None


LOCAL_ADDRESS = re.compile(r"(?<![\w.-])(?:localhost|127\.0\.0\.1|\[::1\]):(\d{1,5})(?!\d)")


def call_texts(container: Container) -> Iterator[tuple[str, int]]:
    """The strings of command and args, and the values of the environment, with their lines."""
    for index, node in enumerate(container.words):
        yield node.value, container.word_line(index)
    for variable in container.env.values():
        if variable.value is not None:
            yield variable.value, variable.line


def names_path(container: Container, folder: str) -> Evidence | None:
    """A word of the call or a variable with a path in `folder`."""
    folder = folder.rstrip("/")
    if not folder:
        return None
    pattern = re.compile(rf"(?<![\w.-]){re.escape(folder)}(?![\w.-])")
    for text, line in call_texts(container):
        if pattern.search(text):
            return Evidence(f"`{_short(text)}` is a path on the shared volume", line)
    return None


def _short(text: str, limit: int = 60) -> str:
    text = " ".join(text.split())
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def confirmation(member: Member, pod: PodSpec) -> Evidence | None:
    """What in the command line or mounts of a container agrees with a helper's name: a shared path, main's port."""
    return next(_confirmations(member, pod), None)


def _confirmations(member: Member, pod: PodSpec) -> Iterator[Evidence]:
    container = member.container
    strong = {volume.name for volume in member.strongly_shared}
    for mount in container.mounts:
        if mount.volume in strong and mount.read_only:
            yield Evidence(f"it only reads the shared volume `{mount.volume}`", mount.line)
    for mount in container.mounts:
        if mount.volume in strong and (found := names_path(container, mount.path)):
            yield found
    for port in container.ports:
        if port.name is not None and re.search(_METRICS, port.name) and _measures(container):
            yield Evidence(f"it declares the port `{port.name}`", port.line)
    theirs = {
        port.number for one in pod.containers if one.node is not container.node for port in one.ports if port.number
    }
    own = {port.number for port in container.ports}
    if found := dials(container, frozenset(theirs - own)):
        yield found
    if strong and container.command:
        program = container.command[0]
        if any(_work_in(part) for part in _parts(program.rpartition("/")[2])):
            yield Evidence(f"its program is `{program}`", container.word_line(0))
