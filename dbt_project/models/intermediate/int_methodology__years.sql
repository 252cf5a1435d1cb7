{% set parameters = [
    'low_result_pct', 'low_procedures', 'high_score', 'tail_pct', 'tail_min_schools', 'zero_twos_pct',
    'olympiad_share_pct', 'difficult_social_parts', 'index_min_schools', 'small_n', 'zero_difference', 'conflict_pp',
    'scale_overflow_pct', 'pooled_years', 'task_place_pct', 'task_value_pct', 'task_overflow_pct', 'deficit_pupils',
    'deficit_pct', 'deficit_hard_pct', 'deficit_gap_pp', 'wilson_z'
] %}
{% set exact = ['zero_difference', 'wilson_z'] %}

with result_years as (
    {%- for dataset in ['ege_results', 'oge_results', 'vpr_results', 'vpr_marks', 'procedure_results'] %}
    select min(landed.reporting_year) as reporting_year from ({{ landed(dataset) }}) as landed
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

-- Before any result the year asked for has its forms and lists.
years as (
    select
        unnest(
            generate_series(
                coalesce(min(reporting_year), {{ var('reporting_year') }}), {{ var('reporting_year') }}
            )
        )::integer as reporting_year
    from result_years
),

versions_in_force as (
    select
        years.reporting_year,
        arg_max(versions.methodology_version, versions.first_reporting_year) as methodology_version
    from years
    inner join {{ ref('methodology_versions') }} as versions
        {%- if var('methodology_version') %}
        on versions.methodology_version = '{{ var("methodology_version") }}'
        {%- else %}
        on years.reporting_year between versions.first_reporting_year and coalesce(versions.last_reporting_year, 9999)
        {%- endif %}
    group by years.reporting_year
),

parameters as (
    select
        methodology_version,
        {%- for parameter in parameters %}
        max(value) filter (where parameter = '{{ parameter }}')
        {{- '' if parameter in exact else '::decimal(9, 2)' }} as {{ parameter }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ ref('parameters') }}
    group by methodology_version
)

select
    versions_in_force.reporting_year,
    parameters.*
from versions_in_force
inner join parameters using (methodology_version)
