"""The semantic layer: MetricFlow over a published file, which it opens read-only.

MetricFlow wants to stand in a dbt project with a parsed manifest and takes the default target of its profile.
So it gets a project folder of its own in the Airflow home, made of links to ours, with the readers' profile:
nothing it does can reach the build file, and a parse is kept until the code changes.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from school_quality import embedded
from school_quality.errors import SchoolQualityError
from school_quality.settings import Settings, dbt_project_dir
from school_quality.warehouse.publication import damage, releases

_LINKED = ("dbt_project.yml", "macros", "models", "seeds", "tests")


def run(settings: Settings, arguments: Sequence[str], release_id: str | None = None) -> int:
    """Run ``mf`` with ``arguments`` on a release, by default the current one; returns its exit code.

    Raises `UsageError` where there is no such release, `SchoolQualityError` for an unreadable project, and
    what `damage.shown` raises.
    """
    release = releases.manifest(settings, release_id or damage.shown(settings))
    warehouse = releases.warehouse(settings, release["release_id"])
    environment = {**os.environ, "SCHOOL_QUALITY_PUBLISHED_FILE": str(warehouse)}
    project = _project(environment)
    return subprocess.run(  # noqa: S603 -- our own interpreter; the arguments are the user's own
        [sys.executable, "-c", "from dbt_metricflow.cli.main import cli; cli()", *arguments],
        cwd=project,
        env={**environment, "DBT_PROJECT_DIR": str(project), "DBT_PROFILES_DIR": str(project)},
        check=False,
    ).returncode


def _project(environment: dict[str, str]) -> Path:
    """The folder with links to the dbt project of this code, and its parsed manifest.

    It is made aside and gets its name when it is whole, so that two first questions at once do not meet.
    """
    root = embedded.airflow_home() / "metrics"
    checkout = hashlib.sha256(str(dbt_project_dir()).encode()).hexdigest()[:8]
    project = root / f"{releases.code_version()}-{checkout}"
    if (project / "target" / "semantic_manifest.json").is_file():
        return project
    root.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=root, prefix=".parse-") as folder:
        staging = Path(folder) / "project"
        staging.mkdir()
        for name in _LINKED:
            (staging / name).symlink_to(dbt_project_dir() / name)
        (staging / "profiles.yml").symlink_to(dbt_project_dir() / "readers" / "profiles.yml")
        command = [
            sys.executable, "-m", "dbt.cli.main", "--no-send-anonymous-usage-stats", "--quiet", "parse",
            "--project-dir", str(staging), "--profiles-dir", str(staging),
        ]  # fmt: skip
        done = subprocess.run(  # noqa: S603 -- our own interpreter and project
            command, cwd=staging, env=environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise SchoolQualityError(f"Семантический слой не читается:\n{done.stdout}{done.stderr}")
        with suppress(OSError):  # another question has made it meanwhile, of the same code
            staging.rename(project)
    return project
