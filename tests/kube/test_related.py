"""Which objects of a run concern a pod, as Kubernetes itself would match them."""

from __future__ import annotations

import pytest

from sidecarify.kube import related
from sidecarify.kube.mesh import injection
from sidecarify.kube.objects import KubeObject, objects
from sidecarify.kube.selectors import label_selector_matches, same_namespace
from sidecarify.kube.workload import PodSpec, pod_specs
from sidecarify.yamltext.tree import parse

SHOP = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop, namespace: retail}
spec:
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop, tier: web}}
    spec:
      containers:
      - name: shop
        image: registry.example.com/shop:3
        ports: [{name: http, containerPort: 8080}]
      - name: exporter
        image: registry.example.com/exporter:1
        ports: [{name: metrics, containerPort: 9113}]
"""


def read(*texts: str) -> list[KubeObject]:
    """The objects of several documents, as one run."""
    found: list[KubeObject] = []
    for document, text in enumerate(texts):
        found += objects(parse(text), document, "all.yaml")
    return found


def shop(*texts: str, pod: str = SHOP) -> tuple[PodSpec, list[KubeObject]]:
    run = read(pod, *texts)
    return next(iter(pod_specs(run[0]))), run


def service(*, namespace: str = "namespace: retail", selector: str = "{app: shop}", extra: str = "") -> str:
    return f"""\
apiVersion: v1
kind: Service
metadata: {{name: shop, labels: {{app: shop}}, {namespace}}}
spec:
  selector: {selector}
  {extra}
  ports:
  - {{name: web, port: 80, targetPort: http}}
  - {{name: metrics, port: 9113, targetPort: metrics}}
  - {{name: plain, port: 9000}}
  - {{name: number, port: 81, targetPort: 8080}}
"""


@pytest.mark.parametrize(
    ("selector", "labels", "expected"),
    [
        pytest.param("{}", {"a": "1"}, True, id="an empty selector selects everything"),
        pytest.param("{matchLabels: {a: '1'}}", {"a": "1", "b": "2"}, True, id="more labels do no harm"),
        pytest.param("{matchLabels: {a: '1', c: '3'}}", {"a": "1"}, False, id="every pair must be there"),
        pytest.param("{matchLabels: {a: 1}}", {"a": "1"}, True, id="values are text"),
        pytest.param("{matchExpressions: [{key: a, operator: In, values: [x, y]}]}", {"a": "y"}, True, id="In"),
        pytest.param("{matchExpressions: [{key: a, operator: In, values: [x]}]}", {"a": "y"}, False, id="not In"),
        pytest.param("{matchExpressions: [{key: a, operator: NotIn, values: [x]}]}", {}, True, id="NotIn takes absent"),
        pytest.param("{matchExpressions: [{key: a, operator: NotIn, values: [x]}]}", {"a": "x"}, False, id="NotIn"),
        pytest.param("{matchExpressions: [{key: a, operator: Exists}]}", {"a": ""}, True, id="Exists"),
        pytest.param("{matchExpressions: [{key: a, operator: Exists}]}", {}, False, id="does not exist"),
        pytest.param("{matchExpressions: [{key: a, operator: DoesNotExist}]}", {"b": ""}, True, id="DoesNotExist"),
        pytest.param("{matchExpressions: [{key: a, operator: DoesNotExist}]}", {"a": ""}, False, id="exists"),
        pytest.param("{matchExpressions: [{key: a, operator: Gt, values: ['1']}]}", {"a": "2"}, False, id="unknown"),
        pytest.param(
            "{matchLabels: {a: '1'}, matchExpressions: [{key: b, operator: Exists}]}", {"a": "1"}, False, id="both"
        ),
    ],
)
def test_label_selectors(selector: str, labels: dict[str, str], expected: bool) -> None:
    assert label_selector_matches(parse(selector), labels) is expected


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        pytest.param("a", "a", True, id="same"),
        pytest.param("a", "b", False, id="other"),
        pytest.param(None, None, True, id="both go where the run is applied to"),
        pytest.param("a", None, None, id="one of them may become any"),
        pytest.param(None, "a", None, id="the other may"),
    ],
)
def test_namespaces(one: str | None, other: str | None, expected: bool | None) -> None:
    assert same_namespace(one, other) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(service(), [True], id="selected for certain"),
        pytest.param(service(namespace=""), [False], id="without namespace it may be"),
        pytest.param(service(namespace="namespace: other"), [], id="labels reach no other namespace"),
        pytest.param(service(selector="{app: shop, tier: db}"), [], id="a pair differs"),
        pytest.param(service(selector="{}"), [], id="an empty selector selects nothing"),
        pytest.param(service(selector="null"), [], id="no selector"),
        pytest.param(service().replace("v1", "serving.knative.dev/v1"), [], id="the kind of another group"),
    ],
)
def test_services(text: str, expected: list[bool]) -> None:
    pod, run = shop(text)
    assert [found.certain for found in related.services(pod, run)] == expected


def test_service_ports_are_looked_up_as_endpoints_are() -> None:
    pod, run = shop(service())
    ports = {port.name: port for port in related.services(pod, run)[0].ports}
    owner = {name: related.port_owner(port, pod.containers) for name, port in ports.items()}
    assert {name: found and found[0].name for name, found in owner.items()} == {
        "web": "shop",
        "metrics": "exporter",
        "plain": None,
        "number": "shop",
    }
    assert ports["plain"].target == 9000


def test_port_names_need_the_same_protocol() -> None:
    pod, run = shop(service().replace("targetPort: metrics", "targetPort: metrics, protocol: UDP"))
    port = related.services(pod, run)[0].ports[1]
    assert related.port_owner(port, pod.containers) is None


INGRESS = """\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: shop, namespace: retail, annotations: {alb.ingress.kubernetes.io/target-type: %s}}
spec:
  rules:
  - http:
      paths:
      - path: /
        backend: {service: {name: %s, port: {%s}}}
