"""A quick look at the bytes of a manifest: whether it may hold what is looked for, before it is decoded and parsed.

Most manifests of a repository hold no pod, and most pods have one container. The look is sound: it lets everything
through that holds a list `containers` with several items, in whichever style it is written, and everything of which it
cannot be sure. It reads only what is plain: a block list whose first item is followed by a line that ends the list.
"""

from __future__ import annotations

import re
from functools import lru_cache

UTF_16 = (b"\xff\xfe", b"\xfe\xff")

_KEY = b"containers"
# A key with an escape (`"cont\x61iners"`) may be any key.
_ESCAPED = re.compile(rb'\\[xuU][^"\n]*"\s*:')
_EXPLICIT = re.compile(rb"\?[ \t][^\n]*containers")
_COLON = re.compile(rb"""["']?\s*:""")
# The value of the key in the simplest form: nothing on its line, then lines that are blank or comments, then an item.
_BLOCK = re.compile(rb":[ \t]*(?:#[^\n]*)?\r?\n(?:[ \t]*(?:#[^\n]*)?\r?\n)*(?P<indent> *)(?P<first>[^ \t\r\n])")
_ODD_BREAK = re.compile(rb"\r(?!\n)|\xc2\x85|\xe2\x80[\xa8\xa9]")
# Quoted text opens where a value may begin, and closes on the same line where it may end; so does a flow collection.
_QUOTED = rb"""(?<=[\s\[{,:=(-])(?:"(?:[^"'\\\n]++|\\[^\n])*+"|'[^"'\\\n]*+')(?=[\s\]},:);])"""
_INNER = rb"""(?:[^"'\[\]{}#\n]++|%s%s)*+"""
_FLAT = _INNER % (_QUOTED, b"")
_NESTED = _INNER % (_QUOTED, rb"|\[%s\]|\{%s\}" % (_FLAT, _FLAT))
_DEEP = _INNER % (_QUOTED, rb"|\[%s\]|\{%s\}" % (_NESTED, _NESTED))
# Nothing goes on in a further line in a way that lets that line begin anywhere.
_TAME = re.compile(rb"""(?:[^"'\[\]{}#]++|%s|(?<=\s)#[^\n]*+|\[%s\]|\{%s\})*+\Z""" % (_QUOTED, _DEEP, _DEEP))
_WORDS = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_")
_SPACES = (b" ", b"\n", b"\r", b"")


def may_hold_several(data: bytes) -> bool:
    """Whether the bytes may hold a pod with several containers; False is certain, True is not."""
    place = data.find(_KEY)
    if place < 0:
        return _is_encoded(data)
    if _is_encoded(data) or _breaks_oddly(data) or (b"? " in data and _EXPLICIT.search(data) is not None):
        return True
    while place >= 0:
        after = place + len(_KEY)
        colon = _COLON.match(data, after)
        if colon is not None:
            block = _BLOCK.match(data, after)
            if block is None or not _is_single(data, block):
                return True
        place = data.find(_KEY, after)
    return False


def may_hold_sidecars(data: bytes) -> bool:
    """Whether the bytes may hold a pod with native sidecars; False is certain, True is not."""
    return (b"initContainers" in data and b"restartPolicy" in data) or _is_encoded(data)


def may_hold_pods(data: bytes) -> bool:
    """Whether the bytes may hold a pod at all; False is certain, True is not."""
    return b"containers" in data or _is_encoded(data)


def _is_encoded(data: bytes) -> bool:
    """Whether keys of the text need not stand in the bytes as they are."""
    return (b"\\" in data and _ESCAPED.search(data) is not None) or data.startswith(UTF_16)


def _breaks_oddly(data: bytes) -> bool:
    odd = b"\r" in data or b"\xc2\x85" in data or b"\xe2\x80" in data
    return odd and _ODD_BREAK.search(data) is not None


def _is_single(data: bytes, block: re.Match[bytes]) -> bool:
    """Whether the value of `containers` is certainly no list of several items."""
    begin = block.start("first")
    if data[begin] != ord("-"):
        return data[begin] in _WORDS
    if data[begin + 1 : begin + 2] not in _SPACES or data.startswith(b"---", begin):
        return False
    indent = begin - block.start("indent")
    end = _ending(indent).search(data, data.find(b"\n", begin) + 1 or len(data))
    if end is None:
        return _TAME.match(data, begin) is not None
    mark = end.end() - 1
    if data[mark] == ord("-"):
        # Another item of the list, unless it is one of an outer list, or the line that ends the document.
        is_outer = mark - end.start() < indent and data[mark + 1 : mark + 2] in _SPACES
        if not is_outer and not (data.startswith(b"---", mark) and mark == end.start()):
            return False
    elif data[mark] not in _WORDS and data[mark] not in b'."]}':
        return False
    return _TAME.match(data, begin, end.start()) is not None


@lru_cache(maxsize=64)
def _ending(indent: int) -> re.Pattern[bytes]:
    """A line that belongs to no item of a list with this indentation, or begins another one."""
    return re.compile(rb"^ {0,%d}[^ \r\n#]" % indent, re.MULTILINE)
