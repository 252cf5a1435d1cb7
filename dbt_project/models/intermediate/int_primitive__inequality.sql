-- Reading 7: place of a school in its district's lists by mean score, in each subject that the seed names. Equal means
-- at the edge of a list are all in it.
with subjects as (
    select
        settings.reporting_year,
        settings.indicator_code,
        settings.exam || '_' || unnest(string_split(settings.subject, '|')) || '_' || settings.grade as procedure_id,
        len(string_split(settings.subject, '|')) as subject_count
    from {{ ref('int_indicator__settings') }} as settings
    where settings.family = 'inequality'
),

ranked as (
    select
        procedures.school_id,
        procedures.municipality_id,
        procedures.reporting_year,
        subjects.indicator_code,
        subjects.subject_count,
        procedures.is_conflicting,
        procedures.participants,
        years.tail_min_schools,
        count(*) over district as schools,
        ceil(count(*) over district * years.tail_pct / 100)::integer as list_length,
        rank() over (
            partition by procedures.municipality_id, procedures.reporting_year, procedures.procedure_id
            order by procedures.mean_score desc
        ) as place_from_top,
        rank() over (
            partition by procedures.municipality_id, procedures.reporting_year, procedures.procedure_id
            order by procedures.mean_score asc
        ) as place_from_bottom
    from {{ ref('int_primitive__procedures') }} as procedures
    inner join {{ ref('int_methodology__years') }} as years using (reporting_year)
    inner join subjects using (reporting_year, procedure_id)
    where procedures.mean_score is not null
    window district as (
        partition by procedures.municipality_id, procedures.reporting_year, procedures.procedure_id
    )
),

-- The smallest of the district's counts decides for both subjects, also for a subject that no school has.
districts as (
    select
        municipality_id,
        reporting_year,
        indicator_code,
        count(distinct schools_of_subject.procedure_id) as subjects_held,
        min(schools_of_subject.schools) as fewest_schools
    from (
        select
            procedures.municipality_id,
            procedures.reporting_year,
            subjects.indicator_code,
            procedures.procedure_id,
            count(*) as schools
        from {{ ref('int_primitive__procedures') }} as procedures
        inner join subjects using (reporting_year, procedure_id)
        where procedures.mean_score is not null
        group by all
    ) as schools_of_subject
    group by all
)

select
    ranked.school_id,
    ranked.municipality_id,
    ranked.reporting_year,
    ranked.indicator_code,
    count(*) = max(ranked.subject_count) as has_all_subjects,
    min(districts.fewest_schools) >= max(ranked.tail_min_schools)
    and min(districts.subjects_held) = max(ranked.subject_count) as has_enough_schools,
    case
        when bool_and(ranked.place_from_top <= ranked.list_length) then 2
        when bool_or(ranked.place_from_bottom <= ranked.list_length) then 0
        else 1
    end as place,
    min(ranked.participants) as participants,
    bool_or(ranked.is_conflicting) as is_conflicting
from ranked
inner join districts using (municipality_id, reporting_year, indicator_code)
group by all
