"""The open edition of a random region holds out against the attacker, and would not without its rules."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from school_quality.warehouse.open_edition import disclosure
from school_quality.warehouse.open_edition.practices import TEXT_SHA256

from .attacker import exposed, found_out, possibilities, verdicts_found_out
from .leaks import LEAKS, steps_with
from .published import read

pytestmark = pytest.mark.seconds(60)


@pytest.fixture
def editions(region: tuple[Path, int], opened: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Both editions of the region, attached as ``official``, whole with its inner tables, and ``opened``."""
    with duckdb.connect() as connection:
        connection.execute(f"attach '{region[0] / 'warehouse/build.duckdb'}' as official (read_only)")
        connection.execute(f"attach '{opened}' as opened (read_only)")
        yield connection


def test_every_hidden_number_has_several_possibilities(opened: Path) -> None:
    domains = possibilities([read(opened)])

    assert len(domains) > 100
    assert all(domains.values()), "the attacker's picture of the methodology is wrong"
    assert found_out(domains) == {}


def test_estimates_of_small_schools_are_not_in_the_open_edition(
    editions: duckdb.DuckDBPyConnection,
) -> None:
    known = "count(failed_pooled), count(participants_pooled), count(pooled_years), count(failed_shrunk_pct)"

    official, opened = (
        editions.execute(f"select {known} from {name}.marts.fct_procedure_result").fetchone()
        for name in ("official", "opened")
    )

    assert official is not None and min(official) > 0
    assert opened == (0, 0, 0, 0)


@pytest.mark.parametrize(
    "mart",
    [
        "dim_task",
        "fct_journal_comparison",
        "fct_municipality_task",
        "fct_score_distribution",
        "fct_task_result",
    ],
)
def test_tasks_distributions_and_journals_are_not_in_the_open_edition(
    editions: duckdb.DuckDBPyConnection, mart: str
) -> None:
    official, opened = (
        editions.execute(
            "select count(*) from duckdb_columns() where database_name = $1 and schema_name = 'marts' "
            "and table_name = $2",
            [name, mart],
        ).fetchone()
        for name in ("official", "opened")
    )

    assert official == opened != (0,)
    assert editions.execute(f"from opened.marts.{mart}").fetchall() == []


def test_scores_of_pupils_are_there_to_be_hidden(editions: duckdb.DuckDBPyConnection) -> None:
    assert editions.execute("from official.marts.fct_score_distribution where pupils < 10").fetchall() != []


def test_no_hidden_cell_gives_its_points_or_verdict_away(opened: Path) -> None:
    release = read(opened)

    found = verdicts_found_out([release], possibilities([release]))

    assert found == {}


def test_no_open_value_of_a_form_tells_of_a_small_group_or_of_all_but_one(opened: Path) -> None:
    assert exposed(read(opened)) == {}


def test_behind_the_hidden_numbers_of_a_form_are_points_of_several_kinds(
    editions: duckdb.DuckDBPyConnection,
) -> None:
    """Asked of the official edition, without a picture of the rule: that a cell is hidden says no points."""
    points = dict(
        editions.execute(
            """
            select facts.indicator_code, count(distinct facts.points)
            from official.marts.fct_indicator_value as facts
            inner join opened.marts.fct_indicator_value as open_facts
                using (school_id, period, indicator_code, component)
            inner join official.marts.fct_indicator_value as staff
                on facts.school_id = staff.school_id and facts.period = staff.period
            where
                facts.indicator_code in ('2.1', '2.4', '2.5', '2.6', '2.8', '2.9')
                and open_facts.reason in ('few_teachers', 'few_pupils')
                and staff.indicator_code = '2.1' and staff.denominator >= 10
            group by all
            """
        ).fetchall()
    )

    assert len(points) == 6
    assert {code for code, kinds in points.items() if kinds < 2} == set()


