"""Which paths and ports of a pod belong to whom, and what holds the pod's template."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from sidecarify.judge.listening import listening
from sidecarify.judge.model import Member, PodContext
from sidecarify.kube import fields
from sidecarify.kube.container import Container, Mount
from sidecarify.yamltext.tree import Node

Maker = Literal["main", "init", "helper", "nobody"]


def is_below(path: str, folders: Iterable[str]) -> bool:
    """Whether a path is one of the folders, or lies in one."""
    return any(_is_below(path, folder) for folder in folders)


def mount_of(container: Container, path: str) -> Mount | None:
    """The mount that a path lies in: the longest `mountPath` wins, as in a file system."""
    inside = [mount for mount in container.mounts if _is_below(path, mount.path)]
    return max(inside, key=lambda mount: len(mount.path), default=None)


def _is_below(path: str, folder: str) -> bool:
    folder = folder.rstrip("/")
    return bool(folder) and (path == folder or path.startswith(f"{folder}/"))


def place_of(container: Container, path: str) -> tuple[str, str] | None:
    """A path as (volume, path in it), so that containers with other mount points can be compared."""
    mount = mount_of(container, path)
    if mount is None:
        return None
    inside = path[len(mount.path.rstrip("/")) :].strip("/")
    return mount.volume, f"{mount.sub_path.strip('/')}/{inside}".strip("/")


def maker_of(path: str, helper: Member, pod: PodContext) -> Maker:
    """Who can make the file at a path that the helper looks at.

    `nobody` if the path is on no volume, or on one that Kubernetes fills; `init` if an init container may have made it;
    `helper` if only the helper writes the volume; `main` if it has to come from a container that stays.
    """
    mount = mount_of(helper.container, path)
    if mount is None:
        return "nobody"
    volume = pod.pod.volumes.get(mount.volume)
    if volume is not None and volume.is_config:
        return "nobody"
    if any(m.volume == mount.volume and not m.read_only for init in pod.inits for m in init.mounts):
        return "init"
    staying = pod.those("main", "peer", "unclear")
    if any(m.volume == mount.volume and not m.read_only for one in staying for m in one.container.mounts):
        return "main"
    return "helper" if not mount.read_only else "nobody"


def only_main_makes(path: str, helper: Member, pod: PodContext) -> bool:
    """Whether a path, which is no mount itself, has to come from a container that stays."""
    mount = mount_of(helper.container, path)
    if mount is None or path.rstrip("/") == mount.path.rstrip("/"):
        return False
    return maker_of(path, helper, pod) == "main" and filler_of(path, helper, pod) is None


def filler_of(path: str, helper: Member, pod: PodContext) -> Member | None:
    """The other helper that fills the volume below a path, or a folder of it: git-sync, a renderer of secrets."""
    mount = mount_of(helper.container, path)
    if mount is None:
        return None
    for other in pod.those("helper"):
        writes = any(one.volume == mount.volume and not one.read_only for one in other.container.mounts)
        if other is not helper and writes and other.has_trait("fills"):
            return other
    return None


def outlives_pod(path: str, helper: Member, pod: PodContext) -> bool:
    """Whether the volume below a path may still hold files of an earlier pod."""
    mount = mount_of(helper.container, path)
    volume = pod.pod.volumes.get(mount.volume) if mount is not None else None
    return volume is not None and volume.kind not in ("emptyDir", "ephemeral")


def own_ports(helper: Member) -> frozenset[int]:
    """The ports that a container declares, or that its arguments and variables say it listens on."""
    return frozenset(port.number for port in listening(helper.container))


def main_ports(pod: PodContext) -> frozenset[int]:
    """The ports of the containers that stay: declared, or named by their arguments and variables."""
    staying = pod.those("main", "peer", "unclear")
    return frozenset(port.number for one in staying for port in listening(one.container))


def job_spec(pod: PodContext) -> Node | None:
    """The mapping that holds the pod template: the spec of the Job, or of the workload. None for a bare Pod."""
    route = pod.pod.route
    return route[-3].resolved if len(route) >= 3 and fields.find(route[-3], "template") is not None else None