"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(INGRESS % ("ip", "shop", "name: metrics"), ["metrics"], id="port by name"),
        pytest.param(INGRESS % ("ip", "shop", "number: 80"), ["web"], id="port by number"),
        pytest.param(INGRESS % ("ip", "other", "number: 80"), [], id="another Service"),
        pytest.param(
            "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: shop, namespace: retail}\n"
            "spec: {rules: [{backendRefs: [{name: shop, port: 9113}]}]}\n",
            ["metrics"],
            id="HTTPRoute",
        ),
        pytest.param(
            "apiVersion: route.openshift.io/v1\nkind: Route\nmetadata: {name: shop, namespace: retail}\n"
            "spec: {to: {kind: Service, name: shop}, port: {targetPort: web}}\n",
            ["web"],
            id="OpenShift Route",
        ),
        pytest.param(
            "apiVersion: extensions/v1beta1\nkind: Ingress\nmetadata: {name: shop, namespace: retail}\n"
            "spec: {backend: {serviceName: shop, servicePort: web}}\n",
            ["web"],
            id="the old Ingress",
        ),
    ],
)
def test_routes(text: str, expected: list[str]) -> None:
    pod, run = shop(service(), text)
    assert [route.port and route.port.name for route in related.routes(pod, run)] == expected


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        pytest.param([service(extra="type: LoadBalancer")], {"web", "metrics", "plain", "number"}, id="all its ports"),
        pytest.param([service(extra="type: NodePort")], set(), id="NodePort is kube-proxy's"),
        pytest.param([service(), INGRESS % ("ip", "shop", "name: metrics")], {"metrics"}, id="ALB to pods"),
        pytest.param([service(), INGRESS % ("instance", "shop", "name: metrics")], set(), id="ALB to nodes"),
        pytest.param(
            [
                service(),
                "apiVersion: elbv2.k8s.aws/v1beta1\nkind: TargetGroupBinding\nmetadata: {name: x, namespace: retail}\n"
                "spec: {targetType: ip, serviceRef: {name: shop, port: 9113}}\n",
            ],
            {"metrics"},
            id="TargetGroupBinding",
        ),
    ],
)
def test_load_balancers(texts: list[str], expected: set[str]) -> None:
    pod, run = shop(*texts)
    assert {port.name for _, port, _ in related.load_balanced(pod, run)} == expected


