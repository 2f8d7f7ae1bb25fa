"""The kill switch: while a hold stands, no new change begins on any system."""
from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from tasks.model.ledger import Hold
from tasks.wire.store import tables

T = tables.holds


def put(connection: Connection, by: str, reason: str, at: datetime) -> None:
    connection.execute(insert(T).values(who=by, reason=reason, at=at))


def lift(connection: Connection, by: str, at: datetime) -> int:
    """Lift every hold that stands; gives how many there were."""
    standing = update(T).where(T.c.lifted_at.is_(None)).values(lifted_by=by, lifted_at=at)
    return connection.execute(standing).rowcount


def standing(connection: Connection) -> Hold | None:
    """The oldest hold that stands, or None."""
    oldest = select(T).where(T.c.lifted_at.is_(None)).order_by(T.c.id).limit(1)
    row = connection.execute(oldest).mappings().one_or_none()
    return None if row is None else _hold(dict(row))


def every(connection: Connection) -> tuple[Hold, ...]:
    """All holds there ever were, oldest first."""
    return tuple(_hold(dict(row)) for row in connection.execute(select(T).order_by(T.c.id)).mappings())


def _hold(row: dict[str, object]) -> Hold:
    return Hold.model_validate({**{k: v for k, v in row.items() if k != "who"}, "by": row["who"]})
