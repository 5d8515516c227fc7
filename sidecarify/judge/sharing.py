"""Which volumes the containers of a pod share, and what a shared volume is worth as evidence."""

from __future__ import annotations

from collections.abc import Iterator

from sidecarify.judge.model import SharedVolume
from sidecarify.kube import fields
from sidecarify.kube.container import Container, Mount
from sidecarify.kube.workload import PodSpec, Volume

_IDENTITY_SOURCES = frozenset({"serviceAccountToken", "downwardAPI", "clusterTrustBundle", "podCertificate"})
_SERVICE_ACCOUNT = "/var/run/secrets/kubernetes.io"
_NODE_PATHS = (
    "/etc/localtime",
    "/etc/timezone",
    "/etc/ssl",
    "/etc/pki",
    "/usr/share/zoneinfo",
    "/usr/share/ca-certificates",
    "/usr/local/share/ca-certificates",
    "/lib/modules",
    "/proc",
    "/sys",
    "/dev",
)

DIFFERENT_SUBPATHS = "it is mounted at different subPaths, so no file is shared"
CONFIGURATION = "it is configuration that nobody in the pod writes"
NODE = "it is a part of the node that nobody in the pod writes"
READ_ONLY = "everybody in the pod mounts it read-only"


def shared_volumes(pod: PodSpec, container: Container) -> tuple[SharedVolume, ...]:
    """The volumes that `container` shares with each other container of the pod, in the order of its mounts.

    Block devices (`volumeDevices`), service account tokens, projected volumes that hold nothing else, and the downward
    API are identity, not shared files, and do not count. `weak` says why a volume tells little: no file is shared, or
    nobody in the pod writes it.
    """
    return tuple(_shared(pod, container))


def _shared(pod: PodSpec, container: Container) -> Iterator[SharedVolume]:
    for name in dict.fromkeys(mount.volume for mount in container.mounts):
        own = [mount for mount in container.mounts if mount.volume == name and _counts(mount)]
        volume = pod.volumes.get(name)
        if not own or (volume is not None and _is_identity(volume)):
            continue
        for other in pod.containers:
            theirs = [mount for mount in other.mounts if mount.volume == name and _counts(mount)]
            if other.node is not container.node and theirs:
                yield SharedVolume(name, other.name, _weakness(pod, volume, own, theirs), own[0].line)


def _counts(mount: Mount) -> bool:
    return not mount.path.startswith(_SERVICE_ACCOUNT)


def _is_identity(volume: Volume) -> bool:
    if volume.kind == "downwardAPI":
        return True
    if volume.kind != "projected":
        return False
    sources = [key for source in fields.items(volume.node, "projected", "sources") for key in fields.keys(source)]
    return all(source in _IDENTITY_SOURCES for source in sources)


def _weakness(pod: PodSpec, volume: Volume | None, own: list[Mount], theirs: list[Mount]) -> str:
    if volume is not None and volume.is_config:
        return CONFIGURATION
    if volume is not None and volume.kind == "hostPath":
        path = (fields.text(volume.node, "hostPath", "path") or "").rstrip("/")
        if any(path == known or path.startswith(f"{known}/") for known in _NODE_PATHS):
            return NODE
    if not any(_overlap(a.sub_path, b.sub_path) for a in own for b in theirs):
        return DIFFERENT_SUBPATHS
    if not any(_is_written(pod, mount.volume) for mount in own):
        return READ_ONLY
    return ""


def _overlap(one: str, other: str) -> bool:
    first, second = one.strip("/").split("/"), other.strip("/").split("/")
    if not one.strip("/") or not other.strip("/"):
        return True
    shorter = min(len(first), len(second))
    return first[:shorter] == second[:shorter]


def _is_written(pod: PodSpec, volume: str) -> bool:
    everyone = (*pod.containers, *pod.init_containers)
    return any(mount.volume == volume and not mount.read_only for one in everyone for mount in one.mounts)
