"""Rules about what webhooks add to the pod: proxies and init containers that the manifest does not show."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sidecarify.judge import signs
from sidecarify.judge.model import Finding, Member, PodContext, Rule
from sidecarify.kube import fields

_REMOTE = (
    r"(?<![\w.-])(?:[a-z][\w+.-]*://)(?!localhost|127\.|\[::1\]|/)[\w${(]|"
    r"(?<![\w./-])[\w-]+(?:\.[\w-]+)+(?::\d{2,5})(?![\w.])"
)
_SOCKET_SCHEMES = ("unix://", "unix:", "file://")
_NETWORK_TOOLS = frozenset(
    {"curl", "wget", "aws", "gsutil", "gcloud", "az", "azcopy", "kubectl", "oc", "helm", "git", "rclone", "rsync",
     "scp", "ssh", "nc", "ncat", "ping", "nslookup", "dig", "psql", "mysql", "redis-cli", "mongosh", "docker", "restic",
     "wal-g", "mc"}
)  # fmt: skip
_LOCAL_WORK = r"(?:^|[-_./])(?:exporter|metrics|reloader|tail|tailer|logrotate|logger|watcher)(?:$|[-_./])"
_NETWORK_TRAITS = ("flushes", "provider", "exits-offline", "inbound", "proxy")
_VAULT = "vault.hashicorp.com"
_FALSE = frozenset({"false", "no", "off", "0", "f"})


def mesh_not_native(helper: Member, pod: PodContext) -> Iterator[Finding]:
    """A service mesh adds its proxy as an ordinary container, and the helper would start before it.

    The injector puts its own init container behind the moved helper: the helper first talks past the mesh, and is then
    cut off until the proxy runs; with a CNI plug-in it has no network from the start (hazard DEAD11; istio#27382,
    #48854, #23802). A helper that ends without network may then keep the pod from starting, and one with a startupProbe
    is a deadlock: the proxy starts only after it. Helpers that need no network are not concerned, nor pods whose
    annotation asks for a native proxy.

    Fires on:
        metadata: {labels: {sidecar.istio.io/inject: "true"}}
        - {name: git-sync, image: registry.k8s.io/git-sync/git-sync:v4.3.0, args: [--repo=https://git.example/x]}

    Near miss:
        metadata: {labels: {sidecar.istio.io/inject: "true"}, annotations: {sidecar.istio.io/nativeSidecar: "true"}}

    Fix: Let the mesh inject its proxy as a native sidecar too (for Istio `sidecar.istio.io/nativeSidecar: "true"`).
    """
    mesh = pod.mesh
    if mesh is None or mesh.native or not _needs_network(helper):
        return
    locked = helper.container.startup_probe is not None
    switch = f" (`{mesh.switch}`)" if mesh.switch else ""
    what = "adds" if mesh.native is False else "may add"
    effect = (
        f"{mesh.product} {what} its proxy to the pod as an ordinary container ({mesh.text}), which starts after native "
        f"sidecars: `{helper.name}` would have no network, or go past the mesh, until then"
    )
    effect += ", and its startupProbe keeps the proxy from starting." if locked else "."
    file = mesh.file if mesh.file != pod.pod.owner.file else ""
    yield Finding(
        "mesh-not-native",
        "refuse" if locked else "review",
        effect,
        f"Let {mesh.product} inject its proxy as a native sidecar first{switch}.",
        mesh.line,
        file,
    )


def _needs_network(helper: Member) -> bool:
    container = helper.container
    texts = [text for text, _ in signs.call_texts(container)]
    if any(re.search(_REMOTE, text) for text in texts if not text.startswith(_SOCKET_SCHEMES)):
        return True
    if helper.known:
        if helper.has_trait("metrics-only"):
            return False
        return any(helper.has_trait(trait) for trait in _NETWORK_TRAITS)
    program = helper.program
    seen = program is not None and program.readable and (helper.match is not None or not program.entrypoint_unseen)
    if program is not None and seen and (helper.match is not None or program.shell):
        return any(command.name in _NETWORK_TOOLS for command in program.commands)
    return not re.search(_LOCAL_WORK, f"{container.name} {container.image.partition(':')[0]}")


def vault_agent_init_order(helper: Member, pod: PodContext) -> Iterator[Finding]:
    """Vault's injector adds its init container behind the init containers of the manifest.

    The secrets of `/vault/secrets` are fetched by `vault-agent-init`, which the webhook appends unless
    `vault.hashicorp.com/agent-init-first: "true"` is set: a moved helper starts before it, without the secrets (hazard
    DEAD12; vault-k8s agent-inject/agent/agent.go). With `agent-pre-populate: "false"` there is no such init container.

    Fires on:
        metadata: {annotations: {vault.hashicorp.com/agent-inject: "true"}}

    Near miss:
        metadata:
          annotations: {vault.hashicorp.com/agent-inject: "true", vault.hashicorp.com/agent-init-first: "true"}

    Fix: Set `vault.hashicorp.com/agent-init-first: "true"` on the pods.
    """
    marks = pod.pod.annotations
    if marks.get(f"{_VAULT}/agent-inject", "false").lower() in _FALSE:
        return
    if marks.get(f"{_VAULT}/agent-init-first", "false").lower() not in _FALSE:
        return
    if marks.get(f"{_VAULT}/agent-pre-populate", "true").lower() in _FALSE:
        return
    container = helper.container
    texts = [text for text, _ in signs.call_texts(container)] + [mount.path for mount in container.mounts]
    program = helper.program
    reads = any("/vault/secrets" in text for text in texts) or (
        program is not None and program.script is not None and "/vault/secrets" in program.script
    )
    effect = (
        f"The init container that fetches Vault's secrets is added behind `{helper.name}`, which would start before it"
    )
    effect += " and not find `/vault/secrets`." if reads else "."
    yield Finding(
        "vault-agent-init-order",
        "refuse" if reads else "review",
        effect,
        f'Set the annotation `{_VAULT}/agent-init-first: "true"` on the pods.',
        fields.line(pod.pod.template, "metadata", "annotations", f"{_VAULT}/agent-inject") or container.line,
    )


def injected_init_order(helper: Member, pod: PodContext) -> Iterator[Finding]:
    """A webhook adds init containers to the pod, and the helper may need what they prepare.

    The Cloud Storage FUSE webhook of GKE and the secrets webhook of bank-vaults add init containers of their own; where
    they land relative to a moved helper depends on their version (hazard DEAD13; gcs-fuse-csi-driver#53, #296, #322).

    Fires on:
        metadata: {annotations: {gke-gcsfuse/volumes: "true"}}

    Near miss:
        metadata: {annotations: {gke-gcsfuse/volumes: "false"}}

    Fix: Look at a pod as it is created, and check that the helper finds what it needs.
    """
    for mark, value in pod.pod.annotations.items():
        gke = mark == "gke-gcsfuse/volumes" and value.lower() not in _FALSE
        bank = mark.startswith(("vault.security.banzaicloud.io/", "secrets-webhook.security.bank-vaults.io/"))
        if not gke and not bank:
            continue
        yield Finding(
            "injected-init-order",
            "review",
            f"A webhook adds init containers to the pod (`{mark}`): `{helper.name}` may start before what it needs "
            "from them is there.",
            "Look at a pod as it is created before you move it.",
            fields.line(pod.pod.template, "metadata", "annotations", mark) or helper.container.line,
        )
        return


RULES: tuple[Rule, ...] = (
    Rule(mesh_not_native, ("refuse", "review"), ("DEAD11",)),
    Rule(vault_agent_init_order, ("refuse", "review"), ("DEAD12",)),
    Rule(injected_init_order, ("review",), ("DEAD13",)),
)
