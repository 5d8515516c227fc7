"""Which containers a pod exists for, and which only help them: an ordered, readable decision with its evidence.

There is no score. Each container is asked a list of questions in a fixed order, and the first that has an answer
decides; what led to the answer is kept as evidence. What the user says comes first, then what only one answer fits,
then the evidence for a main container, then what the family of the image, the script or the name tells.
"""

from __future__ import annotations

from collections.abc import Sequence

from sidecarify.judge import injectors, signs
from sidecarify.judge.model import Evidence, Member, Role, RoleName, Settings
from sidecarify.judge.said import said
from sidecarify.judge.signs import Signs
from sidecarify.kube.objects import KubeObject
from sidecarify.kube.workload import PodSpec

_READERS = frozenset(
    {"tail", "cat", "less", "more", "head", "grep", "egrep", "awk", "sed", "jq", "cut", "tr", "sort", "wc"}
)
# Traits of families that can be a service of their own; the others only make sense beside somebody else.
_SERVICES = ("flushes", "provider", "proxy")
_IDLE = frozenset(
    {"sleep", "date", "true", ":", "[", "[[", "test", "ls", "stat", "set", "cd", "until", "trap", "wait", ""}
)


def roles(
    pod: PodSpec, members: Sequence[Member], others: Sequence[KubeObject], settings: Settings
) -> tuple[Role, ...]:
    """The role of each container, in their order."""
    found = [signs.read_signs(member, pod, others) for member in members]
    table = _Table(pod, found, settings)
    return tuple(table.role(one) for one in found)


def _role(name: RoleName, *evidence: Evidence) -> Role:
    return Role(name, evidence)


