"""Patterns on the words and variables that a program is called with."""

from __future__ import annotations

import pytest

from sidecarify.kube.invocation import read_invocation


@pytest.mark.parametrize(
    ("pattern", "args", "env", "evidence"),
    [
        pytest.param("--a", ["--a"], {}, "--a", id="flag"),
        pytest.param("--a", ["--a", "operand"], {}, "--a", id="flag before an operand"),
        pytest.param("--a", ["--a", "false"], {}, None, id="switched off by the next word"),
        pytest.param("--a", ["--b", "--a=no", "-a=on"], {}, "-a=on", id="a later one counts too"),
        pytest.param("--a", ["--a=/path"], {}, None, id="a value that is no switch"),
        pytest.param("--a=true", ["--a"], {}, "--a", id="true without a value"),
        pytest.param("--a=true", ["--a", "false"], {}, None, id="true against false"),
        pytest.param("--a=true", ["--a=T"], {}, "--a=T", id="true in another spelling"),
        pytest.param("--a=x*", ["--a", "xy"], {}, "--a xy", id="value in two words"),
        pytest.param("--a=x*", ["--a", "--b"], {}, None, id="the next flag is no value"),
        pytest.param("--a=x*", ["--a"], {}, None, id="no value at the end"),
        pytest.param("--a=*", ["--", "-", "--a="], {}, "--a=", id="empty value"),
        pytest.param("--a", ["a"], {}, None, id="an operand is no flag"),
        pytest.param("run", ["-x", "run", "stop"], {}, "run", id="sub-command"),
        pytest.param("stop", ["-x", "run", "stop"], {}, None, id="second word"),
        pytest.param("A=true", [], {"A": "Yes"}, "A=Yes", id="variable"),
        pytest.param("A=true", [], {"A": ""}, None, id="empty variable"),
        pytest.param("A=true", ["A=true"], {}, None, id="a word is no variable"),
        pytest.param("A=*", [], {"B": "1"}, None, id="another variable"),
    ],
)
def test_a_pattern_finds_its_evidence(pattern: str, args: list[str], env: dict[str, str], evidence: str | None) -> None:
    assert read_invocation(args, env=env).find(pattern) == evidence


def test_values_come_in_the_order_of_the_call() -> None:
    call = read_invocation(["--port=1", "--port", "2", "--port"], ["tool", "-port=0"], {"PORT": "9"})
    assert call.values("--port") == ["0", "1", "2"]
    assert call.values("PORT") == ["9"]
    assert call.values("OTHER") == []
