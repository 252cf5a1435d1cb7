-- What the results behind a cell say, and how many say it: nothing tells whose they are. Two releases are compared by
-- these, so that the open edition knows how many results were added, removed or changed.
with pupils as (
    select
        results.school_id,
        results.reporting_year,
        results.exam || '_' || results.subject || '_' || exams.grade_by_exam as procedure_id,
        'pupils' as source,
        false as is_absent,
        results.score,
        results.mark,
        results.is_failed,
        results.test_score
    from {{ ref('int_results__gia') }} as results
    inner join {{ ref('exams') }} as exams using (exam)
    union all
    select
        school_id,
        reporting_year,
        'vpr_' || subject || '_' || grade as procedure_id,
        'pupils' as source,
        score is null as is_absent,
        score,
        pupil_mark as mark,
        pupil_mark = 2 as is_failed,
        null as test_score
    from {{ ref('int_results__vpr') }}
),

contents as (
    select
        *,
        count(*) as results
    from pupils
    group by all
),

-- Of a table of percentages as many pupils as they stand for.
shares as (
    {%- for mark in [2, 3, 4, 5] %}
    select
        school_id,
        reporting_year,
        'vpr_' || subject || '_' || grade as procedure_id,
        'statistics' as source,
        {{ mark }} as mark,
        {{ mark }} = 2 as is_failed,
        round(participants * share_{{ mark }}_pct / 100)::bigint as results
    from {{ ref('stg_vpr_marks') }}
    union all
    {%- endfor %}
    select
        tables.school_id,
        tables.reporting_year,
        tables.exam || '_' || tables.subject || '_' || tables.grade as procedure_id,
        'table' as source,
        null as mark,
        sides.is_failed,
        round(
            cells.participants
            * case when sides.is_failed then tables.failed_pct else 100 - tables.failed_pct end / 100
        )::bigint as results
    from {{ ref('stg_procedure_results') }} as tables
    cross join (select unnest([true, false]) as is_failed) as sides
    inner join {{ ref('int_results__cells') }} as cells
        on
            tables.school_id = cells.school_id
            and tables.reporting_year = cells.reporting_year
            and tables.exam || '_' || tables.subject || '_' || tables.grade = cells.procedure_id
)

select
    school_id,
    reporting_year,
    procedure_id,
    source,
    is_absent,
    score,
    mark,
    is_failed,
    test_score,
    results
from contents
union all
select
    school_id,
    reporting_year,
    procedure_id,
    source,
    false as is_absent,
    null as score,
    mark,
    is_failed,
    null as test_score,
    results
from shares
where results > 0
