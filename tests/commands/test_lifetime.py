"""Whether a container's process ends by itself."""

import pytest

from sidecarify.commands import Lifetime, read_program
from tests.commands.scripts import command, script

FOREVER = [
    pytest.param("tail -F x | while true; do read l || break; echo $l; done", id="a reader ends with its writer"),
    pytest.param("node -e 'setInterval(() => console.log(1), 1000)'", id="a timer in node"),
    pytest.param("python3 -uc 'while True: print(1)'", id="a loop in python"),
    pytest.param("ruby -e 'loop { puts 1; sleep 1 }'", id="a loop in ruby"),
    pytest.param("opa run -s /policies", id="opa as a server"),
    pytest.param("crond -d 8", id="busybox crond that logs to stderr"),
    pytest.param("while true; do if ! x; then exit 1; fi; sleep 1; done", id="an unknown command that only fails"),
    pytest.param("while :; do if [ -z \"$A\" ]; then exit 1; fi; sleep 1; done", id="a test that leads to a failure"),
    pytest.param("case $(tail -F x) in a) exit;; esac", id="the subject of a case follows"),
    pytest.param("while true; do date; sleep 1; done", id="while true"),
    pytest.param("while :; do x; done", id="while colon"),
    pytest.param("while [ 1 ]; do x; done", id="a non-empty word is true"),
    pytest.param("while [[ 1 == 1 ]]; do x; done", id="a comparison of equal constants"),
    pytest.param("while ((1)); do x; done", id="arithmetic one"),
    pytest.param("until false; do x; done", id="until false"),
    pytest.param("while ! false; do x; done", id="not false"),
    pytest.param("for ((;;)); do x; done", id="for without a condition"),
    pytest.param("while sleep 60; do x; done", id="the condition is the pause"),
    pytest.param("while inotifywait -e close_write /x; do nginx -s reload; done", id="a loop on events"),
    pytest.param("while true; do x; done &\nwait", id="a loop in the background that is waited for"),
    pytest.param("fluent-bit -c x & child=$!; trap 'kill $child' TERM; wait $child", id="a daemon that is waited for"),
    pytest.param("for f in a b; do tail -F $f & done; wait", id="daemons started in a loop"),
    pytest.param("while :; do x; done | tee log", id="an endless stage"),
    pytest.param("tail -F x | while read line; do echo $line; done", id="the reader lives as long as the writer"),
    pytest.param("while read line; do echo $line; done < <(tail -F x)", id="the loop reads a follower"),
    pytest.param("cat <<EOF > /c\nx\nEOF\nexec envoy -c /c", id="a daemon behind a here document"),
    pytest.param("exec sleep infinity", id="sleep infinity"),
    pytest.param("sleep inf", id="sleep inf"),
    pytest.param("sleep 365d", id="a year counts as for ever"),
    pytest.param("sleep 2147483647", id="so does the largest number"),
    pytest.param("tail -f /dev/null", id="the usual idle command"),
    pytest.param("inotifywait -m /x", id="a monitor"),
    pytest.param("nc -lk -p 80", id="a listener that keeps on"),
    pytest.param("nc -l -k -p 80", id="its options apart"),
    pytest.param("ncat --listen --keep-open 80", id="its long options"),
    pytest.param("socat TCP-LISTEN:80,fork TCP:x:80", id="a forking listener"),
    pytest.param("python3 -m http.server 8000", id="python's server"),
    pytest.param("crond -f", id="crond in the foreground"),
    pytest.param("busybox httpd -f -p 80", id="busybox httpd in the foreground"),
    pytest.param("nginx -g 'daemon off;'", id="nginx in the foreground"),
    pytest.param("rclone mount a: /x", id="a mount"),
    pytest.param("rclone --vfs-cache-mode full serve http a:", id="a server behind a global option with a value"),
    pytest.param("mc mirror --watch a b", id="a watching mirror"),
    pytest.param("kubectl get pods -w", id="a watch"),
    pytest.param("restic -r /repo mount /mnt", id="the sub-command behind an option's value"),
    pytest.param("watch -n 5 date", id="watch"),
    pytest.param("mkdir -p /x && cp a b && exec envoy -c e", id="preparations and a daemon"),
    pytest.param("[ -n \"$X\" ] || exit 1; exec haproxy -f x", id="a guard that fails"),
    pytest.param("if [ -z \"$X\" ]; then echo no; exit 1; fi; exec haproxy -f x", id="the same with if"),
    pytest.param("unknown-setup; exec fluent-bit", id="whatever comes first, the daemon stays"),
    pytest.param("main() { while true; do x; done; }; main \"$@\"", id="in a function"),
    pytest.param("su app -c 'while true; do x; done'", id="in a nested script"),
    pytest.param("bash -c \"exec tail -F x\"", id="in a nested shell"),
    pytest.param("run=1; trap 'run=0' TERM; while [ $run -eq 1 ]; do x; sleep 1; done", id="only a signal ends it"),
    pytest.param("stop() { on=false; }; on=true; trap stop TERM; while $on; do x; done", id="by a handler function"),
    pytest.param("if true; then sleep inf; fi", id="a constant branch"),
    pytest.param("if [ $A ]; then exec envoy; else exec haproxy -f x; fi", id="both branches stay"),
    pytest.param("case $A in a) envoy;; *) haproxy -f x;; esac", id="all cases stay"),
    pytest.param("until [ -s /x ]; do sleep 1; done; exec fluent-bit -c y", id="wait, then a daemon"),
    pytest.param("while true; do nc -l 80 < x; done", id="one connection after the other"),
    pytest.param("while true; do x || break; sleep 1; done", id="left only when something fails"),
    pytest.param("exec 3>&1; fluentd", id="exec without a command"),
    pytest.param("envoy & p=$!; kill -HUP $p; wait $p", id="a reload stops nothing"),
    pytest.param("envoy & while kill -0 $!; do sleep 1; done; sleep inf", id="nor does a look"),
    pytest.param("trap 'kill $!' TERM; envoy & wait", id="what a signal handler kills does not count"),
    pytest.param("kubectl -n x port-forward svc/y 80", id="a sub-command behind an option's value"),
    pytest.param("postgres_exporter", id="an exporter by the usual suffix"),
    pytest.param("foo --listen-address=:80", id="told to listen"),
    pytest.param("foo serve", id="told to serve"),
]  # fmt: skip

