-- What the files that came or went did to the rows in force of a dataset: of every key that they speak of, the row in
-- force before and after, and whose it is.
insert into changed_landed_row by name
with landed as (
    select
        {% for column, kind in columns.items() %}
        null::{{ kind }} as "{{ column }}",
        {% endfor %}
        null::bigint as seq,
        null::integer as row_number
    where false
    union all by name
    select * from read_parquet(getvariable('files'), union_by_name = true)
),

keyed as (
    select
        {% for place in places %}
        {{ place }},
        {% endfor %}
        hash("{{ key | join('", "') }}") as key_hash,
        hash("{{ content | join('", "') }}") as content_hash,
        seq,
        row_number
    from landed
),

touched_keys as (
    select distinct key_hash -- a file may speak of a key more than once
    from keyed
    semi join changed_receipt using (seq)
),

winners as (
    select
        keyed.*,
        receipts.file_id,
        receipts.context,
        receipts.order_seq,
        receipts.is_after
    from keyed
    semi join touched_keys using (key_hash)
    inner join receipt_in_force as receipts using (seq)
    qualify
        row_number() over (
            partition by receipts.is_after, keyed.key_hash
            order by receipts.order_seq desc, keyed.seq desc, keyed.row_number desc
        ) = 1
),

after as (
    select * from winners
    where is_after
),

before as (
    select * from winners
    where not is_after
),

pairs as (
    select
        after,
        before,
        after.seq in (select seq from changed_receipt) as is_brought,
        before.seq in (select seq from changed_receipt) as is_taken,
        after.file_id = before.file_id and after.context = before.context as is_same_file
    from after
    full join before using (key_hash)
    where after.content_hash is distinct from before.content_hash
),

effects as (
    select
        case
            when (before).seq is null then 'new_file'
            when is_same_file then 'reread_file'
            else 'corrected_file'
        end as cause,
        after as row
    from pairs
    where is_brought
    union all
    select
        'withdrawn_file' as cause,
        before as row
    from pairs
    where is_taken and (is_brought and (is_same_file or (after).order_seq > (before).order_seq)) is not true
)

select
    '{{ dataset }}' as dataset,
    {{ exam }} as exam,
    '{{ scope }}' as scope,
    cause,
    {% for place in places if place != "exam" %}
    row.{{ place }},
    {% endfor %}
    row.file_id,
    count(*) as touched_rows
from effects
group by all
