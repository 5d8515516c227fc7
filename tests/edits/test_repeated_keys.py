"""Keys that stand twice in their mapping are found wherever that is; what only looks alike is none."""

import pytest

from sidecarify.yamltext.tree import Node, YamlError, check_keys, parse, repeated_key


def tree(text: str) -> Node:
    root = parse(text)
    assert root is not None
    return root


@pytest.mark.parametrize(
    ("text", "line"),
    [
        pytest.param("a: 1\nb: 2\na: 3\n", 3, id="at the top"),
        pytest.param("a:\n  - b: 1\n    b: 2\n", 3, id="in an item of a list"),
        pytest.param("a:\n  {x: 1,\n   x: 2}\nc: 1\nc: 2\n", 5, id="the outer one before the inner one"),
        pytest.param("a:\n  x: 1\n  x: 2\nb:\n  y: 1\n  y: 2\n", 3, id="the first of two"),
        pytest.param("? {x: 1,\n   x: 2}\n: 1\n", 2, id="in a mapping that is a key"),
        pytest.param("a: 1\n'a': 2\n", 2, id="in quotes"),
    ],
)
def test_found(text: str, line: int) -> None:
    found = repeated_key(tree(text))
    assert found is not None
    assert found.line == line
    with pytest.raises(YamlError) as error:
        check_keys(tree(text))
    assert (error.value.code, error.value.line) == ("duplicate-key", line)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("a: {x: 1}\nb: {x: 2}\n", id="in two mappings"),
        pytest.param("x: &x {y: 1}\na: {<<: *x}\nb:\n  <<: *x\n  <<: *x\n", id="the merge key"),
        pytest.param("- a\n- a\n", id="items of a list"),
        pytest.param("x: &a 1\na: 2\n*a : 3\n", id="an alias of that name"),
        pytest.param("? {b: 1}\n: 1\n? [c]\n: 2\n'': 3\n", id="keys that are no scalars, and the empty one"),
    ],
)
def test_not_found(text: str) -> None:
    assert repeated_key(tree(text)) is None
    check_keys(tree(text))
