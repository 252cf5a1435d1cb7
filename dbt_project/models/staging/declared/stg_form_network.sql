{{ landed('form_network', key=["school_id", "reporting_year", "quarter"]) }}
