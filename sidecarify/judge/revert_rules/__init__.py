"""The rules of the way back, subject by subject. A rule's docstring is its documentation page."""

from __future__ import annotations

from sidecarify.judge.model import Rule

from . import start

REVERT_RULES: tuple[Rule, ...] = (*start.RULES,)
