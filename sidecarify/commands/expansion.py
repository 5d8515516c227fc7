"""What the variables in a command line stand for, as far as the manifest tells.

Kubernetes replaces `$(NAME)` in `command` and `args` by the container's own environment (API core/v1 Container); the
shell then replaces `$NAME`. What comes from elsewhere (`envFrom`, a command's output) stays as written.
"""

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import NamedTuple

from sidecarify.commands.model import Guard, Program, Redirect, SimpleCommand, Trap, Wait

_ARGUMENT = r"(?<!\$)\$\(([A-Za-z_][A-Za-z0-9_.-]*)\)"
_EXPANSION = (
    r"\$\{(?P<braced>\w+)(?P<else>:?[-=](?P<default>[^{}]*))?\}|\$(?P<plain>[A-Za-z_]\w*|\d)(?!\w)|\$(?P<all>[@*])"
)
_SETTERS = frozenset({"read", "let", "getopts", "((", "unset", "mapfile", "readarray"})
_NAME = r"[A-Za-z_]\w*"
_MAX_DEPTH = 5
_MAX_WORDS = 64
_MAX_EXPANSIONS = 16
_MAX_LENGTH = 4096


def expanded_words(words: Iterable[str], environment: Mapping[str, str]) -> tuple[str, ...]:
    """`command` or `args` as Kubernetes gives them to the container; unknown `$(NAME)` and `$$(NAME)` stay."""
    return tuple(_argument(word, environment) for word in words)


def _argument(word: str, environment: Mapping[str, str]) -> str:
    if "$(" not in word:
        return word

    def value(match: re.Match[str]) -> str:
        found = environment.get(match[1])
        # A line more would move the lines behind it away from the manifest's.
        return match[0] if found is None or "\n" in found else found

    return re.sub(_ARGUMENT, value, word)


def expanded(program: Program, environment: Mapping[str, str], folder: str = "") -> Program:
    """The program with its variables filled in where their value is known, and with the folder of each command.

    `environment` are the container's variables with known values, `folder` its `workingDir`. A variable is known if the
    script gives it one value, or none and the environment does; `${X:-y}` is `y` where nobody sets X. The lifetime and
    its reason stay.
    """
    in_script = program.script is not None
    scope = _Scope.of(program, environment) if in_script and "$" in (program.script or "") else None
    if scope is None and not folder and not any(command.name == "cd" for command in program.commands):
        return program
    known: dict[int, SimpleCommand] = {}
    for command in program.commands:
        filled = _filled(command, scope, folder)
        known[id(command)] = filled
        if _moves(filled):
            folder = _inside(folder, filled.argv[1]) if len(filled.argv) > 1 else ""
    return program._replace(
        commands=tuple(known[id(command)] for command in program.commands),
        decisive=known.get(id(program.decisive), program.decisive),
        waits=tuple(_wait(wait, known, scope) for wait in program.waits),
        limited_waits=tuple(_wait(wait, known, scope) for wait in program.limited_waits),
        traps=tuple(_trap(trap, known, scope) for trap in program.traps),
        guards=tuple(_guard(guard, known, scope) for guard in program.guards),
        last_acts=tuple(known.get(id(command), command) for command in program.last_acts),
    )


def located(path: str, command: SimpleCommand) -> str:
    """A path that a command names, from the root if the folder of the command is known."""
    if path.startswith(("/", "$", "~", "`")) or not command.folder:
        return path
    return _inside(command.folder, path)


def _inside(folder: str, path: str) -> str:
    if path.startswith("/"):
        return posixpath.normpath(path)
    return posixpath.normpath(posixpath.join(folder, path)) if folder and "$" not in path else ""


def _moves(command: SimpleCommand) -> bool:
    elsewhere = command.in_pipeline or command.in_substitution or command.in_trap or command.in_background
    return command.name == "cd" and not elsewhere


def _filled(command: SimpleCommand, scope: "_Scope | None", folder: str) -> SimpleCommand:
    if scope is None:
        return command._replace(folder=folder) if folder else command
    words = tuple(word for written in command.words for word in scope.values(written, command))
    redirects = tuple(
        Redirect(one.fd, one.operator, next(iter(scope.values(one.target, command)), one.target))
        for one in command.redirects
    )
    return command._replace(words=words, redirects=redirects, folder=folder)


