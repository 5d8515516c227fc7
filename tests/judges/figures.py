"""What comes of forcing every container but the first of the corpus' pods to move.

python -m tests.judges.figures
"""

from __future__ import annotations

from collections import Counter

from tests.support.corpus import ABSENT, MANIFESTS, targets, texts

# Reasons for which a container of a real manifest may be left alone: what the text or Kubernetes forbids.
KNOWN_REFUSALS = {
    "duplicate-name",
    "flow-comment",
    "mixed-style",
    "nothing-or-all",
    "restart-policy",
    "shared-item",
    "shared-list",
    "shared-podspec",
    "template",
    "undefined-alias",
    "verify-model",
}


def figures() -> Counter[str]:
    """Counts: files, pods, containers that were tried, moved, and refused by reason."""
    counts = Counter({"files": len(texts())})
    counts["pods"] = len({(target.file, target.move.pod) for target in targets()})
    for target in targets():
        counts["containers"] += 1
        counts["moved"] += bool(target.conversion.moves)
        counts.update(f"refused: {refusal.rule}" for refusal in target.conversion.refusals)
    return counts


def main() -> None:
    if not MANIFESTS.is_dir():
        raise SystemExit(ABSENT)
    for name, number in figures().items():
        print(f"{number:6} {name}")
    for target in targets():
        for refusal in target.conversion.refusals:
            print(f"{target.id}: {refusal.rule}: {refusal.message}")


if __name__ == "__main__":
    main()
