"""The rules on what only a tree of kustomizations shows: patches that cannot follow, overlays that say otherwise."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from sidecarify.judge.model import Finding, Level


class TreeRule(NamedTuple):
    """As Rule, but its function is told what was found and only says it."""

    check: Callable[..., Finding]
    levels: tuple[Level, ...]
    hazards: tuple[str, ...]

    @property
    def name(self) -> str:
        """The function's name in kebab-case."""
        return self.check.__name__.replace("_", "-")


def overlay_not_followed(reason: str, advice: str, line: int, file: str) -> Finding:
    """Something in a kustomize tree names the helper or counts it, and cannot be changed to fit the move.

    A patch, a replacement or a JSON6902 path that is left behind adds a second, broken container, hits another one, or
    fails (hazards PATCH1, ORD13). sidecarify changes it in the same step as the base; where that is not possible, the
    container stays. That is so where the patch is for objects of a remote base or of an unknown kind too, where a
    wildcard or a whole list is written, where a transformer or another schema is at work, or where the file of the
    patch is not among the files of the run (it was not given, or is left out).

    Fires on:
        # overlays/prod/kustomization.yaml
        replacements:
        - source: {kind: ConfigMap, name: images, fieldPath: data.image}
          targets:
          - select: {kind: Deployment}
            fieldPaths: [spec.template.spec.containers.*.image]      # all containers, the helper among them

    Near miss:
        replacements:
        - source: {kind: ConfigMap, name: images, fieldPath: data.image}
          targets:
          - select: {kind: Deployment}
            fieldPaths: ["spec.template.spec.containers.[name=shop].image"]

    Fix: change that place so that it names the container, give its file to the run too, or name the container, accept
        the rule and change the place by hand.
    """
    effect = f"Its overlays cannot follow: {reason} (PATCH1, ORD13)."
    either = (
        f"{advice or 'Change that place first'}, or name the container and accept this rule, and change it by hand."
    )
    return Finding("overlay-not-followed", "refuse", effect, either, line, file)


def overlays_disagree(mild: str, strict: str, line: int, file: str) -> Finding:
    """One overlay makes of the container something that may move, another one something that may not.

    The container is defined once, in a base that several kustomizations build on, and moves for all of them or for
    none. Each of them is judged as it is built; where one is safe and another is not (an overlay adds an argument that
    makes the helper end, or a probe, or a port), that is said, with the names of both.

    Fires on:
        # overlays/ci/patch.yaml; overlays/prod has no such patch
        containers:
        - name: git-sync
          args: [--repo=https://example.com/content, --one-time]

    Near miss:
        containers:
        - name: git-sync
          args: [--repo=https://example.com/content, --period=60s]

    Fix: see to the stricter of the overlays first, or let it define a container of its own.
    """
    effect = f"It is {mild}, but {strict}."
    return Finding(
        "overlays-disagree",
        "review",
        effect,
        "The base is one for both: see to the stricter of them first.",
        line,
        file,
    )


TREE_RULES: tuple[TreeRule, ...] = (
    TreeRule(overlay_not_followed, ("refuse",), ("PATCH1", "ORD13")),
    TreeRule(overlays_disagree, ("review",), ("PATCH1",)),
)
