"""The families of helpers that sidecarify knows: transforms/*.yaml, read strictly and matched by image.

A transform is data. transforms/README.md describes each key for the people who write one; nothing here knows a family.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Literal, NamedTuple, cast

from sidecarify.kube.image import UNKNOWN, ImageName, at_least, parse_image
from sidecarify.kube.invocation import Invocation, read_invocation
from sidecarify.yamltext.tree import Node, YamlError, parse

Safe = Literal["always", "review", "never", "by-command"]
Action = Literal["httpGet", "tcpSocket", "grpc", "exec"]

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
_EVERY_ADDRESS = frozenset({"", "0.0.0.0", "[::]", "*", "$(POD_IP)"})  # noqa: S104  (read, never bound)


class CatalogueError(Exception):
    """A transform that cannot be used, with the file and the line (from 1) that show why."""

    def __init__(self, file: Path, line: int, message: str) -> None:
        super().__init__(f"{file}:{line}: {message}")
        self.file = file
        self.line = line
        self.message = message


class StartupProbe(NamedTuple):
    """A startupProbe worth suggesting for the images of a family (PRB3).

    `verified` says that `source` was read; other probes are advice in words only. `images` limits it to some of the
    family's image globs (empty: all). The probe is answered only if each group of `needs` has one pattern that the call
    matches and no pattern of `unless` does. `port` is the default where none of `port_from` is given.
    """

    verified: bool
    source: str
    action: Action
    path: str | None = None
    port: int | None = None
    scheme: str | None = None
    service: str | None = None
    command: tuple[str, ...] = ()
    period_seconds: int = 1
    failure_threshold: int = 60
    images: tuple[str, ...] = ()
    from_version: tuple[int, ...] | None = None
    needs: tuple[tuple[str, ...], ...] = ()
    unless: tuple[str, ...] = ()
    port_from: tuple[str, ...] = ()

    def port_in(self, call: Invocation) -> int | None:
        """The port that the helper listens on as it is called, or None.

        None means an exec probe, a value that cannot be read, or an address that the kubelet does not reach
        (127.0.0.1, a socket file).
        """
        if self.action == "exec":
            return None
        for name in self.port_from:
            values = call.values(name)
            if values:
                return _reachable_port(values[-1])
        return self.port

    def obstacle(self, call: Invocation, version: tuple[int, ...] | None) -> str | None:
        """Why the helper, called like this, might not answer the probe; None if it will."""
        if self.from_version is not None and not at_least(version, self.from_version):
            return f"needs version {'.'.join(map(str, self.from_version))} or later, and the tag does not promise it"
        for group in self.needs:
            if not any(call.find(pattern) for pattern in group):
                return f"needs {' or '.join(group)}"
        for pattern in self.unless:
            if evidence := call.find(pattern):
                return f"is not answered with {evidence}"
        if self.action != "exec" and self.port_in(call) is None:
            return "the port that it listens on is not known, or not open to the kubelet"
        return None


class Transform(NamedTuple):
    """One family of helpers: the content of one file of transforms/.

    `name` is the file's name without its ending; `names` are globs on the names of containers. README.md of the folder
    says what the other keys mean. `file` is for messages.
    """

    name: str
    summary: str
    docs: tuple[str, ...]
    safe: Safe
    images: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    subcommands: tuple[str, ...] = ()
    main_when: frozenset[str] = frozenset()
    main_sign: Literal["weak", "strong"] = "weak"
    min_version: tuple[int, ...] | None = None
    one_shot_args: tuple[str, ...] = ()
    one_shot_settings: tuple[str, ...] = ()
    wrapper_args: tuple[str, ...] = ()
    startup_probes: tuple[StartupProbe, ...] = ()
    traits: frozenset[str] = frozenset()
    health_paths: tuple[str, ...] = ()
    main_paths: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    listens: tuple[int, ...] = ()
    file: Path = Path()

    def usually_main(self, kind: str) -> bool:
        """Whether the image is usually the main container in a workload of this kind (MAIN1)."""
        return kind in self.main_when or "*" in self.main_when

    def wraps(self, call: Invocation) -> str | None:
        """What in the call makes the program run another one, with which it ends (MAIN1), or None."""
        return next((found for pattern in self.wrapper_args if (found := call.find(pattern))), None)

    def one_shot(self, call: Invocation) -> str | None:
        """What in the call makes the program end after one run (ORD2, JOB1), or None."""
        return next((found for pattern in self.one_shot_args if (found := call.find(pattern))), None)


class Match(NamedTuple):
    """A transform that an image belongs to, and the glob that says so."""

    transform: Transform
    pattern: str
    image: ImageName

    @property
    def meets_min_version(self) -> bool:
        """False if the family has a `min_version` and the tag is older or tells no version (`latest`, a digest)."""
        minimum = self.transform.min_version
        return minimum is None or at_least(self.image.version, minimum)

    @property
    def startup_probe(self) -> StartupProbe | None:
        """The probe that the family knows for this image."""
        for probe in self.transform.startup_probes:
            if not probe.images or self.pattern in probe.images:
                return probe
        return None


class _Claim(NamedTuple):
    segments: tuple[str, ...]
    weight: tuple[int, int]
    pattern: str
    transform: Transform


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All transforms, in the order of their names."""

    all: tuple[Transform, ...]
    _by_last: Mapping[str, Sequence[_Claim]] = field(repr=False, default_factory=dict)
    _with_glob: Sequence[_Claim] = field(repr=False, default=())
    _names: Sequence[tuple[str, Transform]] = field(repr=False, default=())

    def match(self, image: str, args: Sequence[str] = (), command: Sequence[str] = ()) -> Match | None:
        """The family of an image, or None.

        Compared are whole segments from the end of the repository path; registry, tag and digest say nothing. A family
        that asks for a sub-command goes before one that does not; then the glob with more segments, then the one
        with more literal characters wins. Never raises: an empty or templated image matches nothing.
        """
        name = parse_image(image)
        if name is None:
            return None
        call: Invocation | None = None
        best: _Claim | None = None
        best_rank: tuple[bool, int, int] = (False, 0, 0)
        for claim in (*self._by_last.get(name.path[-1], ()), *self._with_glob):
            if not _is_suffix(claim.segments, name.path):
                continue
            wanted = claim.transform.subcommands
            if wanted:
                call = call or read_invocation(args, command, program=name.path[-1])
                if not any(call.find(pattern) for pattern in wanted):
                    continue
            rank = (bool(wanted), *claim.weight)
            if rank > best_rank:
                best, best_rank = claim, rank
        return None if best is None else Match(best.transform, best.pattern, name)

    def by_program(self, program: str, args: Sequence[str] = ()) -> Match | None:
        """The family whose image is called like the program (`/usr/bin/csi-node-driver-registrar`), or None.

        For images that hold several programs, and for scripts that end in `exec PROGRAM`.
        """
        base = program.rpartition("/")[2]
        return self.match(base, args) if base and not set(base) & set(":@{}$<> ") else None

    def by_name(self, name: str) -> Transform | None:
        """The family that a container's name hints at, or None: weak evidence, to be backed by other evidence."""
        return next((transform for glob, transform in self._names if fnmatchcase(name, glob)), None)

    def get(self, name: str) -> Transform | None:
        """The transform with this name, or None."""
        return next((transform for transform in self.all if transform.name == name), None)


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
    return _index(tuple(reader.transform for reader in readers))


