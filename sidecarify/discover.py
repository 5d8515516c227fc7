"""Which files a run takes: folders walked in a stable order, less what is left out, plus what is given by name."""

import errno
import os
import stat
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import cache
from operator import attrgetter
from typing import Final, NamedTuple

from sidecarify.files import no_file, reason
from sidecarify.ignore import NO_RULES, OWN_FILE, RULE_NAMES, SETTINGS, Level, Rules, rules_above
from sidecarify.leftovers import TEMPORARY

SUFFIXES = (".yaml", ".yml", ".json")
KUSTOMIZATION = "Kustomization"
"""A name without a suffix that kustomize reads too."""
SKIPPED_FOLDERS = frozenset(
    {".git", ".hg", ".svn", ".nox", ".tox", ".venv", "venv", "node_modules", "vendor", "__pycache__"}
)
"""Folders that hold what others have made; `vendor` and the like are entered when they are given, or included."""
_ENVIRONMENT = "pyvenv.cfg"
_NOWHERE = (errno.ENOENT, errno.ELOOP)


class Manifest(NamedTuple):
    """A file that may hold manifests.

    `name` is what people call it: as given or below a given folder, with forward slashes. `path` is the file itself,
    with all symbolic links resolved. `explicit` says that it was given by its name.
    """

    name: str
    path: str
    explicit: bool = False


class Skipped(NamedTuple):
    """A name that stands for no readable manifest; an `error` unless it was left out on purpose."""

    name: str
    code: str
    message: str
    error: bool = True


class Leftover(NamedTuple):
    """A file that a run of this program has left behind when it was killed, by its name."""

    path: str


Found = Manifest | Skipped | Leftover


class Globs(NamedTuple):
    """What a settings file leaves out and takes in, as patterns that count from the folder `base`."""

    base: str
    exclude: tuple[str, ...] = ()
    include: tuple[str, ...] = ()


GlobsOf = Callable[[str], Globs | None]
"""The globs that hold in a folder, by its real path; asked where a walk begins and where it meets a settings file."""


class _Lists(NamedTuple):
    """What is left out and taken in, and the folders on the way to what is taken in: those that its patterns name."""

    excluded: Level | None = None
    included: Level | None = None
    ways: Level | None = None


class Selection:
    """What the user says about the files of a run.

    `exclude` and `include` are patterns as in gitignore(5), which count from the current folder. `exclude` leaves out;
    `include` takes what would be left out for its name, by an ignore file or with its folder. `exclude` goes first.
    Either takes the place of what `globs_of` has for a folder.
    `force_exclude`: a file given by its name is left out where a walk of the current folder would leave it out.
    `ignore_files`: heed `.gitignore`, `.git/info/exclude` and `.sidecarifyignore`. `listed` are further files and
    folders, from a list: of its files those are taken that a walk would take by their names alone.
    """

    def __init__(
        self,
        exclude: tuple[str, ...] = (),
        include: tuple[str, ...] = (),
        force_exclude: bool = False,
        ignore_files: bool = True,
        listed: tuple[str, ...] = (),
        globs_of: GlobsOf = lambda _: None,
    ) -> None:
        self.exclude: Final = exclude
        self.include: Final = include
        self.force_exclude: Final = force_exclude
        self.ignore_files: Final = ignore_files
        self.listed: Final = listed
        self.globs_of: Final = globs_of

    def lists(self, folder: str) -> _Lists:
        """What is left out and taken in where `folder` is (a real path). Raises what `globs_of` raises."""
        file = self.globs_of(folder) or _NO_GLOBS
        here = os.path.realpath(".")
        exclude = (here, self.exclude) if self.exclude else (file.base, file.exclude)
        include = (here, self.include) if self.include else (file.base, file.include)
        return _lists(exclude, include)


EVERYTHING = Selection()
_NO_GLOBS = Globs("")


@cache
def _lists(exclude: tuple[str, tuple[str, ...]], include: tuple[str, tuple[str, ...]]) -> _Lists:
    ways: list[str] = []
    for pattern in include[1]:
        steps = pattern.strip("/").split("/")
        if steps[0] != "**":
            ways += ("/" + "/".join(steps[:end]) for end in range(1, len(steps)))
    return _Lists(Level.of(*exclude), Level.of(*include), Level.of(include[0], ways))


