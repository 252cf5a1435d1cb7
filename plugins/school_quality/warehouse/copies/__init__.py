"""Copies of a release in other databases."""
