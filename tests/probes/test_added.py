"""`--add-startup-probe`: where the probe goes in the text, where it is left out, and the proof of it."""

from __future__ import annotations

import re
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from sidecarify import Conversion, Options, convert_text, revert_text
from sidecarify.cli.app import application
from sidecarify.direction import TO_SIDECAR, Manner
from sidecarify.verify import Change, VerifyError, verify
from sidecarify.yamltext.tree import Node, parse
from tests.support.kubectl import KubectlError, decoded
from tests.support.layouts import LAYOUTS

FOLDER = Path(__file__).parents[2] / "fixtures" / "probes"
ADDED = sorted(FOLDER.glob("*/before.*"))
NOT_ADDED = sorted(FOLDER.glob("not-added/*/before.*"))


def read(path: Path) -> str:
    return path.read_bytes().decode()


def named(paths: list[Path]) -> list[object]:
    return [pytest.param(path, id=path.parent.name) for path in paths]


def converted(text: str, *, probes: bool = True) -> Conversion:
    options = Options(helpers=("helper*",), mains=("main*",), accept=("*",), add_startup_probe=probes)
    return convert_text(text, options)


@pytest.mark.parametrize("before", named(ADDED))
class TestAdded:
    def test_golden(self, before: Path) -> None:
        conversion = converted(read(before))
        assert conversion.text == read(before.with_stem("after"))
        assert all(move.startup_probe for move in conversion.moves)
        assert (conversion.refusals, conversion.errors) == ((), ())

    @pytest.mark.parametrize("layout", LAYOUTS)
    def test_in_another_layout(self, before: Path, layout: str) -> None:
        text, after = LAYOUTS[layout](read(before)), LAYOUTS[layout](read(before.with_stem("after")))
        if text is None or after is None:
            pytest.skip("the layout cannot be derived for this manifest")
        assert converted(text).text == after

    def test_the_rest_is_as_without_it(self, before: Path) -> None:
        with_probes = deepcopy(decoded(read(before.with_stem("after"))))
        without = decoded(converted(read(before), probes=False).text)
        assert not isinstance(with_probes, KubectlError)
        for pod in _pods(with_probes):
            for container in pod["initContainers"]:
                container.pop("startupProbe", None)
        assert with_probes == without

    def test_kubernetes_reads_the_probe(self, before: Path) -> None:
        found = decoded(read(before.with_stem("after")))
        moves = {move.container: move for move in converted(read(before)).moves}
        (pod,) = _pods(found)
        probes = {one["name"]: one["startupProbe"] for one in pod["initContainers"] if one["name"] in moves}
        assert probes == {name: move.startup_probe for name, move in moves.items()}

    def test_once_is_for_good(self, before: Path) -> None:
        assert not converted(read(before.with_stem("after"))).changed

    def test_the_way_back_leaves_it(self, before: Path) -> None:
        after = read(before.with_stem("after"))
        back = revert_text(after, Options(only=("helper*",), accept=("*",)))
        assert back.changed
        assert back.text.count("startupProbe") == after.count("startupProbe")


@pytest.mark.parametrize("before", named(NOT_ADDED))
def test_moved_without_a_probe(before: Path) -> None:
    conversion = converted(read(before))
    assert conversion.text == read(before.with_stem("after")) == converted(read(before), probes=False).text
    assert conversion.changed
    assert not any(move.startup_probe for move in conversion.moves)


def _pods(found: Any) -> list[Any]:
    return [one["spec"] if one["kind"] == "Pod" else one["spec"]["template"]["spec"] for one in found]


def test_never_without_being_asked() -> None:
    assert "startupProbe" not in converted(read(FOLDER / "block" / "before.yaml"), probes=False).text


def test_the_bug_of_a_version_keeps_it_away() -> None:
    """PRB5: up to 1.34.1 a pod with `restartPolicy: Never` may hang; PRB6 is a bug of 1.35.0 for every pod."""
    job = read(FOLDER / "not-added" / "job-before-the-fix" / "before.yaml")
    pod = read(FOLDER / "block" / "before.yaml")

    def has(text: str, version: str) -> bool:
        options = Options(helpers=("helper*",), accept=("*",), add_startup_probe=True, kube_version=version)
        return "startupProbe" in convert_text(text, options).text

    assert [has(job, version) for version in ("1.29", "1.33", "1.34", "1.35", "1.36")] == [False] * 4 + [True]
    assert [has(pod, version) for version in ("1.29", "1.33", "1.34", "1.35", "1.36")] == [True] * 3 + [False, True]


