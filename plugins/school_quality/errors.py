"""Errors that a user can cause; every message says in plain Russian what is wrong and what to do."""

from __future__ import annotations


class SchoolQualityError(Exception):
    """Base of all errors that are shown to the user as one message, without a traceback."""


class UsageError(SchoolQualityError):
    """The command or its parameters make no sense (exit code 2)."""


class Damaged(SchoolQualityError):
    """Something under the data root is not as the system has written it; repair comes first (exit code 1)."""


class Refused(SchoolQualityError):
    """A publication that would undo what readers got meanwhile: their release stays (exit code 1)."""


class NothingToPublish(SchoolQualityError):
    """No accepted assessment result for the years asked: the last release stays (exit code 1)."""


class BuildFailed(SchoolQualityError):
    """dbt did not finish or a data test failed: the last release stays (exit code 1)."""


class PostgresFailed(SchoolQualityError):
    """PostgreSQL refused the copy of a release: the copy before it stays (exit code 1)."""


class PostgresUnavailable(PostgresFailed):
    """PostgreSQL does not answer or went away; trying again may help."""
