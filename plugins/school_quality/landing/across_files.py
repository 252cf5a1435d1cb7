"""What files say together: warnings that are true as long as everything landed stays what it is.

Every batch, a withdrawal included, finds them anew over all rows in force and puts each at the rows it is
about, whenever these were landed. Those of an earlier batch no longer hold (``state_seq``): later files may
have answered them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

import duckdb
import pyarrow as pa

from school_quality import seeds
from school_quality.datasets import get
from school_quality.landing.judging import RESULT_DATASETS, exam_grades
from school_quality.landing.landed import view_in_force
from school_quality.landing.receipts import Receipt
from school_quality.landing.refused import row_key
from school_quality.model import Remark

SAME_MEASURE = (("form_staff", "form_methodical", "teachers"),)
"""The same quantity asked in two forms of one period."""

MOST_SCHOOLS_PCT = 80
"""Schools without results are named once most of a municipality have some: before, files are coming."""

SCHOOL = "school_name || ' (' || school_id || ')'"
"""How a remark names another school, as SQL over the register."""

SHOWN_SCHOOLS = 5
"""How many schools a remark names beside its own, and how many steps of a circle."""


def find(
    connection: duckdb.DuckDBPyConnection, there: Collection[str], in_force: Iterable[Receipt] = ()
) -> Iterator[tuple[int, Remark, str | None]]:
    """(seq of the receipt, warning, school) of every warning that the files in force give together.

    ``there``: datasets of which ``landed_<name>`` and ``accepted_<name>`` exist; others have no rows.
    ``in_force``: the receipts that hold, those of this batch included.
    """
    yield from _sent_again(connection, sorted(there), list(in_force))
    view_in_force(connection, get("school_register"))
    yield from _shared_logins(connection)
    yield from _successors(connection)
    results = sorted(RESULT_DATASETS.intersection(there))
    if results:
        yield from _schools_without_results(connection, results)
    for first, second, column in SAME_MEASURE:
        if first in there and second in there:
            yield from _differing_forms(connection, first, second, column)
    for name in results:
        yield from _results_beyond_type(connection, name)
    if "ege_results" in there:
        yield from _printed_minima(connection)
    if "work_plan" in there:
        yield from _plans_without_places(connection, results)


SCOPE = ("reporting_year", "quarter", "half_year", "exam", "grade", "subject", "sitting", "list_kind")
"""What a row is about beside its school. Only a file about the same can be said to leave a school out."""


def _sent_again(
    connection: duckdb.DuckDBPyConnection, names: Sequence[str], in_force: Sequence[Receipt]
) -> Iterator[tuple[int, Remark, None]]:
    """Files sent again with rows left out: those rows stay in force, because corrections go row by row.

    A file counts as sent again if a later one of the same dataset has the same path or (not for files of
    pupils) at least half of its keys. A row of the earlier file is missing if it is in force, is about a
    year, period, work or list that the later file is about, too, and is not in it.
    """
    connection.execute("delete from resent")
    by_seq = {r.seq: r for r in in_force}
    receipts = pa.table(
        {
            "seq": pa.array(by_seq, pa.int64()),
            "path": pa.array([r.path for r in in_force], pa.string()),
        }
    )
    connection.register("receipt_path", receipts)
    for name in names:
        dataset = get(name)
        scope = ", ".join(f"{c}::varchar" for c in SCOPE if c in dataset.columns) or "''"
        wanted = "times > 1" if "pupil_id" in dataset.columns else "true"
        connection.execute(
            f"""
            create or replace temp table keyed as
            with place as (
                select *, count(*) over (partition by path) as times from receipt_path
                where seq in (select distinct seq from {_standing(name)})
            )
            select distinct seq, order_seq, path, {row_key(dataset)} as row_key,
                concat_ws('|', {scope}) as scope
            from {_standing(name)} join place using (seq) where {wanted};

            create or replace temp table pair as
            with file as (select seq, order_seq, path, count(*) as keys from keyed group by all),
            shared as (
                select a.seq as old, b.seq as new, count(*) as keys from keyed as a
                join keyed as b on a.row_key = b.row_key and a.order_seq < b.order_seq group by all
            )
            select a.seq as old, max_by(b.seq, b.order_seq) as new from file as a
            join file as b on a.order_seq < b.order_seq
            left join shared as s on s.old = a.seq and s.new = b.seq
            where a.path = b.path or 2 * s.keys >= a.keys group by a.seq;

            insert into resent from pair
            """
        )
        found = connection.execute(
            """
            with last_word as (select row_key, max(order_seq) as order_seq from keyed group by row_key)
            select p.old, p.new, count(*)
            from pair as p join keyed as k on k.seq = p.old
            join last_word as l on l.row_key = k.row_key and l.order_seq = k.order_seq
            where k.scope in (select scope from keyed where seq = p.new)
            group by all order by all
            """
        ).fetchall()
        for old, new, count in found:
            before = by_seq[old]
            details = {"count": str(count), "path": before.path, "file": before.file_id[:12]}
            yield new, Remark("sent_again_without_rows", "warning", details=details), None
    connection.unregister("receipt_path")


def _standing(name: str) -> str:
    """All rows in force of a dataset, as a relation; a corrected key has several."""
    return f"(select * from landed_{name} union all by name select * from accepted_{name})"


def _shared_logins(connection: duckdb.DuckDBPyConnection) -> Iterator[tuple[int, Remark, str]]:
    """Schools with one login of ФИС ОКО: `Register.resolve` takes no row for either by it."""
    found = connection.execute(
        f"""
        with shared as (
            select fisoko_login, list({SCHOOL} order by school_id)[:{SHOWN_SCHOOLS + 1}] as schools
            from inforce_school_register where fisoko_login is not null group by all having count(*) > 1
        )
        select seq, sheet, row_number, fisoko_login, school_id, schools
        from inforce_school_register join shared using (fisoko_login) order by seq, sheet, row_number
        """
    ).fetchall()
    header = get("school_register").fields["login"].header
    for seq, sheet, row_number, login, school_id, schools in found:
        details = {"schools": _shown(schools, ", ")}
        yield seq, _warning("login_of_two_schools", sheet, row_number, header, login, details), school_id


def _successors(connection: duckdb.DuckDBPyConnection) -> Iterator[tuple[int, Remark, str]]:
    """Successors that are not in the register, or that lead back to the school itself."""
    found = connection.execute(
        f"""
        select seq, sheet, row_number, school_id, {SCHOOL}, successor_school_id,
            successor_school_id in (select school_id from inforce_school_register)
        from inforce_school_register where successor_school_id is not null order by seq, sheet, row_number
        """
    ).fetchall()
    names = {school_id: school for _, _, _, school_id, school, _, _ in found}
    circles = _circles({school_id: heir for _, _, _, school_id, _, heir, _ in found})
    header = get("school_register").fields["successor_code"].header
    for seq, sheet, row_number, school_id, school, heir, is_known in found:
        rule, details = "unknown_successor", {"school": school}
        if school_id in circles:
            circle = circles[school_id]
            way = [names[passed] for passed in (*circle, circle[0])]
            rule, details = "successors_in_a_circle", {"schools": _shown(way, " → ")}
        elif is_known:
            continue
        yield seq, _warning(rule, sheet, row_number, header, heir, details), school_id


def _circles(heirs: Mapping[str, str]) -> dict[str, list[str]]:
    """The circle of each school that is on one; no school is walked twice."""
    circles: dict[str, list[str]] = {}
    walked: set[str] = set()
    for start in heirs:
        way: dict[str, None] = {}
        at = start
        while at in heirs and at not in walked:
            walked.add(at)
            way[at] = None
            at = heirs[at]
        if at in way:
            circle = list(way)[list(way).index(at) :]
            circles |= dict.fromkeys(circle, circle)
    return circles


def _shown(schools: Sequence[str], separator: str) -> str:
    """The first few of them."""
    more = ["…"] if len(schools) > SHOWN_SCHOOLS else []
    return separator.join([*schools[:SHOWN_SCHOOLS], *more])


def _schools_without_results(
    connection: duckdb.DuckDBPyConnection, results: Sequence[str]
) -> Iterator[tuple[int, Remark, str]]:
    """Schools open the whole year without any result, where most others of the register have some."""
    present = " union ".join(
        f"select distinct school_id, reporting_year as year from {_standing(name)}" for name in results
    )
    found = connection.execute(
        f"""
        with present as ({present}),
        expected as (
            select g.*, a.year, p.school_id is not null as has_results
            from inforce_school_register as g
            cross join (select distinct year from present) as a
            left join present as p on p.school_id = g.school_id and p.year = a.year
            where (g.open_from is null or year(g.open_from) < a.year)
                and (g.open_to is null or year(g.open_to) > a.year)
        ),
        coverage as (
            select *, count(*) filter (has_results) over (partition by municipality_id, year) as reported,
                count(*) over (partition by municipality_id, year) as schools
            from expected
        )
        select seq, sheet, row_number, school_name, year, school_id from coverage
        where not has_results and 100 * reported >= {MOST_SCHOOLS_PCT} * schools
        order by seq, sheet, row_number, year
        """
    ).fetchall()
    header = get("school_register").fields["school_name"].header
    for seq, sheet, row_number, school_name, year, school_id in found:
        details = {"year": str(year)}
        yield (
            seq,
            _warning("school_without_results", sheet, row_number, header, school_name, details),
            school_id,
        )


def _differing_forms(
    connection: duckdb.DuckDBPyConnection, first: str, second: str, column: str
) -> Iterator[tuple[int, Remark, str]]:
    """The same measure of a school and year in two forms; said of both."""
    for name in (first, second):
        view_in_force(connection, get(name))
    for here, there in ((first, second), (second, first)):
        found = connection.execute(
            f"""
            select h.seq, h.sheet, h.row_number, h.{column}, t.{column}, h.school_id
            from inforce_{here} as h join inforce_{there} as t using (school_id, reporting_year)
            where h.{column} <> t.{column} order by h.seq, h.sheet, h.row_number
            """
        ).fetchall()
        header = get(here).fields[column].header
        for seq, sheet, row_number, said, other, school_id in found:
            details = {"here": str(said), "there": str(other), "form": get(there).title}
            yield (
                seq,
                _warning("measure_differs_between_forms", sheet, row_number, header, str(said), details),
                school_id,
            )


def _results_beyond_type(
    connection: duckdb.DuckDBPyConnection, name: str
) -> Iterator[tuple[int, Remark, str]]:
    """Results of a grade that a school of this type does not have: one line a file, school and grade."""
    exam_grade = exam_grades().get(name.removesuffix("_results"))
    grade = str(exam_grade) if exam_grade else "grade"
    found = connection.execute(
        f"""
        with school_type as (
            select g.school_id, t.school_type from register as g
            join {seeds.relation("school_types")} as t
                on folded(t.school_type_name) = folded(g.school_type_name)
        )
        select seq, min_by(sheet, row_number), min(row_number) as first_row, {grade} as of_grade, school_id
        from {_standing(name)} join school_type using (school_id)
        where {grade} > case school_type when 'primary' then 4 when 'basic' then 9 else 11 end
        group by seq, school_id, of_grade order by seq, first_row, of_grade
        """
    ).fetchall()
    for seq, sheet, row_number, of_grade, school_id in found:
        details = {"grade": str(of_grade)}
        yield seq, _warning("results_beyond_school_type", sheet, row_number, "", "", details), school_id


def _printed_minima(connection: duckdb.DuckDBPyConnection) -> Iterator[tuple[int, Remark, None]]:
    """``Минимальная граница`` of a protocol against the thresholds of its year."""
    found = connection.execute(
        f"""
        select r.seq, r.sheet, min(r.row_number) as first_row, r.printed_minimum, t.min_score
        from {_standing("ege_results")} as r
        join threshold as t
            on t.exam = 'ege' and t.reporting_year = r.reporting_year and t.subject = r.subject
        where r.printed_minimum <> t.min_score
        group by r.seq, r.sheet, r.subject, r.reporting_year, r.printed_minimum, t.min_score
        order by r.seq, r.sheet, first_row
        """
    ).fetchall()
    for seq, sheet, row_number, printed, expected in found:
        details = {"printed": str(printed), "expected": str(expected)}
        yield seq, _warning("minimum_differs", sheet, row_number, "", "", details), None


PLACES = {
    "vpr_results": """
        select reporting_year, 'vpr' as exam, grade, subject, tasks is not null as has_tasks,
            list_filter(
                list_zip(string_split(tasks, '|'), cells), place -> place[2] is not null and place[2] <> -4
            ).list_transform(place -> place[1]) as filled
        from {rows} where not is_absent and coalesce(tasks, '') not like '%=%'
    """,
    "oge_results": """
        select reporting_year, 'oge' as exam, 9 as grade, subject,
            coalesce(short_answers, long_answers) is not null as has_tasks,
            range(1, 1 + coalesce(length(short_answers), 0)).list_transform(n -> n::varchar)
                || range(1, 1 + coalesce(len(regexp_extract_all(long_answers, '[(]')), 0))
                    .list_transform(n -> 'Р' || n) as filled
        from {rows} where is_counted
    """,
}
PLACES["ege_results"] = PLACES["oge_results"].replace("'oge' as exam, 9", "'ege' as exam, 11")
"""Dataset -> the places of each pupil that hold anything, where the work counts its tasks (contracts 2.2)."""


def _plans_without_places(
    connection: duckdb.DuckDBPyConnection, results: Collection[str]
) -> Iterator[tuple[int, Remark, None]]:
    """Plans that have not as many tasks as their work has places: the places keep their numbers."""
    pupils = [PLACES[name].format(rows=_standing(name)) for name in sorted(results) if name in PLACES]
    if not pupils:
        return
    view_in_force(connection, get("work_plan"))
    least = next(r["value"] for r in seeds.rows("parameters") if r["parameter"] == "task_place_pct")
    found = connection.execute(
        f"""
        with plan as (
            select reporting_year, exam, grade, subject, arg_max(tasks, order_seq) as tasks,
                arg_max(seq, order_seq) as seq
            from inforce_work_plan group by all
        ),
        pupil as (
            select * from ({" union all ".join(pupils)})
            semi join plan using (reporting_year, exam, grade, subject)
        ),
        work as (
            select reporting_year, exam, grade, subject, count(*) as pupils from pupil
            group by all having bool_or(has_tasks)
        ),
        filled_place as (select reporting_year, exam, grade, subject, unnest(filled) as place from pupil),
        place as (select *, count(*) as filled from filled_place group by all),
        measured as (
            select work.reporting_year, work.exam, work.grade, work.subject,
                count(place) filter (100 * filled >= {least} * pupils) as places
            from work left join place using (reporting_year, exam, grade, subject) group by all
        )
        select plan.seq, len(string_split(plan.tasks, '|')) as planned, places
        from plan join measured using (reporting_year, exam, grade, subject)
        where planned <> places
        order by plan.seq, plan.reporting_year, plan.exam, plan.grade, plan.subject
        """
    ).fetchall()
    for seq, planned, places in found:
        details = {"planned": str(planned), "places": str(places)}
        yield seq, _warning("plan_without_places", "", None, "", "", details), None


def _warning(
    rule: str, sheet: str, row_number: int | None, column: str, value: str, details: dict[str, str]
) -> Remark:
    return Remark(rule, "warning", sheet or "", row_number, column, value, details)
