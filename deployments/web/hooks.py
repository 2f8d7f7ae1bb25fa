"""The webhooks: a desk's hint at a ticket, and a store's signed order. Neither is believed further than it must be."""
from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import logging
import re
from pathlib import Path
from typing import Any

from fastapi import APIRouter, BackgroundTasks, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.concurrency import run_in_threadpool

from tasks.model.errors import UserError
from tasks.model.fleet import Slug
from tasks.model.release import Release
from tasks.model.ticket import Asked, Declined, OrderRef
from tasks.model.ticket_settings import Desk, Shop
from tasks.rules.webhook import TOLERANCE_S, doubt
from tasks.steps.orders import Counter
from tasks.steps.tickets import take_hint
from tasks.wire.store.store import Store
from tasks.wire.tickets.settings import fleet_of, load_settings, shop_keys, webhook_password

log = logging.getLogger("uplift.web")
_NUMBER = re.compile(r"[0-9]{1,19}")


class Posted(BaseModel):
    """A store's order. What a store tells beyond it is left alone."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    order: OrderRef
    system: Slug
    target: Release


def routes(store: Store, home: Path) -> APIRouter:
    """tickets.yaml is read anew for each request: a key that was replaced counts at once."""
    router = APIRouter()

    @router.post("/hooks/desk/{name}")
    async def desk_hook(name: str, request: Request, later: BackgroundTasks) -> JSONResponse:
        body = await request.body()
        return await run_in_threadpool(_hint, store, home, name, request.headers.get("Authorization", ""), body, later)

    @router.post("/hooks/store/{name}")
    async def store_hook(name: str, request: Request) -> JSONResponse:
        body, headers = await request.body(), request.headers
        signed = tuple(headers.get(f"webhook-{each}", "") for each in ("id", "timestamp", "signature"))
        return await run_in_threadpool(_order, store, home, name, signed, body)

    return router


def _hint(store: Store, home: Path, name: str, authorization: str, body: bytes, later: BackgroundTasks
          ) -> JSONResponse:
    """202, and the ticket is read from the desk afterwards; where that fails, the next poll finds it."""
    desk = load_settings(home).desks.get(name)
    password = webhook_password(home, name, desk) if desk is not None else None
    given = _password(authorization)
    right = (password.get_secret_value() if password else "").encode()
    if desk is None or not hmac.compare_digest(given, right) or not right:
        return _error(401, "unauthorised", "the name or password of this webhook is wrong")
    ticket_id = _ticket_id(body)
    if ticket_id is None:
        return _error(422, "bad_body", 'no ticket_id in it; post {"ticket_id": 123}')
    later.add_task(_taken, store, home, name, desk, ticket_id)
    return JSONResponse({"taken": ticket_id}, 202, background=later)


def _taken(store: Store, home: Path, name: str, desk: Desk, ticket_id: str) -> None:
    try:
        take_hint(store, home, name, desk, ticket_id)
    except UserError as error:
        log.warning("ticket %s of desk %s waits for the next poll: %s", ticket_id, name, error)


def _order(store: Store, home: Path, name: str, signed: tuple[str, ...], body: bytes) -> JSONResponse:
    """The signature is looked at before anything of the body is; the same message again is the same answer."""
    shop = load_settings(home).stores.get(name)
    if shop is None:
        return _error(401, "unauthorised", "no store of this name signs here")
    delivery, stamp, signatures = signed
    wrong = doubt(shop_keys(home, name, shop), delivery, stamp, signatures, body, store.now())
    if wrong is not None:
        return _error(401, "unauthorised", wrong.value)
    digest = hashlib.sha256(body).hexdigest()
    if not store.delivered(name, delivery, digest, keep_s=4 * TOLERANCE_S):
        return _error(409, "replayed", "another message had this webhook-id")
    try:
        posted = Posted.model_validate(_object(body))
    except ValidationError as error:
        place = ".".join(str(part) for part in error.errors()[0]["loc"]) or "the body"
        return _error(422, "bad_order", f"{place} is missing or not well formed; post order, system and target")
    return _opened(store, home, shop, posted, by=f"store {name}")


def _opened(store: Store, home: Path, shop: Shop, posted: Posted, *, by: str) -> JSONResponse:
    asked = Asked(order_ref=posted.order, system_id=posted.system, target=Release(posted.target.numbers))
    taken = Counter(store, home, fleet_of(home, shop)).take(asked, by=by)
    if isinstance(taken, Declined):
        return _error(422, taken.why.value, taken.detail)
    return JSONResponse({"case_id": taken.case.id, "order": taken.case.order_ref, "new": taken.new},
                        201 if taken.new else 200)


def _password(authorization: str) -> bytes:
    """Of basic authentication; the user's name does not matter."""
    scheme, _, told = authorization.partition(" ")
    if scheme.lower() != "basic":
        return b""
    try:
        return base64.b64decode(told, validate=True).partition(b":")[2]
    except (binascii.Error, ValueError):
        return b""


def _ticket_id(body: bytes) -> str | None:
    """Posted as such, or in the envelope that Freshdesk's simple content has."""
    told = _object(body)
    inner = told.get("freshdesk_webhook")
    found = str((inner if isinstance(inner, dict) else told).get("ticket_id", ""))
    return str(int(found)) if _NUMBER.fullmatch(found) and found.isascii() else None


def _object(body: bytes) -> dict[str, Any]:
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}


def _error(status: int, code: str, message: str) -> JSONResponse:
    return JSONResponse({"error": {"code": code, "message": message}}, status)
