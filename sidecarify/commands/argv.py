"""Which program an argument vector really starts: wrappers off, shells recognised.

Facts about the wrappers' options are from their manual pages (coreutils, util-linux, tini, dumb-init, su-exec, gosu,
s6, wait-for-it, dockerize) as of 2026.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

SHELLS = frozenset({"sh", "bash", "ash", "dash", "ksh", "mksh", "zsh", "hush"})

_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\+?=")
_MAX_WRAPPERS = 16


class _Wrapper(NamedTuple):
    """How to find the wrapped command: options that take a value, and how many words stand before it."""

    valued: frozenset[str] = frozenset()
    operands: int = 0
    subcommands: frozenset[str] = frozenset()
    needs_dashes: bool = False


def _wrapper(*valued: str, operands: int = 0, subcommands: Sequence[str] = (), needs_dashes: bool = False) -> _Wrapper:
    return _Wrapper(frozenset(valued), operands, frozenset(subcommands), needs_dashes)


WRAPPERS: dict[str, _Wrapper] = {
    "tini": _wrapper("-p", "-e"),
    "tini-static": _wrapper("-p", "-e"),
    "docker-init": _wrapper("-p", "-e"),
    "dumb-init": _wrapper("-r", "--rewrite"),
    "catatonit": _wrapper(),
    "pid1": _wrapper(),
    "exec": _wrapper("-a"),
    "command": _wrapper(),
    "builtin": _wrapper(),
    "time": _wrapper("-f", "-o"),
    "env": _wrapper("-u", "--unset", "-C", "--chdir"),
    "timeout": _wrapper("-s", "--signal", "-k", "--kill-after", operands=1),
    "nice": _wrapper("-n", "--adjustment"),
    "ionice": _wrapper("-c", "--class", "-n", "--classdata"),
    "chrt": _wrapper(operands=1),
    "taskset": _wrapper(operands=1),
    "nohup": _wrapper(),
    "setsid": _wrapper(),
    "stdbuf": _wrapper("-i", "-o", "-e", "--input", "--output", "--error"),
    "unbuffer": _wrapper(),
    "setpriv": _wrapper("--reuid", "--regid", "--groups", "--inh-caps", "--ambient-caps", "--bounding-set"),
    "su-exec": _wrapper(operands=1),
    "gosu": _wrapper(operands=1),
    "s6-setuidgid": _wrapper(operands=1),
    "setuidgid": _wrapper(operands=1),
    "chpst": _wrapper("-u", "-U", "-b", "-m", "-d", "-o", "-p", "-f", "-c", "-r", "-t", "-l", "-L", "-e", "-/", "-n"),
    "chroot": _wrapper(operands=1),
    "capsh": _wrapper(needs_dashes=True),
    "sudo": _wrapper("-u", "--user", "-g", "--group", "-C", "-h", "-p", "-r", "-t", "-T", "-U"),
    "doas": _wrapper("-u", "-C"),
    "unshare": _wrapper(),
    "nsenter": _wrapper("-t", "--target", "-S", "-G"),
    "busybox": _wrapper(),
    "toybox": _wrapper(),
    "docker-entrypoint.sh": _wrapper(),
    "xargs": _wrapper("-I", "-n", "-P", "-L", "-d", "-E", "-s", "-a"),
    "bundle": _wrapper(subcommands=("exec",)),
    "poetry": _wrapper(subcommands=("run",)),
    "pipenv": _wrapper(subcommands=("run",)),
    "uv": _wrapper(subcommands=("run",)),
    "npx": _wrapper("-p", "--package", "-c"),
    "doppler": _wrapper(subcommands=("run",), needs_dashes=True),
    "op": _wrapper(subcommands=("run",), needs_dashes=True),
    "aws-vault": _wrapper(subcommands=("exec",), needs_dashes=True),
    "chamber": _wrapper(subcommands=("exec",), needs_dashes=True),
    "sops": _wrapper(subcommands=("exec-env",), operands=1),
    "vault-env": _wrapper(),
    "scuttle": _wrapper(),
    "envoy-preflight": _wrapper(),
    "kubexit": _wrapper(),
    "linkerd-await": _wrapper("-p", "--port", "-b", "--backoff", "-t", "--timeout", "--timeout-fatal"),
    "wait-for-it": _wrapper("-h", "--host", "-p", "--port", "-t", "--timeout", operands=1),
    "wait-for": _wrapper("-t", "--timeout", operands=1),
    "wait4x": _wrapper(needs_dashes=True),
    "dockerize": _wrapper("-wait", "-timeout", "-wait-retry-interval", "-template", "-stdout", "-stderr", "-delims",
                          "-wait-http-header", "-env", "-env-section"),
}  # fmt: skip

# The wrapped command is optional for these: without one they do their own work and end.
WAITING_WRAPPERS = frozenset({"wait-for-it", "wait-for", "wait4x", "dockerize", "linkerd-await"})


class Wrapped(NamedTuple):
    """An argument vector without its wrappers. `skipped` counts the words that were taken off in front."""

    argv: tuple[str, ...]
    wrappers: tuple[str, ...]
    skipped: int
    limit: str = ""


class ShellCall(NamedTuple):
    """A shell that is called with a script (`script_at` is its index in the words), or with a file.

    `errexit` is true for `sh -e`, `pipefail` for `bash -o pipefail`. `parameters` are `$0`, `$1` ... of a script, `$1`
    ... of a file.
    """

    name: str
    script_at: int | None
    file: str
    errexit: bool
    parameters: tuple[str, ...]
    from_stdin: bool = False
    pipefail: bool = False


def base_name(word: str) -> str:
    """The last segment of a program's path, without `.exe`."""
    return word.rsplit("/", 1)[-1].rsplit("\\", 1)[-1].removesuffix(".exe")


