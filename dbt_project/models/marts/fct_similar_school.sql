-- Clause 6: for each school that was supported the year before, a similar one that was not: same municipality and type,
-- nearest to it in the outcome of the year before, then in ИОР. Starting level with level, both are expected to move
-- towards the mean alike, so what the support gave is not confused with it.
with task_points as (
    select
        facts.school_id,
        facts.reporting_year,
        100.0 * sum(facts.points) / nullif(sum(facts.max_points), 0) as task_1_pct
    from {{ ref('fct_indicator_value') }} as facts
    inner join {{ ref('dim_indicator') }} as indicators using (methodology_version, indicator_code, component)
    where facts.status = 'scored' and indicators.task = 1
    group by all
),

measured as (
    select
        statuses.school_id,
        statuses.municipality_id,
        statuses.reporting_year,
        statuses.is_supported,
        statuses.results_index as index_of_year,
        schools.school_type,
        statuses.results_index,
        statuses.score_pct,
        task_points.task_1_pct,
        case when statuses.is_low_results is not null then statuses.low_procedures end::double as low_procedures
    from {{ ref('fct_school_status') }} as statuses
    inner join {{ ref('dim_school') }} as schools using (school_id)
    left join task_points using (school_id, reporting_year)
),

-- A column for each outcome; the seed says which are compared, and what they are called.
unpivoted as (
    from measured unpivot (
        outcome_value for outcome in (task_1_pct, score_pct, results_index, low_procedures)
    )
),

outcomes as (
    select unpivoted.*
    from unpivoted
    inner join {{ ref('effectiveness_outcomes') }} using (outcome)
),

changes as (
    select
        this_year.school_id,
        this_year.municipality_id,
        this_year.reporting_year,
        this_year.outcome,
        this_year.school_type,
        year_before.is_supported as was_supported,
        year_before.index_of_year as index_before,
        year_before.outcome_value as value_before,
        this_year.outcome_value as value_now
    from outcomes as this_year
    inner join outcomes as year_before
        on
            this_year.school_id = year_before.school_id
            and this_year.outcome = year_before.outcome
            and this_year.reporting_year = year_before.reporting_year + 1
),

nearest as (
    select
        supported.school_id,
        supported.reporting_year,
        supported.outcome,
        arg_min(
            others.school_id,
            (
                abs(others.value_before - supported.value_before),
                coalesce(abs(others.index_before - supported.index_before), 1000000),
                others.school_id
            )
        ) as similar_school_id
    from changes as supported
    inner join changes as others
        using (municipality_id, reporting_year, outcome, school_type)
    where supported.was_supported and not others.was_supported
    group by all
)

select
    changes.school_id,
    changes.municipality_id,
    changes.reporting_year,
    changes.outcome,
    changes.value_before,
    changes.value_now,
    nearest.similar_school_id,
    similar_changes.value_before as similar_before,
    similar_changes.value_now as similar_now
from changes
left join nearest using (school_id, reporting_year, outcome)
left join changes as similar_changes
    on
        nearest.similar_school_id = similar_changes.school_id
        and nearest.reporting_year = similar_changes.reporting_year
        and nearest.outcome = similar_changes.outcome
where changes.was_supported
