"""The order of moved helpers among themselves: who offers something comes before who uses it."""

from __future__ import annotations

from textwrap import dedent, indent

import pytest

from sidecarify.judge.order import ordered

from .pods import judged

POD = """
apiVersion: apps/v1
kind: Deployment
metadata: {{name: orders}}
spec:
  selector: {{matchLabels: {{app: orders}}}}
  template:
    metadata: {{labels: {{app: orders}}}}
    spec:
      containers:
      - {{name: orders, image: "corp/orders:1", volumeMounts: [{{name: run, mountPath: /run/app}}]}}
      - name: user
{user}
        volumeMounts: [{{name: run, mountPath: /u}}]
      - name: provider
{provider}
        volumeMounts: [{{name: run, mountPath: /p}}]
      volumes: [{{name: run, emptyDir: {{}}}}]
"""
EXPORTER = "image: quay.io/prometheuscommunity/postgres-exporter:v0.15.0\n"
PROXY = "image: gcr.io/cloud-sql-connectors/cloud-sql-proxy:2.13.0\n"


def order(user: str, provider: str) -> list[str]:
    text = POD.format(user=indent(dedent(user), " " * 8), provider=indent(dedent(provider), " " * 8))
    context = next(judged(text)).context
    return [one.name for one in ordered(context.members[1:], context)]


@pytest.mark.parametrize(
    ("user", "provider"),
    [
        pytest.param(
            EXPORTER + 'env: [{name: DATA_SOURCE_URI, value: "localhost:5432/r"}]',
            PROXY + 'args: ["--port=5432", "corp:eu:orders"]',
            id="a port in the provider's arguments",
        ),
        pytest.param(
            EXPORTER + 'env: [{name: DATA_SOURCE_NAME, value: "postgresql://u@127.0.0.1/r"}]',
            PROXY + 'args: ["corp:eu:orders"]',
            id="the family's default port and the scheme's",
        ),
        pytest.param(
            EXPORTER + 'env: [{name: DATA_SOURCE_NAME, value: "host=localhost user=x port=6001"}]',
            PROXY + 'args: ["corp:eu:orders?port=6001"]',
            id="the port of an instance",
        ),
        pytest.param(
            EXPORTER + 'env: [{name: PG_HOST, value: localhost}, {name: PG_PORT, value: "5432"}]',
            PROXY + 'args: ["corp:eu:orders"]',
            id="host and port in two variables",
        ),
        pytest.param(
            EXPORTER + 'env: [{name: DATA_SOURCE_NAME, value: "host=/u/corp:eu:orders user=x"}]',
            PROXY + 'args: ["--unix-socket=/p", "corp:eu:orders"]',
            id="a socket in the provider's folder",
        ),
        pytest.param(
            "image: edoburu/pgbouncer:v1.23.1-p2\nargs: [pgbouncer, /u/pgbouncer.ini]",
            "image: hashicorp/vault:1.17\nargs: [agent, -config=/etc/agent.hcl]",
            id="a file on the volume that an agent fills",
        ),
        pytest.param(
            'image: grafana/promtail:3.1.1\nargs: ["-client.url=http://localhost:8005/loki"]',
            'image: public.ecr.aws/aws-observability/aws-sigv4-proxy:1.9\nargs: ["--port", ":8005"]',
            id="a port in a word of its own",
        ),
    ],
)
def test_the_provider_comes_first(user: str, provider: str) -> None:
    assert order(user, provider) == ["provider", "user"]


@pytest.mark.parametrize(
    ("user", "provider"),
    [
        pytest.param(
            EXPORTER + 'env: [{name: DATA_SOURCE_URI, value: "db.prod:5432/r"}]',
            PROXY + 'args: ["corp:eu:orders"]',
            id="the port of another host",
        ),
        pytest.param(
            EXPORTER + 'env: [{name: DATA_SOURCE_URI, value: "localhost:5432/r"}]',
            PROXY + 'args: ["--port=6001", "corp:eu:orders"]',
            id="another port of the provider",
        ),
        pytest.param(
            "image: fluent/fluent-bit:3.1.9\nargs: [-c, /etc/fb.conf]",
            PROXY + 'args: ["--unix-socket=/p", "corp:eu:orders"]',
            id="a shared volume of which nothing is named",
        ),
    ],
)
def test_without_a_need_the_order_stays(user: str, provider: str) -> None:
    assert order(user, provider) == ["user", "provider"]
