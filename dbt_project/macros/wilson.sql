{# Ends of the Wilson interval of numerator / denominator, in percent; null over zero. `z` is the normal quantile. #}
{% macro wilson_low_pct(numerator, denominator, z) -%}
    greatest(0.0, {{ _wilson_end_pct(numerator, denominator, z, '-') }})
{%- endmacro %}

{% macro wilson_high_pct(numerator, denominator, z) -%}
    least(100.0, {{ _wilson_end_pct(numerator, denominator, z, '+') }})
{%- endmacro %}

{% macro _wilson_end_pct(numerator, denominator, z, side) -%}
    case when {{ denominator }} > 0 then
        100.0 * (
            {{ numerator }} + {{ z }} * {{ z }} / 2.0
            {{ side }} {{ z }} * sqrt(
                {{ numerator }}::double * ({{ denominator }} - {{ numerator }}) / {{ denominator }} + {{ z }} * {{ z }} / 4.0
            )
        ) / ({{ denominator }} + {{ z }} * {{ z }})
    end
{%- endmacro %}
