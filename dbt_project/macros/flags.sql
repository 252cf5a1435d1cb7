{# Sorted list of the flags whose condition holds. `conditions` maps a flag to a boolean SQL expression. #}
{% macro flag_list(conditions) -%}
    list_filter(
        [
            {%- for flag in conditions | sort %}
            case when {{ conditions[flag] }} then '{{ flag }}' end{{ ',' if not loop.last }}
            {%- endfor %}
        ],
        lambda flag: flag is not null
    )::varchar[]
{%- endmacro %}
