{{ landed('official_list', key=[
    "reporting_year", "list_kind", "school_id",
    "case when landed_rows.school_id is null then landed_rows.municipality_id end"
]) }}
