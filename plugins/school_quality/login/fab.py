"""The login of a deployment: users and roles in Airflow's database, managed in its menu Security."""

from __future__ import annotations

from airflow.providers.fab.auth_manager.fab_auth_manager import FabAuthManager

from school_quality.login import StaffOnly


class Login(StaffOnly, FabAuthManager):
    """Flask-AppBuilder's, closed to all but the staff."""
