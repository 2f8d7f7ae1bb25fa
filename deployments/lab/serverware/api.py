"""The REST interface: token, envelope, endpoints. Faults that a test asked for are met before anything is begun."""
from __future__ import annotations

import asyncio
import hmac
from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from deployments.lab.serverware import faults, records
from deployments.lab.serverware.config import faults_file
from deployments.lab.serverware.faults import Fault
from deployments.lab.serverware.register import BusyError, Served
from deployments.lab.serverware.work import Work
from tasks.model.profile_serverware import Action

_NEVER_S = 3600.0
Reply = JSONResponse


class Daemonize(BaseModel):
    """Long actions are only begun: the real one may also wait, which nobody wants of a clone."""

    model_config = ConfigDict(extra="forbid")

    daemonize: bool = True


class CloneOrder(Daemonize):
    name: str
    description: str = ""


class RestoreOrder(Daemonize):
    clone: str


def make_app(work: Work, token: str) -> FastAPI:
    """The service. Every request needs ``token``; every answer is ``{"data", "status"}`` or ``{"Error"}``."""

    def checked(request: Request) -> None:
        given = request.headers.get("SW-API-Token", "")
        if not hmac.compare_digest(given.encode(), token.encode()):
            raise HTTPException(401, "Invalid token")

    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, dependencies=[Depends(checked)])
    app.include_router(_reads(work), prefix="/api/networks/1")
    app.include_router(_actions(work), prefix="/api/networks/1")

    @app.exception_handler(HTTPException)
    async def told(request: Request, error: HTTPException) -> Reply:
        return Reply({"Error": str(error.detail)}, error.status_code)

    @app.exception_handler(RequestValidationError)
    async def malformed(request: Request, error: RequestValidationError) -> Reply:
        first = error.errors()[0]
        return Reply({"Error": f"{'.'.join(map(str, first['loc']))}: {first['msg']}"}, 422)

    @app.exception_handler(BusyError)
    async def busy(request: Request, error: BusyError) -> Reply:
        return Reply({"Error": str(error)}, 409)

    return app


def _reads(work: Work) -> APIRouter:
    router = APIRouter()

    @router.get("/hosts")
    def hosts() -> dict[str, Any]:
        return _data([records.HOST])

    @router.get("/vpses")
    def vpses() -> dict[str, Any]:
        return _data([records.vps(work, served) for served in work.register.all()])

    @router.get("/vpses/{vps_id}")
    def one(vps_id: str) -> dict[str, Any]:
        return _data(records.vps(work, _found(work, vps_id)))

    @router.get("/storage")
    def storage() -> dict[str, Any]:
        return _data(records.storage(work))

    @router.get("/storage/volumes")
    def volumes() -> dict[str, Any]:
        return _data(records.volumes(work))

    return router


def _actions(work: Work) -> APIRouter:
    router = APIRouter()

    async def act(action: Action, vps_id: str, begin: Callable[[Served], Served | None]) -> Reply:
        served = _found(work, vps_id)
        fault = faults.read(faults_file(work.layout)).of(action, vps_id)
        if fault is Fault.REFUSE:
            raise HTTPException(500, f"{action} is not possible now (root password {served.root_password})")
        if fault is not Fault.DEAF:
            new = await run_in_threadpool(begin, served)
        if fault in (Fault.DEAF, Fault.MUTE):
            await asyncio.sleep(_NEVER_S)
        return Reply(_data({"id": new.id} if new else {}), 202)

    @router.post("/vpses/{vps_id}/restart")
    async def restart(vps_id: str, order: Daemonize) -> Reply:
        return await act(Action.RESTART, vps_id, lambda vps: _none(work.restart(vps)))

    @router.post("/vpses/{vps_id}/stop")
    async def stop(vps_id: str, order: Daemonize) -> Reply:
        return await act(Action.STOP, vps_id, lambda vps: _none(work.stop(vps)))

    @router.post("/vpses/{vps_id}/start")
    async def start(vps_id: str, order: Daemonize) -> Reply:
        return await act(Action.START, vps_id, lambda vps: _none(work.start(vps)))

    @router.post("/vpses/{vps_id}/clone")
    async def clone(vps_id: str, order: CloneOrder) -> Reply:
        if not work.can_be_cloned(_found(work, vps_id)):
            raise HTTPException(422, f"VPS {vps_id} has a small file system of its own, which cannot be cloned")
        return await act(Action.CLONE, vps_id, lambda vps: work.clone(vps, order.name, order.description))

    @router.post("/vpses/{vps_id}/restore")
    async def restore(vps_id: str, order: RestoreOrder) -> Reply:
        source = _found(work, order.clone)
        if source.origin != vps_id:
            raise HTTPException(409, f"VPS {order.clone} is not a clone of VPS {vps_id}")
        return await act(Action.RESTORE, vps_id, lambda vps: _none(work.restore(vps, source)))

    @router.delete("/vpses/{vps_id}")
    async def delete(vps_id: str) -> Reply:
        if _found(work, vps_id).origin is None:
            raise HTTPException(403, f"VPS {vps_id} is not a clone")
        return await act(Action.DELETE_CLONE, vps_id, lambda vps: _none(work.delete(vps)))

    return router


def _found(work: Work, vps_id: str) -> Served:
    served = work.register.get(vps_id)
    if served is None:
        raise HTTPException(404, f"VPS {vps_id} does not exist")
    return served


def _data(data: object) -> dict[str, Any]:
    return {"data": data, "status": "success"}


def _none(task: object) -> None:
    """Only a clone gives something new."""
