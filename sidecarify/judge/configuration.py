"""What a container's configuration says, where it stands in its call or in a ConfigMap of the run."""

import re
from collections.abc import Iterator, Sequence, Set
from typing import NamedTuple

from sidecarify.judge.model import Evidence, PodContext
from sidecarify.judge.paths import mount_of
from sidecarify.judge.wording import called, file_of
from sidecarify.kube import fields
from sidecarify.kube.container import Container
from sidecarify.kube.objects import KubeObject
from sidecarify.kube.related import objects_of
from sidecarify.kube.selectors import same_namespace
from sidecarify.kube.workload import PodSpec
from sidecarify.yamltext.tree import Node

_SWITCHED = r"(?im)^(?:(?!//)[^#\n])*?(?<![\w-]){name}[\"']?\s*(?:=>|=|:|[ \t])\s*[\"']?(?:{values})\b"
_ON = "true|on|yes|1"
_OFF = "false|off|no|0"


class _File(NamedTuple):
    """A key of a ConfigMap that a container mounts."""

    owner: KubeObject
    key: str
    node: Node


def switched_on(container: Container, names: Sequence[str], pod: PodContext) -> Evidence | None:
    """Where one of the settings is switched on (`exit_on_eof true`, `once = true`): words, or a ConfigMap's file.

    For a name that ends in `=false`, where it is switched off.
    """
    files = list(_read_by(container, pod)) if names else []
    for wanted in names:
        name, off, _ = wanted.partition("=")
        how = "off" if off else "on"
        pattern = re.compile(_SWITCHED.format(name=re.escape(name), values=_OFF if off else _ON))
        for index, word in enumerate(container.words):
            if found := pattern.search(word.value):
                return Evidence(f"`{name}` is switched {how}", container.word_line(index, _lines(word.value, found)))
        for file in files:
            if found := pattern.search(file.node.value):
                where = f"`{file.key}` of {called(file.owner)}"
                inside = _lines(file.node.value, found) + 1 if file.node.style == "|" else 0
                return Evidence(
                    f"`{name}` is switched {how} in {where}", file.node.line + inside, file_of(pod, file.owner)
                )
    return None


def settings_from_config_maps(container: Container, pod: PodContext) -> dict[str, str]:
    """The variables of a container that come from ConfigMaps of the run (`envFrom`, `configMapKeyRef`)."""
    found: dict[str, str] = {}
    for source in fields.items(container.node, "envFrom"):
        name = fields.text(source, "configMapRef", "name")
        prefix = fields.text(source, "prefix") or ""
        found |= {
            prefix + file.key: file.node.value for file in _files_of({name} if name else set(), pod.pod, pod.others)
        }
    for variable in fields.items(container.node, "env"):
        reference = fields.find(variable, "valueFrom", "configMapKeyRef")
        if reference is None:
            continue
        own, name, key = fields.text(variable, "name"), fields.text(reference, "name"), fields.text(reference, "key")
        for file in _files_of({name} if name else set(), pod.pod, pod.others):
            if own is not None and file.key == key:
                found[own] = file.node.value
    return found


def file_at(path: str, container: Container, pod: PodSpec, others: Sequence[KubeObject]) -> str | None:
    """The text of a file that a container mounts from a ConfigMap of the run; None if it is not known for sure."""
    mount = mount_of(container, path)
    volume = pod.volumes.get(mount.volume) if mount is not None else None
    if mount is None or volume is None or volume.kind not in ("configMap", "projected"):
        return None
    inside = f"{mount.sub_path}/{path[len(mount.path.rstrip('/')) :]}".strip("/").replace("//", "/")
    found = []
    for name, keys in _config_maps(volume.node):
        for file in _files_of({name}, pod, others):
            if (keys.get(file.key) if keys else file.key) == inside:
                found.append(file.node.value)
    return found[0] if len(found) == 1 else None


def _lines(text: str, found: re.Match[str]) -> int:
    """The line, from 0, in which a match ends."""
    return text.count("\n", 0, found.end())


def _read_by(container: Container, pod: PodContext) -> Iterator[_File]:
    """The mounted files that the container is known to read: those that its call names, and that these name.

    Where the call names none of them, a program looks for its own, and all count.
    """
    mounted = list(_mounted(container, pod))
    texts = [word.value for word in container.words]
    texts += [variable.value for variable in container.env.values() if variable.value]
    texts += [mount.path for mount in container.mounts if mount.sub_path]
    named: list[_File] = []
    todo = [one for one in mounted if any(one.key in text for text in texts)]
    while todo:
        file = todo.pop()
        named.append(file)
        todo += [one for one in mounted if one not in named and one not in todo and one.key in file.node.value]
    yield from named or mounted


def _mounted(container: Container, pod: PodContext) -> Iterator[_File]:
    names = {
        name
        for mount in container.mounts
        if (volume := pod.pod.volumes.get(mount.volume)) is not None
        for name, _ in _config_maps(volume.node)
    }
    return _files_of(names, pod.pod, pod.others)


def _files_of(names: Set[str], pod: PodSpec, others: Sequence[KubeObject]) -> Iterator[_File]:
    for other in objects_of(others, "", "ConfigMap") if names else ():
        if other.name in names and same_namespace(pod.owner.namespace, other.namespace) is not False:
            for key, node in fields.keys(fields.find(other.node, "data")).items():
                if node.kind == "scalar":
                    yield _File(other, key, node)


def _config_maps(volume: Node) -> Iterator[tuple[str, dict[str, str]]]:
    """The ConfigMaps of a volume, each with the paths of its keys; without any, all have their own names."""
    for source in (volume, *fields.items(volume, "projected", "sources")):
        name = fields.text(source, "configMap", "name")
        if name is not None:
            items = fields.items(source, "configMap", "items")
            yield name, {fields.text(one, "key") or "": fields.text(one, "path") or "" for one in items}
