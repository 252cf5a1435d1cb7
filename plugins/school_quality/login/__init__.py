"""Airflow's logins with one rule more: what is for the staff of the centre is in nobody else's reach.

Airflow lets a viewer read the logs and values of every task, the record of who did what, and the code; there
stand the names of files and the reasons why they were rejected. Under these logins somebody who may not start
the intake of files sees the page «Школы» and nothing of Airflow itself. `fab` is for a deployment, `simple`
for ``make up``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from airflow.api_fastapi.auth.managers.models.resource_details import (
    AccessView,
    DagAccessEntity,
    DagDetails,
)

FOR_EVERYBODY = {AccessView.WEBSITE, AccessView.PLUGINS}
"""Views that the page and its place in the menu need."""

_OPEN = {"is_authorized_view", "is_authorized_custom_view"}
"""The first is judged by itself; the others are a login's own pages, such as that of one's password."""


class StaffOnly:
    """Put before an auth manager of Airflow, this closes it to all but the staff."""

    def is_staff(self, user: Any) -> bool:
        """Whether the login under this one lets ``user`` start the intake of files."""
        allowed: bool = super().is_authorized_dag(  # type: ignore[misc]
            method="POST", access_entity=DagAccessEntity.RUN, details=DagDetails(id="ingest_inbox"), user=user
        )
        return allowed

    def is_authorized_view(self, *, access_view: AccessView, user: Any, **more: Any) -> bool:
        """Pages of Airflow: those of `FOR_EVERYBODY`, and the others for the staff."""
        if access_view not in FOR_EVERYBODY and not self.is_staff(user):
            return False
        allowed: bool = super().is_authorized_view(access_view=access_view, user=user, **more)  # type: ignore[misc]
        return allowed

    def __init_subclass__(cls) -> None:
        """Close every question of rights that the login knows, also one that a later version adds."""
        for name in dir(cls):
            if name.startswith(("is_authorized_", "batch_is_authorized_")) and name not in _OPEN:
                setattr(cls, name, _for_staff(name, bool))
            elif name.startswith(("get_authorized_", "filter_authorized_")):
                setattr(cls, name, _for_staff(name, list if name.endswith("menu_items") else set))


def _for_staff(name: str, nothing: Callable[[], Any]) -> Callable[..., Any]:
    def asked(self: StaffOnly, *arguments: Any, user: Any, **more: Any) -> Any:
        if not self.is_staff(user):
            return nothing()
        return getattr(super(StaffOnly, self), name)(*arguments, user=user, **more)

    return asked
