"""Write docs/rules from the docstrings of the rules: `python docs/write_rules.py`, and `--check` to only compare."""

from __future__ import annotations

import sys
from pathlib import Path

from sidecarify.judge.revert_rules import REVERT_RULES
from sidecarify.judge.rules import ALL_RULES
from sidecarify.judge.tree_rules import TREE_RULES
from sidecarify.report.pages import documents

FOLDER = Path(__file__).parent / "rules"


def main() -> int:
    """Make the folder what the docstrings say, or with `--check` tell (exit code 1) where it is not."""
    wanted = documents(ALL_RULES, REVERT_RULES, TREE_RULES)
    FOLDER.mkdir(exist_ok=True)
    present = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.md")}
    differing = sorted(name for name in wanted.keys() | present.keys() if wanted.get(name) != present.get(name))
    for name in differing:
        sys.stderr.write(f"docs/rules/{name}\n")
    if "--check" in sys.argv[1:]:
        return int(bool(differing))
    for name in differing:
        if name in wanted:
            (FOLDER / name).write_text(wanted[name], encoding="utf-8")
        else:
            (FOLDER / name).unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main())
