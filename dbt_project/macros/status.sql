{# Reasons of a missing value in their precedence; the seed `reasons` repeats the order with words, a test compares. #}
{% macro reason_precedence() -%}
    {{ return([
        'no_results', 'no_scale', 'no_threshold', 'no_form', 'not_due', 'no_official_list', 'no_social_index',
        'too_few_schools', 'no_spread', 'zero_denominator', 'no_prior_year'
    ]) }}
{%- endmacro %}

{#
    The reason of a missing value: the first in precedence whose condition holds, null where none does.
    `conditions` maps a reason to an SQL condition.
#}
{% macro first_reason(conditions) -%}
    {%- for reason in conditions if reason not in reason_precedence() -%}
        {{ exceptions.raise_compiler_error('unknown reason ' ~ reason) }}
    {%- endfor -%}
    case
        {%- for reason in reason_precedence() if reason in conditions %}
        when {{ conditions[reason] }} then '{{ reason }}'
        {%- endfor %}
    end
{%- endmacro %}

{#
    The one place where a status is decided: not_applicable before no_data before a value; a value of an indicator
    without points is no_points. `missing` is the family's reason, null where it has a value.
#}
{% macro indicator_status(not_applicable, missing, max_points) -%}
    case
        when {{ not_applicable }} is not null then 'not_applicable'
        when {{ missing }} is not null then 'no_data'
        when {{ max_points }} is null then 'no_points'
        else 'scored'
    end
{%- endmacro %}
