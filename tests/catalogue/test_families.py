"""Every row of the image catalogue: which family an image belongs to, and what the family says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecarify.catalogue import Catalogue, Transform
from sidecarify.families import KINDS, SAFE, TRAITS, bundled_folder, load
from sidecarify.kube.invocation import read_invocation

CATALOGUE: Catalogue = load([bundled_folder()])

NO_ARGS: tuple[str, ...] = ()
# row of the image catalogue, image, words of command and args, family (None: unknown), safe
ROWS: list[tuple[int, str, tuple[str, ...], str | None, str | None]] = [
    (1, "gcr.io/cloud-sql-connectors/cloud-sql-proxy:2.14.1", NO_ARGS, "database-proxy", "always"),
    (1, "gcr.io/cloudsql-docker/gce-proxy:1.11", NO_ARGS, "database-proxy", "always"),
    (2, "gcr.io/alloydb-connectors/alloydb-auth-proxy:1.10", NO_ARGS, "database-proxy", "always"),
    (3, "envoyproxy/envoy:v1.31.2", NO_ARGS, "service-proxy", "always"),
    (3, "docker.io/envoyproxy/envoy-alpine:v1.6.0", NO_ARGS, "service-proxy", "always"),
    (4, "docker.io/istio/proxyv2:1.22.0", NO_ARGS, "service-mesh", "never"),
    (4, "gcr.io/istio-release/pilot:1.22.0", NO_ARGS, "service-mesh", "never"),
    (5, "cr.l5d.io/linkerd/proxy:edge-24.8.2", NO_ARGS, "service-mesh", "never"),
    (5, "example.com/mirror/linkerd2-proxy:2", NO_ARGS, "service-mesh", "never"),
    (6, "hashicorp/consul-dataplane:1.5.1", NO_ARGS, "service-mesh", "never"),
    (7, "docker.io/daprio/daprd:1.14.1", NO_ARGS, "dapr", "review"),
    (7, "ghcr.io/dapr/daprd:1.14.1", NO_ARGS, "dapr", "review"),
    (8, "gcr.io/knative-releases/knative.dev/serving/cmd/queue@sha256:0a", NO_ARGS, "knative-queue-proxy", "never"),
    (9, "nginx:1.27.2-alpine", NO_ARGS, "reverse-proxy", "always"),
    (9, "openresty/openresty:1.25", NO_ARGS, "reverse-proxy", "always"),
    (9, "nginxinc/nginx-unprivileged:1.27.1", NO_ARGS, "reverse-proxy", "always"),
    (10, "haproxy:3.0", NO_ARGS, "reverse-proxy", "always"),
    (10, "docker.io/library/traefik:v3", NO_ARGS, "reverse-proxy", "always"),
    (10, "caddy", NO_ARGS, "reverse-proxy", "always"),
    (11, "quay.io/oauth2-proxy/oauth2-proxy:v7.6.0", NO_ARGS, "auth-proxy", "always"),
    (11, "bitnami/oauth2-proxy:7", NO_ARGS, "auth-proxy", "always"),
    (12, "quay.io/brancz/kube-rbac-proxy:v0.22.1", NO_ARGS, "metrics-auth-proxy", "always"),
    (12, "gcr.io/kubebuilder/kube-rbac-proxy:v0.16.0", NO_ARGS, "metrics-auth-proxy", "always"),
    (12, "quay.io/openshift/kube-rbac-proxy:4.16", NO_ARGS, "metrics-auth-proxy", "always"),
    (13, "quay.io/openshift/oauth-proxy:4.14", NO_ARGS, "auth-proxy", "always"),
    (13, "quay.io/keycloak/keycloak-gatekeeper:7.0.0", NO_ARGS, "auth-proxy", "always"),
    (13, "quay.io/louketo/louketo-proxy:1.0.0", NO_ARGS, "auth-proxy", "always"),
    (14, "pomerium/pomerium:v0.27.0", NO_ARGS, "auth-gateway", "review"),
    (14, "ghcr.io/authelia/authelia:4.38", NO_ARGS, "auth-gateway", "review"),
    (14, "thomseddon/traefik-forward-auth:2", NO_ARGS, "auth-gateway", "review"),
    (15, "edoburu/pgbouncer:1.23.1", NO_ARGS, "database-pooler", "always"),
    (15, "bitnami/pgbouncer:1.23.1", NO_ARGS, "database-pooler", "always"),
    (15, "pgbouncer/pgbouncer:1.15", NO_ARGS, "database-pooler", "always"),
    (16, "proxysql/proxysql:2.6.4", NO_ARGS, "database-pooler", "always"),
    (17, "cr.fluentbit.io/fluent/fluent-bit:3.0.7", NO_ARGS, "log-shipper", "always"),
    (17, "public.ecr.aws/aws-observability/aws-for-fluent-bit:2.32.2", NO_ARGS, "log-shipper", "always"),
    (18, "fluent/fluentd:v1.16", NO_ARGS, "log-shipper", "always"),
    (18, "fluent/fluentd-kubernetes-daemonset:v1-debian-forward", NO_ARGS, "log-shipper", "always"),
    (19, "timberio/vector:0.41.1-alpine", NO_ARGS, "log-shipper", "always"),
    (20, "docker.elastic.co/beats/filebeat:8.15.0", NO_ARGS, "log-shipper", "always"),
    (20, "docker.elastic.co/beats/metricbeat:8.15.0", NO_ARGS, "log-shipper", "always"),
    (20, "elastic/packetbeat:8.15.0", NO_ARGS, "log-shipper", "always"),
    (20, "docker.elastic.co/beats/elastic-agent:8.15.0", NO_ARGS, "log-shipper", "always"),
    (21, "docker.elastic.co/logstash/logstash:8.15.0", NO_ARGS, "log-aggregator", "review"),
    (22, "grafana/promtail:3.1.1", NO_ARGS, "log-shipper", "always"),
    (23, "grafana/alloy:v1.4", NO_ARGS, "otel-collector", "always"),
    (23, "grafana/agent:v0.43", NO_ARGS, "otel-collector", "always"),
    (24, "otel/opentelemetry-collector-contrib:0.110.0", NO_ARGS, "otel-collector", "always"),
    (24, "public.ecr.aws/aws-observability/aws-otel-collector:v0.41.1", NO_ARGS, "otel-collector", "always"),
    (25, "jaegertracing/jaeger-agent:latest", NO_ARGS, "tracing-agent", "always"),
    (26, "public.ecr.aws/xray/aws-xray-daemon:3.x", NO_ARGS, "monitoring-agent", "always"),
    (26, "amazon/cloudwatch-agent:1", NO_ARGS, "monitoring-agent", "always"),
    (27, "gcr.io/datadoghq/agent:7.57.2", NO_ARGS, "monitoring-agent", "always"),
    (27, "datadog/agent:7", NO_ARGS, "monitoring-agent", "always"),
    (28, "registry.haulspeed.com/mirror/prom/statsd-exporter:v0.26.1", NO_ARGS, "metrics-exporter", "always"),
    (29, "nginx/nginx-prometheus-exporter:1.3", NO_ARGS, "nginx-exporter", "always"),
    (29, "nginxinc/nginx-prometheus-exporter:0.11.0", NO_ARGS, "nginx-exporter", "always"),
    (30, "quay.io/prometheuscommunity/postgres-exporter:v0.15.0", NO_ARGS, "metrics-exporter", "always"),
    (30, "prom/mysqld-exporter", NO_ARGS, "metrics-exporter", "always"),
    (30, "oliver006/redis_exporter:v1.62.0", NO_ARGS, "metrics-exporter", "always"),
    (30, "percona/mongodb_exporter:0.40", NO_ARGS, "metrics-exporter", "always"),
    (30, "prom/memcached-exporter:v0.14.4", NO_ARGS, "metrics-exporter", "always"),
    (30, "prometheuscommunity/pgbouncer-exporter:v0.9.0", NO_ARGS, "eager-exporter", "always"),
    (30, "bitnami/kafka-exporter:1.8", NO_ARGS, "eager-exporter", "always"),
    (31, "bitnami/jmx-exporter:1.0.1", NO_ARGS, "metrics-exporter", "always"),
    (31, "hipages/php-fpm_exporter:2", NO_ARGS, "metrics-exporter", "always"),
    (31, "lusotycoon/apache-exporter:v1.0.9", NO_ARGS, "metrics-exporter", "always"),
    (31, "quay.io/prometheus/haproxy-exporter:v0.15.0", NO_ARGS, "metrics-exporter", "always"),
    (32, "quay.io/prometheus-operator/prometheus-config-reloader:v0.77.1", NO_ARGS, "config-reloader", "always"),
    (33, "ghcr.io/jimmidyson/configmap-reload:v0.15.0", NO_ARGS, "config-reloader", "always"),
    (34, "quay.io/kiwigrid/k8s-sidecar:1.28.0", NO_ARGS, "config-loader", "always"),
    (35, "registry.k8s.io/git-sync/git-sync:v4.3.0", NO_ARGS, "git-sync", "always"),
    (35, "registry.k8s.io/git-sync:v3.1.6", NO_ARGS, "git-sync", "always"),
    (36, "hashicorp/vault:1.18", ("agent", "-config=/vault/a.hcl"), "secret-agent", "always"),
    (36, "quay.io/openbao/openbao:2.0", ("agent",), "secret-agent", "always"),
    (36, "hashicorp/vault:1.18", ("server", "-dev"), None, None),
    (36, "docker.io/library/vault:1.8.5", ("monitor",), None, None),
    (37, "hashicorp/consul-template:0.39", NO_ARGS, "template-renderer", "always"),
    (37, "hashicorp/envconsul:0.13", NO_ARGS, "program-wrapper", "review"),
    (38, "ghcr.io/bank-vaults/vault-env:v1.21.0", NO_ARGS, "secret-copier", "never"),
    (39, "ghcr.io/spiffe/spiffe-helper:0.8.0", NO_ARGS, "certificate-reloader", "always"),
    (39, "cr.step.sm/smallstep/autocert-renewer:0.19", NO_ARGS, "certificate-reloader", "always"),
    (40, "registry.k8s.io/sig-storage/csi-provisioner:v5.0.1", NO_ARGS, "csi-helper", "review"),
    (40, "public.ecr.aws/csi-components/csi-attacher:v4.12.0-eksbuild.5", NO_ARGS, "csi-helper", "review"),
    (40, "mcr.microsoft.com/oss/v2/kubernetes-csi/csi-resizer:v2.2.1", NO_ARGS, "csi-helper", "review"),
    (40, "longhornio/csi-snapshotter:v8.0.1", NO_ARGS, "csi-helper", "review"),
    (41, "k8s.gcr.io/sig-storage/csi-node-driver-registrar:v2.0.1", NO_ARGS, "csi-helper", "review"),
    (42, "registry.k8s.io/sig-storage/livenessprobe:v2.15.0", NO_ARGS, "csi-livenessprobe", "review"),
    (43, "quay.io/thanos/thanos:v0.36.1", ("sidecar", "--tsdb.path=/p"), "object-store-uploader", "always"),
    (43, "thanosio/thanos:v0.36.1", ("query",), None, None),
    (44, "litestream/litestream:0.3.13", ("replicate",), "database-replicator", "always"),
    (44, "litestream/litestream:0.3.13", ("restore", "-if-db-not-exists"), "database-replicator", "always"),
    (45, "restic/restic:0.17.1", NO_ARGS, "backup", "review"),
    (45, "registry.kestrel-shop.io/dba/wal-g-cron:3.0.3", NO_ARGS, "backup", "review"),
    (45, "pgbackrest/pgbackrest:2.53", NO_ARGS, "backup", "review"),
    (45, "rclone/rclone:1.68", ("copy", "/tb", "gcs:b"), "backup", "review"),
    (45, "rclone/rclone:1.68.1", ("mount", "assets:vfx", "/mnt"), "fuse-mounter", "always"),
    (46, "gke.gcr.io/gcs-fuse-csi-driver-sidecar-mounter:v1.4.2", NO_ARGS, "gcsfuse-sidecar", "never"),
    (46, "efrecon/s3fs:1.94", NO_ARGS, "fuse-daemon", "review"),
    (46, "public.ecr.aws/mountpoint-s3/mountpoint-s3:1", NO_ARGS, "fuse-daemon", "review"),
    (47, "docker:27.3-dind", NO_ARGS, "build-daemon", "always"),
    (47, "registry.corp/ci/dind:1", NO_ARGS, "build-daemon", "always"),
    (48, "moby/buildkit:v0.16.0-rootless", NO_ARGS, "build-daemon", "always"),
    (49, "ghcr.io/tailscale/tailscale:v1.74.1", NO_ARGS, "vpn", "always"),
    (50, "qmcgaw/gluetun:v3.39", NO_ARGS, "vpn", "always"),
    (50, "linuxserver/wireguard:1.0", NO_ARGS, "vpn", "always"),
    (51, "cloudflare/cloudflared:2024.10.1", ("tunnel", "run"), "tunnel", "always"),
    (52, "public.ecr.aws/aws-observability/aws-sigv4-proxy:1.8", NO_ARGS, "signing-proxy", "always"),
    (53, "openpolicyagent/opa:0.69.0-envoy-static", ("run", "--server"), "policy-agent", "always"),
    (53, "openpolicyagent/opa:0.69.0", ("test", "/p"), None, None),
    (53, "styra/eopa:1", ("run", "--server"), "policy-agent", "always"),
    (54, "redis:7", NO_ARGS, "cache", "review"),
    (54, "valkey/valkey:8", NO_ARGS, "cache", "review"),
    (54, "memcached", NO_ARGS, "cache", "review"),
    (55, "postgres:16-alpine", NO_ARGS, "database", "review"),
    (55, "mysql:8", NO_ARGS, "database", "review"),
    (55, "mariadb", NO_ARGS, "database", "review"),
    (55, "mongo:7", NO_ARGS, "database", "review"),
    (55, "mirror.gcr.io/library/rabbitmq:3", NO_ARGS, "database", "review"),
    (56, "selenium/standalone-chrome:128.0", NO_ARGS, "test-browser", "always"),
    (56, "browserless/chrome:1.61", NO_ARGS, "test-browser", "always"),
    (56, "mcr.microsoft.com/playwright:v1.47.2-jammy", NO_ARGS, "test-browser", "always"),
    (57, "busybox:1.36", NO_ARGS, "shell-loop", "by-command"),
    (57, "public.ecr.aws/docker/library/alpine", NO_ARGS, "shell-loop", "by-command"),
    (57, "ubuntu", NO_ARGS, "shell-loop", "by-command"),
    (57, "registry.payvora.net/base/debian:12.7-slim", NO_ARGS, "shell-loop", "by-command"),
    (57, "bash:5", NO_ARGS, "shell-loop", "by-command"),
    (57, "curlimages/curl:8.10.1", NO_ARGS, "shell-loop", "by-command"),
    (57, "bitnami/kubectl:1.31", NO_ARGS, "shell-loop", "by-command"),
    (58, "busybox", ("tail", "-n+1", "-F", "/logs/a"), "shell-loop", "by-command"),
    (59, "registry.k8s.io/pause:3.10", NO_ARGS, "pause", "never"),
    (60, "registry.k8s.io/autoscaling/addon-resizer:1.8.22", NO_ARGS, "resizer", "review"),
    (60, "registry.k8s.io/cpa/cluster-proportional-autoscaler:1.9.0", NO_ARGS, "resizer", "review"),
    (61, "840364872350.dkr.ecr.us-west-2.amazonaws.com/aws-appmesh-envoy:v1.29", NO_ARGS, "appmesh", "never"),
    (62, "registry.k8s.io/defaultbackend-amd64:1.5", NO_ARGS, "always-main", "review"),
    (62, "registry.k8s.io/ingress-nginx/custom-error-pages:v1.0", NO_ARGS, "always-main", "review"),
    (63, "splunk/universalforwarder:9.3", NO_ARGS, "log-shipper", "always"),
    (63, "sumologic/sumologic-otel-collector:0.1", NO_ARGS, "monitoring-agent", "always"),
    (63, "newrelic/infrastructure:latest", NO_ARGS, "monitoring-agent", "always"),
    (64, "nvcr.io/nvidia/k8s/dcgm-exporter:3.3", NO_ARGS, "always-main", "review"),
    (64, "quay.io/prometheus/node-exporter:v1.8.2", NO_ARGS, "always-main", "review"),
    (64, "registry.k8s.io/kube-state-metrics/kube-state-metrics:v2.13.0", NO_ARGS, "always-main", "review"),
    (64, "gcr.io/cadvisor/cadvisor:v0.49.1", NO_ARGS, "always-main", "review"),
]


@pytest.mark.parametrize(("row", "image", "args", "family", "safe"), ROWS, ids=[f"{r[0]}-{r[1]}" for r in ROWS])
def test_each_row_of_the_image_catalogue(
    row: int, image: str, args: tuple[str, ...], family: str | None, safe: str | None
) -> None:
    match = CATALOGUE.match(image, args)
    assert (match and match.transform.name, match and match.transform.safe) == (family, safe)


def test_no_row_is_left_out() -> None:
    assert {row[0] for row in ROWS} == set(range(1, 65))


@pytest.mark.parametrize(
    ("image", "family"),
    [
        pytest.param("nginx/nginx-prometheus-exporter:1.3", "nginx-exporter", id="an exporter of nginx is no nginx"),
        pytest.param("registry.k8s.io/ingress-nginx/controller:v1.11", None, id="a folder called ingress-nginx"),
        pytest.param("hashicorp/vault-k8s:1.4", None, id="vault-k8s is no vault"),
        pytest.param("hashicorp/vault-csi-provider:1.4", None, id="nor is its CSI provider"),
        pytest.param("oliver006/redis_exporter", "metrics-exporter", id="redis_exporter is no redis"),
        pytest.param(
            "prometheuscommunity/postgres-exporter", "metrics-exporter", id="postgres-exporter is no postgres"
        ),
        pytest.param("acme/shop:alpine", None, id="alpine as a tag"),
        pytest.param("acme/shop:3-alpine", None, id="alpine in a tag"),
        pytest.param("alpine.example.com/shop:1", None, id="alpine in the registry"),
        pytest.param("localhost:5000/nginx", "reverse-proxy", id="a registry with a port"),
        pytest.param("busybox/shop", None, id="a folder called busybox"),
        pytest.param("argoproj/gitops-agent:1", None, id="some agent"),
        pytest.param("grafana/agent-operator:1", None, id="the operator of an agent"),
        pytest.param("acme/agent", None, id="agent alone says nothing"),
        pytest.param("acme/proxy", None, id="proxy alone says nothing"),
        pytest.param("acme/vector", None, id="vector alone says nothing"),
        pytest.param("quay.io/cilium/hubble-ui-backend:v0.13.2", None, id="a peer"),
        pytest.param("prom/pushgateway", None, id="the same folder, another program"),
        pytest.param("registry.corp/x/fluentbit:1", None, id="a renamed image: a known miss"),
        pytest.param("registry.corp/mirror/fluent-bit:1", "log-shipper", id="a mirror"),
        pytest.param("registry.corp:8443/a/b/c/mirror/fluent-bit@sha256:0a", "log-shipper", id="a deep mirror"),
    ],
)
def test_images_that_are_easily_taken_for_another(image: str, family: str | None) -> None:
    match = CATALOGUE.match(image)
    assert (match and match.transform.name) == family


@pytest.mark.parametrize(
    "image",
    ["", " ", ":", "/", "@", "{{ .Values.image }}", "{{ .Values.a }}/{{ .Values.b }}:{{ .c }}", "$(IMAGE)", "<none>"],
)
def test_an_image_that_says_nothing_matches_nothing(image: str) -> None:
    assert CATALOGUE.match(image) is None


def test_the_known_end_of_a_templated_image_is_enough() -> None:
    match = CATALOGUE.match('{{ .Values.registry }}/fluent/fluent-bit:{{ .Values.tag | default "3:1/2" }}')
    assert match is not None
    assert match.transform.name == "log-shipper"


def test_a_placeholder_in_a_segment_is_equal_to_no_glob() -> None:
    assert CATALOGUE.match("otel/opentelemetry-collector{{ .Values.flavour }}:1") is None


@pytest.mark.parametrize(
    ("command", "args", "family"),
    [
        pytest.param(["vault"], ["agent"], "secret-agent", id="program in command"),
        pytest.param(["vault", "agent"], [], "secret-agent", id="all in command"),
        pytest.param([], ["vault", "agent"], "secret-agent", id="program as the first argument of the entrypoint"),
        pytest.param(["tini", "--", "/bin/vault", "agent"], [], "secret-agent", id="behind a wrapper"),
        pytest.param([], ["-log-level=debug", "agent"], "secret-agent", id="behind a flag"),
        pytest.param([], [], None, id="no sub-command"),
        pytest.param([], ["agent-something"], None, id="a longer word"),
        pytest.param(["sh", "-c"], ["vault agent"], None, id="a script is for whoever reads scripts"),
    ],
)
def test_the_sub_command_is_found(command: list[str], args: list[str], family: str | None) -> None:
    match = CATALOGUE.match("hashicorp/vault:1.18", args, command)
    assert (match and match.transform.name) == family


def test_the_family_with_the_sub_command_goes_before_the_one_without() -> None:
    liveness = CATALOGUE.match("quay.io/cephcsi/cephcsi:canary", ["--type=liveness", "--polltime=60s"])
    driver = CATALOGUE.match("quay.io/cephcsi/cephcsi:canary", ["--type=controller"])
    assert liveness is not None
    assert driver is not None
    assert (liveness.transform.name, driver.transform.name) == ("csi-driver-liveness", "csi-driver")


REGISTRIES = ["", "registry.corp/", "registry.corp:5000/", "localhost/", "10.20.0.14:5000/", "docker.io/library/"]
TAGS = st.sampled_from(["", ":latest", ":alpine", ":1.27.2-alpine", ":nginx", ":27.3-dind", ":busybox_exporter"])
DIGESTS = st.sampled_from(["", "@sha256:" + "0a" * 32])
PLAIN = sorted({glob for one in CATALOGUE.all for glob in one.images if "*" not in glob and "?" not in glob})


@given(st.sampled_from(PLAIN), st.sampled_from(REGISTRIES), TAGS, DIGESTS, st.sampled_from(["", "mirror/", "a/b/"]))
def test_registry_tag_digest_and_mirror_never_change_the_family(
    glob: str, registry: str, tag: str, digest: str, folder: str
) -> None:
    args = ["agent"]
    bare = CATALOGUE.match(glob, args)
    dressed = CATALOGUE.match(f"{registry}{folder}{glob}{tag}{digest}", args)
    assert (bare and bare.transform.name) == (dressed and dressed.transform.name)


@given(st.text(max_size=60), st.lists(st.text(max_size=10), max_size=4))
def test_no_text_makes_matching_fail(image: str, args: list[str]) -> None:
    CATALOGUE.match(image, args, args)
    CATALOGUE.by_program(image, args)
    CATALOGUE.by_name(image)


@pytest.mark.parametrize("transform", CATALOGUE.all, ids=lambda transform: transform.name)
def test_every_transform_is_complete(transform: Transform) -> None:
    assert transform.summary.endswith(".")
    assert transform.docs
    assert transform.images or transform.names
    assert transform.safe in SAFE
    assert transform.traits <= TRAITS
    assert transform.main_when <= KINDS | {"*"}


@pytest.mark.parametrize(
    ("transform", "glob"),
    [(one, glob) for one in CATALOGUE.all for glob in one.images],
    ids=lambda value: getattr(value, "name", value),
)
def test_every_glob_leads_to_its_own_family(transform: Transform, glob: str) -> None:
    args = [word for word in transform.subcommands if not word.startswith("-")][:1]
    args += [word for word in transform.subcommands if word.startswith("-")][:1]
    match = CATALOGUE.match("registry.corp/mirror/" + glob.replace("*", "x") + ":1", args)
    assert match is not None
    assert match.transform is transform


def test_no_probe_is_suggested_where_it_would_ask_main() -> None:
    for identifier in (
        "nginx-exporter",
        "metrics-exporter",
        "object-store-uploader",
        "csi-helper",
        "csi-livenessprobe",
        "reverse-proxy",
        "log-shipper",
        "shell-loop",
        "backup",
    ):
        transform = CATALOGUE.get(identifier)
        assert transform is not None
        assert not transform.startup_probes


def test_no_suggested_path_waits_for_main() -> None:
    for transform in CATALOGUE.all:
        assert not {probe.path for probe in transform.startup_probes} & set(transform.main_paths)


@pytest.mark.parametrize(
    ("image", "verified"),
    [
        ("cloud-sql-connectors/cloud-sql-proxy", True),
        ("alloydb-connectors/alloydb-auth-proxy", False),
        ("cloudsql-docker/gce-proxy", False),
        ("oauth2-proxy/oauth2-proxy", True),
        ("openshift/oauth-proxy", False),
        ("brancz/kube-rbac-proxy", True),
        ("daprio/daprd", True),
        ("kiwigrid/k8s-sidecar", True),
        ("prometheus-operator/prometheus-config-reloader", True),
        ("jimmidyson/configmap-reload", None),
        ("git-sync/git-sync", True),
        ("docker", True),
        ("moby/buildkit", False),
        ("envoyproxy/envoy", False),
        ("grafana/alloy", False),
        ("datadog/agent", False),
        ("tailscale/tailscale", False),
        ("newrelic/infrastructure", None),
    ],
)
def test_which_probes_are_verified(image: str, verified: bool | None) -> None:
    match = CATALOGUE.match(image)
    assert match is not None
    assert (match.startup_probe and match.startup_probe.verified) == verified


@pytest.mark.parametrize(
    ("image", "args", "env", "evidence"),
    [
        pytest.param("git-sync", ["--one-time"], {}, "--one-time", id="flag"),
        pytest.param("git-sync", ["-one-time"], {}, "-one-time", id="one dash"),
        pytest.param("git-sync", ["--one-time=true"], {}, "--one-time=true", id="flag with value"),
        pytest.param("git-sync", ["--one-time=false"], {}, None, id="switched off"),
        pytest.param("git-sync", ["--one-time-only"], {}, None, id="a longer flag"),
        pytest.param("git-sync", [], {"GITSYNC_ONE_TIME": "1"}, "GITSYNC_ONE_TIME=1", id="variable"),
        pytest.param("git-sync", [], {"GIT_SYNC_ONE_TIME": "true"}, "GIT_SYNC_ONE_TIME=true", id="old variable"),
        pytest.param("git-sync", [], {"GIT_SYNC_ONE_TIME": "false"}, None, id="variable switched off"),
        pytest.param("kiwigrid/k8s-sidecar", [], {"METHOD": "LIST"}, "METHOD=LIST", id="k8s-sidecar LIST"),
        pytest.param("kiwigrid/k8s-sidecar", [], {"METHOD": "WATCH"}, None, id="k8s-sidecar WATCH"),
        pytest.param("consul-template", ["-once"], {}, "-once", id="consul-template"),
        pytest.param("consul-template", ["-once=false"], {}, None, id="consul-template switched off"),
        pytest.param("vault", ["agent", "-exit-after-auth"], {}, "-exit-after-auth", id="vault agent"),
        pytest.param("litestream", ["restore", "/db"], {}, "restore", id="sub-command"),
        pytest.param("litestream", ["replicate", "restore"], {}, None, id="the word as an operand"),
        pytest.param(
            "prometheus-config-reloader",
            ["--watch-interval", "0"],
            {},
            "--watch-interval 0",
            id="value as a word of its own",
        ),
        pytest.param("prometheus-config-reloader", ["--watch-interval=30s"], {}, None, id="another value"),
        pytest.param("fluent-bit", ["-h"], {}, "-h", id="asks for help"),
        pytest.param("filebeat", ["-e", "--once"], {}, "--once", id="filebeat once"),
        pytest.param("nginx", ["-c", "/etc/nginx/x.conf"], {}, None, id="a configuration file for nginx"),
    ],
)
def test_a_one_shot_call_is_told_from_a_lasting_one(
    image: str, args: list[str], env: dict[str, str], evidence: str | None
) -> None:
    match = CATALOGUE.match(image, args)
    assert match is not None
    assert match.transform.one_shot(read_invocation(args, env=env, program=match.image.path[-1])) == evidence


@pytest.mark.parametrize(
    ("image", "meets"),
    [
        ("nginx-prometheus-exporter:1.3.0", True),
        ("nginx-prometheus-exporter:1", True),
        ("nginx-prometheus-exporter:0.11.0", False),
        ("nginx-prometheus-exporter:latest", False),
        ("nginx-prometheus-exporter", False),
        ("nginx-prometheus-exporter@sha256:0a", False),
        ("busybox:0.1", True),
    ],
)
def test_an_older_or_untold_version_is_below_the_minimum(image: str, meets: bool) -> None:
    match = CATALOGUE.match(image)
    assert match is not None
    assert match.meets_min_version is meets


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("fluent-bit", "log-shipper"),
        ("postgres-exporter", "metrics-exporter"),
        ("nginx-exporter", "nginx-exporter"),
        ("pgbouncer-exporter", "eager-exporter"),
        ("kube-rbac-proxy-main", "metrics-auth-proxy"),
        ("app", None),
        ("", None),
    ],
)
def test_a_name_hints_at_a_family(name: str, family: str | None) -> None:
    transform = CATALOGUE.by_name(name)
    assert (transform and transform.name) == family


@pytest.mark.parametrize(
    ("program", "family"),
    [
        ("/usr/bin/csi-node-driver-registrar", "csi-helper"),
        ("/fluent-bit/bin/fluent-bit", "log-shipper"),
        ("crond", None),
        ("", None),
        ("/bin/", None),
        ("$PROGRAM", None),
    ],
)
def test_a_program_is_known_by_the_name_of_its_image(program: str, family: str | None) -> None:
    match = CATALOGUE.by_program(program)
    assert (match and match.transform.name) == family


@pytest.mark.parametrize(
    ("kind", "image", "usually"),
    [
        ("DaemonSet", "fluent/fluent-bit", True),
        ("Deployment", "fluent/fluent-bit", False),
        ("Deployment", "postgres", True),
        ("CronJob", "restic/restic", True),
    ],
)
def test_the_kind_tells_whether_an_image_is_the_main_one(kind: str, image: str, usually: bool) -> None:
    match = CATALOGUE.match(image)
    assert match is not None
    assert match.transform.usually_main(kind) is usually
