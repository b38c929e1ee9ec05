"""Streams of Arrow that somebody may have forged: a kilobyte of a compressed one may unpack to gigabytes.

This package writes none. No library says beforehand whether a stream is compressed, so the few fields that
tell are read here, from the format's flatbuffers: a table starts with the way back to its list of places of
fields.
"""

from __future__ import annotations

import struct
from typing import Final

CONTINUED: Final = 0xFFFFFFFF  # stands before the length of every message
HEADER_TYPE, HEADER, BODY_LENGTH = 1, 2, 3  # fields of a message
DICTIONARY, ROWS = 2, 3  # types of messages that hold data
DATA, COMPRESSION = 1, 3  # fields of a dictionary, and of the rows in both


def refuse_compressed(stream: bytes) -> None:
    """Raise ``ValueError`` if a message of a stream is compressed, ``struct.error`` if one is broken.

    Streams of before Arrow 0.15, which libraries still read, are refused with a ``ValueError``, too.
    """
    start = 0
    while start + 8 <= len(stream):
        mark, size = struct.unpack_from("<Ii", stream, start)
        if mark != CONTINUED:
            raise ValueError("tables in files are streams of Arrow 0.15 or later")
        if size <= 0:
            return
        start += 8
        message = _Table(stream[start : start + size], *struct.unpack_from("<I", stream, start))
        kind = message.number(HEADER_TYPE, "<B")
        if kind in (DICTIONARY, ROWS):
            rows = message.table(HEADER)
            rows = rows.table(DATA) if kind == DICTIONARY else rows
            if rows.place(COMPRESSION):
                raise ValueError("tables in files are not compressed")
        n_after = message.number(BODY_LENGTH, "<q")
        if n_after < 0:  # the same message would be read for ever
            raise ValueError("a message of a table has a negative length")
        start += size + n_after


class _Table:
    """A table of flatbuffers, by the position where it begins."""

    def __init__(self, data: bytes, position: int) -> None:
        self.data, self.position = data, position
        self.places = position - struct.unpack_from("<i", data, position)[0]

    def place(self, field: int) -> int:
        """Position of a field, 0 if it has the default."""
        at = 4 + 2 * field
        if at >= struct.unpack_from("<H", self.data, self.places)[0]:
            return 0
        offset: int = struct.unpack_from("<H", self.data, self.places + at)[0]
        return offset and self.position + offset

    def number(self, field: int, kind: str) -> int:
        """A field that is a number."""
        place = self.place(field)
        found: int = struct.unpack_from(kind, self.data, place)[0] if place else 0
        return found

    def table(self, field: int) -> _Table:
        """A field that is a table."""
        place = self.place(field)
        return _Table(self.data, place + struct.unpack_from("<I", self.data, place)[0])
