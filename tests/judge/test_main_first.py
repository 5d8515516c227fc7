"""Scripts that end when the main container is not up, in the spellings that people write, and their near misses."""

import json

import pytest

from .pods import answers

POD = """\
apiVersion: apps/v1
kind: Deployment
metadata: {{name: orders}}
spec:
  template:
    spec:
      containers:
      - name: app
        image: corp/orders:1
        ports: [{{containerPort: 8080}}]
        volumeMounts: [{{name: d, mountPath: /data}}]
      - name: watch
        image: busybox:1.36
        command: {command}
        volumeMounts: [{{name: d, mountPath: /data}}]
      volumes: [{{name: d, emptyDir: {{}}}}]
"""
ASK = "curl -sf localhost:8080/x"


def levels(*command: str) -> set[str]:
    """The levels of what needs-main-first finds on a helper that runs the command."""
    found = answers(POD.format(command=json.dumps(command)))["watch"].findings
    return {finding.level for finding in found if finding.rule == "needs-main-first"}


@pytest.mark.parametrize(
    ("script", "level"),
    [
        pytest.param(f"while true; do {ASK} || exit 1; sleep 5; done", "refuse", id="or exit"),
        pytest.param(f"while true; do {ASK} || {{ echo x; exit 1; }}; sleep 5; done", "refuse", id="or a group"),
        pytest.param(
            f'die() {{ echo "$1"; exit 1; }}; while true; do {ASK} || die x; done', "refuse", id="or a function"
        ),
        pytest.param(f"while true; do if ! {ASK}; then exit 1; fi; sleep 5; done", "refuse", id="if not"),
        pytest.param(f"while true; do if {ASK}; then sleep 5; else exit 1; fi; done", "refuse", id="else"),
        pytest.param(f'while :; do [ "$({ASK})" = ok ] || exit 1; sleep 5; done', "refuse", id="what it answers"),
        pytest.param(f"while sleep 5; do {ASK} || exit 1; done", "refuse", id="a loop that sleeps first"),
        pytest.param(f"while :; do {ASK} | grep -q ok || exit 1; sleep 5; done", "review", id="a pipe into a filter"),
        pytest.param("while :; do nc -z localhost 8080 || exit 1; sleep 5; done", "refuse", id="a port"),
        pytest.param("if ! nc -z localhost 8080; then exit 1; fi; exec fluent-bit", "refuse", id="before a daemon"),
        pytest.param("while :; do if [ ! -f /data/pid ]; then exit 1; fi; sleep 5; done", "refuse", id="a file"),
        pytest.param("[ ! -e /data/sock ] && exit 1; exec fluent-bit", "refuse", id="a file at the top"),
        pytest.param("check() { [ -f /data/pid ] || exit 1; }; while :; do check; done", "review", id="in a function"),
        pytest.param("if ! cp /data/db /tmp; then exit 1; fi; exec fluent-bit", "refuse", id="if work fails"),
        pytest.param(
            "set -e; set -o pipefail; while :; do cat /data/log | wc -l; sleep 5; done", "refuse", id="pipefail"
        ),
        pytest.param("set -e; while :; do tail -n 9 /data/log; sleep 5; done", "refuse", id="a tail that ends"),
        pytest.param("set -e; while :; do cat /data/log | wc -l; sleep 5; done", "", id="no pipefail"),
        pytest.param(f"while :; do {ASK} | jq .; sleep 5; done", "", id="nobody minds"),
        pytest.param(f"while true; do {ASK} || true; sleep 5; done", "", id="or nothing"),
        pytest.param(f"while true; do {ASK} || continue; sleep 5; done", "", id="or the next round"),
        pytest.param(f"until {ASK}; do sleep 1; done; while :; do {ASK} || exit 1; done", "", id="has waited"),
        pytest.param("until [ -f /data/x ]; do sleep 1; done; cat /data/x || exit 1; exec fluent-bit", "", id="waited"),
        pytest.param("set -e; while :; do if [ -f /data/x ]; then cat /data/x; fi; sleep 5; done", "", id="has looked"),
        pytest.param("set -e; touch /data/x; while :; do cat /data/x; sleep 5; done", "", id="makes the file"),
        pytest.param(
            f"n=0; while :; do if ! {ASK}; then n=$((n+1)); [ $n -gt 9 ] && exit 1; fi; sleep 5; done",
            "",
            id="gives up after some rounds",
        ),
        pytest.param("[ -f /etc/fb.conf ] || exit 1; exec fluent-bit", "", id="a file of its image"),
        pytest.param("curl -sf https://x.example || exit 1; exec fluent-bit", "", id="another host"),
    ],
)
def test_script(script: str, level: str) -> None:
    assert levels("sh", "-c", script) == ({level} if level else set())


def test_pipefail_may_be_an_option_of_the_shell() -> None:
    script = "while :; do cat /data/log | wc -l; sleep 5; done"
    assert levels("bash", "-e", "-o", "pipefail", "-c", script) == {"refuse"}
    assert levels("bash", "-e", "-c", script) == set()


def test_a_wait_by_which_a_loop_is_left_is_none_for_what_comes_before() -> None:
    script = "while true; do cat /data/log || exit 1; [ -f /data/done ] && break; sleep 5; done; exec fluent-bit"
    assert levels("sh", "-c", script) == {"refuse"}
