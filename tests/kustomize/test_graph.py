"""Reading kustomizations: what each name stands for, and what is wrong with a tree."""

from __future__ import annotations

from pathlib import Path

import pytest

from sidecarify.kustomize.graph import Graph, read_graph
from sidecarify.kustomize.sources import Sources

DEPLOYMENT = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: shop}\n"


def graph(root: Path, files: dict[str, str]) -> Graph:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return read_graph(Sources(root))


def problems(found: Graph) -> list[tuple[str, str]]:
    return [(str(problem.place), problem.code) for problem in found.problems]


@pytest.mark.parametrize("name", ["kustomization.yaml", "kustomization.yml", "Kustomization"])
def test_names_of_the_file(tmp_path: Path, name: str) -> None:
    found = graph(tmp_path, {name: "resources: [a.yaml]\n", "a.yaml": DEPLOYMENT})
    assert list(found.kustomizations) == [""]
    assert problems(found) == []


@pytest.mark.parametrize(
    ("entry", "kind", "codes"),
    [
        pytest.param("a.yaml", "file", [], id="file"),
        pytest.param("./a.yaml", "file", [], id="file-with-dot"),
        pytest.param("../base", "folder", [], id="folder"),
        pytest.param("https://example.com/a.yaml", "remote", ["remote"], id="url"),
        pytest.param("github.com/example/repo//base?ref=v1", "remote", ["remote"], id="repository"),
        pytest.param("git@example.com:org/repo.git", "remote", ["remote"], id="ssh"),
        pytest.param("ssh://git@example.com/repo", "remote", ["remote"], id="ssh-url"),
        pytest.param("nothing.yaml", "missing", ["missing"], id="missing"),
        pytest.param("../../elsewhere", "outside", ["outside"], id="outside"),
        pytest.param("/etc/passwd", "outside", ["outside"], id="absolute"),
    ],
)
def test_what_a_resource_stands_for(tmp_path: Path, entry: str, kind: str, codes: list[str]) -> None:
    files = {"over/kustomization.yaml": f"resources:\n- {entry}\n", "over/a.yaml": DEPLOYMENT}
    found = graph(tmp_path / "root", files | {"base/kustomization.yaml": "namePrefix: x-\n"})
    assert [link.kind for link in found.kustomizations["over"].resources] == [kind]
    assert problems(found) == [("over/kustomization.yaml:2", code) for code in codes]


def test_a_link_out_of_the_root_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret.yaml").write_text(DEPLOYMENT)
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "a.yaml").symlink_to(tmp_path / "secret.yaml")
    found = graph(tmp_path / "root", {"kustomization.yaml": "resources:\n- a.yaml\n"})
    assert problems(found) == [("kustomization.yaml:2", "outside")]


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        pytest.param(
            {"a/kustomization.yaml": "resources:\n- ../b\n", "b/kustomization.yaml": "resources:\n- ../a\n"},
            [("b/kustomization.yaml:2", "cycle")],
            id="two-that-build-on-one-another",
        ),
        pytest.param({"a/kustomization.yaml": "resources:\n- .\n"}, [("a/kustomization.yaml:2", "cycle")], id="itself"),
        pytest.param(
            {
                "a/kustomization.yaml": "components:\n- ../b\n",
                "b/kustomization.yaml": "kind: Component\nresources: [../a]\n",
            },
            [("b/kustomization.yaml:2", "cycle")],
            id="through-a-component",
        ),
        pytest.param(
            {"a/kustomization.yaml": "resources:\n- ../b\n", "b/x.yaml": "a: b\n"},
            [("a/kustomization.yaml:2", "missing")],
            id="folder-without-a-kustomization",
        ),
        pytest.param(
            {"a/kustomization.yaml": "resources: []\n", "a/kustomization.yml": "resources: []\n"},
            [("a/kustomization.yaml:1", "several-kustomizations")],
            id="two-in-one-folder",
        ),
        pytest.param({"a/kustomization.yaml": "a: [\n"}, [("a/kustomization.yaml:2", "parse")], id="no-yaml"),
        pytest.param({"a/kustomization.yaml": "# later\n"}, [("a/kustomization.yaml:1", "empty")], id="empty"),
        pytest.param(
            {"a/kustomization.yaml": "patches:\n- path: p.yaml\n", "a/p.yaml": "a: {\n"},
            [("a/p.yaml:2", "parse")],
            id="unreadable-patch",
        ),
        pytest.param(
            {"a/kustomization.yaml": "patches:\n- patch: |-\n    a: b\n    c: ]\n    d: e\n"},
            [("a/kustomization.yaml:4", "parse")],
            id="unreadable-patch-in-a-scalar",
        ),
        pytest.param(
            {"a/kustomization.yaml": "resources: []\nresources: []\n"},
            [("a/kustomization.yaml:2", "duplicate-key")],
            id="key-twice",
        ),
        pytest.param(
            {"a/kustomization.yaml": "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\n"},
            [],
            id="of-flux",
        ),
    ],
)
def test_what_is_wrong(tmp_path: Path, files: dict[str, str], expected: list[tuple[str, str]]) -> None:
    assert problems(graph(tmp_path, files)) == expected


