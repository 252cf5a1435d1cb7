{{ landed('mark_scale', key=["reporting_year", "exam", "grade", "subject"]) }}
