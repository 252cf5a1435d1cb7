{{ landed('task_completion', key=["school_id", "reporting_year", "grade", "subject", "task"]) }}