def _files(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if path.suffix in (".yaml", ".yml"))
    except OSError as error:
        raise CatalogueError(folder, 1, f"not a readable folder of transforms: {error.strerror}") from error


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


def _index(transforms: tuple[Transform, ...]) -> Catalogue:
    by_last: dict[str, list[_Claim]] = {}
    with_glob: list[_Claim] = []
    names: list[tuple[str, Transform]] = []
    for transform in transforms:
        for pattern in transform.images:
            segments = tuple(pattern.split("/"))
            claim = _Claim(segments, (len(segments), _literals(pattern)), pattern, transform)
            if _is_glob(segments[-1]):
                with_glob.append(claim)
            else:
                by_last.setdefault(segments[-1], []).append(claim)
        names.extend((pattern, transform) for pattern in transform.names)
    names.sort(key=lambda item: (_is_glob(item[0]), -_literals(item[0]), item[0]))
    return Catalogue(transforms, by_last, with_glob, names)


def _is_suffix(segments: tuple[str, ...], path: tuple[str, ...]) -> bool:
    if len(segments) > len(path):
        return False
    pairs = zip(segments, path[len(path) - len(segments) :], strict=True)
    return all(wanted == found or (UNKNOWN not in found and fnmatchcase(found, wanted)) for wanted, found in pairs)


def _is_glob(text: str) -> bool:
    return "*" in text or "?" in text


def _literals(pattern: str) -> int:
    return len(pattern.translate({ord(char): None for char in "*?/"}))


def _reachable_port(value: str) -> int | None:
    address = value.removeprefix("http://").removeprefix("https://")
    host, _, port = address.rpartition(":")
    if host not in _EVERY_ADDRESS or not port.isascii() or not port.isdigit():
        return None
    return int(port) if 0 < int(port) < 2**16 else None


_ID = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
_SEGMENT = re.compile(r"[a-z0-9*?][a-z0-9._*?-]*")
_NAME = re.compile(r"[a-z0-9*?][a-z0-9_*?-]*")
_ARGUMENT = re.compile(r"--?[A-Za-z0-9][\w.-]*(?:=.*)?|[A-Za-z_]\w*=.*|[a-z][a-z0-9-]*", re.DOTALL)
_SETTING = re.compile(r"--?[A-Za-z0-9][\w.-]*|[A-Za-z_]\w*")
_VERSION = re.compile(r"\d{1,9}(\.\d{1,9}){1,5}")
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
        if not _ID.fullmatch(file.stem):
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
            text = self.file.read_bytes().decode("utf-8-sig")
        except OSError as error:
            raise CatalogueError(self.file, 1, f"cannot be read: {error.strerror}") from error
        except UnicodeDecodeError as error:
            line = error.object.count(b"\n", 0, error.start) + 1
            raise CatalogueError(self.file, line, "is not UTF-8") from error
        try:
            root = parse(text)
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

    def _shaped(self, node: Node, shape: re.Pattern[str], message: str) -> str:
        text = self._text(node)
        if not shape.fullmatch(text):
            raise self._error(node, f"{text!r} {message}")
        return text

    def _image(self, node: Node) -> str:
        pattern = self._text(node)
        if ":" in pattern or "@" in pattern:
            raise self._error(node, f"the image glob {pattern!r} must not have a tag, a digest or a port")
        segments = pattern.split("/")
        for segment in segments:
            if not _SEGMENT.fullmatch(segment):
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
        number = int(self._shaped(node, re.compile(r"[1-9]\d{0,4}"), "is not a port number"))
        if number >= 2**16:
            raise self._error(node, f"{number} is not a port number")
        return number

    def _path(self, node: Node) -> str:
        return self._shaped(node, re.compile(r"/\S*"), "is not a path that starts with /")

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
