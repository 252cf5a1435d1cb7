-- Targeted recommendations (clause 5): what a supported school lost points on, the measure against it, and a peer to
-- learn from: a school of the same type and municipality that has full points there and no sign of needing help itself,
-- before others one that is strong in most of the tasks that the measure names.
with judged as (
    select
        facts.school_id,
        facts.municipality_id,
        facts.reporting_year,
        facts.indicator_code,
        facts.methodology_version,
        schools.school_type,
        facts.max_points - facts.points as points_lost,
        statuses.is_supported,
        nullif(statuses.social_index, 0)::decimal(9, 6) as social_index,
        -- Full points of a few pupils may be chance; a status of which nothing is known is no sign.
        not list_contains(facts.flags, 'small_n')
        and not coalesce(
            statuses.is_supported
            or statuses.is_low_results
            or statuses.is_risk_zone
            or statuses.official_low_results
            or statuses.official_risk_zone
            or statuses.official_biased_vpr,
            false
        ) as is_model
    from {{ ref('fct_indicator_value') }} as facts
    inner join {{ ref('dim_school') }} as schools using (school_id)
    inner join {{ ref('fct_school_status') }} as statuses using (school_id, reporting_year)
    where facts.status = 'scored'
),

named as (
    select
        school_id,
        reporting_year,
        indicator_code,
        list(procedure_id || ':' || task order by place) as tasks
    from {{ ref('int_recommendation__tasks') }}
    group by all
),

strong_in as (
    select
        named_tasks.school_id,
        named_tasks.reporting_year,
        named_tasks.indicator_code,
        results.school_id as peer_school_id,
        count(*) as strong_tasks
    from {{ ref('int_recommendation__tasks') }} as named_tasks
    inner join {{ ref('fct_task_result') }} as results
        on
            named_tasks.municipality_id = results.municipality_id
            and named_tasks.reporting_year = results.reporting_year
            and named_tasks.procedure_id = results.procedure_id
            and named_tasks.task = results.task
            and named_tasks.strong_gap_pp <= results.gap_pp
    group by all
),

peers as (
    select
        needy.school_id,
        needy.reporting_year,
        needy.indicator_code,
        arg_min(
            peers.school_id,
            (
                coalesce(2 * strong_in.strong_tasks <= len(named.tasks), true),
                needy.social_index is null or peers.social_index is null,
                abs(needy.social_index - peers.social_index),
                peers.school_id
            )
        ) as peer_school_id
    from judged as needy
    inner join judged as peers
        on
            needy.municipality_id = peers.municipality_id
            and needy.school_type = peers.school_type
            and needy.reporting_year = peers.reporting_year
            and needy.indicator_code = peers.indicator_code
            and peers.is_model
            and peers.points_lost = 0
    left join named
        on
            needy.school_id = named.school_id
            and needy.reporting_year = named.reporting_year
            and needy.indicator_code = named.indicator_code
    left join strong_in
        on
            needy.school_id = strong_in.school_id
            and needy.reporting_year = strong_in.reporting_year
            and needy.indicator_code = strong_in.indicator_code
            and peers.school_id = strong_in.peer_school_id
    where needy.is_supported and needy.points_lost > 0
    group by all
)

select
    judged.school_id,
    judged.reporting_year,
    row_number() over (
        partition by judged.school_id, judged.reporting_year
        order by judged.points_lost desc, indicators.sort_order asc
    )::integer as rank,
    judged.indicator_code,
    judged.points_lost::integer as points_lost,
    measures.measure_code,
    measures.measure_text,
    measures.owner,
    measures.roadmap_item,
    peers.peer_school_id,
    coalesce(named.tasks, []) as tasks
from judged
inner join {{ ref('indicators') }} as indicators using (methodology_version, indicator_code)
left join {{ ref('measures') }} as measures using (methodology_version, indicator_code)
left join peers using (school_id, reporting_year, indicator_code)
left join named using (school_id, reporting_year, indicator_code)
where judged.is_supported and judged.points_lost > 0
