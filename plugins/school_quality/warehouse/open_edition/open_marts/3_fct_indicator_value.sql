-- Which values are hidden, and why. A value is hidden as soon as it reads anything hidden: nothing is computed anew
-- for the open edition under a name that the official one uses. That a value is hidden must not tell its points: nobody
-- and everybody are hidden like one and all but one, and which reason is named does not depend on how many there are.

-- Whether an indicator applies tells who is supported: where that is hidden, so are all values of the indicators that
-- apply to supported schools only, for one reason. A reason that looked at their numbers would say that there are any.
create temp table unknown_support as
select
    known_value.school_id,
    known_value.period,
    known_value.indicator_code,
    known_value.component
from known_value
inner join open_status using (school_id, reporting_year)
where known_value.scope = 'supported' and not open_status.is_supported_open;

delete from known_value
where (school_id, period, indicator_code, component) in (from unknown_support);

-- Values that read a hidden result of the school itself.
create temp table own_hidden as
select distinct
    known_value.school_id,
    known_value.period,
    known_value.indicator_code,
    known_value.component
from known_value
inner join build.intermediate.int_lineage__inputs as inputs using (period, indicator_code, component)
inner join hidden_result
    on
        known_value.school_id = hidden_result.school_id
        and inputs.source_key = hidden_result.procedure_id
        and inputs.source_period = hidden_result.reporting_year::varchar;

