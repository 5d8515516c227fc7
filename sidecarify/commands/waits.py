"""What a program waits for before it goes on (DEAD2, DEAD3, DEAD5, JOB3, HOOK4)."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from sidecarify.commands.argv import base_name, unwrap, unwrap_once, wrapper_name
from sidecarify.commands.conditions import looks_only, test_operands
from sidecarify.commands.endpoints import Endpoint, endpoint
from sidecarify.commands.model import SimpleCommand, Wait
from sidecarify.commands.processes import command_lifetime, has_option
from sidecarify.commands.shell import Script
from sidecarify.commands.statements import (
    Chain,
    Group,
    If,
    Loop,
    Not,
    Sequence,
    Simple,
    Statement,
    simple_commands,
    walk,
)

_PASSIVE = frozenset({
    "sleep", "usleep", "echo", "printf", ":", "true", "date", "exit", "break", "continue", "return", "[", "[[", "test",
    "((", "let", "expr", "set", "local", "read", "logger", "kill", "wait", "",
})  # fmt: skip
_FILE_TESTS = frozenset({"-e", "-f", "-s", "-S", "-d", "-r", "-p", "-L", "-h", "-x", "-w", "-b", "-c"})
_PROC = r"/proc/(\S+)"
_FOUND_BY_NAME = r"[$`(]+(?:pgrep|pidof)\s(?:-\S+\s+)*([\w.-]+)[)`]+\Z"
_LISTED_PORT = r":(\d{2,5})(?!\d)"


class Aim(NamedTuple):
    """What a command looks at: the kind, target and place of a wait; `present` if success means that it is there."""

    kind: str
    target: str
    local: bool
    present: bool
    command: SimpleCommand


def waits_of_script(script: Script) -> tuple[Wait, ...]:
    """The waits of a script in the order of the text."""
    return _waits(script.body, [command for command in script.commands if not command.in_trap])


def waits_of_handler(handler: Statement) -> tuple[Wait, ...]:
    """The waits in what a trap runs."""
    return _waits(handler, list(simple_commands(handler)))


def _waits(body: Statement, following: list[SimpleCommand]) -> tuple[Wait, ...]:
    found: list[Wait] = []
    for statement in walk(body):
        if isinstance(statement, Loop):
            found.extend(_waits_of_loop(statement, following))
        elif isinstance(statement, Simple):
            found.extend(_waits_of_command(statement.command, following))
    return tuple(sorted(found, key=lambda wait: wait.command.offset))


def waits_of_command(command: SimpleCommand) -> tuple[Wait, ...]:
    """The waits of a command line without a shell: `wait-for-it db:5432 -- serve`."""
    return tuple(_waits_of_command(command, []))


def _waits_of_loop(loop: Loop, commands: list[SimpleCommand]) -> Iterator[Wait]:
    found: list[tuple[Aim, bool]] = []
    # `for i in $(seq 30); do X && break; sleep 1; done`; without a sleep it is a search.
    pauses = any(command.name in ("sleep", "usleep") for command in simple_commands(loop.body))
    limited = loop.kind in ("for", "c-for") and pauses and not loop.endless
    if loop.condition is not None and not loop.endless:
        # `until X` goes on when X succeeds, `while X` when it fails.
        found = list(aims(loop.condition, succeeds=loop.kind == "until"))
    elif loop.endless or limited:
        found = list(_ways_out(loop.body))
    own = [command for command in simple_commands(loop.body) if not command.in_substitution]
    inside = {id(command) for command in simple_commands(loop)}
    busy = any(command.name not in _PASSIVE for command in own if not command.in_condition)
    if loop.endless or limited:
        looked_at = {id(aim.command) for aim, _ in found}
        busy = any(command.name not in _PASSIVE and id(command) not in looked_at for command in own)
    behind = tuple(
        command for command in commands if command.offset >= loop.end and id(command) not in inside and command.words
    )
    for aim, succeeds in found:
        yield Wait(
            kind=aim.kind,
            target=aim.target,
            local=aim.local,
            until="appears" if aim.present is succeeds else "vanishes",
            line=aim.command.line,
            command=aim.command,
            then=behind,
            busy=busy,
            repeats=aim.command.in_endless_loop and not loop.endless,
            limited=limited,
        )


def aims(condition: Statement, *, succeeds: bool) -> Iterator[tuple[Aim, bool]]:
    """What a condition looks at, and whether the success of that command ends the wait."""
    match condition:
        case Not(body=body):
            yield from aims(body, succeeds=not succeeds)
        case Group(body=body):
            yield from aims(body, succeeds=succeeds)
        case Sequence(items=items):
            for item in items[-1:]:
                yield from aims(item, succeeds=succeeds)
        case Chain(items=items):
            for item in items:
                yield from aims(item, succeeds=succeeds)
        case Simple(command=command, inner=(*_, last)) if not command.words:
            # An assignment ends as the last command that it captures: `PID=$(pgrep app) || exit 1`.
            yield from aims(last, succeeds=succeeds)
        case Simple(command=command):
            found = list(_looked_at(command)) or list(_captured(condition))
            yield from ((aim, succeeds) for aim in found)
            if condition.nested is not None:
                yield from aims(condition.nested, succeeds=succeeds)
        case _:
            listed = _listed(tuple(simple_commands(condition)))
            if listed is not None:
                yield listed, succeeds
                return
            for command in simple_commands(condition):
                yield from ((aim, succeeds) for aim in _looked_at(command) if aim.kind != "command")


def _listed(commands: tuple[SimpleCommand, ...]) -> Aim | None:
    """What `ps | grep X` and `ss -ltn | grep :PORT` look for, with any number of `grep -v` between."""
    searches = [one for one in commands if one.name in ("grep", "egrep", "fgrep") and not has_option(one.argv, "-v")]
    if len(commands) < 2 or not searches:
        return None
    last = searches[-1]
    wanted = next((word for word in last.argv[1:] if not word.startswith("-")), "")
    if commands[0].name == "ps":
        return Aim("process", wanted.replace("[", "").replace("]", ""), local=True, present=True, command=last)
    port = re.search(_LISTED_PORT, wanted)
    if commands[0].name in ("ss", "netstat") and port is not None:
        return Aim("port", f"localhost:{port[1]}", local=True, present=True, command=last)
    return None


def _captured(condition: Simple) -> Iterator[Aim]:
    """What a test on a command's output looks at: `[ "$(curl -w '%{http_code}' localhost)" = 200 ]`."""
    words = condition.command.words
    if not words or words[0] not in ("[", "[[", "test"):
        return
    differs = any(word in ("!=", "-ne", "-z") for word in words)
    empty = "" in words
    for inner in condition.inner:
        for command in simple_commands(inner):
            for aim in _looked_at(command):
                if aim.kind != "command":
                    yield aim._replace(present=differs is empty)


