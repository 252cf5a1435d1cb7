"""The open edition as it is published: of the example, and of the release after one file was corrected."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest
from attack.attacker import found_out, possibilities, verdicts_found_out
from attack.published import SUPPRESSED, Release, read

from e2e.conftest import Cli
from school_quality import reporting
from school_quality.settings import Settings
from school_quality.warehouse.publication import releases

pytestmark = [pytest.mark.slow, pytest.mark.seconds(190)]

CORRECTED = "2022/ВПР/5/Математика.xlsx"


@pytest.fixture(scope="module")
def published(copy_of_example: Callable[[], Path], cli: Cli) -> list[Path]:
    """The folders of two releases of the example; a small and a large school sent a correction between."""
    data = copy_of_example()
    first = (data / "published/current").resolve()
    _correct(data / "inbox" / CORRECTED)
    return [first, _run(cli, data)]


def _run(cli: Cli, data: Path) -> Path:
    done = cli("run", "--year", 2022, "--data", data)
    assert done.returncode == 3, done.stdout + done.stderr
    return (data / "published/current").resolve()


def _correct(path: Path) -> None:
    """One pupil more of the smallest and of the largest school that wrote did nothing right."""
    workbook = openpyxl.load_workbook(path)
    sheet = workbook["Протокол"]
    head = [cell.value for cell in sheet[1]]
    login, variant, total = (head.index(name) for name in ("Пользователь", "Вариант", "Итого баллов"))
    wrote = [
        row for row in sheet.iter_rows(min_row=2) if row[variant].value in ("1", "2") and row[total].value
    ]
    sizes = [row[login].value for row in wrote]
    for choose in (min, max):
        row = choose(wrote, key=lambda row: sizes.count(row[login].value))
        for cell in row[variant + 1 : total + 1]:
            cell.value = 0
    workbook.save(path)


def _schools(release: Release) -> set[str]:
    return {str(row["school_id"]) for row in release.statuses}


def test_two_open_releases_together_give_no_hidden_number_away(published: list[Path]) -> None:
    before, after = (read(folder / "open/data/warehouse.duckdb") for folder in published)
    official = [_own(read(folder / "warehouse.duckdb").results) for folder in published]
    changed = {new["school_id"] for old, new in zip(*map(_sorted, official), strict=True) if old != new}

    domains = possibilities([before, after], changed)

    assert len(changed) == 2, "the corrections changed nothing"
    assert len(domains) > 100
    assert all(domains.values())
    assert found_out(domains) == {}
    assert verdicts_found_out([before, after], domains, changed) == {}


def _own(rows: list[dict[str, object]]) -> list[dict[str, object]]:
    """Without what a result says of its region, which no open edition has."""
    return [{name: value for name, value in row.items() if name != "failed_shrunk_pct"} for row in rows]


def _sorted(rows: list[dict[str, object]]) -> list[dict[str, object]]:
    return sorted(rows, key=lambda row: (row["school_id"], row["reporting_year"], row["procedure_id"]))


def test_a_corrected_result_in_an_open_cell_is_not_told_but_that_it_is_updated(published: list[Path]) -> None:
    before, after = (read(folder / "open/data/warehouse.duckdb") for folder in published)
    shown = [
        [{name: value for name, value in row.items() if name != "flags"} for row in _sorted(release.results)]
        for release in (before, after)
    ]
    official = [read(folder / "warehouse.duckdb").results for folder in published]
    marked = [row for row in after.results if "being_updated" in row["flags"]]

    assert shown[0] == shown[1]
    assert sum(old != new for old, new in zip(*map(_sorted, official), strict=True)) >= 2
    assert [row["procedure_id"] for row in marked] == ["vpr_math_5"]
    school = marked[0]["school_id"]
    folder = published[1] / "open"
    words = "уточняется: показано прежнее значение"
    assert words in (folder / f"scorecards/{school}.html").read_text(encoding="utf-8")
    assert any(words in page.read_text(encoding="utf-8") for page in (folder / "site").rglob("*.html"))
    workbook = openpyxl.load_workbook(folder / f"scorecards/{school}.xlsx", read_only=True)
    cells = {cell for sheet in workbook for row in sheet.iter_rows(values_only=True) for cell in row}
    assert any(words in str(cell) for cell in cells)


def test_the_open_edition_is_proved_with_and_without_the_one_before_it(
    published: list[Path], cli: Cli, tmp_path: Path
) -> None:
    first, second = published
    data = tmp_path / "copy"
    shutil.copytree(
        second.parents[1], data, symlinks=True, ignore=shutil.ignore_patterns("warehouse", "inbox")
    )

    beside = cli("verify", second.name, "--data", data)
    shutil.rmtree(data / "published" / first.name)
    alone = cli("verify", second.name, "--data", data)

    assert beside.returncode == 0, beside.stdout + beside.stderr
    assert alone.returncode == 0, alone.stdout + alone.stderr
    named = releases.manifest(Settings(data), second.name)
    assert named["open_before"] == first.name


def test_open_documents_are_made_of_the_open_marts_alone(published: list[Path], tmp_path: Path) -> None:
    """Whoever renders the published open marts gets the same files, so these hold nothing more."""
    folder = published[0] / "open"
    release = releases.ReleaseInfo.from_json(
        releases.manifest(Settings(folder.parents[2]), folder.parent.name)
    )

    shutil.copytree(folder / "data", tmp_path / "data")
    reporting.write_documents(
        tmp_path / "data/warehouse.duckdb",
        tmp_path,
        year=2022,
        period=None,
        release=release.to_json(),
        edition="open",
    )

    ours, theirs = _files(folder), _files(tmp_path)
    assert {Path(name).suffix for name in theirs} >= {".html", ".pdf", ".xlsx", ".docx"}
    assert ours.keys() == theirs.keys()
    assert [name for name in theirs if theirs[name] != ours[name]] == []


def _files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_open_edition_says_hidden_and_holds_no_working_paper(published: list[Path]) -> None:
    folder = published[0] / "open"
    release = read(folder / "data/warehouse.duckdb")
    hidden = next(row["school_id"] for row in release.results if SUPPRESSED in row["flags"])

    card = (folder / f"scorecards/{hidden}.html").read_text(encoding="utf-8")
    names = set(_files(folder))

    assert "скрыто" in card
    assert "Скрыто: меньше 10 учеников" in card
    assert _schools(release) == {Path(name).stem for name in names if name.startswith("scorecards/")}
    assert not [name for name in names if "draft_order" in name or "remarks" in name]
    assert {"data/warehouse.duckdb", "data/csv/fct_indicator_value.csv", "site/index.html"} <= names
