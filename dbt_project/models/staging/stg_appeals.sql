{{ landed('appeals', key=["exam", "pupil_id", "subject", "reporting_year", "exam_date"]) }}
