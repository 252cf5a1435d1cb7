"""The semantic layer against answers computed by hand over three schools of two districts.

School 1 failed 3 of 30 (10 %), school 2 failed 9 of 10 (90 %): together 12 of 40 are 0.3, where a mean of the
percentages would say 50 %. School 3 has a table of percentages only: it has no counts and joins no share.
"""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest
from click.testing import CliRunner
from unit.warehouse.small import FIRST

from school_quality.cli import main
from school_quality.errors import UsageError
from school_quality.settings import Settings
from school_quality.warehouse import contract
from school_quality.warehouse.readers import metrics

pytestmark = pytest.mark.slow

ROWS: dict[str, list[dict[str, Any]]] = {
    "dim_date": [{"date_day": "2021-01-01"}, {"date_day": "2022-01-01"}],
    "dim_municipality": [
        {"municipality_id": "1", "municipality_name": "Луговой район"},
        {"municipality_id": "2", "municipality_name": "Лесной район"},
    ],
    "dim_school": [
        {"school_id": "11", "municipality_id": "1", "school_type": "secondary"},
        {"school_id": "12", "municipality_id": "1", "school_type": "basic"},
        {"school_id": "21", "municipality_id": "2", "school_type": "secondary"},
    ],
    "dim_procedure": [{"procedure_id": "vpr_math_5", "procedure_name": "ВПР, математика, 5 класс"}],
    "dim_indicator": [
        {"methodology_version": "v", "indicator_code": "2.2", "component": "", "task": 2},
        {"methodology_version": "v", "indicator_code": "1.11", "component": "", "task": 1},
    ],
    "fct_school_status": [
        {"school_id": "11", "municipality_id": "1", "reporting_year": 2021, "is_low_results": True},
        {
            "school_id": "11", "municipality_id": "1", "reporting_year": 2022, "is_low_results": False,
            "points": 10, "max_points": 20, "is_supported": True,
        },
        {
            "school_id": "12", "municipality_id": "1", "reporting_year": 2022, "is_low_results": True,
            "points": 36, "max_points": 40, "is_supported": True,
        },
        {"school_id": "21", "municipality_id": "2", "reporting_year": 2022, "is_low_results": None},
    ],
    "fct_procedure_result": [
        {
            "school_id": "11", "municipality_id": "1", "reporting_year": 2022, "procedure_id": "vpr_math_5",
            "participants": 30, "failed": 3, "failed_pct": 10.0, "mean_score": 10.0,
        },
        {
            "school_id": "12", "municipality_id": "1", "reporting_year": 2022, "procedure_id": "vpr_math_5",
            "participants": 10, "failed": 9, "failed_pct": 90.0, "mean_score": 6.0,
        },
        {
            "school_id": "21", "municipality_id": "2", "reporting_year": 2022, "procedure_id": "vpr_math_5",
            "failed_pct": 40.0,
        },
    ],
    "fct_indicator_value": [
        {
            "school_id": "11", "municipality_id": "1", "reporting_year": 2022, "period": "2022",
            "indicator_code": "2.2", "component": "", "methodology_version": "v", "status": "scored",
            "value": 50.0, "numerator": 10, "denominator": 20, "points": 2, "max_points": 3,
        },
        {
            "school_id": "12", "municipality_id": "1", "reporting_year": 2022, "period": "2022",
            "indicator_code": "2.2", "component": "", "methodology_version": "v", "status": "scored",
            "value": 100.0, "numerator": 5, "denominator": 5, "points": 3, "max_points": 3,
        },
        {
            "school_id": "21", "municipality_id": "2", "reporting_year": 2022, "period": "2022",
            "indicator_code": "2.2", "component": "", "methodology_version": "v", "status": "no_data",
            "reason": "no_form", "max_points": 3,
        },
        {
            "school_id": "11", "municipality_id": "1", "reporting_year": 2022, "period": "2022",
            "indicator_code": "1.11", "component": "", "methodology_version": "v", "status": "no_data",
            "reason": "not_due", "max_points": 3,
        },
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A data root with one release: the tables of the contract with the rows above."""
    found = Settings.load(tmp_path_factory.mktemp("data"))
    release = found.published / "20230101T000000Z-hand"
    release.mkdir(parents=True)
    with duckdb.connect(str(release / "warehouse.duckdb")) as connection:
        connection.execute("create schema marts")
        for table in contract.tables():
            if table.schema == "marts":
                columns = ", ".join(f'"{column.name}" {column.data_type}' for column in table.columns)
                connection.execute(f"create table marts.{table.name} ({columns})")
        for name, rows in ROWS.items():
            for row in rows:
                marks = ", ".join("?" * len(row))
                connection.execute(
                    f"insert into marts.{name} ({', '.join(row)}) values ({marks})", list(row.values())
                )
    told = replace(FIRST, release_id=release.name).to_json()
    (release / "manifest.json").write_text(json.dumps(told), encoding="utf-8")
    found.current.symlink_to(release.name)
    return found


def query(settings: Settings, *arguments: str) -> dict[str, dict[str, float]]:
    """Answers of ``mf query``, by the joined group: values by metric."""
    answer = settings.data_root / "answer.csv"
    code = metrics.run(settings, ["query", *arguments, "--quiet", "--csv", str(answer)])
    assert code == 0
    with answer.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    asked = arguments[arguments.index("--metrics") + 1].split(",")
    return {
        " ".join(value[:10] if "T" not in value and value[4:5] == "-" else value
                 for name, value in row.items() if name not in asked):
        {name: float(row[name]) for name in asked if row[name]}
        for row in rows
    }  # fmt: skip


def test_counts_and_shares_of_schools_by_year_leave_out_what_is_unknown(
    settings: Settings,
) -> None:
    found = query(
        settings,
        "--metrics",
        "schools,low_results_schools,low_results_share,supported_schools,score",
        "--group-by",
        "metric_time",
    )

    assert found == {
        "2021-01-01": {
            "schools": 1,
            "low_results_schools": 1,
            "low_results_share": 1,
        },
        "2022-01-01": {
            "schools": 3,
            "low_results_schools": 1,
            "low_results_share": 0.5,  # of the two schools that have results
            "supported_schools": 2,
            "score": pytest.approx(46 / 60),  # the mean of 50 % and 90 % would be 0.7
        },
    }


def test_a_share_over_a_municipality_is_sum_by_sum_and_leaves_out_tables_of_percentages(
    settings: Settings,
) -> None:
    found = query(
        settings,
        "--metrics",
        "failed_share,failed,judged_participants,mean_score",
        "--group-by",
        "municipality__municipality_name,procedure__procedure_name",
    )

    assert found["Луговой район ВПР, математика, 5 класс"] == {
        "failed_share": pytest.approx(0.3),
        "failed": 12,
        "judged_participants": 40,
        "mean_score": pytest.approx(9.0),  # (30 x 10 + 10 x 6) / 40, reading 1
    }
    assert "failed_share" not in found.get("Лесной район ВПР, математика, 5 класс", {})


def test_indicators_by_school_type_have_shares_means_points_and_coverage(settings: Settings) -> None:
    found = query(
        settings,
        "--metrics",
        "indicator_share,mean_value,indicator_score,coverage",
        "--group-by",
        "indicator_value__indicator_code",
        "--where",
        "{{ Dimension('indicator__task') }} = 2",
    )

    assert found == {
        "2.2": {
            "indicator_share": pytest.approx(15 / 25),
            "mean_value": pytest.approx(75.0),
            "indicator_score": pytest.approx(5 / 6),
            "coverage": pytest.approx(2 / 3),  # scored, scored, missing form
        }
    }


def test_what_is_not_due_is_not_missing(settings: Settings) -> None:
    found = query(settings, "--metrics", "due_indicators,scored_indicators", "--group-by", "metric_time")

    assert found == {"2022-01-01": {"due_indicators": 3, "scored_indicators": 2}}


def test_without_a_release_there_is_nothing_to_ask(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="Выпусков ещё нет"):
        metrics.run(Settings.load(tmp_path), ["list", "metrics"])


def test_sql_in_the_arguments_of_a_question_reads_no_file_of_the_machine(
    settings: Settings, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    secret = tmp_path / "pii_key"
    secret.write_text("secondary")
    condition = "{{ Dimension('school__school_type') }} = (select content from read_text('%s'))"
    harmless = condition.replace("read_text('%s')", "(select 'secondary' as content)")
    asked = ["query", "--metrics", "schools", "--group-by", "school__school_type", "--where"]

    answered = metrics.run(settings, [*asked, harmless])
    refused = metrics.run(settings, [*asked, condition % secret])

    assert (answered, refused) == (0, 1)
    assert "disabled by configuration" in "".join(capfd.readouterr()).replace("\n", " ")


def test_a_file_for_the_answer_lies_where_the_user_stands(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ask = ["metrics", "--data", str(settings.data_root), "query", "--metrics", "schools", "--quiet"]

    done = CliRunner().invoke(main, [*ask, "--csv", "answer.csv"])

    assert done.exit_code == 0, done.output
    assert (tmp_path / "answer.csv").read_text(encoding="utf-8").splitlines()[0] == "schools"
