"""Documents with pods, written in every way that YAML knows, and the count of their containers by another reader."""

from __future__ import annotations

import json
from collections.abc import Iterator
from random import Random
from typing import Any

import yaml

NAMES = ["web", "log", "it's", "a b", "x: y", "- dash", "[b", "{c", "]", "é", "#no", "don't", 'say "so"', "---", "..."]
TEXTS = [*NAMES, "line one\nline two\n", "tail -F /log | grep 'x'\ndone\n", "containers:\n- name: a\n- name: b\n", ""]
CALM_TEXTS = ["web", "log", "registry.example/web:1.2", "a b", "--level=info", "/var/log", "8080", "true"]
KEYS = ["name", "image", "args", "command", "env", "volumeMounts", "workingDir", "resources", "containersX", "x-y"]


def texts(count: int, seed: int) -> Iterator[str]:
    """So many manifests of one or a few documents."""
    drawn = Random(seed)
    for _ in range(count):
        writer = _Writer(drawn)
        whole = "---\n".join(writer.document() for _ in range(drawn.choice([1, 1, 1, 2])))
        yield whole.replace("\n", "\r\n") if drawn.random() < 0.1 else whole


def holds_several(text: str) -> bool:
    """Whether a mapping of the manifest has a list `containers` with several mappings, as PyYAML reads it.

    Raises yaml.YAMLError for what is not YAML.
    """
    found = False
    for root in yaml.compose_all(text, yaml.CSafeLoader):
        stack, seen = [root], set()
        while stack:
            node = stack.pop()
            if id(node) in seen or node is None:
                continue
            seen.add(id(node))
            if isinstance(node, yaml.SequenceNode):
                stack += node.value
            elif isinstance(node, yaml.MappingNode):
                for key, value in node.value:
                    stack += (key, value)
                    if isinstance(key, yaml.ScalarNode) and key.value == "containers":
                        found |= _maps(value) > 1
    return found


def _maps(node: yaml.Node) -> int:
    return sum(isinstance(one, yaml.MappingNode) for one in node.value) if isinstance(node, yaml.SequenceNode) else 0


