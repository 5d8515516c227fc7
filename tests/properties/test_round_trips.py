"""There and back, and back and there: the fixtures and the corpus come out as they were."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from sidecarify import Options, convert_text, revert_text
from sidecarify.yamltext.lists import Placement
from tests.support.cases import Case, cases, force
from tests.support.corpus import ABSENT, MANIFESTS, Target, targets, texts
from tests.support.reverted import take_back
from tests.support.yaml_data import at, read_documents

CASES = [(case, placement) for case in cases("converted") for placement in case.placements]
# Their anchor stands in the helper and its alias behind it: at the end of `containers` it would come too late.
ONE_WAY = {"anchors/anchor-in-helper-alias-in-a-later-container"}
NULL = "tag:yaml.org,2002:null"


def runs() -> list[object]:
    return [pytest.param(case, placement, id=f"{case.name}-{placement}") for case, placement in CASES]


@pytest.mark.parametrize(("case", "placement"), runs())
def test_fixtures_there_and_back(case: Case, placement: Placement) -> None:
    converted = force(case.text, case.helpers, placement)
    back = take_back(converted.text, tuple({move.container for move in converted.moves}))
    if case.name in ONE_WAY:
        assert {refusal.rule for refusal in back.refusals} == {"undefined-alias"}
        assert back.text == converted.text
        return
    assert not back.refusals
    try:
        before = read_documents(case.text)
    except yaml.YAMLError:
        assert case.name == "documents/broken-neighbours"
        return
    moves = [(move.document, move.path, move.index) for move in converted.moves]
    assert unordered(read_documents(back.text)) == unordered(before)
    if placement == "auto" and all(_is_tail(before, move, moves) for move in moves):
        assert back.text == case.text


def _is_tail(documents: list[Any], move: tuple[int, str, int], moves: list[tuple[int, str, int]]) -> bool:
    """Whether the pod's moved containers were the last ones in their order, and it had no init containers."""
    document, path, _ = move
    spec = at(documents[document], path)
    own = [index for *pod, index in moves if pod == [document, path]]
    count = len(spec["containers"])
    plain = all(not hasattr(one.get("restartPolicy"), "value") for one in spec["containers"])
    return "initContainers" not in spec and plain and own == list(range(count - len(own), count))


def unordered(data: Any) -> Any:
    """The data with what the way back cannot know set aside.

    That is the order of `containers`, an empty `initContainers`, and `restartPolicy: Always` on a container.
    """
    if isinstance(data, list):
        return [unordered(one) for one in data]
    if not isinstance(data, dict):
        return data
    result = {key: unordered(value) for key, value in data.items()}
    if not result.get("initContainers") or getattr(result["initContainers"], "tag", "") == NULL:
        result.pop("initContainers", None)
    if isinstance(result.get("containers"), list):
        for one in result["containers"]:
            if isinstance(one, dict) and getattr(one.get("restartPolicy"), "value", "") == "Always":
                del one["restartPolicy"]
        result["containers"] = sorted(result["containers"], key=repr)
    return result


corpus = pytest.mark.skipif(not MANIFESTS.is_dir(), reason=ABSENT)


def there() -> list[object]:
    found = [target for target in targets() if target.conversion.moves] if MANIFESTS.is_dir() else []
    return [pytest.param(target, id=target.id) for target in found]


@corpus
@pytest.mark.parametrize("target", there())
def test_corpus_there_and_back(target: Target) -> None:
    back = take_back(target.conversion.text, (f"{target.object_name}:{target.move.name}",))
    assert not back.refusals
    before = read_documents(target.text)
    assert unordered(read_documents(back.text)) == unordered(before)
    if target.move.index == len(at(before[target.move.document], target.move.path)["containers"]) - 1:
        assert back.text == target.text


@corpus
def test_native_sidecars_of_the_corpus_back_and_there() -> None:
    """Native sidecars behind all init containers are where a conversion puts them: they come out as they were."""
    count = 0
    for path, text in texts().items():
        back = take_back(text, ("*",))
        if not back.moves:
            continue
        names = tuple(move.container for move in back.moves)
        again = convert_text(back.text, Options(helpers=names, mains=("*",), accept=("*",)))
        assert [move.container for move in again.moves] == list(names), path
        last = all(_stands_last(text, move.document, move.path, names) for move in back.moves)
        found, wanted = read_documents(again.text), read_documents(text)
        assert (found if last else _regrouped(found)) == (wanted if last else _regrouped(wanted)), path
        count += len(names)
    assert count > 3


def _stands_last(text: str, document: int, path: str, names: tuple[str, ...]) -> bool:
    inits = at(read_documents(text)[document], path)["initContainers"]
    own = [one["name"].value in names for one in inits]
    return own == sorted(own)


def _regrouped(data: Any) -> Any:
    """The data with the init containers in the order of their names."""
    if isinstance(data, list):
        return [_regrouped(one) for one in data]
    if not isinstance(data, dict):
        return data
    result = {key: _regrouped(value) for key, value in data.items()}
    if isinstance(result.get("initContainers"), list):
        result["initContainers"] = sorted(result["initContainers"], key=lambda one: str(one["name"].value))
    return result


@pytest.mark.skipif(not (MANIFESTS.parent / "judged").is_dir(), reason=ABSENT)
def test_native_sidecars_in_place_come_back_to_the_byte() -> None:
    count = 0
    for path in sorted((MANIFESTS.parent / "judged").glob("*.yaml")):
        text = path.read_bytes().decode("utf-8")
        back = revert_text(text, Options(only=("*",), accept=("*",)))
        if back.moves:
            names = tuple(move.container for move in back.moves)
            again = convert_text(back.text, Options(helpers=names, mains=("*",), accept=("*",)))
            assert again.text == text, path
            count += 1
    assert count
