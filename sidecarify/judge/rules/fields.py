"""Fields of the pod spec that mean something else for a container that starts first."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sidecarify.commands.marks import looks_at_processes
from sidecarify.judge.model import Finding, Member, PodContext, Rule
from sidecarify.kube import fields
from sidecarify.kube.container import Mount

_FILE_NAME = r"[^/]*[^/.][^/]*\.[A-Za-z][\w-]{0,8}"


def shared_subpath(helper: Member, pod: PodContext) -> Iterator[Finding]:
    """The helper and the main container mount the same `subPath` of a volume that one of them writes.

    The kubelet makes a missing subPath directory for whichever container starts first, and that is now the helper:
    owner and mode may differ from what the main container's image made of it. A subPath that is meant to be a file, and
    is not there yet, becomes a directory, and the main container can no longer write the file (hazard FLD11).

    Fires on:
        # main:       volumeMounts: [{name: data, mountPath: /var/log/app, subPath: logs}]
        # the helper: volumeMounts: [{name: data, mountPath: /logs, subPath: logs}]

    Near miss:
        # main:       volumeMounts: [{name: data, mountPath: /var/lib/app, subPath: data}]
        # the helper: volumeMounts: [{name: data, mountPath: /logs, subPath: logs}]

    Fix: Mount the volume without `subPath` in the helper, or let an init container make the directory.
    """
    for mount in helper.container.mounts:
        volume = pod.pod.volumes.get(mount.volume)
        if not mount.sub_path or volume is None or volume.is_config:
            continue
        if any(_covers(init_mount, mount) for init in pod.inits for init_mount in init.mounts):
            continue
        for main in pod.mains:
            for other in main.container.mounts:
                if other.volume == mount.volume and _collide(mount, other):
                    yield Finding(
                        "shared-subpath",
                        "review",
                        f"The kubelet would make the subPath `{mount.sub_path}` of the volume `{mount.volume}` for "
                        f"`{helper.name}` first, as a directory with other rights than `{main.name}` may expect.",
                        "Mount the volume without `subPath` in the helper, or let an init container make the place.",
                        mount.line,
                    )
                    return


def _covers(init: Mount, helper: Mount) -> bool:
    """Whether an init container has the same place before the helper."""
    return init.volume == helper.volume and (not init.sub_path or _same_or_below(helper.sub_path, init.sub_path))


def _collide(helper: Mount, main: Mount) -> bool:
    if main.sub_path:
        return _same_or_below(helper.sub_path, main.sub_path) or _same_or_below(main.sub_path, helper.sub_path)
    return not main.read_only and re.fullmatch(_FILE_NAME, helper.sub_path.rpartition("/")[2]) is not None


def _same_or_below(path: str, parent: str) -> bool:
    path, parent = path.strip("/"), parent.strip("/")
    return path == parent or path.startswith(f"{parent}/")


def mount_propagation(helper: Member, pod: PodContext) -> Iterator[Finding]:
    """The helper mounts a file system and passes the mount on to the other containers.

    As a native sidecar it starts first, which helps: with a startupProbe that looks for the mount, the main container
    never sees an empty directory. The main container must mount the volume with `HostToContainer`, and after a restart
    of the helper it keeps the old, dead mount, as before (hazard FLD10).

    Fires on:
        volumeMounts: [{name: assets, mountPath: /mnt, mountPropagation: Bidirectional}]

    Near miss:
        volumeMounts: [{name: assets, mountPath: /mnt, mountPropagation: HostToContainer}]

    Fix: Add a startupProbe that looks for the mount (`mountpoint -q /mnt`).
    """
    for mount in helper.container.mounts:
        if mount.propagation != "Bidirectional":
            continue
        deaf = [
            main.name
            for main in pod.mains
            for other in main.container.mounts
            if other.volume == mount.volume and other.propagation not in ("HostToContainer", "Bidirectional")
        ]
        if deaf:
            effect = (
                f"`{deaf[0]}` mounts the volume `{mount.volume}` without `HostToContainer` and does not see the mount."
            )
            advice = "Add `mountPropagation: HostToContainer` there."
        else:
            effect = f"`{helper.name}` passes a mount on to main, which starts as soon as the helper's process runs."
            advice = f"Add a startupProbe that looks for the mount (`mountpoint -q {mount.path}`)."
        yield Finding("mount-propagation", "note", effect, advice, mount.line)
        return


def process_namespace(helper: Member, pod: PodContext) -> Iterator[Finding]:
    """The containers of the pod see each other's processes, and the helper's now come first.

    With `shareProcessNamespace` the helper is running before main's process exists (KEP-753; hazard FLD9). A script
    that looks for that process once, at its start, finds nothing: it must look in a loop.

    Fires on:
        shareProcessNamespace: true
        # the helper: command: [sh, -c, "PID=$(pidof java); exec jattach-agent $PID"]

    Near miss:
        shareProcessNamespace: true
        # the helper: command: [sh, -c, "until pidof java; do sleep 1; done; exec jattach-agent"]    # only a note

    Fix: Look for the process in a loop.
    """
    if not pod.pod.shares_processes:
        return
    program = helper.program
    looks = looks_at_processes(program) if program is not None else ()
    once = next(
        (command for command in looks if not (command.in_loop or command.in_trap or command.in_condition)), None
    )
    if once is not None and program is not None:
        container = helper.container
        script = program.script_index
        line = container.word_line(script, once.line) if script is not None else container.word_line(0)
        yield Finding(
            "process-namespace",
            "review",
            f"`{once.text}` in `{helper.name}` looks for a process once, at a time when main has not started yet.",
            "Look for it in a loop (`until pidof …; do sleep 1; done`).",
            line,
        )
    elif _first(pod) is helper:
        yield Finding(
            "process-namespace",
            "note",
            f"The containers see each other's processes, and those of `{helper.name}` then start first, so the main "
            "container's get other process ids (PIDs) than today.",
            "Check scripts that count on a fixed process id.",
            fields.line(pod.pod.node, "shareProcessNamespace") or helper.container.line,
        )


def _first(pod: PodContext) -> Member | None:
    return next(iter(pod.those("helper", "unclear")), None)


RULES: tuple[Rule, ...] = (
    Rule(shared_subpath, ("review",), ("FLD11",)),
    Rule(mount_propagation, ("note",), ("FLD10",)),
    Rule(process_namespace, ("review", "note"), ("FLD9",)),
)