def policy(spec: str, kind: str = "NetworkPolicy", api: str = "networking.k8s.io/v1", namespace: str = "retail") -> str:
    return f"apiVersion: {api}\nkind: {kind}\nmetadata: {{name: p, namespace: {namespace}}}\nspec:\n{spec}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(policy("  podSelector: {}\n  ingress: [{ports: [{port: metrics}]}]\n"), ["metrics"], id="all"),
        pytest.param(policy("  podSelector: {}\n  ingress: [{ports: [{port: 9113}]}]\n"), [], id="by number"),
        pytest.param(policy("  podSelector: {}\n  ingress: [{ports: [{port: '9113'}]}]\n"), [], id="no legal name"),
        pytest.param(
            policy("  podSelector: {matchLabels: {app: x}}\n  ingress: [{ports: [{port: metrics}]}]\n"), [], id="others"
        ),
        pytest.param(
            policy("  podSelector: {}\n  ingress: [{ports: [{port: metrics}]}]\n", namespace="x"), [], id="elsewhere"
        ),
        pytest.param(
            policy(
                "  podSelector: {matchLabels: {app: prometheus}}\n"
                "  egress: [{to: [{podSelector: {matchLabels: {app: shop}}}], ports: [{port: metrics}]}]\n"
            ),
            ["metrics"],
            id="egress of a neighbour names the pod's port",
        ),
        pytest.param(
            policy(
                "  podSelector: {}\n  egress: [{to: [{podSelector: {matchLabels: {app: db}}}], ports: [{port: x}]}]\n"
            ),
            [],
            id="egress to others",
        ),
        pytest.param(
            policy(
                "  endpointSelector: {matchLabels: {'k8s:app': shop}}\n"
                "  ingress: [{toPorts: [{ports: [{port: metrics, protocol: TCP}]}]}]\n",
                "CiliumNetworkPolicy",
                "cilium.io/v2",
            ),
            ["metrics"],
            id="Cilium",
        ),
        pytest.param(
            policy(
                "  selector: app == 'shop' && tier == 'web'\n  ingress: [{destination: {ports: [metrics, 80]}}]\n",
                api="projectcalico.org/v3",
            ),
            ["metrics"],
            id="Calico",
        ),
        pytest.param(
            policy(
                "  selector: app != 'x'\n  ingress: [{destination: {ports: [metrics]}}]\n", api="projectcalico.org/v3"
            ),
            [],
            id="Calico's larger language is not guessed at",
        ),
    ],
)
def test_policy_ports(text: str, expected: list[str]) -> None:
    pod, run = shop(text)
    assert [port.name for port in related.policy_ports(pod, run)] == expected


def test_autoscalers_name_containers_of_their_target_only() -> None:
    hpa = """\
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: shop, namespace: retail}
spec:
  scaleTargetRef: {apiVersion: %s, kind: %s, name: %s}
  metrics:
  - type: ContainerResource
    containerResource: {name: cpu, container: exporter}
"""
    for version, kind, name, expected in (
        ("apps/v1", "Deployment", "shop", ["exporter"]),
        ("apps/v1", "Deployment", "other", []),
        ("apps/v1", "StatefulSet", "shop", []),
        ("argoproj.io/v1alpha1", "Deployment", "shop", []),
    ):
        pod, run = shop(hpa % (version, kind, name))
        assert [found.container for found in related.autoscaler_containers(pod, run)] == expected


def test_keda_targets_deployments_unless_told_otherwise() -> None:
    text = """\
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata: {name: shop, namespace: retail}
spec:
  scaleTargetRef: {name: shop}
  triggers:
  - {type: cpu, metadata: {value: "60", containerName: exporter}}
  - {type: cpu, metadata: {value: "60"}}
"""
    pod, run = shop(text)
    found = list(related.keda_containers(pod, run))
    assert [(one.container, one.line) for one in found] == [("exporter", 7)]
    pod, run = shop(text.replace("{name: shop}\n  triggers", "{name: shop, kind: StatefulSet}\n  triggers"))
    assert not list(related.keda_containers(pod, run))


def test_a_vertical_autoscaler_that_only_recommends_concerns_nobody() -> None:
    text = """\
apiVersion: autoscaling.k8s.io/v1
kind: VerticalPodAutoscaler
metadata: {name: shop, namespace: retail}
spec:
  targetRef: {apiVersion: apps/v1, kind: Deployment, name: shop}
  updatePolicy: {updateMode: Auto}
  resourcePolicy:
    containerPolicies:
    - {containerName: exporter, maxAllowed: {memory: 1Gi}}
    - {containerName: "*", mode: "Off"}
"""
    pod, run = shop(text)
    assert [found.container for found in related.vertical_autoscalers(pod, run)] == [None, "exporter"]
    pod, run = shop(text.replace("Auto", '"Off"'))
    assert not list(related.vertical_autoscalers(pod, run))


