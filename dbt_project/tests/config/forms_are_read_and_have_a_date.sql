-- Checks that every form of schools and periods is read by an indicator, or says that nothing reads it; that a form
-- that an indicator reads has a date in the calendar of that edition; that the calendar names declared datasets with
-- their own periods, and counted_people.csv declared fields. Matters when a form is added: without these steps it would
-- come, and nothing would happen.
-- To resolve: complete indicators.csv or submission_calendar.csv, or say `unread: why` in the form's declaration.
select
    null as methodology_version,
    forms.dataset,
    'форму не читает ни один показатель' as problem
from {{ ref('datasets') }} as forms
semi join {{ ref('form_fields') }} as form_fields on forms.dataset = form_fields.dataset
anti join {{ ref('indicators') }} as indicators on forms.dataset = indicators.dataset
union all
select distinct
    indicators.methodology_version,
    indicators.dataset,
    'у формы нет срока в submission_calendar' as problem
from {{ ref('indicators') }} as indicators
semi join {{ ref('form_fields') }} as form_fields on indicators.dataset = form_fields.dataset
anti join {{ ref('submission_calendar') }} as calendar
    on indicators.methodology_version = calendar.methodology_version and indicators.dataset = calendar.dataset
union all
select
    calendar.methodology_version,
    calendar.dataset,
    case
        when declared.dataset is null then 'такой набор данных не объявлен'
        else 'период в submission_calendar не тот, что у набора данных'
    end as problem
from {{ ref('submission_calendar') }} as calendar
left join {{ ref('datasets') }} as declared on calendar.dataset = declared.dataset
where declared.dataset is null or declared.period_type <> calendar.period_type
union all
select
    null as methodology_version,
    people.dataset,
    'такого поля у формы нет: ' || people.whole as problem
from {{ ref('counted_people') }} as people
anti join {{ ref('form_fields') }} as form_fields
    on people.dataset = form_fields.dataset and people.whole = form_fields.field
