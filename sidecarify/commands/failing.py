"""Which commands of a script end it when they fail (DEAD3, DEAD6, ORD2)."""

from __future__ import annotations

from typing import Literal

from sidecarify.commands.argv import base_name
from sidecarify.commands.model import Lifetime, Program, SimpleCommand

Ending = Literal["surely", "maybe", ""]

# They fail when they are given nothing.
_NEEDS_INPUT = frozenset({"grep", "egrep", "fgrep", "jq", "read", "xargs"})
# In these, a file that `.` does not find is an error, no more.
_LENIENT_SHELLS = frozenset({"bash", "zsh"})


def failure_ends(command: SimpleCommand, program: Program) -> Ending:
    """Whether the script ends when this command fails.

    It does under `set -e`, before `|| exit`, in front of `&& DAEMON` with nothing behind it, and for a `.` that finds
    no file in a POSIX shell (special built-ins, POSIX XCU 2.8.1); in a pipeline only with `pipefail`, or where the
    next command needs its output. "maybe": it stands in a function, or such a command follows.
    """
    if command.in_trap or command.in_background or not command.words:
        return ""
    if not _ends(command, program):
        return ""
    passes_on = not command.piped_into or program.pipefail
    if not passes_on and command.piped_into not in _NEEDS_INPUT:
        return ""
    return "maybe" if command.in_function or not passes_on else "surely"


def _ends(command: SimpleCommand, program: Program) -> bool:
    if command.failure_leaves:
        return True
    if command.words[0] in (".", "source") and not command.in_branch and not command.in_substitution:
        shell = base_name(program.argv[0]) if program.argv else ""
        if shell not in _LENIENT_SHELLS:
            return True
    if command.failure_is_handled:
        return False
    if command.leads_on and _is_led_to(program.decisive, command, program):
        return True
    if not program.set_e or command.leads_on:
        return False
    return not command.in_substitution or _is_assigned(command, program)


def _is_led_to(daemon: SimpleCommand | None, command: SimpleCommand, program: Program) -> bool:
    """Whether the daemon runs only after `command &&`, and nothing runs after it."""
    if daemon is None or program.lifetime is Lifetime.ENDS or not daemon.in_branch:
        return False
    return daemon.offset > command.offset and not command.in_loop


def _is_assigned(command: SimpleCommand, program: Program) -> bool:
    """Whether a substitution is the value of a plain assignment, whose status it then is: `X=$(cat f)`."""
    return any(
        command.text in assignment for other in program.commands if not other.words for assignment in other.assignments
    )
