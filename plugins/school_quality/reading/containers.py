"""The ZIP container of a workbook, read with only what is needed: small files are many, and `zipfile` costs
as much for each of them as calamine does (APPNOTE 6.3.10: end record, central directory, local headers).
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import NamedTuple

from school_quality.reading import limits
from school_quality.reading.failures import Rejected

_END = struct.Struct("<4s4H2LH")
_CENTRAL = struct.Struct("<4s4x2H4x3L3H8xL")
_LOCAL = struct.Struct("<4s5H3L2H")
_STORED, _DEFLATED = 0, 8
_ENCRYPTED = 1
_ZIP64 = 0xFFFFFFFF


class Part(NamedTuple):
    """An entry of the container; ``size`` is what the directory declares."""

    name: str
    flags: int
    method: int
    crc: int
    packed: int
    size: int
    offset: int


def check_end_record(tail: bytes) -> tuple[int, int, int]:
    """(entries, bytes, offset) of the directory, from the last bytes of a file.

    Looked at before the directory is read: a million entries cost seconds and memory. Raises `Rejected`.
    """
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) < at + _END.size:
        raise Rejected("file_unreadable")
    _, _, _, _, entries, size, offset, _ = _END.unpack_from(tail, at)
    if entries > limits.ENTRIES or size > limits.ENTRIES * 4096:
        raise Rejected("too_many_entries")
    return entries, size, offset


def directory(data: bytes) -> list[Part]:
    """The parts of a workbook. Raises `Rejected`: damaged, encrypted, too many parts, too large when
    unpacked."""
    entries, _, at = check_end_record(data[-65557:])
    parts: list[Part] = []
    unpack_from, central = _CENTRAL.unpack_from, _CENTRAL.size
    try:
        for _ in range(entries):
            magic, flags, method, crc, packed, size, length, extra, comment, offset = unpack_from(data, at)
            if magic != b"PK\x01\x02":
                raise Rejected("file_unreadable")
            at += central
            name = data[at : at + length].decode("utf-8", "replace")
            at += length
            if size == _ZIP64 or packed == _ZIP64 or offset == _ZIP64:
                size, packed, offset = _of_zip64(data[at : at + extra], size, packed, offset)
            parts.append(Part(name, flags, method, crc, packed, size, offset))
            at += extra + comment
    except struct.error as error:
        raise Rejected("file_unreadable") from error
    if any(p.flags & _ENCRYPTED for p in parts):
        raise Rejected("file_encrypted")
    if sum(p.size for p in parts) > limits.UNPACKED_BYTES:
        raise Rejected("unpacked_too_large")
    return parts


def _of_zip64(extra: bytes, *values: int) -> Iterator[int]:
    """Values that the directory leaves to the ZIP64 field: writers in Java use it for small files too."""
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, at)
        if kind == 1:
            wide = struct.iter_unpack("<Q", extra[at + 4 : at + 4 + length // 8 * 8])
            for value in values:
                yield next(wide, (value,))[0] if value == _ZIP64 else value
            return
        at += 4 + length
    yield from values


def unpack(data: bytes, part: Part) -> Iterator[bytes]:
    """The unpacked bytes by chunks; a part whose bytes are not what the directory declares is `Rejected`."""
    try:
        magic, _, _, _, _, _, _, _, _, name_length, extra = _LOCAL.unpack_from(data, part.offset)
    except struct.error as error:
        raise Rejected("file_unreadable") from error
    start = part.offset + _LOCAL.size + name_length + extra
    packed = data[start : start + part.packed]
    if magic != b"PK\x03\x04" or len(packed) < part.packed or part.method not in (_STORED, _DEFLATED):
        raise Rejected("file_unreadable")
    crc = size = 0
    for chunk in _inflate(packed) if part.method == _DEFLATED else [packed]:
        size += len(chunk)
        if size > part.size:
            raise Rejected("unpacked_too_large" if size > limits.UNPACKED_BYTES else "file_unreadable")
        crc = zlib.crc32(chunk, crc)
        yield chunk
    if size != part.size or crc != part.crc:
        raise Rejected("file_unreadable")


def _inflate(packed: bytes) -> Iterator[bytes]:
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        chunk = inflater.decompress(packed, limits.CHUNK)
        while chunk:
            yield chunk
            chunk = inflater.decompress(inflater.unconsumed_tail, limits.CHUNK)
    except zlib.error as error:
        raise Rejected("file_unreadable") from error
