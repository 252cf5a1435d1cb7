"""Validation: the rule catalogue, one Great Expectations suite a dataset, the run in DuckDB, and Data Docs.

Great Expectations (an import of seconds) is loaded where a batch has rows to judge, and nowhere else.
"""

from school_quality.validation.docs import keep, write_index
from school_quality.validation.rules import Rule, catalogue, render, rule
from school_quality.validation.run import Failure, Validation, check, check_keys, validate

__all__ = [
    "Failure",
    "Rule",
    "Validation",
    "catalogue",
    "check",
    "check_keys",
    "keep",
    "render",
    "rule",
    "validate",
    "write_index",
]
