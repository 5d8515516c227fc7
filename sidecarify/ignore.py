"""What is left out of a walk: the rules of `.gitignore` and `.sidecarifyignore`, and the globs of the command line.

Patterns are those of gitignore(5), read by pathspec. A folder that is left out is not entered, as git does not enter
it; so every rule has only to be asked about the entry itself, and most entries are told apart by their names alone.
"""

import os
import re
import warnings
from collections.abc import Collection, Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pathspec import Pattern

GIT_FILE = ".gitignore"
OWN_FILE = ".sidecarifyignore"
"""Heeded as `.gitignore` is, and before it: what it says is not asked of `.gitignore` again."""
REPOSITORY = ".git"
SETTINGS = ".sidecarify.yaml"
"""Its `exclude` and `include` leave out and take in."""
RULE_NAMES = (GIT_FILE, OWN_FILE, REPOSITORY, SETTINGS)
"""The names that make a difference to the rules of the folder that has them."""

_LINES = re.compile(r"\r?\n")
_FOLDER_MARK = "ps_d"
_SPECIAL = re.compile(r"[*?\[\]!]")


class _One(NamedTuple):
    """One pattern.

    `anywhere`: it has no slash but at its end, so that it speaks of names and not of paths. `within`: it ends in `/**`,
    and so matches what is in a folder and not the folder.
    """

    pattern: "Pattern"
    anywhere: bool
    within: bool

    def matches(self, path: str, name: str) -> bool:
        """Whether it matches the entry, and not only a folder on the way to it (pathspec marks where it ends)."""
        asked = name if self.anywhere else path.rstrip("/") if self.within else path
        result = self.pattern.match_file(asked)
        if result is None:
            return False
        found = getattr(result, "match", None)
        if found is None or _FOLDER_MARK not in found.re.groupindex:
            return True
        return bool(found.end(_FOLDER_MARK) in (-1, len(asked)))


class Patterns(NamedTuple):
    """Patterns in the syntax of gitignore(5), the last one first: the first that matches decides.

    `heads` and `tails`: a name that neither begins with one nor ends with another is matched by none of the patterns.
    """

    patterns: tuple[_One, ...]
    heads: tuple[str, ...]
    tails: tuple[str, ...]

    @classmethod
    def of(cls, lines: Sequence[str]) -> "Patterns | None":
        """The patterns of some lines, or None if there are none. What git takes for no pattern is none here."""
        patterns: list[_One] = []
        heads, tails = set(), set()
        for line in lines:
            one = _compiled(line)
            if one is None:
                continue
            patterns.insert(0, one)
            head, tail = _ends(line)
            if tail:
                tails.add(tail)
            else:
                heads.add(head)
        return cls(tuple(patterns), tuple(heads), tuple(tails)) if patterns else None

    def decide(self, path: str, name: str, *, folder: bool = False) -> bool | None:
        """Whether the last pattern that matches leaves the entry out (True), takes it in (`!`, False); None for none.

        `path` leads from where the patterns stand to the entry `name`, with forward slashes. What a pattern says of a
        folder on the way has been asked there.
        """
        if not (name.endswith(self.tails) or name.startswith(self.heads)):
            return None
        slash = "/" if folder else ""
        for one in self.patterns:
            if one.matches(path + slash, name + slash):
                return one.pattern.include
        return None


def is_pattern(line: str) -> bool:
    """Whether git takes a line for a pattern: it does not for a comment, and for brackets that are never closed."""
    return _compiled(line) is not None


def _compiled(line: str) -> _One | None:
    if not line.strip() or line.startswith("#"):
        return None
    from pathspec import GitIgnoreSpec  # noqa: PLC0415  (most runs meet no such file)

    try:
        with warnings.catch_warnings():  # of what Python's regular expressions may make of `[[` one day
            warnings.simplefilter("ignore", FutureWarning)
            (pattern,) = GitIgnoreSpec.from_lines([line]).patterns
    except ValueError:
        return None
    if pattern.include is None:
        return None
    written = line.rstrip()
    return _One(pattern, "/" not in written.removesuffix("/"), written.endswith("/**"))


