-- Кто и что не сдал или сдал позже срока?
with asked as (
    select
        2022 as reporting_year,
        '6' as municipality_id
)

select
    school_number,
    dataset,
    period,
    due_on,
    status,
    rows_rejected
from marts.fct_submission
inner join asked using (reporting_year, municipality_id)
inner join marts.dim_school using (school_id)
where status in ('missing', 'late', 'partly')
order by school_number, due_on, dataset, period
