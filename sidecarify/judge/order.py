"""The order of moved helpers among themselves: who provides comes before who uses (hazard catalogue, order rules)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from sidecarify.commands.endpoints import LOCAL_HOSTS, Endpoint, endpoint
from sidecarify.judge.listening import listening
from sidecarify.judge.model import Member, PodContext
from sidecarify.judge.paths import main_ports, mount_of, place_of
from sidecarify.kube.container import Container

# Words of options that say where a helper puts a socket or files, or which folder is its own.
_MAKES = r"(?i)^-{1,2}[\w.-]*(?:socket|sock|out|output|dest|destination|root|sink|write|render|dir)[\w.-]*$"
# `instances=a:b:c=tcp:5432`, `a:b:c?port=5432`: where the instances of a database proxy are offered.
_INSTANCE_PORT = r"=tcp:(?:[\d.]+:)?(\d{2,5})\b|\?(?:[\w=&-]*&)?port=(\d{2,5})\b"
_HOST_AND_PORT = r"(?<![\w.-])(?:localhost|127\.0\.0\.1|\[::1\]):(\d{1,5})(?!\d)"
_URL = r"[a-zA-Z][\w+.-]*://[^\s,;\"']+"
_DSN = r"\bhost=(?:localhost|127\.0\.0\.1)\b(?:.*?\bport=(\d{1,5}))?"
_PATH = r"(?<![\w.$})-])/[\w.@%+/:-]+"


def ordered(members: Sequence[Member], context: PodContext) -> list[Member]:
    """The helpers in the order of `initContainers`: their own order, but a provider before the helpers that use it.

    Native sidecars start one after another and stop in reverse, so a proxy or a secrets agent must come before the
    helper that dials its port, connects to its socket or reads the files it writes. Where two need one another their
    own order stays.
    """
    result: list[Member] = []
    waiting = list(members)
    while waiting:
        ready = next(
            (one for one in waiting if not any(needs(one, other, context) for other in waiting if other is not one)),
            waiting[0],
        )
        waiting.remove(ready)
        result.append(ready)
    return result


def needs(user: Member, provider: Member, context: PodContext) -> bool:
    """Whether `user` depends on `provider`: it dials a port of it on localhost, or uses its socket or its files."""
    return _dials(user, provider, context) or _reads_from(user, provider, context) or _names_product(user, provider)


def _dials(user: Member, provider: Member, context: PodContext) -> bool:
    wanted = frozenset(_dialled(user))
    if not wanted:
        return False
    own = frozenset(port.number for port in listening(user.container))
    return bool((wanted - own - main_ports(context)) & offered_ports(provider))


def offered_ports(provider: Member) -> frozenset[int]:
    """Where a helper listens: declared, told by its arguments and variables, or by the default of its family."""
    container = provider.container
    told = {port.number for port in listening(container)}
    for text in _texts(container):
        told.update(int(number) for pair in re.findall(_INSTANCE_PORT, text) for number in pair if number)
    default = provider.match.transform.listens if provider.match is not None else ()
    # A port that is told replaces the default; a declared one may be another (metrics, health).
    moved = told - {port.number for port in container.ports}
    return frozenset(told if moved & frozenset(range(1024, 2**16)) and not container.ports else told | set(default))


def _dialled(user: Member) -> Iterator[int]:
    """The ports of this pod that a container connects to, as far as its call and its variables tell."""
    container = user.container
    for text in _texts(container):
        yield from (int(found[1]) for found in re.finditer(_HOST_AND_PORT, text))
        for url in re.findall(_URL, text):
            place = Endpoint.of_url(url)
            if place.local and place.kind != "socket" and place.port is not None:
                yield place.port
        for found in re.finditer(_DSN, text):
            yield int(found[1] or 5432)
    yield from _paired(container)
    for command in user.program.commands if user.program is not None else ():
        client = endpoint(command)
        if client is not None and client.local and client.port is not None:
            yield client.port


def _paired(container: Container) -> Iterator[int]:
    """`DB_HOST=localhost` with `DB_PORT=5432`."""
    known = container.environment
    for name, value in known.items():
        if "HOST" in name and value.strip() in LOCAL_HOSTS:
            port = known.get(name.replace("HOST", "PORT"), "")
            if port.isdecimal():
                yield int(port)


def _texts(container: Container) -> Iterator[str]:
    yield from (node.value for node in container.words)
    yield from container.environment.values()


def _reads_from(user: Member, provider: Member, context: PodContext) -> bool:
    """Whether the user reads files of a volume that the provider fills: it cannot write there, or it names a path."""
    if not provider.has_trait("provider"):
        return False
    written = {mount.volume for mount in provider.container.mounts if not mount.read_only}
    for mount in user.container.mounts:
        volume = context.pod.volumes.get(mount.volume)
        if mount.volume not in written or volume is None or volume.is_config:
            continue
        names = provider.has_trait("fills") and not user.has_trait("fills") and _named_in(user, mount.volume)
        if mount.read_only or names:
            return True
    return False


def _named_in(user: Member, volume: str) -> bool:
    places = (mount_of(user.container, path) for path in _paths(user.container))
    return any(mount is not None and mount.volume == volume for mount in places)


def _paths(container: Container) -> Iterator[str]:
    for text in _texts(container):
        if len(text) < 500:
            yield from re.findall(_PATH, text)


def _names_product(user: Member, provider: Member) -> bool:
    """Whether the user names a path in a folder where the provider is told to put its socket or files."""
    made = _places(provider.container, _products(provider))
    used = _places(user.container, _paths(user.container))
    if not made or not used:
        return False
    own = _places(user.container, _products(user))
    return any(_is_below(one, other) for one in used - own for other in made)


def _products(member: Member) -> Iterator[str]:
    """The paths that a provider's options name as its own."""
    if not member.has_trait("provider"):
        return
    words = [node.value for node in member.container.words]
    for at, word in enumerate(words):
        name, equals, value = word.partition("=")
        if not equals and at + 1 < len(words):
            value = words[at + 1]
        path = value.removeprefix("unix://").removeprefix("unix:")
        if re.match(_MAKES, name) and path.startswith("/"):
            yield path


def _places(container: Container, paths: Iterable[str]) -> set[tuple[str, str]]:
    return {place for path in paths if (place := place_of(container, path)) is not None}


def _is_below(path: tuple[str, str], folder: tuple[str, str]) -> bool:
    return path[0] == folder[0] and (not folder[1] or path[1] == folder[1] or path[1].startswith(f"{folder[1]}/"))
