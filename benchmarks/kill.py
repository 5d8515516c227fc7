"""Kill `sidecarify convert` at a random moment, many times, and look at every file afterwards.

    python benchmarks/kill.py [--runs 200] [--files 500] [--atomic] [--seed 1]

Each run starts on a tree of files that are all to be converted, and is ended by SIGKILL: every other one at a moment
drawn evenly from the time that a whole run takes, the rest as soon as a file drawn at random is new (the time in which
files are replaced is short). Then every file must be the old one or the new one, byte for byte, with its mode; then
a run that is not killed must leave all files new, and nothing else. Exit code 1 if anything is otherwise.
"""

from __future__ import annotations

import argparse
import random
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

FIXTURE = Path(__file__).parent.parent / "fixtures" / "quickstart" / "web-with-logger"
OLD = FIXTURE.with_name(f"{FIXTURE.name}.yaml").read_bytes()
NEW = FIXTURE.with_name(f"{FIXTURE.name}.after.yaml").read_bytes()
MODES = (0o644, 0o600, 0o755, 0o664)


def texts(number: int) -> tuple[bytes, bytes]:
    """The old and the new text of one file: each file has its own."""
    mark = f"# file {number}\n".encode()
    return mark + OLD, mark + NEW


def plant(folder: Path, count: int) -> dict[Path, int]:
    """Write the tree anew; the files with their numbers."""
    planted = {}
    for number in range(count):
        path = folder / f"team-{number % 20}" / f"app-{number}.yaml"
        path.parent.mkdir(exist_ok=True)
        path.unlink(missing_ok=True)
        path.write_bytes(texts(number)[0])
        path.chmod(MODES[number % len(MODES)])
        planted[path] = number
    return planted


def convert(folder: Path, *flags: str) -> subprocess.Popen[bytes]:
    """Start a conversion of the tree."""
    command = [sys.executable, "-m", "sidecarify", "convert", "--quiet", *flags, str(folder)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)


def look(planted: dict[Path, int]) -> Counter[str]:
    """How many files are old, new, or otherwise."""
    found: Counter[str] = Counter()
    for path, number in planted.items():
        old, new = texts(number)
        if not path.exists():
            found["lost"] += 1
            continue
        data = path.read_bytes()
        found["new" if data == new else "old" if data == old else "partial"] += 1
        if stat.S_IMODE(path.stat().st_mode) != MODES[number % len(MODES)]:
            found["mode changed"] += 1
    return found


def strays(folder: Path, planted: dict[Path, int]) -> list[Path]:
    """The files of the tree that nobody has planted."""
    return sorted(path for path in folder.rglob("*") if path.is_file() and path not in planted)


def after(seconds: float) -> Callable[[], bool]:
    """Whether so much time has gone by."""
    until = time.perf_counter() + seconds
    return lambda: time.perf_counter() > until


def replaced(path: Path) -> Callable[[], bool]:
    """Whether another file has taken the path."""
    inode = path.stat().st_ino
    return lambda: path.stat().st_ino != inode


def one_run(folder: Path, count: int, moment: float | int, *flags: str) -> Counter[str]:
    """Kill a conversion after so many seconds (float), or when the file of a number (int) is new.

    Gives what there was then, and what a second run made of it.
    """
    planted = plant(folder, count)
    paths = {number: path for path, number in planted.items()}
    due = replaced(paths[moment]) if isinstance(moment, int) else after(moment)
    started = convert(folder, *flags)
    while started.poll() is None and not due():
        time.sleep(0.0002)
    if started.poll() is None:
        started.send_signal(signal.SIGKILL)
        started.wait()
    found = look(planted)
    found["strays"] = len(strays(folder, planted))
    if convert(folder, *flags).wait():
        found["second run failed"] += 1
    later = look(planted)
    found["not new after the second run"] = count - later["new"]
    found["strays after the second run"] = len(strays(folder, planted))
    found["mode changed"] += later["mode changed"]
    return found


BAD = (
    "partial",
    "lost",
    "mode changed",
    "second run failed",
    "not new after the second run",
    "strays after the second run",
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--files", type=int, default=500)
    parser.add_argument("--atomic", action="store_true")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    flags = ("--atomic",) if arguments.atomic else ()
    drawn = random.Random(arguments.seed)
    total: Counter[str] = Counter()
    cut_short = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        plant(folder, arguments.files)
        start = time.perf_counter()
        convert(folder, *flags).wait()
        whole = time.perf_counter() - start
        for number in range(arguments.runs):
            moment = drawn.randrange(arguments.files) if number % 2 else drawn.uniform(0.1, 1.0) * whole
            found = one_run(folder, arguments.files, moment, *flags)
            cut_short += 0 < found["new"] < arguments.files
            total += found
    print(f"{arguments.runs} runs over {arguments.files} files, {cut_short} killed between two replacements")
    print(f"right after the kill: {total['old']:,} old, {total['new']:,} new, {total['strays']:,} texts that waited")
    for what in BAD:
        print(f"  {what}: {total[what]}")
    sys.exit(any(total[what] for what in BAD))


if __name__ == "__main__":
    main()
