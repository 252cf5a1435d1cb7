"""Validation: the rule catalogue, one Great Expectations suite a dataset, the run in DuckDB, and Data Docs.

``validate`` stands for all of it; Great Expectations (an import of seconds) is loaded only where a row breaks
a rule, or where Data Docs are built.
"""

from school_quality.validation.docs import data_docs, keep
from school_quality.validation.rules import Rule, catalogue, render, rule
from school_quality.validation.run import Failure, RuleResult, Validation, check, check_keys, validate

__all__ = [
    "Failure",
    "Rule",
    "RuleResult",
    "Validation",
    "catalogue",
    "check",
    "check_keys",
    "data_docs",
    "keep",
    "render",
    "rule",
    "validate",
]
