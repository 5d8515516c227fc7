"""What a script ends for when it is not there: `[ -f X ] || exit 1`, `if ! curl localhost; then exit; fi` (DEAD3)."""

from collections.abc import Iterator, Mapping

from sidecarify.commands.model import Guard
from sidecarify.commands.shell import Script
from sidecarify.commands.statements import (
    Background,
    Chain,
    Group,
    If,
    Loop,
    Pipeline,
    Sequence,
    Statement,
    always_exits,
    parts,
)
from sidecarify.commands.waits import aims


def guards_of_script(script: Script) -> tuple[Guard, ...]:
    """The conditions in a script under which it ends because a file, an endpoint or a process is not there."""
    last = script.body.items[-1] if isinstance(script.body, Sequence) and script.body.items else script.body
    return tuple(_guards(script.body, script.functions, last, ("exit",)))


def _guards(
    statement: Statement, functions: Mapping[str, Statement], last: Statement, ends: tuple[str, ...]
) -> Iterator[Guard]:
    """`last` is what the script does last: `break` ends the script if it leaves that. `ends` are the words for it."""
    match statement:
        case Background() | Pipeline() | Group(subshell=True):
            return
        case Loop():
            ends = ("exit", "break") if statement is last and statement.endless else ("exit",)
        case If(branches=branches, otherwise=otherwise):
            for condition, body in branches:
                if always_exits(body, functions, words=ends):
                    yield from _missing(condition, holds=True)
            if otherwise is not None and len(branches) == 1 and always_exits(otherwise, functions, words=ends):
                yield from _missing(branches[0][0], holds=False)
        case Chain(items=items, operators=operators):
            for at, operator in enumerate(operators):
                if always_exits(items[at + 1], functions, words=ends):
                    first = at
                    while first and operators[first - 1] == "&&" and operator == "||":
                        first -= 1
                    for item in items[first : at + 1]:
                        yield from _missing(item, holds=operator == "&&")
        case _:
            pass
    for part in parts(statement):
        yield from _guards(part, functions, last, ends)


def _missing(condition: Statement, *, holds: bool) -> Iterator[Guard]:
    """What is not there if the condition holds, or does not."""
    for aim, succeeds in aims(condition, succeeds=holds):
        if aim.kind != "command" and aim.present is not succeeds:
            yield Guard(aim.kind, aim.target, aim.local, aim.command)