ENDS = [
    pytest.param("while true; do read x || exit 1; echo $x; done", id="nobody writes to its input"),
    pytest.param("while true; do read x || break; echo $x; done", id="the same with break"),
    pytest.param("crond -l 2", id="crond goes into the background"),
    pytest.param("httpd -p 80 -h /www", id="so does busybox httpd"),
    pytest.param("echo hello", id="one tool"),
    pytest.param("cp -r /a /b", id="copy"),
    pytest.param("aws s3 cp /x s3://y", id="upload"),
    pytest.param("rclone sync a b", id="rclone once"),
    pytest.param("mc mirror a b", id="mirror without watch"),
    pytest.param("kubectl wait --for=condition=ready pod/x", id="kubectl wait"),
    pytest.param("git clone x", id="git"),
    pytest.param("psql -c 'select 1'", id="psql"),
    pytest.param("sleep 3600", id="an hour"),
    pytest.param("sleep infinite", id="no such duration"),
    pytest.param("sleep 364d", id="less than a year"),
    pytest.param("tail -n 5 x", id="tail without following"),
    pytest.param("timeout 60 tail -f x", id="timeout ends everything"),
    pytest.param("while [ ! -f /done ]; do sleep 1; done; aws s3 sync /a s3://b", id="wait, then work"),
    pytest.param("while [ ! -f /done ]; do aws s3 sync /a s3://b; sleep 5; done", id="work until main says so"),
    pytest.param("while true; do if [ -f /stop ]; then break; fi; sleep 1; done; tar czf x y", id="a way out by break"),
    pytest.param("while true; do [ -f /stop ] && exit 0; sleep 1; done", id="a way out by exit"),
    pytest.param("i=0; while [ $i -lt 5 ]; do i=$((i+1)); done", id="a counter"),
    pytest.param("for x in a b; do echo $x; done", id="a list"),
    pytest.param("for ((i=0;i<3;i++)); do echo $i; done", id="a counted for"),
    pytest.param("while read line; do echo $line; done < /etc/hosts", id="the lines of a file"),
    pytest.param("fluent-bit &", id="nobody waits for the background"),
    pytest.param("envoy & sleep 5; touch /done", id="the daemon is left behind"),
    pytest.param("simulate --all; touch /done", id="work is written behind the unknown command"),
    pytest.param("nginx -s reload", id="nginx as a remote control"),
    pytest.param("nginx -t", id="nginx as a checker"),
    pytest.param("filebeat setup -e", id="a daemon's setup"),
    pytest.param("git-sync --one-time", id="a daemon told to run once"),
    pytest.param("foo --version", id="a question"),
    pytest.param("kubectl get pods --watch=false", id="the option is off"),
    pytest.param("main() { exit 0; }; main; sleep inf", id="nothing behind exit is reached"),
    pytest.param("(exit 0); echo x", id="a sub-shell's exit leaves the sub-shell"),
    pytest.param("yes | apt-get install x", id="the pipe stops yes"),
    pytest.param("if [ $A ]; then cp a b; else cp c b; fi", id="both branches end"),
    pytest.param("exit 3", id="only a failure"),
    pytest.param("envoy & p=$!; until [ -f /done ]; do sleep 1; done; kill $p; wait $p", id="the daemon is stopped"),
    pytest.param("envoy & sleep 60; kill %1; wait", id="so is a job by its number"),
    pytest.param("while true; do [ -f /done ] && kill 1; sleep 1; done", id="it stops itself"),
    pytest.param("while true; do if ! pgrep main; then exit 0; fi; sleep 1; done", id="it ends with a process"),
    pytest.param("nginx -g 'daemon off;' -t", id="a checker in spite of its options"),
    pytest.param("kubectl delete pod proxy", id="a name, not a sub-command"),
    pytest.param("kubectl rollout status -w deploy/x", id="a watch that ends"),
    pytest.param("mysqld --initialize", id="a database's setup"),
    pytest.param("prometheus-config-reloader --watch-interval=0", id="a reloader as an init container"),
]

