"""What a pod spec must not be to be edited, and what a conversion tells of its moves."""

from __future__ import annotations

import pytest

from sidecarify import Move, Options, convert_text
from sidecarify.direction import TO_SIDECAR
from sidecarify.kube.objects import objects
from sidecarify.kube.workload import PodSpec, pod_specs
from sidecarify.rewrite import check_container, check_pod
from sidecarify.yamltext.items import extents
from sidecarify.yamltext.lists import ListMove, UnmovableError, move_edits
from sidecarify.yamltext.source import line_end, splice
from sidecarify.yamltext.tree import Node, parse
from tests.support.cases import FIXTURES, force, read

HEAD = "apiVersion: v1\nkind: Pod\nmetadata: {name: shop}\nspec:\n"


def pod_of(text: str) -> PodSpec:
    (pod,) = (pod for one in objects(parse(text)) for pod in pod_specs(one))
    return pod


@pytest.mark.parametrize(
    "item",
    [
        pytest.param("just text", id="a scalar"),
        pytest.param("[web, log]", id="a list"),
        pytest.param("", id="nothing"),
        pytest.param("{}", id="a mapping without fields"),
    ],
)
def test_item_that_is_no_container(item: str) -> None:
    pod = pod_of(f"{HEAD}  containers:\n  - name: web\n  - {item}\n")
    check_container(pod, 0, TO_SIDECAR)
    with pytest.raises(UnmovableError) as caught:
        check_container(pod, 1, TO_SIDECAR)
    assert (caught.value.code, caught.value.line) == ("item-not-a-map", 7)


def test_neighbour_that_is_no_container_stays() -> None:
    text = f"{HEAD}  containers:\n  - name: web\n  - just text\n  - name: log\n    image: busybox:1.36\n"
    pod = pod_of(text)
    check_pod(pod, TO_SIDECAR)
    check_container(pod, 2, TO_SIDECAR)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("containers: {a: 1}\n", id="a mapping"),
        pytest.param("containers: none\n", id="a scalar"),
        pytest.param("other: []\n", id="no such key"),
    ],
)
def test_source_that_is_no_list(text: str) -> None:
    with pytest.raises(UnmovableError) as caught:
        move_edits(text, ListMove(_root(text), "containers", "initContainers", (0,), {}), "auto")
    assert caught.value.code == "not-a-list"


def test_editing_knows_nothing_of_kubernetes() -> None:
    """Any two lists of a mapping will do."""
    text = "todo:\n- wash up\n- sleep   # at last\ndone:\n  - get up\nthen: rest\n"
    move = ListMove(_root(text), "todo", "done", (0,), {})
    after = "todo:\n- sleep   # at last\ndone:\n  - get up\n  - wash up\nthen: rest\n"
    assert splice(text, move_edits(text, move, "auto")) == after


def test_moves_say_what_went_where() -> None:
    text = read(FIXTURES / "edits" / "converted" / "documents" / "kind-list" / "before.yaml")
    before = "---\n# none\n---\n" + text
    assert [_told(move) for move in force(before).moves] == [
        (1, "items.0.spec", "log", 1, 0, 15),
        (1, "items.2.spec.template.spec", "log", 1, 0, 35),
    ]


def test_moves_count_behind_the_init_containers() -> None:
    text = read(FIXTURES / "edits" / "converted" / "init-list" / "same-column" / "before.yaml")
    assert [_told(move) for move in force(text).moves] == [(0, "spec", "log", 0, 2, 12)]


def test_line_of_a_refusal_is_that_of_its_cause() -> None:
    text = read(FIXTURES / "edits" / "refused" / "restart-policy" / "never" / "before.yaml")
    (refusal,) = force(text).refusals
    assert (refusal.document, refusal.path, refusal.container, refusal.line) == (0, "spec", "log", 11)


def test_unknown_kind_is_left_in_peace() -> None:
    """Named it is refused; else nothing is said, nothing done."""
    folder = FIXTURES / "edits" / "refused" / "kind-unsupported" / "containers-in-a-kind-that-is-no-workload"
    text = read(folder / "before.yaml")
    assert convert_text(text, Options(unsafe=True, accept=("*",))).text == text


def test_extents_are_whole_lines_that_touch_no_other_item() -> None:
    text = "list:\n# a's\n- a: 1\n  # a's too\n\n# title\n\n- b\n# the next key's\nkey: 1\n"
    node = _root(text).get("list")
    assert node is not None
    found = [text[start:end] for start, end, _ in extents(text, node.items, line_end(text, 0))]
    assert found == ["# a's\n- a: 1\n  # a's too\n", "- b\n"]


def _root(text: str) -> Node:
    root = parse(text)
    assert root is not None
    return root


def _told(move: Move) -> tuple[int, str, str, int, int, int]:
    return move.document, move.path, move.container, move.index, move.init_index, move.line
