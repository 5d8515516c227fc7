"""What is known about one container: its family of helpers, and what it shares."""

from __future__ import annotations

from collections.abc import Sequence

from sidecarify.catalogue import Catalogue, Match
from sidecarify.commands import Lifetime
from sidecarify.commands.argv import SHELLS, base_name
from sidecarify.commands.tools import TOOLS
from sidecarify.judge.configuration import file_at
from sidecarify.judge.model import Member
from sidecarify.judge.sharing import shared_volumes
from sidecarify.judge.signs import confirmation
from sidecarify.kube.container import Container
from sidecarify.kube.image import parse_image
from sidecarify.kube.objects import KubeObject
from sidecarify.kube.workload import PodSpec

# General images whose entrypoint is the tool that they are for.
_TOOL_IMAGES = {"curl": "curl", "kubectl": "kubectl", "git": "git", "aws-cli": "aws", "socat": "socat"}
# Images of servers that are called like a client.
_SERVERS = frozenset({"mysql", "mariadb", "mongo"})
# Programs whose name is that of a server's image too, but which are clients.
_CLIENTS = frozenset({"docker", "mysql", "mongo", "consul", "etcd", "memcached"})


def member_of(pod: PodSpec, container: Container, catalogue: Catalogue, others: Sequence[KubeObject] = ()) -> Member:
    """A container of the pod, of whichever list, with its family and the volumes that it shares with `containers`.

    `others` are the objects of the run: a script may stand in a ConfigMap.
    """
    match = catalogue.match(container.image, container.args, container.command)
    shared = shared_volumes(pod, container)
    entrypoint = _entrypoint(container, match)

    def file_text(path: str) -> str | None:
        return file_at(path, container, pod, others)

    member = Member(container, match, shared, entrypoint=entrypoint, file_text=file_text)
    if match is None or match.transform.safe == "by-command":
        found = _by_program(member, catalogue)
        if found is not None:
            return Member(container, found, shared, "program", entrypoint, file_text)
    if match is None:
        found = _by_name(member, pod, catalogue)
        if found is not None:
            return Member(container, found, shared, "name", entrypoint, file_text)
    return member


def _entrypoint(container: Container, match: Match | None) -> tuple[str, ...]:
    """The image's own program, for images that are called like it (`rclone/rclone`), where `args` alone are given.

    General images have none, so that their `args` are the command; those for one tool are listed.
    """
    if match is None or container.command or not container.args:
        return ()
    last = match.image.path[-1]
    first = container.args[0]
    if match.transform.safe == "by-command":
        tool = _TOOL_IMAGES.get(last)
        return (tool,) if tool is not None and base_name(first) not in SHELLS | {tool} else ()
    if last in _SERVERS:
        return ()
    starts_it = first.startswith("-") or (base_name(first) not in SHELLS | {last} and "/" not in first)
    return (last,) if last in TOOLS and starts_it else ()


def _by_program(member: Member, catalogue: Catalogue) -> Match | None:
    """The family of the program that the command line starts, whatever the image is called."""
    program = member.program
    if program is None or program.entrypoint_unseen or not program.readable:
        return None
    argv = program.argv
    if program.shell:
        last = program.decisive
        if last is None or last.in_loop or program.lifetime is Lifetime.ENDS:
            return None
        argv = last.argv
    if not argv or argv[0].rpartition("/")[2] in _CLIENTS:
        return None
    found = catalogue.by_program(argv[0], argv[1:])
    return None if found is None or found.transform.safe == "by-command" else found


def _by_name(member: Member, pod: PodSpec, catalogue: Catalogue) -> Match | None:
    """The family that the container is named after, if its call or mounts agree: a renamed image."""
    image = parse_image(member.container.image)
    hinted = catalogue.by_name(member.container.name)
    if image is None or hinted is None or hinted.usually_main(pod.owner.kind) or confirmation(member, pod) is None:
        return None
    return Match(hinted, member.container.name, image)
