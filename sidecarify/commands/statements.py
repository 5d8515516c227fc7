"""The shape of a shell script: statements that hold simple commands."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from sidecarify.commands.model import Redirect, SimpleCommand

_TALK = frozenset({"echo", "printf", "logger", "date", "sleep", "true", ":", "rm"})
_MAX_CALLS = 3


class Simple(NamedTuple):
    """A simple command. `inner` are its substitutions, which run first; `nested` is the script of `sh -c` or `eval`."""

    command: SimpleCommand
    inner: tuple["Statement", ...] = ()
    nested: "Statement | None" = None


class Sequence(NamedTuple):
    """Statements one after another."""

    items: tuple["Statement", ...]


class Chain(NamedTuple):
    """`a && b || c`: one operator fewer than items."""

    items: tuple["Statement", ...]
    operators: tuple[str, ...]


class Pipeline(NamedTuple):
    """`a | b | c`."""

    stages: tuple["Statement", ...]


class Background(NamedTuple):
    """`a &`."""

    body: "Statement"


class Not(NamedTuple):
    """`! a`."""

    body: "Statement"


class Group(NamedTuple):
    """`{ a; }`, `( a )`, or a compound command with redirections; `inner` are substitutions in the latter."""

    body: "Statement"
    subshell: bool = False
    redirects: tuple[Redirect, ...] = ()
    inner: tuple["Statement", ...] = ()


class Loop(NamedTuple):
    """A loop. `kind` is while, until, for, c-for or select; `condition` is there for while and until only.

    For `for`, `values` are the words of the list. `start` and `end` are offsets in the script.
    """

    kind: str
    condition: "Statement | None"
    body: "Statement"
    values: tuple[str, ...]
    line: int
    start: int
    end: int
    endless: str = ""


class If(NamedTuple):
    """`if`: pairs of condition and body, and what `else` holds."""

    branches: tuple[tuple["Statement", "Statement"], ...]
    otherwise: "Statement | None"


class Case(NamedTuple):
    """`case`: the bodies; `complete` if one of the patterns is `*`. `inner` are the substitutions of its subject."""

    bodies: tuple["Statement", ...]
    complete: bool
    inner: tuple["Statement", ...] = ()


class Function(NamedTuple):
    """A function definition: runs nothing by itself."""

    name: str
    body: "Statement"


class Broken(NamedTuple):
    """Text that the parser could not read."""

    line: int


Statement = (
    Simple | Sequence | Chain | Pipeline | Background | Not | Group | Loop | If | Case | Function | Broken
)  # fmt: skip


def parts(statement: Statement) -> tuple[Statement, ...]:
    """The statements directly inside, in the order in which they run."""
    match statement:
        case Simple():
            return (*statement.inner, *((statement.nested,) if statement.nested else ()))
        case Sequence():
            return statement.items
        case Chain():
            return statement.items
        case Pipeline():
            return statement.stages
        case Group():
            return (*statement.inner, statement.body)
        case Background() | Not() | Function():
            return (statement.body,)
        case Loop():
            return (*((statement.condition,) if statement.condition else ()), statement.body)
        case If():
            last = (statement.otherwise,) if statement.otherwise else ()
            return (*(part for branch in statement.branches for part in branch), *last)
        case Case():
            return (*statement.inner, *statement.bodies)
        case Broken():
            return ()


def walk(statement: Statement) -> Iterator[Statement]:
    """The statement and everything inside, in the order of the text."""
    todo = [statement]
    while todo:
        current = todo.pop()
        yield current
        todo.extend(reversed(parts(current)))


def simple_commands(statement: Statement) -> Iterator[SimpleCommand]:
    """Every simple command inside, substitutions before the command that uses them."""
    todo: list[Statement | SimpleCommand] = [statement]
    while todo:
        current = todo.pop()
        if isinstance(current, SimpleCommand):
            yield current
        elif isinstance(current, Simple):
            if current.nested:
                todo.append(current.nested)
            todo.append(current.command)
            todo.extend(reversed(current.inner))
        else:
            todo.extend(reversed(parts(current)))


def always_exits(
    statement: Statement, functions: Mapping[str, "Statement"], depth: int = 0, *, words: tuple[str, ...] = ("exit",)
) -> bool:
    """Whether a statement ends the script whenever it runs: `exit`, `{ echo x; exit 1; }`, a function that does so.

    `words` are the commands that end it: `break` does too, where nothing stands behind the loop.
    """
    match statement:
        case Simple(command=command):
            name = command.words[0] if command.words else ""
            body = functions.get(name) if depth < _MAX_CALLS else None
            return name in words or (body is not None and always_exits(body, functions, depth + 1))
        case Sequence(items=items):
            return any(always_exits(item, functions, depth, words=words) for item in items)
        case Group(body=body, subshell=False):
            return always_exits(body, functions, depth, words=words)
        case Chain(items=items):
            talk = all(isinstance(item, Simple) and item.command.name in _TALK for item in items[:-1])
            return talk and always_exits(items[-1], functions, depth, words=words)
        case _:
            return False
