"""Every difference between releases has its cause: one where it is certain, otherwise the possible ones."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
from unit.warehouse.small import ask, publish, receive, release, staff, take_back

from school_quality import datasets, seeds
from school_quality.errors import UsageError
from school_quality.reporting.lists import change_words
from school_quality.settings import Settings
from school_quality.warehouse.differences import causes, changes, comparison
from school_quality.warehouse.differences.causes import ASSESSMENTS
from school_quality.warehouse.differences.changes import Change
from school_quality.warehouse.publication import releases


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(tmp_path / "it's data")


def found(settings: Settings, first: str, second: str) -> dict[tuple[str | None, str | None, str], Change]:
    """The differing cells by school, indicator and column."""
    between = changes.between(settings, first, second)
    return {(change.school_id, change.indicator_code, change.what): change for change in between.changes}


def ege(school: str, pupil: str, score: int) -> dict[str, object]:
    return {
        "school_id": school, "reporting_year": 2022, "subject": "russian", "pupil_id": pupil,
        "has_document": True, "test_score": score, "is_counted": True,
    }  # fmt: skip


def test_the_first_release_changes_nothing(settings: Settings) -> None:
    publish(settings, release(1, settings))

    assert ask(settings, "select count(*) from meta.release_change") == [(0,)]


def test_a_release_differs_in_nothing_from_itself(settings: Settings) -> None:
    first = release(1, settings)
    publish(settings, first)

    assert changes.between(settings, first.release_id, first.release_id).total == 0


def test_the_last_digits_of_a_mean_are_no_change(settings: Settings) -> None:
    first, second = release(1, settings), release(2, settings)
    publish(settings, first, value=0.1 + 0.2)

    publish(settings, second, value=0.3)

    assert changes.between(settings, first.release_id, second.release_id).total == 0


def test_a_new_file_a_corrected_and_a_withdrawn_one_are_told_apart(settings: Settings) -> None:
    publish(settings, first := release(1, settings))
    new = receive(settings, "form_staff", "кадры.xlsx", [staff("6017", 3)])
    publish(settings, second := release(2, settings), points={("6017", "2.2"): 1})
    corrected = receive(settings, "form_staff", "кадры исправленные.xlsx", [staff("6017", 5)])
    publish(settings, third := release(3, settings), points={("6017", "2.2"): 2})
    take_back(settings, corrected)
    publish(settings, fourth := release(4, settings), points={("6017", "2.2"): 1})

    cell = ("6017", "2.2", "points")
    steps = [(first, second), (second, third), (third, fourth)]
    causes_found = [found(settings, a.release_id, b.release_id)[cell] for a, b in steps]
    assert [(change.causes, change.file_ids) for change in causes_found] == [
        (("new_file",), (new,)),
        (("corrected_file",), (corrected,)),
        (("withdrawn_file",), (corrected,)),
    ]
    recorded = "select before, after, cause, file_id from meta.release_change where indicator_code = '2.2'"
    assert ask(settings, recorded) == [("2", "1", "withdrawn_file", corrected)]


def test_a_file_read_again_that_changed_no_row_is_no_cause(settings: Settings) -> None:
    publish(settings, first := release(1, settings))
    same = receive(settings, "form_staff", "кадры.xlsx", [staff("6017", 3)])
    receive(settings, "form_staff", "кадры ещё раз.xlsx", [staff("6017", 3)])

    publish(settings, second := release(2, settings), points={("6017", "2.2"): 1})

    change = found(settings, first.release_id, second.release_id)["6017", "2.2", "points"]
    assert change.causes == ("new_file",)
    assert same in change.file_ids or len(change.file_ids) == 1


def test_of_several_files_a_value_is_ascribed_to_the_one_that_holds_its_school(settings: Settings) -> None:
    publish(settings, first := release(1, settings))
    seventeen = receive(settings, "form_staff", "кадры 17.xlsx", [staff("6017", 3)])
    five = receive(settings, "form_staff", "кадры 5.xlsx", [staff("6005", 3)])

    publish(settings, second := release(2, settings), points={("6017", "2.2"): 1, ("6005", "2.2"): 0})

    cells = found(settings, first.release_id, second.release_id)
    assert cells["6017", "2.2", "points"].file_ids == (seventeen,)
    assert cells["6005", "2.2", "points"].file_ids == (five,)


def test_an_indicator_that_compares_with_the_district_may_change_by_another_schools_file(
    settings: Settings,
) -> None:
    publish(settings, first := release(1, settings))
    five = receive(settings, "ege_results", "ЕГЭ 5.xlsx", [ege("6005", "a", 40)])
    elsewhere = receive(settings, "ege_results", "ЕГЭ другого района.xlsx", [ege("7005", "b", 40)])

    publish(
        settings,
        second := release(2, settings),
        points={("6017", "1.1"): 1, ("6005", "1.1"): 1, ("7005", "1.1"): 1},
    )

    cells = found(settings, first.release_id, second.release_id)
    assert cells["6017", "1.1", "points"].file_ids == (five,)
    assert cells["7005", "1.1", "points"].file_ids == (elsewhere,)


def test_where_two_files_are_possible_both_are_named_and_none_is_certain(settings: Settings) -> None:
    receive(settings, "ege_results", "ЕГЭ 5.xlsx", [ege("6005", "a", 40)])
    publish(settings, first := release(1, settings))
    corrected = receive(settings, "ege_results", "ЕГЭ 5 исправлено.xlsx", [ege("6005", "a", 90)])
    new = receive(settings, "ege_results", "ЕГЭ 17.xlsx", [ege("6017", "c", 50)])

    publish(settings, second := release(2, settings), points={("6017", "1.1"): 0})

    change = found(settings, first.release_id, second.release_id)["6017", "1.1", "points"]
    assert change.causes == ("corrected_file", "new_file")
    assert set(change.file_ids) == {corrected, new}
    recorded = ask(settings, "select cause, file_id from meta.release_change where indicator_code = '1.1'")
    assert recorded == [("corrected_file|new_file", None)]


def vpr(school: str, pupil: str, score: int) -> dict[str, object]:
    return {
        "school_id": school, "reporting_year": 2022, "grade": 5, "subject": "math", "pupil_id": pupil,
        "total_score": score,
    }  # fmt: skip


def test_a_result_that_moved_no_indicator_is_told_cell_by_cell_with_its_file(settings: Settings) -> None:
    publish(settings, first := release(1, settings))
    corrected = receive(settings, "vpr_results", "ВПР 17.xlsx", [vpr("6017", "a", 3)])
    receive(settings, "vpr_results", "ВПР 5.xlsx", [vpr("6005", "b", 3)])

    publish(settings, second := release(2, settings), failed={"6017": 1})

    cells = found(settings, first.release_id, second.release_id)
    assert {key: (change.before, change.after) for key, change in cells.items()} == {
        ("6017", None, "failed/vpr_math_5"): ("0", "1"),
        ("6017", None, "failed_pct/vpr_math_5"): ("0.0", "5.0"),
    }
    change = cells["6017", None, "failed_pct/vpr_math_5"]
    assert (change.period, change.procedure) == ("2022", "ВПР, математика, 5 класс")
    assert (change.causes, change.file_ids) == (("new_file",), (corrected,))
    assert change_words.what(change) == "Доля не справившихся, % (ВПР, математика, 5 класс)"
    recorded = "select what, before, after, cause, file_id from meta.release_change order by what"
    assert ask(settings, recorded) == [
        ("failed/vpr_math_5", "0", "1", "new_file", corrected),
        ("failed_pct/vpr_math_5", "0.0", "5.0", "new_file", corrected),
    ]
    versions = "select failed from history.fct_procedure_result where school_id = '6017' order by valid_from"
    assert ask(settings, versions) == [(0,), (1,)]


def test_a_result_that_came_or_went_is_told_by_what_it_says(settings: Settings) -> None:
    publish(settings, first := release(1, settings), unwritten=["6017"])

    publish(settings, second := release(2, settings), failed={"6017": 1})

    came = found(settings, first.release_id, second.release_id)
    went = found(settings, second.release_id, first.release_id)
    assert [(what, change.before, change.after) for (_, _, what), change in came.items()] == [
        ("participants/vpr_math_5", None, "20"),
        ("mean_score/vpr_math_5", None, "0.5"),
        ("failed/vpr_math_5", None, "1"),
        ("failed_pct/vpr_math_5", None, "5.0"),
    ]
    assert {what: change.before for (_, _, what), change in went.items()} == {
        what: change.after for (_, _, what), change in came.items()
    }


def test_identification_and_indicators_are_told_before_results(settings: Settings) -> None:
    publish(settings, first := release(1, settings))

    publish(
        settings,
        second := release(2, settings),
        points={("6017", "1.12"): 0},
        low=["6017"],
        failed={"6005": 1},
    )

    between = changes.between(settings, first.release_id, second.release_id, limit=4)
    assert [change.what for change in between.changes] == [
        "is_low_results", "is_supported", "points", "failed/vpr_math_5",
    ]  # fmt: skip


def test_scales_reach_every_school(settings: Settings) -> None:
    publish(settings, first := release(1, settings))
    scale = receive(
        settings, "mark_scale", "шкалы.xlsx",
        [{"reporting_year": 2021, "exam": "vpr", "grade": 5, "subject": "math", "max_score": 20,
          "max_2": 5, "max_3": 9, "max_4": 13}],
    )  # fmt: skip
    receive(settings, "form_staff", "кадры 5.xlsx", [staff("6005", 3)])

    publish(settings, second := release(2, settings), points={("6017", "1.12"): 0}, low=["7005"])

    cells = found(settings, first.release_id, second.release_id)
    assert cells["6017", "1.12", "points"].file_ids == (scale,)
    assert cells["7005", None, "is_low_results"].file_ids == (scale,)


def test_official_lists_are_the_cause_of_their_statuses_in_their_municipality(settings: Settings) -> None:
    listed = {
        "reporting_year": 2022,
        "list_kind": "low_results",
        "school_id": "6005",
        "municipality_id": "06",
    }
    publish(settings, first := release(1, settings))
    delivered = receive(settings, "official_list", "список.xlsx", [listed])
    receive(settings, "form_staff", "кадры 5.xlsx", [staff("6005", 3)])

    publish(settings, second := release(2, settings), low=["6005"])

    cells = found(settings, first.release_id, second.release_id)
    assert cells["6005", None, "is_supported"].file_ids == (delivered,)


def test_a_changed_band_is_the_cause_for_its_indicator_and_for_no_other(settings: Settings) -> None:
    publish(settings, first := release(1, settings, methodology_hash="old"))
    five = receive(settings, "form_staff", "кадры 5.xlsx", [staff("6005", 3)])
    publish(
        settings,
        second := release(2, settings, methodology_hash="new"),
        points={("6017", "1.12"): 0, ("6005", "2.2"): 0},
    )
    bands = settings.published / first.release_id / releases.METHODOLOGY / "bands.csv"
    lines = bands.read_text(encoding="utf-8").splitlines()
    line = next(line for line in lines if ",1.12," in line)
    bands.write_text("\n".join(other for other in lines if other != line) + "\n", encoding="utf-8")

    between = changes.between(settings, first.release_id, second.release_id)

    cells = found(settings, first.release_id, second.release_id)
    assert cells["6017", "1.12", "points"].causes == ("methodology",)
    assert cells["6005", "2.2", "points"].causes == ("new_file",)
    assert cells["6005", "2.2", "points"].file_ids == (five,)
    (seed,) = between.inputs.seeds
    assert (seed.name, seed.removed, len(seed.added), seed.indicators) == (
        "bands.csv", (), 1, frozenset({"1.12"}),
    )  # fmt: skip


def test_code_is_always_possible_and_certain_where_nothing_else_is(settings: Settings) -> None:
    publish(settings, first := release(1, settings))
    receive(settings, "form_staff", "кадры 5.xlsx", [staff("6005", 3)])

    publish(
        settings,
        second := release(2, settings, code_version="b"),
        points={("6017", "1.12"): 0, ("6005", "2.2"): 0},
    )

    cells = found(settings, first.release_id, second.release_id)
    assert cells["6017", "1.12", "points"].causes == ("code",)
    assert cells["6005", "2.2", "points"].causes == ("code", "new_file")


def test_the_methodology_is_told_apart_from_code(settings: Settings) -> None:
    publish(settings, first := release(1, settings))

    publish(settings, second := release(2, settings, methodology_hash="c"), points={("6017", "1.12"): 0})

    change = found(settings, first.release_id, second.release_id)["6017", "1.12", "points"]
    assert change.causes == ("methodology",)


def test_a_school_that_appears_is_told_once_with_what_is_said_of_it(settings: Settings) -> None:
    publish(settings, first := release(1, settings), schools=["6017", "7005"])
    register = receive(
        settings, "school_register", "реестр.xlsx", [{"school_id": "6005", "municipality_id": "06"}]
    )

    publish(settings, second := release(2, settings), low=["6005"])

    cells = found(settings, first.release_id, second.release_id)
    appeared = cells["6005", None, "school"]
    assert (appeared.before, appeared.after, appeared.causes) == (None, "present", ("new_file",))
    assert appeared.file_ids == (register,)
    assert cells["6005", None, "is_low_results"].after == "true"
    assert ("6005", None, "is_risk_zone") not in cells
    back = found(settings, second.release_id, first.release_id)
    assert back["6005", None, "school"].after is None


def test_another_reporting_year_is_one_line_and_its_identification(settings: Settings) -> None:
    publish(settings, first := release(1, settings, reporting_year=2021), years=[2021])

    publish(settings, second := release(2, settings), years=[2021, 2022], low=["6005"])

    cells = found(settings, first.release_id, second.release_id)
    assert cells[None, None, "reporting_year"].after == "2022"
    assert cells["6005", None, "is_low_results"].after == "true"
    assert not any(code for _, code, _ in cells)


def test_a_year_that_only_one_was_asked_for_has_that_cause_and_its_statuses_their_files_too(
    settings: Settings,
) -> None:
    publish(settings, first := release(1, settings, reporting_year=2021), years=[2021])
    results = receive(settings, "vpr_results", "ВПР 5.xlsx", [vpr("6005", "b", 3)])
    receive(settings, "form_staff", "кадры 5.xlsx", [staff("6005", 3)])

    publish(
        settings,
        second := release(2, settings, code_version="b"),
        years=[2021, 2022],
        low=["6005", "7005"],
    )

    cells = found(settings, first.release_id, second.release_id)
    assert cells[None, None, "reporting_year"].causes == ("reporting_year",)
    assert cells["7005", None, "is_low_results"].causes == ("code", "reporting_year")
    status = cells["6005", None, "is_low_results"]
    assert (status.causes, status.file_ids) == (("code", "new_file", "reporting_year"), (results,))


def test_a_year_at_the_beginning_comes_with_the_first_results_of_it(settings: Settings) -> None:
    publish(settings, first := release(1, settings))
    older = {**vpr("6005", "b", 3), "reporting_year": 2021}
    results = receive(settings, "vpr_results", "ВПР 2021.xlsx", [older])
    receive(settings, "form_staff", "кадры 5.xlsx", [staff("6005", 3)])
    receive(settings, "vpr_results", "ВПР 17.xlsx", [vpr("6017", "a", 3)])

    publish(settings, second := release(2, settings), years=[2021, 2022])

    cells = found(settings, first.release_id, second.release_id)
    year = cells[None, None, "reporting_year"]
    assert (year.after, year.causes, year.file_ids) == ("2021", ("new_file",), (results,))
    assert cells["7005", None, "school_group"].file_ids == (results,)


def test_of_more_files_than_anybody_looks_through_none_is_named(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(causes, "FEW_FILES", 1)
    publish(settings, first := release(1, settings))
    receive(settings, "form_staff", "кадры 5.xlsx", [staff("6005", 3)])
    receive(settings, "form_staff", "кадры 7.xlsx", [staff("7005", 3)])

    publish(settings, second := release(2, settings), points={("6017", "2.2"): 0})

    change = found(settings, first.release_id, second.release_id)["6017", "2.2", "points"]
    assert (change.causes, change.file_ids) == (("new_file",), ())


def test_a_closed_year_does_not_move_silently(settings: Settings) -> None:
    receive(settings, "form_staff", "кадры.xlsx", [staff("6017", 3)])
    publish(settings, first := release(1, settings), years=[2021, 2022])
    late = receive(settings, "form_staff", "кадры исправленные.xlsx", [staff("6017", 9)])

    publish(
        settings,
        second := release(2, settings, reporting_year=2023),
        years=[2021, 2022, 2023],
    )
    publish(settings, third := release(3, settings), years=[2021, 2022], points={("6017", "2.2"): 0})

    assert ("6017", "2.2", "points") not in found(settings, first.release_id, second.release_id)
    change = found(settings, first.release_id, third.release_id)["6017", "2.2", "points"]
    assert (change.period, change.causes, change.file_ids) == ("2022", ("corrected_file",), (late,))


def test_a_release_older_than_its_records_is_compared_all_the_same(settings: Settings) -> None:
    publish(settings, first := release(1, settings, methodology_hash=""))
    shutil.rmtree(settings.published / first.release_id / releases.METHODOLOGY)

    publish(settings, second := release(2, settings), points={("6017", "1.12"): 0})

    change = found(settings, first.release_id, second.release_id)["6017", "1.12", "points"]
    assert change.causes == ("methodology",)


def test_two_releases_that_do_not_say_what_indicators_read_are_compared_all_the_same(
    settings: Settings,
) -> None:
    publish(settings, first := release(1, settings))
    publish(settings, second := release(2, settings), points={("6017", "1.12"): 0})
    for info in (first, second):
        with duckdb.connect(str(settings.published / info.release_id / "warehouse.duckdb")) as connection:
            connection.execute("drop table meta.indicator_source")

    change = found(settings, first.release_id, second.release_id)["6017", "1.12", "points"]

    assert (change.before, change.after) == ("3", "0")


def test_an_unknown_release_is_a_usage_error(settings: Settings) -> None:
    with pytest.raises(UsageError, match="Выпуска"):
        changes.between(settings, "one", "two")


def test_every_dataset_of_results_says_which_procedure_its_rows_are_of() -> None:
    results = {dataset.name for dataset in datasets.load().values() if dataset.kind == "results"}

    assert results <= set(ASSESSMENTS)


def test_every_status_that_is_compared_is_known_to_read_something() -> None:
    known = {row["status"] for row in seeds.rows("status_sources")}

    assert set(comparison.STATUS_COLUMNS) == known


def test_statuses_read_procedures_and_datasets_that_exist() -> None:
    assert {row["source"] for row in seeds.rows("status_sources")} <= {"procedures", *datasets.load()}


def test_inputs_that_differ_in_the_day_of_judgement_only_touch_what_was_not_due(settings: Settings) -> None:
    publish(settings, first := release(1, settings))
    later = replace(release(2, settings), as_of=first.as_of.replace(year=2024))

    publish(settings, later, points={("6017", "1.12"): 0})

    change = found(settings, first.release_id, later.release_id)["6017", "1.12", "points"]
    assert change.causes == ("as_of",)  # nothing else has changed


def test_a_share_made_of_other_counts_is_told_by_them_and_by_its_cause(settings: Settings) -> None:
    publish(settings, first := release(1, settings))
    file_id = receive(settings, "form_staff", "кадры.xlsx", [staff("6017", 4)])
    publish(settings, second := release(2, settings), counts={("6017", "2.2"): (20, 40)})

    cells = changes.between(settings, first.release_id, second.release_id).changes

    assert [(change.what, change.before, change.after) for change in cells] == [
        ("numerator", "10", "20"),
        ("denominator", "20", "40"),
    ]
    assert {(change.school_id, change.causes, change.file_ids) for change in cells} == {
        ("6017", ("new_file",), (file_id,))
    }
    assert [change_words.what(change) for change in cells] == ["Числитель доли", "Знаменатель доли"]


def test_a_share_that_moved_is_told_without_the_counts_that_it_is_made_of(settings: Settings) -> None:
    publish(settings, first := release(1, settings))
    publish(settings, second := release(2, settings), value=0.25, counts={("6017", "2.2"): (10, 40)})

    cells = changes.between(settings, first.release_id, second.release_id).changes

    assert {change.what.partition("/")[0] for change in cells} == {"value", "mean_score"}


def test_flags_are_told_in_words_after_the_values_and_are_no_changed_value(settings: Settings) -> None:
    publish(settings, first := release(1, settings))
    flags = {("6005", "1.12"): ["borrowed_scale", "small_n"]}
    publish(settings, second := release(2, settings), points={("7005", "2.2"): 0}, flags=flags)

    value, flag = changes.between(settings, first.release_id, second.release_id).changes

    assert (value.indicator_code, value.what) == ("2.2", "points")
    assert change_words.what(flag) == "Пометки"
    assert change_words.value(flag, flag.before) == "нет"
    assert change_words.value(flag, flag.after) == ("шкала соседнего года; мало участников: вывод неустойчив")
    warehouse = releases.warehouse(settings, second.release_id)
    effect = changes.effect(settings, warehouse, first.release_id)
    assert (effect.values, effect.schools) == (1, 1)


def test_every_column_that_is_told_has_its_words() -> None:
    told = {*comparison.STATUS_COLUMNS, *comparison.INDICATOR_COLUMNS, *comparison.PROCEDURE_COLUMNS}

    assert told <= change_words.WHAT.keys()
