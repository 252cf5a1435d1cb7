"""The command ``school-quality``: the steps of the pipeline for people, in Russian.

Exit codes: 0 all well; 1 nothing could be published; 2 usage; 3 published, but something was rejected, or the
copy in PostgreSQL or the notice failed afterwards.
"""

from __future__ import annotations

import errno
import os
import shutil
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

import click

from school_quality import embedded, rights, terms
from school_quality.disk import DiskFull
from school_quality.errors import SchoolQualityError, UsageError
from school_quality.screen import one_line, progress, quiet, table
from school_quality.settings import Settings, project_root
from school_quality.translation import russian
from school_quality.warehouse.publication.releases import Parameters

OK, NOTHING_PUBLISHED, USAGE, WITH_REJECTIONS = 0, 1, 2, 3


DISK_WORDS = {
    errno.ENOENT: "такого файла или папки нет",
    errno.EACCES: "нет права на чтение или запись",
    errno.EPERM: "нет права на чтение или запись",
    errno.EROFS: "диск только для чтения",
    errno.ENOSPC: "на диске кончилось место",
    errno.EDQUOT: "квота на диске исчерпана",
    errno.ENOTDIR: "на месте папки стоит файл",
    errno.EEXIST: "на месте папки стоит файл",
    errno.EISDIR: "это папка, а нужен файл",
    errno.EBUSY: "файл занят другой программой или ещё записывается",
}
"""What the disk refuses, for people; any other error of the system is a bug and shows its traceback."""


class Command(click.Command):
    """A command whose usage line is in Russian, as all of click's own words are in `Commands`."""

    def __init__(self, name: str | None, **settings: Any) -> None:
        super().__init__(name, **{"options_metavar": "[ПАРАМЕТРЫ]", **settings})


class Commands(click.Group):
    """A group that lists its commands as they were declared and shows user errors as one message."""

    command_class = Command

    def main(self, *arguments: Any, **settings: Any) -> Any:
        with russian():
            return super().main(*arguments, **settings)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except UsageError as error:
            click.echo(str(error), err=True)
            sys.exit(USAGE)
        except SchoolQualityError as error:
            click.echo(str(error), err=True)
            sys.exit(NOTHING_PUBLISHED)
        except OSError as error:
            if error.errno not in DISK_WORDS:
                raise
            place = f"{error.filename}: " if error.filename else ""
            words = f"{place}{DISK_WORDS[error.errno]}. Что проверить: school-quality doctor"
            click.echo(str(error) if isinstance(error, DiskFull) else words, err=True)
            sys.exit(NOTHING_PUBLISHED)
        except Exception as error:
            import duckdb  # long imported where the error is its own

            if not isinstance(error, duckdb.IOException):
                raise
            click.echo(f"Файл с данными не читается: {error}\nЧто делать: school-quality repair", err=True)
            sys.exit(NOTHING_PUBLISHED)


