"""The way back: what a conversion has moved can be taken back, and is then an ordinary container again."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest

from sidecarify import Options, revert_text
from sidecarify.yamltext.lists import Placement
from tests.properties.checks import force
from tests.properties.generator import manifest
from tests.support.cases import PLACEMENTS, Case, cases
from tests.support.cases import force as force_case
from tests.support.yaml_data import Moved, read_documents, taken_back

SEEDS = range(250)
# In place at the end of `containers`, where the key alone was written: taking that away gives back every byte.
IN_PLACE = (
    "position/last",
    "position/two-last",
    "comments/above-adjacent-last",
    "file/no-final-newline-last",
    "lists/blank-lines-last",
)


@pytest.mark.parametrize("placement", PLACEMENTS)
def test_sidecars_are_taken_back(placement: Placement) -> None:
    counts: Counter[str] = Counter()
    for seed in SEEDS:
        case = manifest(Random(seed))
        converted = force(case.text, case, placement)
        if not converted.moves or converted.errors:
            continue
        back = revert_text(converted.text, Options(helpers=case.helpers, accept=("*",)))
        moves = [Moved(move.document, move.path, move.init_index, move.container) for move in back.moves]
        assert read_documents(back.text) == taken_back(read_documents(converted.text), moves), seed
        assert {refusal.rule for refusal in back.refusals} <= {"verify-model", "verify-alias", "undefined-alias"}, seed
        names = {move.container for move in converted.moves}
        told = {move.name for move in moves} | {refusal.container for refusal in back.refusals}
        assert names <= told, seed
        counts["moved"] += len(moves)
        counts["refused"] += len(back.refusals)
    assert counts["moved"] > len(SEEDS)
    assert counts["refused"] < counts["moved"] / 50


@pytest.mark.parametrize("name", IN_PLACE)
def test_taking_back_what_stayed_in_place_gives_back_every_byte(name: str) -> None:
    case = _case(name)
    converted = force_case(case.text)
    assert revert_text(converted.text, Options(helpers=("log*",), accept=("*",))).text == case.text


def _case(name: str) -> Case:
    return next(case for case in cases("converted") if case.name == name)