@pytest.mark.parametrize("leak", LEAKS)
def test_without_a_rule_the_attacker_finds_numbers(
    region: tuple[Path, int], leak: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disclosure, "STEPS", steps_with(LEAKS[leak], tmp_path / "steps"))

    disclosure.write_open_marts(region[0] / "warehouse/build.duckdb", tmp_path / "leaking.duckdb")

    release = read(tmp_path / "leaking.duckdb")
    domains = possibilities([release])
    assert exposed(release) or found_out(domains) or verdicts_found_out([release], domains)


def test_results_of_ten_pupils_are_open_and_of_nine_are_not(
    editions: duckdb.DuckDBPyConnection,
) -> None:
    shown = dict(
        editions.execute(
            """
            select facts.participants, count(open_facts.participants)
            from official.marts.fct_procedure_result as facts
            inner join opened.marts.fct_procedure_result as open_facts
                using (school_id, reporting_year, procedure_id)
            where facts.participants in (9, 10) and facts.data_level = 'pupil'
            group by all
            """
        ).fetchall()
    )

    assert shown[9] == 0
    assert shown[10] > 0


def test_every_table_and_column_is_decided(region: tuple[Path, int], opened: Path) -> None:
    """Undecided ones are empty: say in `disclosure` and its steps whether they may be open."""
    official = columns(region[0] / "warehouse/build.duckdb")
    decided = set(disclosure.COPIED + disclosure.RECOMPUTED + disclosure.WITHHELD)
    steps = "".join(path.read_text(encoding="utf-8") for path in disclosure.STEPS.glob("*.sql"))

    undecided = [
        f"{table}.{column}"
        for table, column in sorted(official)
        if table not in decided and (f"open.marts.{table} as" not in steps or column not in steps)
    ]

    assert undecided == []
    assert official <= columns(opened)


