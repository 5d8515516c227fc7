"""`.sidecarify.yaml`: the options of a repository, read strictly. docs/configuration.md describes it for people."""

from collections.abc import Collection, Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple, cast, get_args

from sidecarify.files import FileError, read
from sidecarify.ignore import SETTINGS, is_pattern
from sidecarify.kube.version import KubeVersion
from sidecarify.spelling import unknown
from sidecarify.yamltext.documents import split
from sidecarify.yamltext.lists import Placement
from sidecarify.yamltext.source import Source, TextError
from sidecarify.yamltext.tree import Node, YamlError, parse

_REPOSITORY = ".git"


class ConfigurationError(Exception):
    """A configuration file that cannot be used, with the line and the column (both from 1) that show why."""

    def __init__(self, file: Path, line: int, column: int, message: str) -> None:
        super().__init__(f"{file}:{line}:{column}: {message}")
        self.file = file
        self.line = line
        self.column = column
        self.message = message


class Configuration(NamedTuple):
    """What a configuration file says; None for a key that it does not have. `transforms` are whole paths."""

    helpers: tuple[str, ...] | None = None
    mains: tuple[str, ...] | None = None
    accept: tuple[str, ...] | None = None
    select: tuple[str, ...] | None = None
    ignore: tuple[str, ...] | None = None
    unsafe: bool | None = None
    shared_volume: bool | None = None
    add_startup_probe: bool | None = None
    placement: Placement | None = None
    kube_version: str | None = None
    transforms: tuple[Path, ...] | None = None
    exclude: tuple[str, ...] | None = None
    include: tuple[str, ...] | None = None


NOTHING = Configuration()
KEYS = tuple(name.replace("_", "-") for name in Configuration._fields)


class Finder:
    """Finds the configuration file of a folder: the nearest one in it or above it, up to the repository's root."""

    def __init__(self) -> None:
        self._known: dict[Path, Path | None] = {}

    def of(self, folder: Path) -> Path | None:
        """The file's path, or None. Above a folder that holds `.git` nothing is looked for."""
        passed = []
        found = None
        one = folder
        while one not in self._known:
            passed.append(one)
            if (one / SETTINGS).is_file():
                found = one / SETTINGS
                break
            if (one / _REPOSITORY).exists() or one.parent == one:
                break
            one = one.parent
        else:
            found = self._known[one]
        self._known |= dict.fromkeys(passed, found)
        return found


def read_configuration(file: Path, rules: Collection[str]) -> Configuration:
    """Read a configuration file; `rules` are the names of all rules. Raises ConfigurationError."""
    try:
        text = Source.decode(read(file)).text
        documents = split(text)
        if len(documents) > 1:
            raise ConfigurationError(file, documents[1].line, 1, "expected one document, found a second one")
        root = parse(text)
    except FileError as error:
        raise ConfigurationError(file, 1, 1, error.message) from None
    except TextError as error:
        raise ConfigurationError(file, error.line, 1, error.message) from None
    except YamlError as error:
        raise ConfigurationError(file, error.line, error.column, error.message) from None
    return NOTHING if root is None else _Reader(file, rules).configuration(root)


