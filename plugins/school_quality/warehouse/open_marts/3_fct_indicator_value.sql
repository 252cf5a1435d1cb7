-- Which values are hidden, and why. A value is hidden as soon as it reads anything hidden: nothing is computed anew
-- for the open edition under a name that the official one uses. That a value is hidden must not tell its points: nobody
-- and everybody are hidden like one and all but one, and which reason is named does not depend on how many there are.
create temp table unsafe_form as
-- Counts of forms: the group that is counted, and the rest of the whole, must each be as large as the limit.
with wholes as (
    select
        'form_staff' as dataset,
        'highest_category|first_category' as part,
        'teachers' as whole
    union all
    select
        'form_pupils' as dataset,
        'failing' as part,
        'pupils' as whole
)

select
    parts.dataset,
    parts.school_id,
    parts.reporting_year,
    parts.period,
    parts.period_number
from wholes
cross join limits
inner join build.intermediate.int_primitive__form_sums as parts
    on wholes.dataset = parts.dataset and wholes.part = parts.fields
left join build.intermediate.int_primitive__form_values as whole
    on
        parts.dataset = whole.dataset
        and wholes.whole = whole.field
        and parts.school_id = whole.school_id
        and parts.period = whole.period
where
    whole.field_value is null
    or (
        whole.field_value > 0
        and least_group(parts.field_sum, whole.field_value)
        < case wholes.dataset when 'form_staff' then limits.min_teachers else limits.min_pupils end
    );

-- The quarters that a half-year's fall of failing pupils reads (3.3).
create temp table fall_quarters as
select
    inputs.period,
    inputs.indicator_code,
    inputs.component,
    inputs.source_key as dataset,
    inputs.source_period
from build.intermediate.int_lineage__inputs as inputs
where
    inputs.indicator_code in (
        select indicators.indicator_code from build.seeds.indicators as indicators
        where indicators.family = 'pupil_share_fall'
    );

create temp table hidden_value as
with values_ as (
    select
        facts.school_id,
        facts.municipality_id,
        facts.reporting_year,
        facts.period,
        facts.indicator_code,
        facts.component,
        facts.status,
        facts.reason,
        facts.value,
        facts.numerator,
        facts.denominator,
        facts.participants,
        list_contains(facts.flags, 'computed_index') as is_index_computed,
        expected.school_type,
        expected.family,
        expected.exam,
        expected.procedure_id,
        expected.dataset,
        expected.period_number,
        expected.methodology_version,
        settings.scope,
        settings.unit,
        settings.subject,
        settings.grade,
        limits.min_pupils,
        limits.min_teachers
    from build.marts.fct_indicator_value as facts
    inner join build.intermediate.int_indicator__expected as expected
        using (school_id, period, indicator_code, component)
    inner join build.intermediate.int_indicator__settings as settings
        on
            facts.reporting_year = settings.reporting_year
            and facts.indicator_code = settings.indicator_code
            and facts.component = settings.component
    cross join limits
),

