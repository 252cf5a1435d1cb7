"""Configuration of Apache Superset for the dashboards of this project.

Secrets come from the environment and have no default: ``SUPERSET_SECRET_KEY`` signs sessions and encrypts the
passwords of data sources. ``SUPERSET_DATABASE_URL`` is where Superset keeps its users and dashboards, by
default a file in ``SUPERSET_HOME``. Nothing on its pages is loaded from other hosts.
"""

import os
from threading import Lock
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine

SECRET_KEY = os.environ["SUPERSET_SECRET_KEY"]
SQLALCHEMY_DATABASE_URI = (
    os.environ.get("SUPERSET_DATABASE_URL") or f"sqlite:///{os.environ['SUPERSET_HOME']}/superset.db"
)

APP_NAME = "Качество образования"
LANGUAGES = {"ru": {"flag": "ru", "name": "Русский"}, "en": {"flag": "us", "name": "English"}}
BABEL_DEFAULT_LOCALE = "ru"
D3_FORMAT = {"decimal": ",", "thousands": "\u00a0", "grouping": [3], "currency": ["", "\u00a0₽"]}
D3_TIME_FORMAT = {
    "dateTime": "%d.%m.%Y %H:%M",
    "date": "%d.%m.%Y",
    "time": "%H:%M:%S",
    "periods": ["", ""],
    "days": ["воскресенье", "понедельник", "вторник", "среда", "четверг", "пятница", "суббота"],
    "shortDays": ["вс", "пн", "вт", "ср", "чт", "пт", "сб"],
    "months": [
        *("январь", "февраль", "март", "апрель", "май", "июнь"),
        *("июль", "август", "сентябрь", "октябрь", "ноябрь", "декабрь"),
    ],
    "shortMonths": ["янв", "фев", "мар", "апр", "май", "июн", "июл", "авг", "сен", "окт", "ноя", "дек"],
}

# No answer of the database is kept: what people see is the release that is published now.
CACHE_CONFIG = DATA_CACHE_CONFIG = {"CACHE_TYPE": "NullCache"}
ROW_LIMIT = SQL_MAX_ROW = 50_000

# Every chart is drawn at once, also the ones that must be scrolled to: a dashboard is printed whole. With the
# flag on a busy browser leaves rows empty: it tells in one message that a row was out of sight and is now in
# sight, of which Superset 6.1 reads the first half (tests/e2e/test_superset.py shows it).
FEATURE_FLAGS = {"DASHBOARD_VIRTUALIZATION": False}

# Behind a reverse proxy with TLS; forms are protected, cookies stay with this site.
ENABLE_PROXY_FIX = True
WTF_CSRF_ENABLED = True
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = os.environ.get("SUPERSET_IS_BEHIND_TLS") == "1"
TALISMAN_ENABLED = True
TALISMAN_CONFIG = {
    "content_security_policy": {
        "base-uri": ["'self'"],
        "default-src": ["'self'"],
        "img-src": ["'self'", "blob:", "data:"],
        "worker-src": ["'self'", "blob:"],
        "connect-src": ["'self'"],
        "object-src": "'none'",
        "style-src": ["'self'", "'unsafe-inline'"],
        "font-src": ["'self'", "data:"],
        "script-src": ["'self'", "'strict-dynamic'"],
    },
    "content_security_policy_nonce_in": ["script-src"],
    "force_https": False,  # the proxy does that
    "session_cookie_secure": SESSION_COOKIE_SECURE,
}

_ONE_AT_A_TIME = Lock()


@event.listens_for(Engine, "connect")
def shut(connection: Any, record: Any) -> None:
    """Leave a query upon the DuckDB file no file of the machine, neither to read nor to write.

    The address switches external access off, which still lets COPY write over the open file (checked on 1.5).
    """
    if type(connection).__module__ != "duckdb_engine":
        return
    with _ONE_AT_A_TIME:  # connections of a process to one file share its settings
        cursor = connection.cursor()
        cursor.execute("select current_setting('lock_configuration')")
        if cursor.fetchone() == (False,):
            cursor.execute("set disabled_filesystems = 'LocalFileSystem'")
            cursor.execute("set lock_configuration = true")
