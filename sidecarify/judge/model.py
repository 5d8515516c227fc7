"""What the judge knows about a pod, and what it says."""

from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Final, Literal, NamedTuple

from sidecarify.catalogue import Catalogue, Match
from sidecarify.commands import FileText, Program, expanded, expanded_words, read_program
from sidecarify.direction import TO_SIDECAR, Direction
from sidecarify.judge.said import NO_REMARKS, Remarks
from sidecarify.kube.container import Container, Handler
from sidecarify.kube.mesh import Injection, injection
from sidecarify.kube.objects import KubeObject
from sidecarify.kube.version import DEFAULT_TARGET, KubeVersion
from sidecarify.kube.workload import PodSpec

Level = Literal["refuse", "review", "note"]
RoleName = Literal["main", "peer", "helper", "unclear"]
VerdictName = Literal["safe", "review", "refuse"]
MatchedBy = Literal["image", "program", "name"]


class Evidence(NamedTuple):
    """A fact of the manifest that speaks for a decision; `file` is empty for the manifest of the pod itself."""

    text: str
    line: int
    file: str = ""


class Finding(NamedTuple):
    """What a rule has to say about one container.

    `effect` tells in one sentence what would happen, `advice` in one sentence what to do.
    """

    rule: str
    level: Level
    effect: str
    advice: str
    line: int
    file: str = ""

    @property
    def message(self) -> str:
        """Effect and advice together."""
        return f"{self.effect} {self.advice}".strip()


class SharedVolume(NamedTuple):
    """A volume that a container shares with another one of the pod; `weak` with the reason, empty if it is not."""

    name: str
    with_container: str
    weak: str
    line: int


class Role(NamedTuple):
    """What a container is to its pod, and what says so."""

    name: RoleName
    evidence: tuple[Evidence, ...]


def _starts_with_a_command(args: tuple[str, ...], match: Match) -> bool:
    """Whether `args` alone are a command: in general images, and where they begin with the image's own program."""
    return match.transform.safe == "by-command" or bool(args and args[0].rpartition("/")[2] == match.image.path[-1])


class Member:
    """A container of a pod with what is known about it.

    `matched_by` tells where its family is known from: a name is a hint, backed by other evidence. `entrypoint` is the
    program of its image, where the family knows it. `file_text` gives the text of a file that it mounts, by its path.
    """

    def __init__(
        self,
        container: Container,
        match: Match | None,
        shared: tuple[SharedVolume, ...] = (),
        matched_by: MatchedBy = "image",
        entrypoint: tuple[str, ...] = (),
        file_text: FileText = lambda _: None,
    ) -> None:
        self.container: Final = container
        self.match: Final = match
        self.shared: Final = shared
        self.matched_by: Final = matched_by
        self.entrypoint: Final = entrypoint
        self.file_text: Final = file_text

    @property
    def name(self) -> str:
        """The container's name."""
        return self.container.name

    @cached_property
    def program(self) -> Program | None:
        """What its command line does; None where the image's entrypoint decides."""
        command, args = self.container.command, self.container.args
        if self.match is not None and not (command or self.entrypoint) and _starts_with_a_command(args, self.match):
            command, args = args, ()
        known = self.container.environment
        program = read_program(
            expanded_words(command, known),
            expanded_words(args, known),
            entrypoint=self.entrypoint,
            file_text=self.file_text,
        )
        return None if program is None else expanded(program, known, self.container.working_dir)

    def hook(self, handler: Handler | None) -> Program | None:
        """What an exec probe or hook of it runs, with its variables (a shell's only: nobody expands `$(X)` there)."""
        runs = handler is not None and handler.kind == "exec"
        program = read_program(handler.command, (), file_text=self.file_text) if handler is not None and runs else None
        return None if program is None else expanded(program, self.container.environment, self.container.working_dir)

    @property
    def known(self) -> bool:
        """Whether its image or program is that of a family, and not only its name or a general image."""
        return self.match is not None and self.match.transform.safe != "by-command" and self.matched_by != "name"

    @property
    def strongly_shared(self) -> tuple[SharedVolume, ...]:
        """The shared volumes that say something about an unknown image."""
        return tuple(volume for volume in self.shared if not volume.weak)

    def has_trait(self, trait: str) -> bool:
        """Whether its family of helpers has the trait (transforms/README.md lists them)."""
        return self.match is not None and trait in self.match.transform.traits