UNKNOWN = [
    pytest.param("python -c 'while True: print(input())'", id="code that reads its input"),
    pytest.param("opa run /policies", id="opa without a server reads its input"),
    pytest.param("python -c 'import x; x.main()'", id="code without a loop"),
    pytest.param("while true; do if x; then exit 1; fi; sleep 1; done", id="an unknown command decides"),
    pytest.param("while true; do x && exit 1; sleep 1; done", id="the same with and"),
    pytest.param("f() { x; }; while true; do if f; then exit 1; fi; done", id="the same in a function"),
    pytest.param("my-tool --x", id="nobody knows it"),
    pytest.param("exec my-tool", id="nor with exec"),
    pytest.param("my-server & wait", id="nor in the background"),
    pytest.param("my-server & pid=$!; wait $pid; rm -f /x", id="cleaning up says nothing about the server"),
    pytest.param("my-server; echo 'server gone'", id="an epilogue says nothing either"),
    pytest.param("my-server || exit 1", id="nor does what happens on failure"),
    pytest.param("if [ $A ]; then sleep inf; else echo; fi", id="it depends on a variable"),
    pytest.param("[ -f /x ] && exec fluent-bit", id="it depends on a file"),
    pytest.param("[[ -d /x ]] && exit 0; exec fluent-bit", id="it may end early as planned"),
    pytest.param("tail -f x | head -1", id="the reader may close the pipe"),
    pytest.param("tail -f x | grep -q ready", id="so may grep -q"),
    pytest.param("(until [ -f /done ]; do sleep 1; done; pkill envoy) & exec envoy", id="a watcher may end it"),
    pytest.param("tail -f x | sed '/DONE/q'", id="so may sed"),
    pytest.param("tail -f x | awk '/DONE/{exit}'", id="so may awk"),
    pytest.param("supervisord", id="its configuration decides whether it stays"),
    pytest.param("sh /scripts/run.sh", id="a script that nobody sees"),
    pytest.param(". /scripts/run.sh", id="sourced"),
    pytest.param("eval \"$CMD\"", id="eval of a variable"),
    pytest.param("$CMD", id="a variable as the command"),
    pytest.param("exec \"$@\"", id="arguments that are not given"),
    pytest.param("if true; then", id="cut off"),
    pytest.param("while true; do x", id="a loop without end"),
    pytest.param("foo() { bar", id="a function without end"),
    pytest.param("sleep inf; )", id="junk behind an answer"),
    pytest.param("nginx", id="its configuration decides"),
    pytest.param("mkfifo /p; while read l; do echo $l; done < /p", id="a named pipe"),
    pytest.param("select x in a b; do echo; done", id="a question to nobody"),
    pytest.param("cat", id="standard input decides"),
]  # fmt: skip


