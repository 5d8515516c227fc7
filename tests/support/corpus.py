"""The corpus of public manifests, which is no part of the repository, and the moves that are forced upon it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from sidecarify import Conversion, Options, convert_text
from sidecarify.kube.kinds import kind_of
from tests.support.yaml_data import Moved, read_documents

MANIFESTS = Path(__file__).parents[3] / "shared" / "corpus" / "manifests"
ABSENT = f"the corpus is not here ({'/'.join(MANIFESTS.parts[-3:])} next to the checkout)"


class Target(NamedTuple):
    """A container that is not the first of its pod, and what comes of forcing it alone to move."""

    file: Path
    move: Moved
    object_name: str
    text: str
    conversion: Conversion

    @property
    def id(self) -> str:
        return f"{self.file.relative_to(MANIFESTS)}:{self.object_name}:{self.move.name}"


@cache
def texts() -> dict[Path, str]:
    """The manifests of the corpus by file."""
    files = sorted(path for path in MANIFESTS.rglob("*") if path.suffix in (".yaml", ".yml", ".json"))
    return {path: path.read_bytes().decode("utf-8") for path in files}


@cache
def targets() -> tuple[Target, ...]:
    """Every container but the first of every pod with several, in the kinds that have a pod spec."""
    return tuple(
        Target(path, move, name, text, _force(text, name, move))
        for path, text in texts().items()
        for name, move in _candidates(text)
    )


def _force(text: str, object_name: str, move: Moved) -> Conversion:
    helper = "".join(f"[{char}]" if char in "*?[" else char for char in f"{object_name}:{move.name}")
    return convert_text(text, Options(helpers=(helper,), mains=("*",), accept=("*",)))


def _candidates(text: str) -> Iterator[tuple[str, Moved]]:
    try:
        documents = read_documents(text)
    except yaml.YAMLError:
        return
    for index, document in enumerate(documents):
        for prefix, manifest in objects(document):
            kind = kind_of(_word(manifest, "apiVersion"), _word(manifest, "kind"))
            metadata = manifest.get("metadata")
            name = f"{_word(manifest, 'kind')}/{_word(metadata, 'name') if isinstance(metadata, dict) else ''}"
            for path in kind.paths if kind is not None else ():
                spec = _at(manifest, path)
                for place, container in enumerate(spec.get("containers") or () if isinstance(spec, dict) else ()):
                    if place and isinstance(container, dict):
                        where = f"{prefix}.{path}" if prefix else path
                        yield name, Moved(index, where, place, _word(container, "name"))


def objects(document: Any, prefix: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """The objects of a document with their paths; those of a List one by one, as kubectl prints them."""
    if not isinstance(document, dict):
        return
    if _word(document, "kind").endswith("List") and isinstance(document.get("items"), list):
        for index, item in enumerate(document["items"]):
            yield from objects(item, f"{prefix}.items.{index}" if prefix else f"items.{index}")
        return
    yield prefix, document


def _word(data: dict[str, Any], key: str) -> str:
    return str(getattr(data.get(key), "value", ""))


def _at(data: Any, path: str) -> Any:
    for step in path.split("."):
        if not isinstance(data, dict) or step not in data:
            return None
        data = data[step]
    return data
