"""The login of ``make up``: users in a setting, passwords in a file."""

from __future__ import annotations

from airflow.api_fastapi.auth.managers.simple.simple_auth_manager import SimpleAuthManager

from school_quality.login import StaffOnly


class Login(StaffOnly, SimpleAuthManager):
    """Airflow's simple one, closed to all but the staff."""
