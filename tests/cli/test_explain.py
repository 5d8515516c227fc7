"""The explanation of a move does not take the conversion's word for it."""

from __future__ import annotations

import pytest

from sidecarify import Options, convert_text
from sidecarify.report.explain import explain

POD = """\
kind: Pod
apiVersion: v1
metadata: {name: web}
spec:
  containers:
    - name: web
      image: &image nginx
    - name: log
      image: *image
      args: ['1']
"""


def explained(text: str, meddle: tuple[str, str] = ("", "")) -> list[str]:
    conversion = convert_text(text, Options(helpers=("log*",), accept=("*",)))
    assert conversion.changed
    return explain(
        conversion.before, conversion.text.replace(*meddle) if meddle[0] else conversion.text, conversion.moves
    )


def test_a_move_and_nothing_else() -> None:
    assert explained(POD) == [
        "moved log: spec.containers.1 -> spec.initContainers.0",
        "added spec.initContainers.0.restartPolicy: Always",
        "nothing else differs",
    ]


@pytest.mark.parametrize(
    ("meddle", "told"),
    [
        pytest.param(("name: web}", "name: wob}"), "metadata.name", id="a value changed"),
        pytest.param(("args: ['1']", "args: [1]"), "spec.initContainers.0.args.0", id="a string became a number"),
        pytest.param(("apiVersion: v1\n", ""), "apiVersion", id="a key lost"),
        pytest.param(("metadata:", "x: 1\nmetadata:"), "x", id="a key added"),
        pytest.param(("restartPolicy: Always", "restartPolicy: Never"), "restartPolicy", id="another policy"),
        pytest.param(("*image", "nginx"), "spec.initContainers.0.image", id="an alias written out"),
    ],
)
def test_whatever_else_differs_is_told(meddle: tuple[str, str], told: str) -> None:
    lines = explained(POD, meddle)
    assert "nothing else differs" not in lines
    assert any(told in line for line in lines if not line.startswith("moved"))


def test_every_document_and_pod_is_explained() -> None:
    listed = "---\nkind: List\napiVersion: v1\nitems:\n  - " + POD.replace("\n", "\n    ").rstrip() + "\n"
    lines = explained(f"\ufeff{POD}{listed}")
    assert [line for line in lines if line.startswith("moved")] == [
        "moved log: spec.containers.1 -> spec.initContainers.0",
        "moved log: items.0.spec.containers.1 -> items.0.spec.initContainers.0",
    ]
    assert lines.count("nothing else differs") == 2
