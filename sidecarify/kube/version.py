"""The Kubernetes version that a manifest must run on."""

import re
from typing import NamedTuple


class KubeVersion(NamedTuple):
    """The target: the lowest version of Kubernetes that the user promises. Compares as versions do."""

    major: int
    minor: int

    @classmethod
    def parse(cls, text: str) -> "KubeVersion":
        """`1.33`, `v1.33`, `1.33.4` and `1.33.4-gke.100` -> 1.33. Raises ValueError for anything else."""
        found = re.fullmatch(r"v?(\d{1,3})\.(\d{1,3})(?:\.\d+)?(?:[-+][\w.+-]*)?", text)
        if found is None:
            raise ValueError(f"{text!r} is no Kubernetes version such as 1.33")
        return cls(int(found[1]), int(found[2]))

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}"


SUPPORTED_FROM = KubeVersion(1, 29)
"""Native sidecars are on by default from here (KEP-753: beta); 1.28 had them behind an alpha gate."""
DEFAULT_TARGET = KubeVersion(1, 33)
"""Native sidecars are stable from here (KEP-753)."""