def find(paths: Sequence[str], selection: Selection = EVERYTHING) -> Iterator[Found]:
    """The manifests of `paths` in a stable order, each once.

    Files are taken whatever their name and wherever they are (but see `Selection.force_exclude`). Folders are walked
    for SUFFIXES and KUSTOMIZATION, sorted by name; SKIPPED_FOLDERS, virtual environments and what an ignore file leaves
    out are not entered, unless they are given themselves. A symbolic link stands for its file if that is below one of
    the folders, and is reported otherwise; links to folders are never walked, since what they lead to is either walked
    anyway or outside.
    """
    everything = (*paths, *selection.listed)
    folders = {given for given in everything if is_folder(given)}
    roots = tuple(os.path.realpath(given) for given in everything if given in folders)
    named = frozenset(os.path.realpath(given) for given in paths if given not in folders)
    seen: set[str] = set()
    for number, given in enumerate(everything):
        if given in folders:
            found: Iterable[Found] = _walk(given, roots, named, selection)
        elif selection.force_exclude and not _would_meet(*_place(given), selection):
            continue
        elif number < len(paths):
            found = (_named(given),)
        elif _taken_by_name(_place(given)[0], selection):
            found = (_named(given, explicit=False),)
        else:
            continue
        for one in found:
            if isinstance(one, Manifest):
                if one.path in seen:
                    continue
                seen.add(one.path)
            yield one


def listed(data: bytes) -> tuple[str, ...]:
    """The names in a list of files: each ends with NUL if there is one at all, else with a line end."""
    parts = data.split(b"\0") if b"\0" in data else [line.removesuffix(b"\r") for line in data.split(b"\n")]
    return tuple(os.fsdecode(part) for part in parts if part)


def is_folder(given: str) -> bool:
    """Whether a given name is that of a folder; one that cannot be asked is none."""
    try:
        return os.path.isdir(given)  # noqa: PTH112
    except (OSError, ValueError):
        return False


def shown(path: str) -> str:
    """A path as people are told it: with forward slashes, and without the current folder's dot."""
    name = path.replace(os.sep, "/")
    while name.startswith("./") and len(name) > 2:
        name = name[2:].lstrip("/") or "."
    return name


class _Folder(NamedTuple):
    """A folder to walk: as it is called, where it really is, and what holds in it.

    `searched` says that it would be left out, and is entered only for what `include` takes.
    """

    path: str
    real: str
    rules: Rules
    lists: _Lists
    searched: bool = False
    given: bool = False

    def inner(self, name: str) -> "_Folder":
        """A folder in this one."""
        return _Folder(
            os.path.join(self.path, name),  # noqa: PTH118  (thousands of times, and paths are texts here)
            os.path.join(self.real, name),  # noqa: PTH118
            self.rules,
            self.lists,
            self.searched,
        )


def _first(given: str, selection: Selection) -> _Folder:
    real = os.path.realpath(given)
    rules = rules_above(real) if selection.ignore_files else NO_RULES
    return _Folder(given, real, rules, selection.lists(real), given=True)


def _opened(folder: _Folder, names: Collection[str], selection: Selection) -> _Folder | None:
    """The folder with the rules that hold in it, or None if what is in it is nobody's manifest."""
    if _ENVIRONMENT in names and not folder.given:
        return None
    if SETTINGS in names and not folder.searched:
        folder = folder._replace(lists=selection.lists(folder.real))
    if not selection.ignore_files:
        return folder
    rules = folder.rules.within(folder.real, names)
    return folder if rules is folder.rules else folder._replace(rules=rules)


def _entered(folder: _Folder, name: str) -> _Folder | None:
    """The folder `name` in `folder`, or None if it is left out."""
    inner = folder.inner(name)
    excluded, included, ways = folder.lists
    if excluded is not None and excluded.decide(inner.real, name, folder=True):
        return None
    if included is not None and included.decide(inner.real, name, folder=True):
        return inner._replace(searched=False)
    if folder.searched or name in SKIPPED_FOLDERS or folder.rules.leave_out(inner.real, name, folder=True):
        if ways is None or not ways.decide(inner.real, name, folder=True):
            return None
        return inner._replace(searched=True)
    return inner


def _taken(folder: _Folder, name: str) -> bool:
    """Whether the file `name` in `folder` is a manifest of the run."""
    excluded, included, _ = folder.lists
    if excluded is not None or included is not None:
        path = os.path.join(folder.real, name)  # noqa: PTH118
        if excluded is not None and excluded.decide(path, name):
            return False
        if included is not None and included.decide(path, name):
            return True
    known = name.endswith(SUFFIXES) or name.lower().endswith(SUFFIXES) or name == KUSTOMIZATION
    if folder.searched or not known:
        return False
    rules = folder.rules
    return not (rules.own or rules.git) or not rules.leave_out(os.path.join(folder.real, name), name)  # noqa: PTH118


def _taken_by_name(path: str, selection: Selection) -> bool:
    folder, name = os.path.split(path)
    return _taken(_Folder(folder, folder, NO_RULES, selection.lists(folder)), name)


