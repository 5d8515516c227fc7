"""Commands that end a process (RX-KILL, HOOK2)."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from sidecarify.commands.argv import wrapper_name
from sidecarify.commands.endpoints import endpoint
from sidecarify.commands.model import Program, SimpleCommand

_HARMLESS_SIGNALS = frozenset({"0", "1", "10", "12", "17", "18", "28", "HUP", "USR1", "USR2", "WINCH", "CHLD", "CONT"})
_STOP_WORDS = frozenset({"quit", "shutdown", "poweroff", "halt", "stop"})
_STOP_PATH = r"quitquitquit|/(?:quit|exit|shutdown|stop)(?![\w-])"
_STOP_PROGRAM = r"(?:quit|shutdown|poweroff|halt|stop)(?:\.\w+)?\Z"
_TALKERS = frozenset(
    {"nc", "ncat", "netcat", "socat", "telnet", "redis-cli", "valkey-cli", "mysql", "psql", "rcon-cli"}
)
# These name files and texts; the words in them stop nothing.
_ABOUT_FILES = frozenset(
    {"echo", "printf", "logger", "touch", "[", "[[", "test", "((", "cat", "rm", "ls", "mkdir", "rmdir", "grep", "egrep"}
    | {"sed", "awk", "cp", "mv", "ln", "chmod", "chown", "tee", "export", "cd", "read", "find", "head", "tail", "wc"}
    | {"stat", "source", ".", "local", "set", "trap", "inotifywait"}
)


class Kill(NamedTuple):
    """A command that ends a process. `how` is "signal", "http" or "command"; `target` is what is ended, as written."""

    command: SimpleCommand
    how: str
    signal: str
    target: str


def kills(program: Program) -> tuple[Kill, ...]:
    """Every command that ends a process: signals, `.../quitquitquit`, `nginx -s quit` (HOOK2).

    Reload signals, `kill -0` and words in texts or file names are none.
    """
    return tuple(kill for command in program.commands for kill in kills_of(command))


def kills_of(command: SimpleCommand) -> Iterator[Kill]:
    """What one command ends."""
    argv = command.argv
    if not argv:
        return
    name = wrapper_name(argv[0])
    if name in ("kill", "pkill", "killall", "killall5"):
        yield from _signals(command, argv)
    elif name not in _ABOUT_FILES:
        yield from _requests(command, argv)
    elif name in ("echo", "printf") and command.piped_into in _TALKERS:
        said = " ".join(argv[1:]).lower().split()
        if any(word in _STOP_WORDS for word in said):
            yield Kill(command, "command", "", command.piped_into)


def _signals(command: SimpleCommand, argv: tuple[str, ...]) -> Iterator[Kill]:
    signal = "TERM"
    targets: list[str] = []
    takes_signal = False
    for word in argv[1:]:
        if takes_signal:
            signal, takes_signal = word, False
        elif word in ("-s", "--signal", "-n"):
            takes_signal = True
        elif word.startswith("--signal="):
            signal = word.partition("=")[2]
        elif re.match(r"-(?:SIG)?(?:[A-Z]+[0-9]?|\d+)\Z", word) and (not targets):
            signal = word[1:]
        elif word in ("-l", "-L"):
            return
        elif not word.startswith("-") or targets:
            targets.append(word)
    signal = signal.upper().removeprefix("SIG")
    if signal not in _HARMLESS_SIGNALS:
        yield Kill(command, "signal", signal, " ".join(targets))


def _requests(command: SimpleCommand, argv: tuple[str, ...]) -> Iterator[Kill]:
    place = endpoint(command)
    for word in argv:
        # `cloud-sql-proxy --quitquitquit` only opens the endpoint.
        if re.search(_STOP_PATH, word) and not word.startswith("-"):
            how = "http" if place is not None and place.kind == "http" else "command"
            yield Kill(command, how, "", place.target if how == "http" and place else word)
            return
    if re.match(_STOP_PROGRAM, wrapper_name(argv[0])) or any(word in _STOP_WORDS for word in argv[1:]):
        yield Kill(command, "command", "", argv[0])