MONITOR = """\
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata: {name: shop, namespace: monitoring}
spec:
  selector: {matchLabels: {app: shop}}
  namespaceSelector: %s
  endpoints: [{%s}]
"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(MONITOR % ("{matchNames: [retail]}", "port: metrics"), ["metrics"], id="by the Service's port"),
        pytest.param(MONITOR % ("{any: true}", "targetPort: 9113"), [], id="the Service targets it by name"),
        pytest.param(MONITOR % ("{any: true}", "targetPort: metrics"), ["metrics"], id="by the target's name"),
        pytest.param(MONITOR % ("{}", "port: metrics"), [], id="looks into its own namespace only"),
        pytest.param(MONITOR % ("{matchNames: [other]}", "port: metrics"), [], id="looks elsewhere"),
        pytest.param(
            (MONITOR % ("{any: true}", "port: metrics")).replace("app: shop", "app: x"), [], id="other labels"
        ),
    ],
)
def test_monitored_ports(text: str, expected: list[str]) -> None:
    pod, run = shop(service(), text)
    assert [found.port.name for found in related.monitored_ports(pod, run)] == expected


NAMESPACE = "apiVersion: v1\nkind: Namespace\nmetadata: {name: %s, labels: {%s}, annotations: {%s}}\n"


@pytest.mark.parametrize(
    ("template", "namespace", "expected"),
    [
        pytest.param('labels: {sidecar.istio.io/inject: "true"}', "", ("Istio", None), id="istio label"),
        pytest.param('annotations: {sidecar.istio.io/inject: "true"}', "", ("Istio", None), id="istio annotation"),
        pytest.param("labels: {istio.io/rev: 1-27}", "", ("Istio", None), id="any revision"),
        pytest.param(
            "labels: {a: b}", NAMESPACE % ("retail", "istio-injection: enabled", ""), ("Istio", None), id="ns"
        ),
        pytest.param("labels: {a: b}", NAMESPACE % ("x", "istio-injection: enabled", ""), None, id="other namespace"),
        pytest.param(
            'labels: {sidecar.istio.io/inject: "false"}',
            NAMESPACE % ("retail", "istio-injection: enabled", ""),
            None,
            id="the template decides over the namespace",
        ),
        pytest.param(
            'annotations: {linkerd.io/inject: enabled, config.linkerd.io/proxy-enable-native-sidecar: "true"}',
            "",
            ("Linkerd", True),
            id="native by its switch",
        ),
        pytest.param("annotations: {linkerd.io/inject: disabled}", "", None, id="disabled"),
        pytest.param(
            "labels: {a: b}",
            NAMESPACE % ("retail", "", "linkerd.io/inject: enabled"),
            ("Linkerd", None),
            id="linkerd ns",
        ),
        pytest.param("labels: {kuma.io/sidecar-injection: enabled}", "", ("Kuma", None), id="kuma"),
        pytest.param(
            'annotations: {consul.hashicorp.com/connect-inject: "true", '
            'consul.hashicorp.com/enable-consul-dataplane-as-sidecar: "false"}',
            "",
            ("Consul", False),
            id="consul, not native",
        ),
        pytest.param("labels: {app: shop}", "", None, id="no mesh"),
    ],
)
def test_injection(template: str, namespace: str, expected: tuple[str, bool | None] | None) -> None:
    text = SHOP.replace("labels: {app: shop, tier: web}", template)
    pod, run = shop(*filter(None, [namespace]), pod=text)
    found = injection(pod, run)
    assert (found and (found.product, found.native)) == expected


def test_the_nodes_network_has_no_proxy() -> None:
    text = SHOP.replace("labels: {app: shop, tier: web}", 'labels: {sidecar.istio.io/inject: "true"}')
    pod, run = shop(pod=text.replace("      containers:", "      hostNetwork: true\n      containers:"))
    assert injection(pod, run) is None


def test_an_index_by_kind_changes_no_answer() -> None:
    pod, run = shop(
        service(extra="type: LoadBalancer"), INGRESS % ("ip", "shop", "name: metrics"), service(namespace="")
    )
    indexed = related.surroundings(run)
    assert related.surroundings(indexed) is indexed
    for ask in (related.services, related.routes, related.load_balanced):
        assert list(ask(pod, indexed)) == list(ask(pod, run))
        assert list(ask(pod, indexed)) == list(ask(pod, run)), "the second answer comes from memory"


def test_texts_that_speak_of_something() -> None:
    _, run = shop("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {a: kube_pod_x, b: other}\n")
    assert [(found.text, found.line) for found in related.texts(run, "kube_pod_", "", "ConfigMap")] == [
        ("kube_pod_x", 4)
    ]
    assert not list(related.texts(run, "kube_pod_", "", "Secret"))


def test_an_object_with_a_key_twice_is_left_out() -> None:
    pod, run = shop(service().replace("targetPort: http", "targetPort: http, targetPort: other"), service())
    assert [one.object.document for one in related.services(pod, related.surroundings(run))] == [2]
