"""Which native sidecars are asked about, and what the plan makes of the answers on several of them."""

from __future__ import annotations

from textwrap import dedent

import pytest

from sidecarify import Conversion, Options, revert_text

from .pods import judged

POOLED = dedent("""\
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: shop}
    spec:
      selector: {matchLabels: {app: shop}}
      template:
        metadata: {labels: {app: shop}}
        spec:
          initContainers:
          - name: relay
            image: registry.example/relay:1
            restartPolicy: Always
            ports: [{containerPort: 7000}]
          - name: setup
            image: registry.example/setup:1
            SETUP
          - name: agent
            image: registry.example/agent:1
            restartPolicy: Always
            env: [{name: RELAY, value: "localhost:7000"}]
            AGENT
          containers:
          - {name: shop, image: "registry.example/shop:1"}
    """)


def pooled(*, setup: str = "restartPolicy: Always", agent: str = "") -> str:
    return POOLED.replace("SETUP", setup).replace("AGENT", agent)


def result(conversion: Conversion) -> tuple[list[str], set[tuple[str, str]]]:
    return [m.container for m in conversion.moves], {(r.container, r.rule) for r in conversion.refusals}


@pytest.mark.parametrize(
    ("text", "options", "moved", "left"),
    [
        pytest.param(pooled(), Options(), ["relay", "setup", "agent"], set(), id="all of them"),
        pytest.param(pooled(), Options(only=("agent",)), ["agent"], set(), id="the user of another, alone"),
        pytest.param(
            pooled(),
            Options(only=("relay",)),
            [],
            {("relay", "init-needs-sidecar")},
            id="what one that is not asked about needs",
        ),
        pytest.param(
            pooled(),
            Options(only=("relay",), accept=("init-needs-sidecar",)),
            ["relay"],
            set(),
            id="unless that is accepted",
        ),
        pytest.param(
            pooled(agent='restartPolicyRules: [{action: Restart, exitCodes: {operator: In, values: ["3"]}}]'),
            Options(),
            ["setup"],
            {("agent", "container-restart-rules"), ("relay", "init-needs-sidecar")},
            id="what one that is refused needs",
        ),
        pytest.param(
            pooled(setup="args: [once]"),
            Options(),
            ["agent"],
            {("relay", "init-needs-sidecar")},
            id="an init container behind it",
        ),
        pytest.param(
            pooled(setup="args: [once]"), Options(unsafe=True), ["relay", "agent"], set(), id="which is under review"
        ),
        pytest.param(
            pooled(setup="args: [once]"),
            Options(only=("relay", "agent")),
            ["relay", "agent"],
            set(),
            id="named is asked",
        ),
    ],
)
def test_which_go_back(text: str, options: Options, moved: list[str], left: set[tuple[str, str]]) -> None:
    assert result(revert_text(text, options)) == (moved, left)


def test_moves_tell_the_old_place_and_the_new_one() -> None:
    moves = revert_text(pooled(setup="args: [once]"), Options(unsafe=True)).moves
    assert [(move.container, move.init_index, move.index) for move in moves] == [("relay", 0, 1), ("agent", 2, 2)]
    assert [(move.source_index, move.target_index, move.line) for move in moves] == [(0, 1, 10), (2, 2, 17)]


def test_ordinary_containers_get_no_answer() -> None:
    from sidecarify.judge.reverse import judge_sidecars

    (verdict,) = judged(pooled(), judge_pod=judge_sidecars)
    assert [answer.member.name for answer in verdict.containers] == ["relay", "setup", "agent"]
    assert [member.name for member in verdict.context.mains] == ["shop"]


def test_rules_can_be_switched_off() -> None:
    moved, left = result(revert_text(pooled(setup="args: [once]"), Options(ignore=("init-needs-*",))))
    assert (moved, left) == (["relay", "agent"], set())
