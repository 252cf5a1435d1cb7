{{ landed('form_pupils', key=["school_id", "reporting_year", "quarter"]) }}
