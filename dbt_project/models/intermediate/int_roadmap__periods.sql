-- Periods of the roadmap items by year, and which quarter's report speaks of which of them: the period that holds the
-- quarter, else the last one before it, else the first.
with periods as (
    select
        years.reporting_year,
        roadmap.item,
        periods.period,
        {{ calendar_date('years.reporting_year', 'roadmap.due_month', 'roadmap.due_day', 'roadmap.year_offset') }}
            as due_on,
        case roadmap.period_type
            when 'year' then 1
            when 'half_year' then 2 * roadmap.period_number - 1
            else roadmap.period_number
        end as first_quarter,
        case roadmap.period_type
            when 'year' then 4
            when 'half_year' then 2 * roadmap.period_number
            else roadmap.period_number
        end as last_quarter
    from {{ ref('int_methodology__years') }} as years
    inner join {{ ref('roadmap_periods') }} as roadmap using (methodology_version)
    inner join {{ ref('int_calendar__periods') }} as periods
        on
            years.reporting_year = periods.reporting_year
            and roadmap.period_type = periods.period_type
            and roadmap.period_number is not distinct from periods.period_number
),

quarters as (
    select
        periods.*,
        quarters.quarter,
        case
            when quarters.quarter between periods.first_quarter and periods.last_quarter then 0
            when quarters.quarter > periods.last_quarter then quarters.quarter - periods.last_quarter
            else 10 + periods.first_quarter - quarters.quarter
        end as distance
    from periods
    cross join (select unnest([1, 2, 3, 4]) as quarter) as quarters
)

select
    reporting_year,
    item,
    period,
    due_on,
    quarter
from quarters
qualify distance = min(distance) over (partition by reporting_year, item, quarter)
