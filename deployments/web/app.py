"""The ASGI application: ``uvicorn --factory deployments.web.app:make_app``, or `uplift serve`."""
from __future__ import annotations

import logging
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from deployments.web.guards import Guarded, Pace
from deployments.web.hooks import routes
from deployments.web.page import FORMS_PER_MINUTE, Pages, page_routes
from deployments.web.page_access import Refusal, Why
from deployments.web.page_answers import answer_routes
from deployments.web.page_render import refused
from deployments.web.page_words import asked_language
from tasks.model.errors import UserError
from tasks.wire.home import find_home
from tasks.wire.store import Store
from tasks.wire.tickets.settings import settings_file

log = logging.getLogger("uplift.web")


def make_app(home: Path | None = None, store: Store | None = None) -> Guarded:
    """Raises UserError where UPLIFT_HOME or the case database cannot be used."""
    place = find_home(home)
    return Guarded(make_api(place, store or Store.open(home=place)))


def make_api(home: Path, store: Store, *, forms_per_minute: int = FORMS_PER_MINUTE) -> FastAPI:
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    if settings_file(home).exists():            # a site may serve the page alone
        app.include_router(routes(store, home))
    pages = Pages(store, home, Pace(forms_per_minute))
    app.include_router(page_routes(pages))
    app.include_router(answer_routes(pages))

    @app.get("/healthz")
    async def healthy() -> dict[str, str]:
        return {"status": "ok"}

    app.add_exception_handler(HTTPException, _told)             # type: ignore[arg-type]
    app.add_exception_handler(Refusal, _refused)                # type: ignore[arg-type]
    app.add_exception_handler(UserError, _unable)               # type: ignore[arg-type]
    return app


def _for_people(request: Request) -> bool:
    return request.url.path.startswith("/case/")


def _language(request: Request) -> str:
    return asked_language(request.headers.get("accept-language", ""))


async def _told(request: Request, error: HTTPException) -> Response:
    if _for_people(request):
        return refused(error.status_code, Why.UNKNOWN_PAGE, _language(request))
    return JSONResponse({"error": {"code": "http", "message": str(error.detail)}}, error.status_code,
                        headers=error.headers)


async def _refused(request: Request, refusal: Refusal) -> Response:
    return refused(refusal.status, refusal.why, refusal.language or _language(request), refusal.back)


async def _unable(request: Request, error: UserError) -> Response:
    """Ours to mend: the sender comes again, and learns nothing of the site. A link's token is never logged."""
    route = request.scope.get("route")
    log.error("%s %s: %s", request.method, getattr(route, "path", "(no route)"), error)
    if _for_people(request):
        return refused(503, Why.UNAVAILABLE, _language(request))
    return JSONResponse({"error": {"code": "unavailable", "message": "try again later"}}, 503,
                        headers={"Retry-After": "60"})
