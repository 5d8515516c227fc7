"""YAML text to a tree of positioned nodes, from the events of libyaml.

Events, because they give an alias its own place (a composed tree gives it that of its anchor), and because scalars stay
the text that they are: no schema of Python's equals that of Kubernetes, so no value is ever constructed.

The events come through PyYAML's C extension, which carries libyaml 0.2.5. ruamel.yaml.clib (0.2.15) carries 0.1.7,
which rejects `{image: busybox:1.36}`; the pure parsers accept and reject other documents than Kubernetes does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from yaml._yaml import CParser
    from yaml.error import MarkedYAMLError

Kind = Literal["scalar", "map", "seq", "alias"]
MAX_DEPTH = 500
"""Deeper nesting than any schema of Kubernetes asks for; Kubernetes' own decoder stops at 10,000."""


class YamlError(Exception):
    """Text that is not YAML, or YAML that Kubernetes would read differently from us.

    `code` names the case (`parse`, `duplicate-key`, `undefined-alias`, `too-deep`); `line` and `column` count from 1.
    """

    def __init__(self, code: str, message: str, line: int, column: int = 1) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.line = line
        self.column = column


class MissingParserError(Exception):
    """The C parser is not installed. There is no fallback: another parser would read other things."""


class Node:
    """One YAML node and where it stands.

    `start` and `end` are character offsets (`start` includes anchor and tag; for the true end of block nodes see
    `items.content_end`), `line` counts from 1, `column` from 0. `value` is the content of a scalar, before any tag is
    resolved, or the name that an alias uses. `style` is None, `'`, `"`, `|` or `>` for a scalar, `flow` or `block` for
    a collection. `aliased` says that an alias points here.
    """

    __slots__ = (
        "aliased",
        "anchor",
        "column",
        "end",
        "items",
        "kind",
        "line",
        "pairs",
        "start",
        "style",
        "tag",
        "target",
        "value",
    )

    def __init__(
        self,
        kind: Kind,
        start: int,
        end: int,
        line: int,
        column: int,
        tag: str | None = None,
        style: str | None = None,
        value: str = "",
    ) -> None:
        self.kind: Kind = kind
        self.start = start
        self.end = end
        self.line = line
        self.column = column
        self.tag = tag
        self.style = style
        self.value = value
        self.anchor: str | None = None
        self.pairs: Sequence[tuple[Node, Node]] = ()
        self.items: Sequence[Node] = ()
        self.target: Node | None = None
        self.aliased = False

    def __repr__(self) -> str:
        content = self.value if self.kind in ("scalar", "alias") else len(self.pairs or self.items)
        return f"<{self.kind} {content!r} line {self.line}>"

    @property
    def resolved(self) -> Node:
        """The node itself, or the one that an alias stands for."""
        return self if self.target is None else self.target

    def pair(self, key: str) -> tuple[Node, Node] | None:
        """The pair of a mapping whose key is the scalar `key`, aliases and merge keys not followed.

        Raises YamlError (`duplicate-key`) if the key stands twice: Kubernetes takes the last, people read the first.
        """
        found = None
        for pair in self.pairs:
            if pair[0].value == key and pair[0].kind == "scalar":
                if found is not None:
                    raise _stands_twice(found[0], pair[0])
                found = pair
        return found

    def get(self, key: str) -> Node | None:
        """The value of the scalar key `key`, with an alias followed, or None. Raises as `pair` does."""
        pair = self.pair(key)
        return None if pair is None else pair[1].resolved

    def walk(self) -> Iterator[Node]:
        """The node and all below it in the order of the text; aliases are not followed."""
        stack = [self]
        while stack:
            node = stack.pop()
            yield node
            if node.pairs:
                for key, value in reversed(node.pairs):
                    stack += (value, key)
            elif node.items:
                stack += reversed(node.items)

    def mappings(self) -> Iterator[Node]:
        """The mappings among the nodes of `walk` that are not empty, in the same order."""
        stack = [self]
        while stack:
            node = stack.pop()
            if node.pairs:
                yield node
                for key, value in reversed(node.pairs):
                    if value.kind != "scalar":
                        stack.append(value)
                    if key.kind != "scalar":
                        stack.append(key)
            elif node.items:
                stack += reversed(node.items)


def repeated_key(node: Node) -> Node | None:
    """The first key in the tree below a node that stands there for the second time in its mapping, or None.

    The merge key (`<<`) may stand twice; aliases are not followed.
    """
    found = _repeated(node)
    return None if found is None else found[1]


def check_keys(node: Node) -> None:
    """Raise YamlError (`duplicate-key`) if a mapping of the tree below a node has a key twice, as `repeated_key`."""
    found = _repeated(node)
    if found is not None:
        raise _stands_twice(*found)


def _repeated(node: Node) -> tuple[Node, Node] | None:
    for mapping in node.mappings():
        if len({key.value for key, _ in mapping.pairs}) < len(mapping.pairs):
            seen: dict[str, Node] = {}
            for key, _ in mapping.pairs:
                if key.kind == "scalar" and key.value != "<<" and seen.setdefault(key.value, key) is not key:
                    return seen[key.value], key
    return None


