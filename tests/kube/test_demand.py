"""The effective request of a pod (KEP-753, "Resources")."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecarify.kube.demand import Resources, effective, pod_demand
from sidecarify.kube.objects import objects
from sidecarify.kube.quantity import format_quantity
from sidecarify.kube.workload import PodSpec, pod_specs
from sidecarify.yamltext.tree import parse


def cpu(value: int) -> Resources:
    return {"cpu": Fraction(value)}


@pytest.mark.parametrize(
    ("inits", "mains", "expected"),
    [
        pytest.param([], [1, 2], 3, id="without inits, the sum of the mains"),
        pytest.param([(5, False)], [1, 2], 5, id="an init alone"),
        pytest.param([(5, False), (4, False)], [1], 5, id="inits run one after another"),
        pytest.param([(1, True)], [2], 3, id="a sidecar runs beside the mains"),
        pytest.param([(1, True), (5, False)], [2], 6, id="and beside the inits after it"),
        pytest.param([(5, False), (1, True)], [2], 5, id="but not beside the inits before it"),
        pytest.param([(1, True), (4, False), (1, True), (4, False)], [2], 6, id="sidecars before each init"),
        pytest.param([(2, True), (2, True)], [], 4, id="sidecars alone"),
    ],
)
def test_formula(inits: list[tuple[int, bool]], mains: list[int], expected: int) -> None:
    assert effective([(cpu(value), sidecar) for value, sidecar in inits], map(cpu, mains)) == cpu(expected)


def test_overhead_and_several_resources() -> None:
    got = effective([({"memory": Fraction(9)}, False)], [{"cpu": Fraction(1), "memory": Fraction(2)}], cpu(3))
    assert got == {"cpu": Fraction(4), "memory": Fraction(9)}


AMOUNTS = st.dictionaries(st.sampled_from(["cpu", "memory"]), st.integers(0, 50).map(Fraction))


@given(
    st.lists(st.tuples(AMOUNTS, st.booleans()), max_size=5),
    st.lists(AMOUNTS, max_size=4),
    st.lists(AMOUNTS, min_size=1, max_size=4),
)
def test_sidecars_behind_all_inits_leave_the_total_unchanged(
    inits: list[tuple[Resources, bool]], mains: list[Resources], helpers: list[Resources]
) -> None:
    before = effective(inits, [*mains, *helpers])
    after = effective([*inits, *((helper, True) for helper in helpers)], mains)
    assert after == before


@given(
    st.lists(st.tuples(AMOUNTS, st.booleans()), max_size=5),
    st.lists(AMOUNTS, max_size=4),
    AMOUNTS,
)
def test_a_sidecar_before_the_inits_never_makes_it_less(
    inits: list[tuple[Resources, bool]], mains: list[Resources], helper: Resources
) -> None:
    before = effective(inits, [*mains, helper])
    after = effective([(helper, True), *inits], mains)
    assert all(after[name] >= value for name, value in before.items())


POD = """\
apiVersion: v1
kind: Pod
metadata: {name: x}
spec:
  %s
  initContainers:
  - {name: migrate, resources: {requests: {cpu: "2", memory: 64Mi}}}
  containers:
  - {name: main, resources: {requests: {cpu: 500m}, limits: {cpu: "1", memory: 256Mi}}}
  - {name: log, resources: {requests: {cpu: 100m, memory: "{{ .Values.memory }}"}, limits: {cpu: 200m}}}
"""


def pod(extra: str = "restartPolicy: Always") -> PodSpec:
    root = parse(POD % extra)
    return next(spec for owner in objects(root) for spec in pod_specs(owner))


def written(demand: Resources) -> dict[str, str]:
    return {name: format_quantity(name, value) for name, value in demand.items()}


def test_of_a_manifest() -> None:
    spec = pod()
    expected = {"cpu": "2", "memory": "256Mi"}
    assert written(pod_demand(spec, "requests")) == expected
    assert written(pod_demand(spec, "requests", [spec.containers[1]])) == expected
    assert written(pod_demand(spec, "limits")) == {"cpu": "1200m", "memory": "256Mi"}


def test_overhead_is_added_to_limits_that_are_there() -> None:
    spec = pod("overhead: {cpu: 250m, memory: 1Gi, storage: 1}")
    assert written(pod_demand(spec, "requests"))["cpu"] == "2250m"
    assert written(pod_demand(spec, "limits")) == {"cpu": "1450m", "memory": "1280Mi"}


def test_the_pods_own_resources_stand_for_the_sum() -> None:
    spec = pod("resources: {requests: {cpu: 3, example.com/fpga: 1}}")
    assert written(pod_demand(spec, "requests")) == {"cpu": "3", "memory": "256Mi"}
