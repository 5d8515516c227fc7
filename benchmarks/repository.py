"""How long `convert --check` takes for a large repository, as ratios to a loop that only reads it.

    python benchmarks/repository.py [--files 40000 | --tree FOLDER] [--runs 3] [--no-load] [--split]

Plants the tree of tree.py, and runs in turn, each in a process of its own: a loop that walks the tree and reads every
manifest; `convert --check` on one process and on two; and a full load of every manifest by PyYAML's CSafeLoader.
Printed are processor seconds and wall seconds, both as multiples of the loop's, and the largest memory of any process.
With `--split`, a conversion then tells how its time is spent; it writes, unless the tree was there before (`--tree`).
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple

from tree import plant

WALK = """
import os, sys
def manifests(root):
    for folder, _, names in os.walk(root):
        for name in names:
            if name.endswith((".yaml", ".yml", ".json")):
                with open(os.path.join(folder, name), "rb") as opened:
                    yield opened.read()
"""
LOOP = WALK + "print(sum(map(len, manifests(sys.argv[1]))))"
LOAD = (
    WALK
    + """
import yaml
for data in manifests(sys.argv[1]):
    for _ in yaml.load_all(data, yaml.CSafeLoader):
        pass
"""
)


class Cost(NamedTuple):
    """What a process and those that it began have cost; `memory` in MB is that of the largest one."""

    wall: float
    processor: float
    memory: float


def cost(*command: str) -> Cost:
    """Run a command to its end."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 1):
        sys.exit(f"{command} ended with {process.returncode}")
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return Cost(time.perf_counter() - start, used.ru_utime + used.ru_stime, used.ru_maxrss / unit)


def compare(folder: Path, *, load: bool) -> None:
    """One run of each, and what they take."""
    check = (sys.executable, "-m", "sidecarify", "convert", "--check", "--quiet", "--isolated", str(folder), "--jobs")
    commands = {
        "read loop": (sys.executable, "-c", LOOP, str(folder)),
        "convert --check, 1 process": (*check, "1"),
        "convert --check, 2 processes": (*check, "2"),
    }
    if load:
        commands["PyYAML CSafeLoader"] = (sys.executable, "-c", LOAD, str(folder))
    base = None
    for name, command in commands.items():
        one = cost(*command)
        base = base or one
        print(
            f"  {name:30} {one.processor:8.2f} s processor {one.processor / base.processor:6.1f} x"
            f" {one.wall:8.2f} s wall {one.wall / base.wall:6.1f} x {one.memory:6.0f} MB",
            flush=True,
        )


class Clock:
    """Where the time of this process goes: each second counts for the innermost stage alone."""

    def __init__(self) -> None:
        self.spent: defaultdict[str, float] = defaultdict(float)
        self._stages = ["other"]
        self._since = time.process_time()

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Count what is done here for a stage."""
        self._switch()
        self._stages.append(name)
        try:
            yield
        finally:
            self._switch()
            self._stages.pop()

    def _switch(self) -> None:
        now = time.process_time()
        self.spent[self._stages[-1]] += now - self._since
        self._since = now

    def watch(self, owner: object, function: str, name: str) -> None:
        """Let every call of a function count for a stage."""
        real: Callable[..., object] = getattr(owner, function)

        def watched(*arguments: object, **more: object) -> object:
            with self.stage(name):
                return real(*arguments, **more)

        setattr(owner, function, watched)


def split_up(folder: Path, *, write: bool) -> None:
    """Convert the tree, and tell how the time is spent."""
    import gc

    from sidecarify import around, batch, convert, discover, examine, survey, tree_outcomes, trees, verify, writing
    from sidecarify.options import Options

    gc.disable()
    clock = Clock()
    find = discover.find

    def found(paths: Sequence[str], selection: discover.Selection) -> Iterator[discover.Found]:
        with clock.stage("walk"):
            listed = list(find(paths, selection))
        return iter(listed)

    setattr(survey, "find", found)  # noqa: B010  (a name of another module)
    for owner, function, name in (
        (survey, "read", "read"),
        (batch, "read", "read"),
        (survey, "look", "filter"),
        (examine, "look", "filter"),
        (around, "speaks", "surroundings"),
        (around.Around, "add", "surroundings"),
        (around.Around, "merge", "surroundings"),
        (around.Around, "of", "surroundings"),
        (examine, "parse", "parse"),
        (examine, "split", "parse"),
        (examine, "judge", "judge"),
        (convert, "rewrite", "edit"),
        (convert, "splice", "edit"),
        (convert, "verify", "verify"),
        (verify, "parse", "verify (parse)"),
        (tree_outcomes, "convert_tree", "kustomize"),
        (writing.Writing, "stage", "write"),
    ):
        clock.watch(owner, function, name)
    with writing.Writing() as files:
        looked = survey.survey([str(folder)], names_helpers=lambda _: False)
        with clock.stage("kustomize"):
            forest = trees.forest(looked, lambda _: Options())
        for outcome in tree_outcomes.convert_all(looked, forest, lambda _: Options()):
            if outcome.changed and write:
                files.stage(outcome.manifest, outcome.before, outcome.after, outcome.moves)
        with clock.stage("write"):
            written = sum(1 for _ in files.replace_all())
    with clock.stage("end"):
        pass
    whole = sum(clock.spent.values())
    print(f"{looked.manifests} manifests, {len(looked.candidates)} read in full, {written} written; of the time:")
    for name, seconds in sorted(clock.spent.items(), key=itemgetter(1), reverse=True):
        if seconds:
            print(f"  {name:16} {seconds:7.2f} s {100 * seconds / whole:5.1f} %")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=40_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--no-load", action="store_true", help="leave the full load out")
    parser.add_argument("--split", action="store_true", help="tell how the time of a conversion is spent")
    parser.add_argument("--tree", type=Path, help="a tree that tree.py has planted before")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = arguments.tree or Path(name)
        if arguments.tree is None:
            made = plant(folder, arguments.files)
            print(f"{arguments.files} files, {100 * made['several'] / arguments.files:.1f} % with several containers")
        cost(sys.executable, "-c", LOOP, str(folder))
        for run in range(arguments.runs):
            print(f"run {run + 1}")
            compare(folder, load=not arguments.no_load)
        if arguments.split:
            split_up(folder, write=arguments.tree is None)


if __name__ == "__main__":
    main()
