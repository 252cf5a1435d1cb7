"""Everything that a run wrote, as text: packed, compressed and binary formats are opened first."""

from __future__ import annotations

import gzip
import io
import re
import sqlite3
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import duckdb
from python_calamine import CalamineError, CalamineWorkbook

_ESCAPED = re.compile(r"\\u([0-9a-fA-F]{4})")
_STREAM = re.compile(rb"stream\r?\n(.*?)endstream", re.DOTALL)


def texts(folder: Path, without: Path | None = None) -> Iterator[tuple[Path, str]]:
    """(file, text) of everything below a folder; links are not followed, ``without`` is left out."""
    for file in sorted(folder.rglob("*")):
        if file.is_file() and not file.is_symlink() and not (without and file.is_relative_to(without)):
            for data in _opened(file):
                text = data if isinstance(data, str) else data.decode("utf-8", "ignore")
                yield file, _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)


def _opened(file: Path) -> Iterator[str | bytes]:
    head = file.read_bytes()[:16]
    if head.startswith(b"PAR1"):
        yield from _duckdb_rows(f"select * from read_parquet('{file}')", duckdb.connect())
    elif head[8:12] == b"DUCK":
        with duckdb.connect(str(file), read_only=True) as connection:
            tables = connection.execute("select schema_name, table_name from duckdb_tables()").fetchall()
            for schema, table in tables:
                yield from _duckdb_rows(f'select * from "{schema}"."{table}"', connection)
    elif head.startswith(b"SQLite format 3"):
        with sqlite3.connect(file) as database:
            yield "\n".join(database.iterdump())
    elif head.startswith(b"PK\x03\x04"):
        with zipfile.ZipFile(io.BytesIO(file.read_bytes())) as archive:
            yield from (archive.read(name) for name in archive.namelist())
    elif head.startswith(b"\x1f\x8b"):
        yield gzip.decompress(file.read_bytes())
    elif head.startswith(b"%PDF"):
        for stream in _STREAM.findall(file.read_bytes()):
            try:
                yield zlib.decompress(stream)
            except zlib.error:
                yield stream
    else:
        yield file.read_bytes()


def _duckdb_rows(sql: str, connection: duckdb.DuckDBPyConnection) -> Iterator[str]:
    cursor = connection.execute(sql)
    while rows := cursor.fetchmany(10_000):
        yield "\n".join(map(str, rows))


def people(inbox: Path) -> tuple[set[str], set[str]]:
    """(surnames, documents as ten digits) of all pupils in the protocols and appeals of an inbox."""
    surnames: set[str] = set()
    documents: set[str] = set()
    for rows in _tables(inbox):
        columns: dict[str, int] = {}
        for row in rows:
            if "Фамилия" in row:
                columns = {name: place for place, name in enumerate(row) if name}
                continue
            if not columns or len(row) <= max(columns.values()) or not row[columns["Фамилия"]].isalpha():
                continue
            surnames.add(row[columns["Фамилия"]].strip().lower())
            parts = [row[columns[name]] for name in ("Документ", "Серия", "Номер") if name in columns]
            digits = "".join(f"{int(float(part)):0{width}}" for part, width in _digits(parts))
            documents |= {digits} if len(digits) == 10 else set()
    return surnames, documents


def _digits(parts: list[str]) -> Iterator[tuple[str, int]]:
    numbers = [word for part in parts for word in part.split() if re.fullmatch(r"\d+(?:\.0)?", word)]
    yield from zip(numbers, (4, 6), strict=False)


def _tables(inbox: Path) -> Iterator[list[list[str]]]:
    for file in sorted(inbox.rglob("*")):
        if file.suffix == ".csv":
            raw = file.read_bytes()
            try:
                text = raw.decode("utf-8-sig")
            except UnicodeDecodeError:
                text = raw.decode("cp1251")
            yield [re.split(r"[;\t]", line.replace('"', "")) for line in text.splitlines()]
        elif file.is_file():
            try:
                book = CalamineWorkbook.from_path(file)
            except (CalamineError, OSError):
                continue
            for name in book.sheet_names:
                yield [[str(cell) for cell in row] for row in book.get_sheet_by_name(name).to_python()]
