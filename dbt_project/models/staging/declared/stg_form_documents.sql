{{ landed('form_documents', key=["school_id", "reporting_year"]) }}
