"""Data roots that many tests start from: made once for a state of the code and of what they are made of.

They are kept below pytest's cache for all workers and later runs; who changes one takes a copy.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from filelock import FileLock

from school_quality.settings import project_root
from school_quality.warehouse.publication import releases

_WHOLE = "whole"
"""Lies in a root once it is made."""


def kept(config: pytest.Config, name: str, sources: Iterable[Path], make: Callable[[Path], None]) -> Path:
    """The root ``name``: made by ``make`` where its code, seeds, DAGs or ``sources`` are others than before.

    ``sources`` are files, and folders with all that they hold.
    """
    assert config.cache is not None
    cache = config.cache.mkdir("roots") / name
    cache.mkdir(exist_ok=True)
    root = cache / _fingerprint([*sources, project_root() / "dags"])
    with FileLock(cache / "lock"):
        if not (root / _WHOLE).is_file():
            for stale in cache.iterdir():
                if stale.is_dir():
                    shutil.rmtree(stale)
            root.mkdir()
            make(root)
            (root / _WHOLE).touch()
    return root


def _fingerprint(sources: Iterable[Path]) -> str:
    digest = hashlib.sha256(f"{releases.code_version()} {releases.methodology_hash()}".encode())
    for source in sources:
        for path in sorted(source.rglob("*")) if source.is_dir() else [source]:
            if path.is_file() and path.suffix != ".pyc":
                digest.update(str(path.relative_to(source.parent)).encode())
                digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]
