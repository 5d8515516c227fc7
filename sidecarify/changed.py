"""The files that differ from a git revision, as git knows them."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Sequence

# Nothing that a repository's own configuration names may run.
_GIT = ("git", "-c", "core.fsmonitor=false", "--no-optional-locks", "--literal-pathspecs")


class RevisionError(Exception):
    """Git cannot tell what has changed; the message says why."""


def changed_since(revision: str, paths: Sequence[str]) -> frozenset[str]:
    """The files below `paths` that differ from `revision`, staged or not, or that are not tracked, by real paths.

    A symbolic link is given by its own path too. Files that git ignores are none, and those that are gone neither.
    Raises RevisionError.
    """
    return frozenset(path for root in _repositories(paths) for path in _changed(root, revision))


def _repositories(paths: Sequence[str]) -> Iterator[str]:
    found: dict[str, None] = {}
    for path in paths:
        real = os.path.realpath(path)
        folder = real if os.path.isdir(real) else os.path.dirname(real)  # noqa: PTH112, PTH120
        if any(folder == root or folder.startswith(os.path.join(root, "")) for root in found):  # noqa: PTH118
            continue
        top = _git(folder, "rev-parse", "--show-toplevel").removesuffix(b"\n")
        found[os.path.realpath(os.fsdecode(top))] = None
    return iter(found)


def _changed(root: str, revision: str) -> Iterator[str]:
    commit = _git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}").strip()
    told = _git(root, "diff", "--name-only", "-z", "--no-renames", "--diff-filter=d", os.fsdecode(commit), "--")
    told += _git(root, "ls-files", "-z", "--others", "--exclude-standard")
    for name in told.split(b"\0"):
        if name:
            path = os.path.join(root, os.fsdecode(name))  # noqa: PTH118
            yield path
            yield os.path.realpath(path)


def _git(folder: str, command: str, *arguments: str) -> bytes:
    try:
        ran = subprocess.run([*_GIT, "-C", folder, command, *arguments], capture_output=True, check=False)  # noqa: S603
    except FileNotFoundError:
        raise RevisionError("git is not installed") from None
    except OSError as error:
        raise RevisionError(f"git cannot be run: {error.strerror or error}") from None
    if ran.returncode == 0:
        return ran.stdout
    said = ran.stderr.decode("utf-8", "replace").strip().splitlines()
    if command == "rev-parse" and "--verify" in arguments:
        revision = arguments[-1].removesuffix("^{commit}")
        raise RevisionError(f"git knows no revision {revision!r} in {folder}")
    raise RevisionError(f"git {command} failed in {folder}: {said[0] if said else f'exit code {ran.returncode}'}")
