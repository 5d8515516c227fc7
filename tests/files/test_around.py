"""The objects of other files that point at pods: all of them, and little else."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from sidecarify.around import Around, speaks
from sidecarify.discover import Manifest
from sidecarify.kube.objects import objects
from sidecarify.kube.workload import PodSpec, pod_specs
from sidecarify.survey import survey
from sidecarify.yamltext.tree import parse

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
    return [f"{one.kind} {one.file}" for one in around_of(folder, name).objects]


def around_of(folder: Path, *names: str) -> Around:
    around = Around()
    for name in names:
        around.add(Manifest(name, str(folder / name)), (folder / name).read_bytes())
    return around


def pods_of(text: str) -> list[PodSpec]:
    return [pod for one in objects(parse(text)) for pod in pod_specs(one)]


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
        pytest.param("kind: ConfigMap\ndata: {a: b}\n", ["ConfigMap a.yaml"], id="configuration, which a pod may name"),
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


def test_a_kustomization_says_something_of_what_it_builds_alone(tmp_path: Path) -> None:
    """What is built is judged as a whole; Flux's objects of that kind are none that kustomize reads."""
    patches = "patches: [{path: a.yaml, target: {kind: Deployment}}]\n"
    assert collected(tmp_path, f"kind: Kustomization\n{patches}", "kustomization.yaml") == []
    assert collected(tmp_path, patches, "other.yaml") == []
    flux = "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nspec: {patches: [{patch: containers}]}\n"
    assert collected(tmp_path, flux, "kustomization.yaml") == ["Kustomization kustomization.yaml"]


POD = (
    "apiVersion: v1\nkind: Pod\nmetadata:\n  name: shop\n  namespace: prod\n  labels:\n    app: web-1.x\n"
    "    tier: 'front'\nspec: {containers: [{name: web}, {name: log}]}\n"
)


