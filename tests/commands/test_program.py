"""The front door: shells, scripts, commands and where they stand."""

import subprocess
import sys
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecarify.commands import (
    Lifetime,
    blockers,
    expanded,
    kills,
    local_connections,
    looks_at_processes,
    non_idempotent,
    one_shot_flags,
    read_program,
    reads,
    tails,
    uploads,
    writes,
)
from tests.commands.scripts import command, script


def test_nothing_given_is_the_images_business() -> None:
    assert read_program([], []) is None


@pytest.mark.parametrize(
    ("words", "args", "index"),
    [
        (["sh", "-c", "x"], [], 2),
        (["/bin/sh", "-c"], ["x"], 2),
        (["sh"], ["-c", "x"], 2),
        ([], ["sh", "-c", "x"], 2),
        (["bash", "-lc", "x"], [], 2),
        (["sh", "-ec", "x"], [], 2),
        (["/bin/bash", "-o", "pipefail", "-c", "x"], [], 4),
        (["bash", "-euxo", "pipefail", "-c", "x"], [], 4),
        (["sh", "-c", "--"], ["x"], 3),
        (["bash", "--norc", "-c", "x"], [], 3),
        (["busybox", "sh", "-c", "x"], [], 3),
        (["tini", "--", "sh", "-c", "x"], [], 4),
        (["dumb-init", "bash", "-c", "x"], [], 3),
        (["/usr/bin/env", "A=b", "sh", "-c", "x"], [], 4),
        (["timeout", "60", "sh", "-c", "x"], [], 4),
        (["su", "app", "-s", "/bin/sh", "-c", "x"], [], 5),
        (["sh", "-c", "x", "name", "arg"], [], 2),
    ],
)
def test_finds_the_script(words: list[str], args: list[str], index: int) -> None:
    program = read_program(words, args)
    assert program is not None
    assert program.shell
    assert program.script == "x"
    assert program.script_index == index
    assert [c.text for c in program.commands] == ["x"]


def test_index_counts_no_words_of_the_images_entrypoint() -> None:
    program = read_program([], ["-c", "x"], entrypoint=["/bin/sh"])
    assert program is not None
    assert (program.script, program.script_index) == ("x", 1)


@pytest.mark.parametrize(
    ("words", "errexit"),
    [
        (["sh", "-ec", "x"], True),
        (["bash", "-o", "errexit", "-c", "x"], True),
        (["sh", "-c", "set -e; x"], True),
        (["sh", "-c", "set -o errexit; x"], True),
        (["sh", "-c", "x"], False),
        (["sh", "-c", "set -x; x"], False),
        (["bash", "+e", "-c", "x"], False),
    ],
)
def test_knows_errexit(words: list[str], errexit: bool) -> None:
    assert command(*words).set_e is errexit


def test_a_script_file_cannot_be_seen() -> None:
    program = command("sh", "/scripts/run.sh")
    assert not program.readable
    assert program.reason == "the script /scripts/run.sh is not in the manifest, so it cannot be seen"


def test_words_lose_quotes_and_keep_expansions() -> None:
    (only,) = script("""A=1 cp "$SRC/x y" '/a b'/c\\ d >> "$LOG" 2>&1""").commands
    assert only.words == ("cp", "$SRC/x y", "/a b/c d")
    assert only.assignments == ("A=1",)
    assert [(r.fd, r.operator, r.target) for r in only.redirects] == [("", ">>", "$LOG"), ("2", ">&", "1")]


def test_lines_and_offsets_point_into_the_script() -> None:
    text = "# größe\necho é\n  cp a b # c\n"
    for simple in script(text).commands:
        assert text[simple.offset :].startswith(simple.words[0])
    assert [simple.line for simple in script(text).commands] == [1, 2]


