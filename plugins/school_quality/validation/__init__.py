"""Validation: the rule catalogue, one Great Expectations suite a dataset, and the run in DuckDB.

``validate`` stands for all of it; Great Expectations (an import of seconds) is loaded on the first call only.
"""

from school_quality.validation.rules import Rule, catalogue, render, rule
from school_quality.validation.run import Failure, RuleResult, Validation, check, validate

__all__ = ["Failure", "Rule", "RuleResult", "Validation", "catalogue", "check", "render", "rule", "validate"]
