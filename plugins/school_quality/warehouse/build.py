"""One ``dbt build`` into the private build file, with progress and the result of every node.

dbt runs as a child process: its start costs some seconds either way, it leaves no open DuckDB connection
behind, and several data roots can be built one after another by one process.
"""

from __future__ import annotations

import ctypes
import json
import logging
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from school_quality.errors import BuildFailed
from school_quality.screen import progress
from school_quality.settings import Settings, dbt_project_dir
from school_quality.warehouse.releases import ReleaseInfo

log = logging.getLogger(__name__)

_KINDS = {"model": "моделей", "seed": "справочников", "test": "проверок"}
_SHOWN_FAILURES = 5
_PR_SET_PDEATHSIG = 1  # linux/prctl.h


@dataclass(frozen=True, slots=True)
class NodeResult:
    """What became of one dbt node. ``seconds`` is wall time, ``failures`` the failing rows of a test."""

    unique_id: str
    status: str  # success, pass, warn, fail, error, skipped
    seconds: float
    failures: int
    message: str

    @property
    def kind(self) -> str:
        return self.unique_id.split(".", 1)[0]

    @property
    def name(self) -> str:
        return self.unique_id.split(".")[2]

    @property
    def is_bad(self) -> bool:
        return self.status in {"fail", "error", "runtime error"}


def release_variables(settings: Settings, release: ReleaseInfo) -> dict[str, Any]:
    """The dbt variables of a build; everything that the marts depend on beside the landing itself."""
    return {
        "landing": str(settings.landing),
        "rejected": str(settings.rejected),
        "receipt_seq": release.receipt_seq,
        "reporting_year": release.reporting_year,
        "period": release.period,
        "as_of": release.as_of.isoformat(),
        "release_id": release.release_id,
        "code_version": release.code_version,
        "previous_release_id": release.previous_release_id,
        "created_at": release.created_at.isoformat(sep=" "),
    }


def run_dbt(build_file: Path, variables: dict[str, Any], *arguments: str) -> list[NodeResult]:
    """Run ``dbt build`` into a fresh ``build_file`` and return the result of every node.

    Data tests run and stop the release; unit tests judge the code, not the data, and belong to ``make test``.
    dbt's target and logs go beside the file; ``arguments`` are more options of ``dbt build``.
    Raises `BuildFailed` with the first failures in plain words.
    """
    work_dir = build_file.parent
    work_dir.mkdir(parents=True, exist_ok=True)
    for stale in (build_file, build_file.with_name(build_file.name + ".wal")):
        stale.unlink(missing_ok=True)
    results_file = _results_file(work_dir)
    results_file.unlink(missing_ok=True)

    command = [
        sys.executable, "-m", "dbt.cli.main", "--no-send-anonymous-usage-stats", "--log-format", "json",
        "build",
        "--project-dir", str(dbt_project_dir()), "--profiles-dir", str(dbt_project_dir()),
        "--target-path", str(work_dir / "target"), "--log-path", str(work_dir / "logs"),
        "--exclude-resource-type", "unit_test", *arguments, "--vars", json.dumps(variables),
    ]  # fmt: skip
    environment = {**os.environ, "SCHOOL_QUALITY_BUILD_FILE": str(build_file)}
    errors: list[str] = []
    with subprocess.Popen(  # noqa: S603 -- our own interpreter and project
        command, env=environment, cwd=work_dir, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        preexec_fn=end_with_parent(),
    ) as process:  # fmt: skip
        assert process.stdout is not None  # noqa: S101 -- it is a pipe
        try:
            done = 0
            for event in _events(process.stdout):
                done += _is_result(event)
                _show(event, done)
                if event["info"]["level"] == "error":
                    errors.append(event["info"]["msg"])
        except BaseException:
            process.kill()  # a timeout of the task or Ctrl-C must not leave dbt writing
            raise

    results = read_results(work_dir)
    bad = [result for result in results if result.is_bad]
    if process.returncode or bad:
        raise BuildFailed(_explain(bad, errors, work_dir))
    return results


def end_with_parent() -> Callable[[], object] | None:
    """What a child does before it starts: ask the kernel to kill it when its parent dies, even by kill -9.

    A dbt that outlived its task would write into the folder that the retry uses. None where there is no such
    request: elsewhere than on Linux.
    """
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl  # loaded before the fork: a child may not wait for a lock of a thread
    return lambda: prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def summary(results: list[NodeResult]) -> str:
    """A line for people: how many models, seeds and tests there were, and how many tests warned."""
    counts = Counter(result.kind for result in results)
    line = ", ".join(f"{name} {counts[kind]}" for kind, name in _KINDS.items() if counts[kind])
    warned = sum(result.status == "warn" for result in results)
    return f"{line}; предупреждений {warned}" if warned else line


def log_timings(results: list[NodeResult]) -> None:
    """Write one line a node to the log, the slowest first."""
    for result in sorted(results, key=lambda r: -r.seconds):
        log.info("%-9s %7.2fs %s", result.status, result.seconds, result.unique_id)


def _events(lines: Iterator[str]) -> Iterator[dict[str, Any]]:
    for line in lines:
        if line.startswith("{"):
            yield json.loads(line)
        elif line.strip():
            log.info("dbt: %s", line.rstrip())


def _is_result(event: dict[str, Any]) -> bool:
    return event["info"]["name"] in {"LogModelResult", "LogSeedResult", "LogTestResult"}


def _show(event: dict[str, Any], done: int) -> None:
    """Pass an event on: everything to the log, every quarter of the nodes to the user."""
    log.debug("dbt: %s", event["info"]["msg"])
    total = event["data"].get("total") or event["data"].get("num_models")  # models and seeds, or tests
    if _is_result(event) and total and 4 * done // total > 4 * (done - 1) // total:
        progress.info("  готово %d из %d шагов сборки", done, total)


def read_results(work_dir: Path) -> list[NodeResult]:
    """Results of the last ``dbt build`` in ``work_dir``; empty before the first."""
    path = _results_file(work_dir)
    if not path.is_file():
        return []
    return [
        NodeResult(
            unique_id=result["unique_id"],
            status=result["status"],
            seconds=result["execution_time"],
            failures=result["failures"] or 0,
            message=result["message"] or "",
        )
        for result in json.loads(path.read_text(encoding="utf-8"))["results"]
    ]


def _explain(bad: list[NodeResult], errors: list[str], work_dir: Path) -> str:
    lines = []
    for result in bad[:_SHOWN_FAILURES]:
        if result.status == "fail":
            lines.append(f"проверка {result.name} не прошла, строк с ошибкой: {result.failures}")
        else:
            lines.append(f"{result.name}: {' '.join(result.message.split())[:300]}")
    if len(bad) > _SHOWN_FAILURES:
        lines.append(f"и ещё {len(bad) - _SHOWN_FAILURES}")
    lines = lines or [" ".join(error.split())[:300] for error in errors[:_SHOWN_FAILURES]]
    details = "\n  ".join(lines) or "dbt завершился без объяснения"
    return (
        f"Хранилище не построено, прежний выпуск остаётся в силе.\n  {details}\n"
        f"Журнал dbt: {work_dir / 'logs' / 'dbt.log'}"
    )


def _results_file(work_dir: Path) -> Path:
    return work_dir / "target" / "run_results.json"