def test_commands_know_their_place() -> None:
    text = (
        "trap 'cleanup' TERM INT\n"
        "f() { inside; }\n"
        "if probe; then branch; fi\n"
        "while true; do looped || true; done &\n"
        "producer | consumer\n"
        "x=$(captured)\n"
    )
    by_name = {simple.name: simple for simple in script(text).commands}
    assert by_name["cleanup"].in_trap
    assert by_name["inside"].in_function
    assert by_name["probe"].in_condition
    assert by_name["branch"].in_branch
    assert by_name["looped"].in_endless_loop
    assert by_name["looped"].in_background
    assert by_name["looped"].fallback == "true"
    assert by_name["producer"].piped_into == "consumer"
    assert by_name["consumer"].in_pipeline
    assert by_name["captured"].in_substitution
    assert not by_name["branch"].in_condition


def test_traps_hold_their_commands() -> None:
    (trap,) = script("trap 'kill -TERM $PID; wait' SIGTERM 2").traps
    assert trap.signals == ("TERM", "INT")
    assert [simple.text for simple in trap.commands] == ["kill -TERM $PID", "wait"]


def test_an_ignored_signal_is_a_trap() -> None:
    (trap,) = script("trap '' TERM").traps
    assert trap.ignores


def test_resetting_a_signal_is_no_trap() -> None:
    assert script("trap - TERM").traps == ()


@pytest.mark.parametrize(
    ("text", "names"),
    [
        pytest.param("echo $(POD_NAME)", ["echo"], id="a variable of Kubernetes"),
        pytest.param("echo $(hostname)", ["hostname", "echo"], id="a command substitution"),
        pytest.param("kill $$(pidof x)", ["pidof", "kill"], id="an escaped substitution"),
        pytest.param("sh -c 'a; b'", ["sh", "a", "b"], id="a nested script"),
        pytest.param("a <<E | b\nx\nE\nc", ["a", "b", "c"], id="a here document into a pipe"),
        pytest.param("a <<E && b\nx\nE\nc", ["a", "b", "c"], id="a here document in a list"),
    ],
)
def test_commands_in_order(text: str, names: list[str]) -> None:
    assert [simple.words[0] for simple in script(text).commands] == names


def test_a_broken_script_is_never_readable() -> None:
    program = script("sleep infinity\nif true; then\n")
    assert not program.readable
    assert program.lifetime is Lifetime.UNKNOWN


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("# x\n" * 20_000, id="long"),
        pytest.param("a|" * 20_000, id="an endless pipeline"),
        pytest.param("<<E\n" * 8_000, id="nothing but here documents"),
        pytest.param("x=(" * 8_000, id="nested arrays"),
    ],
)
def test_what_is_too_much_for_the_parser_is_unreadable(text: str) -> None:
    program = script(text)
    assert not program.readable
    assert program.lifetime is Lifetime.UNKNOWN


