"""Tickets and orders: what a desk or a store tells of an order, and what is answered on a ticket.

All text here was written by strangers. What of it enters a case is matched against the fleet file or a pattern first.
"""
from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from tasks.model.fleet import Slug
from tasks.model.moment import Moment
from tasks.model.release import Release

ORDER = r"^[A-Za-z0-9][A-Za-z0-9 ._/#:+-]{0,98}$"
LONGEST_TEXT = 20_000           # of a ticket's description that is looked at, in characters
LONGEST_VALUE = 500             # of one of its fields

OrderRef = Annotated[str, StringConstraints(pattern=ORDER)]


class Told(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Ticket(Told):
    """A ticket as its desk tells it. ``text`` is plain, without HTML; ``fields`` are the custom ones, as text.

    ``status`` and ``kind`` ("type" at Freshdesk) are the desk's own words or numbers.
    """

    desk: Slug
    id: str = Field(pattern=r"^[0-9]{1,19}$")
    subject: str = ""
    text: str = ""
    requester: str | None = None            # an e-mail address, lower case
    status: int
    kind: str | None = None
    tags: frozenset[str] = frozenset()
    fields: dict[str, str] = {}
    responder: str | None = None
    updated_at: Moment
    junk: bool = False                      # deleted, or spam

    @property
    def ref(self) -> str:
        """How a message in the outbox is addressed to it."""
        return f"{self.desk}/{self.id}"


class Asked(Told):
    """What an order says, before it is known whether it can be a case. ``requester`` None: the sender is trusted."""

    order_ref: OrderRef
    system_id: Slug | None
    target: Release
    requester: str | None = None


class Order(Told):
    """An order that can be a case."""

    order_ref: OrderRef
    system_id: Slug
    target: Release


class Why(StrEnum):
    """Why an order is no case."""

    NO_ORDER = "no_order"
    NO_SYSTEM = "no_system"
    NO_RELEASE = "no_release"
    UNKNOWN_CLIENT = "unknown_client"
    SEVERAL_SYSTEMS = "several_systems"
    UNSUPPORTED_HOP = "unsupported_hop"
    ORDER_TAKEN = "order_taken"
    DUPLICATE = "duplicate"                 # the system has a case that is not over, for another order


class Declined(Told):
    """``detail`` is for engineers only: it may say what a stranger must not learn."""

    why: Why
    detail: str


class Act(StrEnum):
    NOTE = "note"               # private: seen by the desk's agents only
    REPLY = "reply"             # public: mailed to the requester
    UPDATE = "update"           # the ticket's status, its agent, or both


class Answer(Told):
    """One thing to be done on a ticket. ``mark`` stands in what is written, so that it is found there again."""

    desk: Slug
    ticket: str
    mark: str = Field(pattern=r"^[A-Za-z0-9/:._-]{1,100}$")
    act: Act
    text: str = ""
    status: int | None = None
    engineer: str | None = None             # the fleet file's name of who the ticket is assigned to

    @property
    def message_id(self) -> str:
        """Stable: the same answer is queued once, whoever queues it how often."""
        return f"ticket/{self.desk}/{self.ticket}/{self.mark}/{self.act}"


class Link(Told):
    """What is known of one ticket. ``told``: the entries of its case's journal that have been written back."""

    desk: str
    ticket: str
    case_id: str | None
    outcome: str
    told: int = 0
    seen_at: Moment
