"""The two directions of a move: an ordinary container becomes a native sidecar, or a native sidecar an ordinary one."""

from __future__ import annotations

from typing import NamedTuple


class Direction(NamedTuple):
    """From which list of the pod spec to which; `promotes` says that `restartPolicy: Always` is added, else taken."""

    source: str
    target: str
    promotes: bool


TO_SIDECAR = Direction("containers", "initContainers", promotes=True)
TO_CONTAINER = Direction("initContainers", "containers", promotes=False)
POLICY = "restartPolicy"
ALWAYS = "Always"
