"""The example after its first run, which many tests start from: run once for a state of code and inbox.

It is kept below pytest's cache, by a hash of what it is made of, for all workers; a test gets a copy.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from school_quality.settings import project_root
from school_quality.warehouse.publication import releases


@dataclass(frozen=True, slots=True)
class Root:
    """A data root after ``run --year 2022``, what the run said, and the home of its Airflow."""

    data: Path
    said: str
    airflow_home: Path


def fingerprint() -> str:
    """A hash of the code, the seeds and the files of the example."""
    files = sorted(path for path in (project_root() / "data/examples/inbox").rglob("*") if path.is_file())
    parts = [releases.code_version(), releases.methodology_hash()]
    parts += [hashlib.sha256(path.read_bytes()).hexdigest() + path.name for path in files]
    dags = sorted((project_root() / "dags").glob("*.py"))
    parts += [path.read_text(encoding="utf-8") for path in dags]
    return hashlib.sha256("|".join(parts).encode()).hexdigest()[:16]


def example(
    cache: Path, run: Callable[..., subprocess.CompletedProcess[str]], environment: Mapping[str, str]
) -> Root:
    """The kept root; made by ``run``, the command line in ``environment``, where it is not there yet."""
    cache.mkdir(parents=True, exist_ok=True)
    kept = cache / fingerprint()
    with FileLock(cache / "lock"):
        if not kept.is_dir():
            for stale in cache.iterdir():
                if stale.is_dir():
                    shutil.rmtree(stale)
            part = cache / "part"
            data = part / "data"
            assert run("examples", "--data", data).returncode == 0
            done = run("run", "--year", 2022, "--data", data)
            assert done.returncode == 3, done.stdout + done.stderr
            (part / "said.txt").write_text(done.stdout, encoding="utf-8")
            shutil.copytree(environment["AIRFLOW_HOME"], part / "airflow", symlinks=True)
            part.rename(kept)
    return Root(kept / "data", (kept / "said.txt").read_text(encoding="utf-8"), kept / "airflow")
