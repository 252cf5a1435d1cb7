select
    facts.school_id,
    facts.municipality_id,
    facts.reporting_year,
    indicators.task,
    sum(facts.points) filter (where facts.status = 'scored')::integer as points,
    sum(facts.max_points) filter (where facts.status = 'scored')::integer as max_points,
    100.0 * sum(facts.points) filter (where facts.status = 'scored')
    / sum(facts.max_points) filter (where facts.status = 'scored') as share_pct,
    count(*) filter (where facts.status = 'no_data')::integer as no_data,
    count(*) filter (where facts.status = 'suppressed')::integer as hidden_values,
    count(*) filter (where list_contains(facts.flags, 'being_updated'))::integer as updated_values,
    facts.methodology_version
from {{ ref('fct_indicator_value') }} as facts
inner join {{ ref('dim_indicator') }} as indicators using (methodology_version, indicator_code, component)
where indicators.max_points is not null
group by all
