"""How a container's program is called, and patterns on it.

A pattern takes one of four forms (transforms/README.md explains them to users):

    agent              the sub-command: the first word that is no flag
    --one-time         the flag is given and not switched off; one dash and two are the same
    --flag=glob        the flag has such a value, in one word or two; `true` stands for every way to write true
    NAME=glob          the environment variable has such a value; `true` as above
"""

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import NamedTuple

TRUE = frozenset({"true", "t", "yes", "y", "on", "1"})
FALSE = frozenset({"false", "f", "no", "n", "off", "0"})


class Invocation(NamedTuple):
    """The words that a program gets.

    `flags` holds (name without dashes, value, the word as written, the next word if that is no flag); `value` is None
    where the flag has no `=`. `env` holds only variables whose value stands in the manifest.
    """

    subcommand: str | None
    flags: tuple[tuple[str, str | None, str, str | None], ...]
    env: Mapping[str, str]

    def values(self, name: str) -> list[str]:
        """The values given to a flag (`--port`) or a variable (`PORT`), in the order of the call."""
        if not name.startswith("-"):
            return [self.env[name]] if name in self.env else []
        bare = name.lstrip("-")
        found = (following if value is None else value for flag, value, _, following in self.flags if flag == bare)
        return [value for value in found if value is not None]

    def find(self, pattern: str) -> str | None:
        """What in the call matches the pattern, as evidence (`--one-time=true`), or None."""
        name, equals, wanted = pattern.partition("=")
        if not name.startswith("-"):
            if not equals:
                return pattern if self.subcommand == pattern else None
            value = self.env.get(name)
            return f"{name}={value}" if value is not None and _matches(value, wanted) else None
        bare = name.lstrip("-")
        for flag, value, word, following in self.flags:
            if flag != bare:
                continue
            if not equals:
                if (value is None and (following or "").lower() not in FALSE) or (value or "").lower() in TRUE:
                    return word
            elif value is not None:
                if _matches(value, wanted):
                    return word
            elif wanted == "true" and (following or "").lower() not in FALSE:
                return word
            elif following is not None and _matches(following, wanted):
                return f"{word} {following}"
        return None


def read_invocation(
    args: Sequence[str],
    command: Sequence[str] = (),
    env: Mapping[str, str] | None = None,
    program: str | None = None,
) -> Invocation:
    """Read `command` and `args` of a container as Kubernetes joins them.

    `program` is the name of the image's own program (the last segment of its path): images whose entrypoint is a
    wrapper take it as their first argument (`docker-entrypoint.sh vault agent`), and there it is no sub-command.
    Values of `args` that are shell scripts are not looked into: give the words of the command that the script runs.
    """
    words = [*command[1:], *args]
    subcommand = None
    flags = []
    for index, word in enumerate(words):
        if word.startswith("-"):
            name, equals, value = word.lstrip("-").partition("=")
            following = words[index + 1] if index + 1 < len(words) else None
            if following is not None and following.startswith("-"):
                following = None
            if name:
                flags.append((name, value if equals else None, word, following))
        elif subcommand is None and (program is None or PurePosixPath(word).name != program):
            subcommand = word
    return Invocation(subcommand, tuple(flags), dict(env or {}))


def _matches(value: str, wanted: str) -> bool:
    if wanted == "true":
        return value.lower() in TRUE
    return fnmatchcase(value, wanted)
