"""The pages on forms, CI and review say what the command line has."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from sidecarify.baseline import read_baseline
from sidecarify.cli.app import COMMANDS, application
from sidecarify.cli.output import OutputFormat

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
CODE = re.compile(r"```(\w*)\n(.*?)```", re.DOTALL)


def page(name: str) -> str:
    return (DOCS / name).read_text("utf-8")


def test_every_form_has_its_row() -> None:
    rows = re.findall(r"^\| `(\w+)` \|", page("output-formats.md").partition("## What is said")[0], re.MULTILINE)
    assert rows == [form.value for form in OutputFormat]


def test_the_baseline_that_is_shown_is_one(tmp_path: Path) -> None:
    (shown,) = [text for language, text in CODE.findall(page("ci.md")) if language == "json"]
    (tmp_path / "known.json").write_text(shown)
    assert len(read_baseline(tmp_path / "known.json", "convert").known) == 1


@pytest.mark.parametrize("name", ["ci.md", "output-formats.md", "review.md"])
def test_yaml_and_links_hold(name: str) -> None:
    text = page(name)
    for language, example in CODE.findall(text):
        if language == "yaml":
            yaml.safe_load(example)
    for target in re.findall(r"\]\(([^)#]+)", text):
        assert (DOCS / target).exists(), target


def test_the_hooks_that_are_named_exist() -> None:
    hooks = {one["id"] for one in yaml.safe_load((DOCS.parent / ".pre-commit-hooks.yaml").read_text())}
    assert set(re.findall(r"- id: (\S+)", page("ci.md"))) == hooks


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_is_spoken_of(command: str) -> None:
    pages = "".join(page.read_text("utf-8") for page in (ROOT / "README.md", *DOCS.glob("*.md")))
    shown = CliRunner().invoke(application([command]), [command, "--help"]).stdout
    options = set(re.findall(r"--[a-z][a-z-]+", shown)) - {"--help", f"--{command}"}
    assert [one for one in sorted(options) if not re.search(rf"{one}(?![a-z-])", pages)] == []
