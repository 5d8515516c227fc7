"""Reading the families of helpers: transforms/*.yaml, strictly; of those that come with sidecarify only what is needed.

A transform is data. transforms/README.md describes each key for the people who write one; nothing here knows a family.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal, cast

from sidecarify.catalogue import Action, Catalogue, Family, Safe, StartupProbe, Transform
from sidecarify.yamltext.tree import Node, YamlError, parse

SAFE = frozenset({"always", "review", "never", "by-command"})
TRAITS = frozenset(
    {
        "flushes",
        "proxy",
        "metrics-only",
        "inbound",
        "provider",
        "fills",
        "exits-offline",
        "needs-main",
        "serves-files",
        "csi",
        "injected",
    }
)
KINDS = frozenset(
    {
        "Pod",
        "PodTemplate",
        "Deployment",
        "ReplicaSet",
        "ReplicationController",
        "StatefulSet",
        "DaemonSet",
        "Job",
        "CronJob",
    }
)


class CatalogueError(Exception):
    """A transform that cannot be used, with the file and the line (from 1) that show why."""

    def __init__(self, file: Path, line: int, message: str) -> None:
        super().__init__(f"{file}:{line}: {message}")
        self.file = file
        self.line = line
        self.message = message


def bundled_folder() -> Path:
    """The folder of the transforms that come with sidecarify: package data, or beside the package in a checkout."""
    package = Path(__file__).parent
    inside = package / "transforms"
    return inside if inside.is_dir() else package.parent / "transforms"


def load(folders: Sequence[Path]) -> Catalogue:
    """Read every *.yaml and *.yml of the folders, not of folders below them.

    A file of a later folder replaces the file with the same name of an earlier one. Raises CatalogueError for the first
    thing that is wrong: a mistake in a transform must not pass for a container that nobody knows.
    """
    transforms: dict[str, _Reader] = {}
    for folder in folders:
        here: dict[str, _Reader] = {}
        for file in _files(folder):
            reader = _Reader(file)
            if reader.transform.name in here:
                other = here[reader.transform.name].file
                raise CatalogueError(file, 1, f"the name {reader.transform.name!r} is also that of {other}")
            here[reader.transform.name] = reader
        transforms |= here
    readers = [transforms[name] for name in sorted(transforms)]
    _reject_rivals(readers)
    return Catalogue(_known(reader.transform) for reader in readers)


def bundled() -> Catalogue:
    """The families that come with sidecarify: a file is read in whole when one of its globs matches a container.

    To read them all takes longer than to convert a manifest. They are tested to be what `load` accepts. Raises
    CatalogueError.
    """
    return Catalogue(glance(file) for file in sorted(_files(bundled_folder()), key=lambda file: file.stem))


def _known(transform: Transform) -> Family:
    return Family(transform.images, transform.names, lambda: transform)


def glance(file: Path) -> Family:
    """The family of a file, by no more than its globs where they are written as in the files of sidecarify.

    Another form is read as `load` reads it. Raises CatalogueError.
    """
    text = _text(file)
    globs: dict[str, tuple[str, ...]] = {}
    for key, block, flow in _LISTS.findall(text):
        items = block[len("  - ") : -1].split("\n  - ") if block else flow.split(", ")
        if all(map(_ITEM.fullmatch, items)):
            globs[key] = tuple(item.strip('"') for item in items)
    if len(globs) != len(_UNUSUAL.findall(text)):
        return _known(_Reader(file).transform)
    return Family(globs.get("images", ()), globs.get("names", ()), lambda: _Reader(file).transform)


def _files(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if path.suffix in (".yaml", ".yml"))
    except OSError as error:
        raise CatalogueError(folder, 1, f"not a readable folder of transforms: {error.strerror}") from error


def _text(file: Path) -> str:
    try:
        return file.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise CatalogueError(file, 1, f"cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise CatalogueError(file, line, "is not UTF-8") from error


def _reject_rivals(readers: "Sequence[_Reader]") -> None:
    claims: dict[tuple[str, str, str | None], _Reader] = {}
    for reader in readers:
        transform = reader.transform
        wanted = [("images", image, word) for image in transform.images for word in transform.subcommands or (None,)]
        for claim in (*wanted, *(("names", name, None) for name in transform.names)):
            rival = claims.setdefault(claim, reader)
            if rival is not reader:
                key, pattern, _ = claim
                line, other = reader.lines[key, pattern], f"{rival.file}:{rival.lines[key, pattern]}"
                raise CatalogueError(reader.file, line, f"{pattern!r} is also among the {key} of {other}")


_LISTS = re.compile(r"^(images|names):(?:\n((?:  - .+\n)+)| \[(.+)\]\n)", re.MULTILINE)
_ITEM = re.compile(r'[a-z0-9][a-z0-9._/*?-]*|"[a-z0-9*?][a-z0-9._/*?-]*"')
_UNUSUAL = re.compile(r"^(?:images|names|[^a-z ])", re.MULTILINE)
_ID = r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*"
_SEGMENT = r"[a-z0-9*?][a-z0-9._*?-]*"
_NAME = r"[a-z0-9*?][a-z0-9_*?-]*"
_ARGUMENT = r"(?s:--?[A-Za-z0-9][\w.-]*(?:=.*)?|[A-Za-z_]\w*=.*|[a-z][a-z0-9-]*)"
_SETTING = r"(?:--?[A-Za-z0-9][\w.-]*|[A-Za-z_]\w*)(?:=false)?"
_VERSION = r"\d{1,9}(\.\d{1,9}){1,5}"
_MAPPING_KEYS = {
    "httpGet": ("path", "port", "scheme"),
    "tcpSocket": ("port",),
    "grpc": ("port", "service"),
    "exec": ("command",),
}


class _Reader:
    """One file on its way to a Transform. `lines` remembers where images and names stand, for messages."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.lines: dict[tuple[str, str], int] = {}
        root = self._root()
        if not re.fullmatch(_ID, file.stem):
            raise self._error(root, f"the file name {file.name!r} must be lower-case words joined by single dashes")
        keys = self._mapping(
            root,
            ("summary", "docs", "safe"),
            (
                "images",
                "names",
                "subcommands",
                "main_when",
                "main_sign",
                "min_version",
                "waits_with",
                "needs_main_args",
                "one_shot_args",
                "one_shot_settings",
                "wrapper_args",
                "startup_probes",
                "traits",
                "health_paths",
                "main_paths",
                "outputs",
                "listens",
            ),
        )
        images = tuple(self._image(node) for node in self._items(keys, "images"))
        names = tuple(self._glob(node) for node in self._items(keys, "names"))
        if not images and not names:
            raise self._error(root, "needs images or names: without them it matches nothing")
        self.transform = Transform(
            name=file.stem,
            summary=self._text(keys["summary"]),
            docs=tuple(self._text(node) for node in self._items(keys, "docs")),
            safe=cast(Safe, self._word(keys["safe"], SAFE)),
            images=images,
            names=names,
            subcommands=self._arguments(keys, "subcommands"),
            main_when=frozenset(self._word(node, KINDS | {"*"}) for node in self._items(keys, "main_when")),
            main_sign=self._main_sign(keys),
            min_version=self._version(keys.get("min_version")),
            waits_with=self._arguments(keys, "waits_with"),
            needs_main_args=self._arguments(keys, "needs_main_args"),
            one_shot_args=self._arguments(keys, "one_shot_args"),
            one_shot_settings=tuple(
                self._shaped(node, _SETTING, "is no name of a setting")
                for node in self._items(keys, "one_shot_settings")
            ),
            wrapper_args=self._arguments(keys, "wrapper_args"),
            startup_probes=tuple(self._startup_probe(node, images) for node in self._items(keys, "startup_probes")),
            traits=frozenset(self._word(node, TRAITS) for node in self._items(keys, "traits")),
            health_paths=tuple(self._path(node) for node in self._items(keys, "health_paths")),
            main_paths=tuple(self._path(node) for node in self._items(keys, "main_paths")),
            outputs=self._arguments(keys, "outputs"),
            listens=tuple(self._port(node) for node in self._items(keys, "listens")),
            file=file,
        )

    def _error(self, node: Node, message: str) -> CatalogueError:
        return CatalogueError(self.file, node.line, message)

    def _root(self) -> Node:
        try:
            root = parse(_text(self.file))
        except YamlError as error:
            raise CatalogueError(self.file, error.line, error.message) from error
        if root is None:
            raise CatalogueError(self.file, 1, "is empty")
        return root

    def _mapping(self, node: Node, required: Sequence[str], optional: Sequence[str] = ()) -> dict[str, Node]:
        if node.kind != "map":
            raise self._error(node, f"expected a mapping with {', '.join((*required, *optional))}")
        found: dict[str, Node] = {}
        for key, value in node.pairs:
            if key.kind != "scalar" or key.value not in (*required, *optional):
                known = ", ".join(sorted((*required, *optional)))
                raise self._error(key, f"unknown key {key.value!r} (known: {known})")
            if key.value in found:
                raise self._error(key, f"the key {key.value!r} stands twice")
            found[key.value] = value
        for name in required:
            if name not in found:
                raise self._error(node, f"the key {name!r} is missing")
        return found

    def _items(self, keys: Mapping[str, Node], name: str) -> Iterator[Node]:
        node = keys.get(name)
        if node is None:
            return
        if node.kind != "seq":
            raise self._error(node, f"{name} must be a list")
        if not node.items:
            raise self._error(node, f"{name} is an empty list: leave the key out")
        seen: set[str] = set()
        for item in node.items:
            if item.kind == "scalar":
                if item.value in seen:
                    raise self._error(item, f"{item.value!r} stands twice in {name}")
                seen.add(item.value)
            yield item

    def _text(self, node: Node) -> str:
        if node.kind != "scalar":
            raise self._error(node, f"expected a text, not {'a list' if node.kind == 'seq' else 'a ' + node.kind}")
        if not node.value.strip():
            raise self._error(node, "expected a text, found nothing")
        return node.value

    def _word(self, node: Node, allowed: frozenset[str]) -> str:
        word = self._text(node)
        if word not in allowed:
            raise self._error(node, f"{word!r} is not one of {', '.join(sorted(allowed))}")
        return word

    def _shaped(self, node: Node, shape: str, message: str) -> str:
        text = self._text(node)
        if not re.fullmatch(shape, text):
            raise self._error(node, f"{text!r} {message}")
        return text

    def _image(self, node: Node) -> str:
        pattern = self._text(node)
        if ":" in pattern or "@" in pattern:
            raise self._error(node, f"the image glob {pattern!r} must not have a tag, a digest or a port")
        segments = pattern.split("/")
        for segment in segments:
            if not re.fullmatch(_SEGMENT, segment):
                raise self._error(node, f"the image glob {pattern!r} is not a repository path with * and ?")
        if not segments[-1].strip("*?"):
            raise self._error(node, f"the image glob {pattern!r} would match every image")
        self.lines["images", pattern] = node.line
        return pattern

    def _glob(self, node: Node) -> str:
        pattern = self._shaped(node, _NAME, "is not a container name with * and ?")
        if not pattern.strip("*?"):
            raise self._error(node, f"the name glob {pattern!r} would match every container")
        self.lines["names", pattern] = node.line
        return pattern

    def _argument(self, node: Node) -> str:
        return self._shaped(
            node, _ARGUMENT, "is not a sub-command, a flag (--flag, --flag=value) or a variable (NAME=value)"
        )

    def _arguments(self, keys: Mapping[str, Node], name: str) -> tuple[str, ...]:
        return tuple(self._argument(node) for node in self._items(keys, name))

    def _port(self, node: Node) -> int:
        number = int(self._shaped(node, r"[1-9]\d{0,4}", "is not a port number"))
        if number >= 2**16:
            raise self._error(node, f"{number} is not a port number")
        return number

    def _path(self, node: Node) -> str:
        return self._shaped(node, r"/\S*", "is not a path that starts with /")

    def _version(self, node: Node | None) -> tuple[int, ...] | None:
        if node is None:
            return None
        text = self._shaped(node, _VERSION, "is not a version such as 1.31.0")
        return tuple(map(int, text.split(".")))

    def _main_sign(self, keys: Mapping[str, Node]) -> Literal["weak", "strong"]:
        node = keys.get("main_sign")
        if node is None:
            return "weak"
        if "main_when" not in keys:
            raise self._error(node, "main_sign means nothing without main_when")
        return cast(Literal["weak", "strong"], self._word(node, frozenset({"weak", "strong"})))

    def _number(self, node: Node, highest: int) -> int:
        text = self._text(node)
        if node.style is not None or not text.isascii() or not text.isdigit() or not 0 < int(text) <= highest:
            raise self._error(node, f"{text!r} is not a number from 1 to {highest}")
        return int(text)

    def _startup_probe(self, node: Node, family: tuple[str, ...]) -> StartupProbe:
        keys = self._mapping(
            node,
            ("verified", "source", "probe"),
            ("images", "from_version", "needs", "unless", "port_from"),
        )
        images = []
        for item in self._items(keys, "images"):
            if self._text(item) not in family:
                raise self._error(item, f"{item.value!r} is none of the images of this transform")
            images.append(item.value)
        needs = []
        for group in self._items(keys, "needs"):
            if group.kind != "seq" or not group.items:
                raise self._error(group, "each item of needs is a list of alternatives")
            needs.append(tuple(self._argument(item) for item in group.items))
        verified = self._word(keys["verified"], frozenset({"true", "false"}))
        probe = self._mapping(keys["probe"], ("periodSeconds", "failureThreshold"), tuple(_MAPPING_KEYS))
        actions = [name for name in _MAPPING_KEYS if name in probe]
        if len(actions) != 1:
            raise self._error(keys["probe"], f"a probe has exactly one of {', '.join(_MAPPING_KEYS)}")
        action = cast(Action, actions[0])
        required = tuple(name for name in _MAPPING_KEYS[action] if name not in ("scheme", "service"))
        body = self._mapping(probe[action], required, _MAPPING_KEYS[action])
        return StartupProbe(
            verified=verified == "true",
            source=self._text(keys["source"]),
            action=action,
            path=self._path(body["path"]) if "path" in body else None,
            port=self._number(body["port"], 65535) if "port" in body else None,
            scheme=self._word(body["scheme"], frozenset({"HTTP", "HTTPS"})) if "scheme" in body else None,
            service=self._text(body["service"]) if "service" in body else None,
            command=tuple(self._text(item) for item in self._items(body, "command")),
            period_seconds=self._number(probe["periodSeconds"], 3600),
            failure_threshold=self._number(probe["failureThreshold"], 3600),
            images=tuple(images),
            from_version=self._version(keys.get("from_version")),
            needs=tuple(needs),
            unless=self._arguments(keys, "unless"),
            port_from=tuple(
                self._shaped(item, _SETTING, "is not a flag or the name of a variable")
                for item in self._items(keys, "port_from")
            ),
        )
