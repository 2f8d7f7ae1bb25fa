"""The ASGI application: ``uvicorn --factory deployments.web.app:make_app``, or `uplift serve`."""
from __future__ import annotations

import logging
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from deployments.web.guards import Guarded
from deployments.web.hooks import routes
from tasks.model.errors import UserError
from tasks.wire.home import find_home
from tasks.wire.store import Store

log = logging.getLogger("uplift.web")


def make_app(home: Path | None = None, store: Store | None = None) -> Guarded:
    """Raises UserError where UPLIFT_HOME or the case database cannot be used."""
    place = find_home(home)
    opened = store or Store.open(home=place)
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.include_router(routes(opened, place))

    @app.get("/healthz")
    async def healthy() -> dict[str, str]:
        return {"status": "ok"}

    @app.exception_handler(HTTPException)
    async def told(request: Request, error: HTTPException) -> JSONResponse:
        return JSONResponse({"error": {"code": "http", "message": str(error.detail)}}, error.status_code)

    @app.exception_handler(UserError)
    async def unable(request: Request, error: UserError) -> JSONResponse:
        """Ours to mend: the sender comes again, and learns nothing of the site."""
        log.error("%s %s: %s", request.method, request.url.path, error)
        return JSONResponse({"error": {"code": "unavailable", "message": "try again later"}}, 503,
                            headers={"Retry-After": "60"})

    return Guarded(app)
