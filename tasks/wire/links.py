"""What the client's page takes for genuine: links from mails and forms of its own, signed, for one purpose each.

A link or form names its case, the digest of its contact's address and the plan that was shown, and ends at an
instant. Each purpose has its own salt: a token of one serves no other. The address itself is not in it, since links
stand in mails, histories and proxies' logs.
"""
from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

from itsdangerous import BadData, URLSafeSerializer
from itsdangerous.encoding import base64_decode, base64_encode

from tasks.model.case import Case
from tasks.model.fleet import Contact
from tasks.wire.web_settings import WebSettings, load_web_settings, signing_keys

LONGEST_TOKEN = 16_000
VERSION = "1"                   # before each token: packed ones begin with a dot, and many proxies refuse such a path


class Purpose(StrEnum):
    LINK = "link"               # the address in a mail
    DECIDE = "decide"           # the form with a choice for each action
    CONFIRM = "confirm"         # the second page; it holds the choices that it showed
    TICK = "tick"               # an action is said to be done
    SAY = "say"                 # a message to the engineer


class NotGenuine(Exception):
    """It was not made here, for this purpose and this case; or it was altered."""


class Expired(Exception):
    """It is genuine and its time is over."""


@dataclass(frozen=True, slots=True)
class Token:
    """``contact`` is the digest of an address, ``plan`` that of the plan that was shown ("" where there is none).

    ``nonce`` makes a form one of its kind ("" in a link), ``seen`` says how the case stood, ``choices`` what a second
    page showed.
    """

    case_id: str
    contact: str
    plan: str
    expires_at: datetime
    nonce: str = ""
    seen: str = ""
    choices: dict[str, Any] = field(default_factory=dict)


class Signer:
    """``keys`` oldest first: the last one signs, all verify."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._keys = list(keys)

    def _serializer(self, purpose: Purpose) -> URLSafeSerializer:
        return URLSafeSerializer(
            list(self._keys), salt=f"uplift.page.{purpose}",
            signer_kwargs={"digest_method": hashlib.sha256, "key_derivation": "hmac"},
        )

    def sign(self, purpose: Purpose, token: Token) -> str:
        told = [token.case_id, token.contact, token.plan, int(token.expires_at.timestamp()), token.nonce, token.seen,
                token.choices]
        signed = self._serializer(purpose).dumps(told)
        return VERSION + (signed.decode() if isinstance(signed, bytes) else signed)

    def read(self, purpose: Purpose, text: str, now: datetime) -> Token:
        """Raises NotGenuine and Expired."""
        if not text.startswith(VERSION) or len(text) > LONGEST_TOKEN or not text.isascii():
            raise NotGenuine
        try:
            signature = text.rpartition(".")[2]
            if base64_encode(base64_decode(signature)).decode() != signature:    # spare bits of its last character
                raise NotGenuine
            case_id, contact, plan, expires, nonce, seen, choices = self._serializer(purpose).loads(text[1:])
        except (BadData, ValueError, TypeError):
            raise NotGenuine from None
        token = Token(case_id, contact, plan, datetime.fromtimestamp(expires, UTC), nonce, seen, choices)
        if now >= token.expires_at:
            raise Expired
        return token


def address_digest(email: str) -> str:
    return hashlib.sha256(email.casefold().encode()).hexdigest()[:32]


def link_for(settings: WebSettings, signer: Signer, case: Case, contact: Contact, now: datetime) -> str:
    token = Token(case.id, address_digest(contact.email), case.plan_digest or "",
                  now + timedelta(days=settings.link_days))
    return f"{settings.base_url}/case/{signer.sign(Purpose.LINK, token)}"


def page_link(home: Path, case: Case, contact: Contact, now: datetime) -> str | None:
    """The address of the client's page for one contact; None where the site serves no page (no web.yaml).

    Raises UserError where web.yaml or its key file is wrong.
    """
    settings = load_web_settings(home)
    if settings is None:
        return None
    return link_for(settings, Signer(signing_keys(home, settings)), case, contact, now)
