"""What a program waits for, and what it does then."""

import pytest

from sidecarify.commands import local_connections
from tests.commands.scripts import command, script


@pytest.mark.parametrize(
    ("text", "kind", "target", "until", "local"),
    [
        ("until [ -f /s/x ]; do sleep 1; done", "file", "/s/x", "appears", True),
        ("while [ ! -S /s/x.sock ]; do sleep 1; done", "file", "/s/x.sock", "appears", True),
        ("while test -e /s/lock; do sleep 1; done", "file", "/s/lock", "vanishes", True),
        ("until ! [ -e /s/lock ]; do sleep 1; done", "file", "/s/lock", "vanishes", True),
        ("until ls /s/x; do sleep 1; done", "file", "/s/x", "appears", True),
        ("while true; do [ -f /s/x ] && break; sleep 1; done", "file", "/s/x", "appears", True),
        ("while true; do if [ -f /s/x ]; then exit 0; fi; sleep 1; done", "file", "/s/x", "appears", True),
        ("while :; do test -f /s/x || break; sleep 1; done", "file", "/s/x", "vanishes", True),
        ("inotifywait -e create /s", "file", "/s", "appears", True),
        ("until nc -z localhost 5432; do sleep 1; done", "port", "localhost:5432", "appears", True),
        ("while ! nc -z -w 2 127.0.0.1 5432; do sleep 1; done", "port", "127.0.0.1:5432", "appears", True),
        ("while nc -z localhost 8080; do sleep 1; done", "port", "localhost:8080", "vanishes", True),
        ("until nc -z db 5432; do sleep 1; done", "port", "db:5432", "appears", False),
        ("until pg_isready -h localhost; do sleep 1; done", "port", "localhost:5432", "appears", True),
        ("until redis-cli -p 6380 ping; do sleep 1; done", "port", "localhost:6380", "appears", True),
        ("until (echo > /dev/tcp/localhost/80); do sleep 1; done", "port", "localhost:80", "appears", True),
        ("until timeout 1 bash -c '</dev/tcp/db/80'; do sleep 1; done", "port", "db:80", "appears", False),
        ("until grpc_health_probe -addr=:5000; do sleep 1; done", "port", "tcp://:5000", "appears", True),
        (
            "until curl -sf http://localhost:8080/ok; do sleep 1; done",
            "http",
            "http://localhost:8080/ok",
            "appears",
            True,
        ),
        ("until wget -qO- http://api/ok; do sleep 1; done", "http", "http://api/ok", "appears", False),
        ("until curl -fsS -o /dev/null localhost:1; do sleep 1; done", "http", "localhost:1", "appears", True),
        ('until [ "$(curl -s localhost:1)" = ok ]; do sleep 1; done', "http", "localhost:1", "appears", True),
        ("while [[ $(curl -s localhost:1) != ok ]]; do sleep 1; done", "http", "localhost:1", "appears", True),
        ('while [ -z "$(pidof nginx)" ]; do sleep 1; done', "process", "nginx", "appears", True),
        ('while [ -n "$(pidof nginx)" ]; do sleep 1; done', "process", "nginx", "vanishes", True),
        ("while pgrep -f server; do sleep 1; done", "process", "server", "vanishes", True),
        ("until pidof nginx; do sleep 1; done", "process", "nginx", "appears", True),
        ("while kill -0 $PID; do sleep 1; done", "process", "$PID", "vanishes", True),
        ("while [ -d /proc/$PID ]; do sleep 1; done", "process", "$PID", "vanishes", True),
        ("while killall -0 nginx; do sleep 1; done", "process", "nginx", "vanishes", True),
        ("while kill -0 $(pidof nginx); do sleep 1; done", "process", "nginx", "vanishes", True),
        ("while ps aux | grep -v grep | grep -q '[n]ginx'; do sleep 1; done", "process", "nginx", "vanishes", True),
        ("while ss -ltn | grep -q :9000; do sleep 1; done", "port", "localhost:9000", "vanishes", True),
        ("tail --pid=$PID -f /dev/null", "process", "$PID", "vanishes", True),
        ("until my-check --all; do sleep 1; done", "command", "my-check --all", "appears", False),
        ("kubectl wait --for=delete pod/x", "command", "kubectl wait --for=delete pod/x", "vanishes", False),
    ],
)
def test_wait(text: str, kind: str, target: str, until: str, local: bool) -> None:
    (wait,) = script(text).waits
    assert (wait.kind, wait.target, wait.until, wait.local) == (kind, target, until, local)


@pytest.mark.parametrize(
    "text",
    [
        "while true; do sleep 1; done",
        "for x in a; do sleep 1; done",
        "i=0; until [ $i -gt 3 ]; do i=$((i+1)); done",
        "if [ -f /x ]; then cat /x; fi",
        "curl localhost",
        "while true; do rsync a b || break; done",
        "run=1; while $run; do x; done",
        "while read line; do echo $line; done",
        "echo until nc -z localhost 80",
    ],
)
def test_no_wait(text: str) -> None:
    assert script(text).waits == ()


@pytest.mark.parametrize(
    ("text", "then"),
    [
        pytest.param("until [ -f x ]; do sleep 1; done", [], id="only a wait"),
        pytest.param("until [ -f x ]; do sleep 1; done; exec envoy", ["exec envoy"], id="a daemon"),
        pytest.param("until [ -f x ]; do sleep 1; done; aws s3 cp a b; rm x", ["aws s3 cp a b", "rm x"], id="work"),
        pytest.param("start; until [ -f x ]; do sleep 1; done; end", ["end"], id="not what comes before"),
        pytest.param("trap 'late' EXIT; until [ -f x ]; do sleep 1; done", [], id="not what a signal does"),
        pytest.param("inotifywait x; upload.sh", ["upload.sh"], id="behind a waiting tool"),
        pytest.param("while :; do inotifywait x; reload; done", ["reload"], id="in a loop"),
    ],
)
def test_what_follows_a_wait(text: str, then: list[str]) -> None:
    assert [simple.text for simple in script(text).waits[0].then] == then