class PodContext:
    """A pod with its members, their roles, and the other objects of the run.

    `complete` says whether the caller believes `others` to hold every object that points at the pod. `direction` says
    what is asked: on the way back the members are the ordinary containers (main) and the native sidecars (helper; peer
    for one that the user has not chosen). `sidecars` are the native sidecars that are already there, `refused` the
    helpers that stay by their verdict; before the verdicts are known nobody is.
    """

    def __init__(
        self,
        pod: PodSpec,
        members: tuple[Member, ...],
        roles: tuple[Role, ...],
        target: KubeVersion = DEFAULT_TARGET,
        others: tuple[KubeObject, ...] = (),
        complete: bool = False,
        direction: Direction = TO_SIDECAR,
        sidecars: tuple[Member, ...] = (),
        refused: tuple[Member, ...] = (),
    ) -> None:
        self.pod: Final = pod
        self.members: Final = members
        self.roles: Final = roles
        self.target: Final = target
        self.others: Final = others
        self.complete: Final = complete
        self.direction: Final = direction
        self.sidecars: Final = sidecars
        self.refused: Final = refused

    def refusing(self, refused: tuple[Member, ...]) -> "PodContext":
        """The same pod, with the verdicts known."""
        return PodContext(
            self.pod,
            self.members,
            self.roles,
            self.target,
            self.others,
            self.complete,
            self.direction,
            self.sidecars,
            refused,
        )

    def role_of(self, member: Member) -> Role:
        """The role of one of the members."""
        return next(role for one, role in zip(self.members, self.roles, strict=True) if one is member)

    def those(self, *names: RoleName) -> tuple[Member, ...]:
        """The members with one of the roles."""
        return tuple(m for m, role in zip(self.members, self.roles, strict=True) if role.name in names)

    @cached_property
    def mains(self) -> tuple[Member, ...]:
        """What stays in `containers` by its role: mains and peers."""
        return self.those("main", "peer")

    @cached_property
    def inits(self) -> tuple[Container, ...]:
        """The init containers and native sidecars that are already there."""
        return self.pod.init_containers

    @cached_property
    def mesh(self) -> Injection | None:
        """The service mesh that puts its proxy into the pod."""
        return injection(self.pod, self.others)


Check = Callable[[Member, PodContext], Iterator[Finding]]


class Rule(NamedTuple):
    """One rule: a plain function whose docstring is its documentation page.

    `levels` are those that it can give, the strictest first; `hazards` the ids of the hazard catalogue. One that
    `counts_movers` runs when the verdicts of all helpers are known; it may give notes only.
    """

    check: Check
    levels: tuple[Level, ...]
    hazards: tuple[str, ...]
    counts_movers: bool = False

    @property
    def name(self) -> str:
        """The function's name in kebab-case: typed once."""
        return self.check.__name__.replace("_", "-")


class Settings(NamedTuple):
    """What the user decided: names are globs `[KIND/NAME:]CONTAINER`, rules are names or globs of names.

    `only` names the native sidecars to take back; empty for all of them. `remarks` are the comments of the manifest;
    they go before `default_helpers` and `default_mains`, and behind `helpers` and `mains`.
    """

    helpers: tuple[str, ...] = ()
    mains: tuple[str, ...] = ()
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    shared_volume: bool = True
    target: KubeVersion = DEFAULT_TARGET
    only: tuple[str, ...] = ()
    default_helpers: tuple[str, ...] = ()
    default_mains: tuple[str, ...] = ()
    remarks: Remarks = NO_REMARKS


class ContainerVerdict(NamedTuple):
    """The judge's answer for one container; `verdict` is None for one that is no helper.

    `ignored` are the findings that a comment silences: they do not count. `unclear_comment` is the line of one that
    speaks of it and cannot be understood.
    """

    member: Member
    role: Role
    verdict: VerdictName | None
    evidence: tuple[Evidence, ...]
    findings: tuple[Finding, ...]
    named: bool = False
    ignored: tuple[Finding, ...] = ()
    unclear_comment: int | None = None

    @property
    def transform(self) -> str | None:
        """The family of helpers that it belongs to."""
        return None if self.member.match is None else self.member.match.transform.name


class PodVerdict(NamedTuple):
    """The judge's answers for the containers of one pod, in their order."""

    context: PodContext
    containers: tuple[ContainerVerdict, ...]
    problems: tuple[Finding, ...] = ()


__all__ = [
    "Catalogue",
    "Check",
    "ContainerVerdict",
    "Evidence",
    "Finding",
    "Level",
    "Member",
    "PodContext",
    "PodVerdict",
    "Role",
    "RoleName",
    "Rule",
    "Settings",
    "SharedVolume",
    "VerdictName",
]
