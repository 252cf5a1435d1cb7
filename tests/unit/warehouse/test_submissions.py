"""Who has handed in what, before any release: register, a list and forms have landed, and no result."""

from __future__ import annotations

from datetime import date

import pytest

from school_quality import pipeline
from school_quality.landing import ingest
from school_quality.settings import Settings
from school_quality.warehouse import status
from school_quality.warehouse.school_names import School
from school_quality.warehouse.status import Submissions

pytestmark = pytest.mark.seconds(30)

REGISTER = (
    "Код ОО;Логин ФИС ОКО;Номер;Наименование;Вид;Тип;Код муниципалитета;Муниципалитет;Местность;Обучающихся;"
    "Действует с;Действует по\n"
    + "".join(
        f"00600{n};sch98060{n};{n};СОШ № {n};МБОУ;СОШ;006;Заречный район;город;500;01.09.2012;\n"
        for n in range(1, 6)
    )
)
LIST = (
    "Учебный год;Список;Код ОО;Документ\n2022-2023;ШНОР;006001;приказ\n2022-2023;ШНОР;006002;приказ\n"
    "2022-2023;ШНОР;006003;приказ\n"
)
HEADER = (
    "Код ОО;Учебный год;Четверть;Обучающихся;Неуспевающих;С ОВЗ;Русский язык не родной;"
    "Неуспевающих на дополнительных занятиях;В социально сложных условиях\n"
)


def row(school: int, quarter: int, failing: int = 4) -> str:
    return f"00600{school};2022-2023;{quarter};100;{failing};1;1;1;1\n"


@pytest.fixture(scope="module")
def landed(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Quarter 1: school 1 is right, 2 was wrong and corrected, 3 was right and sent a wrong correction, 4 was
    wrong. Quarter 2: schools 1 and 3, in the same file as the wrong rows of quarter 1."""
    settings = Settings(tmp_path_factory.mktemp("landed") / "data")
    settings.inbox.mkdir(parents=True)
    batches = (
        {"реестр.csv": REGISTER, "список.csv": LIST},
        {
            "сводная.csv": HEADER
            + row(1, 1)
            + row(2, 1, 400)
            + row(3, 1)
            + row(4, 1, 400)
            + row(1, 2)
            + row(3, 2)
        },
        {"школа 2.csv": HEADER + row(2, 1), "школа 3.csv": HEADER + row(3, 1, 400)},
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SCHOOL_QUALITY_PII_KEY", "a key for tests")
        for files in batches:
            for name, text in files.items():
                (settings.inbox / name).write_text(text, encoding="utf-8")
            ingest(settings)
    return settings


@pytest.fixture(scope="module")
def found(landed: Settings) -> dict[tuple[str, str], Submissions]:
    entries = pipeline.submissions(landed, 2022, date(2023, 1, 10))
    return {(entry.dataset, entry.period): entry for entry in entries}


def test_before_any_release_one_sees_who_has_not_submitted(
    landed: Settings, found: dict[tuple[str, str], Submissions]
) -> None:
    assert found["oge_results", "2022"].counts == {"missing": 5}
    assert found["form_pupils", "2022-Q1"].missing == [School("", "4"), School("", "5")]
    assert found["form_teacher_courses", "2022-H1"].counts == {"not_due": 5}
    assert not landed.build_file.exists()
    assert not landed.published.exists()


def test_a_corrected_form_is_received_and_a_wrong_correction_makes_it_incomplete(
    found: dict[tuple[str, str], Submissions],
) -> None:
    entry = found["form_pupils", "2022-Q1"]

    assert entry.counts == {"received": 2, "missing": 2, "partly": 1}
    assert entry.partly == [School("", "3")]


def test_a_bad_row_is_not_charged_to_other_periods_of_its_file(
    found: dict[tuple[str, str], Submissions],
) -> None:
    assert found["form_pupils", "2022-Q2"].counts == {"received": 2, "not_due": 1}


def test_a_file_whose_rows_all_came_again_is_replaced(landed: Settings) -> None:
    paths = {r.seq: r.path for r in status.files(landed)}
    before = {paths[seq] for seq in status.replaced(landed)}
    again = landed.inbox / "школа 2 ещё раз.csv"
    again.write_text(HEADER + row(2, 1, 5), encoding="utf-8")

    ingest(landed)

    paths = {r.seq: r.path for r in status.files(landed)}
    assert before == set()
    assert {paths[seq] for seq in status.replaced(landed)} == {"школа 2.csv"}


def test_a_file_of_which_every_bad_row_came_right_later_is_corrected(landed: Settings) -> None:
    paths = {r.seq: r.path for r in status.files(landed)}
    before = {paths[seq] for seq in status.corrected(landed)}
    (landed.inbox / "школа 4.csv").write_text(HEADER + row(4, 1), encoding="utf-8")

    ingest(landed)

    assert before == set()  # the row of school 4 is open
    assert {paths[seq] for seq in status.corrected(landed)} == {"сводная.csv"}


def test_a_file_without_an_accepted_row_is_replaced_when_another_brings_its_keys(landed: Settings) -> None:
    wrong, right = landed.inbox / "школа 4, ошибка.csv", landed.inbox / "школа 4, верно.csv"
    wrong.write_text(HEADER + row(4, 3, 5000), encoding="utf-8")
    ingest(landed)
    before = {r.path for r in status.files(landed) if r.seq in status.replaced(landed)}

    right.write_text(HEADER + row(4, 3, 5), encoding="utf-8")
    ingest(landed)

    after = {r.path for r in status.files(landed) if r.seq in status.replaced(landed)}
    assert wrong.name not in before
    assert wrong.name in after
