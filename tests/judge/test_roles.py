"""Who is the main container, who helps, and what says so."""

from __future__ import annotations

from textwrap import dedent, indent

import pytest

from sidecarify.judge.model import Settings

from .pods import answers


def deployment(
    containers: str, *, kind: str = "Deployment", name: str = "shop", extra: str = "", after: str = ""
) -> str:
    """A workload with the containers; all volumes that they may mount are there."""
    return (
        dedent(f"""\
        apiVersion: apps/v1
        kind: {kind}
        metadata: {{name: {name}}}
        spec:
          template:
            metadata: {{labels: {{app: {name}}}{extra}}}
            spec:
              volumes:
              - {{name: logs, emptyDir: {{}}}}
              - {{name: run, emptyDir: {{}}}}
              - {{name: data, persistentVolumeClaim: {{claimName: data}}}}
              - {{name: config, configMap: {{name: config}}}}
              containers:
        """)
        + indent(dedent(containers), "      ")
        + dedent(after)
    )


SERVICE = """
---
apiVersion: v1
kind: Service
metadata: {name: shop}
spec:
  selector: {app: shop}
  ports: [{port: 80, targetPort: http}]
"""

ROLES = [
    pytest.param(
        """
        - {name: api, image: corp/shop:1}
        - {name: log, image: "fluent/fluent-bit:3", volumeMounts: [{name: logs, mountPath: /logs}]}
        """,
        {"api": "main", "log": "helper"},
        id="image of a helper family beside the application",
    ),
    pytest.param(
        """
        - {name: shop, image: corp/shop:1, volumeMounts: [{name: logs, mountPath: /logs}]}
        - {name: x, image: "python:3", command: [python, -c, "while True: f()"],
           volumeMounts: [{name: logs, mountPath: /l}]}
        """,
        {"shop": "main", "x": "helper"},
        id="code in the call that never ends is a script",
    ),
    pytest.param(
        """
        - {name: shop, image: corp/shop:1, volumeMounts: [{name: logs, mountPath: /logs}]}
        - {name: x, image: corp/x:1, command: [python, -c, "import x; x.f()"],
           volumeMounts: [{name: logs, mountPath: /l}]}
        """,
        {"shop": "main", "x": "unclear"},
        id="code that only calls a program says nothing of it",
    ),
    pytest.param(
        """
        - {name: shop, image: corp/shop:1, volumeMounts: [{name: logs, mountPath: /logs}]}
        - name: queue-worker
          image: busybox
          command: [sh, -c, "while true; do psql -h db -c 'call next()'; sleep 5; done"]
          volumeMounts: [{name: logs, mountPath: /logs}]
        """,
        {"shop": "main", "queue-worker": "unclear"},
        id="a script that is called like a part of the application",
    ),
    pytest.param(
        """
        - {name: shop, image: corp/shop:1}
        - {name: worker, image: corp/shop:1, args: [worker]}
        """,
        {"shop": "main", "worker": "peer"},
        id="the same image twice: two parts of one application",
    ),
    pytest.param(
        """
        - {name: nginx, image: "nginx:1.27", volumeMounts: [{name: data, mountPath: /var/www/html, readOnly: true}]}
        - {name: php, image: "corp/php-fpm:8", volumeMounts: [{name: data, mountPath: /var/www/html}]}
        """,
        {"nginx": "main", "php": "peer"},
        id="a web server and the program whose files it serves",
    ),
    pytest.param(
        """
        - {name: shop, image: corp/shop:1, volumeMounts: [{name: run, mountPath: /run/shop}]}
        - {name: tls, image: "nginx:1.27", volumeMounts: [{name: run, mountPath: /run/shop}]}
        """,
        {"shop": "main", "tls": "helper"},
        id="a web server beside a container named like the workload",
    ),
    pytest.param(
        """
        - {name: web, image: "nginx:1.27", ports: [{name: http, containerPort: 8080}]}
        - {name: log, image: busybox, args: [tail, -F, /logs/a], volumeMounts: [{name: logs, mountPath: /logs}]}
        """,
        {"web": "main", "log": "helper"},
        id="a web server that nobody else could be the main container of",
    ),
    pytest.param(
        """
        - {name: sync, image: corp/flag-sync:1, args: [--out=/run/f], volumeMounts: [{name: run, mountPath: /run}]}
        - {name: shop, image: corp/shop:1, volumeMounts: [{name: run, mountPath: /run}]}
        """,
        {"sync": "helper", "shop": "main"},
        id="private image: its name tells its work and its arguments name the shared volume",
    ),
    pytest.param(
        """
        - {name: shop, image: corp/shop:1, ports: [{containerPort: 80}]}
        - {name: logger, image: corp/logger:1}
        """,
        {"shop": "main", "logger": "unclear"},
        id="private image: its name tells its work and nothing confirms it",
    ),
    pytest.param(
        """
        - {name: c1, image: corp/a:1, ports: [{containerPort: 80}], volumeMounts: [{name: data, mountPath: /x}]}
        - {name: c2, image: corp/b:1, args: [-d, /x], volumeMounts: [{name: data, mountPath: /x}]}
        """,
        {"c1": "main", "c2": "unclear"},
        id="private image that nothing tells, on a shared volume",
    ),
    pytest.param(
        """
        - {name: c1, image: corp/a:1}
        - {name: c2, image: corp/b:1}
        """,
        {"c1": "main", "c2": "peer"},
        id="nothing is known and nothing is shared: all stay",
    ),
    pytest.param(
        """
        - {name: count, image: busybox, args: [sh, -c, "while true; do date >> /logs/1; sleep 1; done"],
           volumeMounts: [{name: logs, mountPath: /logs}]}
        - {name: one, image: busybox, args: [tail, -F, /logs/1], volumeMounts: [{name: logs, mountPath: /logs}]}
        """,
        {"count": "main", "one": "helper"},
        id="nothing but scripts: the one that writes is the main container",
    ),
    pytest.param(
        """
        - {name: postgres, image: "postgres:16", volumeMounts: [{name: data, mountPath: /data}]}
        - {name: backup, image: restic/restic, volumeMounts: [{name: data, mountPath: /data}]}
        """,
        {"postgres": "main", "backup": "helper"},
        id="a database is the product of its pod",
    ),
    pytest.param(
        """
        - {name: shop, image: corp/shop:1, ports: [{containerPort: 80}]}
        - {name: redis, image: "redis:7", volumeMounts: [{name: run, mountPath: /run}]}
        """,
        {"shop": "main", "redis": "helper"},
        id="a cache beside the application",
    ),
    pytest.param(
        """
        - {name: shop, image: corp/shop:1, volumeMounts: [{name: logs, mountPath: /logs}]}
        - {name: out, image: corp/ubi:9, command: [tail, -F, /logs/a], volumeMounts: [{name: logs, mountPath: /logs}]}
        """,
        {"shop": "main", "out": "helper"},
        id="private base image that runs nothing but a general tool",
    ),
    pytest.param(
        """
        - {name: shop, image: corp/shop:1}
        - {name: agent, image: corp/base:9, command: [sh, -c, "sleep 5; exec /usr/bin/filebeat -e"]}
        """,
        {"shop": "main", "agent": "helper"},
        id="private base image that runs the program of a family",
    ),
    pytest.param(
        """
        - {name: collector, image: otel/opentelemetry-collector, ports: [{containerPort: 4317}]}
        - {name: reload, image: jimmidyson/configmap-reload}
        """,
        {"collector": "main", "reload": "helper"},
        id="nothing but helpers: the one that can be a service is it",
    ),
    pytest.param(
        """
        - {name: registrar, image: registry.k8s.io/sig-storage/csi-node-driver-registrar}
        - {name: probe, image: registry.k8s.io/sig-storage/livenessprobe}
        """,
        {"registrar": "helper", "probe": "helper"},
        id="nothing but companions: none is the main container",
    ),
    pytest.param(
        """
        - {name: git-sync, image: git-sync/git-sync}
        - {name: run, image: alpine, command: [sh, -c, "while true; do sh /git/run; sleep 9; done"]}
        """,
        {"git-sync": "helper", "run": "main"},
        id="a script beside nothing but helpers",
    ),
    pytest.param(
        """
        - {name: shop, image: corp/shop:1}
        - {name: shop-api, image: corp/shop-api:1}
        """,
        {"shop": "main", "shop-api": "peer"},
        id="a second container that is called like an application",
    ),
    pytest.param(
        """
        - {name: redis, image: "redis:7", ports: [{containerPort: 6379}]}
        - {name: sentinel, image: "redis:7", command: [redis-sentinel, /conf]}
        """,
        {"redis": "main", "sentinel": "peer"},
        id="the same image of a family twice",
    ),
    pytest.param(
        """
        - {name: mq, image: "rabbitmq:3", ports: [{containerPort: 5672}]}
        - {name: exporter, image: corp/mq-exporter:1, ports: [{name: metrics, containerPort: 9419}]}
        """,
        {"mq": "main", "exporter": "helper"},
        id="a private exporter that declares its metrics port",
    ),
    pytest.param(
        """
        - {name: a, image: "postgres:16"}
        - {name: shop, image: corp/shop:1}
        """,
        {"a": "helper", "shop": "main"},
        id="a database beside a container named like the workload",
    ),
    pytest.param(
        """
        - {name: shop}
        - {name: extra}
        """,
        {"shop": "main", "extra": "peer"},
        id="no images: a part of a pod that is completed elsewhere",
    ),
    pytest.param(
        """
        - {name: nginx, image: nginx, ports: [{containerPort: 80}], volumeMounts: [{name: config, mountPath: /etc/n}]}
        - {name: demo, image: corp/demo:1, ports: [{containerPort: 3000}]}
        """,
        {"nginx": "unclear", "demo": "main"},
        id="a web server with a configuration may stand in front of the application",
    ),
]


