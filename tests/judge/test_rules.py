"""Every rule on manifests that must make it speak, and on near misses that must not.

A fixture names the container on its first line: `# expect: log`. A second line `# kubernetes: 1.27` sets the target.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from sidecarify.judge.model import Finding, PodVerdict, Rule, Settings
from sidecarify.judge.reverse import judge_sidecars
from sidecarify.judge.revert_rules import REVERT_RULES
from sidecarify.judge.rules import ALL_RULES
from sidecarify.judge.verdict import judge
from sidecarify.kube.version import DEFAULT_TARGET, KubeVersion

from .pods import judged

FIXTURES = Path(__file__).parents[2] / "fixtures"


class Suite(NamedTuple):
    """The rules of one direction and the judge that runs them."""

    rules: dict[str, Rule]
    judge: Callable[..., PodVerdict]


SUITES = {
    "judged": Suite({rule.name: rule for rule in ALL_RULES}, judge),
    "judged-revert": Suite({rule.name: rule for rule in REVERT_RULES}, judge_sidecars),
}
FIRES = [path for folder in SUITES for path in sorted((FIXTURES / folder).glob("*/fires/*.yaml"))]
QUIET = [path for folder in SUITES for path in sorted((FIXTURES / folder).glob("*/quiet/*.yaml"))]
NAMES = [(folder, name) for folder, suite in SUITES.items() for name in sorted(suite.rules)]
RULES = {**SUITES["judged-revert"].rules, **SUITES["judged"].rules}


def findings_of(path: Path) -> list[Finding]:
    """The findings of the fixture's rule on the container that its first line names."""
    text = path.read_text(encoding="utf-8")
    expected = re.match(r"# expect: (\S+)\n(?:# kubernetes: (\S+)\n)?", text)
    assert expected, f"{path} must begin with `# expect: CONTAINER`"
    target = KubeVersion.parse(expected[2]) if expected[2] else DEFAULT_TARGET
    answers = [a for verdict in judged(text, Settings(target=target), suite_of(path).judge) for a in verdict.containers]
    named = [answer for answer in answers if answer.member.name == expected[1]]
    assert named, f"{path} has no container {expected[1]}"
    rule = path.parents[1].name
    return [finding for answer in named for finding in answer.findings if finding.rule == rule]


def suite_of(path: Path) -> Suite:
    return SUITES[path.parents[2].name]


def fixture_id(path: Path) -> str:
    back = " (revert)" if suite_of(path) is SUITES["judged-revert"] else ""
    return f"{path.parents[1].name}{back}: {path.stem}"


@pytest.mark.parametrize("path", FIRES, ids=fixture_id)
def test_fires(path: Path) -> None:
    rule = suite_of(path).rules[path.parents[1].name]
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


@pytest.mark.parametrize(("folder", "name"), NAMES)
def test_each_rule_has_two_of_both(folder: str, name: str) -> None:
    assert len([path for path in FIRES if path.parents[1] == FIXTURES / folder / name]) >= 2
    assert len([path for path in QUIET if path.parents[1] == FIXTURES / folder / name]) >= 2


@pytest.mark.parametrize("folder", SUITES)
def test_fixtures_are_of_rules_that_exist(folder: str) -> None:
    assert {path.name for path in (FIXTURES / folder).iterdir()} <= set(SUITES[folder].rules)


@pytest.mark.parametrize("name", sorted(RULES))
def test_documentation_page_of_each_rule(name: str) -> None:
    page = RULES[name].check.__doc__ or ""
    assert page.splitlines()[0].endswith("."), "the first line is a sentence"
    for part in ("Fires on:", "Near miss:", "Fix:"):
        assert part in page


def test_names_are_used_once() -> None:
    assert len(RULES) == len({id(rule) for rule in (*ALL_RULES, *REVERT_RULES)})


@pytest.mark.parametrize("path", FIRES, ids=fixture_id)
def test_messages_are_sentences(path: Path) -> None:
    for finding in findings_of(path):
        assert finding.effect[:1].isupper() or finding.effect[:1] == "`"
        assert finding.effect.endswith((".", "!"))
        assert finding.advice.endswith(".")
        assert "  " not in finding.message
        assert not re.search(r"\b(?:ORD|DEAD|HOOK|JOB|TRM|NET|FLD|MAIN|INJ|KIND|PATCH)\d", finding.message), "an id"


def advice_of(text: str, rule: str) -> list[str]:
    return [f.advice for verdict in judged(text) for a in verdict.containers for f in a.findings if f.rule == rule]


def test_no_marker_file_advice_where_work_would_be_lost() -> None:
    text = """\
apiVersion: batch/v1
kind: Job
metadata: {name: report}
spec:
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: report
        image: corp/report:1
        command: [sh, -c, "trap 'touch /out/done' EXIT; run"]
        volumeMounts: [{name: out, mountPath: /out}]
      - name: push
        image: amazon/aws-cli:2
        command: [sh, -c, "until [ -f /out/done ]; do sleep 1; done; WORK"]
        volumeMounts: [{name: out, mountPath: /out}]
      volumes: [{name: out, emptyDir: {}}]
"""
    lost = text.replace("WORK", "aws s3 cp /out s3://x/")
    assert advice_of(lost, "job-postprocess")
    assert advice_of(lost, "marker-file") == []
    assert all("init container" not in advice for advice in advice_of(lost, "one-shot-helper"))
    assert advice_of(text.replace("WORK", "exit 0"), "marker-file")


JOB = """\
apiVersion: batch/v1
kind: Job
metadata: {{name: report}}
spec:
  template:
    spec:
      restartPolicy: Never
      containers:
      - {{name: report, image: corp/report:1, volumeMounts: [{{name: out, mountPath: /out}}]}}
      - name: push
        image: amazon/aws-cli:2
        command: [sh, -c, '{script}']
        volumeMounts: [{{name: out, mountPath: /out}}]
      volumes: [{{name: out, emptyDir: {{}}}}]
"""
SYNC = "aws s3 sync /out s3://x/"


@pytest.mark.parametrize(
    ("script", "words"),
    [
        pytest.param(f"while true; do {SYNC}; sleep 9; done", "again and again", id="rounds"),
        pytest.param(
            f'trap "{SYNC}; exit 0" TERM; while true; do {SYNC}; sleep 9 & wait; done', "once more", id="and at the end"
        ),
        pytest.param(f"sleep 600; {SYNC}; sleep infinity", "uploads once", id="once"),
        pytest.param(f"until [ -e /out/done ]; do sleep 1; done; {SYNC}", "`/out/done` to appear", id="a file"),
        pytest.param(f"while nc -z localhost 9; do sleep 1; done; {SYNC}", "`localhost:9` to be closed", id="a port"),
        pytest.param(f"while pgrep etl; do sleep 1; done; {SYNC}", "the process `etl` to end", id="a process"),
        pytest.param(f"until docker info; do sleep 1; done; {SYNC}", "`docker info` to succeed", id="a command"),
    ],
)
def test_what_a_job_would_lose_is_told_as_it_is(script: str, words: str) -> None:
    ((effect, advice),) = [
        (finding.effect, finding.advice)
        for verdict in judged(JOB.format(script=script))
        for answer in verdict.containers
        for finding in answer.findings
        if finding.rule == "job-postprocess"
    ]
    assert words in effect
    assert ("trap" in advice) is (words == "again and again"), "nobody is told to do what is done already"
