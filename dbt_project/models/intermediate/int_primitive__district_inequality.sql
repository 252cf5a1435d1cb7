-- Reading 7 for the district: of the pooled results of the subjects, mean of the lowest tenth to mean of the highest.
-- Scores are counted first, so that the tails are cut from a few hundred rows.
with subjects as (
    select
        reporting_year,
        indicator_code,
        exam,
        unnest(string_split(subject, '|')) as subject
    from {{ ref('int_indicator__settings') }}
    where family = 'inequality'
),

scores as (
    select
        schools.municipality_id,
        results.reporting_year,
        subjects.indicator_code,
        results.score,
        count(*) as results
    from {{ ref('int_results__gia') }} as results
    inner join subjects using (reporting_year, exam, subject)
    inner join {{ ref('int_school__years') }} as schools using (school_id, reporting_year)
    where results.score is not null
    group by all
),

cumulated as (
    select
        scores.*,
        sum(results) over district as all_results,
        sum(results) over (district order by score asc) - results as results_below,
        sum(results) over (district order by score desc) - results as results_above,
        ceil(sum(results) over district * years.tail_pct / 100)::bigint as tail
    from scores
    inner join {{ ref('int_methodology__years') }} as years using (reporting_year)
    window district as (partition by municipality_id, reporting_year, indicator_code)
),

tails as (
    select
        municipality_id,
        reporting_year,
        indicator_code,
        sum(score * greatest(0, least(results, tail - results_below))) as lowest_sum,
        sum(score * greatest(0, least(results, tail - results_above))) as highest_sum
    from cumulated
    group by all
),

enough as (
    select distinct
        municipality_id,
        reporting_year,
        indicator_code
    from {{ ref('int_primitive__inequality') }}
    where has_enough_schools
)

select
    tails.municipality_id,
    tails.reporting_year,
    tails.indicator_code,
    tails.lowest_sum::double / nullif(tails.highest_sum, 0)::double as lowest_to_highest
from tails
semi join enough using (municipality_id, reporting_year, indicator_code)
