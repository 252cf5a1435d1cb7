-- What a school is, as far as it follows from what is open: a yes or no that the open results alone decide is told,
-- any other that a hidden result could turn is hidden, whichever way it goes.
create temp table open_dynamics as
select
    dynamics.school_id,
    dynamics.reporting_year,
    dynamics.procedure_id,
    dynamics.measure,
    dynamics.difference_sign,
    -- Both years have what the quantity is made of, whether or not the district's mean, which may be hidden, is zero.
    case dynamics.measure
        when 'fives_to_twos' then results.fives_to_twos is not null and results_before.fives_to_twos is not null
        else results.score_count > 0 and results_before.score_count > 0
    end as is_computable,
    own_now.school_id is not null or own_before.school_id is not null as is_own_hidden,
    own_now.school_id is null
    and own_before.school_id is null
    and (
        dynamics.measure = 'fives_to_twos'
        or (district_now.procedure_id is null and district_before.procedure_id is null)
    ) as is_open
from build.intermediate.int_primitive__dynamics as dynamics
inner join build.intermediate.int_school__years as schools using (school_id, reporting_year)
inner join build.intermediate.int_primitive__procedures as results using (school_id, reporting_year, procedure_id)
left join build.intermediate.int_primitive__procedures as results_before
    on
        dynamics.school_id = results_before.school_id
        and dynamics.reporting_year = results_before.reporting_year + 1
        and dynamics.procedure_id = results_before.procedure_id
left join build.intermediate.int_school__years as schools_before
    on dynamics.school_id = schools_before.school_id and dynamics.reporting_year = schools_before.reporting_year + 1
left join hidden_result as own_now
    on
        dynamics.school_id = own_now.school_id
        and dynamics.reporting_year = own_now.reporting_year
        and dynamics.procedure_id = own_now.procedure_id
left join hidden_result as own_before
    on
        dynamics.school_id = own_before.school_id
        and dynamics.reporting_year = own_before.reporting_year + 1
        and dynamics.procedure_id = own_before.procedure_id
left join hidden_district as district_now
    on
        schools.municipality_id = district_now.municipality_id
        and dynamics.reporting_year = district_now.reporting_year
        and dynamics.procedure_id = district_now.procedure_id
left join hidden_district as district_before
    on
        schools_before.municipality_id = district_before.municipality_id
        and dynamics.reporting_year = district_before.reporting_year + 1
        and dynamics.procedure_id = district_before.procedure_id;

-- Falls that last (`int_school__lasting_falls`), of which both years are open.
create temp table open_fall as
select
    falls.school_id,
    falls.reporting_year,
    falls.indicator_code
from build.intermediate.int_school__lasting_falls as falls
inner join open_dynamics as this_year using (school_id, reporting_year, procedure_id, measure)
left join open_dynamics as year_before
    on
        falls.school_id = year_before.school_id
        and falls.reporting_year = year_before.reporting_year + 1
        and falls.procedure_id = year_before.procedure_id
        and falls.measure = year_before.measure
where this_year.is_open and coalesce(year_before.is_open, true);

-- Whether a fall that lasts is seen in what is open; or possible in what is hidden, where the open side of the two
-- years does not rule it out.
create temp table lasting_fall as
select
    expected.school_id,
    expected.reporting_year,
    bool_or(open_fall.indicator_code is not null) as is_seen,
    bool_or(
        (not this_year.is_open or not coalesce(year_before.is_open, true))
        and this_year.is_computable
        and (not this_year.is_open or this_year.difference_sign < 0)
        and (not coalesce(year_before.is_open, true) or coalesce(year_before.difference_sign, -1) < 0)
    ) as may_be_hidden
from build.intermediate.int_indicator__expected as expected
inner join build.intermediate.int_indicator__settings as settings
    using (reporting_year, indicator_code, component)
inner join open_dynamics as this_year
    on
        expected.school_id = this_year.school_id
        and expected.reporting_year = this_year.reporting_year
        and expected.procedure_id = this_year.procedure_id
        and this_year.measure
        = case expected.family when 'score_dynamics' then 'score_to_district' else 'fives_to_twos' end
left join open_dynamics as year_before
    on
        this_year.school_id = year_before.school_id
        and this_year.reporting_year = year_before.reporting_year + 1
        and this_year.procedure_id = year_before.procedure_id
        and this_year.measure = year_before.measure
left join open_fall
    on
        expected.school_id = open_fall.school_id
        and expected.reporting_year = open_fall.reporting_year
        and expected.indicator_code = open_fall.indicator_code
where
    settings.is_risk_dynamics
    and (expected.not_applicable_reason is null or expected.not_applicable_reason = 'not_supported')
group by all;

-- The index and its difference to the year before: the procedures of the index decide, in both years.
create temp table open_index as
select
    schools.school_id,
    schools.municipality_id,
    schools.reporting_year,
    hidden_index.school_id is null as is_open,
    hidden_index.school_id is null and hidden_before.school_id is null as is_difference_open,
    coalesce(hidden_index.are_all_hidden, false) as are_all_hidden,
    indices.index_sign,
    indices.difference_sign
