"""One notice a run, in plain Russian: released or not, what changed, what was not accepted, what is missing.

Every notice is a text file under ``notices/`` of the data root. It goes by mail, too, where Airflow has a
connection ``smtp_default`` and ``SCHOOL_QUALITY_NOTIFY`` names the recipients. It holds numbers and names of
schools and paths of files, never anything about a pupil or a teacher.
"""

from __future__ import annotations

import html
import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from school_quality import datasets, disk, terms
from school_quality.screen import one_line
from school_quality.settings import Settings
from school_quality.warehouse.differences.changes import Effect, Movement
from school_quality.warehouse.publication.runs import Run
from school_quality.warehouse.school_names import listed
from school_quality.warehouse.status import Submissions

log = logging.getLogger(__name__)

CONNECTION = "smtp_default"
RECIPIENTS = "SCHOOL_QUALITY_NOTIFY"
KEPT_NOTICES = 1000
_SHOWN = 20

_RUNS = terms.words("run")


@dataclass(frozen=True, slots=True)
class Findings:
    """What a notice tells besides the run itself; parts that the run did not reach are empty.

    ``titles`` names datasets in Russian, ``warnings`` are the data tests that warned, ``not_read`` what of
    the inbox could not be read; ``has_remarks``: something is still to be corrected.
    """

    current_release: str | None = None
    effect: Effect | None = None
    rejected: Sequence[str] = ()
    not_read: Sequence[str] = ()
    submissions: Sequence[Submissions] = ()
    warnings: Sequence[str] = ()
    has_remarks: bool = True
    titles: dict[str, str] = field(default_factory=dict)


def is_worth_telling(run: Run, *, is_look_news: bool = False) -> bool:
    """False for a run started by files or by the clock that found nothing new: a notice would be noise.

    ``is_look_news``: something lies in the inbox since this run that it could not read.
    """
    if is_look_news or run.outcome not in {"nothing_new", "no_results"}:
        return True
    return run.dag_id != "ingest_inbox" and run.run_type != "asset_triggered"


def subject(run: Run) -> str:
    """One line: which run and how it ended."""
    ended = terms.words("run_outcome")[run.outcome]
    if run.outcome == "published":
        ended += f" {run.release_id}"
    if run.outcome == "landed":
        ended += f": {run.files_read}"
    if run.outcome == "failed":
        ended = ended.upper()
    period = f" {run.period}" if run.period else ""
    return f"{_RUNS[run.dag_id]}{period}: {ended}"


def text(run: Run, found: Findings) -> str:
    """The whole notice."""
    parts = [[f"{subject(run)}."], _outcome(run, found), effect_lines(found.effect), _files(run, found)]
    parts.append(list(found.not_read))
    if run.outcome in {"published", "nothing_new", "dry_run", "not_approved"}:
        parts += [_missing(found), _warnings(found)]
    return "\n\n".join("\n".join(lines) for lines in parts if lines) + "\n"


def _outcome(run: Run, found: Findings) -> list[str]:
    lines = []
    if run.as_of:
        lines.append(f"О сроках судим на {run.as_of:%d.%m.%Y}.")
    if run.outcome == "published" and run.failed_step:
        lines.append(f"Выпуск опубликован, но шаг {run.failed_step} после него не прошёл: {run.message}")
    if run.outcome == "failed":
        lines.append(f"Шаг {run.failed_step or 'неизвестен'} не удался: {run.message or 'причины нет'}")
    if run.outcome in {"no_results", "not_approved"} and run.message:
        lines.append(run.message)
    if run.outcome == "nothing_new":
        lines.append(run.message or "С прошлого раза ничего не изменилось, пересчёта не было.")
    if run.outcome not in {"published", "landed"}:
        lines.append(
            f"В силе остаётся выпуск {found.current_release}."
            if found.current_release
            else "Выпусков ещё нет."
        )
    return lines