def _walk(given: str, roots: Sequence[str], named: Collection[str], selection: Selection) -> Iterator[Found]:
    stack: list[_Folder | Found] = [_first(given, selection)]
    while stack:
        top = stack.pop()
        if not isinstance(top, _Folder):
            yield top
            continue
        try:
            with os.scandir(top.path) as listing:
                entries = sorted(listing, key=attrgetter("name"), reverse=True)
        except OSError as error:
            yield Skipped(shown(top.path), "unreadable", f"the folder cannot be read: {reason(error)}")
            continue
        folder = _opened(top, {entry.name for entry in entries}, selection)
        if folder is None:
            continue
        prefix = shown(os.path.join(folder.path, ""))  # noqa: PTH118
        prefix = "" if prefix == "./" else prefix
        real = os.path.join(folder.real, "")  # noqa: PTH118
        for entry in entries:
            name = entry.name
            if entry.is_dir(follow_symlinks=False):
                inner = _entered(folder, name)
                if inner is not None:
                    stack.append(inner)
            elif _taken(folder, name):
                if entry.is_symlink():
                    stack += _linked(entry, roots, selection)
                elif entry.is_file(follow_symlinks=False):
                    path = real + name
                    stack.append(Manifest(prefix + name, path, path in named))
                else:
                    stack.append(_met(prefix + name, *no_file(entry.stat(follow_symlinks=False).st_mode)))
            elif name.startswith(TEMPORARY):
                stack.append(Leftover(real + name))


def _linked(entry: os.DirEntry[str], roots: Sequence[str], selection: Selection) -> Iterator[Manifest | Skipped]:
    name = shown(entry.path)
    try:
        target = os.path.realpath(entry.path, strict=True)
        mode = os.stat(target).st_mode  # noqa: PTH116
    except OSError as error:
        if error.errno in _NOWHERE:
            yield _met(name, *_dangling(entry.path))
            return
        yield Skipped(name, "unreadable", f"cannot be read: {reason(error)}")
        return
    above = [root for root in roots if _is_below(target, root)]
    if not above:
        what = f"is a symbolic link out of the given folder (to {target}) and is not followed; name it to have it read"
        yield Skipped(name, "outside-link", what, error=False)
    elif not stat.S_ISREG(mode):
        if not stat.S_ISDIR(mode):
            yield _met(name, *no_file(mode))
    elif not any(_would_meet(target, root, selection) for root in above):
        yield Manifest(name, target)


def _met(name: str, code: str, message: str) -> Skipped:
    return Skipped(name, code, f"{message}; --exclude or {OWN_FILE} leave it out")


def _would_meet(path: str, start: str, selection: Selection) -> bool:
    """Whether a walk of the folder `start` comes to the file with an absolute path below it, under its own name."""
    folder = _first(start, selection)
    *steps, name = os.path.relpath(path, start).split(os.sep)  # noqa: PTH206
    for step in (*steps, None):
        opened = _opened(folder, _special_names(folder.path), selection)
        if opened is None:
            return False
        if step is None:
            return _taken(opened, name)
        inner = _entered(opened, step)
        if inner is None:
            return False
        folder = inner
    return False


def _special_names(folder: str) -> frozenset[str]:
    """Those of a folder's names that make a difference to what is left out there."""
    names = (*RULE_NAMES, _ENVIRONMENT)
    return frozenset(name for name in names if os.path.lexists(os.path.join(folder, name)))  # noqa: PTH118


def _place(given: str) -> tuple[str, str]:
    """The path of a given file, and the folder whose walk decides on it: the current one, or its own if outside."""
    here = os.path.realpath(".")
    folder, name = os.path.split(given)
    folder = os.path.realpath(folder)
    return os.path.join(folder, name), here if _is_below(folder, here) else folder  # noqa: PTH118


def _is_below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(os.path.join(folder, ""))  # noqa: PTH118


def _named(given: str, *, explicit: bool = True) -> Manifest | Skipped:
    name = shown(given)
    try:
        return Manifest(name, os.path.realpath(given, strict=True), explicit)
    except (OSError, ValueError) as error:
        if getattr(error, "errno", None) in _NOWHERE and os.path.islink(given):  # noqa: PTH114
            return Skipped(name, *_dangling(given)) if explicit else _met(name, *_dangling(given))
        if isinstance(error, FileNotFoundError):
            return Skipped(name, "missing", "no such file or folder")
        return Skipped(name, "unreadable", f"cannot be read: {reason(error)}")


def _dangling(link: str) -> tuple[str, str]:
    return "broken-link", f"is a broken symbolic link (to {os.readlink(link)})"  # noqa: PTH115
