-- Clause 6: measures taken and decisions made, as the schools reported them. The year of a form is an academic year.
select
    forms.school_id,
    schools.municipality_id,
    forms.reporting_year,
    string_split(forms.indicator_codes, ', ') as indicator_codes,
    forms.measure,
    forms.decision,
    forms.starts_on,
    forms.ends_on,
    forms.status
from {{ ref('stg_form_measures') }} as forms
inner join {{ ref('int_school__years') }} as schools using (school_id, reporting_year)
