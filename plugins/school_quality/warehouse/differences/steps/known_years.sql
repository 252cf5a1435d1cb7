-- The reporting years of two releases, and which of them has each.
create or replace temp table known_year as
select
    reporting_year,
    count(after.school_id) > 0 as is_new,
    count(before.school_id) > 0 as is_old
from new.marts.fct_school_status as after
full join old.marts.fct_school_status as before using (school_id, reporting_year)
group by reporting_year
