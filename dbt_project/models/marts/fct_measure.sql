-- Clause 6: measures taken and decisions made, as the schools reported them. The year of a form is an academic year, so
-- the results of the next year are the first ones after it.
with compared as (
    select
        this_year.school_id,
        this_year.reporting_year,
        this_year.indicator_code,
        next_year.points - this_year.points as change
    from {{ ref('fct_indicator_value') }} as this_year
    inner join {{ ref('fct_indicator_value') }} as next_year
        on
            this_year.school_id = next_year.school_id
            and this_year.reporting_year = next_year.reporting_year - 1
            and this_year.indicator_code = next_year.indicator_code
            and this_year.component = next_year.component
    where this_year.status = 'scored' and next_year.status = 'scored'
)

select
    forms.school_id,
    schools.municipality_id,
    forms.reporting_year,
    string_split(forms.indicator_codes, ', ') as indicator_codes,
    forms.measure,
    forms.decision,
    forms.starts_on,
    forms.ends_on,
    forms.status,
    sum(compared.change)::integer as points_change,
    count(compared.change)::integer as compared_indicators
from {{ ref('stg_form_measures') }} as forms
inner join {{ ref('int_school__years') }} as schools using (school_id, reporting_year)
left join compared
    on
        forms.school_id = compared.school_id
        and forms.reporting_year = compared.reporting_year
        and list_contains(string_split(forms.indicator_codes, ', '), compared.indicator_code)
group by all
