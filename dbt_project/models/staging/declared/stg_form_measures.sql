{{ landed('form_measures', key=["school_id", "reporting_year", "indicator_codes", "measure"]) }}
