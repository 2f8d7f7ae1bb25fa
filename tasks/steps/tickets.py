"""Tickets in: a desk is looked through, each order becomes its case once, and its answer goes into the outbox.

Whatever is killed where: a case without its link is found again by its order, a link is written together with its
answers, and the desk's mark moves only past tickets that were dealt with.
"""
from __future__ import annotations

import os
import socket
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from tasks.model.errors import UserError
from tasks.model.ticket import Declined, Link, Ticket
from tasks.model.ticket_settings import Desk, TicketSettings
from tasks.rules.ticket_order import is_order, read_order
from tasks.rules.ticket_words import for_case, for_declined
from tasks.steps.orders import Counter, Taken
from tasks.steps.ticket_answers import Delivered, deliver, message_of, write_back
from tasks.wire.store.engine import StoreUnavailable
from tasks.wire.store.store import Store
from tasks.wire.tickets.calls import Calls
from tasks.wire.tickets.desk import TicketDesk
from tasks.wire.tickets.freshdesk import Freshdesk
from tasks.wire.tickets.settings import desk_key, fleet_of, load_settings, settings_file

OVERLAP = timedelta(minutes=2)          # the desk's clock and lists may lag
LEASE_S = 600.0


@dataclass(frozen=True)
class Seen:
    """One ticket that was dealt with. ``outcome``: opened, known, or why it was declined."""

    desk: str
    ticket: str
    outcome: str
    case_id: str | None = None
    detail: str = ""


@dataclass
class Polled:
    """One desk, looked through. ``error`` says in one sentence what kept it from being finished; "" where nothing."""

    desk: str
    seen: list[Seen] = field(default_factory=list)
    delivered: Delivered = field(default_factory=Delivered)
    busy: bool = False
    error: str = ""


def poll_all(store: Store, home: Path, *, only: Sequence[str] = (), settings: TicketSettings | None = None
             ) -> list[Polled]:
    """Every desk of tickets.yaml, or those named. One desk's trouble costs only itself.

    Raises UserError for tickets.yaml or a name that is wrong, StoreUnavailable.
    """
    told = settings or load_settings(home)
    unknown = set(only) - set(told.desks)
    if unknown:
        raise UserError("desk_unknown", f"{settings_file(home)} has no desk {min(unknown)}", "name one of its desks")
    return [poll(store, home, name, desk) for name, desk in told.desks.items() if not only or name in only]


def poll(store: Store, home: Path, name: str, desk: Desk) -> Polled:
    """New and changed tickets in, what became of the cases out. One poller a desk; a second one leaves at once."""
    polled = Polled(name)
    try:
        with store.leased(f"tickets:{name}", holder(), LEASE_S) as lease:
            if lease is None:
                polled.busy = True
                return polled
            _looked_through(store, home, name, desk, polled)
    except StoreUnavailable:
        raise
    except UserError as error:
        polled.error = polled.error or str(error)
    return polled


def _looked_through(store: Store, home: Path, name: str, desk: Desk, polled: Polled) -> None:
    """Answers go out also where tickets cannot be taken in."""
    site = open_desk(home, name, desk)
    try:
        try:
            take_all(store, home, site, desk, polled.seen)
        except StoreUnavailable:
            raise
        except UserError as error:
            polled.error = str(error)
        write_back(store, name, desk.statuses)
        polled.delivered = deliver(store, site, holder())
    finally:
        site.close()


def take_all(store: Store, home: Path, site: TicketDesk, desk: Desk, seen: list[Seen]) -> None:
    """Every order among the tickets that changed since the desk was last looked through. Raises UserError."""
    known = store.desk_since(site.name)
    since = known - OVERLAP if known else store.now() - timedelta(days=desk.first_days)
    counter, done = Counter(store, home, fleet_of(home, desk)), set()
    for page in site.changed(since):
        for ticket in page:
            if (ticket.id, ticket.updated_at) not in done:
                done.add((ticket.id, ticket.updated_at))
                seen += take(store, counter, ticket, desk)
        if page:
            store.desk_looked_through(site.name, max(ticket.updated_at for ticket in page))


def take(store: Store, counter: Counter, ticket: Ticket, desk: Desk) -> Iterable[Seen]:
    """One ticket: its case and answer, or nothing where it is no order or has its case already. Raises UserError."""
    link = store.ticket(ticket.desk, ticket.id)
    if not is_order(ticket, desk) or (link is not None and link.case_id is not None):
        return ()
    asked = read_order(ticket, desk)
    taken = asked if isinstance(asked, Declined) else counter.take(asked, by=f"ticket {ticket.desk} {ticket.id}")
    if isinstance(taken, Taken):
        answers, case_id = for_case(ticket.desk, ticket.id, taken.case, desk.statuses), taken.case.id
        outcome, detail = ("opened" if taken.new else "known"), ""
    else:
        answers, case_id = for_declined(ticket.desk, ticket.id, taken, desk.statuses), None
        outcome, detail = taken.why.value, taken.detail
    store.link_ticket(
        Link(desk=ticket.desk, ticket=ticket.id, case_id=case_id, outcome=outcome, seen_at=store.now()),
        map(message_of, answers),
    )
    return (Seen(ticket.desk, ticket.id, outcome, case_id, detail),)


def take_hint(store: Store, home: Path, name: str, desk: Desk, ticket_id: str) -> tuple[Seen, ...]:
    """A webhook named a ticket: it is read from the desk itself and dealt with. Raises UserError."""
    site = open_desk(home, name, desk)
    try:
        counter = Counter(store, home, fleet_of(home, desk))
        seen = tuple(take(store, counter, site.ticket(ticket_id), desk))
        deliver(store, site, holder())
        return seen
    finally:
        site.close()


def open_desk(home: Path, name: str, desk: Desk) -> TicketDesk:
    """Raises UserError where its key cannot be used."""
    return Freshdesk(name, desk, Calls(desk.url, desk_key(home, name, desk), desk.patience_s))


def tend_tickets(store: Store, home: Path) -> list[str]:
    """A reconciler's turn at the desks, where there are any: what went wrong, in sentences. Raises StoreUnavailable."""
    if not settings_file(home).exists():
        return []
    try:
        return [f"desk {each.desk}: {each.error}" for each in poll_all(store, home) if each.error]
    except StoreUnavailable:
        raise
    except UserError as error:
        return [str(error)]


def holder() -> str:
    return f"tickets {socket.gethostname()} {os.getpid()}"
