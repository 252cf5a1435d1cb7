-- Checks that what an indicator names exists and fits: its dataset, the fields of its form, exam and subjects, and that
-- the form has the indicator's period. Otherwise it would have no value for ever, and nobody would know why.
-- To resolve: correct the row of indicators.csv, or declare the dataset or field in plugins/school_quality/datasets/
-- and run `python -m school_quality.datasets`.
with named as (
    select
        indicators.methodology_version,
        indicators.indicator_code,
        indicators.component,
        indicators.period_type,
        indicators.exam,
        indicators.subject,
        indicators.dataset,
        indicators.numerator,
        indicators.denominator,
        families.reads_form,
        families.form_period,
        declared.dataset is not null as is_declared,
        declared.unread,
        declared.period_type as form_period_type
    from {{ ref('indicators') }} as indicators
    left join {{ ref('families') }} as families on indicators.family = families.family
    left join {{ ref('datasets') }} as declared on indicators.dataset = declared.dataset
),

problems as (
    select
        *,
        dataset as named_value,
        case
            when not is_declared then 'такой набор данных не объявлен'
            when unread is not null then 'набор данных объявлен как непрочитанный (unread)'
        end as problem
    from named
    where dataset is not null
    union all
    select
        *,
        dataset as named_value,
        case
            when reads_form is null and numerator is not null then 'это семейство не читает поля форм'
            when dataset is null or numerator is null then 'семейство читает форму: нужны dataset и numerator'
            when reads_form = 'share' and denominator is null then 'семейство считает долю: нужен denominator'
            when form_period_type <> case form_period when 'same' then period_type else form_period end
                then 'период показателя не тот, что у формы'
        end as problem
    from named
    where reads_form is not null or numerator is not null
    union all
    select
        wanted.* exclude (field),
        wanted.field as named_value,
        'такого поля у формы нет' as problem
    from (
        select
            *,
            unnest(string_split(concat_ws('|', numerator, denominator), '|')) as field
        from named
        where is_declared and reads_form is not null
    ) as wanted
    anti join {{ ref('form_fields') }} as form_fields
        on wanted.dataset = form_fields.dataset and wanted.field = form_fields.field
    union all
    select
        wanted.* exclude (subject_id),
        wanted.subject_id as named_value,
        'такого предмета или экзамена нет' as problem
    from (
        select
            *,
            unnest(string_split(subject, '|')) as subject_id
        from named
    ) as wanted
    left join {{ ref('subjects') }} as subjects on wanted.subject_id = subjects.subject
    left join {{ ref('exams') }} as exams on wanted.exam = exams.exam
    where subjects.subject is null or (wanted.exam is not null and exams.exam is null)
)

select
    methodology_version,
    indicator_code,
    component,
    named_value,
    problem
from problems
where problem is not null
