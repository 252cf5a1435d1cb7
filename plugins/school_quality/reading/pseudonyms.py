"""Pseudonyms of pupils: 128 bits of an HMAC-SHA256, made while reading; names and documents go no further.

The key: ``SCHOOL_QUALITY_PII_KEY`` (text), or the file named by ``SCHOOL_QUALITY_PII_KEY_FILE``; by default
``pii.key`` in the user's configuration folder, made on first use with mode 0600. Whoever loses the key loses
the links between files read before and after; whoever has it can test guesses, so it is kept away from the
data root.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

import platformdirs

from school_quality.errors import UsageError
from school_quality.reading.texts import fold

_DIGITS = re.compile(r"\d+")
_ZERO_FRACTION = re.compile(r"[.,]0+(?=\s|$)")
_SEPARATOR = "\x1f"


def key_file() -> Path:
    """Where the key lies unless ``SCHOOL_QUALITY_PII_KEY`` holds it."""
    named = os.environ.get("SCHOOL_QUALITY_PII_KEY_FILE")
    return Path(named) if named else Path(platformdirs.user_config_dir("school-quality")) / "pii.key"


def load_key() -> bytes:
    """The key; made on first use. `UsageError` where the file is empty or cannot be made."""
    given = os.environ.get("SCHOOL_QUALITY_PII_KEY")
    if given:
        return given.encode()
    path = key_file()
    try:
        if not path.exists():
            _make(path)
        key = path.read_bytes().strip()
    except OSError as error:
        raise UsageError(f"Ключ псевдонимов {path} не читается: {error.strerror}.") from error
    if not key:
        raise UsageError(f"Ключ псевдонимов {path} пуст: восстановите его из резервной копии.")
    return key


def _make(path: Path) -> None:
    """Write a new key whole or not at all: two processes that start together must end up with one key."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_hex(32).encode())
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(temporary, path)
        except FileExistsError:
            return  # another process was first: its key is the key
    finally:
        temporary.unlink()


def document_digits(*parts: str) -> str:
    """Series and number, apart or together, as digits without leading zeros: ``0012 004521`` = ``12``,
    ``4521``."""
    groups: list[str] = [g for part in parts for g in _DIGITS.findall(_ZERO_FRACTION.sub("", part))]
    if not groups:
        return ""
    # an .xls drops the zeros of a number cell: a number has six digits where a series stands before it
    number = groups[-1] if len(groups) == 1 else groups[-1].zfill(6)
    return ("".join(groups[:-1]) + number).lstrip("0")


def full_name(surname: str, first_name: str, patronymic: str) -> str:
    """Surname, name and patronymic with case, ё/е and spaces folded; empty where there is no surname and
    name."""
    parts = [fold(surname), fold(first_name), fold(patronymic)]
    return _SEPARATOR.join(parts) if parts[0] or parts[1] else ""


class Pseudonyms:
    """HMAC-SHA256 under one key, first 128 bits, as 32 hex digits (RFC 2104).

    Inner and outer hash are prepared once and copied: half the time of `hmac.digest` for each pupil.
    """

    def __init__(self, key: bytes) -> None:
        block = (hashlib.sha256(key).digest() if len(key) > 64 else key).ljust(64, b"\0")
        self._inner = hashlib.sha256(bytes(b ^ 0x36 for b in block))
        self._outer = hashlib.sha256(bytes(b ^ 0x5C for b in block))

    def of(self, *parts: str) -> str:
        """The pseudonym of the parts; the first one says of what kind they are, to keep the kinds apart."""
        inner = self._inner.copy()
        inner.update(_SEPARATOR.join(parts).encode())
        outer = self._outer.copy()
        outer.update(inner.digest())
        return outer.digest()[:16].hex()

    def participants(
        self, names: Sequence[str], documents: Sequence[str], schools: Sequence[str]
    ) -> tuple[list[str], list[str]]:
        """(``pupil_id``, ``pupil_name_id``) of participants of ГИА, one a row; empty where a row names
        nobody.

        ``names`` from `full_name`, ``documents`` from `document_digits`, ``schools`` the normalised codes.
        """
        ids: list[str] = []
        name_ids: list[str] = []
        for name, document, school in zip(names, documents, schools, strict=True):
            name_id = self.of("name", name, school) if name else ""
            name_ids.append(name_id)
            ids.append(self.of("document", name, document) if name and document else name_id)
        return ids, name_ids

    def pupils(self, schools: Iterable[str], codes: Iterable[str], work: str) -> list[str]:
        """``pupil_id`` of pupils of ВПР: a code within a school and a work; empty where the code is.

        ``work`` names the work (year, grade, subject), so that the same code in two works is two pupils.
        """
        return [
            self.of("code", work, school, code) if code else ""
            for school, code in zip(schools, codes, strict=True)
        ]


@cache
def pseudonyms() -> Pseudonyms:
    """Pseudonyms under the key of this process."""
    return Pseudonyms(load_key())
