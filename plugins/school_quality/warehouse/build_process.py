"""The process of a build: ``dbt`` with a parsed project that all builds of a checkout share.

dbt throws its parse away when ``--vars`` or the path of the database are others, and they are at every build.
So the project is parsed without either, which reads again only what has changed since the kept parse, and the
build gets what came of it. Models and tests see the variables when they are compiled, long after; only where
the sources lie is read while parsing, so they are pointed at the data root here.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from school_quality import embedded
from school_quality.settings import dbt_project_dir

BUILD_FILE = "SCHOOL_QUALITY_BUILD_FILE"
"""Names the database of ``profiles.yml``."""

PLACES = {"landing", "rejected"}
"""Variables that name a folder of the data root, in which sources lie."""

_QUIET = (
    "--no-send-anonymous-usage-stats", "--quiet", "--no-write-json",
    "--log-format", "json", "--log-level-file", "none",
)  # fmt: skip


def main(arguments: Sequence[str]) -> int:
    """Run dbt with ``arguments``, ``--vars`` among them, and return its exit code."""
    from dbt.cli.main import dbtRunner

    manifest = parsed()
    point_sources(manifest.sources.values(), json.loads(arguments[arguments.index("--vars") + 1]))
    done = dbtRunner(manifest=manifest).invoke([*arguments])
    if done.exception:
        raise done.exception
    return 0 if done.success else 1


def parsed() -> Any:
    """The manifest of the dbt project. The parse is kept in the Airflow home, where one can write there."""
    from filelock import FileLock

    checkout = hashlib.sha256(str(dbt_project_dir()).encode()).hexdigest()[:8]
    kept = embedded.airflow_home() / "dbt" / checkout
    with suppress(OSError):
        kept.mkdir(parents=True, exist_ok=True)
    if not os.access(kept, os.W_OK):
        with TemporaryDirectory(prefix="school-quality-dbt-") as folder:
            return _parse(Path(folder))
    with FileLock(kept / "lock"):  # one writes while others wait; dbt parses anew what a killed one left
        return _parse(kept)


def _parse(target: Path) -> Any:
    from dbt.cli.main import dbtRunner

    build_file = os.environ[BUILD_FILE]
    os.environ[BUILD_FILE] = Path(build_file).name  # the parse knows the database, which has its file's name
    project = str(dbt_project_dir())
    read = ("--project-dir", project, "--profiles-dir", project)
    written = ("--target-path", str(target), "--log-path", str(target))
    done = dbtRunner().invoke([*_QUIET, "parse", *read, *written])
    os.environ[BUILD_FILE] = build_file
    if done.exception:
        raise done.exception
    return done.result


def point_sources(sources: Any, variables: Mapping[str, Any]) -> None:
    """Let each source lie below the folder that `PLACES` say, not below the project's default."""
    project = yaml.safe_load((dbt_project_dir() / "dbt_project.yml").read_text(encoding="utf-8"))
    for source in sources:
        for meta in (source.meta, source.config.meta):
            for name in PLACES & variables.keys():
                place = meta["external_location"]
                meta["external_location"] = place.replace(
                    f"'{project['vars'][name]}/", f"'{variables[name]}/"
                )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
