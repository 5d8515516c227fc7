"""What the loader of transforms accepts and rejects, with file and line."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from sidecarify.catalogue import Family, Transform
from sidecarify.families import CatalogueError, bundled, bundled_folder, glance, load

HEAD = "summary: Does things.\ndocs: [It is known.]\n"
GOOD = HEAD + "safe: always\nimages: [acme/tool]\n"
PROBE = (
    GOOD
    + "startup_probes:\n  - verified: true\n    source: s\n"
    + "    probe: {httpGet: {path: /, port: 1}, periodSeconds: 1, failureThreshold: 9}\n"
)


def test_the_example_of_the_readme_is_valid(tmp_path: Path) -> None:
    text = (bundled_folder() / "README.md").read_text(encoding="utf-8")
    example = re.search(r"```yaml\n(# transforms/settings-sync.yaml\n.*?)```", text, re.DOTALL)
    assert example is not None
    (tmp_path / "settings-sync.yaml").write_text(example[1], encoding="utf-8")
    catalogue = load([bundled_folder(), tmp_path])
    match = catalogue.match("registry.corp/platform/settings-sync:2.1")
    assert match is not None
    assert match.startup_probe is not None
    assert match.startup_probe.verified


def test_the_readme_tells_every_trait_and_every_value_of_safe() -> None:
    from sidecarify.families import KINDS, SAFE, TRAITS

    text = (bundled_folder() / "README.md").read_text(encoding="utf-8")
    assert {word for word in SAFE | TRAITS if f"| `{word}` |" not in text} == set()
    assert {"DaemonSet", "CronJob"} <= KINDS


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        pytest.param(GOOD + "image: x\n", 5, "unknown key 'image'", id="unknown key"),
        pytest.param(GOOD + "safe: review\n", 5, "stands twice", id="key twice"),
        pytest.param("docs: [a]\nsafe: always\nimages: [a]\n", 1, "'summary' is missing", id="no summary"),
        pytest.param("summary: a\nsafe: always\nimages: [a]\n", 1, "'docs' is missing", id="no docs"),
        pytest.param(HEAD + "images: [a]\n", 1, "'safe' is missing", id="no safe"),
        pytest.param(HEAD + "safe: always\n", 1, "images or names", id="matches nothing"),
        pytest.param(HEAD + "safe: yes\nimages: [a]\n", 3, "'yes' is not one of", id="unknown value of safe"),
        pytest.param(
            "summary: [a]\ndocs: [a]\nsafe: always\nimages: [a]\n", 1, "expected a text", id="list for a text"
        ),
        pytest.param(
            "summary: {a: b}\ndocs: [a]\nsafe: always\nimages: [a]\n", 1, "expected a text", id="mapping for a text"
        ),
        pytest.param("summary:\ndocs: [a]\nsafe: always\nimages: [a]\n", 1, "found nothing", id="empty text"),
        pytest.param(
            "summary: a\ndocs: a\nsafe: always\nimages: [a]\n", 2, "docs must be a list", id="text for a list"
        ),
        pytest.param("summary: a\ndocs: []\nsafe: always\nimages: [a]\n", 2, "empty list", id="empty list"),
        pytest.param(GOOD + "traits:\n  - flushes\n  - flush\n", 7, "'flush' is not one of", id="unknown trait"),
        pytest.param(GOOD + "traits: [csi, csi]\n", 5, "stands twice", id="trait twice"),
        pytest.param(GOOD + "main_when: [Daemonset]\n", 5, "'Daemonset' is not one of", id="unknown kind"),
        pytest.param(GOOD + "main_sign: strong\n", 5, "without main_when", id="sign without kinds"),
        pytest.param(GOOD + "min_version: one\n", 5, "not a version", id="no version"),
        pytest.param(GOOD + "one_shot_args: ['two words']\n", 5, "is not a sub-command", id="bad argument pattern"),
        pytest.param(GOOD + "one_shot_settings: ['two words']\n", 5, "no name of a setting", id="bad setting"),
        pytest.param(GOOD + "one_shot_settings: ['once=true']\n", 5, "no name of a setting", id="setting with a value"),
        pytest.param(GOOD + "health_paths: [ready]\n", 5, "starts with /", id="no path"),
        pytest.param(GOOD + "names: ['*']\n", 5, "every container", id="name glob for all"),
        pytest.param(GOOD + "names: [Web]\n", 5, "not a container name", id="bad name glob"),
        pytest.param(HEAD + "safe: always\nimages: ['acme/tool:1']\n", 4, "must not have a tag", id="image with a tag"),
        pytest.param(HEAD + "safe: always\nimages: [acme/*]\n", 4, "every image", id="image glob for all"),
        pytest.param(HEAD + "safe: always\nimages: ['a[b]']\n", 4, "not a repository path", id="character class"),
        pytest.param(HEAD + "safe: always\nimages:\n  - a//b\n", 5, "not a repository path", id="empty segment"),
        pytest.param(PROBE + "    images: [acme/other]\n", 9, "none of the images", id="probe for a foreign image"),
        pytest.param(PROBE + "    needs: [--a]\n", 9, "list of alternatives", id="flat needs"),
        pytest.param(PROBE + "    port_from: [--a=b]\n", 9, "not a flag", id="port from a value"),
        pytest.param(PROBE + "    extra: 1\n", 9, "unknown key 'extra'", id="unknown key in a probe entry"),
        pytest.param(
            PROBE.replace("true", "'maybe'"), 6, "not one of false, true", id="verified neither true nor false"
        ),
        pytest.param(PROBE.replace("port: 1}", "port: 70000}"), 8, "not a number from 1", id="port too high"),
        pytest.param(PROBE.replace("port: 1}", "port: '1'}"), 8, "not a number from 1", id="port in quotes"),
        pytest.param(PROBE.replace("port: 1}", "port: http}"), 8, "not a number from 1", id="named port"),
        pytest.param(PROBE.replace("failureThreshold: 9", "exec: {command: [a]}"), 8, "missing", id="no threshold"),
        pytest.param(
            PROBE.replace("periodSeconds", "grpc: {port: 1}, periodSeconds"), 8, "exactly one", id="two actions"
        ),
        pytest.param("- a\n", 1, "expected a mapping", id="a list"),
        pytest.param("", 1, "is empty", id="nothing"),
        pytest.param("# nothing\n", 1, "is empty", id="only a comment"),
        pytest.param(GOOD + "names: [a\n", 6, "not YAML", id="bad YAML"),
        pytest.param(GOOD + "---\nsummary: b\n", 5, "second document", id="two documents"),
        pytest.param(GOOD + "names: &x [a]\ntraits: *x\n", 6, "must be a list", id="an alias"),
    ],
)
def test_a_mistake_is_told_with_its_line(tmp_path: Path, text: str, line: int, words: str) -> None:
    file = tmp_path / "tool.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(CatalogueError) as caught:
        load([tmp_path])
    assert (caught.value.file, caught.value.line) == (file, line)
    assert words in caught.value.message
    assert str(caught.value) == f"{file}:{line}: {caught.value.message}"


def test_a_file_that_is_not_utf_8_is_told_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "tool.yaml").write_bytes(b"summary: a\ndocs: [\xff]\n")
    with pytest.raises(CatalogueError, match="not UTF-8") as caught:
        load([tmp_path])
    assert caught.value.line == 2


@pytest.mark.parametrize("name", ["Tool.yaml", "my_tool.yaml", "-tool.yaml", "a--b.yaml", "1tool.yaml"])
def test_a_file_name_is_an_id(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(GOOD, encoding="utf-8")
    with pytest.raises(CatalogueError, match="file name"):
        load([tmp_path])


def test_a_missing_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match="not a readable folder"):
        load([tmp_path / "nowhere"])


def test_a_folder_called_like_a_transform_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "tool.yaml").mkdir()
    with pytest.raises(CatalogueError, match="cannot be read"):
        load([tmp_path])


def test_two_files_with_one_id_are_an_error(tmp_path: Path) -> None:
    (tmp_path / "tool.yaml").write_text(GOOD, encoding="utf-8")
    (tmp_path / "tool.yml").write_text(GOOD, encoding="utf-8")
    with pytest.raises(CatalogueError, match="is also that of"):
        load([tmp_path])


@pytest.mark.parametrize("rival", ["images: [acme/tool]", "images: [b/c]\nnames: [tool]"])
def test_two_families_cannot_claim_the_same(tmp_path: Path, rival: str) -> None:
    (tmp_path / "a.yaml").write_text(GOOD + "names: [tool]\n", encoding="utf-8")
    (tmp_path / "b.yaml").write_text(HEAD + "safe: never\n" + rival, encoding="utf-8")
    with pytest.raises(CatalogueError, match=r"b\.yaml:\d: .* is also among the (images|names) of .*a\.yaml:[45]"):
        load([tmp_path])


def test_two_families_can_share_an_image_by_its_sub_commands(tmp_path: Path) -> None:
    for name, key in (("a", ""), ("b", "subcommands: [run]\n"), ("c", "subcommands: [copy]\n")):
        (tmp_path / f"{name}.yaml").write_text(GOOD + key, encoding="utf-8")
    catalogue = load([tmp_path])
    found = [catalogue.match("acme/tool", args) for args in (["run"], ["copy"], ["else"])]
    assert [match and match.transform.name for match in found] == ["b", "c", "a"]


def test_a_later_folder_adds_and_replaces(tmp_path: Path) -> None:
    (tmp_path / "cache.yaml").write_text(HEAD + "safe: always\nimages: [redis]\n", encoding="utf-8")
    (tmp_path / "tool.yaml").write_text(GOOD, encoding="utf-8")
    bundled, both = load([bundled_folder()]), load([bundled_folder(), tmp_path])
    assert {one.name for one in both.all} == {one.name for one in bundled.all} | {"tool"}
    cache = both.get("cache")
    assert cache is not None
    assert cache.safe == "always"
    assert both.match("memcached") is None


def test_other_files_and_folders_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("# hello", encoding="utf-8")
    (tmp_path / "more").mkdir()
    (tmp_path / "tool.yaml").write_bytes(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())
    assert [one.name for one in load([tmp_path]).all] == ["tool"]


def test_the_more_telling_glob_wins_over_all_families(tmp_path: Path) -> None:
    for name, image in (("a", "tool-*"), ("b", "tool-server"), ("c", "acme/tool-*")):
        (tmp_path / f"{name}.yaml").write_text(HEAD + f"safe: always\nimages: [{image}]\n", encoding="utf-8")
    catalogue = load([tmp_path])
    images = ("tool-x", "tool-server", "acme/tool-server", "tool", "other")
    found = [catalogue.match(image) for image in images]
    assert [match and match.transform.name for match in found] == ["a", "b", "c", None, None]


def test_a_glance_finds_the_globs_that_reading_finds() -> None:
    read = load([bundled_folder()]).all
    assert [(one.images, one.names) for one in bundled().families] == [(one.images, one.names) for one in read]
    assert bundled().all == read


def test_a_family_is_read_when_a_container_may_belong_to_it() -> None:
    catalogue = bundled()
    unread = {family.images for family in catalogue.families}
    assert catalogue.match("acme/shop:1.27") is None
    match = catalogue.match("fluent/fluent-bit:3.1")
    assert match is not None
    unread -= {match.transform.images}
    assert {family.images for family in catalogue.families if "transform" not in vars(family)} == unread


@pytest.mark.parametrize(
    "globs",
    [
        pytest.param("images: [a, b/c]\nnames: [d]\n", id="in one line"),
        pytest.param('images:\n  - a\n  - "*-c"\n', id="one a line"),
        pytest.param("images:\n  - a # or b\n  - b\n", id="comment behind an item"),
        pytest.param("images:\n  # b\n  - a\n", id="comment above an item"),
        pytest.param("images:\n- a\n- b\n", id="not indented"),
        pytest.param("images: [a,\n  b]\nnames: [d]\n", id="over two lines"),
        pytest.param("images: ['a', b]\n", id="single quotes"),
        pytest.param('images: ["\\x61", b]\n', id="escape"),
        pytest.param("images: &all [a]\nnames: *all\n", id="alias"),
        pytest.param('"images": [a]\nnames: [b]\n', id="quoted key"),
        pytest.param("names: [b]\n? images\n: [a]\n", id="explicit key"),
        pytest.param("images:\r\n  - a\r\n  - b\r\n", id="CRLF"),
        pytest.param("images: [a b]\n", id="bad glob"),
        pytest.param("images: [a]\nimages: [b]\n", id="key twice"),
    ],
)
def test_a_glance_finds_the_same_globs_in_every_form(tmp_path: Path, globs: str) -> None:
    file = tmp_path / "tool.yaml"
    file.write_bytes((HEAD + "safe: always\n" + globs).encode())

    def found(look: Callable[[], Family | Transform]) -> tuple[tuple[str, ...], tuple[str, ...]] | str:
        try:
            return look().images, look().names
        except CatalogueError as error:
            return error.message

    assert found(lambda: glance(file)) == found(lambda: load([tmp_path]).all[0])