class _Reader(NamedTuple):
    file: Path
    rules: Collection[str]

    def configuration(self, root: Node) -> Configuration:
        if root.kind == "scalar" and not root.value.strip() and root.style is None:
            return NOTHING
        keys = self._keys(root)
        return Configuration(
            helpers=self._names(keys, "helpers"),
            mains=self._names(keys, "mains"),
            accept=self._rules(keys, "accept"),
            select=self._rules(keys, "select"),
            ignore=self._rules(keys, "ignore"),
            unsafe=self._switch(keys, "unsafe"),
            shared_volume=self._switch(keys, "shared-volume"),
            add_startup_probe=self._switch(keys, "add-startup-probe"),
            placement=self._placement(keys),
            kube_version=self._version(keys),
            transforms=self._folders(keys, "transforms"),
            exclude=self._patterns(keys, "exclude"),
            include=self._patterns(keys, "include"),
        )

    def _error(self, node: Node, message: str) -> ConfigurationError:
        return ConfigurationError(self.file, node.line, node.column + 1, message)

    def _keys(self, root: Node) -> dict[str, Node]:
        if root.kind != "map":
            raise self._error(root, f"expected keys such as `helpers`, found {_called(root)}")
        found: dict[str, Node] = {}
        for key, value in root.pairs:
            if key.kind != "scalar" or key.value not in KEYS:
                name = key.value if key.kind == "scalar" else _called(key)
                raise self._error(key, f"{unknown('key', name, KEYS)} Known are {', '.join(sorted(KEYS))}.")
            if key.value in found:
                raise self._error(key, f"the key {key.value!r} stands twice")
            found[key.value] = value.resolved
        return found

    def _items(self, keys: dict[str, Node], name: str) -> Iterator[Node]:
        node = keys[name]
        if node.kind != "seq":
            raise self._error(node, f"{name} must be a list, not {_called(node)}")
        for item in node.items:
            if item.resolved.kind != "scalar" or not item.resolved.value.strip():
                raise self._error(item, f"{name} must be a list of texts, and here is {_called(item.resolved)}")
            yield item.resolved

    def _names(self, keys: dict[str, Node], name: str) -> tuple[str, ...] | None:
        return tuple(node.value for node in self._items(keys, name)) if name in keys else None

    def _rules(self, keys: dict[str, Node], name: str) -> tuple[str, ...] | None:
        if name not in keys:
            return None
        found = []
        for node in self._items(keys, name):
            if not any(fnmatchcase(rule, node.value) for rule in self.rules):
                raise self._error(node, unknown("rule", node.value, self.rules))
            found.append(node.value)
        return tuple(found)

    def _folders(self, keys: dict[str, Node], name: str) -> tuple[Path, ...] | None:
        if name not in keys:
            return None
        found = []
        for node in self._items(keys, name):
            folder = self.file.parent / node.value
            if not folder.is_dir():
                raise self._error(node, f"{node.value} is no folder (looked for at {folder})")
            found.append(folder)
        return tuple(found)

    def _patterns(self, keys: dict[str, Node], name: str) -> tuple[str, ...] | None:
        if name not in keys:
            return None
        found = []
        for node in self._items(keys, name):
            if not is_pattern(node.value):
                raise self._error(node, f"{node.value!r} is no pattern as in .gitignore")
            found.append(node.value)
        return tuple(found)

    def _switch(self, keys: dict[str, Node], name: str) -> bool | None:
        node = keys.get(name)
        if node is None:
            return None
        if node.kind != "scalar" or node.style is not None or node.value not in ("true", "false"):
            raise self._error(node, f"{name} must be true or false, not {_called(node)}")
        return node.value == "true"

    def _word(self, keys: dict[str, Node], name: str) -> Node | None:
        node = keys.get(name)
        if node is not None and node.kind != "scalar":
            raise self._error(node, f"{name} must be a text, not {_called(node)}")
        return node

    def _placement(self, keys: dict[str, Node]) -> Placement | None:
        node = self._word(keys, "placement")
        if node is None:
            return None
        if node.value not in get_args(Placement):
            raise self._error(node, f"placement must be {' or '.join(get_args(Placement))}, not {_called(node)}")
        return cast("Placement", node.value)

    def _version(self, keys: dict[str, Node]) -> str | None:
        node = self._word(keys, "kube-version")
        if node is None:
            return None
        try:
            KubeVersion.parse(node.value)
        except ValueError as error:
            raise self._error(node, str(error)) from None
        return node.value


def _called(node: Node) -> str:
    if node.kind != "scalar":
        return {"seq": "a list", "map": "a mapping", "alias": "an alias"}[node.kind]
    return repr(node.value) if node.value.strip() else "nothing"
