"""A quick look at the bytes of a manifest: whether it may hold what is looked for, before it is decoded and parsed.

Most manifests of a repository hold no pod, and most pods have one container. The look is sound: it lets everything
through that holds a list `containers` with several items, in whichever style it is written, and everything of which it
cannot be sure. It reads only what is plain: a block list whose first item is followed by a line that ends the list.
"""

from __future__ import annotations

import re
from enum import IntEnum
from functools import cache, lru_cache

from sidecarify.direction import Direction
from sidecarify.yamltext.tree import is_sound

UTF_16 = (b"\xff\xfe", b"\xfe\xff")

_KEY = b"containers"
_INIT_KEY = b"initContainers"
# A key with an escape (`"cont\x61iners"`) may be any key.
_ESCAPED = rb'\\[xuU][^"\n]*"\s*:'
_EXPLICIT = rb"\?[ \t][^\n]*containers"
_COLON = re.compile(rb"""["']?\s*:""")
# The value of the key in the simplest form: nothing on its line, then lines that are blank or comments, then an item.
_BLOCK = re.compile(rb":[ \t]*(?:#[^\n]*)?\r?\n(?:[ \t]*(?:#[^\n]*)?\r?\n)*(?P<indent> *)(?P<first>[^ \t\r\n])")
_ODD_BREAK = rb"\r(?!\n)|\xc2\x85|\xe2\x80[\xa8\xa9]"
# Quoted text opens where a value may begin, and closes on the same line where it may end; so does a flow collection.
_QUOTED = rb"""(?<=[\s\[{,:=(-])(?:"(?:[^"'\\\n]++|\\[^\n])*+"|'[^"'\\\n]*+')(?=[\s\]},:);])"""
_INNER = rb"""(?:[^"'\[\]{}#\n]++|%s%s)*+"""
_FLAT = _INNER % (_QUOTED, b"")
_NESTED = _INNER % (_QUOTED, rb"|\[%s\]|\{%s\}" % (_FLAT, _FLAT))
_DEEP = _INNER % (_QUOTED, rb"|\[%s\]|\{%s\}" % (_NESTED, _NESTED))
# Nothing goes on in a further line in a way that lets that line begin anywhere.
_TAME = rb"""(?:[^"'\[\]{}#]++|%s|(?<=\s)#[^\n]*+|\[%s\]|\{%s\})*+\Z""" % (_QUOTED, _DEEP, _DEEP)
# Keys on the way from a document's root to a pod: what is told of a pod that has one of them twice is told of any pod.
_NEAR = rb"kind|apiVersion|metadata|spec|template|jobTemplate|containers|items"
_NAMES = rb"name|generateName|namespace"
_WAY = rb"""\n(?:[ ]{0,8}+["']?+(?:%s|%s)|[ ]{9,}+["']?+(?:%s))["']?+[ \t]*+:""" % (_NEAR, _NAMES, _NEAR)
_MARK = re.compile(rb"\n(?:---|\.\.\.)(?=[ \t\r\n]|\Z)")
_ALIAS = rb"(?:^|[\s\[{,])\*[\w-]"
_WORDS = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_")
_SPACES = (b" ", b"\n", b"\r", b"")


class Look(IntEnum):
    """What a look at the bytes of a manifest has shown.

    NOTHING: it holds nothing that could be worked on. PODS: it may hold pods, none of which is to be worked on unless
    the user names containers; all of its documents that may hold them can be read. WANTED: it must be read.
    """

    NOTHING = 0
    PODS = 1
    WANTED = 2


def look(data: bytes, direction: Direction) -> Look:
    """Look at the bytes of a manifest, or of one document.

    WANTED is what may hold a pod with several containers (or, on the way back, with native sidecars), and what has
    something to tell all the same: comments that decide, a template, pods in what cannot be read.
    """
    if not may_hold_pods(data):
        return Look.NOTHING
    if b"sidecarify" in data:
        return Look.WANTED
    if direction.promotes:
        wanted = may_hold_several(data) or not _reads_well(data)
    else:
        wanted = _may_hold_key(data, _INIT_KEY) and (may_hold_sidecars(data) or not _reads_well(data))
    return Look.WANTED if wanted else Look.PODS


