"""What every desk can do. An adapter is one class; Freshdesk's is the first."""
from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Protocol

from tasks.model.errors import Failure
from tasks.model.ticket import Answer, Ticket


class DeskError(Failure):
    """The desk did not do it, certainly. ``retry_s``: when it may be asked again."""

    def __init__(self, code: str, message: str, remedy: str, retry_s: float = 60) -> None:
        super().__init__(code, message, remedy)
        self.retry_s = retry_s


class DeskDoubt(Failure):
    """The desk may have done it: the answer was lost, or is an error of the desk's own."""


class TicketDesk(Protocol):
    """Every method blocks, within the desk's patience, and raises DeskError."""

    name: str

    def close(self) -> None: ...

    def changed(self, since: datetime) -> Iterator[tuple[Ticket, ...]]:
        """Tickets changed at or after ``since``, oldest change first, page by page; some may come twice."""

    def ticket(self, ticket_id: str) -> Ticket:
        """The ticket as it is now."""

    def is_done(self, answer: Answer) -> bool:
        """Whether an answer is on its ticket already."""

    def carry_out(self, answer: Answer) -> None:
        """Do it, once. Raises DeskDoubt where it may have been done."""
