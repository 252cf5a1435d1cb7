"""Import the assets of a folder into Superset, whose data source is named by ``SCHOOL_QUALITY_BI_DATA``.

The address is not in the assets: it may hold a password, which Superset keeps encrypted. Roles, and the first
user (``SUPERSET_ADMIN``, ``SUPERSET_ADMIN_PASSWORD``), are made here too; a user who is there keeps his
password.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import yaml
from superset.app import create_app

VIEWERS = "Чтение панелей"
"""The role of people who look: Superset's own for them, Gamma, and the data of the assets."""


def contents(folder: Path, url: str) -> dict[str, str]:
    """The files of the folder by their relative path, with the address in place."""
    found = {}
    for path in sorted(folder.rglob("*.yaml")):
        name, text = path.relative_to(folder).as_posix(), path.read_text(encoding="utf-8")
        if name.startswith("databases/"):
            text = yaml.safe_dump({**yaml.safe_load(text), "sqlalchemy_uri": url}, allow_unicode=True)
        found[name] = text
    return found


def main() -> None:
    app = create_app()
    with app.app_context():
        from superset import appbuilder, security_manager
        from superset.commands.importers.v1.assets import ImportAssetsCommand
        from superset.utils.core import override_user

        appbuilder.add_permissions(update_perms=True)
        security_manager.sync_role_definitions()
        name = os.environ["SUPERSET_ADMIN"]
        user = security_manager.find_user(name)
        if user is None:
            role = security_manager.find_role("Admin")
            email = os.environ.get("SUPERSET_ADMIN_EMAIL") or f"{name}@localhost"
            password = os.environ["SUPERSET_ADMIN_PASSWORD"]
            user = security_manager.add_user(name, name, "", email, role, password)
        with override_user(user):
            assets = contents(Path(sys.argv[1]), os.environ["SCHOOL_QUALITY_BI_DATA"])
            ImportAssetsCommand(assets).run()
        _let_viewers_read(security_manager, assets)


def _let_viewers_read(security_manager: Any, assets: dict[str, str]) -> None:
    """Make the role `VIEWERS`, or bring it up to date."""
    from superset import db
    from superset.models.core import Database

    ours = [yaml.safe_load(text)["uuid"] for name, text in assets.items() if name.startswith("databases/")]
    viewers = security_manager.add_role(VIEWERS)
    viewers.permissions = [
        *security_manager.find_role("Gamma").permissions,
        *(
            security_manager.add_permission_view_menu("database_access", database.perm)
            for database in db.session.query(Database).filter(Database.uuid.in_(ours))
        ),
    ]
    db.session.commit()


if __name__ == "__main__":
    main()
