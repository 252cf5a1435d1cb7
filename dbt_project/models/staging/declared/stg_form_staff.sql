{{ landed('form_staff', key=["school_id", "reporting_year"]) }}
