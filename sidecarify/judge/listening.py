"""Where a container listens, as far as its manifest tells: declared ports, and what its arguments and variables say."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from sidecarify.kube.container import Container

# A plain `--address` or `--redis.port` is where a client goes, so only these say where a server listens.
_FLAG = (
    r"--?(?:port|p|(?:[\w.-]*[._-])?(?:(?:listen|bind)[\w.-]*"
    r"|(?:https?|web|metrics|healthz?|probe|admin|grpc|serve)[._-]?(?:addr|address|port|endpoint)))"
)
_VARIABLE = r"(?:\w*_)?(?:LISTEN|BIND|HTTPS?_(?:ADDR|ADDRESS|PORT))\w*|PORT"
_PORT_AT_END = r"(?:.*:)?(\d{2,5})/?"
_ADMIN = r"(?i)metric|prom|monitor|telemetry|health|probe|admin|stat|debug|pprof"
_LOCAL = r"(?<![\w.-])(?:localhost|127\.0\.0\.1|\[::1\]):(\d{1,5})(?!\d)"


class Listening(NamedTuple):
    """A port that a container listens on, and the line that says so."""

    number: int
    line: int


def argument_ports(container: Container) -> Iterator[Listening]:
    """The ports that arguments name as the container's own (`--web.listen-address=:9113`)."""
    words = container.words
    for index, node in enumerate(words):
        name, equals, value = node.value.partition("=")
        if not equals and index + 1 < len(words):
            value = words[index + 1].value
        number = _port(value)
        if number and re.fullmatch(_FLAG, name):
            yield Listening(number, container.word_line(index))


def listening(container: Container) -> Iterator[Listening]:
    """Every port that the container is known to listen on: declared, or named by an argument or a variable."""
    for port in container.ports:
        if port.number:
            yield Listening(port.number, port.line)
    yield from argument_ports(container)
    for variable in container.env.values():
        number = _port(variable.value or "")
        if number and re.fullmatch(_VARIABLE, variable.name):
            yield Listening(number, variable.line)


def _port(value: str) -> int:
    found = re.fullmatch(_PORT_AT_END, value)
    return int(found[1]) if found is not None and 0 < int(found[1]) < 2**16 else 0


def is_administrative(*names: str | None) -> bool:
    """Whether a port's name says that it is for watching or steering, not for the work itself (`metrics`, `admin`)."""
    return any(name is not None and re.search(_ADMIN, name) for name in names)


def dials(container: Container, ports: frozenset[int]) -> bool:
    """Whether its arguments or variables name one of the ports on the pod's own address (`localhost:8080`)."""
    values = [node.value for node in container.words]
    values += [variable.value for variable in container.env.values() if variable.value]
    return any(int(found[1]) in ports for value in values for found in re.finditer(_LOCAL, value))
