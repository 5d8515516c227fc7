"""The text of a manifest and the edits made to it."""

from collections.abc import Iterable
from typing import NamedTuple

BOM = "\ufeff"


class Span(NamedTuple):
    """A half-open range of characters in a source."""

    start: int
    end: int


class Edit(NamedTuple):
    """Replace the characters `start:end` of a source by `text`."""

    start: int
    end: int
    text: str


class TextError(Exception):
    """A manifest that cannot be read: `code` names the case, `line` counts from 1."""

    def __init__(self, code: str, message: str, line: int) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.line = line


class EditConflictError(Exception):
    """Two edits want the same characters: a fault of the program, never of the manifest."""


class Source(NamedTuple):
    """Decoded text of one manifest, with what decoding took away (the byte order mark)."""

    text: str
    bom: bool = False

    @classmethod
    def decode(cls, data: bytes) -> "Source":
        """The source of a manifest's bytes.

        Raises TextError (`not-utf8`, `utf-16`) with the line of the first byte that cannot be read.
        """
        if data.startswith((b"\xff\xfe", b"\xfe\xff")):
            raise TextError("utf-16", "the file is UTF-16 or UTF-32; Kubernetes manifests are UTF-8", 1)
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            byte = f"byte 0x{data[error.start]:02x} at offset {error.start}"
            raise TextError("not-utf8", f"the file is not UTF-8: {byte}", line) from None
        return cls.of(text)

    @classmethod
    def of(cls, text: str) -> "Source":
        """The source of decoded text that may still carry its byte order mark."""
        return cls(text[1:], True) if text.startswith(BOM) else cls(text)

    def encode(self) -> bytes:
        """The manifest's bytes: `Source.decode(data).encode() == data`."""
        return self.whole.encode("utf-8")

    @property
    def whole(self) -> str:
        """The text with its byte order mark."""
        return BOM + self.text if self.bom else self.text

    def replaced(self, edits: Iterable[Edit]) -> "Source":
        """The source after `edits` (see `splice`)."""
        return Source(splice(self.text, edits), self.bom)


def splice(text: str, edits: Iterable[Edit]) -> str:
    """`text` with `edits` applied in one forward pass; insertions at one offset keep their order.

    A text whose last line has no line end is edited as though it had one, and loses it again: so whole lines can be
    moved to and from its end. Offsets may therefore point one line end past the text.
    Raises EditConflictError if two edits overlap.
    """
    newline = missing_newline(text)
    padded = text + newline
    parts: list[str] = []
    position = 0
    for edit in sorted(edits, key=lambda edit: (edit.start, edit.end)):
        if edit.start < position:
            raise EditConflictError(f"edits overlap at offset {edit.start}")
        parts += (padded[position : edit.start], edit.text)
        position = edit.end
    parts.append(padded[position:])
    result = "".join(parts)
    return result.removesuffix(newline) if newline else result


def missing_newline(text: str) -> str:
    """The line end that the last line of `text` lacks, in the style of the text's last line end; else nothing."""
    if not text or text.endswith("\n"):
        return ""
    last = text.rfind("\n")
    return "\r\n" if last > 0 and text[last - 1] == "\r" else "\n"


def line_start(text: str, offset: int) -> int:
    """Offset of the first character of the line that holds `offset`."""
    return text.rfind("\n", 0, offset) + 1


def line_end(text: str, offset: int) -> int:
    """Offset just behind the line end of the line that holds `offset`.

    For a last line without one, the place behind the line end that `splice` pretends.
    """
    newline = text.find("\n", offset)
    return newline + 1 if newline >= 0 else len(text) + len(missing_newline(text))


def newline_at(text: str, offset: int) -> str:
    """The line end of the line that holds `offset`; a last line without one copies the line before it."""
    newline = text.find("\n", offset)
    if newline < 0:
        return missing_newline(text) or "\n"
    return "\r\n" if newline > 0 and text[newline - 1] == "\r" else "\n"