@pytest.mark.parametrize(
    "unit",
    [
        *("(", "$(", "`", '"$(', "{ ", "if a; then ", "while :; do ", "a && ", "a; ", "f(){ ", "! ", "case x in a) "),
        *("((", "${", "[ ", "sh -c '", 'eval "', "f() { f; f; }; f; "),
    ],
)
def test_deep_scripts_take_bounded_time(unit: str) -> None:
    started = time.process_time()
    script(unit * (20_000 // len(unit)))
    assert time.process_time() - started < 5


def test_the_parser_is_loaded_for_scripts_only() -> None:
    code = (
        "import sys; from sidecarify.commands import read_program\n"
        "read_program(['tini', '--', 'sleep', '5'], []); assert 'tree_sitter' not in sys.modules\n"
        "read_program(['sh', '-c', 'x'], []); assert 'tree_sitter' in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_functions_that_call_one_another_take_bounded_time() -> None:
    text = "f0() { x; }\n" + "".join(f"f{n}() {{ f{n - 1}; f{n - 1}; }}\n" for n in range(1, 19)) + "f18\n"
    started = time.process_time()
    script(text)
    assert time.process_time() - started < 5


LOOP = "while true; do x; sleep 1; done"


@pytest.mark.parametrize(
    ("words", "text", "argv"),
    [
        pytest.param("sh /s/x.sh a", LOOP, ("sh", "/s/x.sh", "a"), id="a shell's file"),
        pytest.param("bash -e /s/x.sh", LOOP, ("bash", "/s/x.sh"), id="with an option"),
        pytest.param("/s/x.sh a", f"#!/bin/sh\n{LOOP}", ("sh", "/s/x.sh", "a"), id="a program that names its shell"),
        pytest.param("/s/x.sh", f"#!/usr/bin/env bash\n{LOOP}", ("bash", "/s/x.sh"), id="by way of env"),
        pytest.param("tini -- /s/x.sh", f"#!/bin/sh -e\n{LOOP}", ("sh", "/s/x.sh"), id="behind an init process"),
    ],
)
def test_a_script_whose_text_is_known_is_read(words: str, text: str, argv: tuple[str, ...]) -> None:
    program = read_program(words.split(), [], file_text={"/s/x.sh": text}.get)
    assert program is not None
    assert program.lifetime is Lifetime.FOREVER
    assert program.argv == argv
    assert program.shell
    assert program.script == text
    assert program.script_index is None
    assert program.parameters == argv[argv.index("/s/x.sh") :]
    assert program.set_e is ("-e" in words or "sh -e" in text)


@pytest.mark.parametrize("words", [["sh", "-c", "/s/x.sh"], ["sh", "-c", "exec sh /s/x.sh"], ["sh", "-c", "/s/x.sh a"]])
def test_a_script_that_only_calls_another_is_that(words: list[str]) -> None:
    program = read_program(words, [], file_text={"/s/x.sh": f"#!/bin/sh\n{LOOP}"}.get)
    assert program is not None
    assert program.lifetime is Lifetime.FOREVER
    assert program.command == tuple(words)


@pytest.mark.parametrize(
    ("words", "text"),
    [
        pytest.param("/s/x.sh", LOOP, id="no first line that names a shell"),
        pytest.param("/s/x.sh", f"#!/usr/bin/python3\n{LOOP}", id="another interpreter"),
        pytest.param("sh /s/y.sh", LOOP, id="another file"),
        pytest.param("timeout 5 sh /s/x.sh", LOOP, id="a limit"),
    ],
)
def test_what_is_no_known_script_is_not_read(words: str, text: str) -> None:
    program = read_program(words.split(), [], file_text={"/s/x.sh": text}.get)
    assert program is not None
    assert program.lifetime is not Lifetime.FOREVER


_WORDS = """
while until for in do done if then else elif fi case esac true false : ; ;; & && || | ( ) { } [ ] [[ ]] (( )) ! $( ` ' "
$X ${Y:-z} $$ $$( trap wait exit break exec eval sh -c sleep inf tail -f -F x /x > >> < << <<< EOF 2>&1 f() é kill curl
localhost:80 nc -z test timeout 5 env A=b tini -- kubectl dockerize -wait wait-for-it docker-entrypoint.sh command -v
"""
_PIECES = st.sampled_from([*_WORDS.split(), "\n", "$(", "\ud800", "\r\n", "{\U0010ffff", "{\U000e0100..3}"])
_SCRIPTS = st.one_of(st.text(max_size=200), st.lists(_PIECES, max_size=30).map(" ".join))


@settings(max_examples=300, deadline=None)
@given(st.lists(_SCRIPTS, max_size=3), st.lists(_SCRIPTS, max_size=3))
def test_never_raises(words: list[str], args: list[str]) -> None:
    for prefix in ([], ["sh", "-c"]):
        program = read_program([*prefix, *words], args)
        assert (program is None) is not bool(prefix or words or args)
        if program is None:
            continue
        assert program.reason
        expanded(program, {"X": "$Y ${X}", "Y": "a b"}, "/app")
        for ask in (tails, kills, uploads, one_shot_flags, looks_at_processes, blockers, local_connections):
            ask(program)
        for question in (writes, reads, non_idempotent):
            question(program)
        for simple in program.commands:
            assert 0 <= simple.offset <= len(program.script or "")
            assert 0 <= simple.line <= (program.script or "").count("\n") + 1
        if not program.readable:
            assert program.lifetime is Lifetime.UNKNOWN or program.wrappers
