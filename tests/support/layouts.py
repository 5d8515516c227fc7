"""One manifest in other layouts: what a rewriter must not care about.

A layout is a function of text that can be applied to a manifest before and after a conversion alike, or gives None
where it cannot be applied.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

BOM = "\ufeff"
_ANOTHER = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: another\ndata:\n  containers: |\n    none\n"
_LIST_KEY = re.compile(r"""(?P<blanks>[ ]*)["']?(?P<key>containers|initContainers)["']?[ ]*:\s*(?:[#&].*)?""")
_COMMENT = re.compile(r"[ ]*#")

Layout = Callable[[str], str | None]


def crlf(text: str) -> str | None:
    """With the line ends of Windows."""
    return None if "\r" in text else text.replace("\n", "\r\n")


def bom(text: str) -> str | None:
    """With a byte order mark."""
    return None if text.startswith(BOM) else BOM + text


def no_final_newline(text: str) -> str | None:
    """Without the line end of the last line; there is none to take from a text that ends in blank lines."""
    return text[:-1] if re.search(r"[^\s]\n\Z", text) else None


def after_another(text: str) -> str | None:
    """Behind another document."""
    mark = text.removeprefix(BOM)
    other = _ANOTHER + ("...\n" if mark.startswith("%") else "---\n")
    if "\r\n" in text:
        other = other.replace("\n", "\r\n")
    return BOM + other + mark if mark != text else other + text


def before_another(text: str) -> str | None:
    """Above another document."""
    return text + "---\n" + _ANOTHER if text.endswith("\n") and "\r" not in text else None


def indented_more(text: str) -> str | None:
    """With the lists of containers indented by two columns more."""
    return _shift_lists(text, 2)


def indented_less(text: str) -> str | None:
    """With the lists of containers indented by two columns less."""
    return _shift_lists(text, -2)


LAYOUTS: Mapping[str, Layout] = {
    "crlf": crlf,
    "bom": bom,
    "no-final-newline": no_final_newline,
    "after-another-document": after_another,
    "before-another-document": before_another,
    "list-indented-by-two-more": indented_more,
    "list-indented-by-two-less": indented_less,
}


def _shift_lists(text: str, delta: int) -> str | None:
    """`text` with the block lists of containers moved by `delta` columns; the ones of init containers stay.

    But a list of native sidecars alone, which a conversion has made, moves as the containers do.
    """
    lines = text.split("\n")
    done = False
    index = 0
    while index < len(lines):
        found = _LIST_KEY.fullmatch(lines[index].rstrip("\r"))
        index += 1
        if found is None:
            continue
        column = len(found["blanks"])
        end = _region_end(lines, index, column)
        region = lines[index:end]
        dashes = [line.index("-") for line in region if line.lstrip(" ").startswith("-")]
        if not dashes or (found["key"] == "initContainers" and not _all_native(region, dashes[0])):
            continue
        shifted = _shift_region(region, column, dashes[0], delta)
        if shifted is None:
            return None
        lines[index:end] = shifted
        index = end
        done = True
    return "\n".join(lines) if done else None


def _region_end(lines: list[str], start: int, column: int) -> int:
    """The index behind the list whose key stands in `column`: the next line that is neither blank nor the list's."""
    for index in range(start, len(lines)):
        line = lines[index]
        indent = len(line) - len(line.lstrip(" "))
        if not line.strip() or _COMMENT.match(line):
            continue
        if indent < column or (indent == column and not line.lstrip(" ").startswith("-")):
            return index
    return len(lines)


def _all_native(region: list[str], dash: int) -> bool:
    items = sum(bool(re.match(rf"[ ]{{{dash}}}-(\s|$)", line)) for line in region)
    policies = sum(bool(re.search(r"""restartPolicy["']?: Always""", line)) for line in region)
    return items == policies


def _shift_region(region: list[str], key: int, dash: int, delta: int) -> list[str] | None:
    if dash + delta < key:
        return None
    last = max(index for index, line in enumerate(region) if re.match(rf"[ ]{{{dash}}}-(\s|$)", line))
    shifted = []
    for index, line in enumerate(region):
        indent = len(line) - len(line.lstrip(" "))
        comment = bool(_COMMENT.match(line))
        if comment and key < indent < dash:
            return None
        stays = comment and (indent < dash or (indent == dash == key and index > last))
        if stays or not line.strip("\r"):
            shifted.append(line)
        elif delta > 0:
            shifted.append(" " * delta + line)
        else:
            shifted.append(line[min(indent, -delta) :])
    return shifted
