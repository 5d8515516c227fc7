"""Small marks in a command line: one-time flags, looks at processes, things that may keep a hook from returning."""

import re

from sidecarify.commands.model import Program, SimpleCommand
from sidecarify.commands.processes import once_flag
from sidecarify.commands.waits import may_block

_PROCESS_FOLDER = r"/proc/(?:\d|\[|\*|\$)"
_TEXT_COMMANDS = frozenset({"echo", "printf", "logger"})


def one_shot_flags(program: Program) -> tuple[tuple[SimpleCommand, str], ...]:
    """Options that make a tool run once (RX-ONCE; ORD2, JOB1); `--one-time=false` is none."""
    found = ((command, once_flag(command.words)) for command in program.commands if command.name not in _TEXT_COMMANDS)
    return tuple((command, flag) for command, flag in found if flag)


def looks_at_processes(program: Program) -> tuple[SimpleCommand, ...]:
    """Commands that look at the processes of the pod: `ps`, `pidof`, `pgrep`, `/proc/[0-9]*` (RX-PS, ORD7)."""
    return tuple(
        command
        for command in program.commands
        if command.name in ("ps", "pidof", "pgrep")
        or (command.name not in _TEXT_COMMANDS and any(re.search(_PROCESS_FOLDER, word) for word in command.words))
    )


def blockers(program: Program) -> tuple[SimpleCommand, ...]:
    """Commands by which a hook may not return, or not soon: waits, connections, file tests, `sleep inf`.

    RX-WAITCMD (DEAD2, HOOK5). The commands of every loop that waits belong to it.
    """
    waiting = {id(wait.command) for wait in program.waits}
    return tuple(
        command
        for command in program.commands
        if not command.in_trap and (id(command) in waiting or command.in_endless_loop or may_block(command))
    )
