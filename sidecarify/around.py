"""The objects of a run that point at pods (Services, policies, autoscalers, patches ...), found among many files."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from sidecarify.files import FileError, Manifest, read
from sidecarify.kube.objects import KubeObject, objects
from sidecarify.kube.overlays import fragments, is_partial
from sidecarify.yamltext.documents import split
from sidecarify.yamltext.source import Source, TextError
from sidecarify.yamltext.tree import YamlError, parse

# The kinds that say something of a pod from outside it. Routes of the Gateway API all end alike.
_AROUND = (
    "Service",
    "Ingress",
    r"\w*Route",
    "NetworkPolicy",
    "CiliumNetworkPolicy",
    "CiliumClusterwideNetworkPolicy",
    "GlobalNetworkPolicy",
    "HorizontalPodAutoscaler",
    "VerticalPodAutoscaler",
    "ScaledObject",
    "PodDisruptionBudget",
    "ServiceMonitor",
    "PodMonitor",
    "VMServiceScrape",
    "VMPodScrape",
    "PrometheusRule",
    "VMRule",
    "LimitRange",
    "ResourceQuota",
    "Namespace",
    "PeerAuthentication",
    "TargetGroupBinding",
    "Kustomization",
    "Component",
    "HelmRelease",
    "Application",
    "ClusterPolicy",
    "Policy",
    "ValidatingAdmissionPolicy",
    "ValidatingPolicy",
    "MutatingAdmissionPolicy",
    "ConstraintTemplate",
)
_KIND = r"""(?:^|[\s,{["'])kind["']?[ \t]*:[ \t]*["']?"""
_POINTING = re.compile(rf"{_KIND}(?:{'|'.join(_AROUND)}|\w*List)\b")
_POINTING_BYTES = re.compile(_POINTING.pattern.encode())
_AROUND_KIND = re.compile("|".join(_AROUND))
_CONFIG = re.compile(rf"{_KIND}ConfigMap\b")
_SELECTOR = re.compile(r"""selector["']?[ \t]*:""")
_KUSTOMIZATION = re.compile(r"(?:.*/)?(?:kustomization\.ya?ml|Kustomization)")
_PATCH_PATH = "/containers"


def speaks(name: str, data: bytes) -> bool:
    """Whether the bytes of the manifest `name` may hold such an object: a look at them, without any parsing."""
    return (
        b"containers" in data
        or _POINTING_BYTES.search(data) is not None
        or _KUSTOMIZATION.fullmatch(name) is not None
        or (b"ConfigMap" in data and b"container" in data)
    )


def collect(speaking: Sequence[Manifest]) -> tuple[KubeObject, ...]:
    """The objects of `speaking` that point at pods, and no others: memory does not grow with the rest of the run.

    What cannot be read is left out here; it is reported where the manifest itself is judged.
    """
    found: list[KubeObject] = []
    for manifest in speaking:
        try:
            text = Source.decode(read(manifest.path)).text
        except (FileError, TextError):
            continue
        found += _objects(text, manifest.name)
    return tuple(found)


def _objects(text: str, file: str) -> Iterator[KubeObject]:
    for document in split(text):
        piece = text[document.start : document.end]
        if not _may_point(piece, file):
            continue
        try:
            root = parse(piece, line=document.line)
            yield from fragments(root, document.index, file)
            for one in objects(root, document.index, file):
                if _AROUND_KIND.fullmatch(one.kind) or one.kind == "ConfigMap" or (one.row and is_partial(one)):
                    yield one
        except YamlError:
            continue


def _may_point(text: str, file: str) -> bool:
    """Whether a document is worth parsing for what it says of pods elsewhere.

    Of the workloads only patches are, and a workload with a selector is whole.
    """
    if "containers" in text and (_PATCH_PATH in text or not _SELECTOR.search(text)):
        return True
    if _POINTING.search(text) or _KUSTOMIZATION.fullmatch(file):
        return True
    return "container" in text and _CONFIG.search(text) is not None
