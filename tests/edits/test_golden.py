"""The fixtures of edits, byte for byte: as they are, and in every layout that can be derived from them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import sidecarify
from sidecarify import Problem, Refusal
from sidecarify.yamltext.lists import Placement
from sidecarify.yamltext.source import Source, TextError
from tests.support.cases import EDITS, PLACEMENTS, Case, cases, force, params, read
from tests.support.layouts import LAYOUTS

CONVERTED = cases("converted")
REFUSED = cases("refused")
UNCHANGED = cases("unchanged")
QUICKSTART = EDITS.parent / "quickstart"

OF_BYTES = {"not-utf8", "utf-16"}
# What no manifest is known to provoke (test_verifier.py does), and what a pod spec cannot be (test_rewriting.py).
WITHOUT_CASE = {"verify-parse", "verify-lines", "overlap", "not-a-list", "item-not-a-map"}

# What a layout changes in meaning, so that the same conversion cannot come out.
_IN_A_LITERAL = "the lists of a manifest inside a literal scalar would be indented as well"
_TITLE_BETWEEN = "the title is within the list before and below it after, in the column of both"
_VALUE_CHANGES = "the scalar at the end of the file is another one without its line end"
OTHER_MEANING: dict[tuple[str, str], str] = {
    ("scalars/literal-that-looks-like-yaml", "list-indented-by-two-more"): _IN_A_LITERAL,
    ("scalars/literal-that-looks-like-yaml", "list-indented-by-two-less"): _IN_A_LITERAL,
    ("comments/section-title-stays-above-the-key", "list-indented-by-two-more"): _TITLE_BETWEEN,
    ("file/crlf", "no-final-newline"): _VALUE_CHANGES,
}


def converted_runs() -> list[object]:
    return [
        pytest.param(case, placement, id=f"{case.name}-{placement}")
        for case in CONVERTED
        for placement in case.placements
    ]


@pytest.mark.parametrize(("case", "placement"), converted_runs())
def test_converted(case: Case, placement: Placement) -> None:
    conversion = force(case.text, case.helpers, placement)
    assert conversion.text == case.after(placement)
    assert conversion.changed
    pods = {(move.document, move.path) for move in conversion.moves}
    assert not [refusal for refusal in conversion.refusals if (refusal.document, refusal.path) in pods]


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(("case", "placement"), converted_runs())
def test_converted_in_another_layout(case: Case, placement: Placement, layout: str) -> None:
    reason = OTHER_MEANING.get((case.name, layout))
    if reason is not None:
        pytest.skip(reason)
    before, after = LAYOUTS[layout](case.text), LAYOUTS[layout](case.after(placement))
    if before is None or after is None:
        pytest.skip("the layout cannot be derived for this manifest")
    assert force(before, case.helpers, placement).text == after


@pytest.mark.parametrize(("case", "placement"), converted_runs())
def test_converted_once_is_converted_for_good(case: Case, placement: Placement) -> None:
    again = force(case.after(placement), case.helpers, placement)
    assert (again.text, again.changed, again.moves) == (case.after(placement), False, ())


@pytest.mark.parametrize("placement", PLACEMENTS)
@pytest.mark.parametrize("case", params([case for case in REFUSED if case.name.split("/")[0] not in OF_BYTES]))
def test_refused(case: Case, placement: Placement) -> None:
    if placement not in case.placements:
        pytest.skip("the other placement can do it")
    conversion = force(case.text, case.helpers, placement)
    codes = {refusal.rule for refusal in conversion.refusals} | {error.code for error in conversion.errors}
    assert codes == {case.name.split("/")[0]}
    assert (conversion.text, conversion.changed, conversion.moves) == (case.text, False, ())
    told_of: list[Refusal | Problem] = [*conversion.refusals, *conversion.errors]
    for told in told_of:
        assert 1 <= told.line <= case.text.count("\n") + 1
        assert told.message


@pytest.mark.parametrize("case", params([case for case in REFUSED if case.name.split("/")[0] in OF_BYTES]))
def test_refused_before_it_is_text(case: Case) -> None:
    with pytest.raises(TextError) as caught:
        Source.decode(case.before.read_bytes())
    assert caught.value.code == case.name.split("/")[0]
    assert caught.value.line >= 1


@pytest.mark.parametrize("placement", PLACEMENTS)
@pytest.mark.parametrize("case", params(UNCHANGED))
def test_unchanged(case: Case, placement: Placement) -> None:
    conversion = force(case.text, case.helpers, placement)
    assert (conversion.text, conversion.changed) == (case.text, False)
    assert (conversion.moves, conversion.refusals, conversion.errors) == ((), (), ())


@pytest.mark.parametrize("text", [pytest.param("", id="empty"), pytest.param("\ufeff", id="nothing but a BOM")])
def test_nothing_comes_of_nothing(text: str) -> None:
    assert force(text).text == text


@pytest.mark.parametrize(("placement", "after"), [("auto", "after"), ("before", "after-before")])
def test_quickstart(placement: Placement, after: str) -> None:
    """The README's example needs no force: the judge finds the helper and moves it."""
    before = read(QUICKSTART / "web-with-logger.yaml")
    conversion = sidecarify.convert_text(before, sidecarify.Options(placement=placement))
    assert conversion.text == read(QUICKSTART / f"web-with-logger.{after}.yaml")
    assert [move.container for move in conversion.moves] == ["log-reader"]
    assert not sidecarify.convert_text(conversion.text, sidecarify.Options(placement=placement)).changed


def test_quickstart_adds_two_lines() -> None:
    before = read(QUICKSTART / "web-with-logger.yaml").splitlines()
    after = read(QUICKSTART / "web-with-logger.after.yaml").splitlines()
    added = [(number, line.strip()) for number, line in enumerate(after, 1) if line not in before]
    assert added == [(14, "initContainers:"), (17, "restartPolicy: Always")]
    assert [line for line in after if line in before] == before


def test_every_refusal_code_has_a_case() -> None:
    """Read from the source: a new code without a fixture fails here."""
    package = Path(sidecarify.__file__).parent
    raised = re.compile(r"""(?:Unmovable|Yaml|Text|Verify)Error\(\s*f?"([^"]+)",""")
    files = [package / "verify.py", package / "rewrite.py", *(package / "yamltext").glob("*.py")]
    codes = {code for path in files for code in raised.findall(read(path))}
    codes = {code for pattern in codes for code in _spelled_out(pattern)}
    assert codes - WITHOUT_CASE <= {case.name.split("/")[0] for case in REFUSED}


def test_every_refusal_code_is_documented() -> None:
    page = read(EDITS.parents[1] / "docs" / "refusals.md")
    assert {case.name.split("/")[0] for case in REFUSED} - {"kind-unsupported"} <= set(
        re.findall(r"`([a-zA-Z0-9-]+)`", page)
    )


def _spelled_out(pattern: str) -> list[str]:
    if "{" not in pattern:
        return [pattern]
    return [re.sub(r"\{.*?\}", "initContainers", pattern)]