@pytest.mark.parametrize(
    ("text", "concerns"),
    [
        pytest.param("kind: Service\nspec: {selector: {app: web-1.x}}\n", True, id="a Service that selects it"),
        pytest.param("kind: Service\nspec: {selector: {app: web-1}}\n", False, id="or selects another"),
        pytest.param("kind: Service\nspec: {x: &s {app: web-1.x}, selector: *s}\n", True, id="or does so by an alias"),
        pytest.param("kind: Service\nspec: {}\n", False, id="no selector selects nothing"),
        pytest.param(
            "kind: HorizontalPodAutoscaler\nspec: {scaleTargetRef: {kind: Deployment, name: shop}}\n",
            True,
            id="its scaler",
        ),
        pytest.param(
            "kind: HorizontalPodAutoscaler\nspec: {scaleTargetRef: {kind: Deployment, name: cart}}\n",
            False,
            id="another's",
        ),
        pytest.param("kind: NetworkPolicy\nspec: {podSelector: {matchLabels: {tier: front}}}\n", True, id="its policy"),
        pytest.param(
            "kind: NetworkPolicy\nspec: {podSelector: {matchLabels: {tier: back}}}\n", False, id="another policy"
        ),
        pytest.param("kind: NetworkPolicy\nspec: {podSelector: {}}\n", True, id="a policy for all"),
        pytest.param(
            "kind: NetworkPolicy\nspec: {podSelector: {matchLabels: {a: b}}, egress: [{to: [{podSelector: {}}]}]}\n",
            True,
            id="a policy for whoever talks to it",
        ),
        pytest.param(
            "kind: NetworkPolicy\nspec: {podSelector: {matchExpressions: [{key: app, operator: Exists}]}}\n",
            True,
            id="expressions are not evaluated",
        ),
        pytest.param("kind: Namespace\nmetadata: {name: prod}\n", True, id="its namespace"),
        pytest.param("kind: Namespace\nmetadata: {name: test}\n", False, id="another namespace"),
        pytest.param(
            'kind: Service\nspec: {selector: {app: "w\\u0065b-1.x"}}\n', True, id="or does so in another spelling"
        ),
        pytest.param(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: shop}\nspec: {template: {spec: {containers: "
            "[{name: x}]}}}\n",
            True,
            id="a patch of what has its name",
        ),
        pytest.param(
            "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\npatches:\n- target: {name: shop|cart}\n"
            "  patch: '- {op: remove, path: /spec/template/spec/containers/0}'\n",
            True,
            id="a kustomization that patches it",
        ),
        pytest.param(
            "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\npatches:\n- target: {name: cart}\n"
            "  patch: '- {op: remove, path: /spec/template/spec/containers/0}'\n",
            False,
            id="or patches another workload",
        ),
        pytest.param(
            "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\npatches:\n- target: {kind: Pod}\n"
            "  patch: '- {op: remove, path: /spec/template/spec/containers/0}'\n",
            True,
            id="or patches all of a kind",
        ),
        pytest.param('{"kind":"Service","spec":{"selector":{"app":"web-1.x"}}}', True, id="JSON without blanks"),
        pytest.param('{"kind":"Service","spec":{"selector":{"app":"web-1"}}}', False, id="and of another one"),
        pytest.param(
            "kind: PrometheusRule\nspec: {groups: [{rules: [{expr: 'up{container=\"log\"}>0'}]}]}\n",
            True,
            id="an expression with the name of a container",
        ),
        pytest.param(
            "kind: PrometheusRule\nspec: {groups: [{rules: [{expr: 'up{container=\"log-x\"}>0'}]}]}\n",
            False,
            id="or with a longer one",
        ),
        pytest.param("kind: LimitRange\n", True, id="what is for all of a namespace"),
        pytest.param(
            "kind: Ingress\nspec: {defaultBackend: {service: {name: cart}}}\n", False, id="a way to another Service"
        ),
    ],
)
def test_an_object_is_given_to_the_manifests_that_it_may_concern(tmp_path: Path, text: str, concerns: bool) -> None:
    (tmp_path / "other.yaml").write_text(text)
    around = around_of(tmp_path, "other.yaml")
    assert bool(around.of("pod.yaml", pods_of(POD))) is concerns
    assert around.of("other.yaml", pods_of(POD)) == ()


def test_what_points_at_a_service_of_the_pod_points_at_the_pod(tmp_path: Path) -> None:
    (tmp_path / "other.yaml").write_text(
        "kind: Ingress\nspec: {rules: [{http: {paths: [{backend: {service: {name: front-door}}}]}}]}\n---\n"
        "kind: ServiceMonitor\nspec: {selector: {matchLabels: {scraped: by-us}}}\n---\n"
        "kind: ServiceMonitor\nspec: {selector: {matchLabels: {scraped: by-them}}}\n---\n"
        "kind: Service\nmetadata: {name: front-door, labels: {scraped: by-us}}\nspec: {selector: {app: web-1.x}}\n"
    )
    found = around_of(tmp_path, "other.yaml").of("pod.yaml", pods_of(POD))
    assert [(one.kind, one.document) for one in found] == [("Ingress", 0), ("ServiceMonitor", 1), ("Service", 3)]


def test_the_files_that_a_kustomization_patches_with_go_with_it(tmp_path: Path) -> None:
    (tmp_path / "kustomization.yaml").write_text("patches: [{path: ./p.yaml, target: {kind: Deployment}}]\n")
    (tmp_path / "p.yaml").write_text(PATCH.replace("web", "any"))
    (tmp_path / "other.yaml").write_text(PATCH.replace("web", "any"))
    found = around_of(tmp_path, "kustomization.yaml", "p.yaml", "other.yaml").of("pod.yaml", pods_of(POD))
    assert [one.file for one in found] == ["kustomization.yaml", "p.yaml"]


def test_a_label_that_is_no_word_may_be_meant_by_anything(tmp_path: Path) -> None:
    (tmp_path / "service.yaml").write_text("kind: Service\nspec: {selector: {app: ''}}\n")
    around = around_of(tmp_path, "service.yaml")
    assert around.of("pod.yaml", pods_of(POD)) == ()
    assert len(around.of("pod.yaml", pods_of(POD.replace("web-1.x", "''")))) == 1


@pytest.mark.parametrize(
    ("use", "concerns"),
    [
        pytest.param("volumes: [{name: v, configMap: {name: agent}}]", True, id="a volume"),
        pytest.param(
            "volumes: [{name: v, projected: {sources: [{configMap: {name: agent}}]}}]", True, id="a part of one"
        ),
        pytest.param("x: [{envFrom: [{configMapRef: {name: agent}}]}]", True, id="all variables"),
        pytest.param("x: [{valueFrom: {configMapKeyRef: {name: agent, key: a}}}]", True, id="one variable"),
        pytest.param("volumes: [{name: v, configMap: {name: another}}]", False, id="another one"),
        pytest.param("volumes: [{name: v, secret: {secretName: agent}}]", False, id="a Secret"),
        pytest.param("volumes: [{name: agent, emptyDir: {}}]", False, id="the name of something else"),
    ],
)
def test_a_config_map_is_given_to_the_manifests_of_the_pods_that_name_it(
    tmp_path: Path, use: str, concerns: bool
) -> None:
    (tmp_path / "config.yaml").write_text("data: {name: x}\nkind: ConfigMap\nmetadata: {name: agent}\n")
    around = around_of(tmp_path, "config.yaml")
    found = around.of("pod.yaml", pods_of(POD.replace("spec: {", f"spec: {{{use}, ")))
    assert [one.name for one in found] == ["agent"] * concerns
    assert not around.of("config.yaml", pods_of(POD.replace("spec: {", f"spec: {{{use}, ")))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("kind: ConfigMap\nmetadata:\n  name: agent\n", id="block style"),
        pytest.param("data:\n  x: |\n    name: x\nkind: ConfigMap\nmetadata:\n    name: 'agent'\n", id="data first"),
        pytest.param("kind: ConfigMap\nmetadata: {namespace: prod, name: agent}\n", id="flow style"),
        pytest.param("kind: ConfigMap\nmetadata: {labels: {a: b}, name: agent}\n", id="flow style with more in it"),
        pytest.param('{"kind": "ConfigMap", "metadata": {"name": "agent"}}\n', id="JSON"),
        pytest.param("kind: List\nitems:\n- kind: ConfigMap\n  metadata:\n     name: agent\n", id="in a list"),
        pytest.param("kind: ConfigMap\nmetadata:\n          name: agent\n", id="far to the right"),
    ],
)
def test_a_config_map_is_found_by_its_name_however_it_is_written(tmp_path: Path, text: str) -> None:
    (tmp_path / "config.yaml").write_text(text)
    pod = POD.replace("spec: {", "spec: {volumes: [{name: v, configMap: {name: agent}}], ")
    found = around_of(tmp_path, "config.yaml").of("pod.yaml", pods_of(pod))
    assert [one.name for one in found] == ["agent"]


