{{ landed('thresholds', key=["reporting_year", "exam", "subject"]) }}
