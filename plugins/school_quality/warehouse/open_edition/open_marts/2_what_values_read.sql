-- What could be hidden: every value with what its formula reads, and which of what it reads is unsafe.

-- Each family follows one rule of the open edition, named after the family that it was written for; `open` says nothing
-- of people. A family of which nobody has decided, or by a rule that is not written, has none: all of it is hidden.
create temp table family_rule as
select
    family,
    case
        when
            open_rule in (
                'open', 'score_dynamics', 'fives_to_twos_dynamics', 'high_results', 'below_minimum', 'inequality',
                'share_of_twos', 'results_index', 'results_index_dynamics', 'social_coefficient', 'form_share',
                'form_headcount_dynamics', 'form_category', 'form_value', 'olympiad', 'pupil_share', 'pupil_share_fall'
            )
            then open_rule
    end as rule,
    is_district_relative
from build.seeds.families;

-- A number of a unit that nobody has declared may be one of people, and people of whom nobody has declared who they are
-- may be pupils.
create temp table known_value as
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
    family_rule.rule as family,
    family_rule.is_district_relative,
    expected.exam,
    expected.procedure_id,
    expected.dataset,
    settings.scope,
    settings.numerator as part,
    settings.denominator as whole,
    split_part(settings.numerator, '|', 1) as first_field,
    coalesce(units.kind, 'people') = 'people' as is_number_of_people,
    forms.whole as people_field,
    coalesce(forms.people, 'pupils') = 'teachers' as are_teachers,
    case when are_teachers then 'few_teachers' else 'few_pupils' end as few_people,
    case when are_teachers then limits.min_teachers else limits.min_pupils end as min_people,
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
left join family_rule on settings.family = family_rule.family
left join build.seeds.units as units on settings.unit = units.unit
left join build.seeds.counted_people as forms on settings.dataset = forms.dataset
cross join limits;

-- Groups that a form counts and that are told in more than one place: each, and the rest of all people of the form,
-- must be as large as the limit.
create temp table unsafe_form as
with groups as (
    select distinct
        dataset,
        part,
        people_field,
        min_people
    from known_value
    where family in ('form_headcount_dynamics', 'pupil_share_fall')
    union
    select distinct
        dataset,
        whole as part,
        people_field,
        min_people
    from known_value
    where family = 'pupil_share' and whole <> people_field
)

select
    groups.dataset,
    groups.part,
    sums.school_id,
    sums.period
from groups
inner join build.intermediate.int_primitive__form_sums as sums
    on groups.dataset = sums.dataset and groups.part = sums.fields
left join build.intermediate.int_primitive__form_values as people
    on
        sums.dataset = people.dataset
        and groups.people_field = people.field
        and sums.school_id = people.school_id
        and sums.period = people.period
where
    people.field_value is null
    or (people.field_value > 0 and least_group(sums.field_sum, people.field_value) < groups.min_people);

-- Values that read a cell that may not be told beside an earlier release.
create temp table held_value as
select distinct
    known_value.school_id,
    known_value.period,
    known_value.indicator_code,
    known_value.component
from known_value
inner join build.intermediate.int_lineage__inputs as inputs using (period, indicator_code, component)
inner join held_result
    on
        known_value.school_id = held_result.school_id
        and inputs.source_key = held_result.procedure_id
        and inputs.source_period = held_result.reporting_year::varchar;

-- Values that read a cell which keeps what it last published: of the school itself, or of any school of its district.
create temp table kept_value as
select distinct
    known_value.school_id,
    known_value.period,
    known_value.indicator_code,
    known_value.component
from known_value
inner join build.intermediate.int_lineage__inputs as inputs using (period, indicator_code, component)
inner join kept_result
    on
        inputs.source_key = kept_result.procedure_id
        and inputs.source_period = kept_result.reporting_year::varchar
        and (
            known_value.school_id = kept_result.school_id
            or (known_value.municipality_id = kept_result.municipality_id and known_value.is_district_relative)
        )
where known_value.status in ('scored', 'no_points');
