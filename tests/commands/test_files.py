"""Files that a command line writes, reads, or cannot make twice."""

import pytest

from sidecarify.commands import non_idempotent, reads, removes, writes
from tests.commands.scripts import command, script


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ("touch /s/a /s/b", ["/s/a", "/s/b"]),
        ("date >> /s/log", ["/s/log"]),
        ("x > /s/out 2> /s/err", ["/s/out", "/s/err"]),
        ("cp /a /s/b", ["/s/b"]),
        ("cp /a /b /s/", ["/s/", "/s/a", "/s/b"]),
        ("mv -f a /s/b", ["/s/b"]),
        ("x | tee -a /s/log", ["/s/log"]),
        ("mkdir -p -m 755 /s/d", ["/s/d"]),
        ("ln -sf /a /s/l", ["/s/l"]),
        ("curl -sLo /s/x http://y", ["/s/x"]),
        ("wget -O /s/x http://y", ["/s/x"]),
        ("trap 'touch /s/done' EXIT", ["/s/done"]),
        ("x > /dev/null 2>&1", []),
        ("cat /s/a", []),
    ],
)
def test_writes(text: str, paths: list[str]) -> None:
    assert [use.path for use in writes(script(text))] == paths


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ("rm -f /s/lock /s/*.pid", ["/s/lock", "/s/*.pid"]),
        ("rm -rf /s/d", ["/s/d"]),
        ("mv /s/a /s/b", ["/s/a"]),
        ("trap 'rm /s/lock' EXIT", ["/s/lock"]),
        ("touch /s/a", []),
    ],
)
def test_removes(text: str, paths: list[str]) -> None:
    assert [use.path for use in removes(script(text))] == paths


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ("cat /s/a", ["/s/a"]),
        ("cp /s/a /b", ["/s/a"]),
        ("tail -n 5 -F /s/log", ["/s/log"]),
        ("x < /s/in", ["/s/in"]),
        ("envoy -c /s/envoy.yaml", ["/s/envoy.yaml"]),
        ("filebeat --config=/s/f.yml", ["/s/f.yml"]),
        ("csi --csi-address=unix:///s/csi.sock", ["/s/csi.sock"]),
        ("touch /s/a", []),
    ],
)
def test_reads(text: str, paths: list[str]) -> None:
    assert [use.path for use in reads(script(text))] == paths


@pytest.mark.parametrize("text", ["mkdir /s/x", "ln -s a b", "cp -n a b", "set -o noclobber", "set -C", "mkfifo /s/p"])
def test_fails_the_second_time(text: str) -> None:
    assert len(non_idempotent(script(text))) == 1


@pytest.mark.parametrize(
    "text",
    [
        *("mkdir -p /s/x", "ln -sf a b", "ln -fs a b", "ln -nsf a b", "cp a b", "echo mkdir x"),
        *("mkdir /s/x || true", "if mkdir /s/x; then a; fi"),
    ],
)
def test_may_run_twice(text: str) -> None:
    assert non_idempotent(script(text)) == ()


def test_a_command_without_a_shell_is_read_too() -> None:
    assert len(non_idempotent(command("/bin/cp", "-n", "/a", "/s/a"))) == 1
    assert [use.path for use in writes(command("/bin/cp", "-n", "/a", "/s/a"))] == ["/s/a"]
