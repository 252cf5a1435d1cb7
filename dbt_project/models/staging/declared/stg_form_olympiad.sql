{{ landed('form_olympiad', key=["school_id", "reporting_year"]) }}
