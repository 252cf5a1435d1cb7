{{ landed('procedure_results', key=["school_id", "reporting_year", "exam", "subject", "grade"]) }}
