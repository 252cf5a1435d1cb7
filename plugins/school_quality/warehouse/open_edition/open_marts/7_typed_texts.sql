-- What people typed. Of practices those whose text somebody of the staff has read and released. Of the roadmap the
-- municipality's rows, without the documents' names; who supports a school where it is open that it is supported, and
-- an organisation only by a name that the order or the register knows: anything else may be a person's.
create table open.marts.fct_roadmap_execution as
select
    item,
    period,
    municipality_id,
    school_id,
    status,
    due_on,
    is_overdue,
    owners,
    reported_on,
    null::varchar as document
from build.marts.fct_roadmap_execution
where school_id is null
order by all;

create table open.marts.fct_practice as
select
    facts.school_id,
    facts.municipality_id,
    facts.reporting_year,
    facts.indicator_codes,
    facts.practice,
    facts.link
from build.marts.fct_practice as facts
semi join released_text on text_sha256(facts.school_id, facts.practice, facts.link) = released_text.text_sha256
order by all;

create table open.marts.fct_support as
with known as (
    select owner as organisation
    from build.seeds.roadmap_owners
    union
    select school_name as organisation
    from build.marts.dim_school
)

select
    support.school_id,
    support.municipality_id,
    support.reporting_year,
    support.role,
    case
        when known.organisation is not null or support.organisation = support.mentor_school_id
            then support.organisation
    end as organisation,
    support.mentor_school_id,
    support.valid_from,
    support.valid_to
from build.marts.fct_support as support
inner join open_status using (school_id, reporting_year)
left join known using (organisation)
where open_status.is_supported_open
order by all;
