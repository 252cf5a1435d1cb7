{# Who counts 2, whose scale a work of ВПР may use: 1 its own, 2 the nearest earlier year's, 3 the nearest later one's.
   Landing, which rejects totals above that scale, renders both macros of this file: the rule is written once. #}
{% macro scale_preference(scale_year, work_year) -%}
    case
        when {{ scale_year }} = {{ work_year }} then 1
        when {{ scale_year }} < {{ work_year }} then 2
        else 3
    end
{%- endmacro %}

{# A scale of another year fits if it has the maximum that the work prints or, where that prints none, if at most
   `overflow_pct` of the totals are above its maximum. #}
{% macro scale_fits(preference, max_score, min_printed, max_printed, above, totals, overflow_pct) -%}
    (
        {{ preference }} = 1
        or ({{ min_printed }} = {{ max_score }} and {{ max_printed }} = {{ max_score }})
        or ({{ max_printed }} is null and 100 * {{ above }} <= {{ overflow_pct }} * {{ totals }})
    )
{%- endmacro %}
