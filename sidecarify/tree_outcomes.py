"""What becomes of the files of kustomize trees: their conversion as a whole, told file by file as that of any other.

What a run does not reach is read and never written: a move that would need it is refused.
"""

from __future__ import annotations

import os
import posixpath
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from copy import copy
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from sidecarify import batch
from sidecarify.batch import OptionsOf
from sidecarify.direction import TO_SIDECAR, Direction
from sidecarify.discover import Manifest
from sidecarify.files import FileError, read
from sidecarify.kube.kinds import KUSTOMIZATIONS
from sidecarify.outcome import Beside, Follow, Inspection, Outcome, Owner, Reason, Trouble
from sidecarify.pool import in_order
from sidecarify.survey import Survey
from sidecarify.trees import Forest, Tree, is_own

if TYPE_CHECKING:
    from sidecarify.judge.model import ContainerVerdict
    from sidecarify.kube.objects import KubeObject
    from sidecarify.kube.workload import PodSpec
    from sidecarify.kustomize.build import Site
    from sidecarify.kustomize.edits import FileChange
    from sidecarify.kustomize.graph import Graph
    from sidecarify.kustomize.prove import Proof
    from sidecarify.kustomize.resolve import View
    from sidecarify.kustomize.sources import Problem, Sources
    from sidecarify.kustomize.tree import TreeConversion, TreeGroup, TreeMove
    from sidecarify.options import Options
    from sidecarify.plan import Move, MoveKey, Refusal
    from sidecarify.preview import Preview
    from sidecarify.report.json import PodEntry

Result = TypeVar("Result", Outcome, Inspection)
Item = TypeVar("Item")
Piece = Tree | list[tuple[Manifest, "Options"]]
"""A piece of the work of a run: a tree, or some manifests that belong to none."""
Tool = tuple[str, ...]
"""The command that builds a folder: `kubectl kustomize`."""
TreeKey = tuple[str, "MoveKey"]
"""What tells a move from the others of its tree: the path of the file that defines the container, and the key there."""

# What keeps a tree from being known in whole without being anybody's mistake, and remarks on comments and changes.
_REMARKS = frozenset({"remote", "missing", "outside", "bad-comment", "unused-ignore", "order-kept", "order-free"})


def convert_all(
    looked: Survey,
    forest: Forest,
    options_of: OptionsOf,
    direction: Direction = TO_SIDECAR,
    *,
    jobs: int | None = 1,
    tool: Tool | None = None,
) -> Iterator[Outcome]:
    """As `batch.convert_all`, but the files of a tree are converted together; with `tool` its builds are compared."""
    state = (_without_candidates(looked), options_of, direction, tool)
    found = in_order(_convert_piece, state, _pieces(looked, forest, options_of), jobs, alone=batch.ALONE_JUDGED)
    return _in_order_of(looked, forest, found, lambda outcome: outcome.changed)


def _convert_piece(
    state: tuple[Survey, OptionsOf, Direction, Tool | None], piece: Piece
) -> list[Outcome] | dict[str, Outcome]:
    looked, options_of, direction, tool = state
    if isinstance(piece, Tree):
        return convert_tree(piece, looked, options_of, direction, tool=tool)
    return batch.convert_each((looked.around, direction), piece)


def inspect_all(
    looked: Survey,
    forest: Forest,
    options_of: OptionsOf,
    *,
    previews: bool = False,
    fixed: bool = False,
    jobs: int | None = 1,
) -> Iterator[Inspection]:
    """Judge the candidates in their order, those of a tree as they are built; for the rest see `convert_all`."""
    state = (_without_candidates(looked), options_of, previews, fixed)
    found = in_order(_inspect_piece, state, _pieces(looked, forest, options_of), jobs, alone=batch.ALONE_JUDGED)
    return _in_order_of(looked, forest, found, lambda _: False)


def _inspect_piece(
    state: tuple[Survey, OptionsOf, bool, bool], piece: Piece
) -> list[Inspection] | dict[str, Inspection]:
    looked, options_of, previews, fixed = state
    if isinstance(piece, Tree):
        return inspect_tree(piece, looked, options_of, previews=previews, fixed=fixed)
    return batch.inspect_each((looked.around, previews), piece)


