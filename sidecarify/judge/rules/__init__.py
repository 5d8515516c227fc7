"""Every rule of the judge, subject by subject. A rule's docstring is its documentation page."""

from __future__ import annotations

from sidecarify.judge.model import Rule

from . import (
    end_waits,
    fields,
    identity,
    injection,
    jobs,
    lifetime,
    main_first,
    network,
    platform,
    probes,
    references,
    resources,
    shutdown,
    startup,
    workarounds,
)

ALL_RULES: tuple[Rule, ...] = (
    *identity.RULES,
    *lifetime.RULES,
    *startup.RULES,
    *main_first.RULES,
    *probes.RULES,
    *injection.RULES,
    *jobs.RULES,
    *end_waits.RULES,
    *shutdown.RULES,
    *network.RULES,
    *resources.RULES,
    *references.RULES,
    *platform.RULES,
    *fields.RULES,
    *workarounds.RULES,
)
