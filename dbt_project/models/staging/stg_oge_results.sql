{{ config(materialized='view') }}

-- Corrections are settled in int_results__exam_rows: only pupils with several rows need it.
{{ landed('oge_results') }}