@pytest.mark.parametrize(("containers", "expected"), ROLES)
def test_role(containers: str, expected: dict[str, str]) -> None:
    found = answers(deployment(containers))
    assert {name: answer.role.name for name, answer in found.items()} == expected
    for answer in found.values():
        assert answer.role.evidence, "every role has evidence"
        assert all(evidence.line > 0 for evidence in answer.role.evidence)


def test_evidence_points_at_the_line() -> None:
    text = deployment(
        """
        - name: web
          image: corp/web:1
          ports: [{name: http, containerPort: 8080}]
        - name: log
          image: fluent/fluent-bit:3
        """,
        after=SERVICE,
    )
    lines = text.splitlines()
    found = answers(text)
    (traffic,) = found["web"].role.evidence
    assert traffic.text == "the Service `shop` sends traffic to its port http"
    assert "targetPort: http" in lines[traffic.line - 1]
    family = found["log"].role.evidence[0]
    assert family.text == "its image `fluent/fluent-bit` belongs to the family log-shipper"
    assert lines[family.line - 1].strip() == "image: fluent/fluent-bit:3"


DAEMONS = [
    pytest.param(
        "fluent-bit", {"fluent-bit": "main", "metrics": "helper"}, id="an agent is what its DaemonSet exists for"
    ),
    pytest.param(
        "edge", {"fluent-bit": "helper", "metrics": "helper", "edge": "main"}, id="beside a product of its own"
    ),
]


