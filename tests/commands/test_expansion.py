"""What variables, parameters and folders of a command line stand for."""

from __future__ import annotations

import pytest

from sidecarify.commands import expanded, expanded_words, read_program, tails

ENVIRONMENT = {"LOG": "/logs/app.log", "DIR": "/logs", "TWO_LINES": "a\nb"}


@pytest.mark.parametrize(
    ("script", "files"),
    [
        pytest.param('tail -f "$LOG"', ("/logs/app.log",), id="a variable of the container"),
        pytest.param('F=/x/y; tail -f "$F"', ("/x/y",), id="a variable of the script"),
        pytest.param("F=$DIR/y; tail -f ${F}", ("/logs/y",), id="in two steps"),
        pytest.param('tail -f "${NONE:-/x/default}"', ("/x/default",), id="a default"),
        pytest.param('LOG=${LOG:-/x}; tail -f "$LOG"', ("/logs/app.log",), id="a default for itself"),
        pytest.param("cd /x && tail -f y", ("/x/y",), id="the folder of cd"),
        pytest.param("tail -f y", ("/app/y",), id="the working folder"),
        pytest.param("(cd /x; ls) | wc; tail -f y", ("/app/y",), id="cd in a pipeline changes nothing"),
        pytest.param('for f in /a /b; do tail -f "$f"; done', ("/a", "/b"), id="the words of a loop"),
        pytest.param("ls /logs/*.log | xargs tail -f", ("/logs/*.log",), id="what xargs gets"),
        pytest.param("tail -f $(find /logs -name x)", ("/logs",), id="the path in a substitution"),
    ],
)
def test_the_files_of_a_tail(script: str, files: tuple[str, ...]) -> None:
    program = read_program(["sh", "-c", script], [])
    assert program is not None
    assert [tail.files for tail in tails(expanded(program, ENVIRONMENT, "/app"))] == [files]


@pytest.mark.parametrize(
    "script",
    [
        pytest.param('tail -f "$ELSEWHERE"', id="from envFrom"),
        pytest.param('F=/a; F=/b; tail -f "$F"', id="assigned twice"),
        pytest.param('read F; tail -f "$F"', id="read from the input"),
        pytest.param('F=$(date); tail -f "$F"', id="output of a command"),
        pytest.param('A=$B; B=$A; tail -f "$A"', id="a circle"),
        pytest.param('shift; tail -f "$1"', id="shifted parameters"),
        pytest.param("xargs tail -f", id="names from the input"),
    ],
)
def test_what_is_not_known_stays_unknown(script: str) -> None:
    program = read_program(["sh", "-c", script, "sh", "/p1"], [])
    assert program is not None
    assert [tail.unknown for tail in tails(expanded(program, ENVIRONMENT))] == [True]


def test_parameters_of_the_script() -> None:
    program = read_program(["sh", "-c", 'tail -f "$1"', "sh", "/p1"], [])
    assert program is not None
    assert [tail.files for tail in tails(expanded(program, {}))] == [("/p1",)]


def test_arguments_are_expanded_as_kubernetes_does() -> None:
    words = ["$(LOG)", "x$(DIR)/y", "$$(LOG)", "$(NONE)", "$LOG", "$(TWO_LINES)"]
    assert expanded_words(words, ENVIRONMENT) == (
        "/logs/app.log",
        "x/logs/y",
        "$$(LOG)",
        "$(NONE)",
        "$LOG",
        "$(TWO_LINES)",
    )


def test_an_explosion_of_words_is_cut() -> None:
    script = f"for f in {' '.join(map(str, range(300)))}; do tail -f $f$f$f$f; done; tail -f {'$X' * 3000}"
    program = read_program(["sh", "-c", script], [])
    assert program is not None
    assert all(len(tail.files) <= 64 for tail in tails(expanded(program, {})))
