"""Generated manifests through the whole engine: the object is the expected one, and so is every byte."""

from __future__ import annotations

import re
from collections import Counter
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sidecarify.yamltext.lists import Placement
from tests.properties.checks import check
from tests.properties.generator import manifest
from tests.support.cases import PLACEMENTS

EXAMPLES = 250


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(random=st.randoms(use_true_random=False), placement=st.sampled_from(PLACEMENTS))
def test_conversion_is_the_expected_one(random: Random, placement: Placement) -> None:
    check(manifest(random), placement)


@pytest.mark.parametrize("placement", PLACEMENTS)
def test_conversions_of_known_seeds(placement: Placement) -> None:
    """The same on seeds that do not change: what they convert, and how little they refuse, is known."""
    counts: Counter[str] = Counter()
    for seed in range(EXAMPLES):
        generated = manifest(Random(seed))
        outcome = check(generated, placement)
        counts["containers"] += len(generated.helpers)
        counts["moved"] += outcome.moved
        counts["refused"] += len(outcome.refusals)
        counts["unreadable"] += not outcome.readable
    assert counts["unreadable"] <= EXAMPLES / 50
    assert counts["moved"] > EXAMPLES
    assert counts["refused"] < counts["containers"] / 50


LAYOUTS = (
    r"\r\n",
    r"\ufeff",
    r"[|]\+",
    r"[|]2",
    r">-",
    r"initContainers: \[\]",
    r"&small",
    r"\*small",
    r"kind: List",
    r"kind: CronJob",
    r"\n\n",
    r"🙂",
    r"\{name:",
    r'"containers":',
    r"'containers':",
    r"^\.\.\.$",
    r"^%YAML",
    r"-   name:",
    r"- #",
    r"^ +$",
    r"!!str",
    r'^\{"apiVersion":"v1"',
    r'^  "spec": \{$',
    r"^  containers: \[\{name",
    r"^  containers: \[$",
    r"[^\n]\Z",
    r"\n\n\Z",
)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_generator_draws_every_layout(layout: str) -> None:
    """A generator that lost a feature would prove nothing about it."""
    pattern = re.compile(layout, re.MULTILINE)
    assert any(pattern.search(manifest(Random(seed)).text) for seed in range(EXAMPLES))