@pytest.mark.parametrize(
    ("compiled", "complaint"),
    [
        ({"fct_effectiveness": 'from "build"."intermediate"."int_school__years"'}, "may be hidden"),
        ({}, "no SQL"),
    ],
    ids=["reads an intermediate", "not compiled"],
)
def test_a_summary_that_would_not_be_made_of_open_cells_stops_the_edition(
    region: tuple[Path, int],
    compiled: dict[str, str],
    complaint: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(disclosure, "_compiled_models", lambda _: compiled)
    monkeypatch.setattr(disclosure, "RECOMPUTED", ("fct_effectiveness",))

    with pytest.raises(RuntimeError, match=complaint):
        disclosure.write_open_marts(region[0] / "warehouse/build.duckdb", tmp_path / "open.duckdb")


def test_the_ratio_of_a_district_pools_no_hidden_result(opened: Path) -> None:
    """1.9 of the municipality: the lowest to the highest results of two ЕГЭ."""
    with duckdb.connect(str(opened), read_only=True) as connection:
        pooled = connection.execute(
            """
            select distinct ratios.suppressed
            from marts.fct_municipality_indicator as ratios
            inner join marts.fct_procedure_result as results using (municipality_id, reporting_year)
            where
                ratios.indicator_code = '1.9'
                and results.procedure_id in ('ege_russian_11', 'ege_math_profile_11')
                and list_contains(results.flags, 'suppressed')
            """
        ).fetchall()

    assert pooled == [(["value", "denominator", "reported", "school_ids"],)]


def test_a_fall_of_failing_pupils_is_open_only_where_both_groups_are_large(
    editions: duckdb.DuckDBPyConnection,
) -> None:
    small = dict(
        editions.execute(
            """
            select facts.status, count(*) from opened.marts.fct_indicator_value as facts
            inner join official.staging.stg_form_pupils as forms
                on
                    facts.school_id = forms.school_id
                    and facts.reporting_year = forms.reporting_year
                    and forms.quarter = 2 * facts.period[-1]::integer
            where
                facts.indicator_code = '3.3' and facts.status in ('no_points', 'suppressed')
                and least(forms.failing, forms.pupils - forms.failing) < 10
            group by all
            """
        ).fetchall()
    )

    assert small.keys() == {"suppressed"}


def test_typed_texts_are_open_only_where_they_cannot_name_a_person(
    region: tuple[Path, int], tmp_path: Path
) -> None:
    build = tmp_path / "warehouse/build.duckdb"
    shutil.copytree(region[0] / "warehouse/target", build.parent / "target")
    shutil.copyfile(region[0] / "warehouse/build.duckdb", build)
    with duckdb.connect(str(build)) as connection:
        connection.execute("update marts.fct_roadmap_execution set document = 'письмо куратора Образцовой'")
        connection.execute(  # who is supported follows from results
            "update marts.fct_school_status set official_low_results = null, official_risk_zone = null"
        )
        owner = connection.execute("select min(owner) from seeds.roadmap_owners").fetchall()[0][0]
        for organisation in (owner, "Образцова А. А."):
            connection.execute(
                """
                insert into marts.fct_support (school_id, municipality_id, reporting_year, role, organisation)
                select school_id, municipality_id, reporting_year, 'curator', ? from marts.fct_school_status
                """,
                [organisation],
            )

    disclosure.write_open_marts(build, tmp_path / "open.duckdb")

    with duckdb.connect(str(tmp_path / "open.duckdb"), read_only=True) as connection:
        documents = connection.execute(
            "select distinct document, school_id from marts.fct_roadmap_execution"
        ).fetchall()
        organisations = connection.execute("select distinct organisation from marts.fct_support").fetchall()
        named, unnamed = connection.execute(
            """
            select
                count(distinct statuses.school_id) filter (where support.school_id is not null),
                count(distinct statuses.school_id) filter (where support.school_id is null)
            from marts.fct_school_status as statuses
            left join marts.fct_support as support using (school_id, reporting_year)
            where list_contains(statuses.suppressed, 'is_supported')
            """
        ).fetchall()[0]
    assert documents == [(None, None)]
    assert set(organisations) == {(owner,), (None,)}
    assert named == 0
    assert unnamed > 0


def test_only_released_texts_of_practices_are_open(region: tuple[Path, int], tmp_path: Path) -> None:
    build = tmp_path / "warehouse/build.duckdb"
    shutil.copytree(region[0] / "warehouse/target", build.parent / "target")
    shutil.copyfile(region[0] / "warehouse/build.duckdb", build)
    with duckdb.connect(str(build)) as connection:
        connection.execute("delete from marts.fct_practice")
        for text in ("Занятия по субботам", "Занятия у Образцовой А. А."):
            connection.execute(
                "insert into marts.fct_practice by name select school_id, municipality_id, reporting_year, "
                "['1.10'] as indicator_codes, ? as practice from marts.fct_school_status limit 1",
                [text],
            )
        (text,) = connection.execute(
            f"select {TEXT_SHA256} from marts.fct_practice where practice not like '%Образцовой%'"
        ).fetchall()[0]

    shown = []
    for number, released in enumerate(([], [text])):
        disclosure.write_open_marts(build, tmp_path / f"{number}.duckdb", released)
        with duckdb.connect(str(tmp_path / f"{number}.duckdb"), read_only=True) as connection:
            shown.append(connection.execute("select practice from marts.fct_practice").fetchall())

    assert shown == [[], [("Занятия по субботам",)]]


def columns(warehouse: Path) -> set[tuple[str, str]]:
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        return set(
            connection.execute(
                "select table_name, column_name from duckdb_columns() where schema_name = 'marts'"
            ).fetchall()
        )


def test_tables_that_count_rows_are_empty(opened: Path) -> None:
    with duckdb.connect(str(opened), read_only=True) as connection:
        rows = {
            table: connection.execute(f"select count(*) from marts.{table}").fetchall()[0][0]
            for table in disclosure.WITHHELD
        }
        schemas = connection.execute("select distinct schema_name from duckdb_tables()").fetchall()

    assert set(rows.values()) == {0}
    assert schemas == [("marts",)]


def test_downloads_hold_the_open_marts_and_no_formula(opened: Path, tmp_path: Path) -> None:
    copy = tmp_path / "warehouse.duckdb"
    copy.write_bytes(opened.read_bytes())
    with duckdb.connect(str(copy)) as connection:
        connection.execute("update marts.dim_school set school_name = '=HYPERLINK(\"http://example.org\")'")
        tables = [name for (name,) in connection.execute("select table_name from duckdb_tables()").fetchall()]

    disclosure.export(copy, tmp_path)

    with duckdb.connect(str(copy), read_only=True) as connection:
        for table in tables:
            path = tmp_path / "parquet" / f"{table}.parquet"
            differing = connection.execute(f"from marts.{table} except all from '{path}'").fetchall()
            assert differing == [], table
    names = (tmp_path / "csv/dim_school.csv").read_text(encoding="utf-8-sig")
    assert "'=HYPERLINK" in names
    assert ",=HYPERLINK" not in names
    assert '"=HYPERLINK' not in names


def test_limits_have_reasons() -> None:
    path = disclosure.dbt_project_dir() / "seeds/reference/disclosure_limits.csv"

    rows = duckdb.sql(f"select parameter, value, reason from '{path}'").fetchall()

    assert {parameter: value for parameter, value, _ in rows} == {
        "min_pupils": 10,
        "min_teachers": 5,
        "min_changed_results": 10,
        "rebase_each_year": 0,
    }
    assert all(reason for *_, reason in rows), json.dumps(rows, ensure_ascii=False)


def test_a_fall_that_lasts_is_open_only_where_nothing_of_both_years_is_hidden(
    editions: duckdb.DuckDBPyConnection,
) -> None:
    falls, opened, read_hidden = editions.execute(
        """
        select
            (select count(*) from official.marts.fct_lasting_fall),
            (select count(*) from opened.marts.fct_lasting_fall),
            (
                select count(*) from opened.marts.fct_lasting_fall as falls
                inner join opened.marts.fct_indicator_value as facts
                    on
                        falls.school_id = facts.school_id
                        and falls.indicator_code = facts.indicator_code
                        and facts.reporting_year between falls.reporting_year - 1 and falls.reporting_year
                where facts.status = 'suppressed'
            )
        """
    ).fetchall()[0]

    assert read_hidden == 0
    assert 0 < opened < falls


def test_figures_of_a_municipality_are_those_of_its_open_values(editions: duckdb.DuckDBPyConnection) -> None:
    differing, hidden = editions.execute(
        """
        with values as (
            select
                municipality_id, period, indicator_code, component,
                count(*) filter (where status in ('scored', 'no_points')) as known,
                count(*) filter (where status = 'suppressed') as hidden_schools,
                sum(points) as points, sum(numerator) as numerator,
                min(value) as lowest, max(value) as highest
            from opened.marts.fct_indicator_value where status <> 'not_applicable' group by all
        )
        select
            (select count(*) from (
                from values except all
                select
                    municipality_id, period, indicator_code, component, known, hidden_schools,
                    points, numerator, lowest, highest
                from opened.marts.fct_municipality_value
            )),
            (select count(*) from opened.marts.fct_municipality_value where hidden_schools > 0)
        """
    ).fetchall()[0]
    middles = editions.execute(
        """
        select
            count(middles.median_pct) filter (where middles.hidden_schools > 0),
            count(official.median_pct) filter (where middles.hidden_schools > 0)
        from opened.marts.fct_municipality_points as middles
        inner join official.marts.fct_municipality_points as official
            using (municipality_id, reporting_year, task)
        """
    ).fetchall()[0]

    assert differing == 0
    assert hidden > 0
    assert middles[0] == 0
    assert middles[1] > 0
