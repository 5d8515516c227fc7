"""The families of helpers, looked up by the image, the program or the name of a container.

What they are comes from files (families.py); nothing here knows a family.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from fnmatch import fnmatchcase
from functools import cache, cached_property
from pathlib import Path
from typing import Final, Literal, NamedTuple

from sidecarify.kube.image import UNKNOWN, ImageName, at_least, parse_image
from sidecarify.kube.invocation import Invocation, read_invocation

Safe = Literal["always", "review", "never", "by-command"]
Action = Literal["httpGet", "tcpSocket", "grpc", "exec"]

_EVERY_ADDRESS = frozenset({"", "0.0.0.0", "[::]", "*", "$(POD_IP)"})  # noqa: S104  (read, never bound)


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
            return f"it came with version {'.'.join(map(str, self.from_version))}, and the tag does not promise that"
        for group in self.needs:
            if not any(call.find(pattern) for pattern in group):
                return f"nothing answers it without {_spelt(group)}"
        for pattern in self.unless:
            if evidence := call.find(pattern):
                return f"nothing answers it with `{evidence}`"
        if self.action != "exec" and self.port_in(call) is None:
            return "the port at which it listens is not known, or not open to the kubelet"
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
    waits_with: tuple[str, ...] = ()
    needs_main_args: tuple[str, ...] = ()
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

    def needs_main(self, call: Invocation) -> str | None:
        """What in the call makes the program end if main is not up, in every version (DEAD3), or None."""
        return next((found for pattern in self.needs_main_args if (found := call.find(pattern))), None)

    def waits(self, call: Invocation) -> bool:
        """Whether the call makes the program wait for main where it would end otherwise (DEAD3)."""
        return any(call.find(pattern) for pattern in self.waits_with)

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


class Family:
    """A family of helpers: what it is recognised by, and its transform, which is read when something is."""

    def __init__(self, images: tuple[str, ...], names: tuple[str, ...], read: Callable[[], Transform]) -> None:
        self.images: Final = images
        self.names: Final = names
        self._read = read

    @cached_property
    def transform(self) -> Transform:
        """The content of its file. Raises what reading it raises."""
        return self._read()


class _Claim(NamedTuple):
    """A family's claim on the images or names that fit a pattern, which comes in its segments too."""

    pattern: str
    segments: tuple[str, ...]
    family: Family

    @classmethod
    def of(cls, pattern: str, family: Family) -> "_Claim":
        return cls(pattern, tuple(pattern.split("/")), family)


class Catalogue:
    """Families of helpers, to be looked up; `families` come in the order of their names."""

    def __init__(self, families: Iterable[Family]) -> None:
        self.families: Final = tuple(families)
        self._by_last: dict[str, list[_Claim]] = {}
        self._with_glob: list[_Claim] = []
        self._by_name: dict[str, Family] = {}
        globs: list[_Claim] = []
        for family in self.families:
            for pattern in family.images:
                claim = _Claim.of(pattern, family)
                last = claim.segments[-1]
                claims = self._with_glob if _is_glob(last) else self._by_last.setdefault(last, [])
                claims.append(claim)
            for pattern in family.names:
                if _is_glob(pattern):
                    globs.append(_Claim.of(pattern, family))
                else:
                    self._by_name[pattern] = family
        self._name_globs = sorted(globs, key=lambda claim: (-_literals(claim.pattern), claim.pattern))

    @property
    def all(self) -> tuple[Transform, ...]:
        """All transforms, in the order of their names."""
        return tuple(family.transform for family in self.families)

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
            wanted = claim.family.transform.subcommands
            if wanted:
                call = call or read_invocation(args, command, program=name.path[-1])
                if not any(call.find(pattern) for pattern in wanted):
                    continue
            rank = (bool(wanted), len(claim.segments), _literals(claim.pattern))
            if rank > best_rank:
                best, best_rank = claim, rank
        return None if best is None else Match(best.family.transform, best.pattern, name)

    def by_program(self, program: str, args: Sequence[str] = ()) -> Match | None:
        """The family whose image is called like the program (`/usr/bin/csi-node-driver-registrar`), or None.

        For images that hold several programs, and for scripts that end in `exec PROGRAM`.
        """
        base = program.rpartition("/")[2]
        return self.match(base, args) if base and not set(base) & set(":@{}$<> ") else None

    def by_name(self, name: str) -> Transform | None:
        """The family that a container's name hints at, or None: weak evidence, to be backed by other evidence."""
        found = self._by_name.get(name)
        if found is None:
            found = next((claim.family for claim in self._name_globs if _fits(name, claim.pattern)), None)
        return None if found is None else found.transform

    def get(self, name: str) -> Transform | None:
        """The transform with this name, or None."""
        return next((transform for transform in self.all if transform.name == name), None)


def _spelt(patterns: Sequence[str]) -> str:
    """One option and one variable of several that mean the same: `--http-bind` or `HTTP_BIND`."""
    options = [one for one in patterns if one.startswith("-")][:1]
    variables = [one for one in patterns if not one.startswith("-")][:1]
    return " or ".join(f"`{one.removesuffix('=*')}`" for one in (*options, *variables))


def _is_suffix(segments: Sequence[str], path: Sequence[str]) -> bool:
    if len(segments) > len(path):
        return False
    for wanted, found in zip(reversed(segments), reversed(path), strict=False):
        if wanted != found and (UNKNOWN in found or not _fits(found, wanted)):
            return False
    return True


def _fits(text: str, glob: str) -> bool:
    # fnmatch makes a regular expression of each glob. How it begins and ends settles nearly all without one.
    head, tail = _ends(glob)
    return text.startswith(head) and text.endswith(tail) and fnmatchcase(text, glob)


@cache
def _ends(glob: str) -> tuple[str, str]:
    """How all that fits a glob of the catalogue begins, and how it ends."""
    parts = re.split(r"[*?]", glob)
    return parts[0], parts[-1]


def _is_glob(text: str) -> bool:
    return "*" in text or "?" in text


def _literals(pattern: str) -> int:
    return len(pattern) - sum(pattern.count(char) for char in "*?/")


def _reachable_port(value: str) -> int | None:
    address = value.removeprefix("http://").removeprefix("https://")
    host, _, port = address.rpartition(":")
    if host not in _EVERY_ADDRESS or not port.isascii() or not port.isdigit():
        return None
    return int(port) if 0 < int(port) < 2**16 else None
