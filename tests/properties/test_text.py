"""Properties of the parts that know text: splicing, documents, positions, ends."""

from __future__ import annotations

from random import Random

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from sidecarify.yamltext.documents import split
from sidecarify.yamltext.items import content_end, extents, shift
from sidecarify.yamltext.source import Edit, EditConflictError, Source, line_end, line_start, splice
from sidecarify.yamltext.tree import Node, parse
from tests.properties.generator import manifest, shifted

TEXTS = st.text(alphabet="ab \n\r-#🙂", max_size=60)
SEEDS = range(150)


@st.composite
def edited_texts(draw: st.DrawFn) -> tuple[str, list[Edit]]:
    """A text that ends its last line, and disjoint edits of it in any order."""
    text = draw(TEXTS) + "\n"
    cuts = sorted(draw(st.lists(st.integers(0, len(text)), max_size=8)))
    pairs = zip(cuts[::2], cuts[1::2], strict=False)
    edits = [Edit(start, end, draw(TEXTS)) for start, end in pairs]
    return text, draw(st.permutations(edits))


@given(edited_texts())
def test_splice_equals_edits_made_from_the_end_backwards(case: tuple[str, list[Edit]]) -> None:
    text, edits = case
    expected = text
    for edit in sorted(edits, key=lambda edit: (edit.start, edit.end), reverse=True):
        at_one_place = [other for other in edits if other.start == other.end == edit.start]
        if len(at_one_place) > 1:
            return
        expected = expected[: edit.start] + edit.text + expected[edit.end :]
    assert splice(text, edits) == expected


@given(TEXTS)
def test_splice_of_nothing_changes_nothing(text: str) -> None:
    assert splice(text, []) == text


@given(TEXTS, st.integers(0, 60), st.integers(1, 60))
def test_splice_refuses_edits_that_overlap(text: str, start: int, size: int) -> None:
    with pytest.raises(EditConflictError):
        splice(text + "x" * 130, [Edit(start, start + size, ""), Edit(start + size - 1, start + size + 1, "")])


def test_splice_keeps_the_order_of_insertions_at_one_place() -> None:
    assert splice("ac\n", [Edit(1, 1, "1"), Edit(1, 1, "2"), Edit(1, 1, "3")]) == "a123c\n"


@given(st.lists(st.text(alphabet="ab #", min_size=1, max_size=6), min_size=2, max_size=6), st.data())
def test_whole_lines_move_to_and_from_an_open_end(lines: list[str], data: st.DataObject) -> None:
    """A text without a final line end is edited as lines all the same, and still has none."""
    text = "\n".join(lines)
    source = data.draw(st.integers(0, len(lines) - 1))
    target = data.draw(st.integers(0, len(lines)))
    starts = [sum(len(line) + 1 for line in lines[:index]) for index in range(len(lines) + 1)]
    moving = Edit(starts[source], starts[source + 1], "")
    if starts[source] < starts[target] < starts[source + 1]:
        return
    result = splice(text, [moving, Edit(starts[target], starts[target], lines[source] + "\n")])
    rest = [line for index, line in enumerate(lines) if index != source]
    place = target if target <= source else target - 1
    assert result == "\n".join([*rest[:place], lines[source], *rest[place:]])


@given(TEXTS, st.integers(0, 70))
def test_lines_hold_their_offsets(text: str, offset: int) -> None:
    offset = min(offset, len(text))
    start, end = line_start(text, offset), line_end(text, offset)
    assert start <= offset <= end
    assert "\n" not in text[start:offset]
    assert text[start:end].count("\n") <= 1


@given(st.text())
def test_source_gives_back_the_bytes_it_was_read_from(text: str) -> None:
    data = text.encode("utf-8", "surrogatepass")
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return
    if not data.startswith((b"\xff\xfe", b"\xfe\xff")):
        assert Source.decode(data).encode() == data


@given(st.lists(st.text(alphabet="ab #\t", max_size=8), max_size=8), st.integers(0, 9), st.sampled_from(["\n", "\r\n"]))
def test_shift_there_and_back_changes_nothing(lines: list[str], delta: int, newline: str) -> None:
    block = "".join(line + newline for line in lines)
    assert shift(shift(block, delta), -delta) == block
    assert shift(block, delta) == "".join(line + newline for line in shifted(lines, delta))


STREAMS = st.lists(
    st.sampled_from(
        ["---\n", "--- # text\n", "...\n", "# comment\n", "a: 1\n", "\n", "--- 1\n", "--- |\n", "---x: 1\n", "  - b\n"]
    ),
    max_size=9,
).map("".join)


@given(STREAMS)
def test_documents_are_counted_as_a_loader_counts_them(text: str) -> None:
    try:
        expected = len(list(yaml.compose_all(text, Loader=yaml.CSafeLoader)))
    except yaml.YAMLError:
        return
    assert len(split(text)) == expected


@given(STREAMS)
def test_documents_lie_in_the_text_one_after_another(text: str) -> None:
    documents = split(text)
    assert [document.index for document in documents] == list(range(len(documents)))
    position = 0
    for document in documents:
        assert position <= document.start < document.end <= len(text)
        assert document.line == text.count("\n", 0, document.start) + 1
        position = document.end


def _documents(seed: int) -> list[tuple[str, Node]]:
    text = Source.of(manifest(Random(seed)).text).text
    found = []
    for document in split(text):
        piece = text[document.start : document.end]
        root = parse(piece)
        if root is not None:
            found.append((piece, root))
    return found


@pytest.mark.parametrize("seed", SEEDS)
def test_positions_are_those_of_the_text(seed: int) -> None:
    for text, root in _documents(seed):
        for node in root.walk():
            written = text[node.start : node.end]
            if not written:
                continue
            assert node.line == text.count("\n", 0, node.start) + 1
            assert node.column == node.start - line_start(text, node.start)
            if node.kind == "alias":
                assert written == f"*{node.value}"
            elif node.kind == "scalar" and not node.tag and not node.anchor:
                if node.style is None and "\n" not in written:
                    assert written == node.value
                elif node.style in ("'", '"'):
                    assert written[0] == written[-1] == node.style
                elif node.style in ("|", ">"):
                    assert written[0] == node.style
            elif node.style == "flow":
                assert written[-1] in "]}"


@pytest.mark.parametrize("seed", SEEDS)
def test_content_ends_where_nothing_but_its_own_follows(seed: int) -> None:
    """Behind the true end of a node stand only blanks, comments and a line end, up to the mark of the parser."""
    for text, root in _documents(seed):
        for node in root.walk():
            end = content_end(text, node)
            assert node.start <= end <= max(node.end, len(text))
            behind = text[end : node.end]
            assert all(not line.strip() or line.lstrip().startswith("#") for line in behind.splitlines())
            if node.style == "block" and (node.items or node.pairs):
                last = node.items[-1] if node.items else node.pairs[-1][1]
                assert end >= content_end(text, last)


@pytest.mark.parametrize("seed", SEEDS)
def test_extents_of_a_list_follow_one_another(seed: int) -> None:
    for text, root in _documents(seed):
        for node in root.walk():
            if node.kind != "seq" or node.style != "block" or not node.items:
                continue
            dash = text[node.start]
            if dash != "-" or text[line_start(text, node.start) : node.start].strip():
                continue
            position = line_start(text, node.start)
            for extent in extents(text, node.items, position):
                assert position <= extent.start < extent.end
                assert text[line_start(text, extent.start) : extent.start] == ""
                assert extent.dash == node.column
                position = extent.end
