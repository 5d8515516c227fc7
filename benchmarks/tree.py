"""A tree like a platform team's repository: thousands of YAML files, few of which hold a pod with several containers.

    python benchmarks/tree.py FOLDER [--files 40000] [--seed 1]

The kinds and their shares, and the sizes of each kind, are those of public repositories: many small Services and
kustomizations, Deployments of one container, values files, some long CRDs and dashboards. The same seed gives the same
tree, byte for byte.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Callable
from pathlib import Path

Write = Callable[[random.Random, str], str]

WORDS = (
    *("api", "auth", "batch", "billing", "cart", "catalog", "core", "data", "edge", "event", "feed", "gate", "geo"),
    *("hook", "index", "job", "ledger", "mail", "order", "pay", "price", "queue", "rate", "report", "search", "ship"),
    *("stock", "store", "sync", "tax", "user", "vault", "web", "work", "zone"),
)
IMAGES = [
    ("log", "fluent/fluent-bit:3.1.4", "logs", ""),
    ("log-reader", "busybox:1.36", "logs", "          command: [sh, -c, 'tail -n+1 -F /var/log/app/app.log']\n"),
    ("cloud-sql-proxy", "gcr.io/cloud-sql-connectors/cloud-sql-proxy:2.14.1", "", "          args: ['p:r:db']\n"),
    ("exporter", "nginx/nginx-prometheus-exporter:1.3.0", "", "          args: [--nginx.scrape-uri=http://:80/s]\n"),
    ("git-sync", "registry.k8s.io/git-sync/git-sync:v4.3.0", "content", ""),
    ("oauth2-proxy", "quay.io/oauth2-proxy/oauth2-proxy:v7.7.1", "", "          args: [--upstream=http://:8080]\n"),
    ("statsd", "prom/statsd-exporter:v0.27.1", "", ""),
    ("vault-agent", "hashicorp/vault:1.18.1", "secrets", "          args: [agent, -config=/etc/vault/a.hcl]\n"),
    ("worker", "registry.example.com/shop/worker:1.4.2", "", ""),
]


def container(drawn: random.Random, name: str, image: str, volume: str, more: str = "") -> str:
    """One item of `containers`, of the usual length."""
    port = drawn.randrange(2000, 9999)
    env = "".join(
        f"            - name: {drawn.choice(WORDS).upper()}_{number}\n"
        + drawn.choice(
            [
                f'              value: "{drawn.randrange(9999)}"\n',
                "              valueFrom:\n                secretKeyRef:\n"
                f"                  name: {drawn.choice(WORDS)}-secret\n                  key: password\n",
            ]
        )
        for number in range(drawn.randrange(2, 22))
    )
    mounts = f"            - name: {volume}\n              mountPath: /var/{volume}/app\n" if volume else ""
    return (
        f"        - name: {name}\n          image: {image}\n          imagePullPolicy: IfNotPresent\n{more}"
        f"          ports:\n            - name: p{port}\n              containerPort: {port}\n          env:\n{env}"
        "          resources:\n            requests:\n              cpu: 100m\n              memory: 128Mi\n"
        "            limits:\n              memory: 512Mi\n"
        f"          livenessProbe:\n            httpGet:\n              path: /healthz\n              port: {port}\n"
        "            initialDelaySeconds: 10\n            periodSeconds: 10\n"
        f"          readinessProbe:\n            httpGet:\n              path: /ready\n              port: {port}\n"
        "          securityContext:\n            allowPrivilegeEscalation: false\n            runAsNonRoot: true\n"
        f"          volumeMounts:\n            - name: tmp\n              mountPath: /tmp\n{mounts}"
    )


def workload(drawn: random.Random, name: str, helpers: int) -> str:
    """A Deployment or its like."""
    kind = drawn.choices(["Deployment", "StatefulSet", "DaemonSet"], [8, 1, 1])[0]
    chosen = drawn.sample(IMAGES, helpers)
    volumes = sorted({"tmp", *(volume for _, _, volume, _ in chosen if volume)})
    shared = next((volume for _, _, volume, _ in chosen if volume), "")
    body = container(drawn, name, f"registry.example.com/shop/{name}:1.{drawn.randrange(99)}.0", shared)
    body += "".join(container(drawn, *one) for one in chosen)
    service = f"  serviceName: {name}\n" if kind == "StatefulSet" else ""
    return (
        f"apiVersion: apps/v1\nkind: {kind}\nmetadata:\n  name: {name}\n  namespace: {name.partition('-')[0]}\n"
        f"  labels:\n    app.kubernetes.io/name: {name}\n    app.kubernetes.io/part-of: shop\nspec:\n{service}"
        f"  selector:\n    matchLabels:\n      app.kubernetes.io/name: {name}\n  template:\n    metadata:\n"
        f"      labels:\n        app.kubernetes.io/name: {name}\n      annotations:\n"
        "        prometheus.io/scrape: 'true'\n"
        f"    spec:\n      serviceAccountName: {name}\n      # one node is not enough\n      affinity:\n"
        "        podAntiAffinity:\n          preferredDuringSchedulingIgnoredDuringExecution:\n"
        "            - weight: 100\n              podAffinityTerm:\n"
        "                topologyKey: kubernetes.io/hostname\n                labelSelector:\n"
        f"                  matchLabels:\n                    app.kubernetes.io/name: {name}\n"
        f"      containers:\n{body}      volumes:\n"
        + "".join(f"        - name: {volume}\n          emptyDir: {{}}\n" for volume in volumes)
    )


def single(drawn: random.Random, name: str) -> str:
    """A workload with one container."""
    return workload(drawn, name, 0)


def several(drawn: random.Random, name: str) -> str:
    """A workload with two or three containers."""
    return workload(drawn, name, drawn.choices([1, 2], [4, 1])[0])


def cron_job(drawn: random.Random, name: str) -> str:
    """A CronJob with one container."""
    body = container(drawn, name, f"registry.example.com/shop/{name}:2", "").replace("\n", "\n    ").rstrip(" ")
    return (
        f"apiVersion: batch/v1\nkind: CronJob\nmetadata:\n  name: {name}\nspec:\n  schedule: '*/5 * * * *'\n"
        f"  jobTemplate:\n    spec:\n      template:\n        spec:\n          restartPolicy: Never\n"
        f"          containers:\n    {body}          volumes:\n            - name: tmp\n              emptyDir: {{}}\n"
    )


def service(drawn: random.Random, name: str) -> str:
    """A Service."""
    port = drawn.choice([80, 8080, 9090])
    return (
        f"apiVersion: v1\nkind: Service\nmetadata:\n  name: {name}\n  namespace: {name.partition('-')[0]}\n"
        f"  labels:\n    app.kubernetes.io/name: {name}\nspec:\n  type: ClusterIP\n  selector:\n"
        f"    app.kubernetes.io/name: {name}\n"
        f"  ports:\n    - name: http\n      port: {port}\n      targetPort: http\n      protocol: TCP\n"
    )


def config_map(drawn: random.Random, name: str) -> str:
    """A ConfigMap with a file in it."""
    lines = "".join(
        f"    {drawn.choice(WORDS)}.{drawn.choice(WORDS)}.{number} = {drawn.random()}\n"
        for number in range(drawn.randrange(5, 120))
    )
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\ndata:\n  app.properties: |\n{lines}"


def kustomization(drawn: random.Random, name: str) -> str:
    """A kustomization, one in four with a patch."""
    text = (
        "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"
        f"namespace: {name.partition('-')[0]}\nresources:\n  - deployment.yaml\n  - service.yaml\n  - ../../base\n"
        f"images:\n  - name: registry.example.com/shop/{name}\n    newTag: 1.{drawn.randrange(99)}.0\n"
    )
    if drawn.random() < 0.25:
        text += (
            f"patches:\n  - target:\n      kind: Deployment\n      name: {name}\n    patch: |-\n"
            f"      - op: replace\n        path: /spec/replicas\n        value: {drawn.randrange(2, 9)}\n"
        )
    return text


def values(drawn: random.Random, name: str) -> str:
    """The values of a chart."""
    parts = [f"# Values of {name}\nimage:\n  repository: shop/{name}\n  tag: 1.0.{drawn.randrange(99)}\n"]
    for number in range(drawn.randrange(10, 160)):
        word = drawn.choice(WORDS)
        parts.append(
            f"\n# -- settings of {word}, see the page on it before you change them\n{word}{number}:\n  enabled: true\n"
            f"  replicas: {drawn.randrange(9)}\n  host: {word}.example.com\n  resources: {{}}\n  extraContainers: []\n"
        )
    return "".join(parts)


def ingress(_: random.Random, name: str) -> str:
    """An Ingress."""
    return (
        f"apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata:\n  name: {name}\n  annotations:\n"
        "    cert-manager.io/cluster-issuer: letsencrypt\nspec:\n  rules:\n"
        f"    - host: {name}.example.com\n      http:\n"
        f"        paths:\n          - path: /\n            pathType: Prefix\n            backend:\n"
        f"              service:\n                name: {name}\n                port:\n                  name: http\n"
    )


def autoscaler(drawn: random.Random, name: str) -> str:
    """A HorizontalPodAutoscaler."""
    return (
        f"apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata:\n  name: {name}\nspec:\n"
        f"  scaleTargetRef:\n    apiVersion: apps/v1\n    kind: Deployment\n    name: {name}\n"
        f"  minReplicas: 2\n  maxReplicas: {drawn.randrange(3, 20)}\n  metrics:\n    - type: Resource\n"
        "      resource:\n        name: cpu\n"
        "        target:\n          type: Utilization\n          averageUtilization: 70\n"
    )


def access(drawn: random.Random, name: str) -> str:
    """A ServiceAccount, a Role and a RoleBinding in one file."""
    rules = "".join(
        f"  - apiGroups: ['']\n    resources: [{drawn.choice(['pods', 'secrets', 'configmaps'])}]\n"
        "    verbs: [get, list]\n"
        for _ in range(drawn.randrange(1, 6))
    )
    return (
        f"apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: {name}\n---\n"
        f"apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata:\n  name: {name}\nrules:\n{rules}---\n"
        f"apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata:\n  name: {name}\nroleRef:\n"
        f"  apiGroup: rbac.authorization.k8s.io\n  kind: Role\n  name: {name}\n"
        f"subjects:\n  - kind: ServiceAccount\n    name: {name}\n"
    )


def network_policy(_: random.Random, name: str) -> str:
    """A NetworkPolicy."""
    return (
        f"apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n  name: {name}\n"
        f"  namespace: {name.partition('-')[0]}\nspec:\n  podSelector:\n    matchLabels:\n"
        f"      app.kubernetes.io/name: {name}\n  ingress:\n    - from:\n"
        "        - podSelector: {}\n      ports:\n        - port: http\n"
    )


def monitor(_: random.Random, name: str) -> str:
    """A ServiceMonitor."""
    return (
        f"apiVersion: monitoring.coreos.com/v1\nkind: ServiceMonitor\nmetadata:\n  name: {name}\nspec:\n  selector:\n"
        f"    matchLabels:\n      app.kubernetes.io/name: {name}\n  endpoints:\n    - port: http\n      interval: 30s\n"
    )


def rules(drawn: random.Random, name: str) -> str:
    """A PrometheusRule."""
    alerts = "".join(
        f"        - alert: {drawn.choice(WORDS).title()}{number}\n          expr: |\n"
        f'            sum(rate(container_cpu_usage_seconds_total{{namespace="{name}", container!=""}}[5m])) > 1\n'
        f"          for: 10m\n          labels:\n            severity: page\n"
        for number in range(drawn.randrange(2, 12))
    )
    return (
        f"apiVersion: monitoring.coreos.com/v1\nkind: PrometheusRule\nmetadata:\n  name: {name}\nspec:\n  groups:\n"
        f"    - name: {name}\n      rules:\n{alerts}"
    )


def namespace(_: random.Random, name: str) -> str:
    """A Namespace."""
    return f"apiVersion: v1\nkind: Namespace\nmetadata:\n  name: {name.partition('-')[0]}\n"


def definition(drawn: random.Random, name: str) -> str:
    """A CustomResourceDefinition, whose schema may speak of containers."""
    parts = []
    for number in range(drawn.randrange(40, 500)):
        word = drawn.choice(WORDS) + str(number) if number else drawn.choice(["containers", "image", "replicas"])
        parts.append(
            f"                {word}:\n                  type: string\n"
            f"                  description: What {word} is for, and how it is used by the controller of {name}.\n"
        )
    return (
        "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n"
        f"metadata:\n  name: {name}s.example.com\nspec:\n  group: example.com\n  names:\n"
        f"    kind: {name.title()}\n    plural: {name}s\n  scope: Namespaced\n"
        "  versions:\n    - name: v1\n      served: true\n      storage: true\n      schema:\n"
        "        openAPIV3Schema:\n"
        "          type: object\n          properties:\n            spec:\n              type: object\n"
        "              properties:\n" + "".join(parts)
    )


def stack(drawn: random.Random, name: str) -> str:
    """A whole application in one file."""
    return "---\n".join(write(drawn, name) for write in (single, service, ingress, config_map))


def dashboard(drawn: random.Random, name: str) -> str:
    """A dashboard in JSON, which is no manifest."""
    panels = [
        {
            "id": number,
            "title": drawn.choice(WORDS),
            "targets": [{"expr": f'sum(up{{container="{name}"}})', "refId": "A", "legendFormat": "{{pod}}"}],
            "gridPos": {"h": 8, "w": 12, "x": 0, "y": number * 8},
        }
        for number in range(drawn.randrange(3, 60))
    ]
    return json.dumps({"title": name, "panels": panels, "schemaVersion": 39}, indent=2) + "\n"


def json_manifest(drawn: random.Random, name: str) -> str:
    """A Deployment of one container in JSON."""
    pod = {"containers": [{"name": name, "image": f"shop/{name}:{drawn.randrange(9)}", "ports": []}]}
    template = {"metadata": {"labels": {"app": name}}, "spec": pod}
    spec = {"selector": {"matchLabels": {"app": name}}, "template": template}
    return json.dumps(
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": spec}, indent=2
    )


SHARES: tuple[tuple[Write, str, float], ...] = (
    (several, "deployment.yaml", 5.0),
    (single, "deployment.yaml", 20.0),
    (cron_job, "cronjob.yaml", 2.0),
    (service, "service.yaml", 15.0),
    (config_map, "configmap.yaml", 10.0),
    (kustomization, "kustomization.yaml", 15.0),
    (values, "values.yaml", 8.0),
    (ingress, "ingress.yaml", 5.0),
    (autoscaler, "hpa.yaml", 4.0),
    (access, "rbac.yml", 5.0),
    (network_policy, "networkpolicy.yaml", 2.0),
    (monitor, "monitor.yaml", 2.0),
    (rules, "rules.yaml", 1.0),
    (namespace, "namespace.yaml", 1.5),
    (definition, "crd.yaml", 0.5),
    (stack, "all.yaml", 2.0),
    (dashboard, "dashboard.json", 1.0),
    (json_manifest, "deployment.json", 1.0),
)


def plant(folder: Path, count: int, seed: int = 1) -> dict[str, int]:
    """Write `count` files, eight for each application, in a base and two overlays; how many there are of each kind."""
    drawn = random.Random(seed)
    made: dict[str, int] = {}
    writers = drawn.choices(SHARES, [share for _, _, share in SHARES], k=count)
    for number, (write, file, _) in enumerate(writers):
        if number % 8 == 0:
            app = f"{drawn.choice(WORDS)}-{drawn.choice(WORDS)}-{number // 8}"
            home = folder / f"team-{number // 8 % 40}" / app
        place = home / drawn.choice(["base", "overlays/dev", "overlays/prod"])
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{number}-{file}" if (place / file).exists() else place / file).write_text(write(drawn, app))
        made[write.__name__] = made.get(write.__name__, 0) + 1
    (folder / ".gitignore").write_text("*.log\n.DS_Store\n/dist/\nnode_modules/\n.terraform/\n*.tgz\n.env*\n")
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--files", type=int, default=40_000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    for name, count in sorted(plant(arguments.folder, arguments.files, arguments.seed).items()):
        print(f"{count:7} {name}")


if __name__ == "__main__":
    main()
