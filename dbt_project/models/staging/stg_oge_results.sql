{{ config(materialized='view') }}

-- Corrections are settled in int_results__gia: only pupils with several rows need it.
{{ landed('oge_results') }}
