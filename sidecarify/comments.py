"""What the comments of one manifest decide, and what there is to say of them: directives.py at work."""

from collections.abc import Iterable
from typing import Final

from sidecarify import directives
from sidecarify.direction import Direction
from sidecarify.directives import Directive, Ignored, Place, Remarked
from sidecarify.judge.known import RULES
from sidecarify.judge.model import PodVerdict, Settings
from sidecarify.judge.revert_rules import REVERT_RULES
from sidecarify.judge.rules import ALL_RULES
from sidecarify.judge.verdict import runs
from sidecarify.kube.workload import PodSpec
from sidecarify.yamltext.documents import Document
from sidecarify.yamltext.tree import Node


class Comments:
    """The comments of a manifest that decide, and the containers that they may speak of.

    `readable` are the documents that can be read, with all their pods. `said` is what the judge has to heed; with
    `ignores` False that silences nothing.
    """

    def __init__(self, text: str, readable: Iterable[tuple[Document, Node, list[PodSpec]]], *, ignores: bool) -> None:
        self._ignores = ignores
        self._found: list[Directive] = []
        self._places: list[Place] = []
        self._told: list[Remarked] = []
        rules = sorted(RULES)
        for document, root, pods in readable:
            piece = text[document.start : document.end]
            found, told = directives.read(piece, root, document.line, rules)
            self._found += found
            self._told += told
            if found or told:
                self._places += (place for pod in pods for place in directives.places(pod, piece, document.line))
        said, told = directives.remarks(self._found, self._places, ignores=ignores)
        self.said: Final = said
        self._told += told

    def problems(self, verdicts: Iterable[PodVerdict], settings: Settings, direction: Direction) -> list[Remarked]:
        """Messages on what is not understood and on what silences nothing, in the order of their lines."""
        unused: Iterable[Remarked] = ()
        if self._ignores:
            # Those of trees have nothing to say of a manifest alone.
            rules = ALL_RULES if direction.promotes else REVERT_RULES
            active = frozenset(rule.name for rule in rules if runs(rule, settings))
            unused = directives.unused(self._found, self._places, list(_ignored(verdicts)), active)
        return sorted((*self._told, *unused))


def _ignored(verdicts: Iterable[PodVerdict]) -> Iterable[Ignored]:
    for pod in verdicts:
        for answer in pod.containers:
            for finding in answer.ignored:
                line = 0 if finding.file else finding.line
                yield Ignored(id(answer.member.container.node), finding.rule, line)