@pytest.mark.parametrize(("name", "expected"), DAEMONS)
def test_agents_in_a_daemon_set(name: str, expected: dict[str, str]) -> None:
    containers = """
        - {name: fluent-bit, image: "fluent/fluent-bit:3", volumeMounts: [{name: logs, mountPath: /logs}]}
        - {name: metrics, image: prom/statsd-exporter, volumeMounts: [{name: logs, mountPath: /logs}]}
        """
    if name not in ("fluent-bit",):
        containers += f"- {{name: {name}, image: corp/{name}:1}}\n        "
    found = answers(deployment(containers, kind="DaemonSet", name=f"node-{name}"))
    assert {one: answer.role.name for one, answer in found.items()} == expected


def test_default_container_is_main() -> None:
    text = deployment(
        """
        - {name: one, image: corp/a:1, volumeMounts: [{name: run, mountPath: /run}]}
        - {name: two, image: corp/b:1, volumeMounts: [{name: run, mountPath: /run}]}
        """,
        extra=", annotations: {kubectl.kubernetes.io/default-container: two}",
    )
    found = answers(text)
    assert found["two"].role.name == "main"
    assert found["one"].role.name == "unclear"


def test_a_proxy_by_name_that_takes_the_traffic_is_unclear() -> None:
    text = deployment(
        """
        - {name: auth-proxy, image: corp/auth-proxy:1, ports: [{name: http, containerPort: 80}]}
        - {name: shop, image: corp/shop:1}
        """,
        after=SERVICE,
    )
    assert answers(text)["auth-proxy"].role.name == "unclear"


def test_a_label_names_the_application() -> None:
    text = deployment(
        """
        - {name: one, image: corp/a:1, volumeMounts: [{name: run, mountPath: /run}]}
        - {name: two, image: corp/b:1, volumeMounts: [{name: run, mountPath: /run}]}
        """
    ).replace("labels: {app: shop}", "labels: {app: two}")
    assert "label app" in answers(text)["two"].role.evidence[0].text


def test_monitoring_traffic_makes_nobody_main() -> None:
    text = deployment(
        """
        - {name: one, image: corp/a:1}
        - {name: metrics, image: "prom/statsd-exporter:v0.27", ports: [{name: metrics, containerPort: 9102}]}
        """,
        after=SERVICE.replace("targetPort: http", "targetPort: metrics"),
    )
    assert answers(text)["metrics"].role.name == "helper"


