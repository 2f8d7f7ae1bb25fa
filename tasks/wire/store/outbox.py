"""Messages to be sent, written in the same transaction as what they tell of.

A sender claims a message, sends it, and says how it went. One that died in between leaves it ``sending``; that becomes
``unsure``, never ``pending``: nobody is told the same thing twice by a machine that does not know.
"""
from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, and_, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from tasks.model.errors import UserError
from tasks.model.ledger import Channel, Message, OutboxMessage, OutboxState, Settled
from tasks.wire.store import tables
from tasks.wire.store.engine import Raced

T = tables.outbox
STATE = OutboxState
ERASED = "erased with the personal data of its case"
_NOBODY = json.dumps(["erased"])


def queue(connection: Connection, messages: Iterable[Message], case_id: str | None) -> int:
    """Put messages in; one whose id is there already stays as it is. Gives how many are new."""
    new = 0
    for message in messages:
        known = connection.execute(select(T.c.id).where(T.c.message_id == message.message_id)).first()
        if known:
            continue
        try:
            connection.execute(insert(T).values(
                message_id=message.message_id, case_id=case_id, channel=message.channel.value,
                recipients=json.dumps(message.recipients), payload=message.payload, state=STATE.PENDING.value,
                attempts=0, not_before=message.not_before, detail="",
            ))
        except IntegrityError:
            raise Raced(f"the message {message.message_id}") from None
        new += 1
    return new


def claim(
    connection: Connection, sender: str, at: datetime, limit: int, only: tuple[str, ...] = ()
) -> tuple[OutboxMessage, ...]:
    """Up to ``limit`` messages that are this sender's to send now, with ``only`` none but these ids.

    No other sender gets them.
    """
    ripe = and_(T.c.state == STATE.PENDING.value, or_(T.c.not_before.is_(None), T.c.not_before <= at))
    if only:
        ripe = and_(ripe, T.c.message_id.in_(only))
    ids = connection.execute(select(T.c.id).where(ripe).order_by(T.c.id).limit(limit)).scalars().all()
    mine = [
        number for number in ids
        if connection.execute(
            update(T).where(T.c.id == number, T.c.state == STATE.PENDING.value)
            .values(state=STATE.SENDING.value, claimed_by=sender, claimed_at=at, attempts=T.c.attempts + 1)
        ).rowcount
    ]
    return _found(connection, T.c.id.in_(mine)) if mine else ()


def sent(connection: Connection, claimed: OutboxMessage, at: datetime, detail: str = "") -> bool:
    """It was taken by the other side. False where this claim is no longer the sender's."""
    return _settle(connection, claimed, state=STATE.SENT.value, sent_at=at, detail=detail)


def failed(connection: Connection, claimed: OutboxMessage, detail: str, not_before: datetime | None = None) -> bool:
    """It certainly was not taken: it is to be sent again, not before a time."""
    return _settle(connection, claimed, state=STATE.PENDING.value, claimed_by=None, claimed_at=None, detail=detail,
                   not_before=not_before)


def unsure(connection: Connection, claimed: OutboxMessage, detail: str) -> bool:
    """It may have been taken: a person, or a report of its delivery, decides."""
    return _settle(connection, claimed, state=STATE.UNSURE.value, detail=detail)


def abandon(connection: Connection, at: datetime, older_than: timedelta, channel: Channel | None = None) -> int:
    """Messages (of one channel) whose sender has said nothing for so long become unsure; gives how many."""
    stale = and_(T.c.state == STATE.SENDING.value, T.c.claimed_at < at - older_than, _on(channel))
    detail = "its sender ended without saying how it went"
    return connection.execute(update(T).where(stale).values(state=STATE.UNSURE.value, detail=detail)).rowcount


def decide(connection: Connection, message_id: str, *, arrived: bool, at: datetime, detail: str) -> bool:
    """What became of an unsure message: it arrived, or it is to be sent again. False where it is not unsure."""
    values = {"state": STATE.SENT.value, "sent_at": at} if arrived else {"state": STATE.PENDING.value}
    where = and_(T.c.message_id == message_id, T.c.state == STATE.UNSURE.value)
    return bool(connection.execute(update(T).where(where).values(**values, detail=detail)).rowcount)


def settle(connection: Connection, what: Settled, at: datetime) -> bool:
    """What is known of a message now. False where nothing is new; one that came back stays so, or is emptied.

    A sender that is at it finds its claim gone. Raises UserError where it is no longer as ``what`` says it was.
    """
    values: dict[str, Any] = {"state": what.state.value, "detail": what.detail, "claimed_by": None}
    values |= {"sent_at": at} if what.state is STATE.SENT else {}
    now_in = T.c.state.not_in((what.state.value, STATE.BOUNCED.value)) if what.was is None else (
        T.c.state == what.was.value)
    where = and_(T.c.message_id == what.message_id, now_in, T.c.recipients != _NOBODY)     # reasons name people
    done = bool(connection.execute(update(T).where(where).values(**values)).rowcount)
    if what.was is not None and not done:
        raise UserError("message_changed", f"the message {what.message_id} is not {what.was} any more",
                        "look at it again with `uplift mail list`")
    return done


def erase(connection: Connection, case_id: str) -> int:
    """Empty the messages of a case of what they said and to whom; gives how many were emptied now.

    Their ids stay, so that none is queued anew. One that was not sent is never sent: nothing is left of it.
    """
    full = and_(T.c.case_id == case_id, T.c.recipients != _NOBODY)
    unsent = and_(full, T.c.state != STATE.SENT.value)
    connection.execute(update(T).where(unsent).values(state=STATE.BOUNCED.value, claimed_by=None))
    emptied = {"payload": b"", "recipients": _NOBODY, "detail": ERASED}
    return connection.execute(update(T).where(full).values(**emptied)).rowcount


def listed(
    connection: Connection, case_id: str | None, state: OutboxState | None, only: tuple[str, ...] | None = None
) -> tuple[OutboxMessage, ...]:
    """Messages in the order in which they were queued: of one case, in one state, with these ids where given."""
    wanted = [T.c.case_id == case_id] if case_id else []
    wanted += [T.c.state == state.value] if state else []
    wanted += [T.c.message_id.in_(only)] if only is not None else []
    return _found(connection, and_(True, *wanted))


def _on(channel: Channel | None) -> Any:
    return True if channel is None else T.c.channel == channel.value


def _settle(connection: Connection, claimed: OutboxMessage, **values: Any) -> bool:
    mine = and_(T.c.message_id == claimed.message.message_id, T.c.state == STATE.SENDING.value,
                T.c.claimed_by == claimed.claimed_by, T.c.attempts == claimed.attempts)
    return bool(connection.execute(update(T).where(mine).values(**values)).rowcount)


def _found(connection: Connection, where: Any) -> tuple[OutboxMessage, ...]:
    rows = connection.execute(select(T).where(where).order_by(T.c.id)).mappings()
    return tuple(
        OutboxMessage(
            message=Message(message_id=row["message_id"], channel=row["channel"], payload=row["payload"],
                            recipients=json.loads(row["recipients"]), not_before=row["not_before"]),
            case_id=row["case_id"], state=row["state"], attempts=row["attempts"], claimed_by=row["claimed_by"],
            claimed_at=row["claimed_at"], sent_at=row["sent_at"], detail=row["detail"],
        )
        for row in rows
    )
