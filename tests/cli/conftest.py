"""The command line as users meet it: in a process of its own, and in this one where many cases are asked."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from typer.testing import CliRunner

from sidecarify.cli.app import application

ROOT = Path(__file__).parents[2]
WEB = (ROOT / "fixtures" / "quickstart" / "web-with-logger.yaml").read_bytes()
WEB_AFTER = (ROOT / "fixtures" / "quickstart" / "web-with-logger.after.yaml").read_bytes()
BATCH = b"""\
apiVersion: batch/v1
kind: Job
metadata: {name: etl}
spec:
  template:
    spec:
      restartPolicy: Never
      containers:
        - name: etl
          image: registry.example/etl:1
          volumeMounts: [{name: out, mountPath: /out}]
        - name: upload
          image: registry.example/upload:1
          volumeMounts: [{name: out, mountPath: /out}]
      volumes: [{name: out, emptyDir: {}}]
"""
SERVICE = b"apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {selector: {app: web}, ports: [{port: 80}]}\n"


class Ended(NamedTuple):
    """What a run of the command left: exit code, and both streams as bytes."""

    code: int
    stdout: bytes
    stderr: bytes

    @property
    def out(self) -> str:
        return self.stdout.decode()

    @property
    def err(self) -> str:
        return self.stderr.decode()


Command = Callable[..., Ended]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that the command is called in; `web.yaml` is the manifest of the quickstart."""
    monkeypatch.chdir(tmp_path)
    for name in ("NO_COLOR", "FORCE_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "web.yaml").write_bytes(WEB)
    return tmp_path


@pytest.fixture
def sidecarify() -> Command:
    """The command in this process."""

    def run(*arguments: str, stdin: bytes = b"") -> Ended:
        result = CliRunner().invoke(application(), arguments, input=stdin, prog_name="sidecarify")
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Ended(result.exit_code, result.stdout_bytes, result.stderr_bytes)

    return run


@pytest.fixture
def process() -> Command:
    """The command in a process of its own."""

    def run(*arguments: str, stdin: bytes = b"", timeout: float = 120, **environment: str) -> Ended:
        ran = subprocess.run(
            [sys.executable, "-m", "sidecarify", *arguments],
            input=stdin,
            capture_output=True,
            timeout=timeout,
            check=False,
            env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        )
        return Ended(ran.returncode, ran.stdout, ran.stderr)

    return run
