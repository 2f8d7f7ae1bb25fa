"""What a form of the client's page must have before it is looked at: its origin, its shape, its token."""
from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl

from starlette.datastructures import Headers

from deployments.web.page_access import Refusal, Visit, Why
from reports.text import one_line
from tasks.model.case import Case
from tasks.wire.links import Expired, NotGenuine, Purpose, Signer, Token
from tasks.wire.store import Form

KEPT = timedelta(hours=4)           # how long a page may lie open before its form is sent
MOST_FIELDS = 400
FORM = "application/x-www-form-urlencoded"

Fields = Mapping[str, str]


def fields_of(headers: Headers, body: bytes, origin: str) -> Fields:
    """The fields of a form that our own page sent. Raises Refusal for another page's, and for what is no form."""
    site, told = headers.get("sec-fetch-site"), headers.get("origin")
    if site is told is None or site not in (None, "same-origin") or (told is not None and told.lower() != origin):
        raise Refusal(403, Why.FOREIGN)
    if headers.get("content-type", "").split(";")[0].strip().lower() != FORM:
        raise Refusal(415, Why.NO_FORM)
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="strict")
    except ValueError:
        raise Refusal(400, Why.NO_FORM) from None
    found: dict[str, str] = {}
    for name, value in pairs:
        if name in found:                   # two answers to one question are none
            raise Refusal(400, Why.NO_FORM)
        found[name] = value
    return found


def typed(fields: Fields, name: str, most: int) -> str:
    """What a person typed, on one line. Raises Refusal where it is too long: nobody's words are cut."""
    text = one_line(fields.get(name, ""))
    if len(text) > most:
        raise Refusal(413, Why.TOO_LONG)
    return text


def as_seen(case: Case) -> str:
    """How the case stands for a client: it changes with an inspection, a decision and each thing done."""
    approval = case.approval.at.isoformat() if case.approval else ""
    inspected = case.inspected_at.isoformat() if case.inspected_at else ""
    told = "\n".join((case.plan_digest or "", inspected, approval, *case.remediated, "undo", *case.undo))
    return hashlib.sha256(told.encode()).hexdigest()[:32]


def form_token(
    signer: Signer, visit: Visit, purpose: Purpose, *, nonce: str = "", choices: dict[str, Any] | None = None
) -> str:
    """A new form for this visit. The second page keeps the ``nonce`` of the first: together they decide once."""
    ends = min(visit.now + KEPT, visit.link.expires_at)
    token = Token(visit.case.id, visit.link.contact, visit.link.plan, ends, nonce or secrets.token_hex(16),
                  as_seen(visit.case), choices or {})
    return signer.sign(purpose, token)


def form_of(signer: Signer, visit: Visit, purpose: Purpose, fields: Fields) -> Token:
    """Raises Refusal: not ours, of another link, or too old. Whether it was used is the store's to say."""
    try:
        token = signer.read(purpose, fields.get("form", ""), visit.now)
    except NotGenuine:
        raise Refusal(403, Why.NOT_GENUINE) from None
    except Expired:
        raise Refusal(410, Why.FORM_EXPIRED) from None
    if (token.case_id, token.contact, token.plan) != (visit.case.id, visit.link.contact, visit.link.plan):
        raise Refusal(403, Why.NOT_GENUINE)
    return token


def once(token: Token) -> Form:
    return Form(token.nonce, token.expires_at)
