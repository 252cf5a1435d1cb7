"""What a release says otherwise than another, and why: the steps of `sql`, started by `changes`."""
