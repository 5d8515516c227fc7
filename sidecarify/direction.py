"""The two directions of a move: an ordinary container becomes a native sidecar, or a native sidecar an ordinary one."""

from collections.abc import Mapping
from typing import NamedTuple

from sidecarify.yamltext.pairs import Plain


class Direction(NamedTuple):
    """From which list of the pod spec to which; `promotes` says that `restartPolicy: Always` is added, else taken."""

    source: str
    target: str
    promotes: bool


class Manner(NamedTuple):
    """How one item moves, where it does not move as a container of a whole pod spec does.

    `keeps_policy`: no `restartPolicy` is added (the item is part of a patch, what it patches has it already).
    `named_before`: containers that the list of native sidecars names before it, so that a merge keeps them in front;
    they come with a promotion and go with the way back.
    `startup_probe`: what is added to it as `startupProbe`.
    """

    keeps_policy: bool = False
    named_before: tuple[str, ...] = ()
    startup_probe: Mapping[str, Plain] | None = None


PLAIN_MANNER = Manner()
TO_SIDECAR = Direction("containers", "initContainers", promotes=True)
TO_CONTAINER = Direction("initContainers", "containers", promotes=False)
POLICY = "restartPolicy"
STARTUP_PROBE = "startupProbe"
ALWAYS = "Always"
