"""What the case database keeps beside the cases: leases, journal, outbox, holds and the runs of steps."""
from __future__ import annotations

from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from tasks.model.case import Step
from tasks.model.moment import Moment


class Entered(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Lease(Entered):
    """The right of one holder to act on one resource until ``expires_at``, on the database's clock.

    ``token`` grows with every new holder (a fencing token): who comes with an older one is refused.
    """

    resource: str
    holder: str
    token: int
    acquired_at: Moment
    expires_at: Moment


class JournalEntry(Entered):
    """One line of a case's journal, chained to the one before it by ``previous``.

    ``case_digest`` is the SHA-256 of the case as this entry left it, so that an edited case shows as well.
    """

    case_id: str
    number: int = Field(ge=1)
    at: Moment
    by: str
    kind: str
    body: dict[str, Any]
    case_digest: str
    previous: str
    digest: str


class Channel(StrEnum):
    MAIL = "mail"
    TICKET = "ticket"


class OutboxState(StrEnum):
    """``unsure``: the sender died or lost its answer while sending; a person or a delivery report decides.

    ``bounced``: refused for good, or come back.
    """

    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    UNSURE = "unsure"
    BOUNCED = "bounced"


class Message(Entered):
    """Something to be sent. ``message_id`` is stable: sending again shows as the same message to who received it."""

    message_id: str = Field(min_length=1, max_length=250)
    channel: Channel
    recipients: tuple[str, ...] = Field(min_length=1)
    payload: bytes                              # the whole message, as it goes out
    not_before: Moment | None = None


class OutboxMessage(Entered):
    message: Message
    case_id: str | None
    state: OutboxState
    attempts: int
    claimed_by: str | None = None
    claimed_at: Moment | None = None
    sent_at: Moment | None = None
    detail: str = ""


class Settled(Entered):
    """What became of a message of the outbox, told together with what that does to its case.

    ``was``: only while it is still in this state; None: whatever its sender thinks of it.
    """

    message_id: str
    state: OutboxState
    detail: str = ""
    was: OutboxState | None = None


class Arrival(Entered):
    """Something that came in, by which its case is moved once. ``id`` tells it from all others of its source."""

    source: str = Field(max_length=64)
    id: str = Field(max_length=128)


class Hold(Entered):
    """The kill switch: while a hold stands, no new change is started on any system."""

    id: int
    by: str
    reason: str
    at: Moment
    lifted_by: str | None = None
    lifted_at: Moment | None = None


class StepRunEnd(StrEnum):
    REPORTED = "reported"
    DIED = "died"


class StepRun(Entered):
    key: str
    case_id: str
    step: Step
    plan_revision: int
    attempt: int
    started_at: Moment
    ended_at: Moment | None = None
    end: StepRunEnd | None = None
