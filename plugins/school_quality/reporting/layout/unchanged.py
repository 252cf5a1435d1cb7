"""Documents whose inputs did not change are taken from the release before, not written again.

Beside its documents a release keeps ``documents.json``: for each file the fingerprint of all that it was made
of, and its checksum. A file is taken only if the fingerprint is the same and it is still what was written
then. A folder of documents gets its name when it is complete, so a crash leaves no record of files that are
not there.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path

from school_quality import seeds

log = logging.getLogger(__name__)

RECORD = "documents.json"
_HERE = Path(__file__).parents[1]
# What lays documents out besides the files of this package.
LIBRARIES = ("jinja2", "typst", "xlsxwriter")


@dataclass(frozen=True, slots=True)
class Written:
    """A file: the fingerprint of its inputs and the sha256 of its content."""

    inputs: str
    sha256: str


Record = dict[str, Written]
"""By the name of the file below the folder of the documents."""


@cache
def layout_fingerprint() -> str:
    """A hash of the templates, words, fonts, code and libraries that turn data into documents."""
    digest = hashlib.sha256(repr((sys.version_info[:2], *map(version, LIBRARIES))).encode())
    for path in _layout_files():
        digest.update(f"{path.relative_to(_HERE)}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    digest.update(seeds.path("terms").read_bytes())
    return digest.hexdigest()


def _layout_files() -> Iterator[Path]:
    for path in sorted(_HERE.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts and "portal" not in path.parts:
            yield path


def fingerprint(*inputs: str) -> str:
    """A hash of a document's data and of what lays it out."""
    return checksum("\0".join([layout_fingerprint(), *inputs]).encode())


def checksum(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def read_record(folder: Path | None) -> Record:
    """What a folder of documents says about itself; nothing, if there is none or it cannot be understood."""
    path = folder / RECORD if folder else None
    if path is None or not path.is_file():
        return {}
    try:
        files = json.loads(path.read_text(encoding="utf-8"))["files"]
        return {name: Written(**written) for name, written in files.items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        log.warning("%s cannot be understood: every document is written again", path, exc_info=True)
        return {}


def write_record(folder: Path, record: Mapping[str, Written]) -> None:
    document = {"files": {name: asdict(record[name]) for name in sorted(record)}}
    write(folder / RECORD, (json.dumps(document, indent=1) + "\n").encode())


def write(path: Path, content: bytes) -> None:
    """A new file at ``path``: one that is there may be shared with an older release and stays as it is."""
    path.unlink(missing_ok=True)
    path.write_bytes(content)


def take(name: str, written: Written, previous: Path, directory: Path) -> bool:
    """Put a file of the folder ``previous`` into ``directory``, shared with it where the file system can.

    Returns:
        False, and nothing is put, if it is gone or is not what was written.
    """
    source, target = previous / name, directory / name
    if not source.is_file() or checksum(source.read_bytes()) != written.sha256:
        return False
    target.unlink(missing_ok=True)
    try:
        os.link(source, target)
    except OSError:  # another file system, or one without links
        shutil.copy2(source, target)
    return True
