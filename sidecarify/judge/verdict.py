"""From a pod to the answers for its containers: who they are, what the rules find, and what follows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase

from sidecarify.catalogue import Catalogue, Match
from sidecarify.commands import Lifetime
from sidecarify.judge.model import (
    ContainerVerdict,
    Evidence,
    Finding,
    Member,
    PodContext,
    PodVerdict,
    Role,
    Rule,
    Settings,
    VerdictName,
)
from sidecarify.judge.roles import named, roles
from sidecarify.judge.rules import ALL_RULES
from sidecarify.judge.sharing import shared_volumes
from sidecarify.judge.signs import confirmation
from sidecarify.kube.container import Container
from sidecarify.kube.image import parse_image
from sidecarify.kube.objects import KubeObject
from sidecarify.kube.workload import PodSpec

# Programs whose name is that of a server's image too, but which are clients.
_CLIENTS = frozenset({"docker", "mysql", "mongo", "consul", "etcd", "memcached"})
_NO_SHARED_VOLUME = "no-shared-volume"


def judge(
    pod: PodSpec,
    catalogue: Catalogue,
    settings: Settings,
    others: Sequence[KubeObject] = (),
    *,
    complete: bool = False,
) -> PodVerdict:
    """Judge every container of a pod.

    `others` are the objects of the run; `complete` says that they hold every object that points at the pod. Every
    helper and every container whose role is unclear gets a verdict: the strictest of its findings, or safe. Main
    containers and peers get none. Raises YamlError (`duplicate-key`).
    """
    members = tuple(_member(pod, container, catalogue) for container in pod.containers)
    decided = roles(pod, members, others, settings)
    context = PodContext(pod, members, decided, settings.target, tuple(others), complete)
    return PodVerdict(context, tuple(_answer(member, context, settings) for member in members))


def _member(pod: PodSpec, container: Container, catalogue: Catalogue) -> Member:
    match = catalogue.match(container.image, container.args, container.command)
    member = Member(container, match, shared_volumes(pod, container))
    if match is None or match.transform.safe == "by-command":
        found = _by_program(member, catalogue)
        if found is not None:
            return replace(member, match=found)
    if match is None:
        found = _by_name(member, pod, catalogue)
        if found is not None:
            return replace(member, match=found)
    return member


def _by_program(member: Member, catalogue: Catalogue) -> Match | None:
    """The family of the program that the command line starts, whatever the image is called."""
    program = member.program
    if program is None or program.entrypoint_unseen or not program.readable:
        return None
    argv = program.argv
    if program.shell:
        last = program.decisive
        if last is None or last.in_loop or program.lifetime is Lifetime.ENDS:
            return None
        argv = last.argv
    if not argv or argv[0].rpartition("/")[2] in _CLIENTS:
        return None
    found = catalogue.by_program(argv[0], argv[1:])
    return None if found is None or found.transform.safe == "by-command" else found


def _by_name(member: Member, pod: PodSpec, catalogue: Catalogue) -> Match | None:
    """The family that the container is named after, if its call or mounts agree: a renamed image."""
    image = parse_image(member.container.image)
    hinted = catalogue.by_name(member.container.name)
    if image is None or hinted is None or hinted.usually_main(pod.owner.kind) or confirmation(member, pod) is None:
        return None
    return Match(hinted, member.container.name, image)


def _answer(member: Member, context: PodContext, settings: Settings) -> ContainerVerdict:
    role = context.role_of(member)
    chosen = role.name in ("helper", "unclear")
    findings = tuple(_findings(member, context, settings)) if chosen else ()
    verdict = _verdict(findings) if chosen else None
    evidence = tuple(dict.fromkeys((*role.evidence, *_notable(member, role))))
    is_named = named(settings.helpers, context.pod, member.name)
    return ContainerVerdict(member, role, verdict, evidence, findings, is_named)


def _findings(member: Member, context: PodContext, settings: Settings) -> Iterator[Finding]:
    for rule in ALL_RULES:
        if _runs(rule, settings):
            seen = set()
            for finding in rule.check(member, context):
                if finding not in seen:
                    seen.add(finding)
                    yield finding


def _runs(rule: Rule, settings: Settings) -> bool:
    if rule.name == _NO_SHARED_VOLUME and not settings.shared_volume:
        return False
    if settings.select and not any(fnmatchcase(rule.name, pattern) for pattern in settings.select):
        return False
    return not any(fnmatchcase(rule.name, pattern) for pattern in settings.ignore)


def _verdict(findings: Sequence[Finding]) -> VerdictName:
    levels = {finding.level for finding in findings}
    if "refuse" in levels:
        return "refuse"
    return "review" if "review" in levels else "safe"


def _notable(member: Member, role: Role) -> Iterator[Evidence]:
    """What a reader wants to know of any container: how long its program runs."""
    program = member.program
    if role.name in ("main", "peer") or program is None or not program.reason:
        return
    line = member.container.word_line(0) if member.container.words else member.container.line
    if program.decisive is not None and program.script_index is not None:
        line = member.container.word_line(program.script_index, program.decisive.line)
    yield Evidence(f"its program: {program.reason}", line)
