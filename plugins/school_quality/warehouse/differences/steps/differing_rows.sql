-- Rows of a mart that one of two warehouses has not, or of which a cell differs, with these cells as texts. Of a row
-- that came or went a cell says what it is, not every no.
{% macro differs(column, kind) -%}
    after.{{ column }} is distinct from before.{{ column }}
    {%- if kind == "DOUBLE" %}
    and abs(after.{{ column }} - before.{{ column }}) <= {{ noise }} * greatest(1, abs(before.{{ column }})) is not true
    {%- endif %}
{%- endmacro -%}

create or replace temp table changed_{{ table }} as
with {% for side, release in [("after", new), ("before", old)] -%}
{{ side }} as (
    select {{ columns | join(", ") }}
    from {{ release }}.marts.{{ table }} as rows
    {% if is_by_place %}
    semi join differing_place as places
        on
            rows.reporting_year = places.reporting_year
            and coalesce(rows.municipality_id, '') = places.place
    {% endif %}
),

{% endfor -%}
pairs as (
    select
        {{ key | join(", ") }},
        {% for column in ["municipality_id", "reporting_year"] if column in columns and column not in key %}
        coalesce(after.{{ column }}, before.{{ column }}) as {{ column }},
        {% endfor %}
        after.{{ key[0] }} is not null as is_new,
        before.{{ key[0] }} is not null as is_old,
        after,
        before
    from after
    full join before using ({{ key | join(", ") }})
    where after is distinct from before
),

compared as (
    select
        *,
        {% for column in ["reason", "flags"] if column in columns %}
        [after.{{ column }}, before.{{ column }}] as both_{{ column }},
        {% endfor %}
        list_filter(
            [
                {% for column, kind in columns.items() if column in told %}
                {
                    'what': '{{ column }}',
                    'before': before.{{ column }}::varchar,
                    'after': after.{{ column }}::varchar,
                    'differs': {{ differs(column, kind) }}
                }{{ "," if not loop.last }}
                {% endfor %}
            ],
            lambda cell:
                cell.differs
                and ((is_new and is_old) or coalesce(cell.after, cell.before) not in ('false', '[]'))
        ) as cells
    from pairs
)

select * exclude (after, before) from compared
where
    cells <> [] or not is_new or not is_old
    {% for column, kind in columns.items() if column not in told and column not in key %}
    or {{ differs(column, kind) }}
    {% endfor %}
