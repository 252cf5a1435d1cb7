-- Who has low results, who is in the risk zone and who is supported (readings 12, 13). Reads primitives only: task 2
-- depends on this, so a family read here would close a circle.
{% set min_participants = var('min_participants') %}
{% set chosen = var('identifying_procedures') %}
{% set chosen_procedures = chosen.split(',') if chosen is string else chosen %}

with identifying as (
    select
        years.reporting_year,
        years.low_procedures,
        procedures.procedure_id
    from {{ ref('int_methodology__years') }} as years
    {%- if chosen_procedures %}
    cross join (
        select unnest({{ chosen_procedures }}) as procedure_id
    ) as procedures
    {%- else %}
    inner join {{ ref('identifying_procedures') }} as procedures using (methodology_version)
    {%- endif %}
),

-- A procedure with a verdict could identify; without one nothing was measured that could.
verdicts as (
    select
        procedures.school_id,
        procedures.reporting_year,
        count(*)::integer as identifying_procedures,
        coalesce(
            list(procedures.procedure_id order by procedures.procedure_id) filter (
                where procedures.is_low_result
                {%- if min_participants %} and procedures.participants >= {{ min_participants }}{% endif %}
            ),
            []
        )::varchar[] as low_procedure_ids
    from {{ ref('int_primitive__procedures') }} as procedures
    semi join identifying using (reporting_year, procedure_id)
    where procedures.is_low_result is not null
    group by all
),

lasting_falls as (
    select distinct
        school_id,
        reporting_year
    from {{ ref('int_school__lasting_falls') }}
),

low_procedures_needed as (
    select distinct
        reporting_year,
        low_procedures
    from {{ ref('int_methodology__years') }}
),

judged as (
    select
        schools.school_id,
        schools.municipality_id,
        schools.school_type,
        schools.reporting_year,
        coalesce(verdicts.identifying_procedures, 0) as identifying_procedures,
        coalesce(verdicts.low_procedure_ids, [])::varchar[] as low_procedure_ids,
        verdicts.identifying_procedures >= low_procedures_needed.low_procedures as can_be_low,
        case
            when verdicts.identifying_procedures > 0
                then len(verdicts.low_procedure_ids) >= low_procedures_needed.low_procedures
        end as is_low_results,
        case
            when verdicts.identifying_procedures > 0
                then
                    coalesce(indices.index_sign < 0, false)
                    and lasting_falls.school_id is not null
                    and not is_low_results
        end as is_risk_zone,
        lists.official_low_results,
        lists.official_risk_zone,
        lists.official_difficult_social,
        lists.in_project_500,
        lists.official_biased_vpr
    from {{ ref('int_school__years') }} as schools
    inner join low_procedures_needed using (reporting_year)
    left join verdicts using (school_id, reporting_year)
    left join lasting_falls using (school_id, reporting_year)
    left join {{ ref('int_primitive__results_index') }} as indices using (school_id, reporting_year)
    left join {{ ref('int_primitive__official_lists') }} as lists using (school_id, reporting_year)
)

select
    *,
    case
        when official_low_results is null and official_risk_zone is null
            then is_low_results or is_risk_zone
        else coalesce(official_low_results, false) or coalesce(official_risk_zone, false)
    end as is_supported
from judged
