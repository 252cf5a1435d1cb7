"""The samples, the real exports and the district beside the project, file by file as their tables say."""

from __future__ import annotations

import csv
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from beside import SHARED, needs_shared

from school_quality.landing import IngestReport, ingest
from school_quality.landing.receipts import Receipt, effective, read_receipts
from school_quality.settings import Settings

DATA = SHARED / "data"

pytestmark = [needs_shared, pytest.mark.seconds(40)]

Counts = tuple[int, int, int, int]


def tables(readme: Path) -> Iterator[list[str]]:
    """The cells of the lines of all tables of a README whose first cell names a file."""
    for line in readme.read_text(encoding="utf-8").splitlines():
        cells = [c.strip().replace(r"\|", "|") for c in re.split(r"(?<!\\)\|", line)[1:-1]]
        if cells and cells[0].startswith("`"):
            yield cells


def counted(readme: Path) -> dict[str, Counts]:
    """File -> rows read, accepted, rejected, skipped, of the tables that end in these four."""
    found = {}
    for cells in tables(readme):
        if all(re.fullmatch(r"\d+", c) for c in cells[-4:]) and len(cells) > 4:
            read, accepted, rejected, skipped = (int(c) for c in cells[-4:])
            found[cells[0].strip("`")] = (read, accepted, rejected, skipped)
    return found


def counts(receipt: Receipt) -> Counts:
    return receipt.rows_read, receipt.rows_accepted, receipt.rows_rejected, receipt.rows_skipped


def copied(source: Path, settings: Settings, without: tuple[str, ...] = ()) -> None:
    """Copy files into the inbox; its README is no part of a district."""
    for file in sorted(source.rglob("*")):
        relative = file.relative_to(source)
        if file.is_file() and file.name != "README.md" and relative.parts[0] not in without:
            target = settings.inbox / relative
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(file, target)


def data_root(folder: Path) -> Settings:
    settings = Settings(folder)
    settings.inbox.mkdir(parents=True)
    return settings


@pytest.fixture(scope="module", autouse=True)
def _one_key() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SCHOOL_QUALITY_PII_KEY", "a key for tests")
        yield


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> tuple[Settings, IngestReport]:
    settings = data_root(tmp_path_factory.mktemp("samples"))
    copied(DATA / "samples", settings, without=("bad",))
    return settings, ingest(settings)


@pytest.fixture(scope="module")
def bad(tmp_path_factory: pytest.TempPathFactory) -> tuple[Settings, IngestReport]:
    settings = data_root(tmp_path_factory.mktemp("bad"))
    for name in ("school_register.xlsx", "mark_scale.csv", "form_olympiad.csv", "social_index.csv"):
        shutil.copy2(DATA / "samples" / name, settings.inbox / name)
    ingest(settings)
    copied(DATA / "samples" / "bad", settings)
    with (settings.inbox / "больше 200 МБ.csv").open("wb") as file:
        file.truncate(201 * 1024 * 1024)
    return settings, ingest(settings)


def remarks(settings: Settings) -> list[tuple[str, int | None, str, str, str, str]]:
    """(path, row, column, rule, value, message), but for warnings."""
    return duckdb.sql(
        "select path, row_number, column_name, rule, value, message "
        f"from read_parquet('{settings.rejected}/[0-9]*.parquet') where level <> 'warning' order by all"
    ).fetchall()


def test_every_good_sample_is_counted_as_its_table_says(good: tuple[Settings, IngestReport]) -> None:
    _, report = good

    found = {r.path: counts(r) for r in report.landed}

    assert found == counted(DATA / "samples" / "README.md")


def test_the_archive_of_copies_changes_nothing(good: tuple[Settings, IngestReport]) -> None:
    settings, report = good

    assert report.unchanged == 2
    assert ingest(settings).receipts == ()


def test_exactly_three_rows_of_the_good_samples_are_rejected(good: tuple[Settings, IngestReport]) -> None:
    settings, _ = good

    found = [(path, row, rule) for path, row, _, rule, _, _ in remarks(settings)]

    assert found == [
        ("ege_protocol_cp1251.csv", 33, "unknown_school"),
        ("ege_regional.xlsx", found[1][1], "out_of_range"),
        (found[2][0], found[2][1], "total_above_scale"),
    ]


