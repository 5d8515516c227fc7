"""docs/rules says what the docstrings of the rules say."""

from __future__ import annotations

from pathlib import Path

import pytest

from sidecarify.judge.known import RULES
from sidecarify.judge.model import Finding, Member, PodContext, Rule
from sidecarify.judge.revert_rules import REVERT_RULES
from sidecarify.judge.rules import ALL_RULES
from sidecarify.judge.tree_rules import TREE_RULES
from sidecarify.report.pages import PageError, documents, page_text, rule_page
from sidecarify.yamltext.tree import parse

FOLDER = Path(__file__).parents[2] / "docs" / "rules"
WANTED = documents(ALL_RULES, REVERT_RULES, TREE_RULES)


@pytest.mark.parametrize("name", sorted(WANTED))
def test_page_is_current(name: str) -> None:
    path = FOLDER / name
    assert path.exists(), "run docs/write_rules.py"
    assert path.read_text(encoding="utf-8") == WANTED[name], "run docs/write_rules.py"


def test_no_page_without_a_rule() -> None:
    assert {path.name for path in FOLDER.iterdir()} == set(WANTED)


@pytest.mark.parametrize("name", sorted(RULES))
def test_page_says_everything(name: str) -> None:
    rule, text = RULES[name], WANTED[f"{name}.md"]
    page = rule_page(rule)
    assert page.why, "a summary alone does not say what happens"
    for part in (page.summary, page.fires, page.near_miss, page.fix, *page.why, *rule.hazards, *rule.levels):
        assert part in text
    assert f"]({name}.md)" in WANTED["README.md"]


def test_a_rule_of_both_directions_is_one_rule() -> None:
    promoting = {rule.name: rule for rule in ALL_RULES}
    for rule in REVERT_RULES:
        assert promoting.get(rule.name, rule).check is rule.check


@pytest.mark.parametrize("text", [page_text(rule_page(rule)) for rule in ALL_RULES], ids=[r.name for r in ALL_RULES])
def test_plain_text_has_no_markdown_fences(text: str) -> None:
    assert "```" not in text
    assert "\x1b" not in text


def half_documented(helper: Member, pod: PodContext) -> list[Finding]:
    """A sentence.

    Fires on:
        a: 1
    """
    return []


def test_a_docstring_without_its_parts_is_told() -> None:
    rule = Rule(half_documented, ("note",), ())  # type: ignore[arg-type]
    with pytest.raises(PageError, match="half-documented lacks Near miss, Fix"):
        rule_page(rule)


def test_examples_keep_their_indentation() -> None:
    page = rule_page(RULES["vpa-container-policy"])
    node = parse(page.fires)
    assert node is not None
    assert [key.value for key, _ in node.pairs] == ["kind", "spec"]