class _Table:
    """The containers of one pod, each with its signs; `_elected` are those without which the pod had no main one."""

    def __init__(self, pod: PodSpec, signs: list[Signs], settings: Settings) -> None:
        self.pod = pod
        self.signs = signs
        self.settings = settings
        self._elected: dict[int, tuple[Evidence, ...]] | None = None

    def role(self, one: Signs) -> Role:
        """Ask the questions in their order."""
        return (
            self._said_by_user(one)
            or self._alone(one)
            or self._listed_for_operator(one)
            or self._owned_by_injector(one)
            or self._claimed(one)
            or self._elected_main(one)
            or self._by_family(one)
            or self._by_script(one)
            or self._by_name(one)
        )

    def _said_by_user(self, one: Signs) -> Role | None:
        words = said(self.settings, self.pod, one.container)
        if words is None:
            return None
        family = _family(one) if words.choice == "helper" else ()
        return _role(words.choice, Evidence(words.where, words.line), *family)

    def _alone(self, one: Signs) -> Role | None:
        row = self.pod.owner.row
        if len(self.signs) > 1 or (row is not None and row.patches):
            return None
        return _role("main", Evidence("it is the only container of the pod", one.container.line))

    def _listed_for_operator(self, one: Signs) -> Role | None:
        row = self.pod.owner.row
        if row is None or not row.patches:
            return None
        kind = self.pod.owner.kind
        if one.container.name.replace("-", "") == kind.lower() or not one.container.image:
            return _role(
                "main", Evidence(f"it changes a container that the operator makes for the {kind}", one.container.line)
            )
        return _role(
            "helper",
            Evidence(f"it is added to the pods of the {kind}, whose main container is elsewhere", one.container.line),
        )

    def _owned_by_injector(self, one: Signs) -> Role | None:
        owner = injectors.owner_of(one.member, self.pod)
        return None if owner is None else _role("helper", owner, *_family(one))

    def _claimed(self, one: Signs) -> Role | None:
        """Strong evidence makes a main container, unless the family says helper and somebody else has as much."""
        rivals = [other for other in self.signs if other is not one and other.claims]
        identity = [claim for claim in one.claims if claim not in one.traffic]
        match one.standing:
            case "unknown" | "script":
                if not one.claims:
                    return None
                front = one.work is not None and not identity
                if front and any(other.standing in ("unknown", "script", "product") for other in rivals):
                    return _role("unclear", *one.claims, *_maybe(one.work))
                return _role("main", *one.claims)
            case "product":
                if one.member.has_trait("provider") and not one.claims and any(_is_own(other) for other in rivals):
                    return None
                return _role("main", *one.claims, *_family(one))
            case "either":
                served = signs.serves_files(one.member)
                if served is not None:
                    return _role("main", served, *one.claims)
                if identity or (one.traffic and not self._applications(one)):
                    return (
                        None if len(one.claims) < 2 and any(_is_own(o) for o in rivals) else _role("main", *one.claims)
                    )
                return None
            case _:
                if self.pod.runs_to_completion and any(_may_be_done(other) for other in self.signs if other is not one):
                    return None
                alone = all(other.standing in ("helper", "either") for other in self.signs if other is not one)
                if one.claims and alone and not rivals and not one.member.has_trait("csi"):
                    return _role("main", *one.claims)
                return _role("main", *one.claims) if identity and not any(_is_own(o) for o in rivals) else None

    def _applications(self, one: Signs) -> list[Signs]:
        """The others that look like the application: claimed or called so, and of no helper family."""
        return [
            o
            for o in self.signs
            if o is not one and o.standing in ("unknown", "script", "product") and (o.claims or o.hints)
        ]

    def _elected_main(self, one: Signs) -> Role | None:
        """Somebody must be the main container: the most likely ones are it where no strong evidence names any."""
        if self._elected is None:
            self._elected = self._elect()
        evidence = self._elected.get(one.container.index)
        return None if evidence is None else _role("main", *evidence)

    def _elect(self) -> dict[int, tuple[Evidence, ...]]:
        free = [one for one in self.signs if not self._decided_before(one)]
        if any(role.name == "main" for one in self.signs if (role := self._decided_before(one))):
            return {}
        called = [
            one
            for one in free
            if one.hints
            and (one.standing in ("unknown", "script") or (one.standing == "either" and not self._in_front_of(one)))
        ]
        if called:
            return {one.container.index: one.hints for one in called}
        nobody = "nothing else in the pod is more likely its main container"
        for group in (
            [one for one in free if one.standing == "unknown" and not one.work and one.container.ports],
            [one for one in free if one.standing == "unknown" and not one.work],
            [one for one in free if one.standing == "product"],
            [one for one in free if one.standing == "either"],
        ):
            if group:
                return {group[0].container.index: (Evidence(nobody, group[0].container.line),)}
        scripts = [one for one in free if one.standing == "script"]
        writers = [one for one in scripts if not _only_reads(one)] or scripts[:1]
        if writers:
            text = "the pod has nothing but scripts and helpers, and this one does more than read"
            return {one.container.index: (Evidence(text, one.container.line),) for one in writers}
        services = [one for one in free if any(one.member.has_trait(trait) for trait in _SERVICES)]
        for group in (
            [one for one in free if one.hints and not one.member.has_trait("csi")],
            [one for one in services if one.container.ports],
            services or [one for one in free if one.standing == "unknown"],
        ):
            if len(group) == 1:
                return {group[0].container.index: (Evidence(nobody, group[0].container.line), *group[0].hints)}
        return {}

    def _decided_before(self, one: Signs) -> Role | None:
        return (
            self._said_by_user(one)
            or self._listed_for_operator(one)
            or self._owned_by_injector(one)
            or self._claimed(one)
        )

    def _by_family(self, one: Signs) -> Role | None:
        if one.standing in ("unknown", "script"):
            return None
        if one.standing in ("helper", "product"):
            return _role("helper", *_family(one), *one.claims)
        transform = one.member.match.transform if one.member.match else None
        elsewhere = transform is not None and "*" not in transform.main_when
        twin = self._twin(one)
        if twin is not None and one.work is None:
            return _role("peer", twin)
        taken = not one.claims and any(other.claims for other in self.signs if other is not one)
        if (
            taken
            or self._applications(one)
            or (elsewhere and any(o.standing in ("unknown", "product") for o in self.signs if o is not one))
        ):
            return _role("helper", *_family(one), *one.claims)
        front = self._in_front_of(one)
        if front is not None:
            return _role("unclear", *_family(one), front)
        return _role(
            "main", Evidence("its image is often the main container, and nothing says otherwise", one.container.line)
        )

    def _in_front_of(self, one: Signs) -> Evidence | None:
        """A web server that is given a configuration, beside an application with a port: perhaps its reverse proxy."""
        config = [m for m in one.container.mounts if (v := self.pod.volumes.get(m.volume)) is not None and v.is_config]
        if not (one.member.has_trait("proxy") and config and one.container.ports) or one.member.strongly_shared:
            return None
        for other in self.signs:
            speaks_http = other.container.ports and "fpm" not in f"{other.container.name} {other.container.image}"
            if other is not one and other.standing == "unknown" and speaks_http:
                return Evidence(f"its configuration may send requests to `{other.container.name}`", config[0].line)
        return None

    def _by_script(self, one: Signs) -> Role | None:
        if one.standing != "script":
            return None
        others = [o for o in self.signs if o is not one and o.standing != "helper"]
        if not others:
            return _role("main", Evidence("everything else in the pod is a helper", one.container.line))
        if one.member.known:
            return _role("helper", *_family(one))
        if signs.is_called_an_application(one.container):
            return _role("unclear", *one.hints, *_mounts(one))
        what = "its image has no program of its own, and its script runs"
        if one.member.match is None:
            what = "its script runs nothing but general tools"
        text = f"{what} beside the main container"
        return _role("helper", Evidence(text, one.container.line_of("image")), *_mounts(one))

    def _by_name(self, one: Signs) -> Role:
        container = one.container
        if not container.image:
            return _role(
                "peer",
                Evidence("it has no image, so this is a part of a pod that is completed elsewhere", container.line),
            )
        if one.work is not None and not one.hints:
            if one.confirmed is not None:
                return _role("helper", one.work, one.confirmed, *_mounts(one))
            return _role(
                "unclear", one.work, Evidence("nothing in its command line or mounts confirms it", container.line)
            )
        twin = self._twin(one)
        if twin is not None:
            return _role("peer", twin)
        if one.hints:
            return _role("peer", *one.hints)
        if signs.has_front(container):
            line = container.line_of("ports") if container.ports else container.line
            return _role(
                "peer", Evidence("it has a port or a probe of its own, and nothing says that it helps another", line)
            )
        served = self._served(one)
        if served is not None:
            return _role("peer", served)
        if one.member.strongly_shared:
            text = "neither its name, its image nor its arguments say what it does"
            return _role("unclear", Evidence(text, container.line), *_mounts(one))
        return _role(
            "peer", Evidence("nothing says that it helps another container, and it shares no files", container.line)
        )

    def _twin(self, one: Signs) -> Evidence | None:
        """Another container with the same image: two parts of one application."""
        for other in self.signs:
            if other is not one and other.container.image == one.container.image:
                text = f"it runs the same image as `{other.container.name}`"
                return Evidence(text, one.container.line_of("image"))
        return None

    def _served(self, one: Signs) -> Evidence | None:
        """A web server of the pod that hands out the files of this container: two parts of one site."""
        for other in self.signs:
            served = signs.serves_files(other.member)
            if served is not None and any(v.with_container == other.container.name for v in one.member.strongly_shared):
                return Evidence(f"`{other.container.name}` serves the files that both mount", served.line)
        return None