def test_the_warnings_of_the_good_samples_are_those_that_their_table_names(
    good: tuple[Settings, IngestReport],
) -> None:
    settings, _ = good

    found = duckdb.sql(
        f"select path, rule from read_parquet('{settings.rejected}/[0-9]*.parquet') where level = 'warning'"
    ).fetchall()

    assert ("vpr_f1_individual.xlsx", "participants_differ") in found
    assert ("ege_regional.xlsx", "minimum_differs") in found
    assert {path for path, rule in found if rule == "measure_differs_between_forms"} == {
        "form_staff.xlsx",
        "form_methodical.xlsx",
    }


def test_sheets_without_a_table_are_listed_as_skipped(good: tuple[Settings, IngestReport]) -> None:
    _, report = good

    assert {r.path: r.skipped_sheets for r in report.landed if r.skipped_sheets} == {
        "form_staff.xlsx": ("Пояснения",),
        "vpr/2022/6/Русскому языку.xlsx": ("Классы",),
    }


def test_an_appeal_in_a_sample_finds_the_pupil_whose_document_lost_its_zeros(
    good: tuple[Settings, IngestReport],
) -> None:
    settings, _ = good

    found = duckdb.sql(
        f"""
        select a.exam, a.subject, a.score, r.mark, r.primary_score
        from read_parquet('{settings.landing}/*/rows/appeals.parquet') as a
        join read_parquet('{settings.landing}/*/rows/oge_results.parquet') as r
            using (pupil_id, subject, exam_date)
        """
    ).fetchall()

    assert found == [("oge", "math", 3, 2, 7)]


def test_every_sample_with_bad_rows_is_counted_as_its_table_says(bad: tuple[Settings, IngestReport]) -> None:
    _, report = bad

    wanted = counted(DATA / "samples" / "bad" / "README.md")

    assert {r.path: counts(r) for r in report.landed if r.path in wanted} == wanted


def test_every_bad_sample_is_rejected_whole_with_a_remark_and_counts_no_rows(
    bad: tuple[Settings, IngestReport],
) -> None:
    settings, report = bad
    readme = (DATA / "samples" / "bad" / "README.md").read_text(encoding="utf-8")
    table = readme.split("## The file is rejected whole")[1].split("\n## ")[0]
    wanted = {
        name
        for line in table.splitlines()
        for name in re.findall(r"`([^`]+)`", line.split("|")[1] if "|" in line else "")
    }

    told = {path.removesuffix("/inner.zip") for path, *_ in remarks(settings)}
    receipts = {r.path: r for r in report.landed if r.outcome == "rejected"}

    assert len(wanted) > 20
    assert wanted | {"больше 200 МБ.csv"} <= told
    assert all(
        counts(r) == (0, 0, 0, 0) for r in receipts.values() if r.path != "too_many_bad_rows_large.csv"
    )


@pytest.mark.parametrize(
    ("path", "row", "column", "value"),
    [
        ("out_of_range.csv", 4, "ИСБШ", "140"),
        ("out_of_range.csv", 7, "ИСБШ", "-3"),
        ("out_of_range.csv", 10, "ИСБШ", "много"),
        ("not_a_number.xlsx", 5, "Неуспевающих", "девять"),
        ("not_a_number.xlsx", 8, "Четверть", "5"),
        ("unknown_school.xlsx", 6, "Код ОО", "999999"),
        ("unknown_school.xlsx", 9, "Код ОО", "СОШ № 31"),
        ("unknown_subject.csv", 7, "Предмет", "Астрология"),
        ("formula_error.xlsx", 6, "Неуспевающих", "#REF!"),
        ("formula_error.xlsx", 9, "Обучающихся", "#DIV/0!"),
        ("formula_error_text.csv", 3, "ИСБШ", "#ССЫЛКА!"),
        ("formula_error_text.csv", 8, "ИСБШ", "#Н/Д"),
        ("part_larger_than_whole.xlsx", 4, "Неуспевающих", "400"),
        ("part_larger_than_whole.xlsx", 7, "Неуспевающих на дополнительных занятиях", "10"),
        ("oge_mark_above_scale.csv", 6, "Оценка", "3"),
        ("oge_mark_above_scale.csv", 13, "Оценка", "6"),
        ("duplicate_differing.csv", 6, "Код ОО", "006017"),
        ("duplicate_differing.csv", 17, "Код ОО", "6017"),
    ],
)
def test_the_remark_points_to_the_cell(
    bad: tuple[Settings, IngestReport], path: str, row: int, column: str, value: str
) -> None:
    settings, _ = bad

    found = [(r[2], r[4]) for r in remarks(settings) if r[0] == path and r[1] == row]

    assert found == [(column, value)]


