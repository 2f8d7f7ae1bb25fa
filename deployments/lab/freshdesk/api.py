"""The REST interface: basic auth, budget of requests, pages with Link, errors in Freshdesk's shapes, webhooks."""
from __future__ import annotations

import asyncio
import base64
import hmac
import json
import re
import time
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

import httpx
from fastapi import BackgroundTasks, FastAPI, Request
from fastapi.responses import JSONResponse, Response

from deployments.lab.detached import write_atomically
from deployments.lab.freshdesk.config import DeskConfig, Fault, Faults
from deployments.lab.freshdesk.desk import Desk, Invalid, Missing, Row

LAST_PAGE = 300             # of the ticket list (airbyte#3858)
Next = Callable[[Request], Awaitable[Response]]


class Budget:
    """Requests of the running minute; invalid ones count as well."""

    def __init__(self, per_minute: int) -> None:
        self.total, self._began, self._used = per_minute, 0.0, 0

    def take(self) -> tuple[int, int]:
        """What remains, below 0 where it is used up, and the seconds until it is renewed."""
        now = time.monotonic()
        if now - self._began >= 60:
            self._began, self._used = now, 0
        self._used += 1
        return self.total - self._used, max(1, round(60 - (now - self._began)))


def make_app(config: DeskConfig) -> FastAPI:
    desk, budget = Desk(config.state_file, config.agents), Budget(config.per_minute)
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    right = b"Basic " + base64.b64encode(f"{config.key}:".encode())

    @app.middleware("http")
    async def guarded(request: Request, go_on: Next) -> Response:
        remains, renewed_s = budget.take()
        given = request.headers.get("Authorization", "").encode()
        if not hmac.compare_digest(_user(given), _user(right)):
            return JSONResponse({"code": "invalid_credentials",
                                 "message": "You have to be logged in to perform this action."}, 401)
        if remains < 0:
            return Response(status_code=429, headers={"Retry-After": str(renewed_s)})
        fault = _fault(config, request)
        if fault is not None and fault.status and not fault.done:
            return _wrong(fault)
        answer = await go_on(request)
        if fault is not None:
            await asyncio.sleep(fault.delay_s)
            if fault.status:
                return _wrong(fault)
        answer.headers.update({"X-RateLimit-Total": str(budget.total), "X-RateLimit-Remaining": str(remains),
                               "X-RateLimit-Used-CurrentRequest": "1"})
        return answer

    @app.exception_handler(Invalid)
    async def invalid(request: Request, error: Invalid) -> Response:
        faults = [dict(zip(("field", "message", "code"), each, strict=True)) for each in error.errors]
        return JSONResponse({"description": "Validation failed", "errors": faults}, 400)

    @app.exception_handler(Missing)
    async def missing(request: Request, error: Missing) -> Response:
        return Response(status_code=404)

    _tickets(app, desk, config)
    _conversations(app, desk, config)

    @app.get("/api/v2/agents")
    def agents(request: Request, email: str | None = None) -> Response:
        rows: list[Row] = [{"id": each.id, "available": True, "contact": {"email": each.email, "name": each.name}}
                           for each in config.agents if email in (None, each.email)]
        return _page(request, rows)

    return app


def _tickets(app: FastAPI, desk: Desk, config: DeskConfig) -> None:
    @app.get("/api/v2/tickets")
    def listed(request: Request, updated_since: str | None = None, order_by: str = "created_at",
               order_type: str = "desc", include: str = "") -> Response:
        rows = [row for row in desk.tickets() if not row["spam"] and not row["deleted"]]
        if updated_since is not None:
            since = _moment(updated_since)
            rows = [row for row in rows if _moment(row["updated_at"]) >= since]
        if order_by not in ("created_at", "updated_at", "due_by", "status"):
            raise Invalid(("order_by", "It should be one of these values", "invalid_value"))
        rows.sort(key=lambda row: (row[order_by], row["id"]), reverse=order_type == "desc")
        return _page(request, rows, last=LAST_PAGE, shown=lambda row: _included(desk, row, include, listed=True))

    @app.get("/api/v2/tickets/{number}")
    def one(number: int, include: str = "") -> Row:
        return _included(desk, desk.ticket(number), include)

    @app.post("/api/v2/tickets")
    async def create(request: Request, later: BackgroundTasks) -> Response:
        row = desk.create(await _object(request))
        _call(config, later, "create", row)
        return JSONResponse(row, 201, headers={"Location": f"/api/v2/tickets/{row['id']}"})

    @app.put("/api/v2/tickets/{number}")
    async def update(number: int, request: Request, later: BackgroundTasks) -> Row:
        row = desk.update(number, await _object(request))
        _call(config, later, "update", row)
        return row