def may_hold_several(data: bytes) -> bool:
    """Whether the bytes may hold a pod with several containers; False is certain, True is not."""
    place = data.find(_KEY)
    if place < 0:
        return _is_encoded(data)
    if data.startswith(b"{"):
        return _may_hold_several_json(data)
    if _is_encoded(data) or _breaks_oddly(data) or (b"?" in data and re.search(_EXPLICIT, data) is not None):
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


def _may_hold_several_json(data: bytes) -> bool:
    """The same of a manifest in JSON, read as such: what is no JSON may still be YAML."""
    import json  # noqa: PLC0415  (few manifests are written in it)

    try:
        json.loads(data, object_pairs_hook=_has_no_several)
    except (ValueError, RecursionError):
        return True
    return False


def _has_no_several(pairs: list[tuple[str, object]]) -> None:
    """Raise ValueError for a list `containers` with several items, and for a key that stands twice."""
    if len({key for key, _ in pairs}) < len(pairs):
        raise ValueError
    for key, value in pairs:
        if key == "containers" and isinstance(value, list) and len(value) > 1:
            raise ValueError


def may_hold_sidecars(data: bytes) -> bool:
    """Whether the bytes may hold a pod with native sidecars; False is certain, True is not."""
    return (_INIT_KEY in data and b"restartPolicy" in data) or _is_encoded(data)


def may_hold_pods(data: bytes) -> bool:
    """Whether the bytes may hold a pod at all; False is certain, True is not."""
    return _may_hold_key(data, _KEY)


def _may_hold_key(data: bytes, key: bytes) -> bool:
    return key in data or _is_encoded(data)


def _reads_well(data: bytes) -> bool:
    """Whether nothing will be reported of the manifest: no template, no key twice on the way to a pod, sound YAML."""
    if b"{{" in data or (b"*" in data and re.search(_ALIAS, data) is not None) or _breaks_oddly(data):
        return False
    return is_sound(data) and not _repeats(data)


def _repeats(data: bytes) -> bool:
    """Whether a mapping on the way to a pod has a key twice, in block style."""
    lines = b"\n" + data
    keys = re.findall(_WAY, lines)
    if len(set(keys)) == len(keys):
        return False
    seen: dict[bytes, int] = {}
    for key in re.finditer(_WAY, lines):
        line = key.group()[1:]
        before = seen.get(line)
        if before is not None:
            indent = len(line) - len(line.lstrip(b" "))
            between = _ending(indent - 1) if indent else _MARK
            if between.search(lines, before, key.start() + 1) is None:
                return True
        seen[line] = key.end()
    return False


def _is_encoded(data: bytes) -> bool:
    """Whether keys of the text need not stand in the bytes as they are."""
    return (b"\\" in data and re.search(_ESCAPED, data) is not None) or data.startswith(UTF_16)


def _breaks_oddly(data: bytes) -> bool:
    # One byte is looked for ten times as fast as two, and most manifests are ASCII.
    odd = b"\r" in data or (not data.isascii() and (b"\xc2\x85" in data or b"\xe2\x80" in data))
    return odd and re.search(_ODD_BREAK, data) is not None


def _is_single(data: bytes, block: re.Match[bytes]) -> bool:
    """Whether the value of `containers` is certainly no list of several items."""
    begin = block.start("first")
    if data[begin] != ord("-"):
        return data[begin] in _WORDS
    if data[begin + 1 : begin + 2] not in _SPACES or data.startswith(b"---", begin):
        return False
    indent = begin - block.start("indent")
    end = _ending(indent).search(data, begin)
    if end is None:
        return _tame().match(data, begin) is not None
    line, mark = end.start() + 1, end.end() - 1
    if data[mark] == ord("-"):
        # Another item of the list, unless it is one of an outer list, or the line that ends the document.
        is_outer = mark - line < indent and data[mark + 1 : mark + 2] in _SPACES
        if not is_outer and not (data.startswith(b"---", mark) and mark == line):
            return False
    elif data[mark] not in _WORDS and data[mark] not in b'."]}':
        return False
    return _tame().match(data, begin, line) is not None


@cache
def _tame() -> re.Pattern[bytes]:
    # Slow to compile, and a manifest that has several containers does not need it.
    return re.compile(_TAME)


@lru_cache(maxsize=64)
def _ending(indent: int) -> re.Pattern[bytes]:
    """A line end, and behind it a line that belongs to no item of a list with this indentation, or begins another."""
    return re.compile(rb"\n {0,%d}[^ \r\n#]" % indent)
