"""Asking about the moves of a tree: once for all files that are written together."""

from __future__ import annotations

from pathlib import Path

import pytest

from sidecarify import Options
from sidecarify.plan import Refusal
from sidecarify.review import Answer, Outcomes, Person, Question, ReviewedTree, TreeKey, review_tree
from sidecarify.survey import survey
from sidecarify.tree_outcomes import convert_tree
from sidecarify.trees import forest
from tests.kustomize.test_tree import BASE, FOLLOWED, tree


def two_workloads() -> dict[str, str]:
    files = tree(prod=FOLLOWED)
    files["base/kustomization.yaml"] = "resources: [shop.yaml, till.yaml]\n"
    return files | {"base/till.yaml": BASE.replace("shop", "till")}


def ask(
    root: Path, files: dict[str, str], *answers: Answer, options: Options | None = None
) -> tuple[ReviewedTree, list[Question], list[str]]:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    looked = survey([str(root)])
    chosen = options or Options()
    (one,) = forest(looked, lambda _: chosen).trees
    questions: list[Question] = []
    told: list[str] = []
    left = list(answers)

    def redo(wanted: frozenset[TreeKey] | None) -> Outcomes:
        return convert_tree(one, looked, lambda _: chosen, wanted=wanted)

    def answer(question: Question) -> Answer:
        questions.append(question)
        return left.pop(0)

    person = Person(answer, lambda what: told.append(what.rule if isinstance(what, Refusal) else what.code))
    return review_tree(redo, person), questions, told


def changed(reviewed: ReviewedTree, root: Path) -> list[str]:
    return [Path(path).relative_to(root).as_posix() for path, one in reviewed.outcomes.items() if one.changed]


def test_one_question_for_all_files_of_a_move(tmp_path: Path) -> None:
    reviewed, (question,), _ = ask(tmp_path, tree(prod=FOLLOWED), "yes")
    assert changed(reviewed, tmp_path) == ["base/shop.yaml", "prod/patch.yaml"]
    assert [one.move.container for one in question.asked] == ["git-sync"]
    assert question.asked[0].owner is not None
    assert question.asked[0].reasons
    heads = [line for line in question.hunk.splitlines() if line.startswith("+++")]
    assert [head.partition(f"{tmp_path}/")[2] for head in heads] == ["base/shop.yaml", "prod/patch.yaml"]
    assert question.proposed == b""


@pytest.mark.parametrize(
    ("answers", "files", "declined", "quits"),
    [
        pytest.param(["yes", "yes"], ["base/shop.yaml", "base/till.yaml", "prod/patch.yaml"], 0, False, id="both"),
        pytest.param(["no", "yes"], ["base/till.yaml"], 1, False, id="the-second"),
        pytest.param(["yes", "no"], ["base/shop.yaml", "prod/patch.yaml"], 1, False, id="the-first"),
        pytest.param(["all"], ["base/shop.yaml", "base/till.yaml", "prod/patch.yaml"], 0, False, id="all"),
        pytest.param(["done"], [], 2, False, id="none-of-them"),
        pytest.param(["quit"], [], 1, True, id="the-end-at-once"),
        pytest.param(["yes", "quit"], ["base/shop.yaml", "prod/patch.yaml"], 1, True, id="the-end"),
    ],
)
def test_answers(tmp_path: Path, answers: list[Answer], files: list[str], declined: int, quits: bool) -> None:
    reviewed, questions, _ = ask(tmp_path, two_workloads(), *answers)
    assert sorted(changed(reviewed, tmp_path)) == files
    assert (reviewed.declined, reviewed.quit) == (declined, quits)
    assert reviewed.unasked == int(answers == ["quit"])
    assert [(one.number, one.last) for one in questions] == [(number, 2) for number in range(1, len(answers) + 1)]


def test_the_second_question_shows_what_it_adds(tmp_path: Path) -> None:
    _, (_, second), _ = ask(tmp_path, two_workloads(), "yes", "yes")
    assert "shop.yaml" not in second.hunk
    assert "till.yaml" in second.hunk


def test_a_helper_of_an_overlay_that_needs_one_of_the_base(tmp_path: Path) -> None:
    """The patch names what it must follow, so that all of them are one move."""
    base = BASE.replace(
        "      volumes:\n",
        "      - name: cloud-sql-proxy\n        image: gcr.io/cloud-sql-connectors/cloud-sql-proxy:2.14.1\n"
        "        args: [--port=5432, p:r:db]\n      volumes:\n",
    )
    uses = (
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: shop}\nspec:\n  template:\n    spec:\n"
        "      containers:\n      - name: exporter\n        image: prometheuscommunity/postgres-exporter:v0.15.0\n"
        "        env:\n        - {name: DATA_SOURCE_URI, value: 'localhost:5432/db'}\n"
    )
    options = Options(unsafe=True, shared_volume=False)
    reviewed, (question,), _ = ask(tmp_path, tree(base, prod=uses), "no", options=options)
    assert sorted(one.move.container for one in question.asked) == ["cloud-sql-proxy", "exporter", "git-sync"]
    assert changed(reviewed, tmp_path) == []
    assert reviewed.declined == 3