class _Writer:
    """Writes one manifest; every choice is drawn. Half of them are calm: as people write them."""

    def __init__(self, drawn: Random) -> None:
        self.drawn = drawn
        self.calm = drawn.random() < 0.5
        self.anchors: list[str] = []

    def document(self) -> str:
        self.anchors = []
        data = self._object()
        if self.drawn.random() < 0.12:
            return self._json(data) + "\n"
        if self.drawn.random() < 0.1:
            style = self.drawn.choice([None, False, True])
            return str(yaml.safe_dump(data, default_flow_style=style, width=self.drawn.choice([20, 60, 200])))
        return self._map(data, 0)

    def _object(self) -> dict[str, Any]:
        pod: dict[str, Any] = {"containers": [self._container() for _ in range(self.drawn.choice([0, 1, 1, 1, 2, 3]))]}
        if self.drawn.random() < 0.3:
            pod["initContainers"] = [self._container()]
        if self.drawn.random() < 0.6:
            pod["volumes"] = [{"name": self._text(), "emptyDir": {}} for _ in range(self.drawn.choice([1, 2]))]
        keys = list(pod)
        self.drawn.shuffle(keys)
        pod = {key: pod[key] for key in keys}
        whole: dict[str, Any] = {"kind": "Deployment", "spec": {"template": {"spec": pod}}, "note": self._text()}
        if self.drawn.random() < 0.15:
            return {"kind": "List", "items": [whole, {"kind": "Pod", "spec": {"containers": [self._container()]}}]}
        if self.drawn.random() < 0.1:
            whole["schema"] = {"containers": {"type": "array"}, "items": ["containers", "containers: x"]}
        return whole

    def _container(self) -> Any:
        if self.drawn.random() < 0.04:
            return self._text()
        keys = self.drawn.sample(KEYS, self.drawn.randrange(1, 5))
        return {key: self._value(0) for key in keys}

    def _value(self, depth: int) -> Any:
        chance = self.drawn.random()
        if depth > 1 or chance < 0.6:
            return self._text()
        if chance < 0.8:
            return [self._value(depth + 1) for _ in range(self.drawn.randrange(3))]
        return {self.drawn.choice(KEYS): self._value(depth + 1) for _ in range(self.drawn.randrange(3))}

    def _text(self) -> str:
        return self.drawn.choice(CALM_TEXTS if self.calm else TEXTS)

    def _json(self, data: Any) -> str:
        indent = self.drawn.choice([None, 2, 4])
        separators = (",", ":") if indent is None and self.drawn.random() < 0.5 else None
        return json.dumps(data, indent=indent, separators=separators)

    def _break(self) -> str:
        """The end of a line, now and then with what may stand between two."""
        chance = self.drawn.random()
        if chance < 0.85 or self.calm:
            return "\n"
        return self.drawn.choice(
            ["\n\n", "\n# containers: it's \"one\n", " # note [x\n", "\n   \n", "\n      # deep\n"]
        )

    def _map(self, data: dict[str, Any], indent: int) -> str:
        return "".join(f"{' ' * indent}{self._pair(key, value, indent)}" for key, value in data.items())

    def _pair(self, key: str, value: Any, indent: int) -> str:
        chance = self.drawn.random()
        name = key if chance < 0.9 else self.drawn.choice([f'"{key}"', f"'{key}'", f"!!str {key}"])
        if key == "containers" and chance > 0.98:
            name = self.drawn.choice(['"cont\\u0061iners"', '"\\x63ontainers"'])
        if chance < 0.01 and isinstance(value, str):
            return f"? {name}\n{' ' * indent}: {self._scalar(value, indent)}{self._break()}"
        if chance < 0.02 and isinstance(value, list):
            return f"? {name}\n{' ' * indent}: {self._flow(value, indent)}\n"
        colon = self.drawn.choice([":", ":", ":", " :"])
        return f"{name}{colon}{self._below(value, indent)}"

    def _below(self, value: Any, indent: int) -> str:
        mark = ""
        if self.anchors and self.drawn.random() < 0.05 and not isinstance(value, str):
            return f" *{self.drawn.choice(self.anchors)}{self._break()}"
        if self.drawn.random() < 0.05:
            mark = f" &a{len(self.anchors)}"
        if isinstance(value, str):
            text = self._scalar(value, indent)
            return f"{mark} {text}{self._break() if not text.endswith(chr(10)) else ''}"
        if not value or self.drawn.random() < 0.08:
            text = f"{mark} {self._flow(value, indent)}{self._break()}"
        elif isinstance(value, list):
            deeper = indent + self.drawn.choice([0, 2, 4])
            text = f"{mark}{self._break()}{self._list(value, deeper)}"
        else:
            text = f"{mark}{self._break()}{self._map(value, indent + self.drawn.choice([1, 2, 4]))}"
        if mark:
            self.anchors.append(mark[2:])
        return text

    def _list(self, items: list[Any], indent: int) -> str:
        lines = []
        for item in items:
            dash = f"{' ' * indent}-"
            if self.anchors and self.drawn.random() < 0.04:
                lines.append(f"{dash} *{self.drawn.choice(self.anchors)}{self._break()}")
            elif isinstance(item, dict) and item and self.drawn.random() < 0.9:
                gap = self.drawn.choice([1, 1, 1, 3])
                if self.drawn.random() < 0.05:
                    lines.append(f"{dash}\n{self._map(item, indent + 2)}")
                else:
                    lines.append(f"{dash}{' ' * gap}{self._map(item, indent + 1 + gap).lstrip(' ')}")
            elif isinstance(item, list) and item:
                lines.append(f"{dash} {self._flow(item, indent)}{self._break()}")
            else:
                lines.append(f"{dash}{self._below(item, indent)}")
        return "".join(lines)

    def _flow(self, value: Any, indent: int) -> str:
        """A collection in flow style, whose further lines may begin anywhere."""
        if isinstance(value, str):
            return json.dumps(value)
        gap = self.drawn.choice(
            [" ", " ", " ", f"\n{' ' * self.drawn.randrange(1, indent + 4)}"][: 3 if self.calm else 4]
        )
        if isinstance(value, list):
            return f"[{f',{gap}'.join(self._flow(one, indent) for one in value)}]"
        pairs = (f"{self._flow_key(key)}: {self._flow(one, indent)}" for key, one in value.items())
        return f"{{{f',{gap}'.join(pairs)}}}"

    def _flow_key(self, key: str) -> str:
        return self.drawn.choice([key, f'"{key}"', f"'{key}'"])

    def _scalar(self, text: str, indent: int) -> str:
        """A scalar in some style; quoted ones may go on in lines that begin anywhere."""
        style = self.drawn.random()
        if text.endswith("\n") and style < 0.7:
            inner = " " * (indent + self.drawn.choice([1, 2, 4]))
            lines = "".join(f"{inner}{line}\n" for line in text.splitlines())
            return f"{self.drawn.choice(['|', '|', '>', '|+', '|-'])}\n{lines}"
        if (style < 0.3 and text.isalnum()) or (self.calm and style < 0.8):
            return text
        quoted = json.dumps(text, ensure_ascii=self.drawn.random() < 0.3)
        if style < 0.45 and " " in text and not self.calm:
            place = text.index(" ")
            further = f"\n{' ' * self.drawn.randrange(1, indent + 4)}"
            if "\n" not in text:
                if self.drawn.random() < 0.5:
                    return f"'{text.replace(chr(39), chr(39) * 2)[: place + 1].rstrip()}{further}z'"
                return f'"{text[:place]}{further}containers:{further}- a"'.replace('say"', "say")
        if style < 0.6 and "\n" not in text:
            return "'" + text.replace("'", "''") + "'"
        return quoted
