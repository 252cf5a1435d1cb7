"""Click's own words in Russian: usage, help and errors of the command line.

Click looks them up with `gettext` in the text domain of the process, for the language that the environment
names; both are set while a command runs. A message that a newer click words otherwise stays English.
"""

from __future__ import annotations

import gettext
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

DOMAIN = "click"
LOCALE = Path(__file__).parent / "locale"


@contextmanager
def russian() -> Iterator[None]:
    """Inside, click speaks Russian, whatever the language of the user's machine."""
    domain, language = gettext.textdomain(), os.environ.get("LANGUAGE")
    gettext.bindtextdomain(DOMAIN, LOCALE)
    gettext.textdomain(DOMAIN)
    os.environ["LANGUAGE"] = "ru"
    try:
        yield
    finally:
        gettext.textdomain(domain)
        os.environ.pop("LANGUAGE")
        if language is not None:
            os.environ["LANGUAGE"] = language