def _ways_out(body: Statement) -> Iterator[tuple[Aim, bool]]:
    """The conditions under which an endless loop is left: `[ -f x ] && break`, `if [ -f x ]; then exit 0; fi`."""
    for statement in walk(body):
        match statement:
            case If(branches=branches):
                for condition, inside in branches:
                    if _leaves(inside):
                        yield from aims(condition, succeeds=True)
            case Chain(items=items, operators=operators):
                for at, operator in enumerate(operators):
                    if _leaves(items[at + 1]) and (operator == "&&" or looks_only(items[at])):
                        yield from aims(items[at], succeeds=operator == "&&")
            case _:
                pass


def _leaves(statement: Statement) -> bool:
    return any(command.words[:1] in (("break",), ("exit",), ("return",)) for command in simple_commands(statement))


def _looked_at(command: SimpleCommand) -> Iterator[Aim]:
    """What one command of a condition looks at."""
    argv = command.argv
    if not argv:
        return
    name = wrapper_name(argv[0])
    if name in ("[", "[[", "test"):
        yield from _tested(command, test_operands(argv))
        return
    process = _process(name, argv)
    if process:
        yield Aim("process", process, local=True, present=True, command=command)
        return
    socket = endpoint(command)
    if socket is not None:
        yield Aim(socket.kind, socket.target, socket.local, present=True, command=command)
        return
    if name in ("ls", "stat", "cat", "grep", "head", "wc", "mountpoint", "cmp", "find"):
        path = next((word for word in reversed(argv[1:]) if word.startswith("/")), "")
        if path:
            yield Aim("file", path, local=True, present=True, command=command)
            return
    if name not in _PASSIVE and name not in ("((", "false") and not name.startswith("$"):
        yield Aim("command", command.text, local=False, present=True, command=command)