def test_files_that_are_left_alone_are_neither_read_nor_told(bad: tuple[Settings, IngestReport]) -> None:
    settings, report = bad
    names = (
        "~$form_pupils.xlsx",
        ".~lock.form_pupils.xlsx#",
        ".social_index.csv",
        "social_index.csv.part",
        "social_index.tmp",
    )

    assert not {r.path for r in report.landed} & {*names, "same_file_again.csv"}
    assert not {path for path, *_ in remarks(settings)} & set(names)


def test_nothing_is_written_outside_the_data_root(bad: tuple[Settings, IngestReport]) -> None:
    settings, _ = bad

    assert not list(settings.data_root.parent.rglob("outside.csv"))
    assert not list(settings.data_root.parent.parent.glob("outside.csv"))


def test_no_row_of_the_real_region_is_lost(tmp_path: Path) -> None:
    settings = data_root(tmp_path)
    copied(DATA / "real", settings, without=("Планы",))

    report = ingest(settings)

    wanted = {}
    for cells in tables(DATA / "real" / "README.md"):
        if re.fullmatch(r"\d+", cells[1]):
            wanted[cells[0].strip("`")] = tuple(int(c) for c in cells[1:5])
    assert {r.path: counts(r) for r in report.landed} == wanted
    (absent,) = duckdb.sql(
        f"select count(*) from read_parquet('{settings.landing}/*/rows/vpr_results.parquet') where is_absent"
    ).fetchone() or (0,)
    assert absent == 2432 + 2508 + 2714 + 2416


def test_every_row_of_the_district_is_accounted_for(tmp_path: Path) -> None:
    settings = data_root(tmp_path)
    copied(DATA / "district" / "inbox", settings)

    ingest(settings)

    for receipt in effective(read_receipts(settings)).values():
        read, *parts = counts(receipt)
        assert read == sum(parts), receipt.path
        assert receipt.outcome == "rejected" or receipt.dataset is not None


PERSONAL = ("surname", "first_name", "patronymic", "document", "document_number")


def people(settings: Settings) -> set[bytes]:
    """Surnames and document numbers that stand in the CSV files of the samples."""
    found = set()
    for file in settings.inbox.glob("*.csv"):
        raw = file.read_bytes()
        for encoding in ("utf-8-sig", "cp1251"):
            try:
                text = raw.decode(encoding)
            except UnicodeDecodeError:
                continue
            break
        columns: dict[str, int] = {}
        for row in csv.reader(text.splitlines(), delimiter=";"):
            if "Фамилия" in row:
                columns = {name: row.index(name) for name in ("Фамилия", "Документ", "Номер") if name in row}
            elif columns and len(row) > max(columns.values()):
                found |= {row[i].strip().encode() for i in columns.values() if len(row[i].strip()) > 4}
    return found


def test_no_name_and_no_document_is_written_anywhere(
    good: tuple[Settings, IngestReport], tmp_path: Path
) -> None:
    settings, _ = good
    names = people(settings)
    plain = tmp_path / "plain.csv"

    assert len(names) > 50
    for file in settings.data_root.rglob("*"):
        if not file.is_file() or file.is_relative_to(settings.inbox):
            continue
        written = file.read_bytes()
        if file.suffix == ".parquet":
            # Parquet compresses: what it says is looked at as text
            duckdb.sql(f"copy (from '{file}') to '{plain}'")
            written += plain.read_bytes()
        assert not [name for name in names if name in written], file.name
