{{ landed('vpr_marks', key=["school_id", "reporting_year", "grade", "subject"]) }}
