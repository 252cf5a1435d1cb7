-- Which sources an indicator reads in a period: its own and, for differences, those of the year or half-year before.
with periods as (
    select
        settings.reporting_year,
        settings.methodology_version,
        settings.indicator_code,
        settings.component,
        settings.family,
        settings.exam,
        settings.subject,
        settings.grade,
        settings.dataset,
        settings.procedure_id,
        periods.period,
        periods.period_type,
        periods.period_number,
        families.reads_year_before
    from {{ ref('int_indicator__settings') }} as settings
    inner join {{ ref('families') }} as families on settings.family = families.family
    inner join {{ ref('int_calendar__periods') }} as periods
        on
            settings.reporting_year = periods.reporting_year
            and settings.period_type = periods.period_type
            and (
                periods.period_number is null
                or list_contains(string_split(settings.period_numbers, '|'), periods.period_number::varchar)
            )
),

keys as (
    select
        *,
        unnest(
            case
                when family in ('high_results', 'below_minimum')
                    then (
                        select list(procedures.procedure_id)
                        from {{ ref('int_results__procedures') }} as procedures
                        where procedures.exam = periods.exam
                    )
                when family = 'inequality'
                    then list_transform(
                        string_split(subject, '|'), lambda name: exam || '_' || name || '_' || grade
                    )
                when family in ('results_index', 'results_index_dynamics')
                    then list_append(
                        (
                            select list(index_procedures.procedure_id)
                            from {{ ref('index_procedures') }} as index_procedures
                            where index_procedures.methodology_version = periods.methodology_version
                        ),
                        dataset
                    )
                when family = 'social_coefficient'
                    then list_append(
                        (
                            select list(distinct coefficient.procedure_id)
                            from {{ ref('social_coefficient') }} as coefficient
                            where coefficient.methodology_version = periods.methodology_version
                        ),
                        dataset
                    )
                else [coalesce(procedure_id, dataset)]
            end
        ) as source_key
    from periods
)

select
    period,
    indicator_code,
    component,
    source_key,
    family in ('results_index', 'results_index_dynamics') and source_key = dataset as is_delivered_index,
    family in ('results_index', 'results_index_dynamics') and source_key <> dataset as is_index_procedure,
    unnest(
        case
            when family = 'official_list' then [(reporting_year - 1)::varchar]
            when family = 'pupil_share_fall' and period_number = 1
                then [reporting_year::varchar || '-Q2', (reporting_year - 1)::varchar || '-Q4']
            when family = 'pupil_share_fall' then [reporting_year::varchar || '-Q4', reporting_year::varchar || '-Q2']
            when family = 'network_counts' and period_type = 'year'
                then list_transform([1, 2, 3, 4], lambda quarter: reporting_year::varchar || '-Q' || quarter)
            when reads_year_before then [reporting_year::varchar, (reporting_year - 1)::varchar]
            else [period]
        end
    ) as source_period
from keys