def test_service_of_another_namespace_says_nothing() -> None:
    containers = """
        - {name: s, image: nginx, ports: [{name: http, containerPort: 80}], volumeMounts: [{name: run, mountPath: /r}]}
        - {name: x, image: corp/x:1, volumeMounts: [{name: run, mountPath: /run}]}
        """
    own = deployment(containers, after=SERVICE).replace(
        "metadata: {name: shop}", "metadata: {name: shop, namespace: a}"
    )
    elsewhere = deployment(containers).replace("{name: shop}\n", "{name: shop, namespace: a}\n", 1) + dedent(
        SERVICE.replace("{name: shop}", "{name: shop, namespace: b}")
    )
    assert "Service" in answers(own)["s"].role.evidence[0].text
    assert "Service" not in " ".join(evidence.text for evidence in answers(elsewhere)["s"].role.evidence)


NAMED = [
    pytest.param(Settings(helpers=("x",)), "x", "helper", True, id="by its name"),
    pytest.param(Settings(helpers=("x*",)), "x", "helper", True, id="by a glob"),
    pytest.param(Settings(helpers=("Deployment/shop:x",)), "x", "helper", True, id="with its workload"),
    pytest.param(Settings(helpers=("Deployment/other:x",)), "x", "unclear", False, id="of another workload"),
    pytest.param(Settings(mains=("log",)), "log", "main", False, id="as a main container"),
]


@pytest.mark.parametrize(("settings", "name", "role", "named"), NAMED)
def test_the_user_decides(settings: Settings, name: str, role: str, *, named: bool) -> None:
    text = deployment(
        """
        - {name: shop, image: corp/shop:1, volumeMounts: [{name: run, mountPath: /run}]}
        - {name: x, image: corp/x:1, volumeMounts: [{name: run, mountPath: /run}]}
        - {name: log, image: "fluent/fluent-bit:3", volumeMounts: [{name: run, mountPath: /run}]}
        """
    )
    answer = answers(text, settings)[name]
    assert answer.role.name == role
    assert answer.named is named
    if "x" in settings.helpers:
        assert answer.role.evidence[0].text == "named by the user"


def test_containers_that_an_operator_merges_are_not_the_main_one() -> None:
    text = """\
        apiVersion: monitoring.coreos.com/v1
        kind: Prometheus
        metadata: {name: k8s}
        spec:
          containers:
          - {name: prometheus, args: [--log.level=debug]}
          - {name: sync, image: corp/target-sync:1}
        """
    found = answers(text)
    assert found["prometheus"].verdict is None
    assert found["sync"].verdict == "refuse"


@pytest.mark.parametrize(
    ("script", "role"),
    [
        pytest.param("while true; do find /logs -mtime +7 -delete; sleep 900; done", "helper", id="general tools only"),
        pytest.param("while true; do shop-worker --drain; sleep 900; done", "peer", id="the image's own program"),
    ],
)
def test_a_script_in_the_image_of_the_main_container(script: str, role: str) -> None:
    text = deployment(f"""\
    - {{name: shop, image: "corp/shop:1", args: [serve], volumeMounts: [{{name: logs, mountPath: /logs}}]}}
    - name: groom
      image: "corp/shop:1"
      args: [bash, -c, "{script}"]
      volumeMounts: [{{name: logs, mountPath: /logs}}]
    """)
    assert answers(text)["groom"].role.name == role


JOBS = [
    pytest.param("build", "command: [sh, -c, docker build /src]", {}, id="a script in the daemon's image"),
    pytest.param("build", "command: [docker, build, /src]", {}, id="a command in the daemon's image"),
    pytest.param("build", "args: [docker, build, /src]", {}, id="arguments that begin with the image's program"),
    pytest.param(
        "dind", "command: [sh, -c, docker build /src]", {"dind": "review"}, id="the daemon's name is the Job's"
    ),
]


@pytest.mark.parametrize(("name", "call", "verdicts"), JOBS)
def test_a_build_beside_its_daemon_is_what_the_job_waits_for(name: str, call: str, verdicts: dict[str, str]) -> None:
    text = f"""\
        apiVersion: batch/v1
        kind: Job
        metadata: {{name: {name}}}
        spec:
          template:
            spec:
              restartPolicy: Never
              containers:
              - {{name: build, image: "docker:27-cli", {call}, volumeMounts: [{{name: run, mountPath: /run/d}}]}}
              - {{name: dind, image: "docker:27-dind", volumeMounts: [{{name: run, mountPath: /run/d}}]}}
              volumes: [{{name: run, emptyDir: {{}}}}]
        """
    found = answers(text)
    assert {one: answer.role.name for one, answer in found.items()} == {"build": "main", "dind": "helper"}
    assert found["dind"].verdict == verdicts.get("dind", "safe")
