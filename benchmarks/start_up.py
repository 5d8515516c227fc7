"""How long one small conversion takes, against a bare typer application that does nothing.

    python benchmarks/start_up.py [--runs 20]

Measured is what a user waits for: the package is installed into a fresh virtual environment (with pip, from this
checkout), byte-compiled as pip does it, and `sidecarify convert --check` is started by its script, on the manifest of
the README. The bare application runs with the same interpreter, beside the same packages. Both are whole processes, run
in turn, so that the machine's noise hits both alike; told is the median of the ratios of each round. Target: at most
1.5.
"""

import argparse
import os
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
ROOT = Path(__file__).parent.parent
MANIFEST = ROOT / "fixtures" / "quickstart" / "web-with-logger.yaml"
WOULD_CONVERT = 1


def installed(folder: Path) -> Path:
    """The folder of the programs of a new virtual environment that has the package."""
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    programs = folder / ("Scripts" if os.name == "nt" else "bin")
    subprocess.run([programs / "python", "-m", "pip", "install", "--quiet", "--compile", ROOT], check=True)
    return programs


def seconds(command: list[str | Path], code: int) -> float:
    """Wall seconds of one run of `command`, which must end with `code`."""
    start = time.perf_counter()
    ended = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    taken = time.perf_counter() - start
    if ended.returncode != code:
        raise SystemExit(f"{command} ended with {ended.returncode}, not {code}")
    return taken


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=20)
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as folder:
        programs = installed(Path(folder, "venv"))
        # In a folder of its own: Python lists the folder of a script.
        bare = Path(folder, "bare", "bare.py")
        bare.parent.mkdir()
        bare.write_text(BARE, encoding="utf-8")
        nothing: list[str | Path] = [programs / "python", bare, "x"]
        convert: list[str | Path] = [programs / "sidecarify", "convert", "--check", MANIFEST]
        seconds(nothing, 0), seconds(convert, WOULD_CONVERT)
        rounds = [(seconds(nothing, 0), seconds(convert, WOULD_CONVERT)) for _ in range(runs)]
    for name, times in zip(("bare typer", "convert"), zip(*rounds, strict=True), strict=True):
        print(f"{name:10} median {statistics.median(times) * 1000:7.1f} ms")
    print(f"ratio      median {statistics.median(ours / theirs for theirs, ours in rounds):7.2f}")


if __name__ == "__main__":
    main()