from build.intermediate.int_school__years as schools
left join build.intermediate.int_primitive__results_index as indices using (school_id, reporting_year)
left join hidden_index using (school_id, reporting_year)
left join hidden_index as hidden_before
    on
        schools.school_id = hidden_before.school_id
        and schools.reporting_year = hidden_before.reporting_year + 1;

create temp table identifying_result as
select
    results.school_id,
    results.reporting_year,
    count(*) filter (where hidden_result.school_id is not null) as hidden_results,
    count(results.is_low_result) filter (where hidden_result.school_id is null) as open_verdicts,
    count(*) filter (where hidden_result.school_id is null and results.is_low_result) as low_results,
    bool_or(kept_result.school_id is not null) as is_updated
from build.intermediate.int_primitive__procedures as results
inner join build.intermediate.int_methodology__years as years using (reporting_year)
inner join build.seeds.identifying_procedures as procedures
    on
        results.procedure_id = procedures.procedure_id
        and years.methodology_version = procedures.methodology_version
left join hidden_result
    on
        results.school_id = hidden_result.school_id
        and results.reporting_year = hidden_result.reporting_year
        and results.procedure_id = hidden_result.procedure_id
left join kept_result
    on
        results.school_id = kept_result.school_id
        and results.reporting_year = kept_result.reporting_year
        and results.procedure_id = kept_result.procedure_id
group by all;

create temp table open_status as
with results as (
    select
        statuses.school_id,
        statuses.reporting_year,
        statuses.is_low_results,
        statuses.is_risk_zone,
        statuses.is_supported,
        statuses.official_low_results is not null or statuses.official_risk_zone is not null as is_support_official,
        statuses.social_index,
        open_index.is_open as is_index_open,
        open_index.is_difference_open,
        open_index.index_sign,
        open_index.difference_sign,
        coalesce(lasting_fall.is_seen, false) as is_fall_seen,
        coalesce(lasting_fall.may_be_hidden, false) as may_fall_be_hidden,
        coalesce(identifying_result.hidden_results, 0) as hidden_results,
        coalesce(identifying_result.is_updated, false) as is_low_updated,
        kept_index.school_id is not null as is_index_updated,
        -- Whether anything was measured that identifies: one open verdict says so, a hidden result may have none.
        identifying_result.hidden_results is null
        or identifying_result.hidden_results = 0
        or identifying_result.open_verdicts > 0 as is_measured_open,
        is_measured_open
        and (
            coalesce(identifying_result.hidden_results, 0) = 0
            or identifying_result.low_results >= years.low_procedures
            or identifying_result.low_results + identifying_result.hidden_results < years.low_procedures
        ) as is_low_open,
        -- Whether enough was measured for leaving ШНОР to say something.
        coalesce(identifying_result.hidden_results, 0) = 0
        or identifying_result.open_verdicts >= years.low_procedures
        or identifying_result.open_verdicts + identifying_result.hidden_results < years.low_procedures
            as is_enough_open
    from build.marts.fct_school_status as statuses
    inner join build.intermediate.int_methodology__years as years using (reporting_year)
    left join identifying_result using (school_id, reporting_year)
    left join lasting_fall using (school_id, reporting_year)
    left join open_index using (school_id, reporting_year)
    left join kept_index using (school_id, reporting_year)
),

risks as (
    select
        *,
        is_measured_open
        and (
            is_risk_zone is null
            or (is_low_open and is_low_results)
            or (is_index_open and coalesce(index_sign, 0) >= 0)
            or not (is_fall_seen or may_fall_be_hidden)
            or (is_low_open and is_index_open and (is_fall_seen or not may_fall_be_hidden))
        ) as is_risk_open
    from results
)

select
    this_year.school_id,
    this_year.reporting_year,
    this_year.hidden_results = 0 as are_low_procedures_open,
    this_year.is_low_open,
    this_year.is_risk_open,
    this_year.is_support_official
    or (this_year.is_low_open and this_year.is_risk_open)
    or (this_year.is_low_open and this_year.is_low_results)
    or (this_year.is_risk_open and this_year.is_risk_zone) as is_supported_open,
    this_year.is_index_open,
    this_year.is_index_open or this_year.social_index is null as is_group_open,
    this_year.is_low_open and coalesce(year_before.is_low_open, true)
    and (this_year.is_low_results or not coalesce(year_before.is_low_results, false) or this_year.is_enough_open)
        as is_change_open,
    (
        this_year.is_low_open and this_year.is_risk_open and coalesce(year_before.is_low_open, true)
        and this_year.is_difference_open and this_year.is_enough_open
    )
    or (this_year.is_low_open and this_year.is_low_results)
    or (coalesce(year_before.is_low_open, true) and not coalesce(year_before.is_low_results, false))
    or (this_year.is_risk_open and this_year.is_risk_zone)
    or (this_year.is_difference_open and coalesce(this_year.difference_sign, -1) < 0) as is_mode_open,
    this_year.is_support_official,
    this_year.is_low_updated,
    this_year.is_low_updated or coalesce(year_before.is_low_updated, false) as is_change_updated,
    this_year.is_index_updated,
    this_year.is_index_updated or coalesce(year_before.is_index_updated, false) as is_difference_updated
from risks as this_year
left join risks as year_before
    on
        this_year.school_id = year_before.school_id and this_year.reporting_year = year_before.reporting_year + 1;