@pytest.mark.parametrize("text", FOREVER)
def test_script_never_ends(text: str) -> None:
    assert script(text).lifetime is Lifetime.FOREVER, script(text).reason


@pytest.mark.parametrize("text", ENDS)
def test_script_ends(text: str) -> None:
    assert script(text).lifetime is Lifetime.ENDS, script(text).reason


@pytest.mark.parametrize("text", UNKNOWN)
def test_script_may_end(text: str) -> None:
    assert script(text).lifetime is Lifetime.UNKNOWN, script(text).reason


@pytest.mark.parametrize(
    ("words", "lifetime"),
    [
        pytest.param(["sleep", "3600"], Lifetime.ENDS, id="one tool"),
        pytest.param(["/bin/sleep", "infinity"], Lifetime.FOREVER, id="by its path"),
        pytest.param(["tini", "--", "fluent-bit", "-c", "x"], Lifetime.FOREVER, id="behind an init"),
        pytest.param(["/tini", "-s", "--", "cp", "a", "b"], Lifetime.ENDS, id="an init with an option"),
        pytest.param(["dumb-init", "env", "A=b", "nice", "-n", "5", "envoy"], Lifetime.FOREVER, id="three wrappers"),
        pytest.param(["gosu", "app", "redis-server"], Lifetime.FOREVER, id="another user"),
        pytest.param(["timeout", "-k", "5", "60", "envoy"], Lifetime.ENDS, id="timeout"),
        pytest.param(["timeout", "0", "envoy"], Lifetime.FOREVER, id="timeout 0 is none"),
        pytest.param(["wait-for-it", "db:5432", "--strict", "--", "envoy"], Lifetime.FOREVER, id="behind a wait"),
        pytest.param(["dockerize", "-wait", "tcp://db:1", "cp", "a", "b"], Lifetime.ENDS, id="behind dockerize"),
        pytest.param(["wait-for-it", "db:5432"], Lifetime.ENDS, id="only a wait"),
        pytest.param(["python", "-c", "while True:\n  x()"], Lifetime.FOREVER, id="an endless one-liner"),
        pytest.param(["python", "-c", "while True:\n  break"], Lifetime.UNKNOWN, id="one with a way out"),
        pytest.param(["python", "main.py"], Lifetime.UNKNOWN, id="a program that nobody sees"),
        pytest.param(["node", "-e", "while (true) {}"], Lifetime.FOREVER, id="the same in another language"),
        pytest.param(["env", "A=b"], Lifetime.UNKNOWN, id="a wrapper without a command"),
        pytest.param(["bash"], Lifetime.UNKNOWN, id="a shell without a script"),
        pytest.param(["sh", "-c"], Lifetime.UNKNOWN, id="a shell whose script is missing"),
        pytest.param([""], Lifetime.UNKNOWN, id="an empty word"),
        pytest.param(["$(CMD)"], Lifetime.UNKNOWN, id="a variable of Kubernetes"),
    ],
)
def test_command_without_a_script(words: list[str], lifetime: Lifetime) -> None:
    assert command(*words).lifetime is lifetime, command(*words).reason


def test_arguments_stand_for_the_scripts_parameters() -> None:
    program = read_program(["sh", "-c", 'mkdir -p /x; exec "$@"', "--"], ["fluent-bit", "-c", "/x"])
    assert program is not None
    assert program.lifetime is Lifetime.FOREVER
    program = read_program(["sh", "-c", 'exec "$0" "$@"'], ["cp", "a", "b"])
    assert program is not None
    assert program.lifetime is Lifetime.ENDS


