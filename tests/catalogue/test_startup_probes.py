"""Whether a suggested startupProbe would be answered by a helper that is called in a certain way."""

from __future__ import annotations

import pytest

from sidecarify.families import bundled_folder, load
from sidecarify.kube.invocation import read_invocation

CATALOGUE = load([bundled_folder()])
CSQL = "cloud-sql-connectors/cloud-sql-proxy:2.14.1"
CSQL_ENV = {"CSQL_PROXY_HEALTH_CHECK": "true", "CSQL_PROXY_HTTP_ADDRESS": "0.0.0.0", "CSQL_PROXY_HTTP_PORT": "9801"}
RELOADER = "prometheus-operator/prometheus-config-reloader"


@pytest.mark.parametrize(
    ("image", "args", "env", "port"),
    [
        pytest.param(CSQL, [], CSQL_ENV, 9801, id="cloud-sql-proxy by variables"),
        pytest.param(
            CSQL,
            ["--health-check", "--http-address", "0.0.0.0", "--http-port=9090"],
            {},
            9090,
            id="cloud-sql-proxy by flags",
        ),
        pytest.param(CSQL, ["--http-port", "9100"], CSQL_ENV, 9100, id="a flag goes before a variable"),
        pytest.param("kiwigrid/k8s-sidecar:1.31.0", [], {}, 8080, id="k8s-sidecar default port"),
        pytest.param("kiwigrid/k8s-sidecar:2.1.0", [], {"HEALTH_PORT": "8081"}, 8081, id="k8s-sidecar own port"),
        pytest.param(f"{RELOADER}:v0.77.1", ["--listen-address=:8080"], {}, 8080, id="address without a host"),
        pytest.param(f"{RELOADER}:v0.77.1", ["--listen-address=[::]:81"], {}, 81, id="every IPv6 address"),
        pytest.param("git-sync:v4.3.0", [], {"GITSYNC_HTTP_BIND": ":1234"}, 1234, id="git-sync by a variable"),
        pytest.param("oauth2-proxy:v7", ["--http-address=http://0.0.0.0:4180"], {}, 4180, id="address with a scheme"),
        pytest.param("brancz/kube-rbac-proxy:v0.18.0", ["--proxy-endpoints-port=8643"], {}, 8643, id="kube-rbac-proxy"),
    ],
)
def test_a_probe_that_would_be_answered(image: str, args: list[str], env: dict[str, str], port: int) -> None:
    match = CATALOGUE.match(image, args)
    assert match is not None
    assert match.startup_probe is not None
    call = read_invocation(args, env=env)
    assert match.startup_probe.obstacle(call, match.image.version) is None
    assert match.startup_probe.port_in(call) == port


@pytest.mark.parametrize(
    ("image", "args", "env", "reason"),
    [
        pytest.param(CSQL, [], {}, "--health-check", id="no health check"),
        pytest.param(CSQL, [], CSQL_ENV | {"CSQL_PROXY_HEALTH_CHECK": "false"}, "--health-check", id="switched off"),
        pytest.param(
            CSQL, [], CSQL_ENV | {"CSQL_PROXY_HTTP_ADDRESS": "localhost"}, "--http-address", id="on localhost"
        ),
        pytest.param("kiwigrid/k8s-sidecar:1.30.9", [], {}, "1.31.0", id="before the endpoint came"),
        pytest.param("kiwigrid/k8s-sidecar:latest", [], {}, "1.31.0", id="a tag without a version"),
        pytest.param("kiwigrid/k8s-sidecar:1.31.0", [], {"HEALTH_PORT": "$(PORT)"}, "port", id="a port from elsewhere"),
        pytest.param(f"{RELOADER}:v0.77.1", [], {}, "--listen-address", id="listens nowhere by default"),
        pytest.param(f"{RELOADER}:v0.77.1", ["--listen-address=127.0.0.1:8080"], {}, "port", id="listens on localhost"),
        pytest.param(f"{RELOADER}:v0.60.0", ["--listen-address=:8080"], {}, "0.64.0", id="an older reloader"),
        pytest.param("oauth2-proxy:v7", ["--http-address=unix:///run/o.sock"], {}, "port", id="a socket file"),
        pytest.param("oauth2-proxy:v7", ["--http-address=:99999"], {}, "port", id="no port"),
        pytest.param(
            "oauth2-proxy:v7", ["--http-address=:1", "--ping-path=/p"], {}, "--ping-path=/p", id="another path"
        ),
        pytest.param(
            "brancz/kube-rbac-proxy:v0.18.0", [], {}, "--proxy-endpoints-port", id="no port for its own pages"
        ),
        pytest.param("docker:27-dind", ["dockerd", "--host=unix:///x.sock"], {}, "--host", id="another socket"),
        pytest.param("daprio/daprd:1.14.1", [], {}, "--dapr-listen-addresses", id="dapr on localhost"),
    ],
)
def test_a_probe_that_nobody_would_answer(image: str, args: list[str], env: dict[str, str], reason: str) -> None:
    match = CATALOGUE.match(image, args)
    assert match is not None
    assert match.startup_probe is not None
    obstacle = match.startup_probe.obstacle(read_invocation(args, env=env), match.image.version)
    assert obstacle is not None
    assert reason in obstacle


def test_an_exec_probe_needs_no_port() -> None:
    match = CATALOGUE.match("docker:27-dind")
    assert match is not None
    assert match.startup_probe is not None
    assert match.startup_probe.obstacle(read_invocation([]), None) is None
    assert match.startup_probe.port_in(read_invocation([])) is None
    assert match.startup_probe.command == ("docker", "info")
