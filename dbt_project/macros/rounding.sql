{# Whole percent of two counts, rounded half up without leaving the integers: 31 of 200 is 15.5, so 16. #}
{% macro half_up_pct(numerator, denominator) -%}
    ((200 * ({{ numerator }}) + ({{ denominator }})) // (2 * ({{ denominator }})))
{%- endmacro %}

{# Whole percent of a printed percentage (a decimal), rounded half up. #}
{% macro half_up_printed_pct(pct) -%}
    floor(({{ pct }})::decimal(12, 4) + 0.5)::bigint
{%- endmacro %}

{# Sign of a difference of means or indices: -1, 0, 1; `tolerance` is the magnitude below which it is no difference. #}
{% macro sign_of(difference, tolerance) -%}
    case
        when abs({{ difference }}) < {{ tolerance }} then 0
        when {{ difference }} > 0 then 1
        when {{ difference }} < 0 then -1
    end
{%- endmacro %}
