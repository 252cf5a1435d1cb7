{{ landed('form_practices', key=["school_id", "reporting_year", "indicator_codes", "practice"]) }}