def _conversations(app: FastAPI, desk: Desk, config: DeskConfig) -> None:
    @app.get("/api/v2/tickets/{number}/conversations")
    def listed(number: int, request: Request) -> Response:
        return _page(request, desk.conversations(number))

    @app.post("/api/v2/tickets/{number}/notes")
    async def note(number: int, request: Request) -> Response:
        told = await _object(request)
        row = desk.say(number, told, private=bool(told.get("private", True)), source=2,
                       incoming=bool(told.get("incoming")))
        return JSONResponse(row, 201)

    @app.post("/api/v2/tickets/{number}/reply")
    async def reply(number: int, request: Request, later: BackgroundTasks) -> Response:
        row = desk.say(number, await _object(request), private=False, source=0)
        _call(config, later, "update", desk.ticket(number))
        return JSONResponse(row, 201)


def _page(request: Request, rows: list[Row], *, last: int | None = None,
          shown: Callable[[Row], Row] = lambda row: row) -> Response:
    """``page`` from 1, ``per_page`` 30 and 100 at most; Link names the next page, and is missing on the last one."""
    page, per_page = _number(request, "page", 1), _number(request, "per_page", 30)
    if per_page > 100:
        raise Invalid(("per_page", "It should be a Positive Integer less than or equal to 100", "invalid_value"))
    if last is not None and page > last:
        raise Invalid(("page", f"You cannot access tickets beyond the {last}th page", "invalid_value"))
    first = (page - 1) * per_page
    answer = JSONResponse([shown(row) for row in rows[first:first + per_page]])
    if first + per_page < len(rows):
        answer.headers["Link"] = f'<{request.url.include_query_params(page=page + 1)}>; rel="next"'
    return answer


def _included(desk: Desk, row: Row, include: str, *, listed: bool = False) -> Row:
    """Lists have descriptions only where they are asked for; requesters nobody has unasked."""
    wanted = include.split(",")
    shown = dict(row)
    if listed and "description" not in wanted:
        shown.pop("description")
        shown.pop("description_text")
    if "requester" in wanted:
        shown["requester"] = desk.contact(row["requester_id"])
    return shown


def _call(config: DeskConfig, later: BackgroundTasks, event: str, row: Row) -> None:
    """An automation rule's webhook, after the answer; a failed one is not repeated here, as the real one does late."""
    for hook in config.hooks:
        if event in hook.on:
            later.add_task(_post, hook.url, hook.user, hook.password, row["id"])


def _post(url: str, user: str, password: str, number: int) -> None:
    body = {"freshdesk_webhook": {"ticket_id": number, "triggered_event": "{ticket_action:created}"}}
    try:
        httpx.post(url, json=body, auth=(user, password), timeout=10, trust_env=False)
    except httpx.HTTPError:
        return


def _fault(config: DeskConfig, request: Request) -> Fault | None:
    """The first fault that fits, once less from now on."""
    try:
        told = Faults.model_validate_json(config.faults_file.read_text()).faults
    except OSError:
        return None
    for place, fault in enumerate(told):
        if fault.times > 0 and fault.method == request.method and fault.path in request.url.path:
            left = (*told[:place], fault.model_copy(update={"times": fault.times - 1}), *told[place + 1:])
            write_atomically(config.faults_file, Faults(faults=left).model_dump_json())
            return fault
    return None


def _wrong(fault: Fault) -> Response:
    headers = {} if fault.retry_after_s is None else {"Retry-After": str(fault.retry_after_s)}
    return Response("<html>We are sorry</html>", fault.status, headers, "text/html")


async def _object(request: Request) -> Row:
    """Without its content type a body is not read (effytech/freshdesk_mcp#44)."""
    if not request.headers.get("Content-Type", "").startswith("application/json"):
        raise Invalid(("body", "It should be a/an key/value pair", "missing_field"))
    try:
        told: Any = json.loads(await request.body())
    except ValueError:
        told = None
    if not isinstance(told, dict):
        raise Invalid(("body", "Request body has invalid json format", "invalid_json"))
    return told


def _number(request: Request, name: str, default: int) -> int:
    told = request.query_params.get(name, str(default))
    if not re.fullmatch(r"[1-9][0-9]{0,6}", told):
        raise Invalid((name, "It should be a Positive Integer", "invalid_value"))
    return int(told)


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise Invalid(("updated_since", "It should be in the 'combined date and time ISO8601' format",
                       "invalid_value")) from None


def _user(header: bytes) -> bytes:
    """The key is the user's name; the password may be anything."""
    try:
        return base64.b64decode(header.removeprefix(b"Basic "), validate=True).split(b":")[0]
    except ValueError:
        return b""
