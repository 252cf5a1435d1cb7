from __future__ import annotations

import shutil
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from school_quality.model import Block
from school_quality.settings import dbt_project_dir, expectations_dir

from .conftest import Bench

INDEX = {"school_code": "006003", "social_index": "50,5"}
SCALE = {
    "exam": "ВПР",
    "grade": "5",
    "subject": "Математика",
    "max_score": "20",
    "max_2": "6",
    "max_3": "10",
    "max_4": "14",
}


def work(*totals: str, variant: str = "1", school: str = "980603") -> list[dict[str, str]]:
    """Rows of a ВПР work, one a total."""
    return [
        {"login": f"sch{school}", "pupil_id": f"{n:032x}", "variant": variant, "total": total}
        for n, total in enumerate(totals)
    ]


def test_cells_become_typed_columns(bench: Bench) -> None:
    file = bench.add(
        "social_index", [INDEX, {"school_code": "6007,0", "social_index": "1,5"}], reporting_year="2022"
    )

    bench.run()

    assert bench.accepted("social_index") == [("6003", 2022, Decimal("50.5")), ("6007", 2022, Decimal("1.5"))]
    assert bench.counts(file) == (2, 0, 0)


def test_a_cell_that_is_no_number_is_told_with_header_and_value_and_nothing_else(bench: Bench) -> None:
    rows = [INDEX | {"school_code": code} for code in ("006003", "006007", "007003", "006099")]
    bench.add(
        "social_index",
        [*rows, INDEX | {"school_code": "6003", "reporting_year": "много"}][:4],
        reporting_year="2020",
    )
    bench.add(
        "social_index", [*({**r, "reporting_year": "2020"} for r in rows), {**INDEX, "reporting_year": "год"}]
    )

    bench.run()

    (remark,) = bench.remarks("social_index")
    assert (remark.rule, remark.level, remark.column, remark.value) == (
        "not_a_year",
        "row",
        "Столбец reporting_year",
        "год",
    )


def test_a_plain_year_is_no_academic_year_and_the_advice_says_what_is(bench: Bench) -> None:
    form = {"school_code": "6003", "quarter": "1", "pupils": "9", "failing": "1", "disability": "0"}
    form |= {"non_native": "0", "failing_in_extra_classes": "0", "social": "0"}
    bench.add("form_pupils", [form | {"academic_year": "2022"}])

    bench.run()

    assert bench.rules("form_pupils") == ["not_an_academic_year"]


@pytest.mark.parametrize("value", ["140", "-3"])
def test_a_value_out_of_range_rejects_the_row(bench: Bench, value: str) -> None:
    codes = ("006007", "006099", "007003", "006003")
    rows = [{"school_code": code, "social_index": "50"} for code in codes]
    file = bench.add("social_index", [*rows, INDEX | {"social_index": value}], reporting_year="2020")
    rows[3]["school_code"] = "6003"

    bench.run()

    assert bench.rules("social_index") == ["out_of_range"]
    assert bench.counts(file) == (4, 1, 0)


@pytest.mark.parametrize(
    ("good", "bad", "expected"),
    [
        pytest.param(40, 10, (40, 10, 0), id="20 % and 10 rows: not more than 20 %"),
        pytest.param(39, 10, (0, 49, 0), id="more than 20 %, 10 rows: a wrong file"),
        pytest.param(3, 9, (3, 9, 0), id="75 %, but only 9 rows: a small file keeps its good rows"),
        pytest.param(0, 9, (0, 9, 0), id="no row is good"),
    ],
)
def test_a_wrong_file_has_more_than_20_percent_and_at_least_10_rejected_rows(
    bench: Bench, good: int, bad: int, expected: tuple[int, int, int]
) -> None:
    rows = [{**INDEX, "reporting_year": str(2011 + n)} for n in range(good)]
    file = bench.add("social_index", [*rows, *({**INDEX, "reporting_year": f"нет {n}"} for n in range(bad))])

    bench.run()

    assert bench.counts(file) == expected
    assert bench.judge.counts_by_file()[file].wrong_file == ((bad, 49) if (good, bad) == (39, 10) else None)
    assert len(bench.accepted("social_index")) == expected[0]


def test_a_file_is_judged_as_a_whole_where_it_holds_rows_of_two_datasets(bench: Bench) -> None:
    rows = [{**INDEX, "reporting_year": str(2011 + n)} for n in range(20)]
    wrong = bench.add("results_index", [{"school_code": "006003", "results_index": "нет"}] * 10, year="2022")
    bench.add("social_index", rows, file=wrong)

    bench.run()

    assert bench.counts(wrong) == (0, 30, 0)
    assert bench.accepted("social_index") == []
    assert bench.judge.counts_by_file()[wrong].wrong_file == (10, 30)


def test_identical_rows_of_a_file_count_once(bench: Bench) -> None:
    rows = [INDEX, {"school_code": "6003.0", "social_index": "50.50"}]
    file = bench.add("social_index", rows, reporting_year="2022")

    bench.run()

    assert bench.counts(file) == (1, 0, 1)
    assert bench.rules("social_index") == []


