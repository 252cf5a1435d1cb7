"""The notice of a run says in plain Russian how it ended and what to do, and names nobody."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

from school_quality import notices, run_record
from school_quality.landing import last_look
from school_quality.notices import Findings
from school_quality.reading import Look, PassedOver
from school_quality.settings import Settings
from school_quality.warehouse.differences.changes import Effect, Movement
from school_quality.warehouse.publication import runs
from school_quality.warehouse.publication.runs import Run
from school_quality.warehouse.school_names import School
from school_quality.warehouse.status import Submissions

PUBLISHED = Run(
    run_id="recompute_quarter/scheduled__2023-04-06T00:00:00+00:00",
    dag_id="recompute_quarter",
    run_type="scheduled",
    started_at=datetime(2023, 4, 6, 0, 0, 5),
    ended_at=datetime(2023, 4, 6, 0, 2),
    outcome="published",
    reporting_year=2022,
    period="2022-Q3",
    as_of=date(2023, 4, 6),
    release_id="20230406T000010Z-00000001",
    files_read=12,
    files_rejected=1,
    rows_rejected=3,
)


def test_the_notice_of_a_release_tells_what_changed_and_what_is_missing() -> None:
    found = Findings(
        current_release=PUBLISHED.release_id,
        effect=Effect(
            41, 7, [Movement("is_low_results", "2022", 2, 1, 1, ["№ 5", "№ 7"], ["№ 50"], ["№ 9"])]
        ),
        rejected=["Формы/опечатка.xlsx"],
        submissions=[
            Submissions(
                dataset="form_pupils",
                period="2022-Q3",
                due_on="2023-04-05",
                counts={"received": 11, "missing": 2, "late": 1},
                missing=[School("Первый", "3"), School("Второй", "3")],
                late=[School("Первый", "9")],
                partly=[School("Второй", "4")],
            )
        ],
        warnings=["shares_add_up"],
        titles={"form_pupils": "Учёт обучающихся"},
    )

    text = notices.text(PUBLISHED, found)

    assert text == (
        "Пересчёт за четверть 2022-Q3: опубликован выпуск 20230406T000010Z-00000001.\n"
        "\n"
        "О сроках судим на 06.04.2023.\n"
        "\n"
        "По сравнению с прежним выпуском: изменилось значений 41, школ 7.\n"
        "  ШНОР 2022: вошли 2 (№ 5, № 7); вышли 1 (№ 50); стало неизвестно 1 (№ 9)\n"
        "\n"
        "Прочитано файлов 12, не принято целиком 1, не принято строк 3.\n"
        "  не принят: Формы/опечатка.xlsx\n"
        "Что исправить, написано в книгах замечаний: папка rejected/remarks.\n"
        "\n"
        "Не сдано школами в срок:\n"
        "  Учёт обучающихся, 2022-Q3: 2 (Первый: 3; Второй: 3)\n"
        "Сдано частично:\n"
        "  Учёт обучающихся, 2022-Q3: 1 (Второй: 4)\n"
        "\n"
        "Проверки с предупреждениями: shares_add_up.\n"
    )


def test_the_notice_of_a_failure_names_the_step_the_cause_and_the_release_that_stays() -> None:
    failed = replace(PUBLISHED, outcome="failed", failed_step="build", message="проверка t не прошла")

    text = notices.text(failed, Findings(current_release="20230101T000000Z-aaaaaaaa"))

    assert "Пересчёт за четверть 2022-Q3: ОШИБКА." in text
    assert "Шаг build не удался: проверка t не прошла" in text
    assert "В силе остаётся выпуск 20230101T000000Z-aaaaaaaa." in text


def test_the_notice_of_a_release_whose_copy_failed_says_both() -> None:
    run = replace(PUBLISHED, failed_step="copy_to_postgres", message="сервер не отвечает")

    text = notices.text(run, Findings(current_release=PUBLISHED.release_id))

    assert text.startswith("Пересчёт за четверть 2022-Q3: опубликован выпуск")
    assert "шаг copy_to_postgres после него не прошёл: сервер не отвечает" in text


def test_a_name_of_a_file_forges_no_line() -> None:
    not_read = last_look.lines([PassedOver("а.csv\nОпубликован выпуск", "no_access")])

    text = notices.text(PUBLISHED, Findings(rejected=["б.csv\r\n  не принят: в.csv"], not_read=not_read))

    assert r"  не принят: б.csv\r\n  не принят: в.csv" in text.splitlines()
    assert not [line for line in text.splitlines() if line.startswith(("Опубликован", "  не принят: в"))]


def test_a_long_list_is_cut_and_says_so() -> None:
    schools = [f"№ {n}" for n in range(1, 21)]
    effect = Effect(900, 300, [Movement("is_risk_zone", "2022", 35, 0, 0, schools, [], [])])

    text = notices.text(PUBLISHED, Findings(effect=effect))

    assert "Зона риска 2022: вошли 35 (№ 1, № 2" in text
    assert "№ 20 и ещё 15)" in text


def test_only_runs_of_people_and_of_the_calendar_tell_that_there_is_nothing_new() -> None:
    idle = replace(PUBLISHED, outcome="nothing_new")

    assert notices.is_worth_telling(idle)
    assert not notices.is_worth_telling(replace(idle, run_type="asset_triggered"))
    assert not notices.is_worth_telling(replace(idle, dag_id="ingest_inbox"))
    assert notices.is_worth_telling(replace(idle, dag_id="ingest_inbox", outcome="failed"))


def test_what_could_not_be_read_is_told_also_by_a_run_that_found_nothing_new() -> None:
    idle = replace(PUBLISHED, dag_id="ingest_inbox", outcome="nothing_new", files_read=0)
    not_read = ["При последнем приёме (…):", "Не прочитано в папке приёма: 1.", "  а.csv: нет прав на чтение"]

    assert notices.is_worth_telling(idle, is_look_news=True)
    assert "\n".join(not_read) in notices.text(idle, Findings(not_read=not_read))


def test_a_scheduled_look_that_finds_an_unreadable_file_sends_a_notice_once(tmp_path: Path) -> None:
    settings = Settings(tmp_path)
    idle = replace(PUBLISHED, dag_id="ingest_inbox", outcome="nothing_new", files_read=0, files_rejected=0)
    found = Look(passed_over=[PassedOver("ИСБШ.csv", "no_access")])

    last_look.keep(settings, found, None, idle.started_at)
    run_record.tell(settings, idle)
    last_look.keep(settings, found, last_look.load(settings), idle.started_at + timedelta(minutes=15))
    run_record.tell(settings, replace(idle, started_at=idle.started_at + timedelta(minutes=15)))

    (notice,) = settings.notices.iterdir()
    assert "  ИСБШ.csv: нет прав на чтение; дайте их" in notice.read_text(encoding="utf-8")


def test_a_run_without_results_says_what_to_do_and_one_that_files_started_is_silent() -> None:
    early = replace(PUBLISHED, outcome="no_results", release_id=None, message="Положите выгрузки в inbox.")

    text = notices.text(early, Findings())

    assert "публиковать нечего.\n" in text
    assert "Положите выгрузки в inbox." in text
    assert not notices.is_worth_telling(replace(early, run_type="asset_triggered"))


def test_a_notice_is_a_file_even_without_mail(tmp_path: Path) -> None:
    path = notices.send(Settings(tmp_path), PUBLISHED, Findings())

    assert path == notices.path_of(Settings(tmp_path), PUBLISHED)
    assert path.read_text(encoding="utf-8").startswith("Пересчёт за четверть 2022-Q3: опубликован")
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


def test_the_record_of_a_run_comes_back_and_replaces_an_earlier_one_of_the_same_run(tmp_path: Path) -> None:
    settings = Settings(tmp_path)

    runs.save(settings, replace(PUBLISHED, outcome="failed"))
    runs.save(settings, PUBLISHED)

    assert runs.all_runs(settings) == [PUBLISHED]


def test_schools_are_not_charged_with_what_others_send() -> None:
    form = Submissions("form_pupils", "2022-Q1", None, {"missing": 1}, [School("", "4")], [])
    results = Submissions("ege_results", "2022", None, {"missing": 1}, [School("", "7")], [])

    text = notices.text(PUBLISHED, Findings(submissions=[results, form]))

    assert "Не сдано школами в срок:\n  form_pupils, 2022-Q1: 1 (4)\n" in text
    assert "Не пришло в срок то, что присылают не школы, — о школах:\n  ege_results, 2022: 1 (7)\n" in text


def test_schools_with_incomplete_data_are_named_and_no_one_is_sent_to_an_empty_folder() -> None:
    entry = Submissions("form_pupils", "2022-Q1", None, {"partly": 1}, [], [], [School("", "4")])
    open_ = Findings(submissions=[entry], rejected=["форма.csv"])

    text = notices.text(PUBLISHED, open_)
    corrected = notices.text(PUBLISHED, replace(open_, has_remarks=False))

    assert "Сдано частично:\n  form_pupils, 2022-Q1: 1 (4)" in text
    assert "rejected/remarks" in text
    assert "rejected/remarks" not in corrected