def _wait(wait: Wait, known: Mapping[int, SimpleCommand], scope: "_Scope | None") -> Wait:
    target = wait.target
    if scope is not None:
        target = " ".join(scope.values(target, wait.command))
    then = tuple(known.get(id(command), command) for command in wait.then)
    command = known.get(id(wait.command), wait.command)
    return wait._replace(target=target, command=command, then=then)


def _guard(guard: Guard, known: Mapping[int, SimpleCommand], scope: "_Scope | None") -> Guard:
    command = known.get(id(guard.command), guard.command)
    target = guard.target if scope is None else " ".join(scope.values(guard.target, guard.command))
    return guard._replace(target=target, command=command)


def _trap(trap: Trap, known: Mapping[int, SimpleCommand], scope: "_Scope | None") -> Trap:
    commands = tuple(known.get(id(command), command) for command in trap.commands)
    return trap._replace(commands=commands, waits=tuple(_wait(wait, known, scope) for wait in trap.waits))


class _Scope(NamedTuple):
    """What names stand for: the script's own variables (None if they change), its environment, loops, parameters."""

    own: Mapping[str, str | None]
    environment: Mapping[str, str]
    loops: Mapping[str, Sequence[str]]
    parameters: tuple[str, ...]

    @classmethod
    def of(cls, program: Program, environment: Mapping[str, str]) -> "_Scope":
        own: dict[str, str | None] = {}
        shifted = False
        for command in program.commands:
            if command.in_trap:
                continue
            for assignment in command.assignments if not command.words or command.name in _DECLARES else ():
                name, _, value = assignment.partition("=")
                changes = name.endswith("+") or (name in own and own[name] != value)
                own[name.rstrip("+")] = None if changes else value
            if command.name in _SETTERS:
                own.update((name, None) for name in re.findall(_NAME, " ".join(command.words[1:])))
            shifted = shifted or command.name == "shift" or command.words[:2] == ("set", "--")
        return cls(own, environment, dict(program.loops), () if shifted else program.parameters)

    def values(self, word: str, command: SimpleCommand) -> tuple[str, ...]:
        """The words that a word becomes; itself if a part of it is not known."""
        if "$" not in word or word.count("$") > _MAX_EXPANSIONS:
            return (word,)
        parameters = () if command.in_function else self.parameters
        if word in ("$@", "$*", "${@}"):
            return parameters[1:] or (word,)
        return tuple(islice(self._expand(word, parameters, frozenset(), 0), _MAX_WORDS))

    def _expand(self, word: str, parameters: tuple[str, ...], open_: frozenset[str], depth: int) -> Iterator[str]:
        """Every value of a word; what stays unknown stays written."""
        match = re.search(_EXPANSION, word)
        if match is None or depth > _MAX_DEPTH:
            yield word
            return
        name = match["braced"] or match["plain"] or ""
        values = self._of_name(name, match["default"], parameters, open_, depth) if name else None
        for rest in self._expand(word[match.end() :], parameters, open_, depth):
            for value in values if values is not None else (match[0],):
                yield word[: match.start()] + value + rest

    def _of_name(
        self, name: str, default: str | None, parameters: tuple[str, ...], open_: frozenset[str], depth: int
    ) -> Sequence[str] | None:
        if name.isdigit():
            at = int(name)
            return (parameters[at],) if at < len(parameters) else _maybe(default)
        written: str | None = None
        if name in self.loops and name not in self.own:
            listed = self.loops[name][:_MAX_WORDS] if name not in open_ else ()
            each = (self._expand(word, parameters, open_ | {name}, depth + 1) for word in listed)
            values = list(islice((value for one in each for value in one), _MAX_WORDS))
            return values if values and not any("$(" in value or "`" in value for value in values) else None
        if name in self.own and name not in open_:
            written = self.own[name]
            if written is None:
                return None
        elif name in self.environment:
            return (self.environment[name],)
        else:
            written = default
        if written is None or "$(" in written.replace("$(POD_IP)", "") or "`" in written:
            return None
        if written.count("$") > _MAX_EXPANSIONS:
            return None
        values = list(islice(self._expand(written, parameters, open_ | {name}, depth + 1), _MAX_WORDS))
        if any("$" in value.replace("$(POD_IP)", "") or len(value) > _MAX_LENGTH for value in values):
            return None
        return values


_DECLARES = frozenset({"export", "local", "readonly", "declare", "typeset"})


def _maybe(value: str | None) -> tuple[str, ...] | None:
    return None if value is None else (value,)
