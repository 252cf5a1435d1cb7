-- Readings 11 and "Groups": ИСБШ of a school, whether it is among the lowest of its district, and below its median.
-- ИСБШ of 0 says nothing.
with indices as (
    select
        schools.school_id,
        schools.municipality_id,
        schools.reporting_year,
        schools.school_type,
        social.social_index as delivered_social_index,
        nullif(social.social_index, 0) as social_index,
        years.difficult_social_parts
    from {{ ref('int_school__years') }} as schools
    inner join {{ ref('int_methodology__years') }} as years using (reporting_year)
    inner join {{ ref('stg_social_index') }} as social using (school_id, reporting_year)
),

districts as (
    select
        municipality_id,
        reporting_year,
        ceil(count(social_index) / max(difficult_social_parts))::integer as lowest_count,
        list(social_index order by social_index) filter (where social_index is not null) as ordered,
        median(social_index) as district_median
    from indices
    group by all
)

select
    indices.school_id,
    indices.municipality_id,
    indices.reporting_year,
    indices.delivered_social_index,
    indices.social_index,
    indices.social_index <= districts.ordered[districts.lowest_count] as is_difficult_social,
    case when indices.school_type in ('secondary', 'basic') then indices.social_index < districts.district_median end
        as is_poor,
    districts.district_median
from indices
inner join districts using (municipality_id, reporting_year)