def _pieces(looked: Survey, forest: Forest, options_of: OptionsOf) -> Iterator[Piece]:
    """The work of a run, in the order in which it is needed: whole trees, and some of the other manifests at a time."""
    begun: set[int] = set()
    alone: list[tuple[Manifest, Options]] = []
    for manifest in looked.candidates:
        tree = forest.by_path.get(manifest.path)
        if tree is None:
            alone.append((manifest, options_of(manifest)))
        if alone and (len(alone) == batch.JUDGED or (tree is not None and id(tree) not in begun)):
            yield alone
            alone = []
        if tree is not None and id(tree) not in begun:
            begun.add(id(tree))
            yield tree
    if alone:
        yield alone


def _in_order_of(
    looked: Survey, forest: Forest, found: Iterator[list[Result] | dict[str, Result]], wanted: Callable[[Result], bool]
) -> Iterator[Result]:
    """The results of the candidates in their order; then the `wanted` ones of what the run was not asked about."""
    begun: set[int] = set()
    of_trees: dict[str, Result] = {}
    alone: deque[Result] = deque()
    for manifest in looked.candidates:
        tree = forest.by_path.get(manifest.path)
        due = not alone if tree is None else id(tree) not in begun
        if due:
            piece = next(found)
            if isinstance(piece, dict):
                of_trees |= piece
                begun.add(id(tree))
            else:
                alone += piece
        yield alone.popleft() if tree is None else of_trees.pop(manifest.path)
    yield from filter(wanted, of_trees.values())


def _without_candidates(looked: Survey) -> Survey:
    """What each process needs to know of the run: the candidates come one by one."""
    known = copy(looked)
    known.candidates = []
    return known


def without(looked: Survey, forest: Forest) -> Survey:
    """The run without the files of trees."""
    if not forest.trees:
        return looked
    alone = copy(looked)
    alone.candidates = [one for one in looked.candidates if one.path not in forest.by_path]
    return alone


def convert_tree(
    tree: Tree,
    looked: Survey,
    options_of: OptionsOf,
    direction: Direction = TO_SIDECAR,
    *,
    tool: Tool | None = None,
    wanted: Iterable[TreeKey] | None = None,
) -> dict[str, Outcome]:
    """What becomes of the files of a tree, by path; with `wanted` only these moves are made.

    Raises what `options_of` raises, and nothing else: a base outside of the run may have options of its own.
    """
    try:
        work = _Work(tree, looked, options_of, direction)
        found = work.convert(wanted)
        proofs = work.prove(found, tool) if tool is not None and found.changes else []
        return work.outcomes(found, proofs)
    except _ChoiceError as error:
        raise error.cause from None
    except Exception as error:  # the boundary, as in batch.convert_one
        outcomes: dict[str, Outcome] = {}
        for one in tree.files.values():
            data = _bytes(one)
            outcomes[one.path] = Outcome(one, data, data, troubles=() if outcomes else (_fault(one, error),))
        return outcomes


def inspect_tree(
    tree: Tree, looked: Survey, options_of: OptionsOf, *, previews: bool = False, fixed: bool = False
) -> dict[str, Inspection]:
    """What the judge says of the files of a tree, by path, `fixed` with the fixes. Raises as `convert_tree` does."""
    try:
        work = _Work(tree, looked, options_of, TO_SIDECAR)
        converted = work.convert()
        inspections = work.inspections(converted, previews=previews)
        return work.with_fixes(inspections, converted) if fixed else inspections
    except _ChoiceError as error:
        raise error.cause from None
    except Exception as error:  # the boundary, as in batch.inspect_one
        found: dict[str, Inspection] = {}
        for one in tree.files.values():
            found[one.path] = Inspection(one, troubles=() if found else (_fault(one, error),))
        return found


class _ChoiceError(Exception):
    """What the caller's options of a file have raised: it is the caller's to catch."""

    def __init__(self, cause: Exception) -> None:
        super().__init__(str(cause))
        self.cause = cause


def _fault(manifest: Manifest, error: Exception) -> Trouble:
    what = f"sidecarify failed on this kustomize tree and left it alone ({error!r}). Please report it."
    return Trouble(manifest.name, 1, "internal-error", what)


def _bytes(manifest: Manifest) -> bytes:
    try:
        return read(manifest.path)
    except FileError:
        return b""


