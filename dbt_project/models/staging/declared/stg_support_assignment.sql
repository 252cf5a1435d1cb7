{{ landed('support_assignment', key=["school_id", "role", "organisation", "valid_from"]) }}
