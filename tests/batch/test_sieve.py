"""The quick look loses nothing: against documents in every style, and against all of the corpus."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
import yaml

from sidecarify.examine import examine
from sidecarify.kube.objects import objects
from sidecarify.kube.workload import PodSpec, pod_specs, stray_pod_specs
from sidecarify.options import Options
from sidecarify.sieve import may_hold_pods, may_hold_several, may_hold_sidecars
from sidecarify.yamltext.documents import split
from sidecarify.yamltext.source import Source, TextError
from sidecarify.yamltext.tree import YamlError, parse
from tests.batch.pods import holds_several, texts

CORPUS = Path(__file__).parents[3] / "shared" / "corpus"

ONE = "spec:\n  containers:\n  - name: web\n    image: web:1\n"
TWO = "spec:\n  containers:\n  - name: web\n    image: web:1\n  - name: log\n    image: log:1\n"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("kind: Service\n", id="no such word"),
        pytest.param(ONE, id="one item"),
        pytest.param(ONE.replace("\n", "\r\n"), id="CRLF"),
        pytest.param(ONE.replace("  - name", "    - name").replace("    image", "      image"), id="indented list"),
        pytest.param(ONE + "  volumes:\n  - name: a\n  - name: b\n", id="other lists beside it"),
        pytest.param(ONE + "  initContainers:\n  - name: a\n", id="init containers"),
        pytest.param(ONE + "    args: ['a', \"b\", --x={y}]\n", id="quotes and flow on one line"),
        pytest.param(ONE + "---\n" + ONE, id="two documents with one each"),
        pytest.param(f"items:\n- {ONE}- {ONE}".replace("\n  ", "\n    "), id="a list of pods with one each"),
        pytest.param('{"spec": {"containers": [{"name": "web", "args": ["a", "b"]}]}}', id="JSON"),
        pytest.param("properties:\n  containers:\n    type: array\n    items:\n    - name\n", id="a schema"),
        pytest.param("args: [containers]\nnote: containers are fine\n", id="the word in a text"),
        pytest.param(ONE + "    # - name: log\n  # - name: log\n", id="an item in a comment"),
        pytest.param("spec:\n  containers:\n    # first\n\n    - name: web\n", id="a comment before the item"),
    ],
)
def test_what_certainly_holds_no_several(text: str) -> None:
    assert not may_hold_several(text.encode())


def test_what_is_not_certain_passes() -> None:
    """An apostrophe in a script could as well open a text that goes on in further lines."""
    assert may_hold_several((ONE + "    args:\n    - |\n      it's\n").encode())


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(TWO, id="two items"),
        pytest.param(TWO.replace("\n", "\r\n"), id="CRLF"),
        pytest.param(TWO.replace("containers", '"containers"'), id="quoted key"),
        pytest.param(TWO.replace("containers", '"cont\\u0061iners"'), id="escaped key"),
        pytest.param(TWO.replace("containers:", "containers :"), id="a gap before the colon"),
        pytest.param(TWO.replace("containers:", "containers: &c"), id="anchor"),
        pytest.param(TWO.replace("containers:", "containers: !!seq"), id="tag"),
        pytest.param("spec: {containers: [{name: web}, {name: log}]}\n", id="flow"),
        pytest.param('{"spec":{"containers":[{"name":"web"},{"name":"log"}]}}', id="dense JSON"),
        pytest.param("? containers\n: - name: web\n  - name: log\n", id="explicit key"),
        pytest.param("a: &i {name: x}\ncontainers:\n- *i\n- *i\n", id="aliases as items"),
        pytest.param("a: &c\n- name: a\n- name: b\nspec:\n  containers: *c\n", id="alias as the list"),
        pytest.param("containers:\n- name: web\n-\n  name: log\n", id="a dash alone on its line"),
        pytest.param('containers:\n- name: "we\nb: "\n- name: log\n', id="quoted text that goes on at the margin"),
        pytest.param("containers:\n- name: 'we\nb: '\n- name: log\n", id="the same in single quotes"),
        pytest.param("containers:\n- args: [a,\nb: c]\n  name: web\n- name: log\n", id="a flow list that does"),
        pytest.param('containers:\n- args: [a, "]",\nb]\n- name: log\n', id="a bracket in quotes"),
        pytest.param("containers:\n- args: [a, # ]\nb]\n- name: log\n", id="a bracket in a comment"),
        pytest.param("containers:\n- don't: 'we\nb: '\n- name: log\n", id="an apostrophe before the quote"),
        pytest.param("containers:\n- a: b\r  c: d\r- name: log\n", id="line ends of an old Mac"),
        pytest.param("containers:\n- name: a\x85- name: log\n", id="next line"),
        pytest.param("containers:\n- name: a\n\t\n- name: log\n", id="a line with a tab"),
        pytest.param("containers:\n{{- range .x }}\n- name: a\n{{- end }}\n", id="a template"),
        pytest.param("containers:\n- name: a\n{{- if .x }}\n- name: b\n{{- end }}\n", id="an item on a condition"),
        pytest.param("\ufeffcontainers:\n- name: a\n- name: b\n", id="byte order mark"),
    ],
)
def test_what_may_hold_several(text: str) -> None:
    assert may_hold_several(text.encode())


def test_utf_16_is_not_judged_by_its_bytes() -> None:
    for look in (may_hold_several, may_hold_pods, may_hold_sidecars):
        assert look(TWO.encode("utf-16"))


def test_a_pod_with_native_sidecars_is_never_lost() -> None:
    text = "spec:\n  initContainers:\n  - name: log\n    restartPolicy: Always\n"
    assert may_hold_sidecars(text.encode())
    assert may_hold_sidecars(text.replace("initC", "\\u0069nitC").replace("s:\n", 's":\n', 2).encode())
    assert not may_hold_sidecars(text.replace("    restartPolicy: Always\n", "").encode())


def check(text: str, counted: Counter[str]) -> None:
    try:
        expected = holds_several(text)
    except yaml.YAMLError:
        counted["not YAML"] += 1
        return
    passed = may_hold_several(text.encode())
    counted[f"{'several' if expected else 'one or none'}, {'passed' if passed else 'stopped'}"] += 1
    assert passed or not expected, text
    if expected:
        assert may_hold_pods(text.encode())


def compare(count: int, seed: int) -> Counter[str]:
    """Compare the quick look with the reading of so many documents; how many there were of which sort."""
    counted: Counter[str] = Counter()
    for text in texts(count, seed):
        check(text, counted)
    return counted


@pytest.mark.parametrize("seed", range(4))
def test_generated_documents_are_never_lost(seed: int) -> None:
    counted = compare(750, seed)
    assert counted["several, passed"] > 150
    assert counted["one or none, stopped"] > 30
    assert counted["not YAML"] < 120


@pytest.mark.slow
def test_fifty_thousand_generated_documents_are_never_lost() -> None:
    counted = compare(50_000, 1000)
    assert counted["several, passed"] > 10_000


def _pods(data: bytes) -> list[PodSpec]:
    """Every pod of a manifest, each of its documents parsed."""
    found: list[PodSpec] = []
    try:
        text = Source.decode(data).text
    except TextError:
        return found
    for document in split(text):
        try:
            for one in objects(parse(text[document.start : document.end])):
                found += pod_specs(one) if one.row is not None else stray_pod_specs(one)
        except YamlError:
            continue
    return found


def test_no_pod_of_the_corpus_is_lost() -> None:
    if not CORPUS.is_dir():
        pytest.skip("the corpus is not here")
    files = [path for path in sorted(CORPUS.rglob("*")) if path.suffix in (".yaml", ".yml", ".json", ".tpl")]
    several = passed = 0
    for path in files:
        data = path.read_bytes()
        passes = may_hold_several(data)
        passed += passes
        if any(len(pod.containers) > 1 for pod in _pods(data)):
            several += 1
            assert passes, path
            examined = examine(Source.decode(data), Options())
            assert examined.documents or examined.templates, path
        if any(one.is_native_sidecar for pod in _pods(data) for one in pod.init_containers):
            assert may_hold_sidecars(data), path
    assert several > 100
    assert passed < len(files) / 2