def _tested(command: SimpleCommand, words: tuple[str, ...]) -> Iterator[Aim]:
    positive = True
    for at, word in enumerate(words):
        if word == "!":
            positive = not positive
        elif word in _FILE_TESTS and at + 1 < len(words):
            target = words[at + 1]
            process = re.match(_PROC, target)
            if process:
                yield Aim("process", process[1], local=True, present=positive, command=command)
            else:
                yield Aim("file", target, local=True, present=positive, command=command)
            positive = True
        elif word in ("-a", "-o", "&&", "||"):
            positive = True


def _process(name: str, argv: tuple[str, ...]) -> str:
    """The process that a command looks for, "" if it looks for none."""
    if name in ("pgrep", "pidof"):
        return next((word for word in reversed(argv[1:]) if not word.startswith("-")), "?")
    if name in ("kill", "killall", "pkill") and (argv[1:2] == ("-0",) or argv[1:3] == ("-s", "0")):
        named = re.match(_FOUND_BY_NAME, argv[-1])
        return named[1] if named is not None else argv[-1]
    if name == "ps" and "-p" in argv[:-1]:
        return argv[argv.index("-p") + 1]
    return ""


def _waits_of_command(command: SimpleCommand, commands: list[SimpleCommand]) -> Iterator[Wait]:
    """Waits that one command makes: `inotifywait`, `wait-for-it`, `dockerize -wait`, `kubectl wait`, `tail --pid`."""
    if not command.words or command.name in ("echo", "printf"):
        return
    found = list(_own_aims(command))
    if not found:
        return
    behind = tuple(
        other
        for other in commands
        if other.offset > command.offset
        and other.words
        and not other.in_condition
        # `tail --pid=$(pgrep x)`: what stands in its own words runs before it.
        and not (other.in_substitution and other.line == command.line and other.text in command.text)
    )
    wrapped = _wrapped_command(command)
    for aim, until in found:
        yield Wait(
            kind=aim.kind,
            target=aim.target,
            local=aim.local,
            until=until,
            line=command.line,
            command=command,
            then=(*wrapped, *behind),
            repeats=command.in_endless_loop,
        )


def _own_aims(command: SimpleCommand) -> Iterator[tuple[Aim, str]]:
    argv = command.argv
    name = wrapper_name(argv[0]) if argv else ""
    whole = command.words
    if name == "inotifywait":
        path = _inotify_path(argv)
        vanishes = any("delete_self" in word or "close_nowrite" in word for word in argv)
        yield Aim("file", path, local=True, present=True, command=command), "vanishes" if vanishes else "appears"
    elif name == "tail" and any(word.startswith("--pid") for word in argv):
        at = next(index for index, word in enumerate(argv) if word.startswith("--pid"))
        process = argv[at].partition("=")[2] or "".join(argv[at + 1 : at + 2])
        yield Aim("process", process, local=True, present=True, command=command), "vanishes"
    elif name in ("kubectl", "oc") and "wait" in argv[1:]:
        gone = any(word in ("--for=delete", "delete") for word in argv)
        aim = Aim("command", command.text, local=False, present=True, command=command)
        yield aim, "vanishes" if gone else "appears"
    elif name == "pilot-agent" and argv[1:2] == ("wait",):
        yield Aim("command", command.text, local=True, present=True, command=command), "appears"
    for socket in _waiting_endpoints(whole):
        yield Aim(socket.kind, socket.target, socket.local, present=True, command=command), "appears"


