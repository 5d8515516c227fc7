"""Every rule on manifests that must make it speak, and on near misses that must not.

A fixture names the container on its first line: `# expect: log`. A second line `# kubernetes: 1.27` sets the target.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sidecarify.judge.model import Finding, Settings
from sidecarify.judge.rules import ALL_RULES
from sidecarify.kube.version import DEFAULT_TARGET, KubeVersion

from .pods import judged

FOLDER = Path(__file__).parents[2] / "fixtures" / "judged"
FIRES = sorted(FOLDER.glob("*/fires/*.yaml"))
QUIET = sorted(FOLDER.glob("*/quiet/*.yaml"))
RULES = {rule.name: rule for rule in ALL_RULES}


def findings_of(path: Path) -> list[Finding]:
    """The findings of the fixture's rule on the container that its first line names."""
    text = path.read_text(encoding="utf-8")
    expected = re.match(r"# expect: (\S+)\n(?:# kubernetes: (\S+)\n)?", text)
    assert expected, f"{path} must begin with `# expect: CONTAINER`"
    target = KubeVersion.parse(expected[2]) if expected[2] else DEFAULT_TARGET
    answers = [a for verdict in judged(text, Settings(target=target)) for a in verdict.containers]
    named = [answer for answer in answers if answer.member.name == expected[1]]
    assert named, f"{path} has no container {expected[1]}"
    rule = path.parents[1].name
    return [finding for answer in named for finding in answer.findings if finding.rule == rule]


def fixture_id(path: Path) -> str:
    return f"{path.parents[1].name}: {path.stem}"


@pytest.mark.parametrize("path", FIRES, ids=fixture_id)
def test_fires(path: Path) -> None:
    rule = RULES[path.parents[1].name]
    found = findings_of(path)
    assert found
    lines = path.read_text(encoding="utf-8").splitlines()
    for finding in found:
        assert finding.level in rule.levels
        assert 2 <= finding.line <= len(lines)
        assert lines[finding.line - 1].strip(), "the evidence is an empty line"
        assert not lines[finding.line - 1].lstrip().startswith("#"), "the evidence is a comment"


@pytest.mark.parametrize("path", QUIET, ids=fixture_id)
def test_stays_quiet_on_a_near_miss(path: Path) -> None:
    assert findings_of(path) == []


@pytest.mark.parametrize("name", sorted(RULES))
def test_each_rule_has_two_of_both(name: str) -> None:
    assert len([path for path in FIRES if path.parents[1].name == name]) >= 2
    assert len([path for path in QUIET if path.parents[1].name == name]) >= 2


def test_fixtures_are_of_rules_that_exist() -> None:
    assert {folder.name for folder in FOLDER.iterdir()} <= set(RULES)


@pytest.mark.parametrize("name", sorted(RULES))
def test_documentation_page_of_each_rule(name: str) -> None:
    page = RULES[name].check.__doc__ or ""
    assert page.splitlines()[0].endswith("."), "the first line is a sentence"
    for part in ("Fires on:", "Near miss:", "Fix:"):
        assert part in page


def test_names_are_used_once() -> None:
    assert len(RULES) == len(ALL_RULES)


@pytest.mark.parametrize("path", FIRES, ids=fixture_id)
def test_messages_are_sentences(path: Path) -> None:
    for finding in findings_of(path):
        assert finding.effect[:1].isupper() or finding.effect[:1] == "`"
        assert finding.effect.endswith((".", "!"))
        assert finding.advice.endswith(".")
        assert "  " not in finding.message
