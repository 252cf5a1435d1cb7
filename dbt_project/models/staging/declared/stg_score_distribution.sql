{{ landed('score_distribution', key=["school_id", "reporting_year", "grade", "subject", "score"]) }}
