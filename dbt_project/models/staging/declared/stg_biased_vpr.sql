{{ landed('biased_vpr', key=["reporting_year", "school_id"]) }}