@pytest.mark.parametrize(
    ("args", "lifetime"),
    [
        pytest.param(["mount", "assets:", "/mnt"], Lifetime.UNKNOWN, id="an operand of rclone, not mount(8)"),
        pytest.param(["sync", "a", "b"], Lifetime.UNKNOWN, id="nor sync(1)"),
        pytest.param(["jobs", "--threads", "4"], Lifetime.UNKNOWN, id="nor a builtin of the shell"),
        pytest.param(["bundle", "exec", "puma"], Lifetime.FOREVER, id="a daemon behind a wrapper"),
        pytest.param(["server"], Lifetime.FOREVER, id="an entrypoint that is told to serve"),
        pytest.param(["--config", "x"], Lifetime.UNKNOWN, id="options of an unknown entrypoint"),
        pytest.param(["--repo=x", "--one-time"], Lifetime.ENDS, id="an entrypoint that is told to run once"),
        pytest.param(["--logs=/x", "--one_shot"], Lifetime.ENDS, id="the same in other words"),
        pytest.param(["-h"], Lifetime.ENDS, id="an entrypoint that is asked for help"),
        pytest.param(["-h", "db.example"], Lifetime.UNKNOWN, id="an option that takes a value, a host perhaps"),
        pytest.param(["sleep", "3600"], Lifetime.ENDS, id="certainly a command"),
        pytest.param(["sh", "-c", "while :; do x; done"], Lifetime.FOREVER, id="certainly a shell"),
        pytest.param(["/bin/cp", "a", "b"], Lifetime.ENDS, id="a path is a command"),
    ],
)
def test_arguments_of_an_unseen_entrypoint(args: list[str], lifetime: Lifetime) -> None:
    program = read_program([], args)
    assert program is not None
    assert program.entrypoint_unseen
    assert program.lifetime is lifetime, program.reason


def test_a_known_entrypoint_stands_in_for_the_command() -> None:
    program = read_program([], ["mount", "assets:", "/mnt"], entrypoint=["rclone"])
    assert program is not None
    assert program.lifetime is Lifetime.FOREVER
    assert not program.entrypoint_unseen


@pytest.mark.parametrize(
    ("text", "fails"),
    [
        pytest.param("set -e; while true; do rsync a b; sleep 5; done", True, id="set -e and a tool that may fail"),
        pytest.param("set -euo pipefail\nwhile true; do rsync a b; sleep 5; done", True, id="with other options"),
        pytest.param("while true; do rsync a b; sleep 5; done", False, id="without set -e"),
        pytest.param("set -e; while true; do rsync a b || true; sleep 5; done", False, id="the failure is handled"),
        pytest.param(
            "set -e; while true; do if ! rsync a b; then echo; fi; sleep 5; done", False, id="it is a condition"
        ),
        pytest.param("set -e; while true; do echo x; sleep 5; done", False, id="nothing may fail"),
        pytest.param("while sleep 5; do rsync a b; done", True, id="the loop hangs on a tool"),
        pytest.param("while true; do rsync a b || exit 1; done", True, id="it gives up by itself"),
    ],
)
def test_loop_that_a_failure_ends(text: str, fails: bool) -> None:
    program = script(text)
    assert program.lifetime is Lifetime.FOREVER
    assert program.loop_can_fail is fails


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("aws s3 cp /x s3://y", "its last command `aws s3 cp /x s3://y` ends when it is done"),
        ("while true; do x; done", "`while true` never ends"),
        ("exec fluent-bit", "`exec fluent-bit` stays in the foreground"),
        ("while sleep 9; do x; done", "`while sleep 9` never ends unless a command in it fails"),
        ("envoy & echo x", "nothing waits for `envoy` in the background, so the script ends"),
        ("until [ -f /x ]; do sleep 1; done", "`until [ -f /x ]` ends when its condition is met"),
        ("my-tool", "nothing says whether `my-tool` ends"),
        ("while true; do", "a part of its script could not be read"),
        ("", "its script does nothing that lasts"),
    ],
)
def test_reason_reads_as_a_sentence(text: str, reason: str) -> None:
    assert script(text).reason == reason


def test_decisive_command_has_its_line() -> None:
    program = script("mkdir -p /x\n\n# then\nexec fluent-bit -c /x")
    assert program.decisive is not None
    assert (program.decisive.name, program.decisive.line) == ("fluent-bit", 3)