def _ends(line: str) -> tuple[str, str]:
    """How a name must begin, or else end, to be matched by a pattern as an entry of its own; empty for anyhow."""
    pattern = line.removeprefix("!").rstrip(" ").rstrip("/")
    if "\\" in pattern or pattern != pattern.rstrip():
        return "", ""
    last = pattern.rpartition("/")[2]
    special = [match.start() for match in _SPECIAL.finditer(last)]
    return (last[: special[0]], last[special[-1] + 1 :]) if special else (last, last)


class Level(NamedTuple):
    """Patterns that count from one folder; `base` is its path with a separator at the end."""

    base: str
    patterns: Patterns

    @classmethod
    def of(cls, folder: str, lines: Sequence[str]) -> "Level | None":
        """The patterns of some lines, which count from `folder` (an absolute path), or None if there are none."""
        patterns = Patterns.of(lines)
        return None if patterns is None else cls(os.path.join(folder, ""), patterns)  # noqa: PTH118

    def decide(self, path: str, name: str, *, folder: bool = False) -> bool | None:
        """What the patterns say of the entry with an absolute path (`Patterns.decide`)."""
        return self.patterns.decide(_below(self.base, path), name, folder=folder)


class Rules(NamedTuple):
    """All patterns that count in one folder: those of each kind of file, the nearest last."""

    own: tuple[Level, ...] = ()
    git: tuple[Level, ...] = ()

    def leave_out(self, path: str, name: str, *, folder: bool = False) -> bool:
        """Whether the entry with an absolute path is left out."""
        for levels in (self.own, self.git):
            for level in reversed(levels):
                decided = level.decide(path, name, folder=folder)
                if decided is not None:
                    return decided
        return False

    def within(self, folder: str, names: Collection[str]) -> "Rules":
        """The rules inside `folder` (an absolute path) which has entries with these `names`."""
        own, git = self.own, self.git
        if REPOSITORY in names:
            git = tuple(_levels(folder, os.path.join(folder, REPOSITORY, "info", "exclude")))  # noqa: PTH118
        if GIT_FILE in names:
            git = (*git, *_levels(folder, os.path.join(folder, GIT_FILE)))  # noqa: PTH118
        if OWN_FILE in names:
            own = (*own, *_levels(folder, os.path.join(folder, OWN_FILE)))  # noqa: PTH118
        return self if own is self.own and git is self.git else Rules(own, git)


NO_RULES = Rules()


def rules_above(folder: str) -> Rules:
    """The rules that the folders above `folder` (an absolute path) have for it, from the repository's root on.

    Outside a repository there are none. Where they leave the folder itself out, whoever named it wants it all the
    same: then they do not count.
    """
    way = list(_way_down(folder))
    rules = NO_RULES
    for parent, child in pairwise(way):
        rules = rules.within(parent, _present(parent))
        if rules.leave_out(child, child.rpartition(os.sep)[2], folder=True):
            rules = NO_RULES
    return rules


def _way_down(folder: str) -> Iterator[str]:
    """The folders from the repository's root down to `folder`; `folder` alone if it is in none."""
    above = [folder]
    while True:
        parent = os.path.dirname(above[-1])  # noqa: PTH120  (as in discover: paths are texts here)
        if os.path.lexists(os.path.join(above[-1], REPOSITORY)):  # noqa: PTH118
            return iter(reversed(above))
        if parent == above[-1]:
            return iter((folder,))
        above.append(parent)


def _present(folder: str) -> set[str]:
    return {name for name in RULE_NAMES if os.path.lexists(os.path.join(folder, name))}  # noqa: PTH118


def _levels(base: str, file: str) -> Iterator[Level]:
    try:
        with open(file, "rb") as opened:  # noqa: PTH123
            data = opened.read()
    except OSError:  # as git: a file that cannot be read has no rules
        return
    text = data.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "surrogateescape")
    level = Level.of(base, _LINES.split(text))
    if level is not None:
        yield level


def _below(base: str, path: str) -> str:
    """The path from the folder `base`; for what is not below it, the path from the file system's root."""
    inside = path[len(base) :] if path.startswith(base) else os.path.splitdrive(path)[1].lstrip(os.sep)
    return inside.replace(os.sep, "/") if os.sep != "/" else inside
