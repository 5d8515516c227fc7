"""Reads a container's command line: what it runs, what it waits for, and whether it ends.

`read_program` is the front door; the other functions answer one question each about a Program.
"""

from sidecarify.commands.connections import Connection, local_connections
from sidecarify.commands.endpoints import Endpoint
from sidecarify.commands.expansion import expanded, expanded_words, located
from sidecarify.commands.failing import failure_ends
from sidecarify.commands.files import FileUse, non_idempotent, reads, removes, writes
from sidecarify.commands.marks import blockers, looks_at_processes, one_shot_flags
from sidecarify.commands.model import Guard, Lifetime, Program, Redirect, SimpleCommand, Trap, Wait
from sidecarify.commands.nearby import nearby, searches_ports, sought_process
from sidecarify.commands.processes import inline_code
from sidecarify.commands.program import FileText, read_program
from sidecarify.commands.stopping import Kill, kills
from sidecarify.commands.tails import Tail, tails
from sidecarify.commands.uploads import uploads

__all__ = [
    "Connection",
    "Endpoint",
    "FileText",
    "FileUse",
    "Guard",
    "Kill",
    "Lifetime",
    "Program",
    "Redirect",
    "SimpleCommand",
    "Tail",
    "Trap",
    "Wait",
    "blockers",
    "expanded",
    "expanded_words",
    "failure_ends",
    "inline_code",
    "kills",
    "local_connections",
    "located",
    "looks_at_processes",
    "nearby",
    "non_idempotent",
    "one_shot_flags",
    "read_program",
    "reads",
    "removes",
    "searches_ports",
    "sought_process",
    "tails",
    "uploads",
    "writes",
]
