{{ landed('form_teacher_courses', key=["school_id", "reporting_year", "half_year"]) }}
