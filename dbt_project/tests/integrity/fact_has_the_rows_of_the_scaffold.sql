-- Checks that no expected value fell out and none was added. Matters always: nothing may fall out silently.
-- To resolve: a family returns a key twice, or the scaffold and the fact were built from different runs.
{% set key = 'school_id, period, indicator_code, component' %}

with scaffold as (
    select
        {{ key }},
        count(*) as copies
    from {{ ref('int_indicator__expected') }}
    group by all
),

facts as (
    select
        {{ key }},
        count(*) as copies
    from {{ ref('fct_indicator_value') }}
    group by all
)

select
    {{ key }},
    scaffold.copies as in_scaffold,
    facts.copies as in_facts
from scaffold
full join facts using ({{ key }})
where scaffold.copies is distinct from facts.copies