def _inotify_path(argv: tuple[str, ...]) -> str:
    valued = {"-e", "--event", "-t", "--timeout", "--format", "--timefmt", "-o", "--exclude", "--excludei", "--include"}
    paths = [word for at, word in enumerate(argv) if at and not word.startswith("-") and argv[at - 1] not in valued]
    return paths[0] if paths else ""


def _waiting_endpoints(words: tuple[str, ...]) -> Iterator[Endpoint]:
    """Endpoints named by `wait-for-it`, `dockerize -wait` and `linkerd-await`, as wrappers or alone."""
    rest = words
    while rest:
        name = wrapper_name(rest[0])
        if name in ("wait-for-it", "wait-for"):
            yield from _wait_for_it(rest)
        elif name == "dockerize":
            for at, word in enumerate(rest):
                if word == "--":
                    break
                value = rest[at + 1] if word in ("-wait", "--wait") and at + 1 < len(rest) else ""
                if word.startswith(("-wait=", "--wait=")):
                    value = word.partition("=")[2]
                if value:
                    yield Endpoint.of_url(value)
        elif name == "linkerd-await":
            yield Endpoint("http", "localhost:4191/ready", "localhost", 4191)
        rest = unwrap_once(rest)


def _wait_for_it(words: tuple[str, ...]) -> Iterator[Endpoint]:
    host = port = ""
    for at, word in enumerate(words[1:], 1):
        if word == "--":
            break
        name, equals, value = word.partition("=")
        value = value if equals else "".join(words[at + 1 : at + 2])
        if name in ("-h", "--host"):
            host = value
        elif name in ("-p", "--port"):
            port = value
        elif re.match(r"[^-:\s][^:\s]*:\d+\Z", word):
            host, _, port = word.rpartition(":")
        elif "://" in word:
            yield Endpoint.of_url(word)
    if host and port:
        yield Endpoint.of("port", host, port)


def _wrapped_command(command: SimpleCommand) -> tuple[SimpleCommand, ...]:
    wrapped = unwrap(command.words)
    if not wrapped.wrappers or not set(wrapped.wrappers) & {"wait-for-it", "wait-for", "dockerize", "linkerd-await"}:
        return ()
    return (SimpleCommand(wrapped.argv, command.line, command.offset),)


def may_block(command: SimpleCommand) -> bool:
    """RX-WAITCMD on one command: it waits, connects somewhere, looks for a file, or sleeps for ever (DEAD2, HOOK5).

    A fixed `sleep 5` only delays.
    """
    argv = command.argv
    name = wrapper_name(argv[0]) if argv else ""
    outer = base_name(command.words[0]) if command.words else ""
    if name in ("[", "[[", "test"):
        return any(word in _FILE_TESTS for word in argv[1:])
    if name == "sleep":
        return command_lifetime(argv)[0].value == "forever"
    waiting = {"inotifywait", "wait-for-it", "wait-for", "dockerize", "grpc_health_probe", "linkerd-await", "wait4x"}
    if name in waiting or wrapper_name(outer) in waiting:
        return True
    if name in ("kubectl", "oc", "pilot-agent") and "wait" in argv[1:]:
        return True
    if name == "tail" and (has_option(argv, "-f") or has_option(argv, "-F")):
        return True
    return name in ("curl", "wget", "nc", "ncat", "netcat", "pg_isready") or endpoint(command) is not None
