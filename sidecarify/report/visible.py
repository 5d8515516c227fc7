"""Text made safe and readable for a terminal: nothing in a manifest or a file name may act on it."""

from __future__ import annotations

import re
from typing import Literal

Style = Literal["red", "green", "yellow", "cyan", "bold", "dim"]

# C0, DEL and C1; marks that change the direction of the text that follows; separators of lines; what is no character.
_ACTING = "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufff9-\ufffb\ufffe\uffff]"
_ACTING_IN_LINES = (
    "\r(?!\n)|"
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufff9-\ufffb\ufffe\uffff]"
)
_CODES: dict[Style, str] = {"red": "31", "green": "32", "yellow": "33", "cyan": "36", "bold": "1", "dim": "2"}


def visible(text: str) -> str:
    r"""`text` on one line, with every character that acts on a terminal spelt out: `\x1b`, `\u202e`, `\x0a`."""
    # Nothing that acts is printable, and most text is: the pattern, which is slow to compile, is seldom needed.
    return text if text.isprintable() else re.sub(_ACTING, _spelt, text)


def visible_lines(text: str) -> str:
    """As `visible`, for text of several lines: line ends and tabs stay."""
    return re.sub(_ACTING_IN_LINES, _spelt, text)


def painted(text: str, style: Style, *, color: bool) -> str:
    """`text` in a style of the terminal, or as it is."""
    return f"\x1b[{_CODES[style]}m{text}\x1b[0m" if color else text


def _spelt(found: re.Match[str]) -> str:
    code = ord(found.group())
    if 0xDC80 <= code <= 0xDCFF:  # a byte of a file name that is not UTF-8 (PEP 383)
        code -= 0xDC00
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
