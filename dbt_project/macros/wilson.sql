{# Ends of the Wilson interval of numerator / denominator, in percent; null over zero. `z` is the normal quantile. #}
{% macro wilson_low_pct(numerator, denominator, z) -%}
    {{ _wilson_end_pct(numerator, denominator, z, '-') }}
{%- endmacro %}

{% macro wilson_high_pct(numerator, denominator, z) -%}
    {{ _wilson_end_pct(numerator, denominator, z, '+') }}
{%- endmacro %}

{# DuckDB's greatest and least skip nulls: without the condition, an unknown share would get the interval 0-100. #}
{% macro _wilson_end_pct(numerator, denominator, z, side) -%}
    case when {{ denominator }} > 0 and {{ numerator }} is not null then
        greatest(0.0, least(100.0, 100.0 * (
            {{ numerator }} + {{ z }} * {{ z }} / 2.0
            {{ side }} {{ z }} * sqrt(
                {{ numerator }}::double * greatest({{ denominator }} - {{ numerator }}, 0) / {{ denominator }} + {{ z }} * {{ z }} / 4.0
            )
        ) / ({{ denominator }} + {{ z }} * {{ z }})))
    end
{%- endmacro %}
