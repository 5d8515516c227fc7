"""A container of a pod spec as a read-only view."""

import re
from functools import cached_property
from typing import Final, Literal, NamedTuple

from sidecarify.yamltext.tree import Node

from . import fields

_OWN = re.compile(r"(?<!\$)\$\(([A-Za-z_][A-Za-z0-9_.-]*)\)")

HandlerKind = Literal["exec", "httpGet", "tcpSocket", "grpc", "sleep", "none"]


class Mount(NamedTuple):
    """One entry of `volumeMounts`."""

    volume: str
    path: str
    sub_path: str
    read_only: bool
    propagation: str
    line: int


class Port(NamedTuple):
    """One entry of `ports`: a declaration only, nobody is kept from listening elsewhere."""

    name: str | None
    number: int | None
    protocol: str
    host_port: int
    line: int


class EnvVar(NamedTuple):
    """One entry of `env`; `value` is None where it comes from elsewhere (`valueFrom`, with `field_path` of the pod)."""

    name: str
    value: str | None
    line: int
    field_path: str = ""


class Handler(NamedTuple):
    """What a probe or hook does. `port` is a number, a port's name, or None; `host` is empty for the pod itself."""

    node: Node
    kind: HandlerKind
    command: tuple[str, ...]
    path: str
    port: int | str | None
    host: str
    line: int

    @property
    def text(self) -> str:
        """The command's words joined by blanks."""
        return " ".join(self.command)


def _with_values(text: str, known: dict[str, str]) -> str:
    """A value with the variables put in that stand above it."""
    return _OWN.sub(lambda found: known.get(found[1], found[0]), text) if "$(" in text else text


class Container:
    """A container, or an init container, at `index` of its list."""

    def __init__(self, node: Node, index: int, init: bool = False) -> None:
        self.node: Final = node
        self.index: Final = index
        self.init: Final = init

    @property
    def line(self) -> int:
        """The line of its first key."""
        return self.node.line

    @cached_property
    def name(self) -> str:
        """Its name; empty if it has none."""
        return fields.text(self.node, "name") or ""

    @cached_property
    def image(self) -> str:
        """Its image as written; empty if it has none."""
        return fields.text(self.node, "image") or ""

    @cached_property
    def restart_policy(self) -> str | None:
        """Its own `restartPolicy` (KEP-753 for init containers, KEP-5307 for ordinary ones)."""
        return fields.text(self.node, "restartPolicy")

    @property
    def is_native_sidecar(self) -> bool:
        """Whether it is an init container with `restartPolicy: Always`."""
        return self.init and self.restart_policy == "Always"

    @cached_property
    def command(self) -> tuple[str, ...]:
        """The strings of `command`."""
        return fields.strings(self.node, "command")

    @cached_property
    def args(self) -> tuple[str, ...]:
        """The strings of `args`."""
        return fields.strings(self.node, "args")

    @cached_property
    def words(self) -> tuple[Node, ...]:
        """The nodes of the strings of `command` + `args`: where each stands in the text."""
        nodes = (*fields.items(self.node, "command"), *fields.items(self.node, "args"))
        return tuple(node for node in nodes if node.kind == "scalar")

    def line_of(self, *path: str) -> int:
        """The line of the field at `path`, or of the container where it has none."""
        return fields.line(self.node, *path) or self.line

    def word_line(self, index: int, line: int = 0) -> int:
        """The line of the manifest that holds line `line` (from 0) of string `index` of `command` + `args`.

        Exact for block scalars (`|`), where scripts are found; elsewhere the line where the string begins.
        """
        node = self.words[index]
        return node.line + 1 + line if node.style == "|" else node.line

    @cached_property
    def env(self) -> dict[str, EnvVar]:
        """Its environment by name; of two entries with one name the last counts, as for Kubernetes."""
        found = {}
        for node in fields.items(self.node, "env"):
            name = fields.text(node, "name")
            if name is not None:
                value = fields.text(node, "value")
                path = fields.text(node, "valueFrom", "fieldRef", "fieldPath") if value is None else None
                found[name] = EnvVar(name, value, node.line, path or "")
        return found

    @cached_property
    def environment(self) -> dict[str, str]:
        """The variables whose value is known; the pod's own address is `$(POD_IP)`, however the variable is called."""
        known: dict[str, str] = {}
        for variable in self.env.values():
            if variable.value is not None:
                known[variable.name] = _with_values(variable.value, known)
            elif variable.field_path in ("status.podIP", "status.podIPs"):
                known[variable.name] = "$(POD_IP)"
        return known

    @cached_property
    def working_dir(self) -> str:
        """Its `workingDir`; empty if the image decides."""
        return fields.text(self.node, "workingDir") or ""

    @cached_property
    def ports(self) -> tuple[Port, ...]:
        """Its declared ports."""
        return tuple(
            Port(
                fields.text(node, "name"),
                fields.number(node, "containerPort"),
                fields.text(node, "protocol") or "TCP",
                fields.number(node, "hostPort") or 0,
                node.line,
            )
            for node in fields.items(self.node, "ports")
        )

    @cached_property
    def mounts(self) -> tuple[Mount, ...]:
        """Its volume mounts (`volumeDevices` are none: a block device is no shared folder)."""
        return tuple(
            Mount(
                fields.text(node, "name") or "",
                fields.text(node, "mountPath") or "",
                fields.text(node, "subPath") or fields.text(node, "subPathExpr") or "",
                fields.is_true(node, "readOnly"),
                fields.text(node, "mountPropagation") or "",
                node.line,
            )
            for node in fields.items(self.node, "volumeMounts")
        )

    def handler(self, *path: str) -> Handler | None:
        """The probe or hook at `path` (`startupProbe`, or `lifecycle`, `postStart`), or None."""
        node = fields.find(self.node, *path)
        if node is None or node.kind != "map":
            return None
        at = fields.line(self.node, *path) or node.line
        for kind in ("exec", "httpGet", "tcpSocket", "grpc", "sleep"):
            action = fields.find(node, kind)
            if action is not None:
                number = fields.number(action, "port")
                port = number if number is not None else fields.text(action, "port")
                path_ = fields.text(action, "path") or ("/" if kind == "httpGet" else "")
                host = fields.text(action, "host") or ""
                return Handler(node, kind, fields.strings(action, "command"), path_, port, host, at)
        return Handler(node, "none", (), "", None, "", at)

    @cached_property
    def startup_probe(self) -> Handler | None:
        """The startupProbe: it gates what starts after a native sidecar."""
        return self.handler("startupProbe")

    @cached_property
    def liveness_probe(self) -> Handler | None:
        """The livenessProbe."""
        return self.handler("livenessProbe")

    @cached_property
    def readiness_probe(self) -> Handler | None:
        """The readinessProbe."""
        return self.handler("readinessProbe")

    @cached_property
    def post_start(self) -> Handler | None:
        """The postStart hook: it too must end before what follows a native sidecar starts."""
        return self.handler("lifecycle", "postStart")

    @cached_property
    def pre_stop(self) -> Handler | None:
        """The preStop hook."""
        return self.handler("lifecycle", "preStop")
