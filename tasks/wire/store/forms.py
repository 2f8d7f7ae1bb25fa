"""Forms of the client's page: each moves its case once, in the transaction that uses it up."""
from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select
from sqlalchemy.exc import IntegrityError

from tasks.model.case import Case
from tasks.model.errors import UserError
from tasks.model.event import Event
from tasks.rules.lifecycle import Refused
from tasks.wire.store import cases, tables
from tasks.wire.store.engine import now

F = tables.forms


@dataclass(frozen=True, slots=True)
class Form:
    """``nonce`` is its own; ``expires_at`` is when it would be refused without being remembered."""

    nonce: str
    expires_at: datetime


class FormUsed(UserError):
    def __init__(self) -> None:
        super().__init__("form_used", "this form was submitted already", "open the page again")


def answered(connection: Connection, case_id: str, event: Event, form: Form, expected: Case) -> Case | Refused:
    """Move the case that was seen and use up the form, both or neither. What is refused uses nothing up.

    Raises FormUsed (before CaseChanged: the second of two clicks finds the case moved by the first), NoSuchCase.
    """
    try:
        moved = cases.recorded(connection, case_id, event, (), expected)
    except cases.CaseChanged:
        _not_used(connection, form)
        raise
    _not_used(connection, form)
    if isinstance(moved, Refused):
        return moved
    at = now(connection)
    connection.execute(delete(F).where(F.c.expires_at < at))
    try:
        connection.execute(insert(F).values(nonce=form.nonce, case_id=case_id, used_at=at, expires_at=form.expires_at))
    except IntegrityError:
        raise FormUsed from None
    return moved


def used(connection: Connection, form: Form) -> bool:
    return connection.execute(select(F.c.nonce).where(F.c.nonce == form.nonce)).first() is not None


def _not_used(connection: Connection, form: Form) -> None:
    if used(connection, form):
        raise FormUsed
