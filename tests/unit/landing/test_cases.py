"""The case folders beside the project: files that failed elsewhere get what their README says."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pytest
from beside import SHARED, needs_shared

from school_quality.landing import IngestReport, ingest
from school_quality.settings import Settings

ROOT = Path(__file__).resolve().parents[3]
CASES = SHARED / "data" / "cases"

pytestmark = [needs_shared, pytest.mark.seconds(20)]

Counts = tuple[str | None, int, int, int]
"""Dataset; rows accepted, rejected, skipped."""


@dataclass(frozen=True)
class Case:
    """What becomes of the files of a case, by their paths, and the rules that its remarks cite, each once."""

    folder: str
    files: dict[str, Counts]
    rules: set[str] = field(default_factory=set)
    over_the_example: bool = True  # else the case is an inbox of its own


FORMS = "2022-2023/Формы"

EXPECTED: list[Case] = [
    Case("01-html-as-xls", {f"{FORMS}/Кадры из АИС.xls": ("form_staff", 8, 0, 0)}),
    Case(
        "02-spreadsheetml-2003-as-xls",
        # the other one, called .xml, has the same content: nothing happens
        {f"{FORMS}/Кадры (1С).xls": ("form_staff", 7, 1, 0)},
        {"required_empty"},
    ),
    Case(
        "08-gia-2026-long-title-id",
        {
            "2026/ЕГЭ/Протокол (11).xlsx": ("ege_results", 10, 0, 0),
            "2026/ОГЭ/Протокол.xlsx": ("oge_results", 14, 0, 0),
        },
    ),
    Case(
        "11-empty-shared-string-cell",
        {"2022-2023/Формы/Документы школ.xlsx": ("form_documents", 4, 2, 0)},
        {"required_empty"},
    ),
    Case(
        "14-numbering-row-under-header",
        {
            f"{FORMS}/Методическая работа, школа 39.xlsx": ("form_methodical", 1, 0, 0),
            f"{FORMS}/Методическая работа, школа 43.xlsx": ("form_methodical", 1, 0, 0),
        },
    ),
    Case(
        "15-biff5-xls-cp1251-without-codepage",
        {
            "2022/ОГЭ/Математика старый формат.xls": ("oge_results", 14, 0, 0),
            "2022/ОГЭ/Русский старый формат с кодировкой.xls": ("oge_results", 14, 0, 0),
        },
    ),
    Case("16-xlsb", {f"{FORMS}/Кадры двоичная.xlsb": ("form_staff", 6, 0, 0)}),
    Case(
        "19-school-names-instead-of-codes",
        {
            f"{FORMS}/Кадры код-название.xlsx": ("form_staff", 4, 4, 0),
            f"{FORMS}/Кадры по названиям.xlsx": (None, 0, 0, 0),
        },
        {"unknown_school", "missing_column"},
    ),
    Case(
        "22-text-numbers-spaces-dashes",
        {f"{FORMS}/Контингент 3 четверть.xlsx": ("form_pupils", 7, 5, 0)},
        {"not_a_number", "required_empty"},
    ),
    Case(
        "23-dates-instead-of-codes",
        {
            f"{FORMS}/Дорожная карта 2 четверть.xlsx": ("form_roadmap", 11, 3, 0),
            "2022/ОГЭ/Математика, классы датами.xlsx": ("oge_results", 14, 0, 0),
        },
        {"date_for_item", "not_a_date"},
    ),
    Case(
        "25-score-distribution-looks-like-marks",
        {
            "2022/ВПР/scores.xlsx": ("score_distribution", 5, 0, 0),
            "2022/ВПР/Распределение первичных баллов, русский язык 7 класс.xlsx": (
                "score_distribution",
                4,
                0,
                3,
            ),
            "2022/ВПР/Сравнение отметок с отметками по журналу.xlsx": ("journal_comparison", 3, 0, 1),
        },
    ),
    Case(
        "26-title-in-the-key-column",
        {
            "2022/ЕГЭ/Протокол 2.csv": ("ege_results", 4, 0, 0),
            "2022/ЕГЭ/Протокол.xlsx": ("ege_results", 7, 0, 4),
        },
        {"results_beyond_school_type"},
    ),
    Case(
        "33-work-of-two-parts",
        {
            "2020/4/Русский язык.xlsx": ("vpr_results", 13, 0, 0),
            "mark_scale.csv": ("mark_scale", 2, 0, 0),
            "school_register.xlsx": ("school_register", 3, 0, 0),
        },
        {"wrote_one_part"},
        over_the_example=False,
    ),
    Case(
        "27-appeal-of-a-skipped-result",
        {
            "2022/ОГЭ/Математика резерв.xlsx": ("oge_results", 3, 0, 1),
            "2022/ОГЭ/Апелляции резерв.xlsx": ("appeals", 2, 0, 1),
        },
    ),
    Case(
        "31-region-pseudo-unit-without-municipality",
        {
            "school_register.xlsx": ("school_register", 3, 0, 1),
            "mark_scale.csv": ("mark_scale", 2, 0, 0),
            "2020/5/Математика.xlsx": ("vpr_results", 12, 0, 2),
        },
        over_the_example=False,
    ),
    Case(
        "32-context-survey",
        {
            "school_register.xlsx": ("school_register", 3, 0, 0),
            "mark_scale.csv": ("mark_scale", 2, 0, 0),
            "2020/4/Русский язык.xlsx": ("vpr_results", 8, 0, 0),
            "2022/Сбор контекстных данных об ОО (2022).xlsx": (None, 0, 0, 0),
        },
        {"unknown_header"},
        over_the_example=False,
    ),
    Case(
        "34-left-without-results",
        {
            "school_register.xlsx": ("school_register", 3, 0, 0),
            "mark_scale.csv": ("mark_scale", 4, 0, 0),
            "2021/5/Проведение работы по математике, 5 класс. ВПР 2021.xlsx": ("vpr_results", 24, 0, 0),
            "2021/5/Проведение работы по русскому языку, 5 класс. ВПР 2021.xlsx": ("vpr_results", 24, 0, 0),
            "2022/11/История.xlsx": ("vpr_results", 12, 0, 0),
        },
        over_the_example=False,
    ),
]
"""One entry a case, in the order of their numbers."""


@dataclass(frozen=True)
class Outcome:
    """A data root after the case was ingested, and what the ingest told of its files."""

    settings: Settings
    report: IngestReport

    @property
    def counts(self) -> dict[str, Counts]:
        return {
            r.path: (r.dataset, r.rows_accepted, r.rows_rejected, r.rows_skipped) for r in self.report.landed
        }

    def remarks(self, columns: str = "rule") -> list[tuple[object, ...]]:
        """Of the files of the case: ``path``, ``row_number``, ``column_name``, ``rule``, ``value``,
        ``message``, ``advice``, ``level``."""
        seqs = ", ".join(str(r.seq) for r in self.report.landed)
        return duckdb.sql(
            f"select {columns} from read_parquet('{self.settings.rejected}/[0-9]*.parquet') "
            f"where seq in ({seqs}) order by all"
        ).fetchall()

    def rows(self, dataset: str, columns: str = "*") -> list[tuple[object, ...]]:
        """Landed rows of a dataset of the files of the case."""
        seqs = ", ".join(str(r.seq) for r in self.report.landed)
        files = f"{self.settings.landing}/*/rows/{dataset}.parquet"
        return duckdb.sql(
            f"select {columns} from read_parquet('{files}') where seq in ({seqs}) order by seq, row_number"
        ).fetchall()


@pytest.fixture(scope="module", autouse=True)
def _one_key() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SCHOOL_QUALITY_PII_KEY", "a key for tests")
        yield


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data root that has the example district."""
    root = tmp_path_factory.mktemp("example")
    shutil.copytree(ROOT / "data" / "examples" / "inbox", root / "inbox")
    ingest(Settings(root))
    return root


