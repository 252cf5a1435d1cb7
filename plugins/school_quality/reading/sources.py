"""The inbox: which files there are, what an archive holds, and what their paths say.

Nothing is ever written here. Hidden and temporary files, files that are locked, still being written or too
young are left alone: they come up again at the next scan.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import io
import os
import time
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from school_quality.model import Context, Remark
from school_quality.reading import containers, context, limits
from school_quality.reading.failures import Rejected

_TEMPORARY = (".tmp", ".part", ".partial", ".crdownload", ".download", ".swp", ".lock", "~", "#")
_SYSTEM = frozenset({"thumbs.db", "desktop.ini"})
_BLOCK = 1024 * 1024
_WORKBOOKS = (".xlsx", ".xlsm", ".xls", ".ods")


class SourceChanged(Exception):
    """The file is not the one that was scanned any more: it is left for the next time."""


@dataclass(frozen=True, slots=True)
class Source:
    """A file of the inbox, or an entry of an archive there.

    ``path`` is relative to the inbox with ``/`` (``archive.zip/entry``), ``modified_at`` in seconds since
    1970 (of the archive for its entries), ``rejection`` what the scan already found wrong.
    """

    path: str
    file: Path
    file_id: str  # sha256 of the content, hex
    context: Context
    modified_at: float
    size: int
    entry: int | None = None  # number of the entry in the archive
    rejection: Remark | None = None

    def load(self) -> bytes:
        """The content. `SourceChanged` where it is not what was scanned; `Rejected` where an entry is
        damaged."""
        try:
            data = self.file.read_bytes() if self.entry is None else _load_entry(self.file, self.entry)
        except FileNotFoundError as error:
            raise SourceChanged(self.path) from error
        if hashlib.sha256(data).hexdigest() != self.file_id:
            raise SourceChanged(self.path)
        return data


def scan(inbox: Path, quiet_seconds: float = 0) -> list[Source]:
    """Everything in ``inbox`` that can be looked at now, in the order of modification time, then path."""
    found: list[Source] = []
    now = time.time()
    for file in _files(inbox):
        relative = file.relative_to(inbox).as_posix()
        try:
            before = file.stat()
            if now - before.st_mtime < quiet_seconds:
                continue
            sources = _sources(file, relative, before)
            after = file.stat()
        except OSError:
            continue  # gone, locked or not readable yet: looked at again next time
        if (after.st_size, after.st_mtime_ns) == (before.st_size, before.st_mtime_ns):
            found += sources
    return sorted(found, key=lambda s: (s.modified_at, s.path))


def of_files(files: list[Path], inbox: Path | None = None) -> list[Source]:
    """Sources of named files, such as those of ``preview``; paths relative to ``inbox`` where they lie in
    it."""
    found: list[Source] = []
    for file in files:
        inside = inbox is not None and file.resolve().is_relative_to(inbox.resolve())
        relative = file.resolve().relative_to(inbox.resolve()).as_posix() if inside and inbox else file.name
        found += _sources(file, relative, file.stat())
    return found


def is_left_alone(name: str) -> bool:
    """Hidden, system and temporary files, and Excel's owner files."""
    lowered = name.lower()
    return name.startswith((".", "~$")) or lowered.endswith(_TEMPORARY) or lowered in _SYSTEM


def _files(folder: Path) -> Iterator[Path]:
    for root, folders, names in os.walk(folder):
        folders[:] = sorted(f for f in folders if not is_left_alone(f) and f != "__MACOSX")
        for name in sorted(names):
            if not is_left_alone(name):
                yield Path(root, name)


def _sources(file: Path, relative: str, stat: os.stat_result) -> list[Source]:
    of_path = context.of_path(relative)
    with file.open("rb") as stream:
        _refuse_locked(stream)
        head = stream.read(8)
        stream.seek(0)
        file_id = _hash(stream)
        stream.seek(0)
        whole = Source(relative, file, file_id, of_path, stat.st_mtime, stat.st_size)
        if stat.st_size > limits.FILE_BYTES:
            return [_with(whole, Remark("file_too_large", "file"))]
        is_zip = head.startswith(b"PK") and not relative.lower().endswith(_WORKBOOKS)
        if not is_zip:
            return [whole]
        return _entries(whole, stream)


def _with(source: Source, remark: Remark) -> Source:
    return Source(
        source.path,
        source.file,
        source.file_id,
        source.context,
        source.modified_at,
        source.size,
        source.entry,
        remark,
    )


def _hash(stream: io.BufferedReader) -> str:
    digest = hashlib.sha256()
    while block := stream.read(_BLOCK):
        digest.update(block)
    return digest.hexdigest()


