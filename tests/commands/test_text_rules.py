"""The pattern tables of the hazard catalogue, section 18: what must match and what must not."""

import pytest

from sidecarify.commands import blockers, kills, looks_at_processes, one_shot_flags, tails, uploads
from sidecarify.commands.tails import Tail
from tests.commands.scripts import script


def ends(tail: Tail) -> bool:
    """Whether it ends where no file is there: GNU and busybox `tail -f` does, `tail -F` waits."""
    return not tail.retry and not set(tail.files) <= set(tail.prepared)


@pytest.mark.parametrize(
    "text",
    [
        "tail -f x",
        "tail -n 5 -f x",
        "tail -n+1 -f x",
        "tail -100f x",
        "tail -fn0 x",
        "tail -qf x",
        "tail --follow x",
        "tail --follow=name x",
        "tail x -f",
        "exec tail -f x",
        "/usr/bin/tail -f x",
        "busybox tail -f x",
        "timeout 60 tail -f x",
        "cat y | tail -f x",
    ],
)
def test_tail_ends_when_its_file_is_missing(text: str) -> None:
    assert [ends(tail) for tail in tails(script(text))] == [True]


@pytest.mark.parametrize(
    "text",
    [
        "tail -F x",
        "tail -f --retry x",
        "tail --follow=name --retry x",
        "tail -n 1 x; rm -f y",
        "tail -n1 x | cut -d: -f 1",
        "fail2ban -f",
        "grep -f x",
        "tail -nF0 x",
        "echo tail -f x",
        "# tail -f x",
        pytest.param("touch x; tail -f x", id="the script makes the file"),
        pytest.param(": > x; tail -f x", id="a redirection makes the file"),
        pytest.param("until [ -f x ]; do sleep 1; done; exec tail -f x", id="the script waits for the file"),
        pytest.param("while [ ! -f x ]; do sleep 1; done; tail -f x", id="the same with while"),
        pytest.param("[ -f x ] || touch x; tail -f x", id="the script makes sure of the file"),
        pytest.param("tail -f /dev/null", id="a device is always there"),
    ],
)
def test_tail_does_not_end_for_a_missing_file(text: str) -> None:
    assert [tail for tail in tails(script(text)) if ends(tail)] == []


def test_tail_of_two_files_needs_both() -> None:
    (tail,) = tails(script("touch /l/a; tail -n 0 -f /l/a /l/b"))
    assert tail.files == ("/l/a", "/l/b")
    assert tail.prepared == ("/l/a",)
    assert ends(tail)


@pytest.mark.parametrize("text", ["touch y; tail -f x", "tail -f x; touch x", "(sleep 1; touch y) & tail -f x"])
def test_a_touch_elsewhere_does_not_help_a_tail(text: str) -> None:
    assert ends(tails(script(text))[0])


@pytest.mark.parametrize(
    "text",
    [
        "kill 1",
        "kill -TERM 1",
        "kill -15 1",
        "kill -s QUIT 1",
        "kill $PID",
        "kill -9 1",
        "pkill -f proxy",
        "killall5",
        "nginx -s quit",
        "…/quitquitquit",
        "curl -X POST localhost:15020/quitquitquit",
        "wget -qO- --post-data= http://localhost:4191/shutdown",
        ":4191/shutdown",
        "haproxy stop",
        "kill $(pidof nginx)",
        "sleep 5 && kill 1",
        "/scripts/stop",
        "sh -c 'kill 1'",
        "echo shutdown | nc localhost 9000",
        "echo 'stop'; redis-cli shutdown",
    ],
)
def test_kills(text: str) -> None:
    assert len(kills(script(text))) == 1


@pytest.mark.parametrize(
    "text",
    [
        "kill -0 1",
        "kill -1 1",
        "kill -HUP 1",
        "kill -s HUP 1",
        "kill -SIGHUP 1",
        "kill -USR1 1",
        "pkill -HUP nginx",
        "kill -l",
        "pre-stop-hook",
        "/bin/pre-stop.sh",
        "echo stopped",
        "echo stop",
        "touch /tmp/shutdown-requested",
        "[ -f /tmp/stop ]",
        "nginx -s reload",
        "echo stop > /run/state",
        "skill 1",
        pytest.param("cloud-sql-proxy --quitquitquit --admin-port=9091 a:b:c", id="an option that opens the endpoint"),
        "curl localhost:80/shutdown-requested",
    ],
)
def test_does_not_kill(text: str) -> None:
    assert kills(script(text)) == ()