def test_it_is_told_in_place_of_the_advice() -> None:
    text = read(FOLDER / "block" / "before.yaml")
    notes = {
        probes: [note for move in converted(text, probes=probes).moves for note in move.notes if "probe" in note.rule]
        for probes in (False, True)
    }
    (advice,), (told,) = notes[False], notes[True]
    assert advice.rule == told.rule == "missing-startup-probe"
    assert "Add `startupProbe:" in advice.advice
    assert "`helper` gets a startupProbe" in told.effect
    assert "cloud-sql-proxy" in told.advice


def test_on_the_command_line(tmp_path: Path) -> None:
    manifest = tmp_path / "shop.yaml"
    manifest.write_bytes((FOLDER / "block" / "before.yaml").read_bytes())
    arguments = ["convert", "--explain", "--add-startup-probe", "--helper", "helper", str(manifest)]
    ended = CliRunner().invoke(application(), arguments)
    assert ended.exit_code == 0
    assert manifest.read_bytes() == (FOLDER / "block" / "after.yaml").read_bytes()
    assert "added spec.template.spec.initContainers.0.startupProbe: " in ended.stderr
    assert "nothing else differs" in ended.stderr


class TestProof:
    """Whatever else an edit might write in place of the probe must not pass."""

    @pytest.mark.parametrize("name", ["block", "flow-item", "json", "keys-in-double-quotes"])
    @pytest.mark.parametrize(
        ("right", "wrong"),
        [
            pytest.param("9801", "9802", id="another port"),
            pytest.param("startup\\b", "started", id="another path"),
            pytest.param("httpGet", "tcpSocket", id="another action"),
            pytest.param("failureThreshold", "successThreshold", id="another setting"),
            pytest.param("periodSeconds(.?): 1\\b", "periodSeconds\\1: '1'", id="a text for a number"),
            pytest.param("periodSeconds(.?): 1\\b", "periodSeconds\\1: !!int 1", id="a tag"),
            pytest.param("startupProbe", "livenessProbe", id="another probe"),
        ],
    )
    def test_another_probe(self, name: str, right: str, wrong: str) -> None:
        before = next((FOLDER / name).glob("before.*"))
        good = read(before.with_stem("after"))
        start = good.index("startupProbe")
        bad = good[:start] + re.sub(right, wrong, good[start:], count=1)
        assert bad != good
        prove(read(before), good)
        with pytest.raises(VerifyError):
            prove(read(before), bad)

    @pytest.mark.parametrize(
        ("right", "wrong"),
        [
            pytest.param(
                "            httpGet:", "            # a comment\n            httpGet:", id="a comment within"
            ),
            pytest.param("          args:", "          x: 1\n          args:", id="a key below"),
            pytest.param("          startupProbe:", "          tty: true\n          startupProbe:", id="a key above"),
            pytest.param("failureThreshold: 60", "failureThreshold: 60  # why", id="a comment at its end"),
            pytest.param(
                "            failureThreshold: 60\n",
                "            failureThreshold: 60\n          startupProbe: {}\n",
                id="a second one",
            ),
        ],
    )
    def test_more_than_the_probe(self, right: str, wrong: str) -> None:
        before = read(FOLDER / "block" / "before.yaml")
        good = read(FOLDER / "block" / "after.yaml")
        bad = good.replace(right, wrong, 1)
        assert bad != good
        with pytest.raises(VerifyError):
            prove(before, bad)

    def test_none_at_all(self) -> None:
        before = read(FOLDER / "block" / "before.yaml")
        with pytest.raises(VerifyError, match="would not get the `startupProbe`"):
            prove(before, converted(before, probes=False).text)

    def test_one_that_was_not_meant(self) -> None:
        before = read(FOLDER / "block" / "before.yaml")
        with pytest.raises(VerifyError):
            prove(before, read(FOLDER / "block" / "after.yaml"), probe=False)


def prove(before: str, after: str, *, probe: bool = True) -> None:
    """Raise VerifyError unless the only helper of `before` has moved, with its probe, and nothing else."""
    root = parse(before)
    assert root is not None
    (move,) = converted(before).moves
    manners = {move.source_index: Manner(startup_probe=move.startup_probe)} if probe else {}
    verify(root, before, after, [Change(_spec(root, move.path), (move.source_index,), manners)], TO_SIDECAR)


def _spec(root: Node, path: str) -> Node:
    node: Node | None = root
    for key in path.split("."):
        assert node is not None
        node = node.get(key)
    assert node is not None
    return node
