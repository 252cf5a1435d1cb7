{{ landed('social_index', key=["school_id", "reporting_year"]) }}
