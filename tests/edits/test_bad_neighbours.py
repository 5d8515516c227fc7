"""A document that cannot be read as an object leaves its neighbours alone."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sidecarify import Conversion, convert_text, revert_text
from tests.support.cases import FIXTURES, read

PLAIN = read(FIXTURES / "quickstart" / "web-with-logger.yaml")
NATIVE = read(FIXTURES / "quickstart" / "web-with-logger.after.yaml")
TWICE = "kind: Pod\nkind: Pod\nspec:\n  containers: [{name: a}, {name: b}]\n  initContainers: [{name: c}]\n"


@pytest.mark.parametrize(
    ("change", "before", "after"),
    [pytest.param(convert_text, PLAIN, NATIVE, id="convert"), pytest.param(revert_text, NATIVE, PLAIN, id="revert")],
)
@pytest.mark.parametrize("first", [pytest.param(True, id="above"), pytest.param(False, id="below")])
def test_a_key_of_the_object_that_stands_twice(
    change: Callable[[str], Conversion], before: str, after: str, first: bool
) -> None:
    conversion = change(f"{TWICE}---\n{before}" if first else f"{before}---\n{TWICE}")
    assert [error.code for error in conversion.errors] == ["duplicate-key"]
    assert conversion.text == (f"{TWICE}---\n{after}" if first else f"{after}---\n{TWICE}")
