"""Releases: how one is published, what is in force, what is damaged, how it is proved."""
