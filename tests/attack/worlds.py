"""The same region with other hidden numbers, and the same region a correction later; straight in landing."""

from __future__ import annotations

import random
import shutil
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from oracle.districts import Log

from .published import Release, Row

SCORES = {
    "vpr_results": ("total", "mark"),
    "ege_results": ("primary_score", "test_score", "mark"),
    "oge_results": ("primary_score", "mark"),
    "vpr_marks": ("share_2_pct", "share_3_pct", "share_4_pct", "share_5_pct"),
    "procedure_results": ("failed_pct",),
}
"""Datasets of results with the columns that say how somebody did."""

COUNTS = (
    ("form_methodical", ("shared_municipal", "shared_regional", "leaders_tutors"), "teachers", 5, False),
    ("form_methodical", ("trained_3_years",), "teachers", 5, True),
    ("form_teacher_courses", ("trained_teachers",), "teachers", 5, True),
    ("form_pupils", ("disability", "non_native", "social"), "pupils", 10, True),
)
"""Forms with columns of people, their whole, the limit that hides a group, and whether it hides the rest."""


def with_other_hidden_numbers(root: Path, release: Release, target: Path) -> int:
    """Copy a landing to ``target`` and exchange scores among hidden results; how many cells changed.

    Who wrote stays, so the same results are hidden; scores go from one hidden result of a work to another, so
    that nothing changes for the work as a whole.
    """
    rng = random.Random(5)  # noqa: S311 - reproducible
    shutil.copytree(root / "landing", target / "landing")
    shutil.copytree(root / "rejected", target / "rejected")
    hidden = _hidden(release)
    changed = 0
    for dataset, columns in SCORES.items():
        for path in sorted((target / "landing").glob(f"[0-9]*/rows/{dataset}.parquet")):
            rows = pq.read_table(path).to_pylist()
            before = [dict(row) for row in rows]
            for members in _works(rows, columns, lambda row, name=dataset: _key(name, row) in hidden):
                scores = [tuple(row[column] for column in columns) for row in members]
                rng.shuffle(scores)
                for row, score in zip(members, scores, strict=True):
                    row.update(zip(columns, score, strict=True))
            changed += sum(a != b for a, b in zip(before, rows, strict=True))
            _write(path, rows)
    for dataset, columns, whole, limit, is_rest_hidden in COUNTS:
        for path in sorted((target / "landing").glob(f"[0-9]*/rows/{dataset}.parquet")):
            rows = pq.read_table(path).to_pylist()
            for row in rows:
                for column in columns:
                    number = row[column]
                    if number is None or (row[whole] or 0) < 2 * limit:
                        continue
                    if number < limit:  # nobody, too, is hidden
                        row[column] = (number + 1) % limit
                    elif is_rest_hidden and row[whole] - number < limit:
                        row[column] = row[whole] - (row[whole] - number + 1) % limit
                    if row[column] != number:
                        changed += 1
            _write(path, rows)
    return changed


def with_the_fewest_and_worst(root: Path, release: Release, target: Path) -> int:
    """Copy a landing to ``target`` with as few and as bad hidden results as there can be; how many rows went.

    Of each kind of rows (counted or not, with these columns) one stays in a hidden result, and has the worst
    score of the hidden rows of its work: sums, minima and verdicts are as different as they can be.
    """
    shutil.copytree(root / "landing", target / "landing")
    shutil.copytree(root / "rejected", target / "rejected")
    hidden = _hidden(release)
    gone = 0
    for dataset, columns in SCORES.items():
        is_of_pupils = dataset.endswith("_results") and dataset != "procedure_results"
        for path in sorted((target / "landing").glob(f"[0-9]*/rows/{dataset}.parquet")):
            rows = pq.read_table(path).to_pylist()
            spare: set[int] = set()
            for members in _works(rows, columns, lambda row, name=dataset: _key(name, row) in hidden):
                scores = [tuple(row[column] for column in columns) for row in members]
                worst = min(scores, key=_filled) if is_of_pupils else max(scores, key=_filled)
                seen = set()
                for row in members:
                    row.update(zip(columns, worst, strict=True))
                    if is_of_pupils and row["school_id"] in seen:
                        spare.add(id(row))
                    seen.add(row["school_id"])
            gone += len(spare)
            _write(path, [row for row in rows if id(row) not in spare])
    return gone


def _hidden(release: Release) -> set[tuple[str, int, str]]:
    return {
        (row["school_id"], row["reporting_year"], row["procedure_id"])
        for row in release.results
        if row["participants"] is None
    }


def _filled(score: tuple[object, ...]) -> tuple[object, ...]:
    return tuple(number for number in score if number is not None)


def corrected(root: Path, school: str, target: Path) -> int:
    """Copy a landing to ``target`` and land a school's ВПР and ОГЭ again, corrected; the new ``seq``."""
    rng = random.Random(6)  # noqa: S311 - reproducible
    shutil.copytree(root / "landing", target / "landing")
    shutil.copytree(root / "rejected", target / "rejected")
    log = Log(target / "landing")
    log.seq = 1000
    files = []
    for dataset, column in (("vpr_results", "total"), ("oge_results", "mark")):
        rows = [
            {
                name: value
                for name, value in row.items()
                if name not in ("seq", "file_id", "sheet", "row_number")
            }
            for path in sorted((target / "landing").glob(f"[0-9]*/rows/{dataset}.parquet"))
            for row in pq.read_table(path).to_pylist()
            if row["school_id"] == school and row[column] is not None
        ]
        unique = {
            str(sorted((k, str(v)) for k, v in row.items() if k not in SCORES[dataset])): row for row in rows
        }
        for row in unique.values():
            row[column] = rng.choice((2, 3, 4)) if column == "mark" else rng.choice((0, row[column]))
        files.append((dataset, list(unique.values())))
    log.batch([(name, rows) for name, rows in files if rows], number=9)
    return log.seq


def _key(dataset: str, row: Row) -> tuple[str, int, str]:
    exam, _, _ = dataset.partition("_")
    exam = row["exam"] if dataset == "procedure_results" else exam
    grade = {"ege": 11, "oge": 9}.get(exam) or row["grade"]
    return row["school_id"], row["reporting_year"], f"{exam}_{row['subject']}_{grade}"


def _works(
    rows: list[Row], columns: tuple[str, ...], is_hidden: Callable[[Row], bool]
) -> Iterator[list[Row]]:
    """Hidden rows of one work, year and kind: absent or not, counted or not, with the same columns filled."""
    works: defaultdict[tuple[object, ...], list[Row]] = defaultdict(list)
    for row in rows:
        if is_hidden(row):
            kind = (row.get("exam"), row["subject"], row.get("grade"), row["reporting_year"])
            kind += (row.get("is_absent"), row.get("is_counted"), row.get("sitting"), row.get("printed_max"))
            works[kind + tuple(row[column] is None for column in columns)].append(row)
    yield from works.values()


def _write(path: Path, rows: list[Row]) -> None:
    pq.write_table(pa.Table.from_pylist(rows, schema=pq.read_schema(path)), path)
