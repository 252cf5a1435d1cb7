{# An aggregate of doubles (sum, avg, stddev_pop), in the order of their values. Threads meet rows in any order, and a
   sum of doubles has other last digits in another order: so two builds of the same receipts are equal to the bit. #}
{% macro in_order(aggregate, value) -%}
    list_{{ aggregate }}(list({{ value }} order by {{ value }}))
{%- endmacro %}
