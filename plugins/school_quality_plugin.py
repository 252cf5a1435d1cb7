"""Airflow UI plugin: «Школы» in the menu. Everything else is in `school_quality.portal`."""

from __future__ import annotations

from typing import Any, ClassVar
from urllib.parse import urlsplit

from airflow.configuration import conf
from airflow.plugins_manager import AirflowPlugin

from school_quality.portal.app import PREFIX, create_app

_BASE = urlsplit(conf.get("api", "base_url", fallback="/")).path.rstrip("/")


class SchoolQualityPlugin(AirflowPlugin):
    """The application, and its place in the menu."""

    name = "school_quality"
    fastapi_apps: ClassVar[list[Any]] = [{"app": create_app(), "url_prefix": PREFIX, "name": "Школы"}]
    external_views: ClassVar[list[Any]] = [
        {
            "name": "Школы",
            "href": f"{_BASE}{PREFIX}/",
            "destination": "nav",
            "url_route": "schools",
            "nav_top_level": True,
        }
    ]
