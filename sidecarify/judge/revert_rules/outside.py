"""What else looks at the pod, and what the object itself is."""

from __future__ import annotations

from collections.abc import Iterator

from sidecarify.judge.model import Finding, Member, PodContext, Rule
from sidecarify.judge.rules.references import POLICIES, blind_line, concerns
from sidecarify.judge.wording import called, capital, file_of
from sidecarify.kube import fields


def policy_applies(helper: Member, pod: PodContext) -> Iterator[Finding]:
    """A policy of the run looks at `containers` only, and would look at the helper too.

    Rules of Kyverno, Gatekeeper and ValidatingAdmissionPolicies that visit `spec.containers` only have not seen the
    native sidecar (hazard POL4). As an ordinary container it must pass them: probes, resources, registries.

    Fires on:
        kind: ClusterPolicy
        spec: {rules: [{validate: {pattern: {spec: {containers: [{image: "registry.corp/*"}]}}}}]}

    Near miss:
        kind: ClusterPolicy
        spec: {rules: [{validate: {pattern: {spec: {containers: [{image: "r/*"}], initContainers: [{image: "r/*"}]}}}}]}

    Fix: Check that the helper passes the policy.
    """
    for other in pod.others:
        if (other.group, other.kind) in POLICIES and concerns(other, pod):
            line = blind_line(other)
            if line:
                yield Finding(
                    "policy-applies",
                    "note",
                    f"{capital(called(other))} looks at `containers` only, and would look at `{helper.name}` too.",
                    "Check that it passes.",
                    line,
                    file_of(pod, other),
                )


def operator_patch(helper: Member, pod: PodContext) -> Iterator[Finding]:
    """The lists of the object are patches for the pod of an operator, not the containers of a pod.

    Prometheus, Alertmanager, ThanosRuler and SidecarSet merge `containers` and `initContainers` by name into lists of
    their own (prometheus-operator pkg/k8s/merge.go; hazard KIND1). An entry that changes a generated container changes
    nothing in the other list, but adds a broken one there.

    Fires on:
        apiVersion: monitoring.coreos.com/v1
        kind: Prometheus
        spec: {initContainers: [{name: thanos-sidecar, image: thanos:1, restartPolicy: Always}], containers: []}

    Near miss:
        apiVersion: apps/v1
        kind: StatefulSet

    Fix: Change what the operator offers for its containers.
    """
    owner = pod.pod.owner
    if owner.row is not None and owner.row.patches:
        yield Finding(
            "operator-patch",
            "refuse",
            f"`{helper.name}` may change a container that the operator makes for the {owner.kind}: in the other list "
            "it would be another one.",
            "Leave it, or move it by hand if the operator does not make it.",
            fields.line(owner.node, "kind") or owner.line,
        )


RULES: tuple[Rule, ...] = (
    Rule(policy_applies, ("note",), ("POL4",)),
    Rule(operator_patch, ("refuse",), ("KIND1",)),
)
