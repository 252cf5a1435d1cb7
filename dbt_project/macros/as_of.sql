{# The day that decides what is due: the run's `as_of`, by default 31 August after the last reporting year. #}
{% macro as_of() -%}
    {%- if var('as_of') -%} date '{{ var('as_of') }}'
    {%- else -%} make_date({{ var('reporting_year') | int + 1 }}, 8, 31)
    {%- endif -%}
{%- endmacro %}

{# Date of a calendar row in the life of a reporting year. #}
{% macro calendar_date(reporting_year, month, day, year_offset) -%}
    make_date({{ reporting_year }} + {{ year_offset }}, {{ month }}, {{ day }})
{%- endmacro %}
