-- Clause 6: successful practices, as the schools reported them. The year of a form is an academic year.
select
    forms.school_id,
    schools.municipality_id,
    forms.reporting_year,
    string_split(forms.indicator_codes, ', ') as indicator_codes,
    forms.practice,
    forms.link
from {{ ref('stg_form_practices') }} as forms
inner join {{ ref('int_school__years') }} as schools using (school_id, reporting_year)
