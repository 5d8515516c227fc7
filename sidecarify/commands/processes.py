"""How long one process runs, told by its argument vector alone: the tables of `tools` applied."""

import re
from collections.abc import Sequence

from sidecarify.commands.argv import WAITING_WRAPPERS, base_name, unwrap, wrapper_name
from sidecarify.commands.model import Lifetime
from sidecarify.commands.tools import (
    ASKS_ALONE,
    ASKS_ONLY,
    DAEMONS,
    ONE_SHOT,
    SERVING_OPERANDS,
    SERVING_OPTIONS,
    TOOLS,
    Tool,
)

YEAR = 365 * 24 * 3600

# RX-ONCE, confd's -onetime, mtail's --one_shot, and words of the same meaning.
_ONCE = (
    r"(?i)--?(?:one[-_]?(?:time|shot)|(?:run-|only-)?once|single-run|exit-(?:after-auth|on-(?:eof|completion)|when-done))"
    r"(?:=(?:true|1|t|yes))?\Z"
)
_FALSE = frozenset({"false", "0", "no", "f", "off"})
_DURATION = r"(?i)(\d+(?:\.\d*)?(?:e\d{1,2})?|\.\d+)([smhd]?)\Z"
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
_PYTHON = r"python(?:\d(?:\.\d+)?)?\Z"
_PROMETHEUS_EXPORTER = r"\w+_exporter\Z|[\w-]+-prometheus-exporter\Z"
_ENDLESS_PYTHON = r"(?:^|[\n;])\s*while\s+(?:True|1)\s*:"
_ENDLESS_C_LIKE = r"while\s*\(\s*(?:true|1)\s*\)|for\s*\(\s*;\s*;\s*\)|\bsetInterval\s*\("
_ENDLESS_RUBY = r"\bloop\s*(?:\{|do\b)|\bwhile\s+true\b"
_CODE_OPTIONS = {"python": r"-[A-Za-z]*c\Z", "node": r"-e\Z", "perl": r"-e\Z", "ruby": r"-e\Z", "php": r"-r\Z"}
_LEAVES_LOOP = r"\b(?:break|return|exit|_exit|last|die|SystemExit|raise|clearInterval|input|stdin)\b"
_SHORT = 60

Answer = tuple[Lifetime, str]


def quoted(words: Sequence[str] | str) -> str:
    """A command for a message: in backquotes, on one line, shortened."""
    text = " ".join((words if isinstance(words, str) else " ".join(words)).split())
    if len(text) > _SHORT:
        text = text[: _SHORT - 1].rstrip() + "…"
    return f"`{text}`"


def once_flag(words: Sequence[str]) -> str:
    """The option that makes a program run once (RX-ONCE), "" if there is none; `--one-time=false` is none."""
    return next((word for word in words if re.match(_ONCE, word)), "")


def command_lifetime(words: Sequence[str]) -> Answer:
    """How long a command runs, and why (ORD2, JOB1). Wrappers are looked through; `timeout` always ends.

    Shells are not read here: `sh` without a readable script is UNKNOWN.
    """
    wrapped = unwrap(words)
    if wrapped.limit and (duration := seconds([wrapped.limit])) != 0 and (duration is None or duration < YEAR):
        return Lifetime.ENDS, f"{quoted(words)} ends when the time is over"
    argv = wrapped.argv
    if not argv or not argv[0]:
        return Lifetime.UNKNOWN, "it names no command"
    name = base_name(argv[0])
    if wrapper_name(argv[0]) in WAITING_WRAPPERS:
        name = wrapper_name(argv[0])
    if argv[0].startswith(("$", "`")):
        return Lifetime.UNKNOWN, f"what {quoted(argv)} stands for is not written here"
    if any(word in ASKS_ONLY for word in argv[1:2]) or (len(argv) == 2 and argv[1] in ASKS_ALONE):
        return Lifetime.ENDS, f"{quoted(argv)} ends when it is done"
    once = once_flag(argv[1:]) if name not in ONE_SHOT else ""
    if once:
        return Lifetime.ENDS, f"`{once}` makes {quoted([name])} run once"
    special = _SPECIAL.get("python" if re.match(_PYTHON, name) else name)
    answer = special(argv) if special else None
    return answer if answer is not None else _by_tables(name, argv)


