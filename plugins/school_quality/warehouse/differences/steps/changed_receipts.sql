-- The receipts that two releases are made of, those that only one has, and room for what these did to landed rows.
create or replace temp table receipt_in_force as
select
    *,
    true as is_after
from receipts_after
union all
select
    *,
    false as is_after
from receipts_before;

create or replace temp table changed_receipt as
select * from receipt_in_force
qualify count(*) over (partition by seq) = 1;

create or replace temp table changed_landed_row (
    dataset varchar, exam varchar, scope varchar, cause varchar, file_id varchar, touched_rows bigint,
    school_id varchar, municipality_id varchar, reporting_year integer, subject varchar, grade integer,
    quarter integer, half_year integer
)
