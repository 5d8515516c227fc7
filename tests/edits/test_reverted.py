"""The fixtures of the way back, byte for byte: as they are, and in every layout that can be derived from them."""

from __future__ import annotations

import pytest

from sidecarify import Problem, Refusal
from tests.support.layouts import LAYOUTS
from tests.support.reverted import Case, cases, take_back

DONE = cases("done")
REFUSED = cases("refused")
UNCHANGED = cases("unchanged")

# The layouts shift lists of native sidecars alone, so that before and after do not correspond.
TEXTUAL = ("crlf", "bom", "no-final-newline", "after-another-document", "before-another-document")
_VALUE_CHANGES = "the literal scalar that comes to stand at the end of the file would lose its line end"
OTHER_MEANING = {("place/lists-of-different-indentation", "no-final-newline"): _VALUE_CHANGES}


def params(found: list[Case]) -> list[object]:
    return [pytest.param(case, id=case.name) for case in found]


@pytest.mark.parametrize("case", params(DONE))
def test_reverted(case: Case) -> None:
    conversion = take_back(case.text)
    assert conversion.text == case.after
    assert conversion.changed
    assert not conversion.refusals
    assert all(move.reverted for move in conversion.moves)


@pytest.mark.parametrize("layout", TEXTUAL)
@pytest.mark.parametrize("case", params(DONE))
def test_reverted_in_another_layout(case: Case, layout: str) -> None:
    reason = OTHER_MEANING.get((case.name, layout))
    if reason is not None:
        pytest.skip(reason)
    before, after = LAYOUTS[layout](case.text), LAYOUTS[layout](case.after)
    if before is None or after is None:
        pytest.skip("the layout cannot be derived for this manifest")
    assert take_back(before).text == after


@pytest.mark.parametrize("case", params(DONE))
def test_reverted_once_is_reverted_for_good(case: Case) -> None:
    again = take_back(case.after)
    assert (again.text, again.changed, again.moves, again.refusals) == (case.after, False, (), ())


@pytest.mark.parametrize("case", params(REFUSED))
def test_refused(case: Case) -> None:
    conversion = take_back(case.text)
    codes = {refusal.rule for refusal in conversion.refusals} | {error.code for error in conversion.errors}
    assert codes == {case.name.split("/")[0]}
    assert (conversion.text, conversion.changed, conversion.moves) == (case.text, False, ())
    every: list[Refusal | Problem] = [*conversion.refusals, *conversion.errors]
    for told in every:
        assert 1 <= told.line <= case.text.count("\n") + 1
        assert told.message


@pytest.mark.parametrize("case", params(UNCHANGED))
def test_unchanged(case: Case) -> None:
    conversion = take_back(case.text)
    assert (conversion.text, conversion.changed) == (case.text, False)
    assert (conversion.moves, conversion.refusals, conversion.errors) == ((), (), ())
