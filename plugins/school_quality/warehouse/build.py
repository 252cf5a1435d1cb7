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
from school_quality.warehouse.build_process import BUILD_FILE
from school_quality.warehouse.publication.releases import ReleaseInfo

log = logging.getLogger(__name__)

_KINDS = {"model": "моделей", "seed": "справочников", "test": "проверок"}
_SHOWN_FAILURES = 5
_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_SHOWN_ROWS = 3
_PSEUDONYMS = {"pupil_id", "pupil_name_id"}  # say nothing to a reader and have no place in a notice


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
    """The dbt variables of a build: all that the marts depend on besides the landed rows."""
    return {
        "landing": str(settings.landing),
        "rejected": str(settings.rejected),
        "receipt_seq": release.receipt_seq,
        "receipt_hash": release.receipt_hash,
        "reporting_year": release.reporting_year,
        "period": release.period,
        "as_of": release.as_of.isoformat(),
        "release_id": release.release_id,
        "code_version": release.code_version,
        "methodology_hash": release.methodology_hash,
        "previous_release_id": release.previous_release_id,
        "created_at": release.created_at.isoformat(sep=" "),
        "methodology_version": release.methodology_version,
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
        sys.executable, "-m", "school_quality.warehouse.build_process",
        "--no-send-anonymous-usage-stats", "--log-format", "json", "--log-level-file", "info", "build",
        "--project-dir", str(dbt_project_dir()), "--profiles-dir", str(dbt_project_dir()),
        "--target-path", str(work_dir / "target"), "--log-path", str(work_dir / "logs"),
        "--exclude-resource-type", "unit_test", *arguments, "--vars", json.dumps(variables),
    ]  # fmt: skip
    environment = {**os.environ, BUILD_FILE: str(build_file)}
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
        raise BuildFailed(_explain(bad, errors, build_file, variables.get("previous_release_id")))
    return results


def end_with_parent() -> Callable[[], object] | None:
    """What a child does before it starts: ask the kernel to kill it when its parent dies, even by kill -9.

    A dbt that outlived its task would write into the folder that the retry uses. None outside Linux, which
    alone has such a request.
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


def _explain(bad: list[NodeResult], errors: list[str], build_file: Path, previous: str | None) -> str:
    work_dir = build_file.parent
    lines = []
    for result in bad[:_SHOWN_FAILURES]:
        if result.status == "fail":
            models = ", ".join(_tested_models(work_dir, result.unique_id)) or "неизвестна"
            lines.append(
                f"проверка {result.name} не прошла; модель {models}; строк с ошибкой: {result.failures}"
            )
            lines += [f"  {row}" for row in _failing_rows(build_file, result.unique_id)]
        else:
            lines.append(f"{result.name}: {' '.join(result.message.split())[:300]}")
    if len(bad) > _SHOWN_FAILURES:
        lines.append(f"и ещё {len(bad) - _SHOWN_FAILURES}")
    lines = lines or [" ".join(error.split())[:300] for error in errors[:_SHOWN_FAILURES]]
    details = "\n  ".join(lines) or "dbt завершился без объяснения"
    remains = f"прежний выпуск остаётся в силе: {previous}" if previous else "выпусков ещё нет"
    return f"Хранилище не построено, {remains}.\n  {details}\nЖурнал dbt: {work_dir / 'logs' / 'dbt.log'}"


def _tested_models(work_dir: Path, test_id: str) -> list[str]:
    """Names of the models that a test judges; empty where dbt left no manifest."""
    path = work_dir / "target" / "manifest.json"
    if not path.is_file():
        return []
    node = json.loads(path.read_text(encoding="utf-8"))["nodes"].get(test_id, {})
    attached = node.get("attached_node")
    judged = [attached] if attached else node.get("depends_on", {}).get("nodes", [])
    return [unique_id.rsplit(".", 1)[-1] for unique_id in judged]


def _failing_rows(build_file: Path, test_id: str) -> list[str]:
    """The first rows that a failed test complains about, without pupils' pseudonyms.

    dbt counts failing rows and does not keep them, so the test's own SQL is asked again.
    """
    import duckdb

    results = json.loads(_results_file(build_file.parent).read_text(encoding="utf-8"))["results"]
    sql = next((result.get("compiled_code") for result in results if result["unique_id"] == test_id), None)
    if not sql or not build_file.is_file():
        return []
    try:
        with duckdb.connect(str(build_file), read_only=True) as connection:
            cursor = connection.execute(f"select * from ({sql}) limit {_SHOWN_ROWS}")
            names = [column[0] for column in cursor.description or ()]
            found = cursor.fetchall()
    except duckdb.Error as error:
        log.warning("the failing rows of %s cannot be read: %s", test_id, error)
        return []
    return [
        ", ".join(
            f"{name}={value}"
            for name, value in zip(names, row, strict=True)
            if name not in _PSEUDONYMS and value is not None
        )
        for row in found
    ]


def _results_file(work_dir: Path) -> Path:
    return work_dir / "target" / "run_results.json"