def _by_tables(name: str, argv: tuple[str, ...]) -> Answer:
    if name in ONE_SHOT:
        return Lifetime.ENDS, f"{quoted(argv)} ends when it is done"
    if name in DAEMONS or re.match(_PROMETHEUS_EXPORTER, name):
        return _stays(argv)
    tool = TOOLS.get(name)
    if tool is not None:
        return _listed(tool, argv)
    serving = _serves(argv)
    if serving:
        return Lifetime.FOREVER, f"`{serving}` keeps {quoted([name])} running"
    return Lifetime.UNKNOWN, f"nothing says whether {quoted(argv)} ends"


def _listed(tool: Tool, argv: tuple[str, ...]) -> Answer:
    if any(_present(entry, argv, first=tool.first) for entry in tool.ends):
        return Lifetime.ENDS, f"{quoted(argv)} ends when it is done"
    if any(_present(entry, argv, first=tool.first) for entry in tool.forever):
        return _stays(argv)
    match tool.otherwise:
        case Lifetime.FOREVER:
            return _stays(argv)
        case Lifetime.ENDS:
            return Lifetime.ENDS, f"{quoted(argv)} ends when it is done"
        case _:
            return Lifetime.UNKNOWN, f"nothing says whether {quoted(argv)} ends"


def _stays(argv: Sequence[str]) -> Answer:
    return Lifetime.FOREVER, f"{quoted(argv)} stays in the foreground"


def _present(entry: str, argv: tuple[str, ...], *, first: bool) -> bool:
    wanted = tuple(entry.split())
    if len(wanted) > 1 and wanted[0].startswith("-"):
        return any(argv[at : at + len(wanted)] == wanted for at in range(1, len(argv)))
    if wanted[0].startswith("-"):
        return has_option(argv, entry)
    options = [word for word in wanted if word.startswith("-")]
    operands = tuple(word for word in wanted if not word.startswith("-"))
    if not all(has_option(argv, option) for option in options):
        return False
    starts = first_operands(argv) if first else [at for at in range(1, len(argv)) if not argv[at].startswith("-")]
    plain = [at for at in range(1, len(argv)) if not argv[at].startswith("-")]
    return any(tuple(argv[at] for at in plain if at >= start)[: len(operands)] == operands for start in starts)


def first_operands(argv: Sequence[str]) -> list[int]:
    """Where the first operand may be: a word behind an option without `=` may be the option's value."""
    found = []
    for at in range(1, len(argv)):
        if argv[at].startswith("-"):
            continue
        found.append(at)
        if not argv[at - 1].startswith("-") or "=" in argv[at - 1]:
            break
    return found


def has_option(argv: Sequence[str], option: str) -> bool:
    """Whether an option is set: `-f` also in a cluster (`-lf`), `--watch` also with a value but not `--watch=false`."""
    for word in argv[1:]:
        if word == "--":
            return False
        if word == option:
            return True
        if word.startswith(option + "=") and word.partition("=")[2].lower() not in _FALSE:
            return True
        if _in_cluster(word, option):
            return True
    return False


def _in_cluster(word: str, option: str) -> bool:
    return (
        len(option) == 2
        and word[:1] == "-"
        and word[1:2] not in ("", "-")
        and len(word) <= 6
        and word[1:].isalnum()
        and option[1] in word[1:]
    )


def _serves(argv: tuple[str, ...]) -> str:
    operand = next((argv[at] for at in first_operands(argv) if argv[at] in SERVING_OPERANDS), "")
    if operand:
        return operand
    for word in argv[1:]:
        name, equals, value = word.partition("=")
        if name in SERVING_OPTIONS and not (equals and value.lower() in _FALSE):
            return word
    return ""


def seconds(operands: Sequence[str]) -> float | None:
    """The duration that `sleep` or `timeout` is given; None if it is not written or wrong."""
    total = 0.0
    for word in operands:
        if word.lower() in ("inf", "infinity"):
            return float("inf")
        match = re.match(_DURATION, word)
        if match is None:
            return None
        total += float(match[1]) * _UNITS[match[2].lower()]
    return total


def _sleep(argv: tuple[str, ...]) -> Answer:
    duration = seconds(argv[1:])
    if duration == float("inf"):
        return Lifetime.FOREVER, f"{quoted(argv)} never ends"
    if duration is not None and duration >= YEAR:
        return Lifetime.FOREVER, f"{quoted(argv)} lasts a year or more"
    if duration is None and not any("$" in word for word in argv):
        return Lifetime.ENDS, f"{quoted(argv)} fails at once, for that is no duration"
    return Lifetime.ENDS, f"{quoted(argv)} ends when the time is over"


