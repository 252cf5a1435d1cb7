{{ landed('school_register', key=["school_id"]) }}