def test_kill_names_its_signal_and_target() -> None:
    (kill,) = kills(script("kill -s QUIT 1"))
    assert (kill.how, kill.signal, kill.target) == ("signal", "QUIT", "1")
    (kill,) = kills(script("curl -XPOST localhost:9091/quitquitquit"))
    assert (kill.how, kill.target) == ("http", "localhost:9091/quitquitquit")


@pytest.mark.parametrize(
    "text",
    [
        "aws s3 cp",
        "aws s3 sync /out s3://bucket/x",
        "rclone copy",
        "rclone --fast-list copy /out remote:x",
        "curl -T x",
        "curl -F file=@x",
        "curl --data-binary @x http://sink",
        "tar czf",
        "tar -cf",
        "tar -C /w -czf /out/x.tgz .",
        "/scripts/upload",
        "upload.sh",
        "gsutil -m rsync /out gs://b",
        "gcloud storage cp /out gs://b",
        "mc mirror /out s3/b",
        "restic backup /data",
        "restic -r /repo backup /data",
        "kubectl cp x pod:/y",
        "rsync -a /out host:/in",
        "scp x host:/y",
        "while :; do aws s3 cp /a s3://b; sleep 5; done",
    ],
)
def test_uploads(text: str) -> None:
    assert len(uploads(script(text))) == 1


@pytest.mark.parametrize(
    "text",
    [
        "--retry-interval-start=500ms",
        "docker-start",
        "restricted",
        "--upload-limit=5",
        "tar xzf",
        "target",
        "s3fs",
        "curl http://x/upload-dir",
        "aws s3 cp s3://bucket/x /in",
        "rclone copy remote:x /in",
        "restic restore latest --target /in",
        "rsync -a host:/out /in",
        "echo aws s3 cp",
        "aws sts get-caller-identity",
    ],
)
def test_does_not_upload(text: str) -> None:
    assert uploads(script(text)) == ()


@pytest.mark.parametrize(
    "text",
    ["x --one-time", "x -once", "x --once=true", "x --run-once", "x --ONE-TIME=1", "vault agent -exit-after-auth"],
)
def test_runs_once(text: str) -> None:
    assert len(one_shot_flags(script(text))) == 1


@pytest.mark.parametrize(
    "text",
    [
        "x --one-time=false",
        "x --once-per=5",
        "x done-once",
        "x at-most-once",
        "echo --once",
        "x # at-most-once --once",
    ],
)
def test_does_not_run_once(text: str) -> None:
    assert one_shot_flags(script(text)) == ()


@pytest.mark.parametrize(
    "head", ["until [ -f /s/x ]", "while ! test -f x", "while [ ! -S x.sock ]", "until [[ -s x ]]"]
)
def test_loop_waits_for_a_file(head: str) -> None:
    (wait,) = script(f"{head}; do sleep 1; done").waits
    assert (wait.kind, wait.until, wait.local) == ("file", "appears", True)


def test_inotifywait_waits_for_a_file() -> None:
    (wait,) = script("inotifywait -m /etc/x").waits
    assert (wait.kind, wait.target) == ("file", "/etc/x")


@pytest.mark.parametrize("head", ["while true", "until [ $i -gt 5 ]", "while test $x"])
def test_loop_does_not_wait_for_a_file(head: str) -> None:
    assert script(f"{head}; do sleep 1; done").waits == ()


@pytest.mark.parametrize(
    "text",
    [
        "while ! nc -z localhost 80; do sleep 1; done",
        "curl -f localhost",
        "[ -f x ]",
        "sleep inf",
        "until pg_isready; do sleep 1; done",
        "wait-for-it.sh db:5432",
        "dockerize -wait tcp://db:5432",
        "inotifywait x",
        "while true; do :; done",
    ],
)
def test_may_keep_a_hook_from_returning(text: str) -> None:
    assert blockers(script(text)) != ()


@pytest.mark.parametrize("text", ["sync", "rsync", "echo once", "launch nc-tool", "sleep 5", "test $x", "echo curl x"])
def test_does_not_keep_a_hook(text: str) -> None:
    assert blockers(script(text)) == ()


@pytest.mark.parametrize(
    "text", ["ps aux", "pidof nginx", "ls /proc/[0-9]*", "kill $(pgrep x)", "cat /proc/$PID/status"]
)
def test_looks_at_processes(text: str) -> None:
    assert looks_at_processes(script(text)) != ()


@pytest.mark.parametrize("text", ["gitops /tmp", "https x", "cat /proc/sys/net", "echo ps", "docker-ps"])
def test_does_not_look_at_processes(text: str) -> None:
    assert looks_at_processes(script(text)) == ()
