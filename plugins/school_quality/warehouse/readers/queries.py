"""A question in SQL, answered by a published file and by no other file of the machine."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import Any

from school_quality.errors import UsageError
from school_quality.settings import Settings
from school_quality.warehouse.publication import damage, releases
from school_quality.warehouse.readers.opening import open_shut

_REFUSED = (
    "Запрос не выполнен: он читает или пишет файлы. Здесь доступны только таблицы выпуска; "
    "ответ в файл: school-quality query ФАЙЛ.sql --csv ОТВЕТ.csv"
)


@dataclass(frozen=True, slots=True)
class Answer:
    """Names of the columns and the rows in the order of the query."""

    columns: list[str]
    rows: list[tuple[Any, ...]]


def answer(settings: Settings, sql: str) -> Answer:
    """What the current release answers.

    Raises what `damage.shown` raises, and `UsageError` for SQL that is faulty or not there.
    """
    import duckdb

    with open_shut(releases.warehouse(settings, damage.shown(settings))) as reader:
        try:
            if not reader.extract_statements(sql):
                raise UsageError("В файле нет ни одного запроса SQL.")
            reader.execute(sql)
            return Answer([column[0] for column in reader.description or ()], reader.fetchall())
        except duckdb.PermissionException as error:
            raise UsageError(_REFUSED) from error
        except duckdb.Error as error:
            raise UsageError(f"Запрос не выполнен: {error}") from error


def as_csv(found: Answer) -> str:
    """The answer as CSV; lists are joined with a comma and a space, unknown is empty."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(found.columns)
    for row in found.rows:
        writer.writerow(", ".join(map(str, value)) if isinstance(value, list) else value for value in row)
    return text.getvalue()
