"""What Kubernetes itself makes of the results: kubectl decodes them, the API schema of 1.33 accepts them."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from tests.support.corpus import ABSENT, MANIFESTS, objects
from tests.support.kubectl import KubectlError, decode_all, decoded
from tests.support.results import Result, of_corpus, of_fixtures, of_reverts
from tests.support.yaml_data import at, demote, promote, read_documents

# Fixtures that kubectl rejects before any conversion.
REJECTED_FIXTURES = {
    "documents/broken-neighbours": "one bad document makes kubectl reject the file",
    "documents/yaml-directive": "kubectl cuts at every `---`, which leaves the directive alone",
    "values/odd-values": "JSON, to which kubectl turns everything, has no NaN",
}


def results() -> list[object]:
    return [pytest.param(result, id=result.id) for result in (*of_fixtures(), *of_corpus(), *of_reverts())]


@pytest.fixture(scope="module", autouse=True)
def _decode_everything() -> None:
    """Start kubectl for all texts at once: one after another they would take minutes."""
    every = (*of_fixtures(), *of_corpus(), *of_reverts())
    decode_all(text for result in every for text in (result.before, result.after))


@pytest.mark.parametrize("result", results())
def test_kubectl_reads_the_expected_object(result: Result) -> None:
    before, after = decoded(result.before), decoded(result.after)
    if isinstance(before, KubectlError):
        assert isinstance(after, KubectlError), "kubectl takes the result, though it did not take the manifest"
        pytest.skip(f"kubectl does not take the manifest: {str(before)[:200]}")
    assert not isinstance(after, KubectlError), after
    assert after == tuple(expected(result, before))


def expected(result: Result, before: tuple[Any, ...]) -> list[Any]:
    """The objects that kubectl read before, with the list surgery done on them."""
    found = copy.deepcopy(list(before))
    places = [
        (index, prefix)
        for index, document in enumerate(read_documents(result.before))
        for prefix, _ in objects(document)
    ]
    assert len(places) == len(found)
    pods: dict[tuple[int, str], list[tuple[int, str]]] = {}
    for move in result.moves:
        pods.setdefault(move.pod, []).append((move.index, move.name))
    for (document, path), chosen in pods.items():
        number, prefix = next(
            (number, prefix)
            for number, (index, prefix) in enumerate(places)
            if index == document and (not prefix or path.startswith(f"{prefix}."))
        )
        inner = path.removeprefix(f"{prefix}.") if prefix else path
        spec = at(found[number], inner)
        if result.reverted:
            demote(spec, chosen)
        else:
            promote(spec, chosen, "Always")
    return found


@pytest.mark.parametrize("result", results())
def test_schema_still_accepts_it(result: Result) -> None:
    kubernetes_validate = pytest.importorskip("kubernetes_validate")
    before, after = decoded(result.before), decoded(result.after)
    if isinstance(before, KubectlError) or isinstance(after, KubectlError):
        pytest.skip("kubectl does not take the manifest")
    checked = 0
    for old, new in zip(before, after, strict=True):
        if old == new:
            continue
        try:
            kubernetes_validate.validate(old, "1.33", strict=False)
        except (kubernetes_validate.ValidationError, kubernetes_validate.SchemaNotFoundError):
            continue
        kubernetes_validate.validate(new, "1.33", strict=False)
        checked += 1
    if not checked:
        pytest.skip("the schema does not accept the manifest, or has none for its kind")


def test_kubectl_takes_almost_all_of_the_fixtures() -> None:
    """A judge that rejects everything would agree with anything."""
    rejected = {
        result.id.rpartition("-")[0] for result in of_fixtures() if isinstance(decoded(result.before), KubectlError)
    }
    assert rejected == set(REJECTED_FIXTURES)


@pytest.mark.skipif(not MANIFESTS.is_dir(), reason=ABSENT)
def test_kubectl_takes_almost_all_of_the_corpus() -> None:
    taken = [result for result in of_corpus() if not isinstance(decoded(result.before), KubectlError)]
    assert len(taken) > 0.9 * len(of_corpus())
