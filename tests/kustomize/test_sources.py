"""The files of a tree: read once each, and told apart by their lines, even where some are changed."""

from pathlib import Path

from sidecarify.kustomize.sources import Place, Problem, Sources, TextFile, Unit


def unit(sources: Sources, name: str) -> Unit:
    file = sources.read(name)
    assert isinstance(file, TextFile)
    (found,) = sources.units(file)
    assert isinstance(found, Unit)
    return found


def test_of_changed_files_only_the_others_are_taken_over(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("# first\nkind: A\n")
    (tmp_path / "b.yaml").write_text("kind: B\n")
    sources = Sources(tmp_path)
    before, kept = unit(sources, "a.yaml"), unit(sources, "b.yaml")
    (tmp_path / "a.yaml").unlink()
    (tmp_path / "b.yaml").unlink()

    changed = sources.with_changes({"a.yaml": b"\n\nkind: C\n"})
    after = unit(changed, "a.yaml")

    assert unit(changed, "b.yaml") is kept
    assert after.text == "\n\nkind: C\n"
    assert changed.place(after.root.line) == Place("a.yaml", 3)
    assert changed.place(kept.root.line) == Place("b.yaml", 1)
    assert changed.data("a.yaml") == b"\n\nkind: C\n"
    assert unit(sources, "a.yaml") is before
    assert sources.place(before.root.line) == Place("a.yaml", 2)


def test_what_only_changes_have_can_be_changed_again(tmp_path: Path) -> None:
    once = Sources(tmp_path).with_changes({"a.yaml": b"kind: A\n", "b.yaml": b"kind: B\n"})
    twice = once.with_changes({"a.yaml": b"kind: C\n"})
    assert [unit(twice, name).text for name in ("a.yaml", "b.yaml")] == ["kind: C\n", "kind: B\n"]
    assert once.where("a.yaml") == twice.where("b.yaml") == "file"
    assert isinstance(once.read("c.yaml"), Problem)
