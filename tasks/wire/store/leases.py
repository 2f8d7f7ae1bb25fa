"""Leases with fencing tokens, on the database's clock, so that no two machines need agree on the time.

One holder at a time has a resource. When its time is over another may take it, and gets a higher token; whoever comes
with an older token is refused, however long it slept. A token is the second of its lease or one more than the last,
whichever is higher: client systems remember the newest that they have seen, and a new case database, or one restored
from an old copy, must not begin below it.
"""
from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.exc import IntegrityError

from tasks.model.errors import UserError
from tasks.model.ledger import Lease
from tasks.wire.store import tables
from tasks.wire.store.engine import Raced, now

T = tables.leases


class LeaseLost(UserError):
    """Somebody else has the resource now."""

    def __init__(self, lease: Lease) -> None:
        super().__init__("lease_lost", f"the lease on {lease.resource} (token {lease.token}) was taken over",
                         "end this run; the one that holds the lease goes on")


def acquire(connection: Connection, resource: str, holder: str, ttl_s: float) -> Lease | None:
    """Take a free or expired resource; None while somebody has it (the same holder too: renew instead)."""
    row = _locked(connection, resource)
    at = now(connection)        # after the lock, which may have been waited for
    token = max(int(at.timestamp()), 0 if row is None else row.token + 1)
    lease = Lease(resource=resource, holder=holder, token=token, acquired_at=at,
                  expires_at=at + timedelta(seconds=ttl_s))
    values = {"token": token, "holder": holder, "acquired_at": at, "expires_at": lease.expires_at}
    if row is None:
        try:
            connection.execute(insert(T).values(resource=resource, **values))
        except IntegrityError:
            raise Raced(f"the lease on {resource}") from None
        return lease
    if row.holder is not None and row.expires_at > at:
        return None
    _set(connection, resource, row.token, values)
    return lease


def renew(connection: Connection, lease: Lease, ttl_s: float) -> Lease:
    """The lease with more time; one that ran out and that nobody took is renewed too. Raises LeaseLost."""
    check(connection, lease)
    expires_at = now(connection) + timedelta(seconds=ttl_s)
    _set(connection, lease.resource, lease.token, {"expires_at": expires_at})
    return lease.model_copy(update={"expires_at": expires_at})


def release(connection: Connection, lease: Lease) -> None:
    """Give it back. Raises LeaseLost."""
    check(connection, lease)
    _set(connection, lease.resource, lease.token, {"holder": None, "expires_at": now(connection)})


def check(connection: Connection, lease: Lease) -> None:
    """Hold the lease's row until the transaction ends, so that nobody takes it over meanwhile. Raises LeaseLost."""
    row = _locked(connection, lease.resource)
    if row is None or row.token != lease.token or row.holder != lease.holder:
        raise LeaseLost(lease)


def held(connection: Connection, resource: str) -> Lease | None:
    """Who has the resource at this moment; None when it is free or its time is over."""
    row = connection.execute(select(T).where(T.c.resource == resource)).mappings().one_or_none()
    if row is None or row["holder"] is None or row["expires_at"] <= now(connection):
        return None
    return Lease.model_validate(dict(row))


def newest_token(connection: Connection, resource: str) -> int:
    """The token that was given out last; 0 where none was."""
    return connection.execute(select(T.c.token).where(T.c.resource == resource)).scalar_one_or_none() or 0


def _locked(connection: Connection, resource: str):  # type: ignore[no-untyped-def]  # a row of leases, or None
    return connection.execute(select(T).where(T.c.resource == resource).with_for_update()).one_or_none()


def _set(connection: Connection, resource: str, token: int, values: dict[str, object]) -> None:
    changed = connection.execute(update(T).where(T.c.resource == resource, T.c.token == token).values(**values))
    if changed.rowcount != 1:
        raise Raced(f"the lease on {resource}")
