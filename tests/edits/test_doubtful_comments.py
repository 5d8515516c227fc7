"""Comments whose owner is a guess are told: one in column 0 that goes along, and a title that stays."""

import pytest

from sidecarify import Options, convert_text, revert_text
from sidecarify.yamltext.items import doubtful_comments
from sidecarify.yamltext.tree import parse

POD = """apiVersion: v1
kind: Pod
metadata:
  name: shop
spec:
  {list}:
    - name: web
      image: nginx:1.27
      # args: []
{above}    - name: log
      image: busybox:1.36
"""


def told(above: str, pod: str = POD) -> list[tuple[str, int]]:
    text = pod.format(list="containers", above=above)
    conversion = convert_text(text, Options(helpers=("log",), mains=("web",), accept=("*",)))
    (move,) = conversion.moves
    return [(note.rule, note.line) for note in move.notes if note.rule.startswith("comment-")]


@pytest.mark.parametrize(
    ("above", "expected"),
    [
        pytest.param("# flush\n", [("comment-goes", 10)], id="in column 0"),
        pytest.param("    # own\n# flush\n", [("comment-goes", 11)], id="in column 0 below one of its own"),
        pytest.param("    # helpers\n\n", [("comment-stays", 10)], id="a title"),
        pytest.param("# one\n    # two\n\n\n", [("comment-stays", 10)], id="a title of two lines"),
        pytest.param(
            "    # helpers\n\n# flush\n",
            [("comment-stays", 10), ("comment-goes", 12)],
            id="a title and one in column 0",
        ),
        pytest.param("", [], id="no comment"),
        pytest.param("    # own\n", [], id="its own"),
        pytest.param("\n    # own\n", [], id="its own behind a blank line"),
        pytest.param("      # command: []\n\n", [], id="a field of the one above, commented out"),
    ],
)
def test_above_a_container(above: str, expected: list[tuple[str, int]]) -> None:
    assert told(above) == expected


def test_in_a_list_in_column_0_every_comment_may_be_its_own() -> None:
    text = "list:\n- name: web\n# own\n- name: log\n"
    root = parse(text)
    assert root is not None
    assert doubtful_comments(text, root.pairs[0][1].items, len("list:\n")) == [[], []]


def test_of_a_second_document_the_line_of_the_file_is_told() -> None:
    above = "kind: Secret\n---\n"
    assert told("# flush\n", above + POD) == [("comment-goes", 12)]


def test_in_flow_style_there_are_none() -> None:
    pod = "apiVersion: v1\nkind: Pod\nspec: {{{list}: [{{name: web, image: a}}, {{name: log, image: b}}]}}\n"
    assert told("", pod) == []


def test_on_the_way_back() -> None:
    text = POD.format(list="initContainers", above="# flush\n").replace("1.36\n", "1.36\n      restartPolicy: Always\n")
    back = revert_text(
        text + "  containers:\n    - name: api\n      image: api:1\n", Options(only=("log",), accept=("*",))
    )
    assert [note.rule for move in back.moves for note in move.notes if note.line == 10] == ["comment-goes"]