def wrapper_name(word: str) -> str:
    """The name under which a wrapper is listed: `/usr/local/bin/wait-for-it.sh` is `wait-for-it`."""
    name = base_name(word)
    return name if name in WRAPPERS else name.removesuffix(".sh")


def unwrap(words: Sequence[str]) -> Wrapped:
    """Take off everything that only starts another program.

    A wrapper without a wrapped command stays (`env`, `nice`, `wait-for-it host:1`). `limit` is the duration of a
    `timeout` on the way, which ends even what would stay for ever.
    """
    return _unwrapped(tuple(words))


@lru_cache(maxsize=128)  # asked for every command by many rules
def _unwrapped(argv: tuple[str, ...]) -> Wrapped:
    wrappers: list[str] = []
    skipped = 0
    limit = ""
    while argv and len(wrappers) < _MAX_WRAPPERS:
        name = wrapper_name(argv[0])
        start = _wrapped_at(argv, name)
        if start is None:
            break
        if name == "timeout":
            limit = argv[start - 1]
        wrappers.append(name)
        argv = argv[start:]
        skipped += start
    return Wrapped(argv, tuple(wrappers), skipped, limit)


def unwrap_once(words: Sequence[str]) -> tuple[str, ...]:
    """What is left when only the outermost wrapper is taken off; () if there is none."""
    start = _wrapped_at(tuple(words), wrapper_name(words[0])) if words else None
    return tuple(words[start:]) if start is not None else ()


def _wrapped_at(argv: tuple[str, ...], name: str) -> int | None:
    """Index of the wrapped command's first word, None if `argv` starts no other program."""
    wrapper = WRAPPERS.get(name)
    if wrapper is None or len(argv) < 2:
        return None
    if name == "command" and argv[1] in ("-v", "-V"):
        return None
    if name == "docker-entrypoint.sh" and argv[1].startswith("-"):
        return None
    if name in ("busybox", "toybox") and argv[1].startswith("-"):
        return None
    at = 1
    if wrapper.subcommands:
        if argv[1] not in wrapper.subcommands:
            return None
        at = 2
    if wrapper.needs_dashes:
        dashes = argv.index("--", at) if "--" in argv[at:] else None
        return dashes + 1 if dashes is not None and dashes + 1 < len(argv) else None
    operands = wrapper.operands
    while at < len(argv):
        word = argv[at]
        if word == "--":
            at += 1
            operands = 0
            break
        if name == "env" and _ASSIGNMENT.match(word):
            at += 1
        elif word.startswith("-") and len(word) > 1:
            if name == "env" and word in ("-S", "--split-string"):
                return None
            if name in ("wait-for-it", "wait-for") and word in ("-h", "--host", "-p", "--port"):
                operands = 0
            at += 2 if word in wrapper.valued else 1
        elif operands:
            at += 1
            operands -= 1
        else:
            break
    return at if at < len(argv) and operands == 0 else None


def shell_call(words: Sequence[str]) -> ShellCall | None:
    """Read `sh -ec SCRIPT NAME ARG...`, `bash -o pipefail -c -- SCRIPT`, `sh FILE`, `su -c SCRIPT`; None if no shell.

    `words` are without wrappers. Options may be joined (`-lc`); a `--` may stand before the script.
    """
    if not words:
        return None
    name = base_name(words[0])
    if name == "su":
        return _su_call(words)
    if name not in SHELLS:
        return None
    has_c = errexit = from_stdin = pipefail = False
    at = 1
    while at < len(words):
        word = words[at]
        if word in ("--", "-"):
            at += 1
            break
        if word.startswith("--"):
            at += 2 if word in ("--rcfile", "--init-file") else 1
        elif len(word) > 1 and word[0] in "-+":
            letters = word[1:]
            if word[0] == "-":
                has_c = has_c or "c" in letters
                errexit = errexit or "e" in letters
                from_stdin = from_stdin or "s" in letters
            if letters[-1] in "oO":
                option = words[at + 1] if word[0] == "-" and at + 1 < len(words) else ""
                errexit = errexit or option == "errexit"
                pipefail = pipefail or option == "pipefail"
                at += 1
            at += 1
        else:
            break
    if at >= len(words):
        return ShellCall(name, None, "", errexit, (), from_stdin or not has_c)
    if has_c:
        return ShellCall(name, at, "", errexit, tuple(words[at + 1 :]), pipefail=pipefail)
    if from_stdin:
        return ShellCall(name, None, "", errexit, tuple(words[at:]), from_stdin=True)
    return ShellCall(name, None, words[at], errexit, tuple(words[at + 1 :]))


def _su_call(words: Sequence[str]) -> ShellCall | None:
    for at, word in enumerate(words[:-1]):
        if word in ("-c", "--command"):
            return ShellCall("su", at + 1, "", errexit=False, parameters=())
    return None
