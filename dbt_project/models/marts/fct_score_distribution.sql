-- Pupils by primary score; a report of others stands in where no pupil of a school has one.
{% set key = 'school_id, reporting_year, procedure_id' %}

with scores as (
    select
        results.school_id,
        results.reporting_year,
        results.exam || '_' || results.subject || '_' || exams.grade_by_exam as procedure_id,
        results.primary_score as score
    from {{ ref('int_results__gia') }} as results
    inner join {{ ref('exams') }} as exams using (exam)
    union all
    select
        school_id,
        reporting_year,
        'vpr_' || subject || '_' || grade as procedure_id,
        score
    from {{ ref('int_results__vpr') }}
),

counted as (
    select
        {{ key }},
        score,
        count(*) as pupils
    from scores
    where score is not null
    group by all
),

shared as (
    select
        *,
        100.0 * pupils / sum(pupils) over (partition by {{ key }}) as share_pct
    from counted
),

reports as (
    select
        school_id,
        reporting_year,
        'vpr_' || subject || '_' || grade as procedure_id,
        score,
        share_pct
    from {{ ref('stg_score_distribution') }}
    where share_pct > 0 and coalesce(participants, 1) > 0
),

distributions as (
    select
        *,
        'pupil' as data_level
    from shared
    union all by name
    select
        reports.*,
        'table' as data_level
    from reports
    anti join shared using ({{ key }})
)

select
    distributions.school_id,
    schools.municipality_id,
    distributions.reporting_year,
    distributions.procedure_id,
    distributions.score,
    distributions.pupils,
    distributions.share_pct::double as share_pct,
    distributions.data_level
from distributions
inner join {{ ref('int_school__years') }} as schools using (school_id, reporting_year)
semi join {{ ref('int_methodology__years') }} using (reporting_year)