@pytest.fixture
def ingested(example: Path, tmp_path: Path) -> Callable[[str, bool], Outcome]:
    """Ingest the inbox of a case, over the example or alone."""

    def run(folder: str, over_the_example: bool = True) -> Outcome:
        root = tmp_path / "data"
        if over_the_example:
            shutil.copytree(example, root)
        shutil.copytree(CASES / folder / "inbox", root / "inbox", dirs_exist_ok=True)
        settings = Settings(root)
        return Outcome(settings, ingest(settings))

    return run


@pytest.mark.parametrize("case", EXPECTED, ids=lambda case: case.folder)
def test_the_files_of_a_case_get_what_its_readme_says(
    case: Case, ingested: Callable[[str, bool], Outcome]
) -> None:
    outcome = ingested(case.folder, case.over_the_example)

    assert outcome.counts == case.files
    assert {rule for (rule,) in outcome.remarks()} == case.rules


def test_each_block_of_case_26_has_its_own_subject(ingested: Callable[[str, bool], Outcome]) -> None:
    outcome = ingested("26-title-in-the-key-column", True)

    subjects = Counter(subject for (subject,) in outcome.rows("ege_results", "subject"))

    assert subjects == {"physics": 3, "russian": 4, "social_studies": 2, "history": 2}


def test_the_protocols_of_case_08_are_of_russian_in_2026(ingested: Callable[[str, bool], Outcome]) -> None:
    outcome = ingested("08-gia-2026-long-title-id", True)

    for dataset in ("ege_results", "oge_results"):
        assert set(outcome.rows(dataset, "subject, reporting_year, exam_date")) == {("russian", 2026, None)}


def test_half_a_work_of_case_33_is_no_result(ingested: Callable[[str, bool], Outcome]) -> None:
    outcome = ingested("33-work-of-two-parts", False)

    assert outcome.rows("vpr_results", "is_absent") == [*[(False,)] * 8, *[(True,)] * 4, (False,)]
    assert outcome.remarks("message") == [
        ("Работа из двух частей; только одну часть писали: 2. Эти ученики считаются не писавшими работу.",)
    ]


def test_the_remarks_of_case_19_offer_the_column_and_the_codes(
    ingested: Callable[[str, bool], Outcome],
) -> None:
    outcome = ingested("19-school-names-instead-of-codes", True)

    told = [f"{message} {advice}" for message, advice in outcome.remarks("message, advice")]

    assert any("Похожие столбцы в файле: «Наименование ОО»" in text for text in told)
    for code in ("6005", "6011", "6022", "6031"):
        assert any(f"Школа с таким названием в реестре: {code}, " in text for text in told)


def test_no_number_of_case_22_is_guessed(ingested: Callable[[str, bool], Outcome]) -> None:
    outcome = ingested("22-text-numbers-spaces-dashes", True)

    accepted = outcome.rows("form_pupils", "school_id, reporting_year, quarter, pupils")
    rejected = outcome.remarks("value, advice")

    assert [row[0] for row in accepted] == ["6003", "6005", "6031", "6039", "6043", "6044", "6046"]
    assert {row[1:3] for row in accepted} == {(2022, 3)}
    assert [row[3] for row in accepted] == [1084, 865, 96, 455, 281, 88, 104]
    assert {value for value, _ in rejected} == {"'74", "-", "н/д", "68 чел.", "1 18", "—"}
    assert all("впишите" in str(advice).lower() for _, advice in rejected)
