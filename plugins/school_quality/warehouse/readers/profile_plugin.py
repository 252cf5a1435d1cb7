"""What dbt-duckdb calls when it has opened a published file: `dbt_project/readers/profiles.yml` names it."""

from __future__ import annotations

from typing import Any

from dbt.adapters.duckdb.plugins import BasePlugin

from school_quality.warehouse.readers.opening import shut


class Plugin(BasePlugin):  # type: ignore[misc]
    """Closes the connection of MetricFlow, whose arguments may carry SQL, to all files but the open one."""

    def configure_connection(self, conn: Any) -> None:
        shut(conn)
