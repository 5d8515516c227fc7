"""Containers that an injector owns: an entry in a manifest is only an override for it (INJ1)."""

from fnmatch import fnmatchcase
from functools import lru_cache
from typing import NamedTuple

from sidecarify.judge.model import Evidence, Member
from sidecarify.kube import fields
from sidecarify.kube.workload import PodSpec


class Injector(NamedTuple):
    """An injector: the names of its containers, the annotations or labels of pods that it looks after."""

    product: str
    containers: tuple[str, ...]
    marks: tuple[str, ...]


# Names and marks: Istio pkg/kube/inject, linkerd2 pkg/k8s/labels.go, consul-k8s, dapr pkg/injector/annotations,
# vault-k8s agent-inject, gcs-fuse-csi-driver pkg/webhook, opentelemetry-operator, cloud-sql-proxy-operator.
INJECTORS = (
    Injector("Istio", ("istio-proxy", "istio-validation"), ("sidecar.istio.io/inject", "sidecar.istio.io/status")),
    Injector(
        "Linkerd",
        ("linkerd-proxy", "linkerd-debug"),
        ("linkerd.io/inject", "linkerd.io/proxy-version", "linkerd.io/created-by"),
    ),
    Injector(
        "Consul",
        ("consul-dataplane", "consul-connect-envoy-sidecar"),
        ("consul.hashicorp.com/connect-inject", "consul.hashicorp.com/connect-inject-status"),
    ),
    Injector("Kuma", ("kuma-sidecar",), ("kuma.io/sidecar-injection", "kuma.io/sidecar-injected")),
    Injector("Dapr", ("daprd",), ("dapr.io/enabled",)),
    Injector(
        "Vault", ("vault-agent",), ("vault.hashicorp.com/agent-inject", "vault.hashicorp.com/agent-inject-status")
    ),
    Injector("GKE", ("gke-gcsfuse-sidecar", "gke-gcsfuse-metadata-prefetch"), ("gke-gcsfuse/volumes",)),
    Injector("the Cloud SQL Proxy Operator", ("cloudsql-proxy", "csql-*"), ("cloudsql.cloud.google.com/proxy-*",)),
    Injector(
        "the OpenTelemetry Operator",
        ("otc-container", "opentelemetry-auto-instrumentation*"),
        ("sidecar.opentelemetry.io/inject", "instrumentation.opentelemetry.io/inject-*"),
    ),
    Injector("Knative", ("queue-proxy",), ("serving.knative.dev/*",)),
)

_OFF = frozenset({"false", "disabled", "no", "off", "0"})


@lru_cache(maxsize=512)  # asked for every container by several rules
def _makers(container: str) -> tuple[Injector, ...]:
    """The injectors whose containers are called so."""
    return tuple(one for one in INJECTORS if any(fnmatchcase(container, name) for name in one.containers))


def owner_of(member: Member, pod: PodSpec) -> Evidence | None:
    """Who injects this container, with the evidence; None for an ordinary one.

    The name alone says nothing (a hand-written `cloudsql-proxy` with a real image is an ordinary helper): it also needs
    `image: auto`, no image, or a mark of the injector on the pods.
    """
    container = member.container
    for injector in _makers(container.name):
        if container.image in ("", "auto"):
            what = "has no image" if not container.image else "has the image `auto`"
            text = f"it {what} and is named `{container.name}`, the container that {injector.product} injects"
            return Evidence(text, container.line_of("image"))
        for key in ("annotations", "labels"):
            for mark, value in fields.mapping(pod.template, "metadata", key).items():
                if value.lower() not in _OFF and any(fnmatchcase(mark, wanted) for wanted in injector.marks):
                    line = fields.line(pod.template, "metadata", key, mark) or container.line
                    text = f"`{mark}` is set, and `{container.name}` is the container that {injector.product} injects"
                    return Evidence(text, line)
    return None
