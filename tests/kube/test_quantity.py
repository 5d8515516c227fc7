from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecarify.kube.quantity import format_quantity, parse_quantity


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", 0),
        ("1", 1),
        ("100m", Fraction(1, 10)),
        ("1.5", Fraction(3, 2)),
        (".5", Fraction(1, 2)),
        ("2.", 2),
        ("64Mi", 64 * 1024**2),
        ("1.5Gi", 3 * 1024**3 // 2),
        ("1G", 10**9),
        ("1k", 1000),
        ("1Ki", 1024),
        ("1e3", 1000),
        ("1E3", 1000),
        ("1E", 10**18),
        ("5e-1", Fraction(1, 2)),
        ("+3", 3),
        ("-1", -1),
        ("10u", Fraction(1, 100_000)),
        ("7n", Fraction(7, 10**9)),
        (" 1 ", 1),
    ],
)
def test_quantities(text: str, expected: Fraction | int) -> None:
    assert parse_quantity(text) == expected


@pytest.mark.parametrize("text", ["", "Mi", "1 Gi", "1KiB", "1K", "0x10", "1e", "{{ .Values.cpu }}", "1_000", "."])
def test_no_quantities(text: str) -> None:
    with pytest.raises(ValueError, match="no quantity"):
        parse_quantity(text)


@pytest.mark.parametrize(
    ("resource", "value", "expected"),
    [
        pytest.param("cpu", Fraction(1, 4), "250m", id="parts of a core"),
        pytest.param("cpu", Fraction(2), "2", id="whole cores"),
        pytest.param("cpu", Fraction(1, 3000), "1m", id="rounded up"),
        pytest.param("memory", Fraction(1536 * 1024**2), "1536Mi", id="the largest unit that fits"),
        pytest.param("memory", Fraction(2 * 1024**3), "2Gi", id="gibibytes"),
        pytest.param("memory", Fraction(1000), "1000", id="no binary unit fits"),
        pytest.param("memory", Fraction(0), "0", id="nothing"),
        pytest.param("nvidia.com/gpu", Fraction(1024), "1024", id="a count"),
    ],
)
def test_written_as_people_do(resource: str, value: Fraction, expected: str) -> None:
    assert format_quantity(resource, value) == expected


@given(st.sampled_from(["cpu", "memory", "nvidia.com/gpu"]), st.integers(0, 10**15))
def test_what_is_written_reads_back(resource: str, number: int) -> None:
    value = Fraction(number, 1000) if resource == "cpu" else Fraction(number)
    assert parse_quantity(format_quantity(resource, value)) == value
