"""The order of moved helpers among themselves: who provides comes before who uses (hazard catalogue, order rules)."""

from __future__ import annotations

from collections.abc import Sequence

from sidecarify.judge.model import Member, PodContext


def ordered(members: Sequence[Member], context: PodContext) -> list[Member]:
    """The helpers in the order of `initContainers`: their own order, but a provider before the helpers that use it.

    Native sidecars start one after another and stop in reverse, so a proxy or a secrets agent must come before the
    helper that dials its port or reads the volume it fills. Where two need one another their own order stays.
    """
    result: list[Member] = []
    waiting = list(members)
    while waiting:
        ready = next(
            (one for one in waiting if not any(needs(one, other, context) for other in waiting if other is not one)),
            waiting[0],
        )
        waiting.remove(ready)
        result.append(ready)
    return result


def needs(user: Member, provider: Member, context: PodContext) -> bool:
    """Whether `user` depends on `provider`: it names one of its ports on localhost, or only reads what that writes."""
    if not provider.has_trait("provider"):
        return False
    return _dials(user, provider) or _reads_from(user, provider, context)


def _dials(user: Member, provider: Member) -> bool:
    values = [*user.container.command, *user.container.args]
    values += [variable.value for variable in user.container.env.values() if variable.value]
    own = {port.number for port in user.container.ports}
    for port in provider.container.ports:
        if port.number is None or port.number in own:
            continue
        for host in ("localhost", "127.0.0.1", "[::1]"):
            if any(_mentions(value, f"{host}:{port.number}") for value in values):
                return True
    return False


def _mentions(value: str, address: str) -> bool:
    start = value.find(address)
    return start >= 0 and not value[start + len(address) : start + len(address) + 1].isdigit()


def _reads_from(user: Member, provider: Member, context: PodContext) -> bool:
    written = {mount.volume for mount in provider.container.mounts if not mount.read_only}
    for mount in user.container.mounts:
        volume = context.pod.volumes.get(mount.volume)
        if mount.volume in written and mount.read_only and volume is not None and not volume.is_config:
            return True
    return False
