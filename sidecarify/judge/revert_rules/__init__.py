"""The rules of the way back, subject by subject. A rule's docstring is its documentation page.

What is the same in both directions is the same rule: `SHARED` names those of `judge.rules` that run here too.
"""

from __future__ import annotations

from sidecarify.judge.model import Rule
from sidecarify.judge.rules import identity, references

from . import completion, ending, outside, ports, start

SHARED = ("immutable-object", "injector-owned", "index-reference", "overlay-patch", "metric-names")

REVERT_RULES: tuple[Rule, ...] = (
    *outside.RULES,
    *start.RULES,
    *completion.RULES,
    *ending.RULES,
    *ports.RULES,
    *(rule for rule in (*identity.RULES, *references.RULES) if rule.name in SHARED),
)
