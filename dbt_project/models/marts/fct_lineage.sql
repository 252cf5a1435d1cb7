-- Rows behind each value that exists: those of the delivered index or those of which it was computed, not both.
select
    facts.school_id,
    facts.period,
    facts.indicator_code,
    facts.component,
    sources.file_id,
    sources.sheet,
    min(sources.row_from)::integer as row_from,
    max(sources.row_to)::integer as row_to,
    sum(sources.source_rows)::bigint as rows
from {{ ref('fct_indicator_value') }} as facts
inner join {{ ref('int_lineage__inputs') }} as inputs using (period, indicator_code, component)
inner join {{ ref('int_lineage__sources') }} as sources using (school_id, source_key, source_period)
where
    facts.status in ('scored', 'no_points')
    and not (inputs.is_delivered_index and list_contains(facts.flags, 'computed_index'))
    and not (inputs.is_index_procedure and not list_contains(facts.flags, 'computed_index'))
group by all
