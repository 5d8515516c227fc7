"""How long one small conversion takes, against a bare typer application that does nothing.

    python benchmarks/start_up.py [--runs 20]

Both are whole processes, run in turn, so that the machine's noise hits both alike; the ratio of the medians is
printed. Target: at most 1.5.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BARE = """
import typer
app = typer.Typer(add_completion=False)
@app.command()
def main(path: str) -> None:
    pass
app()
"""
MANIFEST = Path(__file__).parent.parent / "fixtures" / "quickstart" / "web-with-logger.yaml"


def seconds(command: list[str], source: bytes) -> float:
    """Wall seconds of one run of `command`, `source` on its standard input."""
    start = time.perf_counter()
    subprocess.run(command, input=source, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=20)
    runs = parser.parse_args().runs
    source = MANIFEST.read_bytes()
    with tempfile.TemporaryDirectory() as folder:
        bare = Path(folder, "bare.py")
        bare.write_text(BARE, encoding="utf-8")
        commands = {
            "bare typer": [sys.executable, str(bare), "x"],
            "convert": [sys.executable, "-m", "sidecarify", "convert", "-"],
            "python -c pass": [sys.executable, "-c", "pass"],
        }
        times: dict[str, list[float]] = {name: [] for name in commands}
        for number in range(runs + 1):
            for name, command in commands.items():
                taken = seconds(command, source)
                if number:
                    times[name].append(taken)
    medians = {name: statistics.median(taken) for name, taken in times.items()}
    for name, median in medians.items():
        print(f"{name:16} median {median * 1000:7.1f} ms  {median / medians['bare typer']:.2f} x bare typer")


if __name__ == "__main__":
    main()