def _stands_twice(first: Node, second: Node) -> YamlError:
    return YamlError("duplicate-key", f"key {first.value!r} stands twice (first on line {first.line})", second.line)


def parse(text: str, line: int = 1) -> Node | None:
    """The root node of the one YAML document in `text`, or None if there is none; `line` is the number of its first.

    Raises YamlError for what is not YAML, an alias without an anchor before it, and nesting beyond MAX_DEPTH.
    """
    import yaml  # noqa: PLC0415  (a run whose filter lets nothing pass never needs the parser)

    CParser = _c_parser()  # noqa: N806
    try:
        return _compose(CParser(text), line)
    except yaml.MarkedYAMLError as error:
        raise _parse_error(error, line) from None
    except yaml.reader.ReaderError as error:
        at = line + text.count("\n", 0, error.position)
        raise YamlError("parse", f"not YAML: {error.reason} (U+{error.character:04X})", at) from None
    except yaml.YAMLError as error:
        raise YamlError("parse", f"not YAML: {' '.join(str(error).split())}", line) from None


def is_sound(data: bytes) -> bool:
    """Whether the bytes are YAML to libyaml: its grammar alone, read in a tenth of the time of `parse`.

    An alias without its anchor is sound here, and so is a key that stands twice.
    """
    import yaml  # noqa: PLC0415  (as in parse)

    try:
        _c_parser()(data).raw_parse()
    except yaml.YAMLError:
        return False
    return True


def _c_parser() -> type[CParser]:
    try:
        from yaml._yaml import CParser  # noqa: PLC0415
    except ImportError as error:
        what = (
            "PyYAML is installed without its C extension (libyaml), whose parser Kubernetes' own follows; reinstall it"
        )
        raise MissingParserError(what) from error
    return CParser


def _parse_error(error: MarkedYAMLError, line: int) -> YamlError:
    mark = error.problem_mark or error.context_mark
    problem = " ".join(part for part in (error.problem, error.context and f"({error.context})") if part)
    if mark is None:
        return YamlError("parse", f"not YAML: {problem}", line)
    return YamlError("parse", f"not YAML: {problem}", line + mark.line, mark.column + 1)


def _compose(parser: CParser, first: int) -> Node | None:  # noqa: PLR0915  (a call an event is dear)
    import yaml  # noqa: PLC0415  (as in parse)

    events = yaml.events
    # The stubs know of the base class of events only, and narrowing by `isinstance` costs a call an event.
    get_event: Callable[[], Any] = parser.get_event
    scalar, alias = events.ScalarEvent, events.AliasEvent
    map_start, seq_start = events.MappingStartEvent, events.SequenceStartEvent
    map_end, seq_end = events.MappingEndEvent, events.SequenceEndEvent

    roots: list[Node] = []
    anchors: dict[str, Node] = {}
    # The collection that is open: its pairs with the key that waits for its value, or else its items.
    parent: Node | None = None
    key: Node | None = None
    pairs: list[tuple[Node, Node]] | None = None
    items = roots
    stack: list[tuple[Node | None, Node | None, list[tuple[Node, Node]] | None, list[Node]]] = []
    while (event := get_event()) is not None:
        kind = type(event)
        if kind is scalar:
            mark = event.start_mark
            node = Node(
                "scalar",
                mark.index,
                event.end_mark.index,
                mark.line + first,
                mark.column,
                event.tag,
                event.style or None,
                event.value,
            )
        elif kind is map_end or kind is seq_end:
            if parent is not None:
                parent.end = event.end_mark.index
            parent, key, pairs, items = stack.pop()
            continue
        elif kind is map_start or kind is seq_start:
            mark = event.start_mark
            name: Kind = "map" if kind is map_start else "seq"
            style = "flow" if event.flow_style else "block"
            node = Node(name, mark.index, mark.index, mark.line + first, mark.column, event.tag, style)
        elif kind is alias:
            mark = event.start_mark
            node = Node("alias", mark.index, event.end_mark.index, mark.line + first, mark.column, value=event.anchor)
            node.target = anchors.get(event.anchor)
            if node.target is None:
                raise YamlError(
                    "undefined-alias", f"alias *{event.anchor} has no anchor before it", node.line, node.column + 1
                )
            node.target.aliased = True
        elif kind is events.DocumentStartEvent and roots:
            raise YamlError("parse", "not YAML: a second document without a `---` line", event.start_mark.line + first)
        else:
            continue

        if kind is not alias and event.anchor is not None:
            node.anchor = event.anchor
            anchors[event.anchor] = node
        if pairs is None:
            items.append(node)
        elif key is None:
            key = node
        else:
            pairs.append((key, node))
            key = None
        if kind is map_start or kind is seq_start:
            if len(stack) >= MAX_DEPTH:
                raise YamlError("too-deep", f"nested deeper than {MAX_DEPTH} levels", node.line, node.column + 1)
            stack.append((parent, key, pairs, items))
            parent, key = node, None
            if kind is map_start:
                node.pairs = pairs = []
            else:
                node.items = items = []
                pairs = None
    return roots[0] if roots else None
