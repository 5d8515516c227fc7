"""Generated manifests: a pod spec, a layout for its text, and which containers move.

A manifest is put together from lines whose owner is known, so that the bytes to come out are known as well, by cutting
and pasting lines (`Pod.converted`) without reading any YAML. What a line means is decided nowhere here: whether the
result is the right object, or none can be written, is for the tests to ask of a YAML reader.

Everything is drawn from one `random.Random`: hypothesis hands in one that shrinks, the long run one with a seed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import count, product
from random import Random
from typing import Any

from sidecarify.yamltext.lists import Placement

Lines = list[str]

_WORDS = (
    "tail",
    "-F",
    "--config=/etc/log.yaml",
    "http://collector:3100",
    "5m",
    "0755",
    "on",
    "1e3",
    "22:30",
    "~",
    "a#b",
)
_QUOTED = (
    "",
    "# no comment",
    "- name: web",
    "containers:",
    "it's",
    'say \\"hi\\"',
    "C:\\\\logs",
    "🙂 ünï",
    "{{ .x }}",
    "a: b",
)
_SCRIPT = (
    "while true; do",
    "  sleep 10",
    "done",
    "# not a comment",
    "- name: log",
    "containers:",
    "initContainers: []",
    "tab\there",
)
_KEPT = "kept line"
_KEYS = ("nodeSelector", "dnsPolicy", "serviceAccountName", "hostNetwork", "volumes", "tolerations")


@dataclass
class Item:
    """One container: comment lines above, its own lines without and with `restartPolicy`, lines below that are its own.

    Columns count from the dash.
    """

    name: str
    above: Lines
    plain: Lines
    native: Lines
    below: Lines
    open_ended: bool = False


@dataclass
class Gap:
    """What stands between two items: lines that stay, then blank lines."""

    staying: Lines = field(default_factory=list)
    blanks: Lines = field(default_factory=list)

    @property
    def lines(self) -> Lines:
        return [*self.staying, *self.blanks]


@dataclass
class Inits:
    """The `initContainers` that a pod has already: a list (`dash` is its column), or an empty value.

    `head` are the lines up to the end of the last item, `filled` the lines that replace it once items follow.
    """

    head: Lines
    filled: Lines
    dash: int | None
    trailing: Lines


@dataclass
class Pod:
    """A pod spec: `key` is the column of its keys, `dash` that of the dashes in `containers`."""

    key: int
    dash: int
    quote: str
    top: Lines
    key_above: Lines
    key_line: str
    under_key: Lines
    items: list[Item]
    gaps: list[Gap]
    between: Lines
    bottom: Lines
    inits: Inits | None
    inits_first: bool
    moved: tuple[int, ...]

    @property
    def helpers(self) -> frozenset[str]:
        """The names of the containers that move."""
        return frozenset(self.items[index].name for index in self.moved)

    def lines(self) -> Lines:
        """The lines as they are."""
        body = [self.key_line, *self.under_key]
        for item, gap in zip(self.items, self.gaps, strict=True):
            body += [*self._item(item, native=False), *gap.lines]
        own = [*self.key_above, *body]
        inits = [*self.inits.head, *self.inits.trailing] if self.inits else []
        return self._assembled(inits, own)

    def converted(self, placement: Placement, *, above: bool = True) -> Lines:
        """The lines after the move; a new list stands above `containers`, or below it if not `above`."""
        if self.inits is None and placement == "auto":
            if self.moved == tuple(range(len(self.items) - len(self.moved), len(self.items))):
                return self._assembled([], self._tail())
            if self.moved == tuple(range(len(self.moved))):
                return self._assembled([], self._head())
        stay, pieces = self._taken_out()
        if self.inits is None:
            first, rest = pieces[0], pieces[1:]
            new = [self._new_key(), *first[1], *(line for blanks, body in rest for line in (*blanks, *body))]
            own = [*self.key_above, *stay]
            if above:
                return self._assembled([], [*new, *first[0], *own])
            tail = len(own) - len(self.gaps[-1].lines)
            return self._assembled([], [*own[:tail], *first[0], *new, *own[tail:]])
        if self.inits.dash is None:
            first, rest = pieces[0], pieces[1:]
            new = [*first[1], *(line for blanks, body in rest for line in (*blanks, *body)), *first[0]]
        else:
            delta = self.inits.dash - self.dash
            new = [line for blanks, body in pieces for line in (*blanks, *shifted(body, delta))]
        return self._assembled([*self.inits.filled, *new, *self.inits.trailing], [*self.key_above, *stay])

    def _assembled(self, inits: Lines, own: Lines) -> Lines:
        if self.inits_first:
            return [*self.top, *inits, *self.between, *own, *self.bottom]
        return [*self.top, *own, *self.between, *inits, *self.bottom]

    def _new_key(self) -> str:
        return f"{' ' * self.key}{self.quote}initContainers{self.quote}:"

    def _item(self, item: Item, *, native: bool) -> Lines:
        return [*item.above, *shifted(item.native if native else item.plain, self.dash), *item.below]

    def _tail(self) -> Lines:
        lines = [*self.key_above, self.key_line, *self.under_key]
        for index, (item, gap) in enumerate(zip(self.items, self.gaps, strict=True)):
            if index == self.moved[0]:
                lines.append(self._new_key())
            lines += [*self._item(item, native=index in self.moved), *gap.lines]
        return lines

    def _head(self) -> Lines:
        lines = [self._new_key(), *self.under_key]
        for index, (item, gap) in enumerate(zip(self.items, self.gaps, strict=True)):
            if index == len(self.moved):
                lines += [*self.key_above, self.key_line]
            lines += [*self._item(item, native=index in self.moved), *gap.lines]
        return lines

    def _taken_out(self) -> tuple[Lines, list[tuple[Lines, Lines]]]:
        """What is left of `containers`, and the moved items with the blank lines that go with them.

        An item takes the blank lines above it along; those at the head of the list the ones below them.
        """
        head = next(index for index in range(len(self.items)) if index not in self.moved)
        stay = [self.key_line, *self.under_key]
        taken: dict[int, Lines] = {}
        for index, (item, gap) in enumerate(zip(self.items, self.gaps, strict=True)):
            if index not in self.moved:
                stay += self._item(item, native=False)
            if index + 1 == head and not gap.staying:
                taken[0] = gap.blanks
            elif index + 1 in self.moved:
                taken[index + 1] = gap.blanks
                stay += gap.staying
            else:
                stay += gap.lines
        return stay, [(taken.get(index, []), self._item(self.items[index], native=True)) for index in self.moved]


@dataclass
class FlowStyle:
    """How flow collections are written: `indent` columns a level, or all in one line if None."""

    indent: int | None
    quote: str
    colon: str
    comma: str
    pad: str

    def written(self, value: Any, depth: int) -> str:
        """A value in this style; a str is a scalar as it stands."""
        if isinstance(value, str):
            return value
        if isinstance(value, dict):
            parts = [
                f"{self.quote}{key}{self.quote}{self.colon}{self.written(one, depth + 1)}" for key, one in value.items()
            ]
            return "{" + self._joined(parts, depth) + "}"
        if all(isinstance(one, str) for one in value):
            return "[" + self.comma.join(value) + "]"
        return "[" + self._joined([self.written(one, depth + 1) for one in value], depth) + "]"

    def _joined(self, parts: Lines, depth: int) -> str:
        if self.indent is None:
            return self.pad + self.comma.join(parts) + self.pad
        blanks = "\n" + " " * (self.indent * depth)
        return blanks + " " * self.indent + ("," + blanks + " " * self.indent).join(parts) + blanks


@dataclass
class FlowPod:
    """A pod whose lists are flow lists: a whole document (`key` is None), or two keys of a block pod spec."""

    style: FlowStyle
    key: int | None
    spec: dict[str, Any]
    moved: tuple[int, ...]

    @property
    def helpers(self) -> frozenset[str]:
        """The names of the containers that move."""
        return frozenset(self.spec["containers"][index]["name"].strip('"') for index in self.moved)

    def lines(self) -> Lines:
        """The lines as they are."""
        return self._lines(self.spec)

    def converted(self, placement: Placement, *, above: bool = True) -> Lines:
        """The lines after the move; there is but one way to write it."""
        del placement, above
        containers = self.spec["containers"]
        inits = self.spec.get("initContainers")
        native = [self._native(containers[index]) for index in self.moved]
        new = [*(inits if isinstance(inits, list) else []), *native]
        stay = [one for index, one in enumerate(containers) if index not in self.moved]
        spec: dict[str, Any] = {}
        for key, value in self.spec.items():
            if key == "containers" and "initContainers" not in self.spec:
                spec["initContainers"] = new
            spec[key] = {"containers": stay, "initContainers": new}.get(key, value)
        return self._lines(spec)

    def _native(self, container: dict[str, Any]) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key, value in container.items():
            result[key] = value
            if key == ("image" if "image" in container else "name"):
                result["restartPolicy"] = f"{self.style.quote}Always{self.style.quote}"
        return result

    def _lines(self, spec: dict[str, Any]) -> Lines:
        if self.key is None:
            quote = self.style.quote
            head = {"apiVersion": "v1", "kind": "Pod"}
            whole = {key: f"{quote}{value}{quote}" for key, value in head.items()} | {"spec": spec}
            return self.style.written(whole, 0).split("\n")
        lines: Lines = []
        for key, value in spec.items():
            text = self.style.written(value, 0)
            lines += shifted(f"{key}: {text}".split("\n"), self.key)
        return lines


@dataclass
class Manifest:
    """A generated manifest: its text, and the names of the containers that move.

    `results(placement, left)` are the texts that may come out, the preferred first, if the containers `left` and those
    that move with them are left alone.
    """

    text: str
    helpers: tuple[str, ...]
    results: Callable[[Placement, frozenset[str]], Sequence[str]]


def shifted(lines: Lines, delta: int) -> Lines:
    """Whole lines moved by `delta` columns; empty ones stay empty."""
    if delta >= 0:
        return [" " * delta + line if line else line for line in lines]
    return [line[min(len(line) - len(line.lstrip(" ")), -delta) :] for line in lines]


def manifest(random: Random) -> Manifest:
    """One manifest, drawn from `random`."""
    return _Writer(random).manifest()


class _Writer:
    """Draws the parts of one manifest; `style` choices are made once for the whole of it."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.numbers = count(1)
        self.quote = self.pick("", "", "", "", '"', "'")
        self.noise = random.choice((0.0, 0.1, 0.3))
        self.anchors: list[str] = []
        self.helpers: list[str] = []

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def pick(self, *choices: str) -> str:
        return self.random.choice(choices)

    # --- the whole ---------------------------------------------------------------------------------------------

    def manifest(self) -> Manifest:
        parts: list[Lines | Pod | FlowPod] = []
        if self.chance(0.15):
            parts.append(["---" + self.pick("", " # text", "  ")])
        elif self.chance(0.05):
            parts.append(["%YAML 1.1", "---"])
        for number in range(self.random.choice((1, 1, 1, 2, 3))):
            if number:
                marks = (["---"], ["---"], ["---", "# nothing", "---"], ["...", "---"])
                parts.append(self.random.choice(marks if not isinstance(parts[-1], list) else marks[:3]))
            parts += self.document()
        if self.chance(0.08):
            last = parts[-1]
            ends: tuple[Lines, ...] = (["---"], ["..."], ["...", "# the end"], ["", ""])
            if isinstance(last, list):
                ends = (["---"], ["", ""])
            elif _open_ended(last.lines()):
                ends = ends[:3]
            parts.append(self.random.choice(ends))
        before = [line for part in parts for line in (part if isinstance(part, list) else part.lines())]
        crlf, bom, cut = self.chance(0.1), self.chance(0.05), self.chance(0.15) and bool(before[-1].strip())

        def text(lines: Lines) -> str:
            whole = "\n".join(lines) + "\n"
            whole = whole[:-1] if cut else whole
            return ("\ufeff" if bom else "") + (whole.replace("\n", "\r\n") if crlf else whole)

        pods = [part for part in parts if not isinstance(part, list)]

        def results(placement: Placement, left: frozenset[str]) -> Sequence[str]:
            moving = [pod for pod in pods if not left & pod.helpers]
            texts = []
            for choice in product((True, False), repeat=len(moving)):
                above = {id(pod): place for pod, place in zip(moving, choice, strict=True)}
                lines: Lines = []
                for part in parts:
                    if isinstance(part, list):
                        lines += part
                    elif id(part) in above:
                        lines += part.converted(placement, above=above[id(part)])
                    else:
                        lines += part.lines()
                texts.append(text(lines))
            return list(dict.fromkeys(texts))

        return Manifest(text(before), tuple(self.helpers), results)

    def document(self) -> list[Lines | Pod | FlowPod]:
        kind = self.pick("Pod", "Pod", "Deployment", "Deployment", "CronJob", "List", "ConfigMap", "empty", "flow")
        if kind == "empty":
            return [["# nothing here"] if self.chance(0.5) else [""]]
        if kind == "ConfigMap":
            return [
                ["apiVersion: v1", "kind: ConfigMap", "data:", "  pod: |", "    containers:", "    - name: log", ""]
            ]
        if kind == "flow":
            return self.flow_document()
        self.anchors = []
        head: Lines = self.comments(0) if self.chance(self.noise) else []
        if kind == "List":
            dash = self.random.choice((0, 2))
            parts: list[Lines | Pod | FlowPod] = [[*head, "apiVersion: v1", "kind: List", "items:"]]
            for _ in range(self.random.choice((1, 2))):
                parts += self.workload(self.pick("Pod", "Deployment"), dash + 2, f"{' ' * dash}- ")
            return parts
        parts = [head] if head else []
        return parts + self.workload(kind, 0, "")

    def workload(self, kind: str, column: int, lead: str) -> list[Lines | Pod | FlowPod]:
        group = {"Pod": "v1", "Deployment": "apps/v1", "CronJob": "batch/v1"}[kind]
        steps = {
            "Pod": ["spec"],
            "Deployment": ["spec", "template", "spec"],
            "CronJob": ["spec", "jobTemplate", "spec", "template", "spec"],
        }[kind]
        blanks = " " * column
        lines = [
            f"{lead or blanks}apiVersion: {group}",
            f"{blanks}kind: {kind}",
            f"{blanks}metadata:",
            f"{blanks}  name: shop",
        ]
        width = self.random.choice((2, 2, 2, 4, 1, 3))
        for step in steps:
            lines.append(f"{' ' * column}{step}:" + (f"  {self.comment()}" if self.chance(self.noise / 3) else ""))
            column += width
        return [lines, self.pod(column)]

    def flow_document(self) -> list[Lines | Pod | FlowPod]:
        """A JSON document, or a pod spec with flow lists."""
        shape = self.pick("pretty", "pretty", "compact", "line", "keys", "keys over lines")
        json = shape in ("pretty", "compact") or self.chance(0.2)
        quote = '"' if json else ""
        over_lines = shape in ("pretty", "keys over lines")
        tight = shape == "compact"
        style = FlowStyle(
            self.random.choice((2, 4)) if over_lines else None,
            quote,
            ":" if tight else ": ",
            "," if tight else ", ",
            "" if tight or self.chance(0.7) else " ",
        )
        containers: list[Any] = [self.flow_container(quote) for _ in range(self.random.choice((2, 2, 3, 4)))]
        size = len(containers)
        moved = tuple(sorted(self.random.sample(range(size), self.random.randrange(1, size))))
        for index, container in enumerate(containers):
            name = f"{'log' if index in moved else 'web'}-{next(self.numbers)}"
            container["name"] = f"{quote}{name}{quote}"
            if index in moved:
                self.helpers.append(name)
        entries: list[tuple[str, Any]] = [("containers", containers)]
        if self.chance(0.5):
            inits: Any = [self.flow_container(quote) for _ in range(self.random.choice((1, 2)))]
            entries.append(("initContainers", inits if self.chance(0.6) else self.random.choice(([], "null"))))
        if self.chance(0.5):
            entries.append(("dnsPolicy", f"{quote}ClusterFirst{quote}"))
        self.random.shuffle(entries)
        if shape.startswith("keys"):
            head = ["apiVersion: v1", "kind: Pod", "metadata: {name: shop}", "spec:"]
            return [head, FlowPod(style, 2, dict(entries), moved)]
        return [FlowPod(style, None, dict(entries), moved)]

    def flow_container(self, quote: str) -> dict[str, Any]:
        container: dict[str, Any] = {"name": f"{quote}container-{next(self.numbers)}{quote}"}
        if self.chance(0.9):
            container["image"] = f"{quote}{self.pick('nginx:1.27', 'busybox:1.36')}{quote}"
        if self.chance(0.5):
            container["args"] = ['"}"', '"# no comment"', '"],"']
        if self.chance(0.3):
            container["resources"] = {"limits": {"memory": f"{quote}32Mi{quote}"}}
        order = list(container)
        if self.chance(0.3):
            self.random.shuffle(order)
        return {key: container[key] for key in order}

    # --- a pod spec --------------------------------------------------------------------------------------------

    def pod(self, key: int) -> Pod:
        dash = key + self.random.choice((0, 0, 2, 2, 4, 1))
        inits_first = self.chance(0.6)
        has_inits = self.chance(0.55)
        inits = self.inits(key) if has_inits and inits_first else None
        items = [self.item(dash) for _ in range(self.random.choice((2, 2, 2, 3, 3, 4, 5)))]
        if has_inits and not inits_first:
            inits = self.inits(key)
        gaps = [self.gap(item, dash, key) for item in items]
        gaps[-1] = self.last_gap(items[-1], key)
        keys = list(_KEYS)
        self.random.shuffle(keys)
        splits = sorted(self.random.randrange(len(keys) + 1) for _ in range(3))
        top = self.other_keys(keys[: splits[0]], key)
        between = self.other_keys(keys[splits[0] : splits[1]], key)
        bottom = self.other_keys(keys[splits[1] : splits[2]], key)
        moved = self.chosen(items)
        key_line = f"{' ' * key}{self.quote}containers{self.quote}:"
        if self.chance(self.noise):
            key_line += f"  {self.comment()}"
        above_is_blank = bool(top) and self.chance(self.noise)
        return Pod(
            key,
            dash,
            self.quote,
            [*top, ""] if above_is_blank else top,
            self.comments(key) if self.chance(self.noise) else [],
            key_line,
            [""] if self.chance(self.noise / 4) else [],
            items,
            gaps,
            between,
            bottom,
            inits,
            inits_first,
            moved,
        )

    def chosen(self, items: list[Item]) -> tuple[int, ...]:
        size = len(items)
        shape = self.pick("tail", "tail", "head", "one", "any")
        if shape == "tail":
            first = self.random.randrange(1, size)
            moved = tuple(range(first, size))
        elif shape == "head":
            moved = tuple(range(self.random.randrange(1, size)))
        elif shape == "one":
            moved = (self.random.randrange(size),)
        else:
            moved = tuple(sorted(self.random.sample(range(size), self.random.randrange(1, size))))
        for index, item in enumerate(items):
            old = item.name
            item.name = f"{'log' if index in moved else 'web'}-{next(self.numbers)}"
            item.plain = [line.replace(old, item.name) for line in item.plain]
            item.native = [line.replace(old, item.name) for line in item.native]
            if index in moved:
                self.helpers.append(item.name)
        return moved

    def other_keys(self, keys: list[str], column: int) -> Lines:
        lines: Lines = []
        for key in keys:
            if self.chance(self.noise):
                lines += self.comments(column)
            lines += shifted(self.other_key(key), column)
            if self.chance(self.noise / 2):
                lines.append("")
        return lines

    def other_key(self, key: str) -> Lines:
        name = f"{self.quote}{key}{self.quote}"
        if key == "volumes":
            return self.random.choice(
                ([f"{name}:", "- name: logs", "  emptyDir: {}"], [f"{name}: []"], [f"{name}:", "  - name: logs"])
            )
        if key == "nodeSelector":
            return [f"{name}:", "  disk: ssd", "  # zone: a"]
        if key == "tolerations":
            return [f"{name}: [", "  {key: a}", "]"] if self.chance(0.5) else [f"{name}: [{{key: a}}]"]
        return [f"{name}: {self.pick('true', 'shop', 'ClusterFirst')}"]

    def inits(self, key: int) -> Inits:
        name = f"{' ' * key}{self.quote}initContainers{self.quote}:"
        remark = f"  {self.comment()}" if self.chance(self.noise) else ""
        remarks = self.comments(key) if self.chance(self.noise / 2) else []
        blanks = self.blanks(0.5) if self.chance(self.noise) else []
        if self.chance(0.3):
            word = self.pick("", "", "[]", "null", "~", "[ ]")
            head = f"{name} {word}{remark}" if word else f"{name}{remark}"
            return Inits([head], [f"{name}{remark}"], None, [*blanks, *remarks])
        dash = key + self.random.choice((0, 0, 2, 2, 4))
        lines = [name + remark]
        items = [self.item(dash) for _ in range(self.random.choice((1, 1, 2)))]
        for number, item in enumerate(items):
            if number:
                lines += self.blanks(self.noise) if not items[number - 1].open_ended else []
            lines += [*item.above, *shifted(item.plain, dash), *item.below]
        return Inits(lines, lines, dash, remarks if items[-1].open_ended else [*blanks, *remarks])

    # --- comments and blank lines ------------------------------------------------------------------------------

    def comment(self) -> str:
        return f"# {self.pick('note', 'image: none', '- name: x', 'TODO(shop):')} {next(self.numbers)}"

    def comments(self, column: int) -> Lines:
        return [f"{' ' * column}{self.comment()}" for _ in range(self.random.choice((1, 1, 2)))]

    def blanks(self, share: float) -> Lines:
        return [""] * self.random.choice((1, 1, 2)) if self.chance(share) else []

    def gap(self, item: Item, dash: int, key: int) -> Gap:
        blanks = [] if item.open_ended else self.blanks(self.noise * 2)
        if self.chance(self.noise / 3):
            first = [*blanks, *self.comments(self.random.choice((0, key, dash)))]
            return Gap(first, self.blanks(1.0))
        return Gap([], blanks)

    def last_gap(self, item: Item, key: int) -> Gap:
        staying = [] if item.open_ended else self.blanks(self.noise)
        if self.chance(self.noise / 2):
            staying = [*staying, *self.comments(self.random.choice((0, key)))]
        return Gap(staying, [])

    # --- a container -------------------------------------------------------------------------------------------

    def item(self, dash: int) -> Item:
        name = f"container-{next(self.numbers)}"
        above: Lines = []
        if self.chance(self.noise):
            above = self.comments(self.random.choice((dash, dash, dash, 0)))
        if self.chance(0.08):
            plain, native = self.flow_item(name)
            return Item(name, above, plain, native, self.below(dash))
        fields = self.fields(name)
        column, first = self.dash()
        plain, native = list(first), list(first)
        policy = f"{self.quote}restartPolicy{self.quote}: Always"
        behind = "image" if "image" in fields else "name"
        has_policy = self.chance(0.03)
        for number, (key, lines) in enumerate(fields.items()):
            inner = [self.comment()] if number and self.chance(self.noise / 2) else []
            inner += [""] if number and self.chance(self.noise / 4) and not _open_ended(plain) else []
            plain += shifted([*inner, *lines], column)
            native += shifted([*inner, *lines], column)
            if key == behind:
                native.append(" " * column + policy)
                if has_policy:
                    plain.append(" " * column + policy)
        if not first:
            for target in (plain, native):
                target[0] = "-" + target[0][1:]
        open_ended = _open_ended(plain)
        below = [] if open_ended else self.below(dash)
        return Item(name, above, plain, native, below, open_ended)

    def dash(self) -> tuple[int, Lines]:
        """The column of the keys, counted from the dash, and the dash's own line if it has one."""
        shape = self.pick("- ", "- ", "- ", "- ", "-   ", "-", "- #", "- &")
        if shape == "-":
            return self.random.choice((2, 4)), ["-"]
        if shape == "- #":
            return 2, [f"- {self.comment()}"]
        if shape == "- &":
            return 2, [f"- &item{next(self.numbers)}"]
        return len(shape), []

    def below(self, dash: int) -> Lines:
        """Fields commented out below the item."""
        if not self.chance(self.noise / 2):
            return []
        return [*self.blanks(0.3), *shifted(self.comments(self.random.choice((1, 2))), dash)]

    def fields(self, name: str) -> dict[str, Lines]:
        fields = {"name": self.plain_pair("name", name)}
        if self.chance(0.95):
            fields["image"] = self.image()
        others: list[tuple[str, Callable[[], Lines]]] = [
            ("args", lambda: self.texts("args")),
            ("command", lambda: self.texts("command")),
            ("env", self.env),
            ("resources", self.resources),
            ("volumeMounts", self.mounts),
            ("livenessProbe", self.probe),
            ("workingDir", lambda: self.pair("workingDir", self.scalar(0))),
        ]
        for key, draw in self.random.sample(others, self.random.choice((0, 1, 1, 2, 3))):
            fields[key] = draw()
        order = list(fields)
        if self.chance(0.3):
            self.random.shuffle(order)
        return {key: fields[key] for key in order}

    def key(self, name: str) -> str:
        return f"{self.quote}{name}{self.quote}:"

    def remark(self) -> str:
        return f"  {self.comment()}" if self.chance(self.noise / 2) else ""

    def plain_pair(self, key: str, value: str) -> Lines:
        quote = self.pick("", "", "", '"', "'")
        return [f"{self.key(key)}{self.pick(' ', ' ', ' ', '   ')}{quote}{value}{quote}{self.remark()}"]

    def pair(self, key: str, value: Lines) -> Lines:
        """A pair whose value may go on in further lines (deeper than the key)."""
        return [f"{self.key(key)} {value[0]}", *value[1:]]

    def image(self) -> Lines:
        shape = self.pick("plain", "plain", "plain", "plain", "folded", "next line", "anchor")
        image = self.pick("nginx:1.27", "busybox:1.36", "registry.example.com:5000/shop/log@sha256:0a1b")
        if shape == "folded":
            return [f"{self.key('image')} {self.pick('>-', '|-', '>')}", f"  {image}"]
        if shape == "next line":
            return [self.key("image"), f"  {image}"]
        if shape == "anchor" and self.chance(0.5):
            return [f"{self.key('image')} &image{next(self.numbers)} {image}{self.remark()}"]
        return self.plain_pair("image", image)

    def scalar(self, column: int) -> Lines:
        """A value: its first line stands behind a key or a dash in `column`, the others are lines of their own."""
        shape = self.pick("plain", "plain", "quoted", "quoted", "block", "block", "lines", "tag")
        if shape == "plain":
            return [self.pick(*_WORDS) + self.remark()]
        if shape == "tag":
            return [f"!!str {self.pick(*_WORDS)}{self.remark()}"]
        if shape == "quoted":
            return [self.quoted() + self.remark()]
        indent = " " * (column + self.random.choice((1, 2, 2, 4)))
        if shape == "lines":
            if self.chance(0.3):
                return ["tail -F", *self.blanks(0.3), f"{indent}/logs/access.log"]
            quote = self.pick('"', "'")
            return [
                f"{quote}one # no comment",
                *self.blanks(0.3),
                f"{indent}- name: two",
                f"{indent}three{quote}{self.remark()}",
            ]
        return self.block_scalar(column)

    def quoted(self) -> str:
        if self.chance(0.5):
            return f'"{self.pick(*_QUOTED)}"'
        return "'" + self.pick(*_QUOTED).replace("\\", "").replace("'", "''") + "'"

    def block_scalar(self, column: int) -> Lines:
        style, chomp = self.pick("|", "|", ">"), self.pick("", "", "", "", "-", "-", "-", "+")
        indent = self.random.choice((1, 2, 2, 4))
        marked = self.chance(0.25)
        lines = [self.pick(*_SCRIPT) for _ in range(self.random.choice((1, 2, 3, 4)))]
        if not marked:
            lines[0] = lines[0].lstrip(" ")
        elif self.chance(0.6):
            lines[0] = "  " + lines[0]
        if len(lines) > 2 and self.chance(0.3):
            lines[1] = self.pick("", "", "   ")
        body = [" " * (column + indent) + line if line else "" for line in lines]
        if self.chance(0.03):
            body.append(" " * (column + indent + 2))
        if chomp == "+":
            body += [" " * (column + indent) + f"{_KEPT} {next(self.numbers)}", *self.blanks(0.6)]
        sign = str(indent) if marked else ""
        header = f"{style}{sign}{chomp}" if self.chance(0.5) else f"{style}{chomp}{sign}"
        return [header + self.remark(), *body]

    def texts(self, key: str) -> Lines:
        if self.chance(0.25):
            parts = [self.pick("tail", "-F", "http://collector:3100/push", '"}"', "'],'", '"a # b"') for _ in range(3)]
            return [f"{self.key(key)} [{', '.join(parts)}]{self.remark()}"]
        dash = self.random.choice((0, 0, 2))
        lines = [self.key(key) + self.remark()]
        for number in range(self.random.choice((1, 2, 3))):
            if number and self.chance(self.noise / 3) and not _open_ended(lines):
                lines += [self.comment()] if self.chance(0.5) else [""]
            first, *rest = self.scalar(dash)
            lines += [f"{' ' * dash}- {first}", *rest]
        return lines

    def env(self) -> Lines:
        lines = [self.key("env")]
        for number in range(self.random.choice((1, 2))):
            if self.chance(0.2):
                lines.append(f"- {{name: V{number}, value: {self.quoted()}}}")
                continue
            first, *rest = self.scalar(2)
            lines += [f"- name: V{number}", f"  value: {first}", *rest]
        return lines

    def resources(self) -> Lines:
        if self.anchors and self.chance(0.25):
            return [f"{self.key('resources')} *{self.pick(*self.anchors)}{self.remark()}"]
        anchor = ""
        if self.chance(0.12):
            name = "small" if self.chance(0.1) else f"small{next(self.numbers)}"
            self.anchors.append(name)
            anchor = f" &{name}"
        shape = self.pick("flow", "block", "empty", "next line")
        if shape == "flow" or (anchor and shape == "empty"):
            return [f"{self.key('resources')}{anchor} {{limits: {{memory: 32Mi}}}}{self.remark()}"]
        if shape == "empty":
            return [self.key("resources") + self.remark()]
        return [f"{self.key('resources')}{anchor}{self.remark()}", "  limits:", "    memory: 32Mi", "  requests: {}"]

    def mounts(self) -> Lines:
        dash = self.random.choice((0, 2))
        lines = (
            ["- name: logs", "  mountPath: /logs"] if self.chance(0.6) else ["-", "  name: logs", "  mountPath: /logs"]
        )
        return [self.key("volumeMounts"), *shifted(lines, dash)]

    def probe(self) -> Lines:
        if self.chance(0.4):
            return [f"{self.key('livenessProbe')} {{httpGet: {{path: /, port: 80}}}}{self.remark()}"]
        return [
            self.key("livenessProbe"),
            "  httpGet:",
            "    path: /healthz",
            "",
            "    port: 2020",
            "    # scheme: HTTPS",
            "  periodSeconds: 5",
        ]

    def flow_item(self, name: str) -> tuple[Lines, Lines]:
        quote = self.quote or ('"' if self.chance(0.2) else "")

        def key(text: str) -> str:
            return f"{quote}{text}{quote}"

        image = self.pick("busybox:1.36", '"nginx:1.27"', "nginx")
        pairs = [f"{key('name')}: {name}", f"{key('image')}: {image}"]
        policy = f"{key('restartPolicy')}: {quote}Always{quote}"
        more = [f"{key('args')}: [tail, '}}', \"]\"]"] if self.chance(0.5) else []
        separator = ",\n    " if self.chance(0.3) else ", "
        opened, closed = self.pick("{", "{ "), self.pick("}", " }")
        tail = self.remark()

        def lines(parts: list[str]) -> Lines:
            return f"- {opened}{separator.join(parts)}{closed}{tail}".split("\n")

        return lines([*pairs, *more]), lines([*pairs, policy, *more])


def _open_ended(lines: Lines) -> bool:
    """Whether the last lines are a block scalar that takes in the blank lines behind it."""
    return next((line for line in reversed(lines) if line.strip()), "").lstrip().startswith(_KEPT)
