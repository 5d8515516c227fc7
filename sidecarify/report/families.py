"""A family of helpers explained on a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from sidecarify.report.visible import painted, visible

if TYPE_CHECKING:
    from sidecarify.catalogue import StartupProbe, Transform

_WIDTH = 100
_SAFE = {
    "always": "moved, unless a rule finds something in the manifest",
    "review": "works as a native sidecar only sometimes: moved when you agree",
    "never": "stays where it is",
    "by-command": "the image says nothing; the command line decides",
}
_TRAITS = {
    "flushes": "sends what it has buffered when it is told to stop, and needs time for it",
    "proxy": "passes requests on to the main container, or stands in front of it",
    "metrics-only": "is a proxy for scrapers, not for users: outliving the main container does no harm",
    "inbound": "brings requests to the main container without any Service that a manifest would show",
    "provider": "is used by the main container from its first moment",
    "exits-offline": "ends if the network or its server is not there at its start",
    "fills": "writes files to a shared volume that others read",
    "serves-files": "hands out files of a folder, and may be what the pod exists for",
    "needs-main": "ends if the main container is not up at its start",
    "csi": "belongs to a CSI driver and talks to its socket",
    "injected": "is put into the pod by an injector, which decides where it stands",
}


def family_text(family: Transform, *, width: int = 0, color: bool = False) -> str:
    """What transforms/NAME.yaml says, for people."""
    width = width or _WIDTH
    lines = [painted(visible(family.name), "bold", color=color), *_filled(family.summary, width), ""]
    lines += _field("moved", f"{family.safe}: {_SAFE[family.safe]}", width)
    lines += _field("images", ", ".join(family.images), width)
    lines += _field("sub-commands", ", ".join(family.subcommands), width)
    lines += _field("names", ", ".join(family.names), width)
    lines += _field("usually the main container in", ", ".join(sorted(family.main_when)), width)
    lines += _field("ends after one run with", ", ".join(family.one_shot_args + family.one_shot_settings), width)
    lines += _field("runs another program with", ", ".join(family.wrapper_args), width)
    if family.min_version is not None:
        lines += _field("works without main from version", ".".join(map(str, family.min_version)), width)
    lines += _field("waits for main with", ", ".join(family.waits_with), width)
    lines += _field("ends without main with", ", ".join(family.needs_main_args), width)
    for trait in sorted(family.traits):
        lines += _field("trait", f"{trait}: {_TRAITS[trait]}", width)
    for probe in family.startup_probes:
        lines += ["", *_probe(probe, width)]
    lines += ["", painted("What is known of it", "bold", color=color)]
    for sentence in family.docs:
        lines += _filled(sentence, width, "- ", "  ")
    return "\n".join(lines) + "\n"


def probe_words(probe: StartupProbe) -> str:
    """The probe as it would stand in a manifest, in flow style."""
    if probe.action == "exec":
        body = f"command: [{', '.join(probe.command)}]"
    else:
        parts = {"path": probe.path, "port": probe.port, "scheme": probe.scheme, "service": probe.service}
        body = ", ".join(f"{name}: {value}" for name, value in parts.items() if value is not None)
    timing = f"periodSeconds: {probe.period_seconds}, failureThreshold: {probe.failure_threshold}"
    return f"{{{probe.action}: {{{body}}}, {timing}}}"


def _probe(probe: StartupProbe, width: int) -> Iterator[str]:
    yield from _field("startupProbe", probe_words(probe), width)
    what = "written by `convert --add-startup-probe`" if probe.verified else "advice only"
    yield from _field("  verified" if probe.verified else "  not verified", f"{what}; source: {probe.source}", width)
    yield from _field("  for", ", ".join(probe.images), width)
    for group in probe.needs:
        yield from _field("  needs", " or ".join(group), width)
    yield from _field("  not with", ", ".join(probe.unless), width)
    yield from _field("  port from", ", ".join(probe.port_from), width)
    if probe.from_version is not None:
        yield from _field("  from version", ".".join(map(str, probe.from_version)), width)


def _field(name: str, value: str, width: int) -> Iterable[str]:
    return _filled(value, width, f"{name}: ", "    ") if value else ()


def _filled(text: str, width: int, first: str = "", further: str = "") -> list[str]:
    return textwrap.wrap(
        visible(text),
        width,
        initial_indent=first,
        subsequent_indent=further,
        break_long_words=False,
        break_on_hyphens=False,
    )