create temp table hidden_value as
with reasons as (
    -- Results of one procedure this year, or this year and the one before (1.5, 1.6, 1.10-1.17); means of exams over
    -- ИСБШ (1.21), of which all but one would give the last.
    select
        known_value.*,
        'few_pupils' as why
    from known_value
    inner join own_hidden using (school_id, period, indicator_code, component)
    where
        known_value.family in ('fives_to_twos_dynamics', 'share_of_twos', 'social_coefficient')
        and known_value.status = 'scored'
    union all
    -- The school's mean to the district's in both years (1.1-1.4). That the district's mean is zero leaves no value,
    -- and would tell every mean in it.
    select
        known_value.*,
        case when open_dynamics.is_own_hidden then 'few_pupils' else 'complementary' end as why
    from known_value
    inner join open_dynamics
        on
            known_value.school_id = open_dynamics.school_id
            and known_value.reporting_year = open_dynamics.reporting_year
            and known_value.procedure_id = open_dynamics.procedure_id
            and open_dynamics.measure = 'score_to_district'
    where
        known_value.family = 'score_dynamics'
        and not open_dynamics.is_open
        and (known_value.status = 'scored' or (known_value.reason = 'no_prior_year' and open_dynamics.is_computable))
    union all
    -- All subjects of an exam (1.7, 1.8): less the open ones, the hidden ones are left. Which of the two reasons it is
    -- follows from who is open: how many results there are together would tell of the hidden ones.
    select
        known_value.*,
        case when bool_or(open_result.school_id is not null) then 'complementary' else 'few_pupils' end as why
    from known_value
    inner join own_hidden using (school_id, period, indicator_code, component)
    left join open_result
        on
            known_value.school_id = open_result.school_id
            and known_value.reporting_year = open_result.reporting_year
            and known_value.exam = open_result.exam
    where
        known_value.family in ('high_results', 'below_minimum')
        and known_value.status = 'scored'
    group by all
    union all
    -- Places among the schools of the district (1.9).
    select
        known_value.*,
        case when bool_or(own_hidden.school_id is not null) then 'few_pupils' else 'complementary' end as why
    from known_value
    inner join build.intermediate.int_lineage__inputs as inputs using (period, indicator_code, component)
    inner join hidden_district
        on
            known_value.municipality_id = hidden_district.municipality_id
            and inputs.source_key = hidden_district.procedure_id
            and inputs.source_period = hidden_district.reporting_year::varchar
    left join own_hidden using (school_id, period, indicator_code, component)
    where known_value.family = 'inequality' and known_value.status = 'scored'
    group by all
    union all
    -- The index (1.19) and its difference (1.20); that there is no spread would tell of means, too.
    select
        known_value.*,
        case when open_index.are_all_hidden then 'few_pupils' else 'complementary' end as why
    from known_value
    inner join open_index using (school_id, reporting_year)
    where
        (known_value.status = 'scored' or known_value.reason in ('no_spread', 'no_prior_year'))
        and (
            (known_value.family = 'results_index' and not open_index.is_open)
            or (known_value.family = 'results_index_dynamics' and not open_index.is_difference_open)
        )
    union all
    -- Shares of teachers and of pupils in forms (2.1, 2.2, 3.1, 3.2).
    select
        known_value.*,
        known_value.few_people as why
    from known_value
    where
        known_value.family in ('form_share', 'pupil_share')
        and known_value.status in ('scored', 'no_points')
        and least_group(known_value.numerator, known_value.denominator) < known_value.min_people
    union all
    -- The number of failing pupils is also the whole of those of them who attend extra classes: hidden on one side,
    -- hidden on the other (3.1). That the whole is zero would tell it, too.
    select
        known_value.*,
        'few_pupils' as why
    from known_value
    inner join unsafe_form
        on
            known_value.dataset = unsafe_form.dataset
            and known_value.school_id = unsafe_form.school_id
            and known_value.period = unsafe_form.period
            and unsafe_form.part in (known_value.part, known_value.whole)
    where
        known_value.family = 'pupil_share'
        and (known_value.status = 'no_points' or known_value.reason = 'zero_denominator')
    union all
    -- Teachers with a category, this year or the year before (2.2 shows the same number as 2.3), and shares of failing
    -- pupils in two half-years (3.3).
    select
        known_value.*,
        known_value.few_people as why
    from known_value
    inner join build.intermediate.int_lineage__inputs as inputs using (period, indicator_code, component)
    inner join unsafe_form
        on
            inputs.source_key = unsafe_form.dataset
            and inputs.source_period = unsafe_form.period
            and known_value.school_id = unsafe_form.school_id
            and known_value.part = unsafe_form.part
    where
        known_value.family in ('form_headcount_dynamics', 'pupil_share_fall')
        and known_value.status in ('scored', 'no_points')
    union all
    -- Numbers of teachers (2.4-2.6, 2.8), by the unit: documents and levels are nobody's. Of several numbers the seed
    -- names the best first, and that one decides: where there are no winners the value is the participants, which says
    -- that there are none.
    select
        known_value.*,
        known_value.few_people as why
    from known_value
    left join build.intermediate.int_primitive__form_values as counted
        on
            known_value.dataset = counted.dataset
            and known_value.school_id = counted.school_id
            and known_value.period = counted.period
            and known_value.first_field = counted.field
    left join build.intermediate.int_primitive__form_values as teachers
        on
            known_value.dataset = teachers.dataset
            and known_value.school_id = teachers.school_id
            and known_value.period = teachers.period
            and known_value.people_field = teachers.field
    where
        known_value.family in ('form_category', 'form_value')
        and known_value.is_number_of_people
        and known_value.are_teachers
        and known_value.status = 'scored'
        and coalesce(least_group(counted.field_value, teachers.field_value), 0) < known_value.min_teachers
    union all
    -- Pupils at the olympiad (2.9): winners of the municipal stage, whom the value tells, and of the regional one, of
    -- whom the points tell whether there are any.
    select
        known_value.*,
        'few_pupils' as why
    from known_value
    left join build.staging.stg_form_olympiad as form using (school_id, reporting_year)
    where
        known_value.family = 'olympiad'
        and known_value.status = 'scored'
        and coalesce(
            least(
                least_group(known_value.numerator, known_value.denominator),
                least_group(form.regional_winners, known_value.denominator)
            ),
            0
        ) < known_value.min_pupils
    union all
    -- What nobody has decided about: a family without a rule, and numbers of others than teachers. All of it is hidden,
    -- that there is no value, too.
    select
        known_value.*,
        'undecided' as why
    from known_value
    where
        known_value.family is null
        or (
            known_value.family in ('form_category', 'form_value')
            and known_value.is_number_of_people
            and not known_value.are_teachers
        )
)

select distinct
    school_id,
    period,
    indicator_code,
    component,
    why
from reasons
union all
select
    *,
    'complementary' as why
from unknown_support;

create table open.marts.fct_indicator_value as
select
    facts.school_id,
    facts.municipality_id,
    facts.reporting_year,
    facts.period,
    facts.indicator_code,
    facts.component,
    case when hidden_value.why is null then facts.status else 'suppressed' end as status,
    case
        when hidden_value.why = 'few_pupils' and held_value.period is not null then 'earlier_release'
        else coalesce(hidden_value.why, facts.reason)
    end as reason,
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
    case
        when hidden_value.why is not null then []::varchar[]
        when kept_value.period is not null then list_append(facts.flags, 'being_updated')
        else facts.flags
    end as flags,
    facts.methodology_version
from build.marts.fct_indicator_value as facts
left join hidden_value using (school_id, period, indicator_code, component)
left join kept_value using (school_id, period, indicator_code, component)
left join held_value using (school_id, period, indicator_code, component)
order by facts.school_id, facts.period, facts.indicator_code, facts.component;
