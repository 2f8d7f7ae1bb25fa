"""What is known of tickets, how far each desk was looked through, and which posted messages have come already."""
from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from tasks.model.ledger import Message
from tasks.model.ticket import Link
from tasks.wire.store import outbox, tables
from tasks.wire.store.engine import Raced

T, D, P = tables.tickets, tables.desks, tables.deliveries


def link(connection: Connection, wanted: Link, messages: Iterable[Message]) -> Link:
    """Write down what became of a ticket, with its answers. What is written back never shrinks; a case stays."""
    known = one(connection, wanted.desk, wanted.ticket)
    values = {"case_id": wanted.case_id, "outcome": wanted.outcome, "told": wanted.told, "seen_at": wanted.seen_at}
    if known is None:
        try:
            connection.execute(insert(T).values(desk=wanted.desk, ticket=wanted.ticket, **values))
        except IntegrityError:
            raise Raced(f"the ticket {wanted.desk} {wanted.ticket}") from None
    else:
        if known.case_id is not None and wanted.case_id != known.case_id:
            return known
        values["told"] = max(known.told, wanted.told)
        connection.execute(update(T).where(T.c.desk == wanted.desk, T.c.ticket == wanted.ticket).values(**values))
    outbox.queue(connection, messages, wanted.case_id)
    return wanted


def one(connection: Connection, desk: str, ticket: str) -> Link | None:
    row = connection.execute(select(T).where(T.c.desk == desk, T.c.ticket == ticket)).mappings().one_or_none()
    return None if row is None else Link.model_validate(dict(row))


def behind(connection: Connection, desk: str) -> tuple[Link, ...]:
    """The tickets of a desk whose case has journal entries that were not written back."""
    C = tables.cases
    query = select(T).join(C, C.c.id == T.c.case_id).where(T.c.desk == desk, T.c.told < C.c.entries)
    return tuple(Link.model_validate(dict(row)) for row in connection.execute(query.order_by(T.c.ticket)).mappings())


def of_case(connection: Connection, case_id: str) -> tuple[Link, ...]:
    rows = connection.execute(select(T).where(T.c.case_id == case_id).order_by(T.c.desk, T.c.ticket)).mappings()
    return tuple(Link.model_validate(dict(row)) for row in rows)


def since(connection: Connection, desk: str) -> datetime | None:
    return connection.execute(select(D.c.since).where(D.c.desk == desk)).scalar_one_or_none()


def looked_through(connection: Connection, desk: str, until: datetime) -> None:
    """It only moves forward: two pollers may end in either order."""
    known = since(connection, desk)
    if known is None:
        try:
            connection.execute(insert(D).values(desk=desk, since=until))
        except IntegrityError:
            raise Raced(f"the desk {desk}") from None
    elif known < until:
        connection.execute(update(D).where(D.c.desk == desk).values(since=until))


def delivered(connection: Connection, source: str, delivery: str, digest: str, at: datetime, keep: timedelta) -> bool:
    """Note a posted message. False where its id came before with another body. Forgets those older than ``keep``."""
    connection.execute(delete(P).where(P.c.source == source, P.c.at < at - keep))
    mine = (P.c.source == source, P.c.delivery == delivery)
    known = connection.execute(select(P.c.digest).where(*mine)).scalar_one_or_none()
    if known is not None:
        return bool(known == digest)
    try:
        connection.execute(insert(P).values(source=source, delivery=delivery, digest=digest, at=at))
    except IntegrityError:
        raise Raced(f"the message {delivery}") from None
    return True
