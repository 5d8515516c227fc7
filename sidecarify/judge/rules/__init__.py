"""Every rule of the judge, subject by subject. A rule's docstring is its documentation page."""

from __future__ import annotations

from sidecarify.judge.model import Rule

from . import identity, jobs, lifetime, startup

ALL_RULES: tuple[Rule, ...] = (
    *identity.RULES,
    *lifetime.RULES,
    *startup.RULES,
    *jobs.RULES,
)
