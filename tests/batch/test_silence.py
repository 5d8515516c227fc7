"""The quick look stops only what a full reading has nothing to tell of: the outcome is the same with it and without."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from random import Random

import pytest

from sidecarify.batch import convert_one, inspect_one
from sidecarify.direction import TO_CONTAINER, TO_SIDECAR, Direction
from sidecarify.discover import Manifest
from sidecarify.options import Options
from sidecarify.outcome import Outcome
from sidecarify.sieve import Look, look
from sidecarify.survey import survey
from tests.batch.pods import texts

CORPUS = Path(__file__).parents[3] / "shared" / "corpus"
MANIFEST = Manifest("a.yaml", "/a.yaml")
POD = """\
apiVersion: v1
kind: Pod
metadata:
  name: web
spec:
  containers:
  - name: web
    image: web:1
"""
SERVICE = "apiVersion: v1\nkind: Service\nmetadata:\n  name: web\n"


@pytest.fixture
def full(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Every document is read in full."""
    monkeypatch.setattr("sidecarify.examine.look", lambda *_: Look.WANTED)
    return monkeypatch


def summed_up(outcome: Outcome) -> tuple[object, ...]:
    """An outcome without the trees that its moves carry."""
    moves = [move.key for move in outcome.moves]
    return outcome.after, moves, outcome.refusals, outcome.troubles, outcome.reasons, outcome.named, outcome.owners


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(SERVICE, Look.NOTHING, id="no pod"),
        pytest.param(POD, Look.PODS, id="one container"),
        pytest.param(f"{POD}---\n{SERVICE}", Look.PODS, id="documents with the same keys"),
        pytest.param(f"{POD}---\n{POD}", Look.PODS, id="two pods with one each"),
        pytest.param(POD + "  - name: log\n", Look.WANTED, id="two containers"),
        pytest.param(POD + "    # sidecarify: helper\n", Look.WANTED, id="a comment that decides"),
        pytest.param(POD + "    # sidecars are for others\n", Look.PODS, id="a comment that does not"),
        pytest.param(POD + "    args: {{ .Values.args }}\n", Look.WANTED, id="a template"),
        pytest.param(POD + "    args: {a: {b: c} }\n", Look.PODS, id="braces that are no template"),
        pytest.param(POD + " volumes: []\n", Look.WANTED, id="indented wrongly"),
        pytest.param(POD + "  volumes: []\n", Look.PODS, id="indented rightly"),
        pytest.param(POD + "    args: [a\n", Look.WANTED, id="a bracket that never closes"),
        pytest.param(POD + "    workingDir: *home\n", Look.WANTED, id="an alias without anchor"),
        pytest.param(POD + "    workingDir: '*home'\n", Look.PODS, id="a star in quotes"),
        pytest.param(POD + "  containers:\n  - name: log\n", Look.WANTED, id="the list twice"),
        pytest.param(POD + "spec:\n  hostNetwork: true\n", Look.WANTED, id="a key twice on the way to the pod"),
        pytest.param(POD + "status:\n  containers:\n  - name: log\n", Look.PODS, id="the key in another mapping"),
        pytest.param(POD.replace("web:1", "web:1\x07"), Look.WANTED, id="a character that YAML forbids"),
    ],
)
def test_what_a_look_at_the_bytes_shows(text: str, expected: Look) -> None:
    assert look(text.encode(), TO_SIDECAR) is expected


def test_bytes_that_are_no_text_are_told() -> None:
    assert look(POD.encode() + b"    # \xff\n", TO_SIDECAR) is Look.WANTED
    assert look(SERVICE.encode() + b"# \xff\n", TO_SIDECAR) is Look.NOTHING


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(POD + "  - name: log\n", Look.PODS, id="ordinary containers"),
        pytest.param(POD + "  initContainers:\n  - name: log\n    restartPolicy: Always\n", Look.WANTED, id="sidecar"),
        pytest.param(POD + "  initContainers:\n  - name: log\n", Look.PODS, id="ordinary init container"),
        pytest.param(POD + "  initContainers:\n   - name: log\n  - name: b\n", Look.WANTED, id="what cannot be read"),
        pytest.param(POD + " volumes: []\n", Look.PODS, id="no init container in what cannot be read"),
    ],
)
def test_what_a_look_shows_on_the_way_back(text: str, expected: Look) -> None:
    assert look(text.encode(), TO_CONTAINER) is expected


def test_one_container_is_enough_where_the_user_names_helpers(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(POD)
    (tmp_path / "b.yaml").write_text(SERVICE)
    for names_helpers, expected in ((False, []), (True, ["a.yaml"])):
        looked = survey([str(tmp_path)], names_helpers=lambda _, answer=names_helpers: answer)  # type: ignore[misc]
        assert [Path(one.name).name for one in looked.candidates] == expected
        assert looked.unchanged == 2 - len(expected)


def test_what_is_given_by_name_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(POD)
    assert len(survey([str(path)], names_helpers=lambda _: False).candidates) == 1


def check(data: bytes, direction: Direction, counted: Counter[str], full: pytest.MonkeyPatch) -> None:
    """Compare the outcomes of one manifest with the quick look and without."""
    expected = convert_one(MANIFEST, data, Options(), direction=direction)
    shown = inspect_one(MANIFEST, data, Options()) if direction.promotes else None
    with full.context() as undone:
        undone.setattr("sidecarify.examine.look", look)
        if look(data, direction) is Look.WANTED:
            assert summed_up(convert_one(MANIFEST, data, Options(), direction=direction)) == summed_up(expected)
            assert shown is None or inspect_one(MANIFEST, data, Options()) == shown
            counted["told, read"] += bool(expected.refusals or expected.moves or expected.troubles)
            return
    counted["stopped"] += 1
    assert not expected.changed
    assert not (expected.moves or expected.refusals or expected.troubles), expected
    assert shown is None or not (shown.pods or shown.troubles or shown.templates)


def test_the_outcomes_of_the_corpus_are_the_same(full: pytest.MonkeyPatch) -> None:
    if not CORPUS.is_dir():
        pytest.skip("the corpus is not here")
    counted: Counter[str] = Counter()
    for path in sorted(CORPUS.rglob("*")):
        if path.suffix in (".yaml", ".yml", ".json", ".tpl"):
            for direction in (TO_SIDECAR, TO_CONTAINER):
                check(path.read_bytes(), direction, counted, full)
    assert counted["told, read"] > 200
    assert counted["stopped"] > 1000


def spoiled(text: str, drawn: Random) -> str:
    """The text as a hasty hand leaves it: a line is lost, stands twice, is moved, or is indented otherwise."""
    lines = text.splitlines(keepends=True)
    place = drawn.randrange(len(lines))
    line = lines[place]
    lines[place : place + 1] = drawn.choice(
        [[], [line, line], [f" {line}"], [line[1:]], [line.replace(":", "")], [line.replace("'", "").replace("]", "")]]
    )
    return "".join(lines)


@pytest.mark.parametrize("seed", range(4))
def test_the_outcomes_of_spoiled_manifests_are_the_same(seed: int, full: pytest.MonkeyPatch) -> None:
    drawn = Random(seed)
    counted: Counter[str] = Counter()
    for text in texts(400, seed):
        check((spoiled(text, drawn) if text else text).encode(), TO_SIDECAR, counted, full)
    for _ in range(400):
        text = drawn.choice([POD, POD + "---\n" + SERVICE, POD + "  volumes:\n  - name: a\n    emptyDir: {}\n"])
        check(spoiled(text, drawn).encode(), TO_SIDECAR, counted, full)
    assert counted["told, read"] > 100
    assert counted["stopped"] > 100
