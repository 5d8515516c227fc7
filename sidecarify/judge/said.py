"""What the user says of containers: on the command line, in comments of the manifest, in the configuration file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from sidecarify.judge.model import Finding, Settings
    from sidecarify.kube.container import Container
    from sidecarify.kube.workload import PodSpec

Choice = Literal["helper", "main"]


class Said(NamedTuple):
    """That a container is a helper or a main container, the words for where it is said, and the line."""

    choice: Choice
    where: str
    line: int


class Remarks(NamedTuple):
    """What the comments of a manifest say.

    `roles` are by the identity of the container's node, with the line of the comment; so are the rules silenced in
    `by_container`. Those of `by_line` are silenced for findings whose evidence stands in the line. `unclear` are the
    containers of which a comment speaks that cannot be understood, with its line: they are left alone.
    """

    roles: Mapping[int, tuple[Choice, int]] = MappingProxyType({})
    by_container: Mapping[int, frozenset[str]] = MappingProxyType({})
    by_line: Mapping[int, frozenset[str]] = MappingProxyType({})
    unclear: Mapping[int, int] = MappingProxyType({})

    def silence(self, container: Container, finding: Finding) -> bool:
        """Whether a comment says that the finding is to be ignored."""
        if finding.rule in self.by_container.get(id(container.node), ()):
            return True
        return not finding.file and finding.rule in self.by_line.get(finding.line, ())


NO_REMARKS = Remarks()


def named(patterns: Sequence[str], pod: PodSpec, name: str) -> bool:
    """Whether one of the user's globs `[KIND/NAME:]CONTAINER` names the container."""
    owner = f"{pod.owner.kind}/{pod.owner.name or ''}"
    for pattern in patterns:
        workload, colon, container = pattern.rpartition(":")
        if fnmatchcase(name, container) and (not colon or fnmatchcase(owner.lower(), workload.lower())):
            return True
    return False


def said(settings: Settings, pod: PodSpec, container: Container) -> Said | None:
    """What the user says that the container is: the command line goes before a comment, that before the file."""
    choice = _chosen(settings.helpers, settings.mains, pod, container)
    if choice is not None:
        return Said(choice, "named by the user", container.line)
    remark = settings.remarks.roles.get(id(container.node))
    if remark is not None:
        what = "a helper" if remark[0] == "helper" else "no helper"
        return Said(remark[0], f"a comment says that it is {what}", remark[1])
    choice = _chosen(settings.default_helpers, settings.default_mains, pod, container)
    return None if choice is None else Said(choice, "named in the configuration file", container.line)


def _chosen(helpers: Sequence[str], mains: Sequence[str], pod: PodSpec, container: Container) -> Choice | None:
    if named(helpers, pod, container.name):
        return "helper"
    return "main" if named(mains, pod, container.name) else None
