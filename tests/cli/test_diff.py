"""The unified diff by itself: `git apply` must make of it what it was made from."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sidecarify.report.diff import for_terminal, quoted, unified

from .conftest import WEB

LINES = st.lists(
    st.sampled_from(["a", "b", "a\r", "---", "-- x", "+++ b/x", "\\", "", " ", "\t", "@@ -1 +1 @@"]), max_size=30
)
TEXTS = st.builds(lambda lines, end: "\n".join(lines) + end, LINES, st.sampled_from(["", "\n"]))


def applied(before: str, patch: str, folder: Path) -> bytes:
    file = folder / "f"
    file.write_bytes(before.encode())
    command = ["git", "apply", "--whitespace=nowarn", "-"]
    ran = subprocess.run(command, input=patch.encode(), cwd=folder, capture_output=True, check=False)
    assert ran.returncode == 0, (ran.stderr, patch)
    return file.read_bytes()


@given(before=TEXTS.filter(bool), after=TEXTS.filter(bool))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_git_makes_the_new_text_of_the_old_one(before: str, after: str, tmp_path: Path) -> None:
    patch = unified(before, after, "f")
    assert (patch == "") == (before == after)
    if patch:
        assert applied(before, patch, tmp_path) == after.encode()


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        pytest.param("a\n", "a\n", "", id="nothing to do"),
        pytest.param("a\nb\n", "a\nx\nb\n", "@@ -1,2 +1,3 @@\n a\n+x\n b\n", id="a line added"),
        pytest.param("a\n", "b\n", "@@ -1 +1 @@\n-a\n+b\n", id="a single line has no length"),
        pytest.param("a", "a\n", "@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n", id="only the line end"),
        pytest.param(
            "a\nb", "a\nx\nb", "@@ -1,2 +1,3 @@\n a\n+x\n b\n\\ No newline at end of file\n", id="none in the context"
        ),
        pytest.param("a\r\n", "a\r\nb\r\n", "@@ -1 +1,2 @@\n a\r\n+b\r\n", id="carriage returns stay in their lines"),
        pytest.param("a\u2028b\n", "a\u2028b\nc\n", "@@ -1 +1,2 @@\n a\u2028b\n+c\n", id="git ends lines at LF alone"),
        pytest.param("\ufeffa\n", "\ufeffa\nb\n", "@@ -1 +1,2 @@\n \ufeffa\n+b\n", id="the byte order mark stays"),
    ],
)
def test_hunks(before: str, after: str, expected: str) -> None:
    header = "--- a/f\n+++ b/f\n" if expected else ""
    assert unified(before, after, "f") == header + expected


def test_changes_share_a_hunk_where_their_contexts_touch() -> None:
    old = [f"{number}\n" for number in range(40)]
    for gap, hunks in ((6, 1), (7, 2)):
        new = [*old[:10], "x\n", *old[10 : 10 + gap], "y\n", *old[10 + gap :]]
        assert unified("".join(old), "".join(new), "f").count("@@ -") == hunks


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        pytest.param("a/b.yaml", "a/b.yaml", id="plain"),
        pytest.param("a/with blank.yaml", "a/with blank.yaml\t", id="blank: a tab ends it"),
        pytest.param('a/q"b\\.yaml', '"a/q\\"b\\\\.yaml"', id="quote and backslash"),
        pytest.param("a/\u00e9.yaml", '"a/\\303\\251.yaml"', id="bytes beyond ASCII"),
        pytest.param("a/t\tn\n\x1b.yaml", '"a/t\\tn\\n\\033.yaml"', id="control characters"),
        pytest.param("a/\udcff.yaml", '"a/\\377.yaml"', id="a name that is not UTF-8"),
    ],
)
def test_names_are_quoted_as_git_quotes(path: str, expected: str) -> None:
    assert quoted(path) == expected


def test_thousands_of_documents_that_are_all_alike_stay_small_and_quick() -> None:
    one = WEB.decode()
    other = one.replace("  containers:\n", "  containers:\n  # here\n")
    start = time.perf_counter()
    patch = unified("---\n".join([one] * 3000), "---\n".join([one, *[other] * 2999]), "f")
    assert time.perf_counter() - start < 10
    assert sum(line.startswith(("+ ", "-")) for line in patch.splitlines()) == 2999 + 1


def test_a_moved_block_between_lines_that_repeat() -> None:
    block = "    - name: x\n      image: y\n"
    before = "a:\n" + block * 3 + "z:\n" + "q: 1\n"
    after = "i:\n" + block + "a:\n" + block * 2 + "z:\n" + "q: 1\n"
    changed = [line for line in unified(before, after, "f").splitlines()[2:] if line[0] in "+-"]
    assert len(changed) <= 6


def test_on_a_terminal_what_acts_is_spelt_out_and_lines_stay_lines() -> None:
    patch = unified("a\n", "a\n\x1b[2J\u202e\x85b\r\tc\r\n", "f")
    assert for_terminal(patch, color=False) == (
        "--- a/f\n+++ b/f\n@@ -1 +1,2 @@\n a\n+\\x1b[2J\\u202e\\x85b\\x0d\tc\r\n"
    )


def test_colours() -> None:
    shown = for_terminal("--- a/f\n+++ b/f\n@@ -1 +1 @@\n-a\n+b\n c\n", color=True)
    assert shown == (
        "\x1b[1m--- a/f\x1b[0m\n\x1b[1m+++ b/f\x1b[0m\n\x1b[36m@@ -1 +1 @@\x1b[0m\n"
        "\x1b[31m-a\x1b[0m\n\x1b[32m+b\x1b[0m\n c\n"
    )
