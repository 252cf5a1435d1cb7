"""The inbox: which files there are, what an archive holds, and what their paths say.

Nothing is ever written here. Hidden and temporary files are left alone. All else that is not read is told
with its reason (`PassedOver`), and looked at again the next time.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import io
import os
import stat
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from school_quality.model import Context, Remark
from school_quality.reading import containers, context, limits
from school_quality.reading.failures import Rejected

_TEMPORARY = (".tmp", ".part", ".partial", ".crdownload", ".download", ".swp", ".lock", "~", "#")
_SYSTEM = frozenset({"thumbs.db", "desktop.ini"})
_BLOCK = 1024 * 1024
_WORKBOOKS = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")


Reason = Literal["locked", "young", "future", "no_access", "unreadable", "link", "name", "special"]

Stamp = tuple[int, int, float]
"""Size, modification time in ns, and when it was first seen so, in seconds of the machine's steady clock."""


@dataclass(frozen=True, slots=True)
class PassedOver:
    """Something of the inbox that a look did not read; the path of a folder ends with ``/``."""

    path: str
    reason: Reason
    detail: str = ""


@dataclass(slots=True)
class Look:
    """What lies in the inbox: what can be read, in the order of modification time, then path, and what not.

    ``young``: by path, the files that may still be being written, for the next look to compare with.
    """

    sources: list[Source] = field(default_factory=list)
    passed_over: list[PassedOver] = field(default_factory=list)
    young: dict[str, Stamp] = field(default_factory=dict)


class NotNow(OSError):
    """The file is there and cannot be read now, for a reason that will pass by itself."""

    def __init__(self, reason: Reason, file: str) -> None:
        super().__init__(errno.EBUSY, "занят или ещё записывается", file)
        self.reason = reason


class SourceChanged(Exception):
    """The file is not the one that was scanned any more: it is left for the next time."""


@dataclass(frozen=True, slots=True)
class Source:
    """A file of the inbox, or an entry of an archive there.

    ``path`` is relative to the inbox with ``/`` (``archive.zip/entry``), ``modified_at`` in seconds since
    1970 (of the archive for its entries), ``rejection`` what the scan already found wrong.
    """

    path: str
    file: str  # where to open it; no `Path`: an inbox has thousands, and each goes to a process and back
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
            data = _load_file(self.file) if self.entry is None else _load_entry(self.file, self.entry)
        except OSError as error:  # gone, or closed to us since
            raise SourceChanged(self.path) from error
        if hashlib.sha256(data).hexdigest() != self.file_id:
            raise SourceChanged(self.path)
        return data


def _load_file(file: str) -> bytes:
    with open(file, "rb", buffering=0) as stream:  # noqa: PTH123 - see `Source.file`
        return stream.readall()


def scan(inbox: Path) -> list[Source]:
    """Everything in ``inbox`` that can be read now, in the order of modification time, then path."""
    return look(inbox).sources


def look(inbox: Path, quiet_seconds: float = 0, young: Mapping[str, Stamp] | None = None) -> Look:
    """Look at everything in ``inbox``.

    A file that changed less than ``quiet_seconds`` ago may still be being written and is passed over. So
    says the clock; where ``young``, of the look before, shows that the file has not changed for as long, it
    is read whatever the clock says.
    """
    found = Look()
    now, steady = time.time(), time.monotonic()

    def unrest(relative: str, status: os.stat_result) -> Reason | None:
        age = now - status.st_mtime
        if quiet_seconds <= 0 or age >= quiet_seconds:
            return None
        size, modified, since = (young or {}).get(relative, (0, 0, steady))
        if (size, modified) != (status.st_size, status.st_mtime_ns):
            since = steady
        if steady - since >= quiet_seconds or since > steady:  # or the machine has been started since
            return None
        found.young[relative] = status.st_size, status.st_mtime_ns, since
        return "future" if age < -quiet_seconds else "young"

    root = str(inbox)
    for relative, file in _files(root, found):
        try:
            found.sources += _sources(file, relative, unrest)
        except FileNotFoundError:
            continue  # gone since its folder was listed
        except OSError as error:
            found.passed_over.append(_passed_over(relative, error))
    found.sources.sort(key=lambda s: (s.modified_at, s.path))
    found.passed_over.sort(key=lambda p: p.path)
    return found


def _relative(file: str, root: str) -> str:
    return file[len(root) :].replace(os.sep, "/").lstrip("/")


def _passed_over(relative: str, error: OSError) -> PassedOver:
    if isinstance(error, NotNow):
        return PassedOver(relative, error.reason)
    if isinstance(error, PermissionError):
        return PassedOver(relative, "no_access")
    return PassedOver(relative, "unreadable", error.strerror or type(error).__name__)


def of_files(files: list[Path], inbox: Path | None = None) -> list[Source]:
    """Sources of named files, such as those of ``preview``; paths relative to ``inbox`` where they lie in it.

    `OSError` where a file cannot be read or another process holds it locked.
    """
    found: list[Source] = []
    for file in files:
        inside = inbox is not None and file.resolve().is_relative_to(inbox.resolve())
        relative = file.resolve().relative_to(inbox.resolve()).as_posix() if inside and inbox else file.name
        found += _sources(str(file.resolve()), relative)
    return found


