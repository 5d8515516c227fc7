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
    return _levels(POD.format(command=json.dumps(command)))


def _levels(text: str) -> set[str]:
    found = answers(text)["watch"].findings
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


@pytest.mark.parametrize(
    ("call", "level"),
    [
        pytest.param("mytool --url http://localhost:8080/x", "review", id="a URL"),
        pytest.param("mytool 127.0.0.1", "review", id="an address alone"),
        pytest.param("mytool --to=[::1]:9000", "review", id="an address of IPv6"),
        pytest.param("mytool x@$POD_IP", "review", id="the address of the pod in a variable"),
        pytest.param("kafka-topics.sh --bootstrap-server localhost:9092 --list", "review", id="an option's value"),
        pytest.param("http :8080/health", "review", id="HTTPie's short spelling"),
        pytest.param("openssl s_client -connect localhost:8443", "review", id="openssl as a client"),
        pytest.param("ss -ltn | grep -q 8080", "review", id="a search among the ports"),
        pytest.param("rabbitmqctl status", "review", id="the local server is the default"),
        pytest.param("nginx -s reload", "review", id="a signal to a server"),
        pytest.param("export CONSUL_HTTP_ADDR=http://localhost:8500; consul members", "review", id="a variable: local"),
        pytest.param("export CONSUL_HTTP_ADDR=http://consul:8500; consul members", "", id="a variable: elsewhere"),
        pytest.param("etcdctl --endpoints=http://etcd:2379 endpoint health", "", id="an option: elsewhere"),
        pytest.param("nginx; nginx -s reload", "", id="its own server"),
        pytest.param("consul agent -dev & consul members", "", id="its own agent"),
        pytest.param("etcdctl version", "", id="asks no server"),
        pytest.param("mytool --url http://api.prod:8080/x", "", id="another host"),
        pytest.param("mytool --url http://localhost:8080/x || true", "", id="or nothing"),
        pytest.param("mytool --url http://localhost:8080/x | cat", "", id="in a pipeline without pipefail"),
        pytest.param("mytool --cert /etc/localhost/tls.crt", "", id="a path"),
        pytest.param("mytool --url http://localhost.example", "", id="a longer name"),
        pytest.param("sed -i s/db/localhost/ /etc/x.conf", "", id="text"),
        pytest.param("openssl req -x509 -subj /CN=localhost", "", id="a name in a certificate"),
        pytest.param("until nc -z localhost 8080; do sleep 1; done; mytool localhost:8080", "", id="has waited"),
    ],
)
def test_a_command_that_is_no_known_client_and_names_the_pod_itself(call: str, level: str) -> None:
    script = f"set -e; {call}; while :; do sleep 5; done"
    assert levels("sh", "-c", script) == ({level} if level else set())


def test_a_command_whose_failure_nobody_minds_may_name_the_pod_itself() -> None:
    assert levels("sh", "-c", "mytool localhost:8080; while :; do sleep 5; done") == set()
    assert levels("sh", "-c", "while :; do mytool localhost:8080 || exit 1; sleep 5; done") == {"review"}


@pytest.mark.parametrize(
    ("call", "level"),
    [
        pytest.param("pidof orders", "refuse", id="pidof"),
        pytest.param("PID=$(pidof orders)", "refuse", id="an assignment"),
        pytest.param("kill -0 $(pidof orders)", "refuse", id="kill"),
        pytest.param("pkill -HUP orders", "refuse", id="pkill"),
        pytest.param("[ -f /tmp/x ] && pkill -HUP orders || exit 1", "review", id="in a branch"),
        pytest.param("pkill -HUP orders || true", "", id="or nothing"),
        pytest.param("crond; pkill -HUP crond", "", id="its own process"),
        pytest.param("app & PID=$!; kill -0 $PID || exit 1", "", id="its own process by its number"),
    ],
)
def test_a_process_that_is_not_there_yet(call: str, level: str) -> None:
    command = json.dumps(["sh", "-c", f"set -e; {call}; while :; do sleep 5; done"])
    apart = POD.format(command=command)
    shared = apart.replace("      containers:", "      shareProcessNamespace: true\n      containers:", 1)
    assert _levels(shared) == ({level} if level else set())
    assert _levels(apart) == set()


def test_pipefail_may_be_an_option_of_the_shell() -> None:
    script = "while :; do cat /data/log | wc -l; sleep 5; done"
    assert levels("bash", "-e", "-o", "pipefail", "-c", script) == {"refuse"}
    assert levels("bash", "-e", "-c", script) == set()


def test_a_wait_by_which_a_loop_is_left_is_none_for_what_comes_before() -> None:
    script = "while true; do cat /data/log || exit 1; [ -f /data/done ] && break; sleep 5; done; exec fluent-bit"
    assert levels("sh", "-c", script) == {"refuse"}
