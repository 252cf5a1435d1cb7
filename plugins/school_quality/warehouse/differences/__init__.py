"""What a release says otherwise than another, and why."""
