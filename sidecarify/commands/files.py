"""Files that a command line writes, reads, or cannot make twice (DEAD4, DEAD6, JOB10, ORD9)."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from sidecarify.commands.model import Program, SimpleCommand
from sidecarify.commands.processes import has_option

_CREATING = frozenset({"touch", "redirect", "append", "copy", "move", "tee", "link", "mkfifo", "download", "install"})
_DOWNLOAD_OPTIONS = {"curl": ("-o", "--output"), "wget": ("-O", "--output-document")}
_READERS = frozenset(
    {
        "cat",
        "tail",
        "head",
        "grep",
        "egrep",
        "awk",
        "sed",
        "sort",
        "wc",
        "jq",
        "yq",
        "source",
        ".",
        "less",
        "cut",
        "uniq",
    }
    | {"envsubst", "base64", "md5sum", "sha256sum", "zcat", "gunzip", "diff", "cmp"}
)
_VALUED = {
    "touch": {"-d", "-r", "-t"},
    "mkdir": {"-m"},
    "install": {"-m", "-o", "-g", "-t"},
    "tail": {"-n", "-c", "-s"},
    "head": {"-n", "-c"},
    "truncate": {"-s"},
    "cp": {"-t"},
    "mv": {"-t"},
    "ln": {"-t"},
}
_INPUT_OPTIONS = (
    r"--?(?:c|f|config|config[-_.]?file|conf|configuration|cert|key|ca|cacert|tls[-\w]*(?:cert|key|ca)[-\w]*|"
    r"kubeconfig|input|in|file|from-file|env-file|rules|template|socket|csi-address|addr)\Z"
)


class FileUse(NamedTuple):
    """A path and the command that uses it; `how` is the verb: redirect, append, touch, copy, mkdir, option ..."""

    path: str
    command: SimpleCommand
    how: str


def creates(use: FileUse) -> bool:
    """Whether the use makes a file at that path (a folder does not count)."""
    return use.how in _CREATING


def writes(program: Program) -> tuple[FileUse, ...]:
    """Paths that the program writes, as far as its text shows them; expansions stay as written."""
    return tuple(use for command in program.commands for use in _writes(command))


def reads(program: Program) -> tuple[FileUse, ...]:
    """Paths that the program reads: operands of `cat` and the like, sources of copies, `< x`, `--config x`."""
    return tuple(use for command in program.commands for use in _reads(command) if use.path)


def removes(program: Program) -> tuple[FileUse, ...]:
    """Paths that the program removes or moves away, as far as its text shows them; they may be globs."""
    names = {"rm": "remove", "rmdir": "remove", "unlink": "remove", "mv": "move"}
    return tuple(
        FileUse(path, command, names[command.name])
        for command in program.commands
        if command.name in names
        for path in _operands(command.argv)[: -1 if command.name == "mv" else None]
    )


def _writes(command: SimpleCommand) -> Iterator[FileUse]:
    for redirect in command.redirects:
        if redirect.operator in (">", ">|", "&>", "<>") and not redirect.target.startswith("/dev/"):
            yield FileUse(redirect.target, command, "redirect")
        elif redirect.operator in (">>", "&>>") and not redirect.target.startswith("/dev/"):
            yield FileUse(redirect.target, command, "append")
    argv = command.argv
    operands = _operands(argv)
    match command.name:
        case "touch" | "mkdir" | "mkfifo" | "tee" | "truncate":
            yield from (FileUse(path, command, command.name) for path in operands)
        case "cp" | "mv" | "ln" | "install" | "rsync":
            how = {"cp": "copy", "mv": "move", "ln": "link", "install": "install", "rsync": "copy"}[command.name]
            target = _target_folder(argv)
            sources = operands if target else operands[:-1]
            target = target or (operands[-1] if len(operands) > 1 else "")
            if target:
                yield FileUse(target, command, how)
            if target.endswith(("/", "/.")):
                names = (source.rstrip("/").rsplit("/", 1)[-1] for source in sources)
                yield from (FileUse(target.rstrip("./") + "/" + name, command, how) for name in names if name != ".")
        case "curl" | "wget":
            path = _value_of(argv, _DOWNLOAD_OPTIONS[command.name])
            if path and path != "-" and not path.startswith("/dev/"):
                yield FileUse(path, command, "download")
        case "git" if "clone" in argv[1:3] and len(operands) > 2:
            yield FileUse(operands[-1], command, "clone")
        case "dd":
            yield from (FileUse(word[3:], command, "copy") for word in argv[1:] if word.startswith("of="))
        case _:
            pass


def _reads(command: SimpleCommand) -> Iterator[FileUse]:
    for redirect in command.redirects:
        if redirect.operator == "<":
            yield FileUse(redirect.target, command, "redirect")
    argv = command.argv
    operands = _operands(argv)
    if command.name in ("cp", "mv", "ln", "install", "rsync"):
        sources = operands if _target_folder(argv) else operands[:-1]
        yield from (FileUse(path, command, "copy") for path in sources)
    elif command.name in _READERS:
        paths = [word for word in operands if "/" in word or command.name in ("cat", "tail", "source", ".")]
        yield from (FileUse(path, command, "read") for path in paths)
    else:
        for at, word in enumerate(argv[1:], 1):
            name, equals, value = word.partition("=")
            if not re.match(_INPUT_OPTIONS, name):
                continue
            path = value if equals else "".join(argv[at + 1 : at + 2])
            path = path.removeprefix("unix://").removeprefix("unix:").removeprefix("file:")
            if path.startswith("/"):
                yield FileUse(path, command, "option")


def _operands(argv: tuple[str, ...]) -> list[str]:
    operands: list[str] = []
    takes = _VALUED.get(argv[0].rsplit("/", 1)[-1], set()) if argv else set()
    skip = False
    for word in argv[1:]:
        if skip:
            skip = False
        elif word in takes:
            skip = True
        elif not word.startswith("-") or word == "-":
            operands.append(word)
    return operands


def _target_folder(argv: tuple[str, ...]) -> str:
    return _value_of(argv, ("-t", "--target-directory"))


def _value_of(argv: tuple[str, ...], options: tuple[str, ...]) -> str:
    for at, word in enumerate(argv[1:], 1):
        name, equals, value = word.partition("=")
        if name in options:
            return value if equals else "".join(argv[at + 1 : at + 2])
        # `curl -sLo FILE`: the option that takes the value is the last of the cluster.
        if re.match(r"-[a-zA-Z]{2,6}\Z", word) and f"-{word[-1]}" in options:
            return "".join(argv[at + 1 : at + 2])
    return ""


def non_idempotent(program: Program) -> tuple[SimpleCommand, ...]:
    """Commands that fail, or do nothing, when the container runs a second time on the same volume (JOB10).

    `mkdir` without `-p`, `ln -s` without `-f`, `cp -n`, `set -o noclobber`; not where the script handles the failure.
    """
    return tuple(command for command in program.commands if _fails_twice(command) and not command.failure_is_handled)


def _fails_twice(command: SimpleCommand) -> bool:
    argv = command.argv
    match command.name:
        case "mkdir":
            return not (has_option(argv, "-p") or has_option(argv, "--parents")) and bool(_operands(argv))
        case "ln":
            symbolic = has_option(argv, "-s") or has_option(argv, "--symbolic")
            return symbolic and not (has_option(argv, "-f") or has_option(argv, "--force"))
        case "cp":
            return has_option(argv, "-n") or has_option(argv, "--no-clobber")
        case "set":
            return "noclobber" in argv or any(re.match(r"-[a-zA-Z]*C", word) for word in argv[1:])
        case "mkfifo":
            return True
        case _:
            return False
