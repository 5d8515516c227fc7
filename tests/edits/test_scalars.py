"""A scalar gets another value in its own style: what stays of the value keeps its spelling."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecarify.yamltext.scalars import UnspellableError, keeps_lines, respelled
from sidecarify.yamltext.source import splice
from sidecarify.yamltext.tree import Node, parse


def scalar(text: str) -> Node:
    root = parse(text)
    assert root is not None
    return root.pairs[0][1]


RESPELLED = [
    pytest.param("a: path/1/x  # c\n", "path/0/x", "a: path/0/x  # c\n", id="plain"),
    pytest.param("a: 'it''s 1'\n", "it's 2", "a: 'it''s 2'\n", id="a quote that stays doubled"),
    pytest.param("a: 'x'\n", "it's", "a: 'it''s'\n", id="a quote that is new"),
    pytest.param(r'a: "\x41\/1\n"', "A/0\n", r'a: "\x41\/0\n"', id="escapes that stay are spelled as they were"),
    pytest.param(r'a: "x\n"', 'x\n- "y"\\\n', r'a: "x\n- \"y\"\\\n"', id="what is new is escaped"),
    pytest.param('a: "one\n  two 1"\n', "one two 2", 'a: "one\n  two 2"\n', id="a fold in quotes"),
    pytest.param('a: "one\\\n  two 1"\n', "onetwo 2", 'a: "one\\\n  two 2"\n', id="an escaped line end"),
    pytest.param("a: |\n  x 1\n   y\nb: c\n", "x 2\n y\n", "a: |\n  x 2\n   y\nb: c\n", id="literal"),
    pytest.param("a: |-\n  x\nb: c\n", "x\ny", "a: |-\n  x\n  y\nb: c\n", id="a further line at the end"),
    pytest.param("a: |\r\n  x\r\n  z\r\n", "x\n y\nz\n", "a: |\r\n  x\r\n   y\r\n  z\r\n", id="carriage returns"),
    pytest.param("a: |\n  x", "y", "a: |\n  y", id="no line end"),
    pytest.param("a: |+\n  x\n\nb: c\n", "y\n\n", "a: |+\n  y\n\nb: c\n", id="blank lines that are kept"),
    pytest.param("a: >-\n  one\n  two 1\n", "one two 2", "a: >-\n  one\n  two 2\n", id="folded"),
    pytest.param(
        "a: >\n  - x: 1\n    y: 1\n", "- x: 1\n  z: 1\n  y: 1\n", "a: >\n  - x: 1\n    z: 1\n    y: 1\n",
        id="lines that are not folded because they are indented",
    ),
    pytest.param(
        "a: >\n  - x\n    - y\n  - z\n", "- x\n  - y\n- new\n- z\n", "a: |\n  - x\n    - y\n  - new\n  - z\n",
        id="a line that would be folded",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("before", "value", "after"), RESPELLED)
def test_respelled(before: str, value: str, after: str) -> None:
    assert splice(before, respelled(before, scalar(before), value)) == after
    assert scalar(after).value == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        pytest.param("a: 'x'\n", "x\ny", id="a further line in single quotes"),
        pytest.param("a: >\n  one\n  two\n", "one two\nthree\n", id="a further line in folded text"),
        pytest.param("a: &b x\n", "y", id="an anchor"),
        pytest.param("a: !!str x\n", "y", id="a tag"),
    ],
)
def test_unspellable(text: str, value: str) -> None:
    with pytest.raises(UnspellableError):
        respelled(text, scalar(text), value)


@pytest.mark.parametrize(
    ("text", "keeps"),
    [
        pytest.param("a: |\n  x\n  y\n", True, id="literal"),
        pytest.param("a: >\n  x\n  y\n", False, id="folded"),
        pytest.param("a: >\n  x:\n    y\n", True, id="nothing to fold"),
        pytest.param(r'a: "x\ny"', False, id="an escaped line end"),
        pytest.param("a: 'x'\n", True, id="one line"),
    ],
)
def test_keeps_lines(text: str, keeps: bool) -> None:
    assert keeps_lines(text, scalar(text)) is keeps


def test_what_differs_in_very_many_words_is_replaced_as_a_whole() -> None:
    before, value = "a: 'x " + "old-word, " * 2000 + "y'\n", "x " + "new; " * 2000 + "y"
    (edit,) = respelled(before, scalar(before), value)
    assert scalar(splice(before, [edit])).value == value


LINES = st.lists(st.text("ab -:'\"/", min_size=1, max_size=6).map(str.strip).filter(bool), min_size=1, max_size=4)


@settings(deadline=None)
@given(LINES, LINES, st.sampled_from(["|", "|-", "|+"]), st.sampled_from(["\n", "\r\n"]))
def test_any_value_of_a_literal_text(before: list[str], after: list[str], style: str, newline: str) -> None:
    end = "" if style == "|-" else "\n"
    text = newline.join([f"a: {style}", *(f"    {line}" for line in before), "b: c", ""])
    value = "\n".join(after) + end
    new = splice(text, respelled(text, scalar(text), value))
    assert scalar(new).value == value
    assert new.endswith(f"{newline}b: c{newline}")


@settings(deadline=None)
@given(LINES, LINES)
def test_any_value_in_double_quotes(before: list[str], after: list[str]) -> None:
    spelled = "\\n".join(before).replace('"', '\\"')
    text = f'a: "{spelled}"'
    assert scalar(text).value == "\n".join(before)
    value = "\n".join(after)
    assert scalar(splice(text, respelled(text, scalar(text), value))).value == value