class NewFile(click.Path):
    """A file to be written; that its folder is there is seen before the work begins, not after it."""

    def __init__(self) -> None:
        super().__init__(dir_okay=False, writable=True, path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        path = Path(os.fsdecode(super().convert(value, param, ctx)))
        if not path.parent.is_dir():
            self.fail(f"папки '{path.parent}' нет, создайте её или укажите другую.", param, ctx)
        if not os.access(path.parent, os.W_OK):
            self.fail(f"в папку '{path.parent}' нельзя писать: нет права.", param, ctx)
        return path.absolute()


def _year(ctx: click.Context, param: click.Parameter, year: int) -> int:
    return Parameters.of(year).year


year_option = click.option(
    "--year", metavar="ГОД", type=int, required=True, callback=_year, help="Отчётный год."
)
period_option = click.option("--period", metavar="ПЕРИОД", help="Период документов: 2022, 2022-H1, 2022-Q3.")
as_of_option = click.option(
    "--as-of", metavar="ДАТА", help="На какую дату судить о сроках (обычно 31 августа следующего года)."
)


def with_settings(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command an option ``--data`` and, as its first argument, the settings of that data root.

    A `NewFile` among its arguments does not lie in there: releases and landing are the system's alone.
    """

    @click.option(
        "--data",
        metavar="ПАПКА",
        type=click.Path(file_okay=False),
        help="Папка данных (обычно data/ проекта).",
    )
    @wraps(command)
    def wrapped(data: str | None, **arguments: Any) -> None:
        settings = Settings.load(data)
        for option in click.get_current_context().command.params:
            if isinstance(option.type, NewFile) and (file := arguments[str(option.name)]) is not None:
                settings.check_outside(file)
        command(settings, **arguments)

    return wrapped


def show(lines: Iterable[str]) -> None:
    for line in lines:
        click.echo(line)


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    options_metavar="[ПАРАМЕТРЫ]",
    subcommand_metavar="КОМАНДА …",
)
@click.version_option(package_name="school-quality", message="%(version)s", help="Показать версию.")
def main() -> None:
    """Хранилище качества образования: выгрузки и формы на входе, показатели и карточки на выходе."""
    rights.take()


@main.command()
@year_option
@period_option
@as_of_option
@with_settings
def run(settings: Settings, year: int, period: str | None, as_of: str | None) -> None:
    """Всё сразу: принять файлы, проверить, рассчитать, опубликовать."""
    from school_quality import pipeline
    from school_quality.warehouse.publication import damage
    from school_quality.warehouse.publication import releases as found

    asked = Parameters.of(year, period, as_of)
    settings.inbox.mkdir(parents=True, exist_ok=True)
    if not os.access(settings.data_root, os.W_OK):  # a task would try again for minutes
        raise UsageError(
            f"В папку данных {settings.data_root} нельзя писать: дайте право или укажите --data."
        )
    damage.check(settings)
    embedded.configure()
    with quiet(embedded.log_file()):
        if embedded.migrate():
            progress.info("Подготовлен Airflow в %s", embedded.airflow_home())
        states = embedded.run_dag(
            _dag_id(asked.period),
            {
                "reporting_year": asked.year,
                "period": asked.period,
                "as_of": asked.as_of.isoformat(),
                "data_root": str(settings.data_root),
            },
        )
    failed = [name for name, state in states.items() if state not in {"success", "skipped"}]
    if failed and states.get("publish") != "success":
        in_force = found.current_id(settings)
        remains = f"в силе остаётся {in_force}" if in_force else "выпусков ещё нет"
        click.echo(f"Выпуск не опубликован, {remains}. Подробный журнал: {embedded.log_file()}", err=True)
        sys.exit(NOTHING_PUBLISHED)
    for name in failed:
        click.echo(f"Выпуск опубликован, но {AFTER_PUBLICATION.get(name, f'шаг {name} не прошёл')}", err=True)
    _exit_after_publication(pipeline.has_rejections(settings), settings)
    if failed:
        sys.exit(WITH_REJECTIONS)


AFTER_PUBLICATION = {
    "copy_to_postgres": "копия в PostgreSQL прежняя. Повторить: school-quality publish --to postgres",
    "notice": "извещение не написано.",
}
"""What is missing where a step after the publication failed, and what to do."""


def _dag_id(period: str) -> str:
    kind = {"": "annual", "H": "half_year", "Q": "quarter"}[period[5:6]]
    return f"recompute_{kind}"


def _exit_after_publication(has_rejections: bool, settings: Settings) -> None:
    if has_rejections:
        click.echo(f"Часть файлов или строк не принята, замечания: {settings.rejected / 'remarks'}", err=True)
        sys.exit(WITH_REJECTIONS)


@main.command()
@click.argument(
    "files", metavar="[ФАЙЛ...]", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@with_settings
def ingest(settings: Settings, files: tuple[Path, ...]) -> None:
    """Принять новые файлы из папки inbox или только названные, в том числе отозванные раньше."""
    from school_quality import pipeline

    with quiet(embedded.log_file()):
        pipeline.ingest(settings, files=list(files) or None)
        pipeline.validate(settings)


@main.command()
@with_settings
def validate(settings: Settings) -> None:
    """Записать замечания для отправителей и отчёт о проверках."""
    from school_quality import pipeline

    with quiet(embedded.log_file()):
        pipeline.validate(settings)


@main.command()
@year_option
@period_option
@as_of_option
@with_settings
def build(settings: Settings, year: int, period: str | None, as_of: str | None) -> None:
    """Рассчитать показатели по всему принятому."""
    from school_quality import pipeline

    asked = Parameters.of(year, period, as_of)
    with quiet(embedded.log_file()):
        pipeline.build(settings, asked)


@main.command()
@with_settings
def report(settings: Settings) -> None:
    """Записать карточки и отчёты последнего расчёта."""
    from school_quality import pipeline

    with quiet(embedded.log_file()):
        folder = pipeline.report(settings, pipeline.built(settings))
    click.echo(f"Документы: {folder}")


@main.command()
@click.option(
    "--to",
    "target",
    type=click.Choice(["postgres"]),
    help="Скопировать в PostgreSQL выпуск, который видят читатели; адрес: SCHOOL_QUALITY_POSTGRES_URL.",
)
@with_settings
def publish(settings: Settings, target: str | None) -> None:
    """Опубликовать последний расчёт; с --to postgres скопировать текущий выпуск в PostgreSQL."""
    from school_quality import pipeline

    if target is not None:
        embedded.configure()
        with quiet(embedded.log_file()):
            pipeline.copy_to_postgres(settings)
        return
    with quiet(embedded.log_file()):
        pipeline.publish(settings, pipeline.built(settings))
        pipeline.tell(pipeline.summary(settings))
    _exit_after_publication(pipeline.has_rejections(settings), settings)


SHOWN_SCHOOLS = 100
"""More schools than this in one line are for a query: ``docs/queries/16_late_submissions.sql``."""


@main.command()
@year_option
@as_of_option
@with_settings
def status(settings: Settings, year: int, as_of: str | None) -> None:
    """Что пришло, что принято, чего не хватает."""
    from school_quality import datasets, pipeline
    from school_quality.landing import integrity
    from school_quality.landing.refused import standing
    from school_quality.reporting import words
    from school_quality.warehouse import status as found
    from school_quality.warehouse.publication import damage
    from school_quality.warehouse.publication.releases import told_receipts
    from school_quality.warehouse.school_names import listed

    titles = {name: dataset.title for name, dataset in datasets.load().items()}
    broken, lost = damage.find(settings), integrity.damages(settings, told_receipts(settings))
    damages = bool(broken or lost)
    receipts = found.files(settings)
    if not receipts:
        click.echo(f"Ни один файл ещё не прочитан. Папка приёма: {settings.inbox}")
        show(found.not_read(settings))
        _tell_damages(settings, broken, lost)
        return
    counts = ("rows_read", "rows_accepted", "rows_rejected", "rows_skipped")
    replaced = frozenset() if damages else found.replaced(settings)
    words_of = {} if damages else dict.fromkeys(found.corrected(settings), "исправлен")
    words_of |= dict.fromkeys(replaced, "заменён")
    rows = [
        [
            receipt.file_id[:12],
            words_of.get(receipt.seq, terms.words("file_outcome")[receipt.outcome]),
            *(getattr(receipt, name) for name in counts),
            titles.get(receipt.dataset or ""),
            receipt.path,
        ]
        for receipt in receipts
    ]
    show(table(["Файл", "Итог", "Строк", "Принято", "Не принято", "Пропущено", "Набор", "Путь"], rows))
    in_force = [receipt for receipt in receipts if receipt.seq not in replaced]
    total = [sum(getattr(receipt, name) for receipt in in_force) for name in counts]
    click.echo(
        "Действует файлов {} из {}, строк: прочитано {}, принято {}, не принято {}, пропущено {}".format(
            len(in_force), len(receipts), *total
        )
    )
    if not damages and standing(settings).has_rejections:
        click.echo(f"Что не принято и что исправить: {settings.rejected / 'remarks'}")
    show(found.not_read(settings))
    _tell_damages(settings, broken, lost)
    day = Parameters.of(year, None, as_of).as_of if as_of else None
    with quiet(embedded.log_file()):
        submissions = (
            found.submissions(settings, year) if damages else pipeline.submissions(settings, year, day)
        )
    if not submissions:
        click.echo(
            f"Кто должен сдать данные за {year} год, неизвестно: нет реестра школ или года нет в методике."
        )
        return
    click.echo("")
    states = terms.words("submission_status")
    rows = [
        [
            titles.get(entry.dataset, entry.dataset),
            entry.period,
            words.day(entry.due_on),
            *(entry.counts.get(name, 0) for name in states),
            listed(entry.missing, SHOWN_SCHOOLS),
            listed(entry.partly, SHOWN_SCHOOLS),
        ]
        for entry in submissions
    ]
    header = ["Набор", "Период", "Срок", *states.values(), "Не сдали", "Сдали частично"]
    show(table(header, rows))


SHOWN_REMARKS = 50
"""A preview with more remarks than this is of the wrong file."""


@main.command()
@click.argument(
    "files",
    metavar="ФАЙЛ...",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
)
@with_settings
def preview(settings: Settings, files: tuple[Path, ...]) -> None:
    """Показать, что изменили бы эти файлы; ничего не сохраняется."""
    from school_quality import landing, pipeline
    from school_quality.warehouse import scenarios
    from school_quality.warehouse.publication import damage, releases

    current = releases.manifest(settings, damage.shown(settings))
    asked = releases.ReleaseInfo.from_json(current).parameters
    with (
        quiet(embedded.log_file()),
        TemporaryDirectory() as folder,
        landing.overlay(settings, list(files)) as overlaid,
    ):
        remarks = overlaid.remarks()
        hidden = len(remarks) - SHOWN_REMARKS
        more = [f"… и ещё замечаний: {hidden}"] if hidden > 0 else []
        for line in [*overlaid.report.lines(), *remarks[:SHOWN_REMARKS], *more]:
            progress.info("%s", line)
        if overlaid.report.has_news:
            release = pipeline.next_release(settings, asked)
            before = scenarios.baseline(settings, release, Path(folder) / "before")
            release = pipeline.next_release(overlaid.settings, asked)
            after = scenarios.aside(overlaid.settings, release, Path(folder) / "after")
            lines = _differences(*scenarios.compare(before, after))
        else:
            lines = ["Новых строк нет: списки и баллы остались бы прежними."]
    show(lines)


@main.command("what-if")
@year_option
@click.option("--version", metavar="ВЕРСИЯ", help="Считать все годы по этой версии методики.")
@click.option(
    "--min-participants",
    metavar="N",
    type=click.IntRange(min=1),
    help="Не считать работы, где участников меньше N.",
)
@click.option("--procedures", metavar="СПИСОК", help="Определять ШНОР по этим работам, через запятую.")
@with_settings
def what_if(
    settings: Settings, year: int, version: str | None, min_participants: int | None, procedures: str | None
) -> None:
    """Показать, как изменились бы баллы и списки при другой методике; ничего не сохраняется."""
    from school_quality import pipeline
    from school_quality.warehouse import scenarios

    changed: dict[str, Any] = {
        "methodology_version": version,
        "min_participants": min_participants,
        "identifying_procedures": [name.strip() for name in procedures.split(",")] if procedures else None,
    }
    if not any(value is not None for value in changed.values()):
        raise UsageError("Укажите, что изменить: --version, --min-participants или --procedures.")
    if version is not None:
        scenarios.check_version(version)
    with quiet(embedded.log_file()), TemporaryDirectory() as folder:
        release = pipeline.next_release(settings, Parameters.of(year))
        pipeline.check_results_exist(settings, release)
        before = scenarios.baseline(settings, release, Path(folder) / "before")
        if changed["identifying_procedures"]:
            scenarios.check_procedures(before, changed["identifying_procedures"])
        after = scenarios.aside(settings, release, Path(folder) / "after", **changed)
        lines = _differences(*scenarios.compare(before, after))
    show(lines)


def _differences(moved: list[Any], points: list[Any]) -> list[str]:
    """Lines that say who enters and leaves the lists, and how points change, school by school."""
    lines, lists = [], terms.words("figure")
    for change in moved:
        verb = "входит" if change.after else "выходит" if change.before else "становится известно: нет"
        lines.append(f"{lists[change.what]} {change.reporting_year}: школа {change.school} {verb}")
    totals: dict[tuple[str, str], int] = defaultdict(int)
    for change in points:
        totals[change.period, change.school] += (change.after or 0) - (change.before or 0)
    rows = [
        [change.period, change.school, change.indicator_code, change.before, change.after]
        for change in points
    ]
    if rows:
        lines += ["", *table(["Период", "Школа", "Показатель", "Было баллов", "Стало"], rows)]
        rows = [[period, school, f"{total:+d}"] for (period, school), total in totals.items()]
        lines += ["", *table(["Период", "Школа", "Баллов всего"], rows)]
    return lines or ["Ни списки, ни баллы не изменились бы."]


@main.command()
@click.argument("file_id", metavar="НОМЕР_ФАЙЛА")
@with_settings
def withdraw(settings: Settings, file_id: str) -> None:
    """Отозвать принятый файл целиком; его номер показывает status."""
    from school_quality import landing

    for receipt in landing.withdraw(settings, file_id):
        click.echo(f"Отозван файл {one_line(receipt.path)}")
    click.echo("Сам он снова не примется; вернуть его: school-quality ingest ФАЙЛ")
    click.echo("Чтобы это отразилось в показателях: school-quality run --year ГОД")


@main.command()
@with_settings
def releases(settings: Settings) -> None:
    """Какие выпуски есть."""
    from school_quality.warehouse.publication import damage, journal
    from school_quality.warehouse.publication import releases as found

    broken = damage.find(settings)
    known = found.readable(settings)
    if not known and not broken:
        click.echo(f"В {settings.published} ещё нет выпусков.")
        return
    current = found.current_id(settings)
    is_told = all(entry.path != journal.path_of(settings) for entry in broken)
    entries = journal.read(settings) if is_told else []
    shown, taken_back = journal.first_shown(entries), journal.rolled_back(entries)
    rows = []
    for release_id in sorted(known, key=lambda name: (shown.get(name, len(shown)), name)):
        release = found.ReleaseInfo.from_json(known[release_id])
        mark = (
            "текущий" if release_id == current
            else "отменён откатом" if release_id in taken_back
            else "" if release_id in shown or current not in shown
            else "не показывался"
        )  # fmt: skip
        created = f"{release.created_at:%d.%m.%Y %H:%M}"
        rows.append([release_id, created, release.period, str(release.as_of), release.receipt_seq, mark])
    show(table(["Выпуск", "Создан (UTC)", "Период", "На дату", "Квитанций", ""], rows))
    _tell_damages(settings, broken)


def _tell_damages(settings: Settings, broken: Sequence[Any], lost: Sequence[Any] = ()) -> None:
    """Say what is damaged of releases and of the landing, and what to do, and end with code 1; nothing where
    all is whole."""
    from school_quality.landing import integrity
    from school_quality.warehouse.publication import damage

    if broken:
        show(["Повреждено:", *(f"  {each.line(settings)}" for each in broken), damage.ADVICE])
    if lost:
        lines = [f"  {line}" for each in lost for line in each.lines(settings)]
        show(["Принятые строки повреждены:", *lines, f"Что делать: {integrity.advice(settings, lost)}"])
    if broken or lost:
        sys.exit(NOTHING_PUBLISHED)


SHOWN_CHANGES = 100
"""More differing cells than this are for the workbook."""


@main.command()
@click.argument("first", metavar="ВЫПУСК")
@click.argument("second", metavar="ВЫПУСК")
@click.option("--workbook", metavar="ФАЙЛ", type=NewFile(), help="Всё в книгу XLSX.")
@with_settings
def diff(settings: Settings, first: str, second: str, workbook: Path | None) -> None:
    """Чем второй выпуск отличается от первого и почему."""
    from school_quality.reporting import words
    from school_quality.reporting.lists import change_words, changes_workbook
    from school_quality.warehouse.differences import changes

    limit = SHOWN_CHANGES if workbook is None else changes.SHOWN_IN_WORKBOOK
    found = changes.between(settings, first, second, limit)
    show(f"Изменилось: {line}" for line in change_words.reasons(found))
    if workbook is not None:
        workbook.write_bytes(changes_workbook.workbook(found))
        click.echo(f"Отличий {found.total}, книга: {workbook}")
        return
    if not found.total:
        click.echo("Показатели, списки и результаты работ не отличаются.")
        return
    files = change_words.by_id(found.inputs)
    rows = [
        [change.label, words.period(change.period), change.indicator_code, *change_words.told(change, files)]
        for change in change_words.readable(found.changes)
    ]
    show(table(["Школа", "Период", "Показатель", "Что", "Было", "Стало", "Причина"], rows))
    if found.total > len(found.changes):
        click.echo(f"и ещё отличий: {found.total - len(found.changes)}; все — в книге: --workbook ФАЙЛ")


@main.command()
@click.argument("release_id", metavar="ВЫПУСК")
@with_settings
def rollback(settings: Settings, release_id: str) -> None:
    """Вернуть читателям прежний выпуск целиком."""
    from school_quality import pipeline

    pipeline.roll_back(settings, release_id)
    click.echo(f"Текущий выпуск: {release_id}. Новые файлы дадут следующий выпуск из всего принятого;")
    click.echo("ошибочный файл сначала отзовите: school-quality withdraw НОМЕР_ФАЙЛА")
    click.echo("Копия в PostgreSQL, если она есть, ещё прежняя: school-quality publish --to postgres")


@main.command()
@click.argument("release_id", metavar="ВЫПУСК")
@with_settings
def verify(settings: Settings, release_id: str) -> None:
    """Проверить, что файлы выпуска целы и что он повторяется из принятых строк. Код 1: нет."""
    from school_quality.warehouse.publication import releases, verification

    releases.manifest(settings, release_id)
    with quiet(embedded.log_file()):
        progress.info("Строим выпуск %s ещё раз из тех же квитанций …", release_id)
        found = verification.verify(settings, release_id)
    show(_verdict(found))
    if not found.is_proved:
        sys.exit(NOTHING_PUBLISHED)


def _verdict(found: Any) -> list[str]:
    """Lines for people about a `verification.Verification`."""
    release = found.release
    lines = [f"Файлов {found.files}: " + ("все целы." if not found.damages else "есть повреждённые.")]
    lines += [f"  {damage}" for damage in found.damages]
    if found.lost_receipts:
        lines.append(f"Квитанций, которых выпуск не знает: {found.lost_receipts}. Журнал квитанций не тот.")
    differing = [entry for entry in found.tables if not entry.is_equal]
    for entry in differing:
        lines.append(
            f"  {entry.name}: из {entry.rows} строк не повторилось {entry.missing}, других {entry.surplus}"
        )
    if not found.tables:
        lines.append("Хранилище выпуска не открывается: сравнить таблицы не с чем.")
    elif not differing:
        rows = sum(entry.rows for entry in found.tables)
        lines.append(f"Таблиц {len(found.tables)}, строк {rows}: все повторились.")
    if not found.is_code_same:
        lines.append(f"Программа с тех пор изменилась: {release.code_version} → {found.code_version}.")
    if not found.is_methodology_same:
        lines.append(
            "Методика с тех пор изменилась: "
            f"{release.methodology_hash or 'не записана'} → {found.methodology_hash}."
        )
    if differing and not (found.is_code_same and found.is_methodology_same):
        lines.append(
            "Поэтому отличия не значат, что выпуск испорчен: проверьте его той версией, которой он сделан."
        )
    elif not differing and not (found.is_code_same and found.is_methodology_same):
        lines.append("На числа этого выпуска это не повлияло.")
    lines.append(f"Выпуск {release.release_id} {'доказан' if found.is_proved else 'НЕ доказан'}.")
    return lines


@main.command()
@click.argument("school", metavar="ШКОЛА")
@click.argument("indicator", metavar="ПОКАЗАТЕЛЬ")
@year_option
@click.option("--period", metavar="ПЕРИОД", help="Один из периодов года: 2022-Q1; обычно все.")
@with_settings
def explain(settings: Settings, school: str, indicator: str, year: int, period: str | None) -> None:
    """Откуда взялось значение: формула, числа, строки файлов."""
    from school_quality.explain import explain as found
    from school_quality.warehouse.publication import damage, releases

    warehouse = releases.warehouse(settings, damage.shown(settings))
    click.echo(found(warehouse, settings.landing, school, indicator, year, period).render())


@main.command()
@click.argument("file", metavar="ФАЙЛ.sql", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--csv", "csv_file", metavar="ФАЙЛ", type=NewFile(), help="Ответ в файл CSV.")
@with_settings
def query(settings: Settings, file: Path, csv_file: Path | None) -> None:
    """Выполнить запрос SQL к текущему выпуску: примеры в docs/queries/."""
    from school_quality.warehouse.readers import queries

    try:
        sql = file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise UsageError(f"Файл {file} не в кодировке UTF-8: сохраните его в ней.") from error
    answer = queries.answer(settings, sql)
    if csv_file is not None:
        csv_file.write_text(queries.as_csv(answer), encoding="utf-8")
        return
    show(table(answer.columns, answer.rows))


@main.group(
    invoke_without_command=True,
    options_metavar="[ПАРАМЕТРЫ]",
    subcommand_metavar="[release|withhold НОМЕР...]",
)
@click.option("--all", "is_all", is_flag=True, help="И те, о которых уже решено.")
@with_settings
@click.pass_context
def practices(ctx: click.Context, settings: Settings, is_all: bool) -> None:
    """Тексты практик, которые ждут решения: открытая редакция показывает только прочитанные."""
    if ctx.invoked_subcommand is not None:
        return
    from school_quality.warehouse.open_edition import practices as found

    words = {"release": "открыт", "withhold": "закрыт", None: "ждёт"}
    shown = [text for text in found.texts(settings) if is_all or text.decision is None]
    if not shown:
        click.echo("Решения не ждёт ни один текст.")
    for text in shown:
        click.echo(f"{text.number} · {words[text.decision]} · {text.school_name} ({text.school_id})")
        click.echo(f"  {' '.join(filter(None, (text.practice, text.link)))}")
    if any(text.decision is None for text in shown):
        click.echo("Прочитайте и решите: school-quality practices release НОМЕР… (или withhold НОМЕР…)")


def _decision(action: Literal["release", "withhold"], said: str) -> Callable[..., None]:
    @click.argument("numbers", metavar="НОМЕР...", nargs=-1, required=True)
    @with_settings
    def decide(settings: Settings, numbers: tuple[str, ...]) -> None:
        from school_quality.warehouse.open_edition import practices as found

        for text in found.decide(settings, action, numbers):
            click.echo(f"{text.number}: {said}")
        click.echo("Это увидят со следующим выпуском: school-quality run --year ГОД")

    return decide


practices.command("release", cls=Command, help="Открыть тексты: в них нет имён и лишних сведений.")(
    _decision("release", "откроется")
)
practices.command("withhold", cls=Command, help="Не показывать тексты в открытой редакции.")(
    _decision("withhold", "не откроется")
)


@main.command(context_settings={"ignore_unknown_options": True, "help_option_names": []})
@click.option("--release", "release_id", metavar="ВЫПУСК", help="Другой выпуск, не текущий.")
@click.option("--csv", "csv_file", metavar="ФАЙЛ", type=NewFile(), help="Ответ в файл CSV.")
@click.argument("arguments", metavar="КОМАНДА...", nargs=-1, type=click.UNPROCESSED)
@with_settings
def metrics(
    settings: Settings, release_id: str | None, csv_file: Path | None, arguments: tuple[str, ...]
) -> None:
    """Метрики (MetricFlow) по выпуску: metrics query --metrics schools; что есть: metrics list metrics."""
    from school_quality.warehouse.readers import metrics as found

    if any(each.startswith("--csv") for each in arguments):  # unread behind a "--"
        raise UsageError("Уберите из команды «--»: файл ответа пишется так: --csv ФАЙЛ.")
    embedded.configure()
    answer = ("--csv", str(csv_file)) if csv_file else ()
    code = found.run(settings, (*(arguments or ("--help",)), *answer), release_id)
    if code:
        sys.exit(USAGE)


@main.command()
@year_option
@click.option("--school", metavar="КОД", help="Только формы одной школы: её код ОО.")
@click.option("--municipality", metavar="РАЙОН", help="Только один район: код или название.")
@with_settings
def templates(settings: Settings, year: int, school: str | None, municipality: str | None) -> None:
    """Пустые формы для рассылки, со школами и подсказками."""
    from school_quality import templates as forms

    with quiet(embedded.log_file()):
        folder = forms.write(settings, year, school, municipality)
    click.echo(f"Формы: {folder}")


@main.command()
@with_settings
def examples(settings: Settings) -> None:
    """Положить в папку приёма пример района; файлы, которые там уже есть, не меняются."""
    source = project_root() / "data" / "examples" / "inbox"
    copied = 0
    for path in sorted(source.rglob("*")):
        target = settings.inbox / path.relative_to(source)
        if path.is_file() and not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
            copied += 1
    click.echo(f"Пример района в {settings.inbox}: новых файлов {copied}")


@main.command()
@with_settings
def repair(settings: Settings) -> None:
    """Починить то, что повреждено под папкой данных; скажет, что нашёл и сделал. Код 1: осталось."""
    from school_quality import pipeline

    with quiet(embedded.log_file()):
        found = pipeline.repair(settings)
    show(found.done or ["Повреждений не найдено."])
    if found.remaining:
        show(["Осталось:", *(f"  {line}" for line in found.remaining)])
        click.echo("Верните эти файлы из резервной копии, положите в папку приёма или отзовите: withdraw")
        sys.exit(NOTHING_PUBLISHED)
    if found.done:
        click.echo("Теперь: school-quality run --year ГОД")


@main.command()
@with_settings
def doctor(settings: Settings) -> None:
    """Всё ли в порядке: версии, ключ, место на диске, Airflow, последний выпуск. Код 1: есть что чинить."""
    from school_quality import doctor as checkup

    checks = checkup.examine(settings)
    for check in checks:
        click.echo(f"{check.mark} {check.subject}: {check.finding}")
        if check.advice:
            click.echo(f"  что делать: {check.advice}")
    if not all(check.is_well for check in checks):
        sys.exit(NOTHING_PUBLISHED)
