"""What came in by mail and was dealt with, so that it moves its case once, however often it is seen."""
from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, insert, select
from sqlalchemy.exc import IntegrityError

from tasks.wire.store import tables
from tasks.wire.store.engine import Raced

P = tables.deliveries
KEPT = timedelta(days=90)           # longer than anything that comes in is looked at
_AT_ONCE = 500                      # ids in one statement


def known(connection: Connection, source: str, ids: tuple[str, ...]) -> frozenset[str]:
    found: set[str] = set()
    for first in range(0, len(ids), _AT_ONCE):
        some = ids[first:first + _AT_ONCE]
        query = select(P.c.delivery).where(P.c.source == source, P.c.delivery.in_(some))
        found.update(connection.execute(query).scalars())
    return frozenset(found)


def note(connection: Connection, source: str, ids: tuple[str, ...], at: datetime) -> None:
    """Those that are noted already stay as they are. Forgets what is older than ``KEPT``."""
    connection.execute(delete(P).where(P.c.source == source, P.c.at < at - KEPT))
    for each in sorted(set(ids) - known(connection, source, ids)):
        try:
            connection.execute(insert(P).values(source=source, delivery=each, digest="", at=at))
        except IntegrityError:
            raise Raced(f"the arrival {each}") from None
