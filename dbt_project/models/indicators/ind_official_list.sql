-- Reading 9: the list of the year before judges the year; it is delivered if any row of it is.
with lists as (
    select
        reporting_year + 1 as reporting_year,
        list(distinct school_id) filter (where is_listed and school_id is not null) as listed
    from {{ ref('stg_biased_vpr') }}
    group by all
)

select
    expected.school_id,
    expected.period,
    expected.indicator_code,
    expected.component,
    {{ first_reason({
        'not_due': 'lists.reporting_year is null and not expected.is_due',
        'no_official_list': 'lists.reporting_year is null',
    }) }} as reason,
    coalesce(list_contains(lists.listed, expected.school_id), false)::integer as value,
    coalesce(list_contains(lists.listed, expected.school_id), false)::integer as band_value
from {{ ref('int_indicator__expected') }} as expected
left join lists using (reporting_year)
where expected.family = 'official_list' and expected.not_applicable_reason is null
