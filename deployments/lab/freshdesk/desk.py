"""Tickets, conversations and contacts of the stand-in. Every change is on disk before it is answered."""
from __future__ import annotations

import html
import json
import re
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from deployments.lab.detached import write_atomically
from deployments.lab.freshdesk.config import Agent

Row = dict[str, Any]
STATUSES = (2, 3, 4, 5, 6, 7)
PRIORITIES = (1, 2, 3, 4)
IDENTITIES = ("requester_id", "email", "phone", "twitter_id", "facebook_id", "unique_external_id")
ON_CREATE = {"subject", "description", "status", "priority", "source", "type", "tags", "custom_fields", "email", "name",
             "requester_id", "phone", "responder_id", "group_id", "cc_emails"}
ON_UPDATE = ON_CREATE - {"email", "name"}


class Invalid(Exception):
    """A request that Freshdesk refuses: its list of (field, message, code)."""

    def __init__(self, *errors: tuple[str, str, str]) -> None:
        super().__init__(errors)
        self.errors = errors


class Missing(Exception):
    """No such ticket."""


class Desk:
    def __init__(self, path: Path, agents: tuple[Agent, ...]) -> None:
        self._path, self._lock, self.agents = path, threading.RLock(), agents
        fresh: Row = {"next": 1000, "tickets": {}, "conversations": {}, "contacts": {}}
        self._state: Row = json.loads(path.read_text()) if path.exists() else fresh

    def tickets(self) -> list[Row]:
        with self._lock:
            return [dict(each) for each in self._state["tickets"].values()]

    def ticket(self, number: int) -> Row:
        with self._lock:
            if str(number) not in self._state["tickets"]:
                raise Missing
            return dict(self._state["tickets"][str(number)])

    def conversations(self, number: int) -> list[Row]:
        self.ticket(number)
        with self._lock:
            return [dict(each) for each in self._state["conversations"].get(str(number), [])]

    def contact(self, number: int) -> Row:
        with self._lock:
            found = next((c for c in self._state["contacts"].values() if c["id"] == number), None)
            return dict(found) if found else {"id": number, "name": "", "email": None}

    def create(self, told: Row) -> Row:
        _check(told, ON_CREATE)
        if not any(told.get(name) for name in IDENTITIES):
            raise Invalid(("requester_id", "It should be one of these: " + ", ".join(IDENTITIES), "missing_field"))
        with self._lock:
            now, number = _now(), self._number()
            text = str(told.get("description") or "")
            row = {
                "id": number, "subject": told.get("subject") or "", "description": text,
                "description_text": _text(text),
                "status": told.get("status", 2), "priority": told.get("priority", 1), "source": told.get("source", 2),
                "type": told.get("type"), "tags": told.get("tags") or [], "spam": False, "deleted": False,
                "custom_fields": told.get("custom_fields") or {}, "responder_id": told.get("responder_id"),
                "group_id": None, "requester_id": told.get("requester_id") or self._contact(str(told.get("email"))),
                "created_at": now, "updated_at": now,
            }
            self._state["tickets"][str(number)] = row
            self._save()
            return dict(row)

    def update(self, number: int, told: Row) -> Row:
        _check(told, ON_UPDATE)
        if told.get("responder_id") not in (None, *(agent.id for agent in self.agents)):
            raise Invalid(("responder_id", "There is no agent matching the given responder_id", "invalid_value"))
        with self._lock:
            row = self._state["tickets"][str(self.ticket(number)["id"])]
            changed = dict(told)
            if "description" in changed:
                changed["description_text"] = _text(str(changed["description"]))
            fields = {**row["custom_fields"], **(changed.pop("custom_fields", None) or {})}
            row.update(changed, custom_fields=fields, updated_at=_now())
            self._save()
            return dict(row)

    def say(self, number: int, told: Row, *, private: bool, source: int, incoming: bool = False) -> Row:
        """A note (source 2) or a reply (source 0)."""
        body = told.get("body")
        if not isinstance(body, str) or not body.strip():
            raise Invalid(("body", "It should be a/an String", "missing_field"))
        with self._lock:
            ticket, now = self.ticket(number), _now()
            row: Row = {
                "id": self._number(), "ticket_id": number, "body": body, "body_text": _text(body), "private": private,
                "incoming": incoming, "source": source, "created_at": now, "updated_at": now, "attachments": [],
                "user_id": ticket["requester_id"] if incoming else (self.agents[0].id if self.agents else 1),
            }
            self._state["conversations"].setdefault(str(number), []).append(row)
            self._state["tickets"][str(number)]["updated_at"] = now
            self._save()
            return dict(row)

    def _contact(self, email: str) -> int:
        """An unknown address becomes a contact."""
        known = self._state["contacts"].setdefault(email.lower(), {"id": 0, "name": email, "email": email.lower()})
        known["id"] = known["id"] or self._number()
        return int(known["id"])

    def _number(self) -> int:
        self._state["next"] += 1
        return int(self._state["next"])

    def _save(self) -> None:
        write_atomically(self._path, json.dumps(self._state))


def _check(told: Row, known: set[str]) -> None:
    wrong = [(name, "Unexpected/invalid field in request", "invalid_field") for name in sorted(set(told) - known)]
    if told.get("status", 2) not in STATUSES:
        wrong.append(("status", f"It should be one of these values: '{','.join(map(str, STATUSES))}'", "invalid_value"))
    if told.get("priority", 1) not in PRIORITIES:
        wrong.append(("priority", "It should be one of these values: '1,2,3,4'", "invalid_value"))
    if wrong:
        raise Invalid(*wrong)


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _text(body: str) -> str:
    """Tags left out, breaks kept; the real one does it in a similar way."""
    broken = re.sub(r"(?i)<br\s*/?>|</(p|div|li|tr)>", "\n", body)
    return html.unescape(re.sub(r"<[^>]*>", "", broken)).strip()
