{{ landed('form_roadmap', key=["item", "school_id", "municipality_id", "reporting_year", "quarter"]) }}
