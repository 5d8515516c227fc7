"""The long search: convert many generated manifests and count what comes of them.

    python -m tests.properties --examples 20000

Exits with 1 if any result is wrong, anything crashes, or one container in a hundred is refused.
"""

from __future__ import annotations

import argparse
import sys
import traceback
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from random import Random

from tests.properties.checks import WrongError, check
from tests.properties.generator import manifest
from tests.support.cases import PLACEMENTS

_CHUNK = 250


def run(seeds: range) -> tuple[Counter[str], list[str]]:
    """Counts and the first failures of the manifests with these seeds."""
    counts: Counter[str] = Counter()
    failures = []
    for seed in seeds:
        random = Random(seed)
        generated = manifest(random)
        placement = random.choice(PLACEMENTS)
        counts["documents"] += 1
        counts["containers"] += len(generated.helpers)
        try:
            outcome = check(generated, placement)
        except WrongError as error:
            counts["wrong"] += 1
            failures.append(f"seed {seed} ({placement}): {error}")
        except Exception:  # whatever it is, it is a crash to be counted
            counts["crashed"] += 1
            failures.append(f"seed {seed} ({placement}): {traceback.format_exc()}")
        else:
            counts["edited"] += outcome.moved > 0
            counts["containers moved"] += outcome.moved
            counts["documents refused"] += bool(outcome.refusals)
            counts["not YAML"] += not outcome.readable
            counts.update(f"refused: {code}" for code in outcome.refusals)
    return counts, failures


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--examples", type=int, default=20000)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    last = options.first_seed + options.examples
    chunks = [range(start, min(start + _CHUNK, last)) for start in range(options.first_seed, last, _CHUNK)]
    total: Counter[str] = Counter()
    with ProcessPoolExecutor(options.processes) as pool:
        for counts, failures in pool.map(run, chunks):
            total += counts
            for failure in failures:
                print(failure, file=sys.stderr)
    for name, number in sorted(total.items(), key=lambda one: one[0].startswith("refused:")):
        print(f"{number:8} {name}")
    refused = sum(number for name, number in total.items() if name.startswith("refused:"))
    share = refused / max(total["containers"], 1)
    print(f"{share:8.2%} of the containers refused; {total['wrong']} wrong, {total['crashed']} crashed")
    return 1 if total["wrong"] or total["crashed"] or share >= 0.01 else 0


if __name__ == "__main__":
    sys.exit(main())
