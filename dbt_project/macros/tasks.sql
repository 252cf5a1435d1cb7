{# Whether a task is done by less than its level asks for (methodology, Tasks), from counts; null under too few pupils.
   Columns: points, pupils, max_points, level and the parameters of `years`. #}
{% macro is_below_level() -%}
    case
        when pupils >= deficit_pupils and max_points > 0
            then 100 * points < case when level in ('advanced', 'high') then deficit_hard_pct else deficit_pct end
                * pupils * max_points
    end
{%- endmacro %}

{# CTEs `<pupils>_counted`: how many pupils of a school have which answer in which place of their work. `pupils` is a
   CTE of school_id, reporting_year, procedure_id, tasks (their layout) and answers, a list a pupil. Lists are counted
   school by school: a row for each cell of a country would be hundreds of millions. #}
{% macro counted_answers(pupils) -%}
{{ pupils }}_works as (
    select
        school_id,
        reporting_year,
        procedure_id,
        tasks,
        list(answers) as answers,
        max(len(answers)) as places
    from {{ pupils }}
    group by all
),

{{ pupils }}_places as (
    select
        * exclude (places),
        unnest(range(1, places + 1)) as place
    from {{ pupils }}_works
),

{{ pupils }}_entries as (
    select
        * exclude (answers),
        unnest(map_entries(list_aggregate(
            list_transform(answers, lambda answer: answer[place]), 'histogram'
        ))) as entry
    from {{ pupils }}_places
),

{{ pupils }}_counted as (
    select
        * exclude (entry),
        entry.key as answer,
        entry.value::bigint as pupils
    from {{ pupils }}_entries
)
{%- endmacro %}