def test_a_long_chain_ends(tmp_path: Path) -> None:
    """Nesting beyond reason is reported, and so is everything that builds on it."""
    files = {f"f{number}/kustomization.yaml": f"resources:\n- ../f{number + 1}\n" for number in range(300)}
    found = graph(tmp_path, files | {"f300/kustomization.yaml": "namePrefix: x-\n"})
    assert {problem.code for problem in found.problems} == {"too-deep"}
    assert "f0" in found.broken
    assert "f300" not in found.broken


def test_what_builds_on_a_broken_one_is_broken(tmp_path: Path) -> None:
    found = graph(
        tmp_path,
        {
            "a/kustomization.yaml": "resources: [../b]\n",
            "b/kustomization.yaml": "patches: [{path: nothing.yaml}]\n",
            "c/kustomization.yaml": "namePrefix: x-\n",
        },
    )
    assert set(found.broken) == {"a", "b"}


def test_a_resource_that_is_made_before_the_build_breaks_nothing(tmp_path: Path) -> None:
    found = graph(tmp_path, {"a/kustomization.yaml": "resources: [nothing.yaml]\n"})
    assert problems(found) == [("a/kustomization.yaml:1", "missing")]
    assert found.broken == {}


def test_what_one_that_cannot_be_read_may_build_on_is_in_doubt(tmp_path: Path) -> None:
    found = graph(
        tmp_path,
        {
            "a/kustomization.yaml": "resources: [../b, c.yaml]\npatches: {\n",
            "b/kustomization.yaml": "namePrefix: x-\n",
        },
    )
    assert {"b", "a/c.yaml"} <= set(found.doubts)
    assert {str(problem.place) for problem in found.doubts.values()} == {"a/kustomization.yaml:3"}


def test_roots_and_users(tmp_path: Path) -> None:
    found = graph(
        tmp_path,
        {
            "base/kustomization.yaml": "namePrefix: x-\n",
            "one/kustomization.yaml": "bases: [../base]\ncomponents: [../part]\n",
            "two/kustomization.yaml": "resources: [../base]\n",
            "part/kustomization.yaml": "kind: Component\n",
        },
    )
    assert found.roots == ("one", "two")
    assert found.used_by == {"base": ("one", "two"), "one": (), "part": ("one",), "two": ()}


PATCHES = """\
patchesStrategicMerge:
- one.yaml
- |-
  apiVersion: v1
  kind: Pod
patches:
- path: two.yaml
  target: {kind: Pod}
- patch: |-
    - {op: remove, path: /spec}
  target:
    kind: Pod
patchesJson6902:
- path: one.yaml
  target: {kind: Pod}
"""


def test_patches_and_their_places(tmp_path: Path) -> None:
    """Several documents of one file are several patches; a line of a patch in a scalar is a line of the file."""
    two = "a: b\n---\nc: d\n"
    found = graph(tmp_path, {"kustomization.yaml": PATCHES, "one.yaml": "a: b\n", "two.yaml": two})
    patches = found.kustomizations[""].patches
    places = [str(found.sources.place(patch.unit.root.line)) for patch in patches if patch.unit is not None]
    assert [(patch.field, patch.operations) for patch in patches] == [
        ("patchesStrategicMerge", False),
        ("patchesStrategicMerge", False),
        ("patches", False),
        ("patches", False),
        ("patches", True),
        ("patchesJson6902", False),
    ]
    assert places == [
        "one.yaml:1",
        "kustomization.yaml:4",
        "two.yaml:1",
        "two.yaml:3",
        "kustomization.yaml:10",
        "one.yaml:1",
    ]


def test_obscure_fields_are_known(tmp_path: Path) -> None:
    text = "transformers: [a]\ngenerators: []\nhelmCharts:\n- name: x\nopenapi: {path: schema.json}\nvalidators: [v]\n"
    found = graph(tmp_path, {"kustomization.yaml": text})
    assert [one.field for one in found.kustomizations[""].obscure] == ["transformers", "helmCharts", "openapi"]


@pytest.mark.parametrize(
    ("files", "roots"),
    [
        pytest.param(
            {"a/kustomization.yaml": "resources: [../b]\n", "b/kustomization.yaml": "resources: [../a]\n"},
            ("a",),
            id="one-of-a-circle",
        ),
        pytest.param(
            {
                "a/kustomization.yaml": "resources: [../b]\n",
                "b/kustomization.yaml": "resources: [../a]\n",
                "c/kustomization.yaml": "resources: [../b]\n",
            },
            ("c",),
            id="what-builds-on-a-circle",
        ),
        pytest.param(
            {"part/kustomization.yaml": "kind: Component\n"}, ("part",), id="a-component-whose-users-are-elsewhere"
        ),
    ],
)
def test_everything_has_a_root(tmp_path: Path, files: dict[str, str], roots: tuple[str, ...]) -> None:
    assert graph(tmp_path, files).roots == roots
