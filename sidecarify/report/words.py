"""How a run speaks of what it does: the two directions in words."""

from __future__ import annotations

from typing import NamedTuple


class Words(NamedTuple):
    """One direction: the verb, the flag that names a container (`names`), and what a container becomes.

    `rule` is the name that a move goes by beside the names of the rules; `can` says of a container that it may move,
    `summary` and `help` say why it is told, `done` what a fix does.
    """

    verb: str
    past: str
    names: str
    rule: str
    title: str
    become: str
    can: str
    done: str
    summary: str
    help: str


CONVERT = Words(
    verb="convert",
    past="converted",
    names="--helper",
    rule="native-sidecar",
    title="Helper containers as native sidecars",
    become="native sidecars",
    can="can be a native sidecar: `sidecarify convert` moves it to `initContainers` with `restartPolicy: Always`, so "
    "that it starts before the main container and stops after it.",
    done="to initContainers as native sidecars",
    summary="A helper that can be a native sidecar is an ordinary container.",
    help="The container helps the main container and runs as long as the pod does, and nothing speaks against making "
    "it a native sidecar: an entry of initContainers with restartPolicy: Always (KEP-753). Such a container starts "
    "before the main container, stops after it, and does not keep a Job from completing. Run sidecarify convert, or "
    "apply the fix.",
)
REVERT = Words(
    verb="revert",
    past="reverted",
    names="--only",
    rule="ordinary-container",
    title="Native sidecars as ordinary containers",
    become="ordinary containers",
    can="can be an ordinary container again: `sidecarify revert` moves it behind the `containers` there, without "
    "`restartPolicy: Always`, so that nothing waits for it and it is stopped together with the main container.",
    done="back to containers, without restartPolicy: Always",
    summary="A native sidecar can be an ordinary container again.",
    help="The container is an entry of initContainers with restartPolicy: Always (KEP-753), and nothing speaks against "
    "taking it back to containers. There nothing waits for it, it is stopped together with the main container, and "
    "it counts when a Job is to be complete. Run sidecarify revert, or apply the fix.",
)


def words_of(*, reverting: bool) -> Words:
    """The words of one direction."""
    return REVERT if reverting else CONVERT
