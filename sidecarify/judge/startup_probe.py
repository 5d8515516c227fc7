"""Which startupProbe a helper can be given without a risk: known for its image, answered as it is called (PRB3)."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from sidecarify.catalogue import StartupProbe
from sidecarify.judge.listening import listening
from sidecarify.judge.model import Member, PodContext
from sidecarify.judge.rules.lifetime import invocation
from sidecarify.judge.rules.probes import startup_probe_bug
from sidecarify.kube.image import parse_image
from sidecarify.yamltext.pairs import Plain


class Suggestion(NamedTuple):
    """A `startupProbe` as it is to be written, and where it is known from."""

    probe: Mapping[str, Plain]
    source: str


def suggestion(helper: Member, pod: PodContext) -> Suggestion | None:
    """The startupProbe for a helper that has none, or None where it could do harm.

    It must be verified for the image (not only for a name, nor a loop of other commands), answered as the helper is
    called, on a port that nobody
    else in the pod has, and the target version must not have a bug with it (PRB5, PRB6).
    """
    known = helper.match.startup_probe if helper.match is not None else None
    if helper.match is None or known is None or not known.verified or helper.matched_by == "name":
        return None
    if helper.container.startup_probe is not None or startup_probe_bug(pod) is not None:
        return None
    program = helper.program
    if program is not None and program.shell and (program.decisive is None or program.decisive.in_loop):
        return None
    call = invocation(helper)
    if known.obstacle(call, helper.match.image.version) is not None:
        return None
    port = known.port_in(call)
    if port is not None and port in _ports_of_others(helper, pod, known):
        return None
    return Suggestion(written(known, port), known.source)


def written(probe: StartupProbe, port: int | None) -> Mapping[str, Plain]:
    """The probe as Kubernetes wants it (core/v1 Probe), its action first."""
    action: dict[str, Plain] = {}
    if probe.action == "exec":
        action["command"] = list(probe.command)
    if probe.path is not None:
        action["path"] = probe.path
    if port is not None:
        action["port"] = port
    if probe.scheme is not None:
        action["scheme"] = probe.scheme
    if probe.service is not None:
        action["service"] = probe.service
    return {probe.action: action, "periodSeconds": probe.period_seconds, "failureThreshold": probe.failure_threshold}


def _ports_of_others(helper: Member, pod: PodContext, probe: StartupProbe) -> Iterator[int]:
    """Where the other containers of the pod listen, as far as it is known; init containers have ended by then."""
    for other in pod.members:
        if other is not helper:
            yield from (found.number for found in listening(other.container))
            yield from _health_port(other)
    for container in pod.inits:
        if container.is_native_sidecar and container is not helper.container:
            yield from (found.number for found in listening(container))
            if _path(container.image) == _path(helper.container.image):
                yield from _health_port(Member(container, helper.match, entrypoint=helper.entrypoint))


def _health_port(member: Member) -> Iterator[int]:
    """The port that a container of a known image serves its health page at, declared or not."""
    known = member.match.startup_probe if member.match is not None else None
    port = known.port_in(invocation(member)) if known is not None else None
    if port is not None:
        yield port


def _path(image: str) -> tuple[str, ...]:
    name = parse_image(image)
    return () if name is None else name.path
