"""The files of a kustomize tree, read once each, and where a line of any of them stands.

Nodes of several files meet in one tree when a base is merged with its overlays. So that each still knows its own file,
all files share one numbering of lines: a node's line says which file it is of, and `Sources.place` tells.
"""

from __future__ import annotations

import os
import posixpath
from bisect import bisect_right
from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

from sidecarify.files import FileError, read
from sidecarify.yamltext.documents import Document, check_line_breaks, split
from sidecarify.yamltext.scalars import keeps_lines
from sidecarify.yamltext.source import Source, TextError
from sidecarify.yamltext.tree import Node, YamlError, parse

Where = Literal["file", "folder", "missing", "outside"]


class Place(NamedTuple):
    """A line of a file; `file` is relative to the root, `line` counts from 1."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


class Problem(NamedTuple):
    """What is wrong with a kustomization, or what keeps a file from being read."""

    place: Place
    code: str
    message: str


@dataclass(frozen=True, eq=False)
class Unit:
    """A piece of text with one YAML tree: a document of a file, or a patch written inside a scalar of one.

    Offsets of `root` count in `text`; its lines are those of `Sources`, of which `first` is the text's own. `holder` is
    the scalar that holds the text, a node of the unit `outer`; both are None for a document.
    """

    file: str
    document: Document
    text: str
    root: Node
    first: int
    outer: Unit | None = None
    holder: Node | None = None

    @property
    def document_unit(self) -> Unit:
        """The document that the text is part of."""
        return self if self.outer is None else self.outer.document_unit


@dataclass(frozen=True, eq=False)
class TextFile:
    """A file that was read; `first` is what its lines have more than their own number."""

    name: str
    source: Source
    documents: tuple[Document, ...]
    first: int


class Sources:
    """The files below `root`. `changed` holds what stands in some of them instead of what the disk has."""

    def __init__(self, root: Path, changed: Mapping[str, bytes] | None = None) -> None:
        self.root = root.resolve()
        self.changed = changed or {}
        self._files: dict[str, TextFile | Problem] = {}
        self._starts: list[int] = [0]
        self._names: list[str] = [""]
        self._fixed: dict[int, int] = {}
        self._next = 0
        self._units: dict[tuple[str, int], Unit | Problem] = {}
        self._where: dict[str, Where] = {}

    def with_changes(self, changed: Mapping[str, bytes]) -> Sources:
        """The same files, but for those that are `changed`; what has been read of the others is not read again."""
        new = copy(self)
        new.changed = {**self.changed, **changed}
        new._files = {name: file for name, file in self._files.items() if name not in changed}
        new._units = {key: unit for key, unit in self._units.items() if key[0] not in changed}
        new._starts, new._names, new._fixed = [*self._starts], [*self._names], {**self._fixed}
        new._where = {name: where for name, where in self._where.items() if name not in changed}
        return new

    def where(self, name: str) -> Where:
        """What a name relative to the root stands for. Symbolic links are followed, but not out of the root."""
        known = self._where.get(name)
        if known is None:
            known = self._where[name] = self._place_of(name)
        return known

    def _place_of(self, name: str) -> Where:
        if name == ".." or name.startswith(("../", "/")):
            return "outside"
        root = os.fspath(self.root)
        path = os.path.join(root, name)  # noqa: PTH118  (asked of every name in every kustomization)
        try:
            real = os.path.realpath(path)
            if real != root and not real.startswith(os.path.join(root, "")):  # noqa: PTH118
                return "outside"
            if os.path.isdir(real):  # noqa: PTH112
                return "folder"
            return "file" if name in self.changed or os.path.isfile(real) else "missing"  # noqa: PTH113
        except (OSError, ValueError):
            return "missing"

    def real(self, name: str) -> str:
        """The name of what a name within the root leads to, without symbolic links on its way."""
        path = os.path.realpath(os.path.join(self.root, name))  # noqa: PTH118
        real = os.path.relpath(path, self.root).replace(os.sep, "/")
        return "" if real == "." else real

    def read(self, name: str) -> TextFile | Problem:
        """The text of a file, or what keeps it from being read."""
        known = self._files.get(name)
        if known is None:
            known = self._files[name] = self._read(name)
        return known

    def data(self, name: str) -> bytes:
        """The bytes of a file. Raises FileError."""
        return self.changed[name] if name in self.changed else read(os.path.join(self.root, name))  # noqa: PTH118

    def _read(self, name: str) -> TextFile | Problem:
        try:
            source = Source.decode(self.data(name))
        except FileError as error:
            return Problem(Place(name, 1), error.code, error.message)
        except TextError as error:
            return Problem(Place(name, error.line), error.code, error.message)
        first = self._numbered(name, source.text)
        return TextFile(name, source, tuple(split(source.text)), first)

    def _numbered(self, name: str, text: str) -> int:
        """What the lines of a text have more than their own number, in the numbering of all."""
        first = self._next
        self._next += text.count("\n") + 2
        self._starts.append(first)
        self._names.append(name)
        return first

    def place(self, line: int) -> Place:
        """The file and its own line for a line number of a node."""
        index = bisect_right(self._starts, line - 1) - 1
        return Place(self._names[index], self._fixed.get(index, line - self._starts[index]))

    def units(self, file: TextFile) -> list[Unit | Problem]:
        """The documents of a file with their trees; an empty document is none."""
        found = (self.unit(file, document) for document in file.documents)
        return [unit for unit in found if isinstance(unit, Problem) or unit is not None]

    def unit(self, file: TextFile, document: Document) -> Unit | Problem | None:
        """A document with its tree, what keeps it from being read, or None if it is empty."""
        key = (file.name, document.index)
        known = self._units.get(key)
        if known is not None:
            return known
        text = file.source.text[document.start : document.end]
        result: Unit | Problem
        try:
            check_line_breaks(file.source.text, document)
            first = file.first + document.line
            root = parse(text, line=first)
            if root is None:
                return None
            result = Unit(file.name, document, text, root, first)
        except TextError as error:
            result = Problem(Place(file.name, error.line), error.code, error.message)
        except YamlError as error:
            result = Problem(Place(file.name, error.line - file.first), error.code, error.message)
        self._units[key] = result
        return result

    def inline(self, outer: Unit, scalar: Node) -> list[Unit] | Problem:
        """The documents of a patch that is written inside a scalar; what keeps it from being read."""
        if keeps_lines(outer.text, scalar):
            first = scalar.line + 1 if scalar.style in ("|", ">") else scalar.line
        else:
            there = self.place(scalar.line)
            first = self._numbered(there.file, scalar.value) + 1
            self._fixed[len(self._starts) - 1] = there.line
        found = []
        for document in split(scalar.value):
            try:
                text = scalar.value[document.start : document.end]
                root = parse(text, line=first + document.line - 1)
            except YamlError as error:
                place = self.place(error.line)
                return Problem(place, error.code, f"the patch is not readable: {error.message}")
            if root is not None:
                found.append(Unit(outer.file, document, text, root, first + document.line - 1, outer, scalar))
        return found


def joined(folder: str, name: str) -> str:
    """The path of `name` as seen from `folder`, relative to the root; it begins with `..` if it leads out of it."""
    path = posixpath.normpath(posixpath.join(folder, name))
    return "" if path == "." else path