def test_differing_rows_of_one_key_are_all_rejected(bench: Bench) -> None:
    others = [{**INDEX, "reporting_year": str(2011 + n)} for n in range(8)]
    twice = [{**INDEX, "reporting_year": "2022"}, {**INDEX, "social_index": "47,5", "reporting_year": "2022"}]
    file = bench.add("social_index", others + twice)

    bench.run()

    assert bench.counts(file) == (8, 2, 0)
    assert bench.rules("social_index") == ["duplicate_differs", "duplicate_differs"]


def test_the_same_key_in_two_files_is_no_duplicate(bench: Bench) -> None:
    first = bench.add("social_index", [INDEX], reporting_year="2022")
    second = bench.add("social_index", [INDEX | {"social_index": "40"}], reporting_year="2022")

    bench.run()

    assert (bench.counts(first), bench.counts(second)) == ((1, 0, 0), (1, 0, 0))


def test_a_formula_error_rejects_where_an_empty_cell_would_be_legal(bench: Bench) -> None:
    cells = {"failed_pct:vpr_math_5": "33,3", "failed_pct:oge_math_9": ""}
    rows = [{"school_code": code} | cells for code in ("006003", "006007", "006099", "007003")]
    bad = {"school_code": "6003", "failed_pct:vpr_math_5": "10", "failed_pct:oge_math_9": "#REF!"}
    file = bench.add(
        "procedure_results", [*rows, bad | {"reporting_year": "2019"}][:4], reporting_year="2020"
    )
    worse = bench.add("procedure_results", [*rows, bad][1:], reporting_year="2018")

    bench.run()

    assert bench.counts(file) == (4, 0, 0)
    assert bench.judge.counts_by_file()[worse].wrong_file is not None or bench.counts(worse) == (3, 1, 0)
    (remark,) = bench.remarks("procedure_results")
    assert (remark.rule, remark.column) == ("formula_error", "Столбец failed_pct:oge_math_9")


def test_in_a_column_of_percentages_the_sign_may_stand_and_in_others_it_is_no_number(bench: Bench) -> None:
    bench.add(
        "procedure_results",
        [{"school_code": "6007", "failed_pct:vpr_math_5": "28.5 %"}],
        reporting_year="2020",
    )
    bench.add("social_index", [INDEX | {"social_index": "40 %"}], reporting_year="2020")

    bench.run()

    assert [row[-1] for row in bench.accepted("procedure_results")] == [Decimal("28.5")]
    assert bench.rules("social_index") == ["not_a_number"]


def test_a_row_of_a_table_of_percentages_is_one_row_whatever_it_holds(bench: Bench) -> None:
    rows = [
        {"school_number": "7", "failed_pct:vpr_math_5": "33,3", "failed_pct:oge_math_9": "20"},
        {"school_number": "99", "failed_pct:vpr_math_5": "", "failed_pct:oge_math_9": ""},
    ]
    file = bench.add("procedure_results", rows, reporting_year="2020")

    bench.run()

    assert bench.counts(file) == (2, 0, 0)
    assert bench.accepted("procedure_results") == [
        ("6007", 2020, "vpr", "math", 5, Decimal("33.3")),
        ("6007", 2020, "oge", "math", 9, Decimal("20")),
    ]


def test_a_pupil_whose_variant_says_so_is_absent_whatever_the_total_says(bench: Bench) -> None:
    rows = [
        {"login": "sch980603", "pupil_id": f"{n:032x}", "variant": variant, "total": total}
        for n, (variant, total) in enumerate(
            [
                ("1", "0"),
                ("отсутствовал", "0"),
                ("0", "7"),
                ("0,0", "0"),
                ("", ""),
                ("2", ""),
                ("отсутствовал", "н"),
            ]
        )
    ]
    file = bench.add("vpr_results", rows, reporting_year="2022", grade="5", subject="math")

    bench.run()

    assert bench.counts(file) == (7, 0, 0)
    assert bench.accepted("vpr_results", "is_absent", "total") == [(False, 0)] + [(True, None)] * 6


def test_a_sitting_is_autumn_by_its_date_or_by_what_the_path_says(bench: Bench) -> None:
    dates = ("21.03.2022 11:51:12", "2022-08-31", "20.09.2022")
    rows = [row | {"tested_on": day} for row, day in zip(work("5", "6", "7"), dates, strict=True)]
    bench.add("vpr_results", rows, reporting_year="2022", grade="5", subject="math")
    bench.add("vpr_results", work("5"), reporting_year="2022", grade="5", subject="math", sitting="autumn")

    bench.run()

    assert bench.accepted("vpr_results", "sitting") == [("spring",), ("spring",), ("autumn",), ("autumn",)]


def test_a_total_above_the_scale_of_its_year_is_rejected(bench: Bench) -> None:
    bench.add("mark_scale", [SCALE], reporting_year="2022")
    file = bench.add("vpr_results", work(*["20"] * 4, "21"), reporting_year="2022", grade="5", subject="math")

    bench.run()

    assert bench.counts(file) == (4, 1, 0)
    (remark,) = bench.remarks("vpr_results")
    assert (remark.rule, remark.value, remark.details) == ("total_above_scale", "21", {"maximum": "20"})


def test_a_scale_is_borrowed_where_the_printed_maximum_agrees(bench: Bench) -> None:
    bench.add("mark_scale", [SCALE], reporting_year="2021")
    maximum = {"reporting_year": "2022", "grade": "5", "subject": "math"}
    fits = bench.add("vpr_results", work(*["20"] * 4, "21"), printed_max="20", **maximum)

    bench.run()

    assert bench.counts(fits) == (4, 1, 0)


