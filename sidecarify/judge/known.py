"""Every rule there is: those of the judge, of the way back, and of trees of kustomizations."""

from __future__ import annotations

from sidecarify.direction import Direction
from sidecarify.judge.model import Rule
from sidecarify.judge.revert_rules import REVERT_RULES
from sidecarify.judge.rules import ALL_RULES
from sidecarify.judge.tree_rules import TREE_RULES, TreeRule

_ALL: tuple[Rule | TreeRule, ...] = (*REVERT_RULES, *ALL_RULES, *TREE_RULES)
RULES = {rule.name: rule for rule in _ALL}
"""By name."""


def rules_of(direction: Direction) -> tuple[Rule | TreeRule, ...]:
    """Those that speak of moves in one direction; those of trees speak of both."""
    return (*(ALL_RULES if direction.promotes else REVERT_RULES), *TREE_RULES)
