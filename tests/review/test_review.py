"""What a review asks, and what becomes of a manifest by the answers."""

from __future__ import annotations

from collections.abc import Callable, Container
from typing import NamedTuple

import pytest

from sidecarify.batch import convert_one
from sidecarify.discover import Manifest
from sidecarify.options import Options
from sidecarify.outcome import Outcome, Trouble
from sidecarify.plan import MoveKey, Refusal
from sidecarify.report.diff import unified
from sidecarify.review import Answer, Edited, Person, Question, Reviewed, review
from tests.support.manifests import TWO_HELPERS

MANIFEST = Manifest("web.yaml", "/web.yaml", explicit=True)
TWO = TWO_HELPERS.encode()
API = TWO.replace(b"name: web,", b"name: api,")
# The reloader reads what the agent writes: the agent must start first.
CHAIN = b"""\
kind: Deployment
apiVersion: apps/v1
metadata: {name: web}
spec:
  template:
    spec:
      containers:
        - name: web
          image: registry.example/web:1
          volumeMounts: [{name: secrets, mountPath: /secrets, readOnly: true}]
        - name: proxy
          image: envoyproxy/envoy:v1.31
          args: [--config-path, /secrets/envoy.yaml]
          volumeMounts: [{name: secrets, mountPath: /secrets, readOnly: true}]
        - name: agent
          image: hashicorp/vault:1.17
          args: [agent, -config=/etc/vault/agent.hcl]
          volumeMounts: [{name: secrets, mountPath: /secrets}]
      volumes: [{name: secrets, emptyDir: {}}]
"""


class Asked(NamedTuple):
    reviewed: Reviewed
    questions: list[Question]
    told: list[Refusal | Trouble]


def asked(text: bytes, *answers: Answer | Callable[[Question], Edited], options: Options | None = None) -> Asked:
    """A review in which these answers are given, one after the other."""
    chosen = options or Options()

    def redo(data: bytes, wanted: Container[MoveKey] | None) -> Outcome:
        return convert_one(MANIFEST, data, chosen, wanted=wanted)

    questions: list[Question] = []
    told: list[Refusal | Trouble] = []
    waiting = list(answers)

    def ask(question: Question) -> Answer | Edited:
        questions.append(question)
        answer = waiting.pop(0)
        return answer if isinstance(answer, str) else answer(question)

    reviewed = review(redo(text, None), redo, Person(ask, told.append))
    assert not waiting
    return Asked(reviewed, questions, told)


def only(text: bytes, *names: str, options: Options | None = None) -> bytes:
    """The manifest in which these containers have moved."""
    whole = convert_one(MANIFEST, text, options or Options())
    keys = {move.key for move in whole.moves if move.container in names}
    return convert_one(MANIFEST, text, options or Options(), wanted=keys).after


@pytest.mark.parametrize(
    ("answers", "moved"),
    [
        pytest.param(["yes", "yes"], ("log", "copy"), id="both"),
        pytest.param(["yes", "no"], ("log",), id="the first alone"),
        pytest.param(["no", "yes"], ("copy",), id="the second alone"),
        pytest.param(["no", "no"], (), id="none"),
        pytest.param(["all"], ("log", "copy"), id="a: all of the file"),
        pytest.param(["no", "all"], ("copy",), id="a leaves what was declined"),
        pytest.param(["done"], (), id="d: none of the file"),
        pytest.param(["yes", "done"], ("log",), id="d keeps what was accepted"),
        pytest.param(["yes", "quit"], ("log",), id="q keeps what was accepted"),
    ],
)
def test_what_is_accepted_moves_and_nothing_else(answers: list[Answer], moved: tuple[str, ...]) -> None:
    found = asked(TWO, *answers).reviewed
    assert found.after == only(TWO, *moved)
    assert tuple(move.container for move in found.moves) == moved
    assert found.declined + found.unasked == 2 - len(moved)
    assert found.quit is (answers[-1] == "quit")


@pytest.mark.parametrize(
    ("answer", "declined", "unasked"),
    [pytest.param("done", 2, 0, id="d answers for the rest"), pytest.param("quit", 1, 1, id="q does not")],
)
def test_what_was_not_asked_about_was_not_declined(answer: Answer, declined: int, unasked: int) -> None:
    found = asked(TWO, answer).reviewed
    assert (found.declined, found.unasked) == (declined, unasked)


