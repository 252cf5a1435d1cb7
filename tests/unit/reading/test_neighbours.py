"""Tables that lie in one folder are not taken for one another: each file is accepted by its own dataset
only, also where the others are not there to win."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from beside import SHARED
from tests.unit.reading import builders
from tests.unit.reading.conftest import Reader, only_block, rejection

from school_quality import datasets
from school_quality.reading import headers, scan, workbooks
from school_quality.reading.failures import Rejected
from school_quality.reading.tables import Sheet, find_tables

EXAMPLE = Path(__file__).resolve().parents[3] / "data" / "examples" / "inbox"
FIRST_ROWS = 200
TWINS = {"ege_results": "oge_results", "oge_results": "ege_results"}
"""Base maths and ОГЭ share a header: the title decides (contracts 2.2)."""


def sheets_of(folder: Path) -> dict[str, list[Sheet]]:
    """The first rows of the sheets of all files that can be opened."""
    found = {}
    for source in scan(folder):
        if source.rejection is None and "README" not in source.path:
            try:
                sheets = workbooks.cells(workbooks.check(source.load()))
            except Rejected:
                continue
            found[source.path] = [Sheet(s.name, s.rows[:FIRST_ROWS], s.lengths[:FIRST_ROWS]) for s in sheets]
    return found


def blanks() -> dict[str, list[Sheet]]:
    """A sheet of each declared form, made of its headers: a new form needs no file in the example."""
    return {
        f"blank {dataset.name}": [Sheet("", [[field.header for field in dataset.fields.values()]])]
        for dataset in datasets.load().values()
        if dataset.is_form
    }


def accepting(sheets: list[Sheet]) -> set[str]:
    """The datasets that see a table of theirs in the sheets."""
    return {t.header.dataset.name for sheet in sheets for t in find_tables(sheet).tables}


@pytest.fixture(autouse=True)
def _all_are_back() -> Iterator[None]:
    yield
    headers.forget()


def folders() -> list[Path]:
    data = SHARED / "data"
    return [EXAMPLE] + ([data / "samples", data / "real" / "Планы"] if data.is_dir() else [])


@pytest.mark.parametrize("folder", folders(), ids=lambda folder: folder.name)
def test_a_file_is_accepted_by_its_own_dataset_and_by_no_other(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = sheets_of(folder) | blanks()
    own = {path: accepting(sheets) for path, sheets in files.items()}
    every = dict(datasets.load())
    accepted: dict[str, set[str]] = {path: set() for path in files}
    for name, dataset in every.items():
        monkeypatch.setattr(datasets, "load", lambda alone={name: dataset}: alone)
        headers.forget()
        for path, sheets in files.items():
            accepted[path] |= accepting(sheets)

    assert len(files) > len(blanks()) + 1
    assert {
        path: names - own[path] - {TWINS.get(name, "") for name in own[path]}
        for path, names in accepted.items()
    } == {path: set() for path in files}
    assert all(own[path] <= names for path, names in accepted.items())


def test_every_dataset_has_a_file_in_the_example_or_a_blank() -> None:
    found = {name for sheets in sheets_of(EXAMPLE).values() for name in accepting(sheets)}
    forms = {name: accepting(sheets) for name, sheets in blanks().items()}

    assert forms == {f"blank {name}": {name} for name in datasets.load() if datasets.get(name).is_form}
    assert found | set().union(*forms.values()) == set(datasets.load())


def test_plans_of_works_are_nothing_else() -> None:
    header = [
        "№ по КИМу",
        "Умения, виды деятельности (в соответствии с ФГОС)",
        "Блоки ПООП выпускник научится",
    ]
    header += ["Уровень сложности", "Код КЭС", "Код КТ", "Максимальный балл за выполнение задания"]
    rows = [["План ВПР 2022. Математика, 5 класс"], header, ["1", "Вычислять", "Числа", "Б", "1.1", "2.1", 1]]

    assert accepting([Sheet("", [list(row) for row in rows])]) == {"work_plan"}


# ---- reports of ФИС ОКО, which lie in one folder ----

TITLES = [["ВПР 2022. 7 класс"], ["Предмет: Русский язык"]]
GROUPS = ["Группы участников", "Кол-во ОО", "Кол-во участников"]
SCHOOL_KEYS = ["Год", "Класс", "Предмет", "Муниципалитет", "Логин", "ОО", "Кол-во участников"]
SCHOOL = "МБОУ СОШ № 3 (edu980603)"


def by_group(columns: list[object], cells: list[object], *above: list[object]) -> bytes:
    summaries = [
        ["Вся выборка", 39000, 1300000, *cells],
        ["Край", 1150, 52000, *cells],
        ["Заречный район", 2, 90, *cells],
    ]
    return builders.xlsx([*TITLES, [*GROUPS, *columns], *above, *summaries, [SCHOOL, "", 25, *cells]])


def by_school(columns: list[object], cells: list[object]) -> bytes:
    keys = [2022, 7, "Русский язык", "Заречный район", "edu980603", "СОШ № 3", 25]
    return builders.xlsx([[*SCHOOL_KEYS, *columns], [*keys, *cells]])


@pytest.mark.parametrize(
    ("columns", "dataset"),
    [
        ([2, 3, 4, 5], "vpr_marks"),
        (["2", "3", "4", "5"], "vpr_marks"),
        (["2.0", "3.0", "4.0", "5.0"], "vpr_marks"),
        (list(range(39)), "score_distribution"),
        ([float(n) for n in range(21)], "score_distribution"),
        ([str(n) for n in range(21)], "score_distribution"),
        ([0, 2, 3, 4, 5], "score_distribution"),
        ([2, 3, 4, 5, 6], "score_distribution"),
        ([0, 1, 7, 8], "score_distribution"),
    ],
)
def test_number_columns_beside_the_four_marks_are_scores(
    read: Reader, columns: list[object], dataset: str
) -> None:
    cells: list[object] = [100 / len(columns)] * len(columns)

    grouped = read("a.xlsx", by_group(columns, cells))
    plain = read("b.xlsx", by_school(columns, cells))

    for reading, skipped in ((grouped, 3), (plain, 0)):
        block = only_block(reading)
        assert (block.dataset, len(block.row_numbers), reading.rows_skipped) == (dataset, 1, skipped)
        assert {"reporting_year": "2022", "grade": "7"}.items() <= (
            block.constants | {name: cells[0] for name, cells in block.columns.items()}
        ).items()
    if dataset == "score_distribution":
        assert list(grouped.blocks[0].tasks) == [str(column).removesuffix(".0") for column in columns]


def test_a_score_that_stands_twice_would_have_to_be_guessed(read: Reader) -> None:
    assert rejection(read("a.xlsx", by_group([0, 1, 2, 2], [25] * 4))) == "ambiguous_header"


def test_a_report_without_a_score_or_a_mark_is_none_of_them(read: Reader) -> None:
    assert rejection(read("a.xlsx", by_group(["Средний балл", "Медиана"], [20, 21]))) == "unknown_header"


@pytest.mark.parametrize(
    "columns", [[1, 2, 3, 4, 5], ["1", "2", "3.1", "3.2", "4К1"], ["2", "3", "4", "5"], ["Задание 1", "№ 2"]]
)
def test_the_row_of_maxima_tells_tasks_from_scores_and_marks(read: Reader, columns: list[object]) -> None:
    maxima = ["Макс балл", "", "", *[2] * len(columns)]

    reading = read("a.xlsx", by_group(columns, [40] * len(columns), maxima))

    block = only_block(reading)
    assert (block.dataset, len(block.row_numbers), reading.rows_skipped) == ("task_completion", 1, 3)
    assert block.maxima == {str(column): "2" for column in columns}
    assert block.constants == {"reporting_year": "2022", "grade": "7", "subject": "russian"}


def test_tasks_without_their_maxima_are_not_recognised(read: Reader) -> None:
    for columns in (["1", "2.1", "4К1"], ["2", "3", "4", "5", "6.1"], ["Задание 1", "2", "3"]):
        assert rejection(read("a.xlsx", by_group([*columns], [40] * len(columns)))) == "unknown_header"


JOURNAL = ["Группы участников", "Кол-во участников", "%"]


def comparison(school: str, *shares: float) -> list[list[object]]:
    labels = ["Понизили (Отметка < Отметка по журналу) %", "Подтвердили (Отметка = Отметка по журналу) %"]
    labels += ["Повысили (Отметка > Отметка по журналу) %", "Всего"]
    return [
        [school, 25, 100],
        *([label, 9, share] for label, share in zip(labels, (*shares, 100), strict=True)),
    ]


def test_a_comparison_with_the_journal_is_read_by_school(read: Reader) -> None:
    rows = [
        *TITLES,
        JOURNAL,
        *comparison("Вся выборка", 30, 60, 10),
        *comparison("Заречный район", 30, 60, 10),
    ]
    rows += [*comparison(SCHOOL, 36, 56, 8), *comparison("МБОУ ООШ № 7 (edu980607)", 0, 100, 0)]

    reading = read("a.xlsx", builders.xlsx(rows))

    block = only_block(reading)
    assert block.dataset == "journal_comparison"
    assert block.columns["login"] == ["980603"] * 3 + ["980607"] * 3
    assert block.columns["outcome"] == ["понизили", "подтвердили", "повысили"] * 2
    assert block.columns["share_pct"] == ["36", "56", "8", "0", "100", "0"]
    assert len(block.row_numbers) + reading.rows_skipped == 20


def test_each_school_of_a_comparison_may_have_a_header_of_its_own(read: Reader) -> None:
    first, *of_first = comparison(SCHOOL, 36, 56, 8)
    second, *of_second = comparison("МБОУ ООШ № 7 (edu980607)", 0, 100, 0)
    rows = [*TITLES, first[:1], JOURNAL, *of_first, [], second[:1], JOURNAL, *of_second]

    reading = read("2022/7/Русский язык.xlsx", builders.xlsx(rows))

    assert [block.columns["login"] for block in reading.blocks] == [["980603"] * 3, ["980607"] * 3]


def test_a_school_without_its_login_stays_a_row_that_will_be_rejected(read: Reader) -> None:
    rows = [*TITLES, JOURNAL, *comparison("МБОУ СОШ № 3", 36, 56, 8)]

    assert only_block(read("a.xlsx", builders.xlsx(rows))).columns["login"] == ["", "", ""]
