{{ landed('form_methodical', key=["school_id", "reporting_year"]) }}
