-- Reading 13: of each kind and municipality the list of the academic year, else that of the year before, is in force.
-- The list of biased ВПР results is one for everybody, and stays with the school for a year (peers to learn from).
with lists as (
    select
        lists.reporting_year as list_year,
        lists.list_kind,
        lists.school_id,
        coalesce(schools.municipality_id, lists.municipality_id) as municipality_id
    from {{ ref('stg_official_list') }} as lists
    left join {{ ref('int_school__register') }} as schools using (school_id)
),

in_force as (
    select
        years.reporting_year,
        lists.municipality_id,
        lists.list_kind,
        max(lists.list_year) as list_year
    from {{ ref('int_methodology__years') }} as years
    inner join lists on lists.list_year between years.reporting_year - 1 and years.reporting_year
    group by all
),

biased as (
    select
        years.reporting_year,
        coalesce(list(distinct lists.school_id) filter (where lists.is_listed), []) as listed
    from {{ ref('int_methodology__years') }} as years
    inner join {{ ref('stg_biased_vpr') }} as lists
        on lists.reporting_year between years.reporting_year - 1 and years.reporting_year
    group by all
)

select
    schools.school_id,
    schools.reporting_year,
    bool_or(list_contains(biased.listed, schools.school_id)) as official_biased_vpr,
    {%- for kind, column in {
        'low_results': 'official_low_results',
        'low_index': 'official_risk_zone',
        'difficult_social': 'official_difficult_social',
        'project_500': 'in_project_500',
    }.items() %}
    case
        when bool_or(in_force.list_kind = '{{ kind }}')
            then coalesce(bool_or(in_force.list_kind = '{{ kind }}' and lists.school_id is not null), false)
    end as {{ column }}{{ ',' if not loop.last }}
    {%- endfor %}
from {{ ref('int_school__years') }} as schools
left join biased using (reporting_year)
left join in_force using (municipality_id, reporting_year)
left join lists
    on
        schools.school_id = lists.school_id
        and in_force.list_kind = lists.list_kind
        and in_force.list_year = lists.list_year
group by all