def _nginx(argv: tuple[str, ...]) -> Answer | None:
    asks = any(has_option(argv, option) for option in ("-s", "-t", "-T", "-v", "-V"))
    if not asks and any(re.search(r"\bdaemon\s+off\b", word) for word in argv):
        return _stays(argv)
    return None


def _netcat(argv: tuple[str, ...]) -> Answer:
    listens = has_option(argv, "-l") or has_option(argv, "--listen")
    if listens and (has_option(argv, "-k") or has_option(argv, "--keep-open") or "-ll" in argv):
        return _stays(argv)
    if listens:
        return Lifetime.ENDS, f"{quoted(argv)} ends after the first connection"
    return Lifetime.ENDS, f"{quoted(argv)} ends when it is done"


def _socat(argv: tuple[str, ...]) -> Answer:
    addresses = [word.lower() for word in argv[1:] if not word.startswith("-")]
    if any("listen:" in word and "fork" in word for word in addresses):
        return _stays(argv)
    return Lifetime.UNKNOWN, f"nothing says whether {quoted(argv)} ends"


def _tail(argv: tuple[str, ...]) -> Answer | None:
    if any(word.startswith("--pid") for word in argv):
        return Lifetime.ENDS, f"{quoted(argv)} ends with the process that it watches"
    if re.match(r"-\d+[a-zA-Z]*[fF]", argv[1] if len(argv) > 1 else ""):
        return _stays(argv)
    return None


def _cat(argv: tuple[str, ...]) -> Answer:
    if all(word.startswith("-") for word in argv[1:]):
        return Lifetime.UNKNOWN, f"{quoted(argv)} lasts as long as its standard input is open"
    return Lifetime.ENDS, f"{quoted(argv)} ends when it is done"


def _httpd(argv: tuple[str, ...]) -> Answer | None:
    # Apache's -f takes a file; busybox's says "foreground" and takes nothing.
    for at, word in enumerate(argv):
        following = argv[at + 1] if at + 1 < len(argv) else "-"
        if re.match(r"-f[v]*\Z", word) and following.startswith("-"):
            return _stays(argv)
    return None


def _python(argv: tuple[str, ...]) -> Answer:
    module = argv[argv.index("-m") + 1] if "-m" in argv[:-1] else ""
    if module in ("http.server", "SimpleHTTPServer", "smtpd", "aiosmtpd"):
        return _stays(argv)
    if module in ("pip", "compileall", "ensurepip", "venv", "json.tool", "zipfile", "tarfile", "py_compile"):
        return Lifetime.ENDS, f"{quoted(argv)} ends when it is done"
    if module in DAEMONS or module in TOOLS:
        return command_lifetime((module, *argv[argv.index("-m") + 2 :]))
    return _one_liner(argv, _ENDLESS_PYTHON)


def inline_code(argv: Sequence[str]) -> str:
    """The code that an interpreter is given in its call (`python -c CODE`, `node -e CODE`), "" if there is none."""
    name = base_name(argv[0]) if argv else ""
    option = _CODE_OPTIONS.get("python" if re.match(_PYTHON, name) else name)
    if option is None:
        return ""
    return next((argv[at + 1] for at, word in enumerate(argv[:-1]) if re.match(option, word)), "")


def _one_liner(argv: tuple[str, ...], endless: str) -> Answer:
    code = inline_code(argv)
    if not code:
        return Lifetime.UNKNOWN, f"the program that {quoted(argv)} runs cannot be seen"
    if re.search(endless, code) and not re.search(_LEAVES_LOOP, code):
        return Lifetime.FOREVER, f"the loop in {quoted(argv)} never ends"
    return Lifetime.UNKNOWN, f"nothing says whether {quoted(argv)} ends"


def _node(argv: tuple[str, ...]) -> Answer:
    return _one_liner(argv, _ENDLESS_C_LIKE)


def _ruby(argv: tuple[str, ...]) -> Answer:
    return _one_liner(argv, _ENDLESS_RUBY)


_SPECIAL = {
    "sleep": _sleep,
    "nginx": _nginx,
    "openresty": _nginx,
    "nc": _netcat,
    "ncat": _netcat,
    "netcat": _netcat,
    "socat": _socat,
    "tail": _tail,
    "cat": _cat,
    "httpd": _httpd,
    "python": _python,
    "node": _node,
    "perl": _node,
    "ruby": _ruby,
    "php": _node,
}
