"""`tail` in follow mode, and whether it survives a file that is not there yet (RX-TAIL, DEAD4)."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from sidecarify.commands.expansion import located
from sidecarify.commands.files import creates, writes
from sidecarify.commands.model import Program, SimpleCommand

_VALUED = frozenset({"-n", "-c", "-s", "--lines", "--bytes", "--sleep-interval", "--pid", "--max-unchanged-stats"})
_PATH = r"(?<![\w.$})/-])/[\w.*?@%+/-]+"
_OBSOLETE = r"[-+]\d+[bcl]?[fF]?\Z"


class Tail(NamedTuple):
    """One `tail` that follows. `retry` is `-F`, or `--retry` with a way to follow.

    `prepared` are the files that the program itself makes, or waits for, before this command runs. `unknown` says that
    which files it follows is not written in the manifest, or not all of them are.
    """

    command: SimpleCommand
    files: tuple[str, ...]
    retry: bool
    prepared: tuple[str, ...]
    unknown: bool = False


def tails(program: Program) -> tuple[Tail, ...]:
    """Every `tail` in follow mode (DEAD4)."""
    return tuple(_tails(program))


def _tails(program: Program) -> Iterator[Tail]:
    for command in program.commands:
        if command.name != "tail":
            continue
        follow, retry, operands = _options(command.argv)
        if follow:
            given = operands or _piped_names(program, command)
            named = [path for word in given for path in _paths_in(word)]
            files = tuple(located(path, command) for path in named)
            prepared = _prepared(program, command, files)
            unknown = any(not path.startswith("/") and path not in prepared and path != "-" for path in files)
            unknown = unknown or len(named) < len(given) or (not given and "xargs" in command.words)
            yield Tail(command, files, retry, prepared, unknown)


def _paths_in(word: str) -> tuple[str, ...]:
    """The files that an operand stands for: itself, or the paths in `$(ls /logs/*.log)`; none if nobody knows."""
    if "$(" in word or "`" in word:
        return tuple(re.findall(_PATH, word))
    # `/logs/$APP.log` is below /logs, whatever APP is.
    return () if "$" in word.rpartition("/")[0] or word.startswith("$") else (word,)


def _piped_names(program: Program, tail: SimpleCommand) -> tuple[str, ...]:
    """The paths that the command in front of `| xargs tail -f` looks at."""
    if "xargs" not in tail.words:
        return ()
    givers = [one for one in program.commands if one.in_pipeline and one.offset < tail.offset and one.line == tail.line]
    return tuple(word for one in givers for word in one.argv[1:] if word.startswith("/"))


def _options(argv: tuple[str, ...]) -> tuple[bool, bool, tuple[str, ...]]:
    """Whether a `tail` follows, whether it tries again, and its files."""
    follow = retry = takes_value = only_files = False
    files: list[str] = []
    for at, word in enumerate(argv[1:], 1):
        if takes_value:
            takes_value = False
        elif only_files or not word.startswith("-") or word == "-":
            # `tail +5f x` is obsolete; a file named so is stranger still.
            if at == 1 and re.match(_OBSOLETE, word):
                follow = follow or word.endswith("f")
            else:
                files.append(word)
        elif word == "--":
            only_files = True
        elif word.startswith("--"):
            follow = follow or word == "--follow" or word.startswith("--follow=")
            retry = retry or word == "--retry"
            takes_value = word in _VALUED
        else:
            letters = word[1:]
            follow = follow or "f" in letters or "F" in letters
            retry = retry or "F" in letters
            takes_value = letters[-1] in "ncs" and not re.match(_OBSOLETE, word)
    return follow, retry, tuple(files)


def _prepared(program: Program, tail: SimpleCommand, files: tuple[str, ...]) -> tuple[str, ...]:
    earlier = [write for write in writes(program) if write.command.offset < tail.offset]
    made = {located(write.path, write.command) for write in earlier if creates(write) and not write.command.in_trap}
    waited = {
        located(wait.target, wait.command)
        for wait in program.waits
        if wait.kind == "file" and wait.until == "appears" and wait.line <= tail.line and tail in wait.then
    }
    tested = {
        located(word, command) for command in program.commands if _guards(command, tail) for word in command.argv[1:]
    }
    return tuple(file for file in files if file in made | waited | tested or file.startswith("/dev/"))


def _guards(command: SimpleCommand, tail: SimpleCommand) -> bool:
    """`[ -f FILE ] || exit 1` or `[ -f FILE ] && tail ...` before the tail, on the way to it."""
    is_test = command.name in ("[", "[[", "test") and any(word in ("-f", "-e", "-s", "-r") for word in command.argv)
    return is_test and command.offset < tail.offset and "!" not in command.argv and not command.negated
