"""Lines for people: short, however much there is to say."""

import pytest

from sidecarify.plan import Move
from sidecarify.report.text import moved_line
from sidecarify.report.words import CONVERT


@pytest.mark.parametrize(
    ("names", "told"),
    [
        pytest.param(["log"], "log", id="one"),
        pytest.param(["log", "proxy"], "log, proxy", id="several"),
        pytest.param(["log", "proxy", "log"], "log (2 times), proxy", id="one name in several pods"),
        pytest.param([f"c{n}" for n in range(11)], ", ".join(f"c{n}" for n in range(11)), id="one more is no less"),
        pytest.param([f"c{n}" for n in range(30)], "c0, c1, c2, c3, c4, c5, c6, c7, c8, c9 and 20 more", id="many"),
    ],
)
def test_what_moves(names: list[str], told: str) -> None:
    moves = [Move(0, "spec", name, 1, 0, 7) for name in names]
    assert moved_line("web.yaml", moves, CONVERT, done=True) == f"converted web.yaml: {told}"