def _refuse_locked(stream: io.BufferedReader) -> None:
    """`OSError` where another process holds a lock on the file, of either kind."""
    for lock in (fcntl.flock, fcntl.lockf):
        try:
            lock(stream.fileno(), fcntl.LOCK_SH | fcntl.LOCK_NB)
            lock(stream.fileno(), fcntl.LOCK_UN)
        except (BlockingIOError, PermissionError):
            raise
        except OSError:
            return  # a file system without locks


def _entries(archive: Source, stream: io.BufferedReader) -> list[Source]:
    """The entries of an archive as sources of their own; the archive itself where it is rejected or a
    workbook."""
    try:
        with _open_archive(stream) as unzipped:
            infos = unzipped.infolist()
            if _is_document({i.filename.lower() for i in infos}):
                return [archive]
            names = [_entry_name(i) for i in infos]
            for name in names:
                _check_path(name)
            wanted = [n for n, (i, name) in enumerate(zip(infos, names, strict=True)) if _is_wanted(i, name)]
            if not wanted:
                raise Rejected("file_empty")
            return [_entry(archive, unzipped, number, names[number]) for number in wanted]
    except Rejected as rejected:
        return [_with(archive, rejected.remark)]


def _open_archive(stream: io.BufferedReader) -> zipfile.ZipFile:
    stream.seek(0, os.SEEK_END)
    stream.seek(max(0, stream.tell() - 65557))
    containers.check_end_record(stream.read())
    stream.seek(0)
    try:
        archive = zipfile.ZipFile(stream)
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as error:
        raise Rejected("file_unreadable") from error
    entries = archive.infolist()
    if len(entries) > limits.ENTRIES:
        raise Rejected("too_many_entries")
    if any(e.flag_bits & 1 for e in entries):
        raise Rejected("file_encrypted")
    if sum(e.file_size for e in entries) > limits.UNPACKED_BYTES:
        raise Rejected("unpacked_too_large")
    return archive


def _unpack(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    """The unpacked bytes of an entry by chunks; damaged or lying entries raise `Rejected`."""
    try:
        with archive.open(entry) as stream:
            while chunk := stream.read(_BLOCK):
                yield chunk
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError) as error:
        raise Rejected("file_unreadable") from error
    except RuntimeError as error:  # what zipfile raises for a password
        raise Rejected("file_encrypted") from error


def _is_document(names: set[str]) -> bool:
    """A workbook or another office document, whatever its file is called."""
    return "[content_types].xml" in names or "mimetype" in names


def _entry_name(info: zipfile.ZipInfo) -> str:
    """The name of an entry; without the UTF-8 flag it is cp866 (Windows in Russian), or UTF-8 all the
    same."""
    name = info.filename
    if not info.flag_bits & 0x800:
        with contextlib.suppress(UnicodeEncodeError):
            raw = name.encode("cp437")
            try:
                name = raw.decode("utf-8")
            except UnicodeDecodeError:
                name = raw.decode("cp866")
    return name.replace("\\", "/")


def _check_path(name: str) -> None:
    if name.startswith("/") or ".." in name.split("/") or name[1:2] == ":":
        raise Rejected("path_outside")


def _is_wanted(info: zipfile.ZipInfo, name: str) -> bool:
    return (
        not info.is_dir()
        and not name.endswith("/")
        and not any(is_left_alone(part) or part == "__MACOSX" for part in name.split("/"))
    )


def _entry(archive: Source, unzipped: zipfile.ZipFile, number: int, name: str) -> Source:
    info = unzipped.infolist()[number]
    digest = hashlib.sha256()
    size = 0
    head = b""
    for chunk in _unpack(unzipped, info):
        head = head or chunk[:8]
        size += len(chunk)
        digest.update(chunk)
    path = f"{archive.path}/{name}"
    remark: Remark | None = None
    if size > limits.FILE_BYTES:
        remark = Remark("file_too_large", "file")
    elif head.startswith(b"PK\x03\x04") and not name.lower().endswith(_WORKBOOKS):
        with zipfile.ZipFile(io.BytesIO(unzipped.read(info))) as inner:
            if not _is_document({i.filename.lower() for i in inner.infolist()}):
                remark = Remark("nested_archive", "file")
    return Source(
        path,
        archive.file,
        digest.hexdigest(),
        context.of_path(path),
        archive.modified_at,
        size,
        number,
        remark,
    )


_last_archive: tuple[tuple[str, int], zipfile.ZipFile] | None = None


def _load_entry(file: Path, number: int) -> bytes:
    """An entry's bytes; the archive opened last stays open, for its directory may be long."""
    global _last_archive
    key = (str(file), file.stat().st_mtime_ns)
    if _last_archive is None or _last_archive[0] != key:
        if _last_archive is not None:
            _last_archive[1].close()
        _last_archive = (key, zipfile.ZipFile(file))
    archive = _last_archive[1]
    return b"".join(_unpack(archive, archive.infolist()[number]))
