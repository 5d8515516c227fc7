"""The objects of other files that point at pods: all of them, and little else."""

from __future__ import annotations

from pathlib import Path

import pytest

from sidecarify.around import collect, speaks
from sidecarify.batch import survey
from sidecarify.files import Manifest

PATCH = (
    "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\n"
    "spec: {template: {spec: {containers: [{name: log}]}}}\n"
)
WHOLE = PATCH.replace("spec: {template", "spec: {selector: {}, template").replace(
    "{name: log}", "{name: log, image: x}"
)


def collected(folder: Path, text: str, name: str = "a.yaml") -> list[str]:
    (folder / name).write_text(text)
    if not speaks(name, text.encode()):
        return []
    return [f"{one.kind} {one.file}" for one in collect([Manifest(name, str(folder / name))])]


@pytest.mark.parametrize(
    "kind",
    [
        "Service",
        "Ingress",
        "HTTPRoute",
        "Route",
        "NetworkPolicy",
        "CiliumClusterwideNetworkPolicy",
        "HorizontalPodAutoscaler",
        "VerticalPodAutoscaler",
        "ScaledObject",
        "ServiceMonitor",
        "PodMonitor",
        "PrometheusRule",
        "LimitRange",
        "Namespace",
        "Kustomization",
        "Application",
    ],
)
@pytest.mark.parametrize(
    "form",
    [
        pytest.param("apiVersion: v1\nkind: {}\n", id="plain"),
        pytest.param("kind: {} # why\n", id="comment"),
        pytest.param('"kind" : "{}"\n', id="quoted"),
        pytest.param("apiVersion: v1\r\nkind: '{}'\r\n", id="CRLF"),
        pytest.param('{{"apiVersion": "v1", "kind": "{}"}}', id="JSON"),
        pytest.param('{{"kind":"{}"}}', id="dense JSON"),
        pytest.param("---\na: 1\n---\nkind: {}\n", id="a later document"),
        pytest.param("apiVersion: v1\nkind: List\nitems:\n- kind: {}\n", id="in a list"),
    ],
)
def test_kinds_that_point_at_pods_are_found(tmp_path: Path, kind: str, form: str) -> None:
    assert collected(tmp_path, form.format(kind)) == [f"{kind} a.yaml"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("kind: Secret\ndata: {}\n", [], id="a kind that says nothing of pods"),
        pytest.param("kind: ServiceAccount\n", [], id="a kind whose name begins like one"),
        pytest.param("description: the kind Service\n", [], id="words in a text"),
        pytest.param("kind: ConfigMap\ndata: {a: b}\n", [], id="configuration without containers"),
        pytest.param("kind: ConfigMap\ndata: {a: 'sum by (container)'}\n", ["ConfigMap a.yaml"], id="that names some"),
        pytest.param(PATCH, ["Deployment a.yaml"], id="a patch of a workload"),
        pytest.param(WHOLE, [], id="a whole workload"),
        pytest.param("kind: Service\nspec: [\n", [], id="what cannot be read"),
        pytest.param(
            "kind: Service\n---\n{a: b: c}\n---\nkind: Ingress\n",
            ["Service a.yaml", "Ingress a.yaml"],
            id="all but a bad document",
        ),
        pytest.param(
            "- {op: remove, path: /spec/template/spec/containers/1}\n", ["JsonPatch a.yaml"], id="JSON6902 operations"
        ),
        pytest.param("- {op: remove, path: /spec/replicas}\n", [], id="operations on something else"),
    ],
)
def test_what_else_is_found_and_what_is_not(tmp_path: Path, text: str, expected: list[str]) -> None:
    assert collected(tmp_path, text) == expected


def test_a_kustomization_needs_no_kind(tmp_path: Path) -> None:
    assert collected(tmp_path, "resources: [a.yaml]\n", "kustomization.yaml") == ["Kustomization kustomization.yaml"]
    assert collected(tmp_path, "resources: [a.yaml]\n", "other.yaml") == []


class TestSurvey:
    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        (tmp_path / "web.yaml").write_text(WHOLE)
        (tmp_path / "service.yaml").write_text("kind: Service\n")
        (tmp_path / "values.yaml").write_text("a: 1\n")

    def test_only_what_may_hold_pods_is_read_again(self) -> None:
        looked = survey(["."])
        assert [one.name for one in looked.candidates] == ["web.yaml"]
        assert (looked.unchanged, looked.manifests) == (2, 3)

    def test_what_is_given_by_name_is_read_whatever_it_holds(self) -> None:
        assert [one.name for one in survey(["values.yaml"]).candidates] == ["values.yaml"]

    def test_a_folder_is_taken_to_be_complete_and_a_file_is_not(self) -> None:
        assert survey(["."]).around.complete
        assert not survey(["web.yaml"]).around.complete
        assert not survey([".", "web.yaml"]).around.complete

    def test_the_objects_of_the_other_files_are_given_and_its_own_are_not(self) -> None:
        around = survey(["."]).around
        assert [one.kind for one in around.of("web.yaml")] == ["Service"]
        assert around.of("service.yaml") == ()

    def test_nothing_is_collected_where_nothing_is_to_be_judged(self) -> None:
        Path("web.yaml").unlink()
        assert survey(["."]).around.objects == ()

    def test_utf_16_is_no_way_to_hide(self) -> None:
        Path("wide.yaml").write_bytes(WHOLE.encode("utf-16"))
        assert [one.name for one in survey(["."]).candidates] == ["web.yaml", "wide.yaml"]