def test_a_wait_may_give_up() -> None:
    program = script("for i in 1 2 3; do [ -e /s/x ] && break; sleep 1; done; serve")
    assert program.waits == ()
    (wait,) = program.limited_waits
    assert (wait.target, wait.until, wait.limited) == ("/s/x", "appears", True)
    assert script("for f in /s/*; do [ -e $f ] && break; done; serve").limited_waits == (), "a search"


def test_a_trap_may_wait() -> None:
    program = script("trap 'while [ -e /s/lock ]; do sleep 1; done; exit 0' TERM; serve & wait")
    assert program.waits == ()
    (wait,) = program.traps[0].waits
    assert (wait.kind, wait.target, wait.until) == ("file", "/s/lock", "vanishes")


@pytest.mark.parametrize(
    ("text", "last"),
    [
        pytest.param("trap 'bye; exit 0' TERM; while :; do a; done", ["bye", "exit 0"], id="a trap"),
        pytest.param("trap bye TERM; bye() { b; }; while :; do a; done", ["bye", "b"], id="a function of a trap"),
        pytest.param("trap bye TERM; bye() { b; }; while :; do bye; done", ["bye"], id="not one that the loop calls"),
        pytest.param("trap reload HUP; while :; do a; done", [], id="not upon another signal"),
        pytest.param("tail -F x & echo up; wait $!; bye", ["bye"], id="behind a wait for the daemon"),
        pytest.param('stop=; while [ -z "$stop" ]; do a; done; bye', ["bye"], id="behind a loop until a signal"),
        pytest.param("run() { while :; do a; done; }; echo up; run", [], id="a loop in a function says nothing"),
        pytest.param("a; b", [], id="not where the script ends by itself"),
    ],
)
def test_what_is_done_only_at_the_end(text: str, last: list[str]) -> None:
    assert [simple.text for simple in script(text).last_acts] == last


def test_a_wait_may_be_busy() -> None:
    (wait,) = script("while [ ! -f /done ]; do aws s3 sync /a s3://b; sleep 5; done").waits
    assert wait.busy
    (wait,) = script("while [ ! -f /done ]; do echo waiting; sleep 5; done").waits
    assert not wait.busy


def test_a_wait_may_be_repeated() -> None:
    assert script("while :; do inotifywait x; reload; done").waits[0].repeats
    assert not script("inotifywait x; reload").waits[0].repeats


@pytest.mark.parametrize(
    ("words", "target", "local", "then"),
    [
        (["wait-for-it.sh", "localhost:80", "--", "serve", "x"], "localhost:80", True, ["serve x"]),
        (["wait-for-it", "-h", "db", "-p", "80", "--", "serve"], "db:80", False, ["serve"]),
        (
            ["dockerize", "-wait", "tcp://127.0.0.1:80", "-timeout", "9s", "serve"],
            "tcp://127.0.0.1:80",
            True,
            ["serve"],
        ),
        (["linkerd-await", "--shutdown", "--", "serve"], "localhost:4191/ready", True, ["serve"]),
        (["tini", "--", "wait-for-it", "localhost:80", "--", "serve"], "localhost:80", True, ["serve"]),
    ],
)
def test_a_wrapper_waits(words: list[str], target: str, local: bool, then: list[str]) -> None:
    (wait,) = command(*words).waits
    assert (wait.target, wait.local) == (target, local)
    assert [simple.text for simple in wait.then] == then


@pytest.mark.parametrize(
    ("text", "port", "waits", "handled"),
    [
        ("set -e; curl -sf localhost:8080/x", 8080, False, False),
        ("curl -sf localhost:8080/x || true", 8080, False, True),
        ("until curl -sf http://127.0.0.1:8080/x; do sleep 1; done", 8080, True, True),
        ("if curl -sf http://localhost/x; then echo; fi", 80, False, True),
        ("pg_isready -h 127.0.0.1 -p 6432", 6432, False, False),
        ("redis-cli ping", 6379, False, False),
        ("nc -z localhost 5432", 5432, False, False),
        ("wait-for-it localhost:80 --strict -- serve", 80, True, False),
        ("wait-for-it localhost:80 -- serve", 80, True, True),
        ("dockerize -wait tcp://localhost:80 serve", 80, True, False),
    ],
)
def test_local_connection(text: str, port: int, waits: bool, handled: bool) -> None:
    (connection,) = local_connections(script(text))
    assert (connection.endpoint.port, connection.waits, connection.handled) == (port, waits, handled)


@pytest.mark.parametrize(
    "text",
    [
        *("curl http://api:8080", "nc -l -p 80", "echo curl localhost", "psql -h $DB_HOST", "psql $DATABASE_URL"),
        "wget https://x.y/localhost",
    ],
)
def test_no_local_connection(text: str) -> None:
    assert local_connections(script(text)) == ()


def test_a_socket_is_local() -> None:
    (connection,) = local_connections(script("curl --unix-socket /run/x.sock http://x/v1"))
    assert (connection.endpoint.kind, connection.endpoint.path) == ("socket", "/run/x.sock")