def test_all_is_what_convert_does() -> None:
    assert asked(TWO, "all").reviewed.after == convert_one(MANIFEST, TWO, Options()).after != TWO


def test_a_question_shows_what_it_adds_to_what_was_accepted() -> None:
    first, second = asked(TWO, "yes", "yes").questions
    assert [(one.move.container, one.number, one.last) for one in (first, second)] == [("log", 1, 2), ("copy", 2, 2)]
    assert "+      initContainers:" in first.hunk
    assert second.hunk == unified(only(TWO, "log").decode(), only(TWO, "log", "copy").decode(), "web.yaml")
    assert first.asked[0].owner is not None
    assert (first.asked[0].owner.kind, first.asked[0].owner.name) == ("Deployment", "web")
    assert first.asked[0].reasons
    assert all(reason.container == "log" for reason in first.asked[0].reasons)


def test_the_hunk_of_the_second_does_not_hold_a_first_that_was_declined() -> None:
    _, second = asked(TWO, "no", "yes").questions
    assert "+      initContainers:" in second.hunk


def test_each_document_has_its_own_moves() -> None:
    found = asked(TWO + b"---\n" + API, "yes", "no", "no", "yes").reviewed
    assert found.after == only(TWO, "log") + b"---\n" + only(API, "copy")


class TestOneThatNeedsAnother:
    OPTIONS = Options(unsafe=True, helpers=("proxy", "agent"), accept=("*",))

    def test_the_one_that_is_needed_is_asked_about_first(self) -> None:
        found = asked(CHAIN, "yes", "yes", options=self.OPTIONS)
        assert [one.move.container for one in found.questions] == ["agent", "proxy"]
        assert found.reviewed.after == convert_one(MANIFEST, CHAIN, self.OPTIONS).after

    def test_without_it_there_is_no_question_but_a_reason(self) -> None:
        found = asked(CHAIN, "no", options=self.OPTIONS)
        assert [one.move.container for one in found.questions] == ["agent"]
        assert [(one.container, one.rule) for one in found.told if isinstance(one, Refusal)] == [
            ("proxy", "needs-unmoved-helper")
        ]
        assert found.reviewed.after == CHAIN
        assert found.reviewed.declined == 2


class TestEditing:
    def test_an_edited_text_is_taken_over(self) -> None:
        def edit(question: Question) -> Edited:
            return Edited(
                question.proposed.replace(b"name: logs, emptyDir: {}", b"name: logs, emptyDir: {medium: Memory}")
            )

        found = asked(TWO, edit, "no").reviewed
        assert found.edited
        assert found.after == only(TWO, "log").replace(b"emptyDir: {}", b"emptyDir: {medium: Memory}")

    def test_the_rest_is_asked_about_in_the_edited_text(self) -> None:
        def edit(question: Question) -> Edited:
            return Edited(b"# ours\n" + question.proposed)

        found = asked(TWO, edit, "yes")
        assert [one.move.container for one in found.questions] == ["log", "copy"]
        assert found.reviewed.after == only(b"# ours\n" + only(TWO, "log"), "copy")

    def test_a_text_that_is_left_as_it_is_counts_as_yes(self) -> None:
        found = asked(TWO, lambda question: Edited(question.proposed), "no").reviewed
        assert (found.after, found.edited) == (only(TWO, "log"), False)

    @pytest.mark.parametrize(
        "text",
        [
            pytest.param(TWO.replace(b"volumes: [", b"volumes: ["[:-2] + b"[["), id="no YAML"),
            pytest.param(b"\xff" + TWO, id="not UTF-8"),
            pytest.param(TWO.replace(b"      volumes:", b"      containers: []\n      volumes:"), id="a key twice"),
        ],
    )
    def test_a_text_that_cannot_be_read_is_not_taken_over(self, text: bytes) -> None:
        found = asked(TWO, lambda _: Edited(text), "no", "no")
        assert [one.move.container for one in found.questions] == ["log", "log", "copy"]
        assert any(isinstance(one, Trouble) for one in found.told)
        assert found.reviewed.after == TWO

    def test_what_could_not_be_read_before_is_no_fault_of_the_edit(self) -> None:
        text = TWO + b"---\nkind: Pod\nspec: {containers: [\n"
        found = asked(text, lambda question: Edited(b"# ours\n" + question.proposed), "done").reviewed
        assert found.after.startswith(b"# ours\n")
