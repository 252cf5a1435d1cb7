-- Municipalities and years of a mart where anything differs: their hashes do. Each row is hashed twice, because equal
-- changes of two rows would otherwise cancel.
create or replace temp table differing_place as
with hashed as (
    {% for is_new, release in [("true", new), ("false", old)] %}
    select
        {{ is_new }} as is_new,
        coalesce(municipality_id, '') as place,
        reporting_year,
        count(*) as rows,
        bit_xor(hash(hash(
            {% for column, kind in columns.items() %}
            {{ column }}{{ "::float" if kind == "DOUBLE" }}{{ "," if not loop.last }}
            {% endfor %}
        ))) as content
    from {{ release }}.marts.{{ table }}
    group by all
    {{ "union all" if not loop.last }}
    {% endfor %}
)

select
    place,
    reporting_year
from hashed
group by all
having count(*) = 1 or min(rows) <> max(rows) or min(content) <> max(content)