def test_a_scale_with_another_maximum_is_not_borrowed_and_rejects_nothing(bench: Bench) -> None:
    bench.add("mark_scale", [SCALE], reporting_year="2021")
    file = bench.add(
        "vpr_results",
        work(*["20"] * 4, "21"),
        printed_max="24",
        reporting_year="2022",
        grade="5",
        subject="math",
    )

    bench.run()

    assert bench.counts(file) == (5, 0, 0)


@pytest.mark.parametrize(("above", "rejected"), [(1, 1), (2, 0)])
def test_without_a_printed_maximum_one_total_in_a_hundred_may_lie_above(
    bench: Bench, above: int, rejected: int
) -> None:
    bench.add("mark_scale", [SCALE], reporting_year="2023")
    totals = ["20"] * (100 - above) + ["21"] * above
    file = bench.add("vpr_results", work(*totals), reporting_year="2022", grade="5", subject="math")

    bench.run()

    assert bench.counts(file)[1] == rejected


def test_how_many_totals_may_lie_above_is_asked_of_the_edition_of_the_works_year(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "dbt_project/seeds/methodology"
    shutil.copytree(dbt_project_dir() / "seeds", folder.parent)
    (tmp_path / "dbt_project/macros").symlink_to(dbt_project_dir() / "macros")
    (tmp_path / "expectations").symlink_to(expectations_dir())
    with (folder / "methodology_versions.csv").open("a", encoding="utf-8") as versions:
        versions.write("later,2022,,Приказ,\n")
    with (folder / "parameters.csv").open("a", encoding="utf-8") as parameters:
        parameters.write("later,scale_overflow_pct,3,%,,\n")
    monkeypatch.setenv("SCHOOL_QUALITY_HOME", str(tmp_path))
    bench.add("mark_scale", [SCALE], reporting_year="2019")
    totals = ["20"] * 97 + ["21"] * 3
    files = [
        bench.add("vpr_results", work(*totals), reporting_year=year, grade="5", subject="math")
        for year in ("2021", "2022")
    ]

    bench.run()

    assert [bench.counts(file)[1] for file in files] == [0, 3]


def test_the_nearest_earlier_scale_goes_before_the_nearest_later_one(bench: Bench) -> None:
    bench.add("mark_scale", [SCALE | {"max_score": "30"}], reporting_year="2019")
    bench.add("mark_scale", [SCALE | {"max_score": "25"}], reporting_year="2020")
    bench.add("mark_scale", [SCALE], reporting_year="2023")
    file = bench.add(
        "vpr_results",
        work(*["20"] * 9, "26"),
        printed_max="25",
        reporting_year="2022",
        grade="5",
        subject="math",
    )
    other = bench.add(
        "vpr_results",
        work(*["20"] * 9, "21"),
        printed_max="20",
        reporting_year="2021",
        grade="5",
        subject="math",
    )

    bench.run()

    assert bench.counts(file) == (9, 1, 0)
    assert bench.counts(other) == (9, 1, 0)


def participant(number: int, score: str, mark: str, **more: str) -> dict[str, str]:
    return {
        "school_code": "006007",
        "pupil_id": f"{number:032x}",
        "pupil_name_id": f"{number + 1000:032x}",
        "has_document": "true",
        "primary_score": score,
        "mark": mark,
    } | more


OGE = {"reporting_year": "2022", "subject": "math", "exam_date": "2022-05-23"}


def test_a_mark_of_oge_below_the_scale_is_legal_and_above_it_is_not(bench: Bench) -> None:
    bench.add(
        "mark_scale",
        [SCALE | {"exam": "ОГЭ", "grade": "", "max_score": "31", "max_2": "7", "max_3": "14", "max_4": "21"}],
        reporting_year="2022",
    )
    good = [participant(n, "9", "2") for n in range(8)]
    file = bench.add("oge_results", [*good, participant(8, "5", "3"), participant(9, "10", "6")], **OGE)

    bench.run()

    assert bench.counts(file) == (8, 2, 0)
    assert sorted(bench.rules("oge_results")) == ["mark_above_scale", "out_of_range"]


def test_a_result_without_its_score_is_rejected_unless_it_does_not_count(bench: Bench) -> None:
    rows = [participant(n, "9", "3", result_status="") for n in range(10)]
    rows += [
        participant(10, "", "", result_status="Аннулирован"),
        participant(11, "9", "", result_status=""),
        participant(12, "", "3", result_status=""),
    ]
    oge = bench.add("oge_results", rows, **OGE)
    scores = [{"test_score": row.pop("mark")} | row for row in (dict(row) for row in rows)]
    ege = bench.add("ege_results", scores[:12], **OGE)

    bench.run()

    assert bench.counts(oge) == (11, 2, 0)
    assert bench.counts(ege) == (11, 1, 0)
    remarks = [*bench.remarks("oge_results"), *bench.remarks("ege_results")]
    told = [(r.rule, r.column) for r in remarks if r.level == "row"]
    assert told == [
        ("required_empty", "Столбец mark"),
        ("required_empty", "Столбец primary_score"),
        ("required_empty", "Столбец test_score"),
    ]


def test_shares_in_the_place_of_percentages_reject_the_row(bench: Bench) -> None:
    names = ("share_2_pct", "share_3_pct", "share_4_pct", "share_5_pct")
    percents, shares = ("10", "40", "30", "20"), ("0,1", "0,4", "0,3", "0,2")
    rows = [
        {"login": "sch980603", "grade": str(g)} | dict(zip(names, percents, strict=True)) for g in range(4, 9)
    ]
    rows[4] |= dict(zip(names, shares, strict=True))
    file = bench.add("vpr_marks", rows, reporting_year="2022", subject="math")

    bench.run()

    assert bench.counts(file) == (4, 1, 0)
    assert bench.rules("vpr_marks") == ["shares_are_fractions"]


SHARES = ("share_2_pct", "share_3_pct", "share_4_pct", "share_5_pct")


def statistics(*works: tuple[str, str]) -> list[dict[str, str]]:
    """Rows of marks statistics, a grade each: participants, and the four shares apart by spaces."""
    return [
        {"login": "sch980603", "grade": str(grade), "participants": participants}
        | dict(zip(SHARES, [s.strip("-") for s in shares.split()], strict=True))
        for grade, (participants, shares) in enumerate(works, 1)
    ]


def test_counts_of_pupils_in_the_place_of_percentages_reject_the_row(bench: Bench) -> None:
    rows = statistics(*[("20", "10 40 30 20")] * 4, ("20", "3 5 8 4"), ("21", "3 5 8 4"), ("", "3 5 8 4"))
    file = bench.add("vpr_marks", rows, reporting_year="2022", subject="math")

    bench.run()

    assert bench.counts(file) == (4, 3, 0)
    assert bench.rules("vpr_marks") == ["shares_are_counts", "shares_do_not_sum", "shares_do_not_sum"]


@pytest.mark.parametrize(
    ("participants", "shares", "accepted"),
    [
        ("20", "10 40 30 18.5", 1),
        ("20", "10 40 30 21.5", 1),
        ("20", "10 40 30 18.4", 0),
        ("20", "10 40 30 21.6", 0),
        ("", "10 40 30 18.4", 0),
        ("20", "2.08 2.08 8.33 14.58", 0),
        ("20", "- 40 40 20", 1),
        ("20", "- - 40 20", 0),
        ("20", "- - - -", 1),
        ("", "- - - -", 1),
        ("0", "0 0 0 0", 1),
        ("0", "- - - -", 1),
        ("0", "0 0 1 0", 1),
        ("1", "0 0 1 0", 0),
    ],
)
def test_the_shares_of_marks_add_up_or_say_nothing(
    bench: Bench, participants: str, shares: str, accepted: int
) -> None:
    file = bench.add("vpr_marks", statistics((participants, shares)), reporting_year="2022", subject="math")

    bench.run()

    assert bench.counts(file) == (accepted, 1 - accepted, 0)


WORK = {"reporting_year": "2022", "grade": "7", "subject": "Русский язык"}


def report(bench: Bench, dataset: str, cells: dict[str, list[str]], **columns: list[str]) -> int:
    """A block of a report in which each name of ``cells`` is a column of the file."""
    rows = len(columns["login"])
    block = Block(
        dataset=dataset,
        sheet="Лист1",
        row_numbers=list(range(5, 5 + rows)),
        columns=columns | {"group": [f"Школа (edu{login})" for login in columns["login"]]},
        constants=WORK,
        headers={},
        tasks=cells,
        maxima=dict.fromkeys(cells, "2") if dataset == "task_completion" else {},
    )
    number = bench.files
    bench.files += 1
    bench.spool.add(number, block)
    return number


LOGINS = ["980603", "980607", "980703"]


def test_a_row_of_scores_is_a_landed_row_for_each_score(bench: Bench) -> None:
    cells = {"0": ["40", "", "0,5"], "1": ["60", "", "0,3"], "10": ["", "", "0,2"]}
    file = report(bench, "score_distribution", cells, login=LOGINS, participants=["20", "", "20"])

    bench.run()

    assert bench.counts(file) == (2, 1, 0)
    assert bench.accepted("score_distribution", "school_id, subject, score, share_pct") == [
        ("6003", "russian", 0, 40),
        ("6003", "russian", 1, 60),
        ("6003", "russian", 10, None),
    ]
    (remark,) = bench.remarks("score_distribution")
    assert (remark.rule, remark.row_number, remark.details["total"]) == (
        "scores_are_no_percentages",
        7,
        "1,00",
    )


@pytest.mark.parametrize(
    ("participants", "shares", "accepted"),
    [("25", "12 13", 0), ("90", "40 50", 0), ("90", "50 52", 1), ("0", "1 0", 1), ("", "0.5 0.5", 0)],
)
def test_scores_that_are_no_percentages_reject_the_row(
    bench: Bench, participants: str, shares: str, accepted: int
) -> None:
    cells = {str(score): [share] for score, share in enumerate(shares.split())}
    file = report(bench, "score_distribution", cells, login=LOGINS[:1], participants=[participants])

    bench.run()

    assert bench.counts(file) == (accepted, 1 - accepted, 0)


def test_a_cell_of_a_score_that_is_no_number_is_told_by_its_column(bench: Bench) -> None:
    cells = {"0": ["40", "40", "40"], "1": ["много", "60", "61"], "2": ["60", "", "101"]}
    file = report(bench, "score_distribution", cells, login=LOGINS, participants=["20", "20", "20"])

    bench.run()

    assert bench.counts(file) == (1, 2, 0)
    told = [(r.row_number, r.rule, r.column, r.value) for r in bench.remarks("score_distribution")]
    assert (5, "not_a_number", "1", "много") in told
    assert (7, "out_of_range", "2", "101") in told


def test_the_tasks_of_a_report_keep_their_names_places_and_maxima(bench: Bench) -> None:
    cells = {"1K1": ["40", "0,4", ""], "№ 2": ["70,5", "1", ""], "3,1": ["", "0", ""]}
    file = report(bench, "task_completion", cells, login=LOGINS, participants=["20", "20", "0"])

    bench.run()

    assert bench.counts(file) == (2, 1, 0)
    columns = "school_id, task, position, max_points, achieved_pct"
    assert bench.accepted("task_completion", columns) == [
        ("6003", "1К1", 1, 2, 40),
        ("6003", "2", 2, 2, Decimal("70.5")),
        ("6003", "3.1", 3, 2, None),
    ]
    assert bench.rules("task_completion") == ["completion_is_fractions"]


def test_the_outcomes_of_a_comparison_add_up(bench: Bench) -> None:
    shares = ["36", "56", "8", "0,36", "0,56", "0,08", "", "", ""]
    pupils = ["9", "14", "2", "9", "14", "2", "0", "0", "0"]
    columns = {
        "login": [login for login in LOGINS for _ in range(3)],
        "outcome": ["понизили", "подтвердили", "повысили"] * 3,
        "pupils": pupils,
        "share_pct": shares,
    }
    file = report(bench, "journal_comparison", {}, **columns)

    bench.run()

    assert bench.counts(file) == (6, 3, 0)
    found = bench.accepted("journal_comparison", "school_id, outcome, pupils, share_pct")
    assert found[:3] == [("6003", "lowered", 9, 36), ("6003", "confirmed", 14, 56), ("6003", "raised", 2, 8)]
    assert bench.rules("journal_comparison") == ["outcomes_do_not_sum"] * 3


def test_a_code_of_an_indicator_that_became_a_number_or_a_date_is_told_so(bench: Bench) -> None:
    cells = ["1.10, 1.11"] * 16 + ["\x01number:1.1", "\x01date:2022-10-01", "01.10.2022", "9.9"]
    measure = {"school_code": "006003", "status": "выполнено", "decision": ""}
    rows = [measure | {"indicator_codes": code, "measure": f"Мера {n}"} for n, code in enumerate(cells)]
    bench.add("form_measures", rows, reporting_year="2022")

    bench.run()

    assert [(r.rule, r.value) for r in bench.remarks("form_measures")] == [
        ("number_for_code", "1.1"),
        ("date_for_code", "2022-10-01"),
        ("date_for_code", "01.10.2022"),
        ("unknown_code", "9.9"),
    ]


def test_a_school_that_cannot_be_found_is_told_once_a_row(bench: Bench) -> None:
    cells = {"failed_pct:vpr_math_5": "33,3", "failed_pct:oge_math_9": "40"}
    bench.add("procedure_results", [{"school_code": "006555"} | cells], reporting_year="2020")
    group = {"group": "МБОУ СОШ № 5", "login": "", "share_2_pct": "100"}
    bench.add("vpr_marks", [group], reporting_year="2022", grade="5", subject="math")

    bench.run()

    assert bench.rules("procedure_results") == ["unknown_school"]
    assert [(r.rule, r.column) for r in bench.remarks("vpr_marks")] == [("unknown_school", "Столбец group")]


def test_a_register_is_told_what_a_code_and_a_login_look_like(bench: Bench) -> None:
    school = {"school_name": "СОШ № 4", "municipality_code": "006", "municipality_name": "Заречный район"}
    bench.add("school_register", [school | {"school_code": "6-004", "login": "sch 980604"}])

    bench.run()

    assert bench.rules("school_register") == ["not_a_login", "not_a_code"]


@pytest.mark.parametrize(
    "column", ["contest_participants", "shared_municipal", "shared_regional", "leaders_tutors"]
)
def test_no_more_teachers_do_something_than_there_are(bench: Bench, column: str) -> None:
    counts = (
        "trained_3_years",
        "contest_participants",
        "contest_winners",
        "shared_municipal",
        "shared_regional",
        "leaders_tutors",
    )
    form = {"school_code": "006003", "teachers": "10", "innovation": "нет"} | dict.fromkeys(counts, "0")
    at_most = bench.add("form_methodical", [form | {column: "10"}], reporting_year="2022")
    more = bench.add("form_methodical", [form | {column: "11"}], reporting_year="2022")

    bench.run()

    assert bench.counts(at_most) == (1, 0, 0)
    assert bench.counts(more) == (0, 1, 0)
    assert "part_above_whole" in bench.rules("form_methodical")


def test_without_a_scale_no_mark_of_oge_is_judged(bench: Bench) -> None:
    file = bench.add("oge_results", [participant(1, "5", "5")], **OGE)

    bench.run()

    assert bench.counts(file) == (1, 0, 0)


def test_graduates_of_earlier_years_and_annulled_results_are_accepted_and_not_counted(bench: Bench) -> None:
    rows = [
        participant(1, "9", "3", category="ВТГ", result_status=""),
        participant(2, "9", "3", category="ВПЛ", result_status=""),
        participant(3, "9", "3", category="", result_status="Аннулирован"),
    ]
    bench.add("oge_results", rows, **OGE)

    bench.run()

    assert bench.accepted("oge_results", "is_counted") == [(True,), (False,), (False,)]


def test_results_dated_after_their_school_closed_are_rejected(bench: Bench) -> None:
    closed = {"school_code": "006099"}
    before = bench.add(
        "oge_results", [participant(1, "9", "3") | closed], **OGE | {"exam_date": "2020-12-30"}
    )
    after = bench.add("oge_results", [participant(1, "9", "3") | closed], **OGE | {"exam_date": "2020-12-31"})
    same_year = bench.add(
        "vpr_results", work("5", school="980699"), reporting_year="2020", grade="5", subject="math"
    )
    later = bench.add(
        "vpr_results", work("5", school="980699"), reporting_year="2021", grade="5", subject="math"
    )

    bench.run()

    assert [bench.counts(f)[0] for f in (before, after, same_year, later)] == [1, 0, 1, 0]
    assert bench.rules("oge_results") == bench.rules("vpr_results") == ["school_closed"]


CLOSED_SCHOOL = {
    "form_staff": {"teachers": "10", "highest_category": "1", "first_category": "1"},
    "form_network": {
        "quarter": "3",
        "with_schools": "да",
        "with_organisations": "нет",
        "joint_events": "1",
        "seminars": "1",
    },
    "form_teacher_courses": {"half_year": "2", "teachers": "5", "trained_teachers": "1"},
    "official_list": {"list_kind": "ШНОР", "document": "Приказ 1"},
    "social_index": {"social_index": "50"},
    "support_assignment": {"role": "куратор", "organisation": "Отдел", "valid_to": ""},
}
"""Rows of a school that closed on 30 December 2020, without their time."""


@pytest.mark.parametrize(
    ("dataset", "in_time", "late"),
    [
        ("form_staff", {"reporting_year": "2020"}, {"reporting_year": "2021"}),
        ("form_network", {"academic_year": "2020-2021"}, {"academic_year": "2021-2022"}),
        ("form_teacher_courses", {"academic_year": "2020-2021"}, {"academic_year": "2021-2022"}),
        ("official_list", {"academic_year": "2020-2021"}, {"academic_year": "2021-2022"}),
        ("social_index", {"reporting_year": "2020"}, {"reporting_year": "2021"}),
        ("support_assignment", {"valid_from": "2020-12-30"}, {"valid_from": "2020-12-31"}),
    ],
)
def test_forms_and_lists_of_a_time_after_their_school_closed_are_rejected(
    bench: Bench, dataset: str, in_time: dict[str, str], late: dict[str, str]
) -> None:
    row = CLOSED_SCHOOL[dataset] | {"school_code": "006099"}
    kept = bench.add(dataset, [row | in_time])
    gone = bench.add(dataset, [row | late])

    bench.run()

    assert bench.counts(kept) == (1, 0, 0)
    assert bench.counts(gone)[0] == 0
    assert bench.rules(dataset) == ["school_closed"]


def appeal(number: int, document: bool, **more: str) -> dict[str, str]:
    return {
        "school_code": "006007",
        "pupil_id": f"{number if document else number + 1000:032x}",
        "pupil_name_id": f"{number + 1000:032x}",
        "has_document": "true" if document else "false",
        "state": "Апелляция удовлетворена",
        "subject": "Математика",
        "subject_ege": "math_profile",
        "subject_oge": "math",
        "exam_date": "2022-05-23",
        "primary_score": "8",
        "score": "3",
    } | more


def test_an_appeal_takes_exam_subject_and_pupil_from_the_result_that_it_matches(bench: Bench) -> None:
    bench.add("oge_results", [participant(1, "7", "2"), participant(2, "7", "2")], **OGE)
    file = bench.add("appeals", [appeal(1, True), appeal(2, False)], reporting_year="2022")

    bench.run()

    assert bench.counts(file) == (2, 0, 0)
    assert bench.accepted("appeals", "exam", "subject", "pupil_id", "is_upheld", "score") == [
        ("oge", "math", f"{1:032x}", True, 3),
        ("oge", "math", f"{2:032x}", True, 3),
    ]


@pytest.mark.parametrize("appealed", ["", "2022-05-23"])
def test_an_appeal_matches_the_result_that_is_dated_or_not_as_it_is(bench: Bench, appealed: str) -> None:
    undated = {name: text for name, text in OGE.items() if name != "exam_date"}
    bench.add("oge_results", [participant(1, "7", "2")], **OGE)
    bench.add("oge_results", [participant(1, "8", "2")], **undated)
    file = bench.add("appeals", [appeal(1, True, exam_date=appealed)], reporting_year="2022")

    bench.run()

    assert bench.counts(file) == (1, 0, 0)
    assert bench.accepted("appeals", "coalesce(exam_date::varchar, '')") == [(appealed,)]


def test_an_appeal_without_a_result_is_rejected(bench: Bench) -> None:
    bench.add("oge_results", [participant(1, "7", "2")], **OGE)
    other_day = bench.add("appeals", [appeal(1, True, exam_date="2022-06-01")], reporting_year="2022")
    other_pupil = bench.add("appeals", [appeal(5, True)], reporting_year="2022")

    bench.run()

    assert (bench.counts(other_day), bench.counts(other_pupil)) == ((0, 1, 0), (0, 1, 0))
    assert bench.rules("appeals") == ["appeal_without_result"] * 2


def test_an_appeal_by_name_that_fits_two_pupils_is_rejected(bench: Bench) -> None:
    twins = [participant(1, "7", "2"), participant(2, "9", "3", pupil_name_id=f"{1001:032x}")]
    bench.add("oge_results", twins, **OGE)
    bench.add("appeals", [appeal(1, False)], reporting_year="2022")

    bench.run()

    assert bench.rules("appeals") == ["appeal_ambiguous"]


def test_the_new_mark_of_an_appeal_is_a_mark(bench: Bench) -> None:
    bench.add("oge_results", [participant(1, "7", "2")], **OGE)
    bench.add("appeals", [appeal(1, True, score="30")], reporting_year="2022")

    bench.run()

    assert bench.rules("appeals") == ["out_of_range"]


def test_a_municipality_reports_for_itself_and_must_say_which_it_is(bench: Bench) -> None:
    row = {
        "school_code": "",
        "quarter": "1",
        "item": "4.1.",
        "status": "в работе",
        "reported_on": "30.09.2022",
    }
    named = bench.add(
        "form_roadmap", [row | {"municipality_name": "Степной район"}], academic_year="2022-2023"
    )
    unnamed = bench.add("form_roadmap", [row], academic_year="2022-2023")

    bench.run()

    assert bench.accepted(
        "form_roadmap", "school_id", "municipality_id", "reporting_year", "item", "status", "reported_on"
    ) == [(None, "7", 2022, "4.1", "in_progress", date(2022, 9, 30))]
    assert (bench.counts(named), bench.counts(unnamed)) == ((1, 0, 0), (0, 1, 0))
    assert bench.rules("form_roadmap") == ["ambiguous_municipality"]


def test_a_list_that_was_delivered_with_nobody_in_it_is_a_row(bench: Bench) -> None:
    row = {
        "list_kind": "500+",
        "school_code": "",
        "municipality_name": "Заречный район",
        "document": "Приказ",
    }
    bench.add("official_list", [row], academic_year="2022-2023")
    bench.add("biased_vpr", [{"reporting_year": "2021", "login": "", "school_name": "", "markers": ""}])
    bench.add(
        "biased_vpr",
        [{"reporting_year": "2022", "login": "edu980603", "school_name": "СОШ № 3", "markers": "2"}],
    )

    bench.run()

    assert bench.accepted("official_list") == [(2022, "project_500", None, "6", "Приказ")]
    assert bench.accepted("biased_vpr") == [(2021, None, False), (2022, "6003", True)]


def test_a_mentor_is_a_school_of_the_register_or_the_row_is_rejected(bench: Bench) -> None:
    row = {"school_code": "006007", "role": "школа-наставник", "valid_from": "12.09.2022", "valid_to": ""}
    office = {
        "school_code": "006007",
        "role": "куратор",
        "organisation": "Центр",
        "valid_from": "12.09.2022",
        "valid_to": "",
    }
    bench.add("support_assignment", [office, row | {"organisation": "6003.0"}])
    bench.add("support_assignment", [row | {"organisation": "009999"}])

    bench.run()

    assert bench.accepted("support_assignment", "role", "organisation", "mentor_school_id") == [
        ("curator", "Центр", None),
        ("mentor_school", "6003.0", "6003"),
    ]
    assert bench.rules("support_assignment") == ["unknown_school"]


def test_the_same_measure_in_two_forms_is_a_warning_for_both(bench: Bench) -> None:
    staff = {
        "school_code": "006003",
        "reporting_year": "2022",
        "highest_category": "1",
        "first_category": "2",
    }
    methodical = dict.fromkeys(
        (
            "trained_3_years",
            "contest_participants",
            "contest_winners",
            "shared_municipal",
            "shared_regional",
            "leaders_tutors",
        ),
        "0",
    )
    bench.add("form_staff", [staff | {"teachers": "6"}])
    file = bench.add(
        "form_methodical",
        [
            methodical
            | {"school_code": "6003", "reporting_year": "2022", "teachers": "7", "innovation": "нет"}
        ],
    )

    bench.run()

    assert bench.counts(file) == (1, 0, 0)
    (remark,) = bench.remarks("form_methodical")
    assert (remark.rule, remark.level, remark.details["here"], remark.details["there"]) == (
        "measure_differs_between_forms",
        "warning",
        "7",
        "6",
    )
    assert bench.rules("form_staff") == ["measure_differs_between_forms"]


def test_results_of_a_grade_that_the_school_has_not_are_a_warning(bench: Bench) -> None:
    row = participant(1, "20", "", test_score="50")
    del row["mark"]
    bench.add("ege_results", [row], reporting_year="2022", subject="russian", exam_date="2022-05-30")

    bench.run()

    (remark,) = bench.remarks("ege_results")
    assert (remark.rule, remark.details) == ("results_beyond_school_type", {"grade": "11"})


def marks(*logins: str) -> list[dict[str, str]]:
    shares = {"share_2_pct": "10", "share_3_pct": "30", "share_4_pct": "40", "share_5_pct": "20"}
    return [{"login": login, "participants": "10"} | shares for login in logins]


def test_a_school_without_results_is_named_once_most_of_its_municipality_have_some(bench: Bench) -> None:
    header = (
        "school_code",
        "login",
        "school_number",
        "school_name",
        "municipality_code",
        "municipality_name",
    )
    more = [
        dict(
            zip(
                header,
                (f"00800{n}", f"sch98080{n}", str(n), f"СОШ № {n}", "008", "Лесной район"),
                strict=True,
            )
        )
        for n in range(1, 6)
    ]
    bench.add("school_register", more)
    bench.add("vpr_marks", marks("sch980603"), reporting_year="2022", grade="5", subject="math")
    bench.add(
        "vpr_marks",
        marks(*(f"sch98080{n}" for n in range(1, 5))),
        reporting_year="2022",
        grade="5",
        subject="math",
    )

    bench.run()

    (remark,) = bench.remarks("school_register")
    assert (remark.rule, remark.level, remark.value) == ("school_without_results", "warning", "СОШ № 5")
    assert remark.details == {"year": "2022"}


def school(code: str, login: str = "", successor: str = "") -> dict[str, str]:
    return {
        "school_code": code,
        "login": login,
        "school_name": f"СОШ {code}",
        "municipality_code": "008",
        "municipality_name": "Лесной район",
        "successor_code": successor,
    }


def test_schools_with_one_login_are_named_and_neither_gets_the_results_of_it(bench: Bench) -> None:
    bench.add("school_register", [school("008001", "sch980801"), school("008002", "sch980802")])
    bench.add("school_register", [school("008003", "edu980801")])
    logins = ("sch980801", *(f"sch98060{n}" for n in (3, 7)), "sch980703", "sch980802")
    results = bench.add("vpr_marks", marks(*logins), reporting_year="2022", grade="5", subject="math")

    bench.run()

    remarks = [r for r in bench.remarks("school_register") if r.rule == "login_of_two_schools"]
    assert [(r.level, r.value) for r in remarks] == [("warning", "980801")] * 2
    assert {r.details["schools"] for r in remarks} == {"СОШ 008001 (8001), СОШ 008003 (8003)"}
    assert bench.counts(results) == (4, 1, 0)
    assert bench.rules("vpr_marks")[0] == "ambiguous_school"


def test_a_successor_that_no_file_of_the_register_has_is_a_warning(bench: Bench) -> None:
    bench.add("school_register", [school("008001", successor="008002"), school("008003", successor="008009")])
    bench.add("school_register", [school("008002")])

    bench.run()

    (remark,) = bench.remarks("school_register")
    assert (remark.rule, remark.level, remark.value) == ("unknown_successor", "warning", "8009")
    assert remark.details == {"school": "СОШ 008003 (8003)"}


def test_successors_that_lead_back_to_a_school_are_a_warning_for_those_on_the_way(bench: Bench) -> None:
    circle = [school("008001", successor="008002"), school("008002", successor="8001")]
    itself, before = school("008003", successor="008003"), school("008004", successor="008001")
    bench.add("school_register", [*circle, itself, before])

    bench.run()

    remarks = bench.remarks("school_register")
    assert {(r.rule, r.level) for r in remarks} == {("successors_in_a_circle", "warning")}
    assert [(r.value, r.details["schools"]) for r in remarks] == [
        ("8002", "СОШ 008001 (8001) → СОШ 008002 (8002) → СОШ 008001 (8001)"),
        ("8001", "СОШ 008001 (8001) → СОШ 008002 (8002) → СОШ 008001 (8001)"),
        ("8003", "СОШ 008003 (8003) → СОШ 008003 (8003)"),
    ]


def test_a_dash_in_a_count_is_an_empty_cell_and_shown_as_it_stands(bench: Bench) -> None:
    counts = ("pupils", "failing", "disability", "non_native", "failing_in_extra_classes", "social")
    row = {"school_code": "006003", "academic_year": "2022/23", "quarter": "III"} | dict.fromkeys(counts, "1")
    form = bench.add("form_pupils", [row, row | {"quarter": "IV четверть", "non_native": "—"}])
    marks = statistics(("н/д", "10 40 30 20"), ("много", "10 40 30 20"))
    table = bench.add("vpr_marks", marks, reporting_year="2022", subject="math")

    bench.run()

    assert (bench.counts(form), bench.counts(table)) == ((1, 1, 0), (1, 1, 0))
    assert bench.accepted("form_pupils", "reporting_year", "quarter") == [(2022, 3)]
    assert bench.accepted("vpr_marks", "participants") == [(None,)]
    (remark,) = bench.remarks("form_pupils")
    assert (remark.rule, remark.value, remark.details["hint"]) == (
        "required_empty",
        "—",
        " Если таких нет, впишите 0.",
    )


def test_a_name_in_the_place_of_a_code_is_answered_with_the_code(bench: Bench) -> None:
    rows = [{"school_code": name, "social_index": "50"} for name in ("МБОУ ООШ № 7", "006003 СОШ № 3")]
    file = bench.add("social_index", rows, reporting_year="2022")

    bench.run()

    assert bench.counts(file) == (1, 1, 0)
    (remark,) = bench.remarks("social_index")
    assert remark.rule == "unknown_school"
    assert remark.details["meant"] == " Школа с таким названием в реестре: 6007, ООШ № 7."
