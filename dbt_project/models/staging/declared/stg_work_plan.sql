{{ landed('work_plan',
    key=["reporting_year", "exam", "grade", "subject", "task", "content_codes", "requirement_codes"]
) }}
