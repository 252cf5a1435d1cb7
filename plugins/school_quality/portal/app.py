"""The web application behind the page: routes, each with the right that it needs.

It is mounted by Airflow below `PREFIX`. Pages link relatively, so that they work behind any proxy prefix.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from pathlib import Path

from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.responses import FileResponse, HTMLResponse, PlainTextResponse, Response

from school_quality.errors import SchoolQualityError
from school_quality.portal import documents, pages
from school_quality.portal.access import FOR_STAFF, IsStaff, Reader, Staff, opened, reader
from school_quality.settings import Settings

PREFIX = "/schools"

_NO_SCRIPTS = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; font-src data:; form-action 'none'"
)
_FRAME = f"{_NO_SCRIPTS}; frame-src 'self'"
_SITE = (  # its scripts are files of the release; they sort and search, and may not call anything
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "form-action 'none'; base-uri 'none'"
)
_SITES = ("site/", "open/site/")
_DBT_DOCS = (  # it is one large script; the sandbox keeps it from using the login
    "default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; style-src 'unsafe-inline'; "
    "img-src data: blob:; font-src data:; sandbox allow-scripts allow-popups"
)


DAMAGED = "Выпуск повреждён, показать его нельзя. Скажите администратору: school-quality doctor"

log = logging.getLogger(__name__)


def create_app(settings: Settings | None = None) -> FastAPI:
    """The application over one data root, by default that of the environment.

    Documentation routes of FastAPI are off: they would not ask for a login.
    """
    where = settings or Settings.load()
    app = FastAPI(
        title="Школы", docs_url=None, redoc_url=None, openapi_url=None, dependencies=[Depends(reader)]
    )

    @app.middleware("http")
    async def protect(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        response = await call_next(request)
        response.headers.setdefault("Content-Security-Policy", _NO_SCRIPTS)
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Cache-Control"] = "private, no-store"
        response.headers["Referrer-Policy"] = "same-origin"
        return response

    @app.exception_handler(HTTPException)
    async def refuse(request: Request, error: HTTPException) -> Response:
        return PlainTextResponse(error.detail, error.status_code)

    @app.exception_handler(SchoolQualityError)
    async def tell(request: Request, error: SchoolQualityError) -> Response:
        log.error("a page could not be made: %s", error)
        return PlainTextResponse(DAMAGED, 503)

    @app.get("/")
    def release(user: Reader, may_all: IsStaff, municipality: str | None = None) -> HTMLResponse:
        return HTMLResponse(pages.release_page(where, is_staff=may_all, municipality=municipality))

    @app.get("/missing")
    def missing(user: Reader, may_all: IsStaff) -> HTMLResponse:
        return HTMLResponse(pages.missing_page(where, is_staff=may_all))

    @app.get("/releases/{release_id}/{name:path}")
    def document(request: Request, user: Reader, may_all: IsStaff, release_id: str, name: str) -> Response:
        path = documents.published(where, release_id, name)
        if path is not None and documents.is_for_staff(path) and not may_all:
            raise HTTPException(403, FOR_STAFF)
        content: Path | str | None = path
        if path is not None and path.suffix == ".html":
            content = documents.with_way_back(path.read_text(encoding="utf-8"), "../" * (name.count("/") + 2))
        policy = _SITE if name.startswith(_SITES) else None
        is_own_tab = request.headers.get("sec-fetch-dest") == "document"
        return _hand_out(user, f"{release_id}/{name}", content, policy, shows_pdf=is_own_tab)

    @app.get("/remarks")
    def remarks(user: Staff) -> HTMLResponse:
        return HTMLResponse(pages.remarks_page(where))

    @app.get("/remarks/{name}")
    def workbook(user: Staff, name: str) -> Response:
        from school_quality.reporting.lists.remarks import remarks_dir

        return _hand_out(user, f"remarks/{name}", documents.within(remarks_dir(where), name))

    @app.get("/data-docs")
    def data_docs_frame(user: Staff) -> HTMLResponse:
        return _framed("data_docs", "data-docs/index.html")

    @app.get("/data-docs/{name}")
    def data_docs(user: Staff, name: str) -> Response:
        from school_quality.validation.docs import data_docs_dir

        return _hand_out(user, f"data-docs/{name}", documents.within(data_docs_dir(where), name))

    @app.get("/dbt-docs")
    def dbt_docs_frame(user: Staff) -> HTMLResponse:
        return _framed("dbt_docs", "dbt-docs/page")

    @app.get("/dbt-docs/page")
    def dbt_docs(user: Staff) -> Response:
        return _hand_out(
            user, "dbt-docs", pages.dbt_docs(where), _DBT_DOCS, missing="Хранилище ещё не строилось."
        )

    @app.get("/timings")
    def timings(user: Staff) -> HTMLResponse:
        return HTMLResponse(pages.timings_page(where))

    return app


def _framed(name: str, source: str) -> HTMLResponse:
    """A page of others inside one of ours, which has the way back; each keeps its own restrictions."""
    page = pages.framed_page(name, source)
    return HTMLResponse(page, headers={"Content-Security-Policy": _FRAME})


def _hand_out(
    user: str,
    document: str,
    content: Path | str | None,
    policy: str | None = None,
    *,
    shows_pdf: bool = False,
    missing: str = "Такого документа нет.",
) -> Response:
    """The one way out of a document: a file, or the text of a page; 404 says ``missing`` where there is none.

    That it was opened is recorded. ``policy`` replaces the one that forbids all scripts. A PDF is shown only
    to a browser that says it opens it in a tab of its own: Airflow's menu puts the pages into a sandboxed
    frame, where Chromium refuses to show a PDF at all and new tabs are forbidden.
    """
    if content is None:
        raise HTTPException(404, missing)
    suffix = ".html" if isinstance(content, str) else content.suffix
    is_part = policy is not None and suffix in documents.PARTS_OF_PAGES
    if not is_part:
        opened(user, document)
    headers = {"Content-Security-Policy": policy} if policy else {}
    if isinstance(content, str):
        return HTMLResponse(content, headers={**headers, "Content-Disposition": "inline"})
    is_shown = is_part or suffix == ".html" or (suffix == ".pdf" and shows_pdf)
    return FileResponse(
        content,
        filename=content.name,
        content_disposition_type="inline" if is_shown else "attachment",
        headers=headers,
    )
