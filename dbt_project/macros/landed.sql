{#
    Rows of a dataset that are in force at `receipt_seq`: those of the effective receipts, and of the rows with the
    same key the one whose file came last in the order of corrections. Without a key all effective rows.
#}
{% macro landed(dataset, key=none) %}
    select
        landed_rows.*,
        receipts.order_seq
    from {{ source('landed', dataset) }} as landed_rows
    inner join {{ ref('stg_receipts') }} as receipts on landed_rows.seq = receipts.seq
    {%- if key %}
    qualify
        row_number() over (
            partition by {{ key | join(', ') }}
            order by receipts.order_seq desc, landed_rows.seq desc, landed_rows.row_number desc
        ) = 1
    {%- endif %}
{% endmacro %}