def is_left_alone(name: str) -> bool:
    """Hidden, system and temporary files, and Excel's owner files."""
    lowered = name.lower()
    return name.startswith((".", "~$")) or lowered.endswith(_TEMPORARY) or lowered in _SYSTEM


def _files(root: str, found: Look) -> Iterator[tuple[str, str]]:
    """The files below ``root``, each with where to open it; what is no file, or may not be followed, is
    passed over.

    A link is followed to a file of the inbox, and nowhere else: folders are never entered through one.
    """
    inside = os.path.join(os.path.realpath(root), "")  # noqa: PTH118 - see below
    folders = [root]
    while folders:
        folder = folders.pop()
        try:
            with os.scandir(folder) as listed:
                entries = sorted(listed, key=lambda entry: entry.name)
        except FileNotFoundError:
            continue
        except OSError as error:
            found.passed_over.append(_passed_over(_relative(folder, root) + "/", error))
            continue
        # no `Path`: one costs as much as hashing a form
        for entry in entries:
            if is_left_alone(entry.name) or entry.name == "__MACOSX":
                continue
            if not _is_text(entry.name):
                found.passed_over.append(PassedOver(_shown(_relative(entry.path, root)), "name"))
            elif entry.is_dir(follow_symlinks=False):
                folders.append(entry.path)
            elif entry.is_file(follow_symlinks=False):
                yield _relative(entry.path, root), entry.path
            elif not entry.is_symlink():
                found.passed_over.append(PassedOver(_relative(entry.path, root), "special"))
            else:
                target = os.path.realpath(entry.path)
                if target.startswith(inside) and os.path.isfile(target):  # noqa: PTH113 - see above
                    yield _relative(entry.path, root), target
                else:
                    found.passed_over.append(PassedOver(_relative(entry.path, root), "link"))


def _is_text(name: str) -> bool:
    """Whether a name is in the encoding of the system: another one comes as half characters."""
    return not any("\ud800" <= letter <= "\udfff" for letter in name)


def _shown(path: str) -> str:
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _at_rest(_relative: str, _status: os.stat_result) -> Reason | None:
    return None


def _sources(
    file: str,
    relative: str,
    unrest: Callable[[str, os.stat_result], Reason | None] = _at_rest,
) -> list[Source]:
    """The sources of one file; ``unrest`` says why it cannot be read yet.

    `NotNow` where it cannot, is locked or changed while it was looked at, another `OSError` where it cannot
    be read. Few system calls: an inbox has thousands of small files.
    """
    descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW)
    try:
        before = os.fstat(descriptor)
        if not stat.S_ISREG(before.st_mode):
            raise OSError(errno.EINVAL, "не обычный файл", file)
        if reason := unrest(relative, before):
            raise NotNow(reason, file)
        _refuse_locked(descriptor, file)
        head, file_id = _hash(descriptor, before.st_size)
        whole = Source(relative, file, file_id, context.of_path(relative), before.st_mtime, before.st_size)
        sources = [whole]
        if before.st_size > limits.FILE_BYTES:
            sources = [replace(whole, rejection=Remark("file_too_large", "file"))]
        elif head.startswith(b"PK") and not relative.lower().endswith(_WORKBOOKS):
            with open(descriptor, "rb", closefd=False) as stream:
                sources = _entries(whole, stream)
        after = os.fstat(descriptor)
    finally:
        os.close(descriptor)  # gives the locks back too
    if (after.st_size, after.st_mtime_ns) != (before.st_size, before.st_mtime_ns):
        raise NotNow("young", file)
    return sources


def _hash(descriptor: int, size: int) -> tuple[bytes, str]:
    """(first bytes, sha256) of an open file."""
    block = os.read(descriptor, min(size + 1, _BLOCK))
    head, digest = block[:8], hashlib.sha256(block)
    read = len(block)
    while block and read < size:
        block = os.read(descriptor, _BLOCK)
        digest.update(block)
        read += len(block)
    return head, digest.hexdigest()


def _refuse_locked(descriptor: int, file: str) -> None:
    """`NotNow` where another process holds a lock on the file, of either kind."""
    for lock in (fcntl.flock, fcntl.lockf):
        try:
            lock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError) as error:
            raise NotNow("locked", file) from error
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
        return [replace(archive, rejection=rejected.remark)]


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


def _load_entry(file: str, number: int) -> bytes:
    """An entry's bytes; the archive opened last stays open, for its directory may be long."""
    global _last_archive
    key = (file, os.stat(file).st_mtime_ns)  # noqa: PTH116 - see `Source.file`
    if _last_archive is None or _last_archive[0] != key:
        if _last_archive is not None:
            _last_archive[1].close()
        _last_archive = (key, zipfile.ZipFile(file))
    archive = _last_archive[1]
    return b"".join(_unpack(archive, archive.infolist()[number]))
