-- Checks that no expected value fell out and none was added. Matters always: nothing may fall out silently.
-- To resolve: a family returns a key twice, or the scaffold and the fact were built from different runs.
{% set key = 'school_id, period, indicator_code, component' %}

select
    coalesce(scaffold.school_id, fact.school_id) as school_id,
    coalesce(scaffold.period, fact.period) as period,
    coalesce(scaffold.indicator_code, fact.indicator_code) as indicator_code,
    scaffold.copies as in_scaffold,
    fact.copies as in_fact
from (select {{ key }}, count(*) as copies from {{ ref('int_indicator__expected') }} group by all) as scaffold
full join (select {{ key }}, count(*) as copies from {{ ref('fct_indicator_value') }} group by all) as fact
    using ({{ key }})
where scaffold.copies is distinct from fact.copies
