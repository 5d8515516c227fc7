"""Connections that a command line makes to its own pod (DEAD3, ORD10, section 13)."""

from typing import NamedTuple

from sidecarify.commands.argv import unwrap, wrapper_name
from sidecarify.commands.endpoints import Endpoint, endpoint
from sidecarify.commands.model import Program, SimpleCommand


class Connection(NamedTuple):
    """A client command and the endpoint in the same pod that it talks to.

    `waits`: it is repeated, or the tool itself waits, until the endpoint answers. `handled`: its failure does not end
    the program (`|| true`, a condition, a waiting loop, `wait-for-it` without `--strict`).
    """

    command: SimpleCommand
    endpoint: Endpoint
    waits: bool
    handled: bool


def local_connections(program: Program) -> tuple[Connection, ...]:
    """Every client command that talks to localhost or to a Unix socket, in the order of the text (DEAD3)."""
    found = []
    waiting = {id(wait.command) for wait in program.waits}
    for command in program.commands:
        place = endpoint(command)
        if place is not None and place.local and command.name not in ("echo", "printf"):
            waits = id(command) in waiting
            found.append(Connection(command, place, waits, handled=waits or command.failure_is_handled))
    for wait in program.waits:
        tool = _waiting_tool(wait.command)
        if tool and wait.local:
            handled = wait.command.failure_is_handled or (
                tool in ("wait-for-it", "wait-for") and not _is_strict(wait.command)
            )
            found.append(Connection(wait.command, Endpoint.of_url(wait.target), waits=True, handled=handled))
    return tuple(sorted(found, key=lambda connection: connection.command.offset))


def _waiting_tool(command: SimpleCommand) -> str:
    names = [*unwrap(command.words).wrappers, wrapper_name(command.argv[0]) if command.argv else ""]
    return next((name for name in names if name in ("wait-for-it", "wait-for", "dockerize", "linkerd-await")), "")


def _is_strict(command: SimpleCommand) -> bool:
    """Whether a failed `wait-for-it` keeps the wrapped command from running: `--strict`, or no wrapped command."""
    before = command.words[: command.words.index("--")] if "--" in command.words else command.words
    alone = not unwrap(command.words).wrappers or _waiting_tool(command) not in unwrap(command.words).wrappers
    return "--strict" in before or "-s" in before or alone
