"""What follows from roles and findings, and what the user can change about it."""

from __future__ import annotations

import pytest

from sidecarify.judge.model import Settings

from .pods import answers, judged

POD = """\
    apiVersion: batch/v1
    kind: Job
    metadata: {name: load}
    spec:
      template:
        spec:
          restartPolicy: Never
          volumes: [{name: out, emptyDir: {}}]
          containers:
          - {name: load, image: corp/load:1, volumeMounts: [{name: out, mountPath: /out}]}
          - name: tail
            image: busybox
            args: [tail, -f, /out/log]
            volumeMounts: [{name: out, mountPath: /out}]
          - {name: proxy, image: gcr.io/cloud-sql-connectors/cloud-sql-proxy}
    """


def rules_of(settings: Settings, name: str = "tail") -> tuple[str | None, list[str]]:
    found = answers(POD, settings)[name]
    return found.verdict, [finding.rule for finding in found.findings]


def test_main_containers_have_no_verdict() -> None:
    assert answers(POD)["load"].verdict is None
    assert answers(POD)["load"].findings == ()


def test_the_strictest_level_decides_and_notes_never_stop() -> None:
    verdict, rules = rules_of(Settings())
    assert verdict == "refuse"
    assert rules.count("tail-without-retry") == 1
    assert "immutable-object" not in rules, "nothing is noted of a move that is not made"
    assert "immutable-object" in rules_of(Settings(ignore=("tail-without-retry",)))[1]
    assert "immutable-object" in rules_of(Settings(helpers=("tail",)))[1], "the user may make it all the same"


SETTINGS = [
    pytest.param(Settings(ignore=("tail-without-retry",)), "safe", id="an ignored rule does not decide"),
    pytest.param(Settings(ignore=("tail-*",)), "safe", id="ignored by a glob"),
    pytest.param(Settings(ignore=("startup-*",)), "refuse", id="another rule is ignored"),
    pytest.param(Settings(select=("immutable-object",)), "safe", id="only one rule runs"),
    pytest.param(Settings(select=("*-retry",), ignore=("tail-*",)), "safe", id="ignored although selected"),
]


@pytest.mark.parametrize(("settings", "verdict"), SETTINGS)
def test_rules_that_run(settings: Settings, verdict: str) -> None:
    assert rules_of(settings)[0] == verdict


def test_known_helper_without_a_shared_volume_is_a_candidate() -> None:
    assert rules_of(Settings(), "proxy")[0] == "review"
    assert rules_of(Settings(shared_volume=False), "proxy")[0] == "safe"


def test_transform_is_the_family() -> None:
    found = answers(POD)
    assert (found["load"].transform, found["tail"].transform, found["proxy"].transform) == (
        None,
        "shell-loop",
        "database-proxy",
    )


def test_what_looks_like_a_pod_in_an_unknown_kind_is_refused() -> None:
    text = POD.replace("apiVersion: batch/v1", "apiVersion: corp.example/v1").replace("kind: Job", "kind: Batch")
    found = answers(text)
    assert found["load"].verdict is None
    assert found["proxy"].verdict == "refuse"
    assert "kind-unsupported" in [finding.rule for finding in found["proxy"].findings]


def test_nothing_is_judged_without_containers() -> None:
    assert list(judged("apiVersion: v1\nkind: Pod\nspec: {containers: none}\n")) == []
