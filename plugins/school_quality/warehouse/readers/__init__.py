"""Doors for SQL of others: read-only, and shut to the files of the machine."""