def test_what_one_has_noted_can_be_taken_over_and_sent_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("kind: Service\nspec: {selector: {app: cart}}\n---\nkind: LimitRange\n")
    (tmp_path / "b.yaml").write_text("kind: Service\nspec: {selector: {app: web-1.x}}\n")
    first, second = around_of(tmp_path, "a.yaml"), around_of(tmp_path, "b.yaml")
    first.merge(second)
    for around in (first, pickle.loads(pickle.dumps(first))):
        found = around.of("pod.yaml", pods_of(POD))
        assert [(one.kind, one.file) for one in found] == [("LimitRange", "a.yaml"), ("Service", "b.yaml")]


def test_only_so_much_stays_parsed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"{number}.yaml" for number in range(20)]
    for name in names:
        (tmp_path / name).write_text("kind: Service\nspec: {selector: {app: web-1.x}}\n")
    monkeypatch.setattr("sidecarify.around._CACHED", 200)
    around = around_of(tmp_path, *names)
    assert len(around.of("pod.yaml", pods_of(POD))) == 20
    assert len(around._parsed) < 6
    assert len(around.of("pod.yaml", pods_of(POD))) == 20


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
        for paths, complete in ((["."], True), ([".", "web.yaml"], False), (["web.yaml", "service.yaml"], False)):
            around = survey(paths).around
            assert around is not None
            assert around.complete is complete

    def test_a_file_alone_has_nothing_around_it(self) -> None:
        assert survey(["web.yaml"]).around is None

    def test_nothing_is_collected_where_nothing_is_to_be_judged(self) -> None:
        Path("web.yaml").unlink()
        assert survey(["."]).around is None

    def test_utf_16_is_no_way_to_hide(self) -> None:
        Path("wide.yaml").write_bytes(WHOLE.encode("utf-16"))
        assert [one.name for one in survey(["."]).candidates] == ["web.yaml", "wide.yaml"]
