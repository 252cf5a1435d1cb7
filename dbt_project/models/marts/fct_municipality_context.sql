-- The median that parts poor contexts from others ("Groups"): a border of the methodology, drawn over however many
-- schools there are. Of ИСБШ only, so it says nothing of results.
select
    municipality_id,
    reporting_year,
    count(social_index)::integer as schools,
    max(district_median)::double as median_social_index
from {{ ref('int_primitive__social_index') }}
where district_median is not null and municipality_id is not null
group by all
