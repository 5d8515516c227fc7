"""docs/configuration.md and docs/ignoring.md say what holds."""

from __future__ import annotations

import re
from pathlib import Path

from sidecarify import convert_text, inspect_text
from sidecarify.configuration import KEYS, read_configuration
from sidecarify.judge.rules import ALL_RULES

DOCS = Path(__file__).parents[2] / "docs"


def page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def examples(name: str) -> list[str]:
    return re.findall(r"^```yaml\n(.*?)^```", page(name), re.DOTALL | re.MULTILINE)


def test_the_table_has_every_key() -> None:
    listed = re.findall(r"^\| `([a-z-]+)` \|", page("configuration.md"), re.MULTILINE)
    assert sorted(listed) == sorted(KEYS)


def test_the_example_can_be_read(tmp_path: Path) -> None:
    file = tmp_path / ".sidecarify.yaml"
    file.write_text(examples("configuration.md")[0])
    read = read_configuration(file, {rule.name for rule in ALL_RULES})
    assert read.helpers == ("log-*", "Deployment/shop:exporter")
    assert read.kube_version == "1.31"


def test_the_comments_of_the_example_do_what_the_page_says() -> None:
    (example,) = examples("ignoring.md")
    spec = "".join(f"  {line}\n" for line in example.splitlines())
    mount = "    volumeMounts: [{name: v, mountPath: /data}]\n"
    spec = re.sub(r"(    image: .*\n)", lambda found: f"{found[1]}  {mount}", spec)
    text = f"apiVersion: v1\nkind: Pod\nmetadata: {{name: p}}\nspec:\n  volumes: [{{name: v, emptyDir: {{}}}}]\n{spec}"
    assert inspect_text(text).remarks == ()
    conversion = convert_text(text)
    assert [move.container for move in conversion.moves] == ["feeder", "logs"]
    assert not convert_text(re.sub(r"# sidecarify: (helper|ignore).*", "#", text)).changed


def test_links_lead_somewhere() -> None:
    for name in ("configuration.md", "ignoring.md", "startup-probes.md"):
        for target in re.findall(r"\]\(([^)#]+)", page(name)):
            assert (DOCS / target).exists(), f"{name}: {target}"
