{{ landed('journal_comparison', key=["school_id", "reporting_year", "grade", "subject", "outcome"]) }}