def _is_own(one: Signs) -> bool:
    """Whether strong evidence names a container that is of no helper family."""
    return bool(one.claims) and one.standing in ("unknown", "script", "product")


def _may_be_done(one: Signs) -> bool:
    """Whether a container may be the one that a Job waits for: no helper, which would not end."""
    return one.standing in ("unknown", "script", "product")


def _maybe(evidence: Evidence | None) -> tuple[Evidence, ...]:
    return () if evidence is None else (evidence,)


def _family(one: Signs) -> tuple[Evidence, ...]:
    match = one.member.match
    if match is None:
        return ()
    if one.member.matched_by == "name":
        named = Evidence(f"it is named like the family {match.transform.name}", one.container.line_of("name"))
        return (named, *_maybe(one.confirmed), *_mounts(one))
    what = "image" if one.member.matched_by == "image" else "program"
    text = f"its {what} `{match.pattern}` belongs to the family {match.transform.name}"
    return (Evidence(text, one.container.line_of("image" if what == "image" else "command")), *_mounts(one))


def _mounts(one: Signs) -> tuple[Evidence, ...]:
    seen: dict[str, Evidence] = {}
    for volume in one.member.shared:
        weak = f" (weak: {volume.weak})" if volume.weak else ""
        text = f"it shares the volume `{volume.name}` with `{volume.with_container}`{weak}"
        seen.setdefault(volume.name, Evidence(text, volume.line))
    return tuple(seen.values())


def _only_reads(one: Signs) -> bool:
    """Whether a script does nothing but print what others write."""
    program = one.member.program
    if program is None or not program.commands:
        return False
    reads = any(command.name in _READERS for command in program.commands)
    for command in program.commands:
        writes = any(
            ">" in redirect.operator and not redirect.target.startswith(("/dev/", "&"))
            for redirect in command.redirects
        )
        if writes or command.name not in _READERS | _IDLE | {"echo", "printf"}:
            return False
    return reads
