"""Sane sizes of what comes in (contracts 2.5): beyond them a file is rejected before it can do harm."""

from __future__ import annotations

FILE_BYTES = 200_000_000
UNPACKED_BYTES = 1_000_000_000
ENTRIES = 1000
SHEET_CELLS = 20_000_000
SHEET_COLUMNS = 16_384
CHUNK = 1024 * 1024
"""Bytes of unpacked XML held at a time."""
