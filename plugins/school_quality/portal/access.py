"""Who may see what, by the rights that Airflow's own login gives, and the record of who opened what.

Every route needs a login. A viewer sees what is published; whoever may start the intake of files (from
Airflow's role User upwards) is staff of the centre and sees remarks and technical pages, too.
"""

from __future__ import annotations

import json
import logging
from typing import Annotated, Any

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.resource_details import (
    AccessView,
    DagAccessEntity,
    DagDetails,
)
from airflow.api_fastapi.core_api.security import get_user
from airflow.models.log import Log
from airflow.utils.session import create_session
from fastapi import Depends, HTTPException

log = logging.getLogger(__name__)

FOR_STAFF = "Эта страница для сотрудников центра: нужна роль User или выше."

EVENT = "school_quality.open"
"""What Airflow's audit log (Browse, Audit Log) calls the opening of a document."""


def reader(user: Annotated[Any, Depends(get_user)]) -> str:
    """The name of a user who may see what is published. Raises 401 or 403."""
    if not get_auth_manager().is_authorized_view(access_view=AccessView.WEBSITE, user=user):
        raise HTTPException(403, "Нет права смотреть эту страницу.")
    return str(user.get_name())


def is_staff(user: Annotated[Any, Depends(get_user)]) -> bool:
    """Whether a user may start the intake of files. Raises 401 without a login."""
    return get_auth_manager().is_authorized_dag(
        method="POST",
        access_entity=DagAccessEntity.RUN,
        details=DagDetails(id="ingest_inbox"),
        user=user,
    )


def staff(user: Annotated[Any, Depends(get_user)], may_start: Annotated[bool, Depends(is_staff)]) -> str:
    """The name of a user who may start the intake of files. Raises 401 or 403."""
    if not may_start:
        raise HTTPException(403, FOR_STAFF)
    return str(user.get_name())


Reader = Annotated[str, Depends(reader)]
Staff = Annotated[str, Depends(staff)]
IsStaff = Annotated[bool, Depends(is_staff)]


def opened(user: str, document: str) -> None:
    """Record that a user opened a document: a line of the server's log and one of Airflow's audit log."""
    log.info("%s opened %s", user, document)
    with create_session() as session:
        extra = json.dumps({"document": document}, ensure_ascii=False)
        session.add(Log(event=EVENT, owner=user, owner_display_name=user, extra=extra))
