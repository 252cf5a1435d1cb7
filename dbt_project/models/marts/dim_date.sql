-- From 1 January of the first reporting year, when its assessments may begin, to the last day of the last period.
with span as (
    select
        make_date(min(reporting_year), 1, 1) as first_day,
        max(ends_on) as last_day
    from {{ ref('dim_period') }}
),

days as (
    select unnest(generate_series(first_day, last_day, interval 1 day))::date as date_day
    from span
)

select
    days.date_day,
    year(days.date_day)::integer as calendar_year,
    years.academic_year,
    quarters.period as quarter_period
from days
left join {{ ref('dim_period') }} as years
    on years.period_type = 'year' and days.date_day between years.starts_on and years.ends_on
left join {{ ref('dim_period') }} as quarters
    on quarters.period_type = 'quarter' and days.date_day between quarters.starts_on and quarters.ends_on
