"""Workbooks and lists: identified schools, remarks to senders, what a release changes."""
