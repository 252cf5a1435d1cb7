-- The cells that are told, with what their causes depend on. Of a year that only one release has a row says so, and its
-- identification is told: its values and results are not.
create or replace temp table change as
with common_years as (
    select reporting_year from known_year
    where is_new and is_old
),

borrowing as (
    {% for release in ["new", "old"] %}
    select
        municipality_id,
        reporting_year,
        true as is_borrowed
    from {{ release }}.marts.fct_procedure_result
    where list_contains(flags, 'borrowed_scale')
    {{ "union" if not loop.last }}
    {% endfor %}
),

years as (
    select
        'fct_school_status' as mart,
        reporting_year,
        [{
            'what': 'reporting_year',
            'before': if(is_old, reporting_year, null)::varchar,
            'after': if(is_new, reporting_year, null)::varchar
        }] as cells
    from known_year
    where not is_new or not is_old
),

statuses as (
    select
        'fct_school_status' as mart,
        school_id,
        municipality_id,
        reporting_year,
        cells
    from changed_fct_school_status
),

schools as (
    select
        'fct_school_status' as mart,
        school_id,
        municipality_id,
        reporting_year,
        [{
            'what': 'school',
            'before': if(is_old, 'present', null),
            'after': if(is_new, 'present', null)
        }] as cells
    from changed_fct_school_status
    semi join common_years using (reporting_year)
    where not is_new or not is_old
),

indicators as (
    select
        'fct_indicator_value' as mart,
        school_id,
        municipality_id,
        reporting_year,
        period,
        indicator_code,
        component,
        list_contains(flatten(both_flags), 'borrowed_scale') or list_contains(both_reason, 'no_scale') as is_borrowed,
        len(list_filter(both_reason, lambda reason: reason = 'not_due')) = 1 as is_due_changed,
        len(list_filter(both_reason, lambda reason: reason = 'not_supported')) = 1 as is_support_changed,
        cells
    from changed_fct_indicator_value
    semi join common_years using (reporting_year)
),

procedures as (
    select
        'fct_procedure_result' as mart,
        school_id,
        municipality_id,
        reporting_year,
        procedure_id,
        list_contains(flatten(both_flags), 'borrowed_scale') as is_borrowed,
        cells
    from changed_fct_procedure_result
    semi join common_years using (reporting_year)
),

rows as (
    select * from years
    union all by name
    select * from statuses left join borrowing using (municipality_id, reporting_year)
    union all by name
    select * from schools left join borrowing using (municipality_id, reporting_year)
    union all by name
    select * from indicators
    union all by name
    select * from procedures
),

cells as (
    select
        * exclude (cells),
        list_contains(list_transform(cells, lambda cell: cell.what), 'value') as is_value_told,
        unnest(cells) as cell
    from rows
)

select
    cells.* exclude (cell, is_value_told)
    replace (
        coalesce(cells.municipality_id, '') as municipality_id,
        coalesce(cells.period, cells.reporting_year::varchar) as period
    ),
    row_number() over (
        order by indicator_code nulls first, school_id nulls first, period, component, procedure_id, told.place
    ) as change_id,
    told.what as cell,
    concat_ws('/', told.what, nullif(cells.component, ''), cells.procedure_id) as what,
    cells.cell.before,
    cells.cell.after
from cells
inner join told on cells.mart = told.mart and cells.cell.what = told.what
where not told.is_part or not cells.is_value_told