class _Entry(NamedTuple):
    """A container as one of its views shows it."""

    view: View
    answer: ContainerVerdict
    site: Site


class _Work:
    """One tree, read once."""

    def __init__(self, tree: Tree, looked: Survey, options_of: OptionsOf, direction: Direction) -> None:
        from sidecarify.kustomize.graph import read_graph  # noqa: PLC0415  (for runs with kustomizations alone)
        from sidecarify.kustomize.sources import Sources  # noqa: PLC0415

        self.tree = tree
        self.looked = looked
        self.direction = direction
        self.sources: Sources = Sources(Path(tree.root))
        self.graph: Graph = read_graph(self.sources, tree.folders)

        @cache
        def options(file: str) -> Options:
            one = tree.files.get(file)
            try:
                return options_of(one if one is not None else Manifest(tree.called(file), tree.real(file)))
            except Exception as error:
                raise _ChoiceError(error) from None

        self.options = options

    def convert(self, wanted: Iterable[TreeKey] | None = None) -> TreeConversion:
        """The conversion of the tree, of which nothing is written."""
        from sidecarify.kustomize.tree import Scope, convert_tree  # noqa: PLC0415  (see __init__)

        around = self.looked.around
        keys = None if wanted is None else {(self.tree.within(path), key) for path, key in wanted}
        return convert_tree(
            self.graph,
            self.options,
            self._others,
            complete=around is not None and around.complete,
            direction=self.direction,
            scope=Scope(self._is_worked_on, self._is_reached, keys),
        )

    def _is_reached(self, file: str) -> bool:
        """Whether the run may write a file: it has it, and by this name and not through a link."""
        real = self.tree.real(file)
        return real in self.looked.reached and os.path.realpath(real) == real

    def _is_worked_on(self, file: str) -> bool:
        one = self.looked.reached.get(self.tree.real(file))
        return one is not None and is_own(one, self.looked)

    # --- what is around a pod ---

    def _others(self, pod: PodSpec) -> Sequence[KubeObject]:
        """The objects that may concern a pod, named from the root: those of its own file, and those of others."""
        own = self._objects(pod.owner.file)
        around = self.looked.around
        if around is None:
            return own
        found = around.of(self.tree.called(pod.owner.file), (pod,), own)
        named = (one._replace(file=self.tree.within(one.file)) for one in found)
        return (*own, *(one for one in named if not self._is_of_another_tree(one)))

    def _objects(self, file: str) -> tuple[KubeObject, ...]:
        from sidecarify.kube.objects import objects  # noqa: PLC0415  (see __init__)
        from sidecarify.kustomize.sources import TextFile, Unit  # noqa: PLC0415
        from sidecarify.yamltext.tree import YamlError  # noqa: PLC0415

        text = self.sources.read(file)
        found: list[KubeObject] = []
        for unit in self.sources.units(text) if isinstance(text, TextFile) else ():
            if isinstance(unit, Unit):
                try:
                    found += objects(unit.root, unit.document.index, file)
                except YamlError:  # it is told where the file is looked at alone
                    continue
        return tuple(found)

    def _is_of_another_tree(self, one: KubeObject) -> bool:
        """Whether an object is a kustomization or its patch: it says something of what that builds, and of no more."""
        from sidecarify.kube.overlays import JSON_PATCH, is_partial  # noqa: PLC0415  (see __init__)

        if one.file.endswith(KUSTOMIZATIONS) and one.kind in ("Kustomization", "Component"):
            return True
        return one.file in self.tree.beside and (one.kind == JSON_PATCH or (one.row is not None and is_partial(one)))

    # --- what is told ---

    def prove(self, found: TreeConversion, tool: Tool) -> list[Proof]:
        """What became of each kustomization whose build changes."""
        from sidecarify.kustomize.prove import Proof, prove  # noqa: PLC0415  (see __init__)

        try:
            return prove(
                tool,
                Path(self.tree.root),
                found.changes,
                found.finals,
                found.sites,
                self.direction,
                found.probes,
                posixpath.commonpath(self.tree.folders),
            )
        except OSError as error:
            return [Proof(root, True, f"the tree could not be copied: {error}") for root in found.roots]

    def outcomes(self, found: TreeConversion, proofs: Sequence[Proof]) -> dict[str, Outcome]:
        """What becomes of each file of the tree; nothing changes where a proof fails."""
        sound = all(proof.holds or not proof.compared for proof in proofs)
        problems = (*found.problems, *(found.remarks if sound else ()))
        told = self._troubles((*map(self._trouble, problems), *map(self._proved, proofs)))
        changes = {change.path: (change, group) for group in found.groups for change in group.changes if sound}
        named = self._patterns(found)
        moves_of = _by_file((one.file, one) for one in (found.moves if sound else ()))
        refusals_of = _by_file((one.file, one) for one in found.refusals)
        pods_of = _by_file((file, (document, path)) for file, document, path in found.pods)
        result = {}
        for file, manifest in self.tree.files.items():
            outcome = self._alone(file, manifest, frozenset(pods_of.get(file, ())))
            moves, left = moves_of.get(file, ()), refusals_of.get(file, ())
            places = [(one.move.document, one.move.path, one.owner) for one in moves]
            places += [(one.refusal.document, one.refusal.path, one.owner) for one in left]
            outcome = outcome._replace(
                moves=(*outcome.moves, *(self._move(one) for one in moves)),
                refusals=(*outcome.refusals, *(self._refusal(one.refusal) for one in left)),
                troubles=(*outcome.troubles, *told.get(manifest.path, ())),
                reasons=(*outcome.reasons, *(reason for one in moves for reason in self._reasons(one))),
                named=outcome.named | named,
                owners=(*outcome.owners, *dict.fromkeys(_owner(*place) for place in places)),
            )
            result[manifest.path] = self._changed(outcome, file, *changes[file]) if file in changes else outcome
        return result

    def _says_more(self, file: str, documents: set[int]) -> bool:
        """Whether a file may have something to tell apart from its pods in some `documents`: templates, other kinds."""
        from sidecarify.kustomize.sources import TextFile, Unit  # noqa: PLC0415  (see __init__)

        text = self.sources.read(file)
        if not isinstance(text, TextFile):
            return True
        for document in text.documents:
            if document.index not in documents and "ontainers" in text.source.text[document.start : document.end]:
                return True
            if document.index in documents and not isinstance(self.sources.unit(text, document), Unit):
                return True
        return False

    def _alone(self, file: str, manifest: Manifest, pods: frozenset[tuple[int, str]]) -> Outcome:
        """What there is to say of a file apart from what the tree's kustomizations make of its `pods`."""
        try:
            data = self.sources.data(file)
        except FileError as error:
            return Outcome(manifest, b"", b"", troubles=(Trouble(manifest.name, 1, error.code, error.message),))
        if not pods:
            if file in self.graph.own_files:
                return Outcome(manifest, data, data)
            return batch.convert_one(manifest, data, self.options(file), self.looked.around, self.direction)
        if not self._says_more(file, {document for document, _ in pods}):
            return Outcome(manifest, data, data)
        outcome = batch.convert_one(
            manifest, data, self.options(file), self.looked.around, self.direction, wanted=frozenset()
        )
        return outcome._replace(
            refusals=tuple(one for one in outcome.refusals if (one.document, one.path) not in pods),
            troubles=tuple(trouble for trouble in outcome.troubles if trouble.error),
            owners=tuple(one for one in outcome.owners if (one.document, one.path) not in pods),
        )

    def _changed(self, outcome: Outcome, file: str, change: FileChange, group: TreeGroup) -> Outcome:
        others = [one for one in group.followed[file] if one.file != file]
        return outcome._replace(
            after=change.after,
            follows=tuple(Follow(one.move.container, self.tree.called(one.file)) for one in others),
            together=frozenset(os.path.realpath(self.tree.real(one.path)) for one in group.changes),
            beside=tuple(
                Beside(self.tree.called(one.path), one.before, one.after)
                for one in group.changes
                if one is not change and all(move.file == file for move in group.moves)
            ),
        )

    def _move(self, one: TreeMove) -> Move:
        notes = tuple(note._replace(file=self._called(note.file)) for note in one.move.notes)
        return one.move._replace(notes=notes)

    def _refusal(self, refusal: Refusal) -> Refusal:
        return refusal._replace(file=self._called(refusal.file))

    def _reasons(self, one: TreeMove) -> Iterator[Reason]:
        name = self.tree.called(one.file)
        for evidence in one.evidence:
            file = self._called(evidence.file) or name
            yield Reason(file, evidence.line, one.move.container, evidence.text, one.move.key)

    def _called(self, file: str) -> str:
        return self.tree.called(file) if file else ""

    def _trouble(self, problem: Problem) -> Trouble:
        where = problem.place
        return Trouble(
            self.tree.called(where.file), where.line, problem.code, problem.message, problem.code not in _REMARKS
        )

    def _proved(self, proof: Proof) -> Trouble:
        file = self.tree.called(self.graph.kustomizations[proof.root].unit.file)
        if proof.holds:
            return Trouble(file, 1, "proved", "builds as before, but for the move", error=False)
        if not proof.compared:
            return Trouble(file, 1, "not-proved", f"could not be compared: {proof.difference}", error=False)
        what = f"the proof by the real build failed, so nothing of this tree was changed: {proof.difference}"
        return Trouble(file, 1, "proof-failed", f"{what}. Please report it.")

    def _troubles(self, troubles: Sequence[Trouble]) -> dict[str, list[Trouble]]:
        """Messages by the path of the file that they are told with: their own, or the first of the tree."""
        paths = {one.name: one.path for one in self.tree.files.values()}
        first = next(iter(paths.values()))
        found: dict[str, list[Trouble]] = defaultdict(list)
        for one in dict.fromkeys(troubles):
            found[paths.get(one.file, first)].append(one)
        return found

    def _patterns(self, found: TreeConversion) -> frozenset[str]:
        """The globs of the user that name a container of the tree."""
        from sidecarify.judge.said import named  # noqa: PLC0415  (see __init__)

        hits = set()
        for view in found.views:
            options, pod = self.options(view.instance.unit.file), view.verdict.context.pod
            for pattern in (*options.helpers, *options.mains, *options.only):
                if any(named((pattern,), pod, one.member.name) for one in view.verdict.containers):
                    hits.add(pattern)
        return frozenset(hits)

    # --- what inspect shows ---

    def inspections(self, found: TreeConversion, *, previews: bool) -> dict[str, Inspection]:
        """What the judge says of the containers that each file defines."""
        told = self._troubles([self._trouble(one) for one in found.problems])
        entries = self._entries(found)
        unfollowed = {
            (one.file, one.refusal.document, one.refusal.path, one.refusal.container): one.refusal
            for one in found.refusals
            if one.refusal.rule == "overlay-not-followed"
        }
        named = self._patterns(found)
        pods_of = _by_file((file, (document, path)) for file, document, path in found.pods)
        entries_of = _by_file((file, containers) for (file, *_), containers in entries.items())
        result = {}
        for file, manifest in self.tree.files.items():
            one = self._looked_at(file, manifest, frozenset(pods_of.get(file, ())), previews=previews)
            own = [
                self._pod(manifest, containers, unfollowed, previews=previews)
                for containers in entries_of.get(file, ())
            ]
            pods = [*zip(one.pods, one.previews or (None,) * len(one.pods), strict=True), *own]
            pods.sort(key=lambda pair: (pair[0]["document"], pair[0]["line"]))
            result[manifest.path] = one._replace(
                pods=tuple(pod for pod, _ in pods),
                previews=tuple(shown for _, shown in pods if shown is not None) if previews else (),
                troubles=(*one.troubles, *told.get(manifest.path, ())),
                named=one.named | named,
            )
        return result

    def with_fixes(self, inspections: dict[str, Inspection], found: TreeConversion) -> dict[str, Inspection]:
        """The inspections, each with the fixes for its file."""
        from sidecarify.fixes import fixes  # noqa: PLC0415  (for one format alone)

        outcomes = self.outcomes(found, ())
        return {
            one.path: inspections[one.path]._replace(
                fixes=tuple(fixes(outcomes[one.path], self.options(file), self.looked.around))
            )
            for file, one in self.tree.files.items()
        }

    def _looked_at(
        self, file: str, manifest: Manifest, pods: frozenset[tuple[int, str]], *, previews: bool
    ) -> Inspection:
        try:
            data = self.sources.data(file)
        except FileError as error:
            return Inspection(manifest, troubles=(Trouble(manifest.name, 1, error.code, error.message),))
        if file in self.graph.own_files if not pods else not self._says_more(file, {document for document, _ in pods}):
            return Inspection(manifest, before=data)
        one = batch.inspect_one(manifest, data, self.options(file), self.looked.around, previews=previews)
        if not pods:
            return one
        shown = one.previews or (None,) * len(one.pods)
        kept = [
            pair for pair in zip(one.pods, shown, strict=True) if (pair[0]["document"], pair[0]["path"]) not in pods
        ]
        return one._replace(
            pods=tuple(pod for pod, _ in kept),
            previews=tuple(preview for _, preview in kept if preview is not None),
            troubles=tuple(trouble for trouble in one.troubles if trouble.error),
        )

    def _entries(self, found: TreeConversion) -> dict[tuple[str, int, str], dict[int, _Entry]]:
        """The containers by the file, document and path where they are defined, then by their place there."""
        from sidecarify.kustomize.resolve import site_of  # noqa: PLC0415  (see __init__)
        from sidecarify.kustomize.tree import key_of  # noqa: PLC0415

        entries: dict[tuple[str, int, str], dict[int, _Entry]] = {}
        for view in found.views:
            for answer in view.verdict.containers:
                site = site_of(view, answer)
                if site is None:
                    continue
                document, path, index = key_of(site)
                known = entries.setdefault((site.unit.file, document, path), {})
                if index not in known or known[index].answer.verdict is None:
                    known[index] = _Entry(view, answer, site)
        return entries

    def _pod(
        self,
        manifest: Manifest,
        containers: dict[int, _Entry],
        unfollowed: Mapping[tuple[str, int, str, str], Refusal],
        *,
        previews: bool,
    ) -> tuple[PodEntry, Preview | None]:
        from sidecarify.kustomize.build import at_path  # noqa: PLC0415  (see __init__)
        from sidecarify.kustomize.tree import key_of  # noqa: PLC0415
        from sidecarify.preview import preview  # noqa: PLC0415
        from sidecarify.report.json import container_entry  # noqa: PLC0415

        ordered = [containers[index] for index in sorted(containers)]
        site = ordered[0].site
        document, path, _ = key_of(site)
        whole = at_path(site.owner.node, site.path.split(".")) if site.how != "operation" else site.node
        listed = []
        for entry in ordered:
            name = entry.answer.member.name
            answer = self._shown(entry.answer, unfollowed.get((site.unit.file, document, path, name)))
            listed.append(container_entry(manifest.name, answer))
            listed[-1]["line"] = self.sources.place(entry.site.node.line).line
        view = ordered[0].view
        pod: PodEntry = {
            "file": manifest.name,
            "document": document,
            "line": self.sources.place((whole or site.node).line).line,
            "apiVersion": site.owner.api_version,
            "kind": site.owner.kind,
            "name": site.owner.name,
            "namespace": site.owner.namespace,
            "path": path,
            "containers": listed,
        }
        return pod, preview(view.verdict, self.options(view.instance.unit.file).consent) if previews else None

    def _shown(self, answer: ContainerVerdict, unfollowed: Refusal | None) -> ContainerVerdict:
        """An answer whose files are called as people call them, with what the judge cannot know."""
        from sidecarify.judge.model import Finding  # noqa: PLC0415  (see __init__)

        findings = [one._replace(file=self._called(one.file)) for one in answer.findings]
        if unfollowed is not None:
            file = self._called(unfollowed.file)
            findings.append(Finding(unfollowed.rule, "refuse", unfollowed.message, "", unfollowed.line, file))
        return answer._replace(
            findings=tuple(findings),
            evidence=tuple(one._replace(file=self._called(one.file)) for one in answer.evidence),
            verdict="refuse" if unfollowed is not None else answer.verdict,
        )


def _by_file(pairs: Iterable[tuple[str, Item]]) -> Mapping[str, Sequence[Item]]:
    """What belongs to each file, in its order."""
    found: dict[str, list[Item]] = {}
    for file, one in pairs:
        found.setdefault(file, []).append(one)
    return found


def _owner(document: int, path: str, owner: KubeObject) -> Owner:
    return Owner(document, path, owner.api_version, owner.kind, owner.name, owner.namespace)
