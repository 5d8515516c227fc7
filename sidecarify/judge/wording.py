"""How findings speak of other objects."""

from __future__ import annotations

import re

from sidecarify.judge.model import PodContext
from sidecarify.kube.objects import KubeObject

_HAZARD = r"\b(?:ORD|DEAD|PRB|HOOK|JOB|TRM|RES|NET|FLD|CLI|PATCH|POL|MAIN|INJ|KIND)\d+(?:-\d+)?\b"


def file_of(pod: PodContext, other: KubeObject) -> str:
    """The file for a finding about another object: empty if it stands in the manifest of the pod."""
    return "" if other.file == pod.pod.owner.file else other.file


def called(other: KubeObject) -> str:
    """An object as a message names it: "the Service `web`"."""
    return f"the {other.kind} `{other.name}`" if other.name else f"the {other.kind}"


def capital(text: str) -> str:
    """The text with a capital first letter, for the beginning of a sentence."""
    return text[:1].upper() + text[1:]


def if_together(certain: bool) -> str:
    """What a message adds where a namespace is missing on one side."""
    return "" if certain else " (if both are in one namespace: it is given on one side only)"


def without_hazards(text: str) -> str:
    """A sentence of a family's docs without the ids of the hazard catalogue, which say nothing to a user."""
    kept = re.sub(rf"{_HAZARD}(?:[,;] )?", "", text)
    return re.sub(r"[,;]? ?\(\)|[,;] ?(?=\))", "", kept)
