"""The command ``school-quality``: the steps of the pipeline for people, in Russian.

Exit codes: 0 all well; 1 nothing could be published; 2 usage; 3 published, but something was rejected.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from functools import wraps
from typing import Any

import click

from school_quality.errors import SchoolQualityError, UsageError
from school_quality.settings import Settings
from school_quality.warehouse.releases import Parameters

OK, NOTHING_PUBLISHED, USAGE, WITH_REJECTIONS = 0, 1, 2, 3

progress = logging.getLogger("school_quality.progress")


class Commands(click.Group):
    """A group whose commands show user errors as one message, in the order in which they were declared."""

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


data_option = click.option(
    "--data", metavar="ПАПКА", type=click.Path(file_okay=False), help="Папка данных (обычно data/ проекта)."
)
year_option = click.option("--year", metavar="ГОД", type=int, required=True, help="Отчётный год.")
period_option = click.option("--period", metavar="ПЕРИОД", help="Период документов: 2022, 2022-H1, 2022-Q3.")
as_of_option = click.option(
    "--as-of", metavar="ДАТА", help="На какую дату судить о сроках (обычно 31 августа следующего года)."
)


def with_settings(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command ``settings`` made of its option ``--data``, and its progress messages on the screen."""

    @data_option
    @wraps(command)
    def wrapped(data: str | None, **arguments: Any) -> Any:
        return command(Settings.load(data), **arguments)

    return wrapped


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="school-quality", message="%(version)s")
def main() -> None:
    """Хранилище качества образования: выгрузки и формы на входе, показатели и карточки на выходе."""


@main.command()
@year_option
@period_option
@as_of_option
@with_settings
def run(settings: Settings, year: int, period: str | None, as_of: str | None) -> None:
    """Всё сразу: принять файлы, проверить, рассчитать, опубликовать."""
    from school_quality import embedded, pipeline

    asked = Parameters.of(year, period, as_of)
    embedded.configure()
    with embedded.quiet():
        if embedded.migrate():
            progress.info("Подготовлен Airflow в %s", embedded.airflow_home())
        succeeded = embedded.run_dag(
            _dag_id(asked.period),
            {
                "reporting_year": asked.year,
                "period": asked.period,
                "as_of": asked.as_of.isoformat(),
                "data_root": str(settings.data_root),
            },
        )
    if not succeeded:
        click.echo(f"Выпуск не опубликован. Подробный журнал: {embedded.log_file()}", err=True)
        sys.exit(NOTHING_PUBLISHED)
    if pipeline.has_rejections(settings):
        click.echo(f"Часть файлов или строк не принята, замечания: {settings.rejected / 'remarks'}", err=True)
        sys.exit(WITH_REJECTIONS)


def _dag_id(period: str) -> str:
    kind = {"": "annual", "H": "half_year", "Q": "quarter"}[period[5:6]]
    return f"recompute_{kind}"