def effect_lines(effect: Effect | None) -> list[str]:
    """What a release changes, in lines for people; none where there is nothing to compare it with."""
    if effect is None:
        return []
    lines = [f"По сравнению с прежним выпуском: изменилось значений {effect.values}, школ {effect.schools}."]
    for movement in effect.movements:
        moves = [_moved("вошли", movement.entered, movement.entered_schools)]
        moves.append(_moved("вышли", movement.left, movement.left_schools))
        moves.append(_moved("стало неизвестно", movement.lost, movement.lost_schools))
        lines.append(f"  {_title(movement)}: {'; '.join(filter(None, moves))}")
    return lines


def _title(movement: Movement) -> str:
    return f"{terms.words('figure')[movement.what]} {movement.reporting_year}"


def _moved(verb: str, count: int, schools: Sequence[str]) -> str:
    return f"{verb} {count} ({_some(schools, count)})" if count else ""


def _files(run: Run, found: Findings) -> list[str]:
    if not run.files_read:
        return []
    lines = [
        f"Прочитано файлов {run.files_read}, не принято целиком {run.files_rejected}, "
        f"не принято строк {run.rows_rejected}."
    ]
    refused = terms.words("file_outcome")["rejected"]
    lines += [one_line(f"  {refused}: {path}") for path in found.rejected[:_SHOWN]]
    if len(found.rejected) > _SHOWN:
        lines.append(f"  и ещё {len(found.rejected) - _SHOWN}")
    if found.has_remarks and (run.files_rejected or run.rows_rejected):
        lines.append("Что исправить, написано в книгах замечаний: папка rejected/remarks.")
    return lines


def _missing(found: Findings) -> list[str]:
    told = []
    known, partly = datasets.load(), terms.words("submission_status")["partly"]
    for head, status, are_forms in (
        ("Не сдано школами в срок:", "missing", (True,)),
        ("Не пришло в срок то, что присылают не школы, — о школах:", "missing", (False,)),
        (f"{partly.capitalize()}:", "partly", (True, False)),
    ):
        lines = []
        for entry in found.submissions:
            is_form = entry.dataset not in known or known[entry.dataset].is_form
            if is_form in are_forms and (schools := getattr(entry, status)):
                title = found.titles.get(entry.dataset, entry.dataset)
                lines.append(f"  {title}, {entry.period}: {len(schools)} ({listed(schools, _SHOWN)})")
        told += [head, *lines] if lines else []
    return told


def _warnings(found: Findings) -> list[str]:
    if not found.warnings:
        return []
    return [f"Проверки с предупреждениями: {_some(found.warnings, len(found.warnings))}."]


def _some(names: Sequence[str], count: int) -> str:
    shown = ", ".join(names[:_SHOWN])
    return f"{shown} и ещё {count - _SHOWN}" if count > _SHOWN else shown


def path_of(settings: Settings, run: Run) -> Path:
    """Where the notice of a run lies, or will."""
    return settings.notices / f"{run.file_name}.txt"


def send(settings: Settings, run: Run, found: Findings) -> Path:
    """Write the notice and mail it where mail is set up; returns its file.

    A notice that cannot be mailed is no reason to fail: it lies in its folder, and the log says why.
    """
    path = path_of(settings, run)
    body = text(run, found)
    try:
        disk.write(settings, path, body)
    finally:  # mailed all the same where it cannot be written
        _try_to_mail(subject(run), body, path)
    for old in sorted(settings.notices.glob("*.txt"))[:-KEPT_NOTICES]:
        old.unlink(missing_ok=True)
    return path


def _try_to_mail(line: str, body: str, path: Path) -> None:
    try:
        _mail(line, body)
    except Exception:
        log.exception("the notice could not be mailed; its place is %s", path)


def _mail(line: str, body: str) -> None:
    from airflow.sdk import BaseHook
    from airflow.sdk.exceptions import AirflowNotFoundException

    recipients = [name.strip() for name in os.environ.get(RECIPIENTS, "").split(",") if name.strip()]
    if not recipients:
        return
    try:
        BaseHook.get_connection(CONNECTION)
    except AirflowNotFoundException:
        log.warning("%s names recipients, but there is no connection %s", RECIPIENTS, CONNECTION)
        return

    from airflow.providers.smtp.hooks.smtp import SmtpHook

    with SmtpHook(smtp_conn_id=CONNECTION) as hook:
        hook.send_email_smtp(to=recipients, subject=line, html_content=f"<pre>{html.escape(body)}</pre>")
