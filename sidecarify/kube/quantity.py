"""Kubernetes quantities (`100m`, `1.5Gi`, `2e3`) as exact numbers.

Source: the serialisation format of k8s.io/apimachinery pkg/api/resource (quantity.go).
"""

from __future__ import annotations

import re
from fractions import Fraction
from functools import lru_cache

_SHAPE = r"([+-]?(?:\d{1,30}(?:\.\d{0,30})?|\.\d{1,30}))(?:([KMGTPE]i|[numkMGTPE])|[eE]([+-]?\d{1,3}))?"
_BINARY = {f"{letter}i": Fraction(1024**power) for power, letter in enumerate("KMGTPE", 1)}
_DECIMAL = {letter: Fraction(1000**power) for power, letter in enumerate("kMGTPE", 1)} | {
    letter: Fraction(1, 1000**power) for power, letter in enumerate("mun", 1)
}
_FACTORS = _BINARY | _DECIMAL


@lru_cache(maxsize=512)  # people write the same few
def parse_quantity(text: str) -> Fraction:
    """The exact number that a quantity stands for. Raises ValueError for anything else."""
    found = re.fullmatch(_SHAPE, text.strip())
    if found is None:
        raise ValueError(f"{text!r} is no quantity such as 100m or 1.5Gi")
    number, suffix, exponent = found.groups()
    value = Fraction(number.removesuffix("."))
    if suffix is not None:
        return value * _FACTORS[suffix]
    return value if exponent is None else value * Fraction(10) ** int(exponent)


def format_quantity(resource: str, value: Fraction) -> str:
    """A quantity as people write it: `250m` and `2` for CPU, `1536Mi` for memory and storage, a number for the rest.

    Rounded up where the unit is too coarse, as Kubernetes does.
    """
    if resource == "cpu":
        milli = -((-value * 1000) // 1)
        return str(milli // 1000) if milli % 1000 == 0 else f"{milli}m"
    whole = -(-value // 1)
    if resource in ("memory", "ephemeral-storage", "storage") or resource.startswith("hugepages-"):
        for suffix, factor in reversed(_BINARY.items()):
            if whole and whole % factor.numerator == 0:
                return f"{whole // factor.numerator}{suffix}"
    return str(whole)