reasons as (
    -- Results of one procedure, this year (1.10-1.13) or this year and the one before (1.1-1.6, 1.14-1.17).
    select
        values_.*,
        'few_pupils' as why
    from values_
    inner join hidden_result as hidden
        on
            values_.school_id = hidden.school_id
            and values_.procedure_id = hidden.procedure_id
            and (
                values_.reporting_year = hidden.reporting_year
                or (values_.family <> 'share_of_twos' and values_.reporting_year = hidden.reporting_year + 1)
            )
    where
        values_.family in ('score_dynamics', 'fives_to_twos_dynamics', 'share_of_twos')
        and values_.status = 'scored'
    union all
    -- The district's mean of either year holds a hidden school.
    select
        values_.*,
        'complementary' as why
    from values_
    inner join open_dynamics
        on
            values_.school_id = open_dynamics.school_id
            and values_.reporting_year = open_dynamics.reporting_year
            and values_.procedure_id = open_dynamics.procedure_id
            and open_dynamics.measure = 'score_to_district'
    where values_.family = 'score_dynamics' and values_.status = 'scored' and not open_dynamics.is_open
    union all
    -- All subjects of an exam (1.7, 1.8): less the open ones, the hidden ones are left.
    select
        values_.*,
        case when values_.participants < values_.min_pupils then 'few_pupils' else 'complementary' end as why
    from values_
    where
        values_.family in ('high_results', 'below_minimum')
        and values_.status = 'scored'
        and (
            values_.participants < values_.min_pupils
            or exists (
                select 1 from hidden_result as hidden
                where
                    values_.school_id = hidden.school_id
                    and values_.reporting_year = hidden.reporting_year
                    and values_.exam = hidden.exam
            )
        )
    union all
    -- Places among the schools of the district (1.9).
    select
        values_.*,
        case when bool_or(values_.school_id = hidden.school_id) then 'few_pupils' else 'complementary' end as why
    from values_
    inner join hidden_result as hidden
        on
            values_.municipality_id = hidden.municipality_id
            and values_.reporting_year = hidden.reporting_year
            and list_contains(
                list_transform(
                    string_split(values_.subject, '|'),
                    lambda subject: values_.exam || '_' || subject || '_' || values_.grade
                ),
                hidden.procedure_id
            )
    where values_.family = 'inequality' and values_.status = 'scored'
    group by all
    union all
    -- The index (1.19) and its difference (1.20); that there is no spread would tell of means, too.
    select
        values_.*,
        case when school_results.are_all_hidden then 'few_pupils' else 'complementary' end as why
    from values_
    inner join open_index using (school_id, reporting_year)
    left join school_results using (school_id, reporting_year)
    where
        (values_.status = 'scored' or values_.reason in ('no_spread', 'no_prior_year'))
        and (
            (values_.family = 'results_index' and not open_index.is_open)
            or (values_.family = 'results_index_dynamics' and not open_index.is_difference_open)
        )
    union all
    -- Means of exams over ИСБШ (1.21): all but one would give the last.
    select distinct
        values_.*,
        'few_pupils' as why
    from values_
    inner join build.seeds.social_coefficient as means
        on
            values_.methodology_version = means.methodology_version
            and values_.school_type = means.school_type
    inner join hidden_result as hidden
        on
            values_.school_id = hidden.school_id
            and values_.reporting_year = hidden.reporting_year
            and means.procedure_id = hidden.procedure_id
    where values_.family = 'social_coefficient' and values_.status = 'scored'
    union all
    -- Shares of teachers and of pupils in forms (2.1, 2.2, 3.1, 3.2).
    select
        values_.*,
        case values_.dataset when 'form_pupils' then 'few_pupils' else 'few_teachers' end as why
    from values_
    where
        values_.family in ('form_share', 'pupil_share')
        and values_.status in ('scored', 'no_points')
        and least_group(values_.numerator, values_.denominator)
        < case values_.dataset when 'form_pupils' then values_.min_pupils else values_.min_teachers end
    union all
    -- The number of failing pupils is also the whole of those of them who attend extra classes: hidden on one side,
    -- hidden on the other (3.1). That the whole is zero would tell it, too.
    select
        values_.*,
        'few_pupils' as why
    from values_
    inner join unsafe_form
        on
            values_.dataset = unsafe_form.dataset
            and values_.school_id = unsafe_form.school_id
            and values_.period = unsafe_form.period
    where
        values_.family = 'pupil_share'
        and values_.component in ('failing', 'failing_in_extra_classes')
        and (values_.status = 'no_points' or values_.reason = 'zero_denominator')
    union all
    -- Teachers with a category, this year or the year before (2.2 shows the same number as 2.3).
    select distinct
        values_.*,
        'few_teachers' as why
    from values_
    inner join unsafe_form
        on
            values_.dataset = unsafe_form.dataset
            and values_.school_id = unsafe_form.school_id
            and values_.reporting_year - unsafe_form.reporting_year in (0, 1)
    where values_.family = 'form_headcount_dynamics' and values_.status = 'scored'
    union all
    -- Numbers of teachers (2.4-2.6, 2.8), by the unit: documents and levels are nobody's.
    select
        values_.*,
        'few_teachers' as why
    from values_
    left join build.intermediate.int_primitive__form_values as teachers
        on
            values_.dataset = teachers.dataset
            and values_.school_id = teachers.school_id
            and values_.period = teachers.period
            and teachers.field = 'teachers'
    where
        values_.family in ('form_category', 'form_value')
        and values_.unit = 'чел.'
        and values_.status = 'scored'
        and (
            values_.value < values_.min_teachers
            or coalesce(teachers.field_value, 0) < values_.min_teachers
        )
    union all
    -- Pupils at the olympiad (2.9); without participants there is no denominator.
    select
        values_.*,
        'few_pupils' as why
    from values_
    where
        values_.family = 'olympiad'
        and values_.status = 'scored'
        and coalesce(values_.denominator, 0) < values_.min_pupils
    union all
    -- Share of failing pupils in two half-years (3.3).
    select distinct
        values_.*,
        'few_pupils' as why
    from values_
    inner join fall_quarters using (period, indicator_code, component)
    inner join unsafe_form
        on
            fall_quarters.dataset = unsafe_form.dataset
            and fall_quarters.source_period = unsafe_form.period
            and values_.school_id = unsafe_form.school_id
    where values_.family = 'pupil_share_fall' and values_.status = 'no_points'
    union all
    -- Whether the indicator applies tells who is supported; where that is hidden, so is this.
    select
        values_.*,
        'complementary' as why
    from values_
    inner join open_status using (school_id, reporting_year)
    where values_.scope = 'supported' and not open_status.is_supported_open
)

select
    school_id,
    period,
    indicator_code,
    component,
    ['complementary', 'few_teachers', 'few_pupils'][
        max(case why when 'few_pupils' then 3 when 'few_teachers' then 2 else 1 end)
    ] as why
from reasons
group by all;

create table open.marts.fct_indicator_value as
select
    facts.school_id,
    facts.municipality_id,
    facts.reporting_year,
    facts.period,
    facts.indicator_code,
    facts.component,
    case when hidden_value.why is null then facts.status else 'suppressed' end as status,
    coalesce(hidden_value.why, facts.reason) as reason,
    case when hidden_value.why is null then facts.value end as value,
    case when hidden_value.why is null then facts.value_now end as value_now,
    case when hidden_value.why is null then facts.value_before end as value_before,
    case when hidden_value.why is null then facts.value_text end as value_text,
    case when hidden_value.why is null then facts.value_note end as value_note,
    case when hidden_value.why is null then facts.numerator end as numerator,
    case when hidden_value.why is null then facts.denominator end as denominator,
    case when hidden_value.why is null then facts.participants end as participants,
    case when hidden_value.why is null then facts.points end as points,
    facts.max_points,
    case when hidden_value.why is null then facts.ci_low end as ci_low,
    case when hidden_value.why is null then facts.ci_high end as ci_high,
    case when hidden_value.why is null then facts.flags else []::varchar[] end as flags,
    facts.methodology_version
from build.marts.fct_indicator_value as facts
left join hidden_value using (school_id, period, indicator_code, component)
order by facts.school_id, facts.period, facts.indicator_code, facts.component;
