"""Cutting a manifest into its YAML documents, in the text, so that a bad document does not spoil its neighbours."""

from __future__ import annotations

import re
from typing import Final

from .source import TextError

# YAML forbids these marks in content, even inside a block scalar: in column 0 they always end a document.
_MARK = re.compile(r"^(?:---|\.\.\.)(?=[ \t\r\n]|\Z)", re.MULTILINE)
# Content of a document: not blank, no comment, no directive, and not the mark of an end with nothing before it.
_CONTENT = re.compile(r"^(?!\.\.\.(?:[ \t\r\n]|\Z))[ \t]*[^#%\s]", re.MULTILINE)
_ODD_BREAK = re.compile("\r(?!\n)|[\x85\u2028\u2029]")
_BREAK_NAMES = {
    "\r": "a carriage return alone",
    "\x85": "NEL (U+0085)",
    "\u2028": "LS (U+2028)",
    "\u2029": "PS (U+2029)",
}


class Document:
    """One document of a manifest: `index` as a YAML loader counts from 0, its text's span, its first line from 1."""

    def __init__(self, index: int, start: int, end: int, line: int) -> None:
        self.index: Final = index
        self.start: Final = start
        self.end: Final = end
        self.line: Final = line


def split(text: str) -> list[Document]:
    """The documents of `text`, in order.

    Comments and directives above a first `---` belong to the document that follows; comments alone are no document;
    nothing between two `---` is one (an empty one). Text between two documents belongs to one of them.
    """
    if "---" not in text and "..." not in text:
        return [Document(0, 0, len(text), 1)] if _CONTENT.search(text) else []
    documents: list[Document] = []
    start = 0
    line = 1
    counted = 0
    explicit = False

    def close(end: int) -> None:
        """Let the text from `start` to `end` be a document, if it is one."""
        nonlocal start, line, counted
        line += text.count("\n", counted, start)
        counted = start
        documents.append(Document(len(documents), start, end, line))
        start = end

    for mark in _MARK.finditer(text):
        if mark.group() == "---":
            if explicit or _CONTENT.search(text, start, mark.start()):
                close(mark.start())
            explicit = True
            continue
        newline = text.find("\n", mark.end())
        end = len(text) if newline < 0 else newline + 1
        if explicit or _CONTENT.search(text, start, mark.start()):
            close(end)
        explicit = False
    if explicit or _CONTENT.search(text, start):
        close(len(text))
    return documents


def check_line_breaks(text: str, document: Document) -> None:
    """Raise TextError (`odd-line-break`) if the document breaks lines in a way that only YAML knows.

    libyaml counts a bare CR, NEL, LS and PS as line ends, editors and git do not; kubectl rejects three of the four.
    """
    if text.isascii() and text.find("\r", document.start, document.end) < 0:
        return
    found = _ODD_BREAK.search(text, document.start, document.end)
    if found is not None:
        line = document.line + text.count("\n", document.start, found.start())
        name = _BREAK_NAMES[found.group()]
        raise TextError("odd-line-break", f"{name} is used as a line break or stands in the text", line)
