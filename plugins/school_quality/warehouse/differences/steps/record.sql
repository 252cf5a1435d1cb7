-- What a release says otherwise than the one before it, with its causes.
insert into new.meta.release_change by name
select
    getvariable('release_id') as release_id,
    school_id,
    period,
    indicator_code,
    what,
    before,
    after,
    array_to_string(causes, '|') as cause,
    case when len(causes) = 1 and len(file_ids) = 1 then file_ids[1] end as file_id,
    causes,
    file_ids
from difference
order by change_id
