-- Marks of ВПР against those of the journal, over pupils who have both; a report of others stands in where nobody has.
{% set key = 'school_id, reporting_year, procedure_id' %}
{% set outcomes = ['lowered', 'confirmed', 'raised'] %}

with pupils as (
    select
        school_id,
        reporting_year,
        'vpr_' || subject || '_' || grade as procedure_id,
        count(*) as compared,
        count(*) filter (where pupil_mark < journal_mark) as lowered,
        count(*) filter (where pupil_mark = journal_mark) as confirmed,
        count(*) filter (where pupil_mark > journal_mark) as raised
    from {{ ref('int_results__vpr') }}
    where pupil_mark is not null and journal_mark is not null
    group by all
),

reports as (
    select
        school_id,
        reporting_year,
        'vpr_' || subject || '_' || grade as procedure_id,
        {%- for outcome in outcomes %}
        max(share_pct) filter (where outcome = '{{ outcome }}') as {{ outcome }}_pct{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ ref('stg_journal_comparison') }}
    group by all
    having sum(share_pct) > 0
),

comparisons as (
    select
        *,
        {%- for outcome in outcomes %}
        100.0 * {{ outcome }} / compared as {{ outcome }}_pct,
        {%- endfor %}
        'pupil' as data_level
    from pupils
    union all by name
    select
        reports.*,
        'table' as data_level
    from reports
    anti join pupils using ({{ key }})
)

select
    comparisons.school_id,
    schools.municipality_id,
    comparisons.reporting_year,
    comparisons.procedure_id,
    comparisons.compared,
    {%- for outcome in outcomes %}
    comparisons.{{ outcome }},
    {%- endfor %}
    {%- for outcome in outcomes %}
    comparisons.{{ outcome }}_pct::double as {{ outcome }}_pct,
    {%- endfor %}
    comparisons.data_level
from comparisons
inner join {{ ref('int_school__years') }} as schools using (school_id, reporting_year)
semi join {{ ref('int_methodology__years') }} using (reporting_year)
