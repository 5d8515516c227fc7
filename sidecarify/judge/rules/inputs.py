"""What a helper needs at its start and only main can make (DEAD6): settings, certificates, the program itself."""

import re
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

from sidecarify.commands import Program, SimpleCommand
from sidecarify.judge.model import Member, PodContext
from sidecarify.judge.paths import filler_of, maker_of, mount_of
from sidecarify.judge.rules.lifetime import program_line

Certainty = Literal["surely", "maybe"]

# Parts of the names of options and variables whose file is read at the start.
_READ = (
    "config",
    "conf",
    "cfg",
    "cert",
    "crt",
    "key",
    "ca",
    "cacert",
    "polic",
    "mapping",
    "rule",
    "htpasswd",
    "schema",
)
_READ_PERHAPS = (
    "credential",
    "token",
    "password",
    "secret",
    "kubeconfig",
    "settings",
    "properties",
    "userlist",
    "jwks",
)
_EXACT = frozenset({"conf", "crt", "key", "ca", "cfg"})
# Parts that say that the program makes the file, or looks at it again and again.
_WRITTEN = frozenset({
    "address", "addr", "bind", "buffer", "cache", "data", "db", "dest", "destination", "done", "dump", "export",
    "listen", "lock", "log", "logfile", "logs", "offset", "offsets", "out", "output", "pid", "pidfile", "pos",
    "position", "positions", "ready", "record", "render", "report", "root", "save", "sink", "sock", "socket", "spool",
    "state", "storage", "store", "target", "temp", "tmp", "volume", "watch", "watched", "write",
})  # fmt: skip
_SHORT = frozenset({"-c", "-f", "--c", "--f"})
_SETTINGS_FILE = (
    r"\.(?:ini|cfg|cnf|conf|ya?ml|toml|alloy|river|hcl|properties|rego|vcl|crt|pem|key|lua)\Z"
    r"|(?:^|/)(?:\w+[.-])?config\.json\Z"
)
_SETTINGS_FOLDER = r"(?i)/(?:polic(?:y|ies)|rules?|conf(?:ig)?s?(?:\.d)?|certs?|templates?|pipelines?)/?\Z"
_PREFIX = r"\A(?:file://|file:|yaml:|@)(?=/)"
_PARTS = r"[^a-z0-9]+"


class Input(NamedTuple):
    """A path that the helper reads at its start, what it is to it, and the line that says so."""

    path: str
    what: str
    certainty: Certainty
    line: int


def inputs_of_main(helper: Member, pod: PodContext) -> Iterator[Input]:
    """Every file that the helper's call and variables name as something to read, and that only main can have made.

    Nothing where the helper's script first waits for a file or a port, where an init container or another helper may
    have made the file, and for options that say that the helper makes it.
    """
    program = helper.program
    if program is not None and any(wait.until == "appears" for wait in program.waits):
        return
    for found in (*_named(helper, program), *_variables(helper)):
        if not found.path or _is_mounted(found.path, helper) or maker_of(found.path, helper, pod) != "main":
            continue
        if filler_of(found.path, helper, pod) is None:
            yield found


def _is_mounted(path: str, helper: Member) -> bool:
    """Whether a path is the mount itself, which is there in any case (an empty folder)."""
    mount = mount_of(helper.container, path)
    return mount is not None and path.rstrip("/") == mount.path.rstrip("/") and not mount.sub_path


def _named(helper: Member, program: Program | None) -> Iterator[Input]:
    if program is None:
        return
    command = program.decisive
    if program.shell and program.script is None:
        script = next((word for word in program.argv[1:] if word.startswith("/")), "")
        yield Input(script, "its script", "surely", _line_of(helper, script))
        return
    if program.shell and (command is None or command.in_loop or command.is_repeated or command.failure_is_handled):
        return
    words = command.argv if program.shell and command is not None else program.argv
    if not words:
        return
    if words[0].startswith("/") and not program.entrypoint_unseen:
        yield Input(words[0], "its program", "surely", _line_in(helper, program, command, words[0]))
    outputs = helper.match.transform.outputs if helper.match is not None else ()
    first = 0 if program.entrypoint_unseen else 1
    for at in range(first, len(words)):
        for path, name in _paths_at(words, at):
            named = helper.match is not None and helper.matched_by == "name"
            certainty = _certainty(name, path, outputs, known=helper.known or named)
            if certainty is not None:
                certainty = "maybe" if named else certainty
                what = "its configuration" if _says(name, _READ[:3]) or not name.strip("-") else f"what `{name}` names"
                yield Input(path, what, certainty, _line_in(helper, program, command, path))


def _paths_at(words: Sequence[str], at: int) -> Iterator[tuple[str, str]]:
    """The paths in a word with the option that they belong to, "" for an operand."""
    word = words[at]
    name, equals, value = word.partition("=")
    if word.startswith("-"):
        if not equals:
            return
    else:
        name, value = "", word
        if at and words[at - 1].startswith("-") and "=" not in words[at - 1]:
            name = words[at - 1]
    for one in value.split(","):
        path = re.sub(_PREFIX, "", one)
        if path.startswith("/"):
            yield path.partition(":")[0], name


def _certainty(name: str, path: str, outputs: Sequence[str], *, known: bool) -> Certainty | None:
    """Whether the file at a path is read at the start, by the name of its option and by its own name."""
    if name.lstrip("-") in {output.lstrip("-") for output in outputs} or "*" in path:
        return None
    parts = set(re.split(_PARTS, name.lower())) - {""}
    if parts & _WRITTEN:
        return None
    if known and name in _SHORT:
        return "surely"
    if _says(name, _READ):
        return "surely" if known or _says(name, _READ[:3]) else "maybe"
    if _says(name, _READ_PERHAPS):
        return "maybe"
    if not known:
        return None
    if re.search(_SETTINGS_FILE, path):
        return "maybe" if name else "surely"
    return "maybe" if re.search(_SETTINGS_FOLDER, path) else None


def _says(name: str, stems: Sequence[str]) -> bool:
    parts = re.split(_PARTS, name.lower())
    return any(part == stem or (stem not in _EXACT and part.startswith(stem)) for part in parts for stem in stems)


def _variables(helper: Member) -> Iterator[Input]:
    """Paths in the variables of an image's own program."""
    program = helper.program
    if not helper.known or (program is not None and program.shell and not _is_own(helper, program.decisive)):
        return
    for variable in helper.container.env.values():
        value = helper.container.environment.get(variable.name, "")
        if "/" not in value:
            continue
        parts = set(re.split(_PARTS, variable.name.lower())) - {""}
        if parts & _WRITTEN:
            continue
        for one in value.split(","):
            path = re.sub(_PREFIX, "", one).partition(":")[0]
            if not path.startswith("/"):
                continue
            if _says(variable.name, _READ):
                yield Input(path, f"what `{variable.name}` names", "surely", variable.line)
            elif _says(variable.name, _READ_PERHAPS) or variable.name.endswith("_FILE"):
                yield Input(path, f"what `{variable.name}` names", "maybe", variable.line)


def _is_own(helper: Member, command: SimpleCommand | None) -> bool:
    return command is not None and helper.match is not None and command.name == helper.match.image.path[-1]


def _line_in(helper: Member, program: Program, command: SimpleCommand | None, path: str) -> int:
    if program.script_index is not None:
        return program_line(helper.container, command, program.script_index)
    return _line_of(helper, path)


def _line_of(helper: Member, path: str) -> int:
    container = helper.container
    return next((node.line for node in container.words if path and path in node.value), container.line)
