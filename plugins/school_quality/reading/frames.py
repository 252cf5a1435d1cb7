"""Length-prefixed messages over a pipe, between `workers` and `worker`."""

from __future__ import annotations

import os
import select
import struct
import time

_HEAD = struct.Struct("<Q")
_BLOCK = 1 << 20


def write_frame(descriptor: int, body: bytes) -> None:
    """Write one message; `BrokenPipeError` where the other side is gone."""
    for part in (_HEAD.pack(len(body)), body):
        view = memoryview(part)
        while view:
            view = view[os.write(descriptor, view[:_BLOCK]) :]


def read_frame(descriptor: int, seconds: float | None = None) -> bytes:
    """Read one message; `EOFError` where the other side is gone or silent for longer than ``seconds``."""
    deadline = None if seconds is None else time.monotonic() + seconds
    (length,) = _HEAD.unpack(_read(descriptor, _HEAD.size, deadline))
    return _read(descriptor, length, deadline)


def _read(descriptor: int, length: int, deadline: float | None) -> bytes:
    parts: list[bytes] = []
    while length:
        if deadline is not None:
            ready, _, _ = select.select([descriptor], [], [], max(0.0, deadline - time.monotonic()))
            if not ready:
                raise EOFError
        part = os.read(descriptor, min(length, _BLOCK))
        if not part:
            raise EOFError
        parts.append(part)
        length -= len(part)
    return b"".join(parts)
