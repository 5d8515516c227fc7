"""The command on a real terminal (a pty)."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]
STREAMS = ("stdin", "stdout", "stderr")
_PATIENCE = 2

Typing = Callable[["subprocess.Popen[bytes]", int, bytes, bool], None]
"""Given the process, the terminal, all that it has shown, and whether it has been silent for a while."""


def nothing_typed(_running: subprocess.Popen[bytes], _terminal: int, _seen: bytes, _silent: bool) -> None:
    """Nobody sits at the terminal."""


def on_a_terminal(
    *arguments: str,
    environment: Mapping[str, str] | None = None,
    streams: Collection[str] = STREAMS,
    typing: Typing = nothing_typed,
) -> tuple[int, bytes]:
    """Run the command with these of its streams on a terminal, the others on nothing; exit code, and what was shown."""
    leader, follower = pty.openpty()
    places = {name: follower if name in streams else subprocess.DEVNULL for name in STREAMS}
    with subprocess.Popen(
        [sys.executable, "-m", "sidecarify", *arguments],
        stdin=places["stdin"],
        stdout=places["stdout"],
        stderr=places["stderr"],
        env={**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm", "COLUMNS": "60", **(environment or {})},
    ) as running:
        os.close(follower)
        seen = b""
        while True:
            silent = not select.select([leader], [], [], _PATIENCE)[0]
            if not silent:
                try:
                    piece = os.read(leader, 65536)
                except OSError:  # the other end is closed
                    break
                if not piece:
                    break
                seen += piece
            typing(running, leader, seen, silent)
    os.close(leader)
    return running.returncode, seen.replace(b"\r\n", b"\n")
