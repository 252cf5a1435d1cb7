-- Reading 10: z of a school in each procedure of the index. ВПР goes by mean mark where any school of the district has
-- no primary scores; schools without a participant count are left out.
with cells as (
    select
        procedures.school_id,
        procedures.municipality_id,
        procedures.reporting_year,
        procedures.procedure_id,
        procedures.participants,
        procedures.marked_participants,
        procedures.score_sum,
        procedures.score_count,
        procedures.mean_score,
        procedures.mean_mark,
        case
            when procedures.has_mark_counts then procedures.mark_sum::double
            else procedures.mean_mark * procedures.marked_participants
        end as weighted_marks,
        split_part(procedures.procedure_id, '_', 1) = 'vpr'
        and bool_or(coalesce(procedures.score_count, 0) = 0 and coalesce(procedures.participants, 1) > 0) over (
            partition by procedures.municipality_id, procedures.reporting_year, procedures.procedure_id
        ) as is_by_mark,
        years.index_min_schools,
        years.zero_difference
    from {{ ref('int_primitive__procedures') }} as procedures
    inner join {{ ref('int_methodology__years') }} as years using (reporting_year)
    semi join {{ ref('index_procedures') }} using (methodology_version, procedure_id)
),

school_means as (
    select
        *,
        case when is_by_mark then mean_mark else mean_score end as school_mean,
        case when is_by_mark then weighted_marks else score_sum::double end as school_sum,
        case when is_by_mark then marked_participants else score_count end as school_count
    from cells
    where participants > 0 or marked_participants > 0
),

districts as (
    select
        municipality_id,
        reporting_year,
        procedure_id,
        {{ in_order('sum', 'school_sum') }} / sum(school_count) as district_mean,
        {{ in_order('stddev_pop', 'school_mean') }} as spread,
        count(*) >= max(index_min_schools)
        and max(school_mean) - min(school_mean) >= max(zero_difference) as has_spread
    from school_means
    where school_mean is not null
    group by all
)

select
    schools.school_id,
    schools.municipality_id,
    schools.reporting_year,
    schools.procedure_id,
    schools.is_by_mark,
    schools.school_mean,
    districts.district_mean,
    case when districts.has_spread then (schools.school_mean - districts.district_mean) / districts.spread end as z
from school_means as schools
inner join districts using (municipality_id, reporting_year, procedure_id)
where schools.school_mean is not null
