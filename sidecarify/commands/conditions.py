"""What the condition of a loop or an `if` says, as far as the text alone tells."""

import re

from sidecarify.commands.model import SimpleCommand
from sidecarify.commands.statements import Chain, Group, Not, Sequence, Simple, Statement
from sidecarify.commands.tools import PROBES

TEST_NAMES = frozenset({"[", "[[", "test", "(("})

_EQUAL = frozenset({"=", "==", "-eq"})
_UNEQUAL = frozenset({"!=", "-ne"})
_COMPARE = {"-lt": int.__lt__, "-le": int.__le__, "-gt": int.__gt__, "-ge": int.__ge__}
_INTEGER = r"-?\d{1,18}\Z"


def truth(condition: Statement) -> bool | None:
    """Whether a condition is always true, always false, or depends (None).

    Reads `true`, `:`, `false`, `[ 1 ]`, `[ a = a ]`, `test 1 -eq 1`, `((1))`, and their negations and combinations.
    """
    match condition:
        case Group():
            return truth(condition.body)
        case Sequence(items=items):
            return truth(items[-1]) if items else None
        case Not(body=body):
            inside = truth(body)
            return None if inside is None else not inside
        case Simple(command=command):
            return _truth_of_words(command)
        case Chain():
            return _truth_of_chain(condition)
        case _:
            return None


def _truth_of_chain(chain: Chain) -> bool | None:
    value = truth(chain.items[0])
    for operator, item in zip(chain.operators, chain.items[1:], strict=True):
        right = truth(item)
        decides = operator == "||"
        if value is decides or (value is None and right is decides):
            value = decides
        elif value is not None or right is None:
            value = right if value is not None else None
        else:
            value = None
    return value


def _truth_of_words(command: SimpleCommand) -> bool | None:
    argv = command.argv
    if not argv:
        return None
    name = command.name
    if name in ("true", ":"):
        return True
    if name == "false":
        return False
    if name == "((":
        text = " ".join(argv[1:-1]).strip()
        return int(text) != 0 if re.match(_INTEGER, text) else None
    if name in TEST_NAMES:
        return test_truth(test_operands(argv))
    return None


def test_operands(argv: tuple[str, ...]) -> tuple[str, ...]:
    """The words of a test without `test`, `[`, `]`."""
    words = argv[1:]
    return words[:-1] if words and words[-1] in ("]", "]]") else words


def test_truth(words: tuple[str, ...]) -> bool | None:
    """The value of a test on constants; None if it has an expansion or looks at the world."""
    if any("$" in word or "`" in word for word in words):
        return None
    if words[:1] == ("!",):
        inside = test_truth(words[1:])
        return None if inside is None else not inside
    if len(words) == 1:
        return words[0] != ""
    if len(words) == 2 and words[0] in ("-n", "-z"):
        return (words[1] != "") is (words[0] == "-n")
    if len(words) == 3:
        left, operator, right = words
        if operator in _EQUAL:
            return left == right
        if operator in _UNEQUAL:
            return left != right
        if operator in _COMPARE and re.match(_INTEGER, left) and re.match(_INTEGER, right):
            return bool(_COMPARE[operator](int(left), int(right)))
    return None


def looks_only(condition: Statement) -> bool:
    """Whether a condition merely looks at something, so that both answers are normal."""
    match condition:
        case Group():
            return looks_only(condition.body)
        case Not(body=body):
            return looks_only(body)
        case Sequence(items=items):
            return bool(items) and looks_only(items[-1])
        case Simple(command=command):
            return command.name in PROBES | TEST_NAMES or not command.argv
        case Chain(items=items):
            return all(looks_only(item) for item in items)
        case _:
            return any(looks_only(stage) for stage in getattr(condition, "stages", ())[-1:])
