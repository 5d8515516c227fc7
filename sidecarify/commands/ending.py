"""What a script does only when it is stopped: in traps of the signals that end it, and behind what keeps it running."""

from sidecarify.commands.model import Lifetime, SimpleCommand
from sidecarify.commands.shell import Script
from sidecarify.commands.statements import Loop, simple_commands, walk

END_SIGNALS = frozenset({"TERM", "INT", "QUIT", "EXIT"})


def last_acts(script: Script, lifetime: Lifetime, decisive: SimpleCommand | None) -> tuple[SimpleCommand, ...]:
    """The commands that run only at the end of a script that keeps running until it is stopped (HOOK4).

    `decisive` is what keeps it running. Commands of a function count if nothing calls it before the end.
    """
    if lifetime is Lifetime.ENDS:
        return ()
    bodies = {name: tuple(simple_commands(body)) for name, body in script.functions.items()}
    inside = {id(command) for body in bodies.values() for command in body}
    behind = _place_of_the_end(script, decisive)
    last: list[SimpleCommand] = []
    earlier: list[SimpleCommand] = []
    for command in script.commands:
        if not command.in_trap and id(command) not in inside:
            (last if behind is not None and command.offset >= behind else earlier).append(command)
    for trap in script.traps:
        (last if END_SIGNALS & {*trap.signals} else earlier).extend(trap.commands)
    called_earlier = _called(earlier, bodies)
    for name in _called(last, bodies):
        if name not in called_earlier:
            last.extend(bodies[name])
    return tuple(last)


def _place_of_the_end(script: Script, decisive: SimpleCommand | None) -> int | None:
    """The offset behind which commands run only when `decisive` is over; None if it stands in a function or trap."""
    if decisive is None or decisive.in_function or decisive.in_trap:
        return None
    start = decisive.offset
    if decisive.in_background:
        waits = (one.offset for one in script.commands if one.name in ("wait", "fg") and one.offset > start)
        start = next(waits, -1)
        if start < 0:
            return None
    loops = [one for one in walk(script.body) if isinstance(one, Loop) and one.start <= start < one.end]
    return max((loop.end for loop in loops), default=start + 1)


def _called(commands: list[SimpleCommand], bodies: dict[str, tuple[SimpleCommand, ...]]) -> list[str]:
    """The functions that the commands call, directly or through one another."""
    found: list[str] = []
    todo = [command.words[0] for command in commands if command.words]
    while todo:
        name = todo.pop()
        if name in bodies and name not in found:
            found.append(name)
            todo.extend(command.words[0] for command in bodies[name] if command.words)
    return found
