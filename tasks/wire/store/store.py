"""The case database as the rest of Uplift sees it. Each method is one transaction and blocks: call it in a thread."""
from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from secrets import token_hex
from types import TracebackType

from sqlalchemy import Connection

from tasks.model.case import Case, State
from tasks.model.event import Event, Opened
from tasks.model.ledger import (
    Arrival,
    Channel,
    Hold,
    JournalEntry,
    Lease,
    Message,
    OutboxMessage,
    OutboxState,
    Settled,
    StepRun,
)
from tasks.model.ticket import Link
from tasks.rules.lifecycle import Refused
from tasks.wire.store import arrivals, cases, forms, holds, journal, leases, outbox, tickets
from tasks.wire.store.engine import Database, connect, database_url, now
from tasks.wire.store.forms import Form
from tasks.wire.store.journal import Fault
from tasks.wire.store.migrate import migrate


class Store:
    """Raises StoreUnavailable (a UserError) from every method when the database does not answer."""

    def __init__(self, database: Database) -> None:
        self._db = database

    @classmethod
    def open(cls, url: str | None = None, *, home: str | Path | None = None) -> Store:
        """Connect to ``url``, else $UPLIFT_DATABASE_URL, else the SQLite file of UPLIFT_HOME; brings it up to date."""
        engine = connect(database_url(url, home))
        migrate(engine)
        return cls(Database(engine))

    def close(self) -> None:
        self._db.engine.dispose()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def now(self) -> datetime:
        """The time on the database's clock."""
        return self._db.read(now)

    # --- cases -------------------------------------------------------------------------------------------------

    @staticmethod
    def new_case_id() -> str:
        return f"C-{token_hex(4).upper()}"

    def open_case(self, event: Opened) -> tuple[Case, bool]:
        """The case of an order, and whether this call opened it: however many ask, one order is one case."""
        return self._db.write(lambda c: cases.opened(c, event))

    def record(
        self,
        case_id: str,
        event: Event,
        *,
        messages: Iterable[Message] = (),
        lease: Lease | None = None,
        expected: Case | None = None,
        settled: Iterable[Settled] = (),
        arrival: Arrival | None = None,
    ) -> Case | Refused:
        """Move a case by an event: the case, its journal and its messages in one transaction, or nothing.

        ``settled``: what became of messages that are in the outbox already. An ``arrival`` moves a case once. With
        ``lease`` only while no one has taken it over (LeaseLost); with ``expected`` only while the case is still
        that (CaseChanged). Raises NoSuchCase.
        """
        letters, fates = tuple(messages), tuple(settled)

        def work(c: Connection) -> Case | Refused:
            if lease is not None:
                leases.check(c, lease)
            return cases.recorded(c, case_id, event, letters, expected, fates, arrival)

        return self._db.write(work)

    def answer(self, case_id: str, event: Event, form: Form, expected: Case) -> Case | Refused:
        """Move the case that a client saw by what its form says, once. Raises FormUsed, CaseChanged, NoSuchCase."""
        return self._db.write(lambda c: forms.answered(c, case_id, event, form, expected))

    def form_used(self, form: Form) -> bool:
        return self._db.read(lambda c: forms.used(c, form))

    def case(self, case_id: str) -> Case:
        """Raises NoSuchCase."""
        return self._db.read(lambda c: cases.one(c, case_id))

    def cases(self, states: Iterable[State] | None = None, system_id: str | None = None) -> tuple[Case, ...]:
        wanted = None if states is None else tuple(states)
        return self._db.read(lambda c: cases.many(c, wanted, system_id))

    def step_runs(self, case_id: str) -> tuple[StepRun, ...]:
        return self._db.read(lambda c: cases.runs(c, case_id))

    # --- journal -----------------------------------------------------------------------------------------------

    def journal(self, case_id: str) -> tuple[JournalEntry, ...]:
        return self._db.read(lambda c: journal.entries_of(c, case_id))

    def entries_since(self, kinds: tuple[str, ...], since: datetime) -> tuple[JournalEntry, ...]:
        """Entries of these kinds in all cases' journals."""
        return self._db.read(lambda c: journal.of_kinds(c, kinds, since))

    def verify_journal(self, case_id: str | None = None) -> tuple[Fault, ...]:
        """What is not as it was written, of one case or of all; empty when all is well."""
        which = (case_id,) if case_id else self._db.read(cases.ids)
        return tuple(fault for each in which for fault in self._db.read(partial(journal.verify, case_id=each)))

    # --- leases ------------------------------------------------------------------------------------------------

    def acquire(self, resource: str, holder: str, ttl_s: float) -> Lease | None:
        """The lease, or None while somebody holds the resource."""
        return self._db.write(lambda c: leases.acquire(c, resource, holder, ttl_s))

    def renew(self, lease: Lease, ttl_s: float) -> Lease:
        """Raises LeaseLost."""
        return self._db.write(lambda c: leases.renew(c, lease, ttl_s))

    def release(self, lease: Lease) -> None:
        """Raises LeaseLost."""
        self._db.write(lambda c: leases.release(c, lease))

    @contextmanager
    def leased(self, resource: str, holder: str, ttl_s: float) -> Iterator[Lease | None]:
        """A lease for a short piece of work, given back at its end; None where somebody holds the resource."""
        lease = self.acquire(resource, holder, ttl_s)
        try:
            yield lease
        finally:
            if lease is not None and self.newest_token(resource) == lease.token:
                self.release(lease)

    def lease(self, resource: str) -> Lease | None:
        """Who holds the resource now."""
        return self._db.read(lambda c: leases.held(c, resource))

    def newest_token(self, resource: str) -> int:
        return self._db.read(lambda c: leases.newest_token(c, resource))

    # --- outbox ------------------------------------------------------------------------------------------------

    def queue(self, *messages: Message, case_id: str | None = None) -> int:
        """Messages that come with no event; those that do go with ``record``. Gives how many were not there yet."""
        return self._db.write(lambda c: outbox.queue(c, messages, case_id))

    def claim_messages(self, sender: str, limit: int = 20, only: tuple[str, ...] = ()) -> tuple[OutboxMessage, ...]:
        return self._db.write(lambda c: outbox.claim(c, sender, now(c), limit, only))

    def message_sent(self, claimed: OutboxMessage, detail: str = "") -> bool:
        return self._db.write(lambda c: outbox.sent(c, claimed, now(c), detail))

    def message_failed(self, claimed: OutboxMessage, detail: str, retry_in_s: float) -> bool:
        """It certainly did not arrive: send it again after some time."""
        return self._db.write(lambda c: outbox.failed(c, claimed, detail, now(c) + timedelta(seconds=retry_in_s)))

    def message_unsure(self, claimed: OutboxMessage, detail: str) -> bool:
        return self._db.write(lambda c: outbox.unsure(c, claimed, detail))

    def abandon_messages(self, older_than_s: float, channel: Channel | None = None) -> int:
        """Messages claimed so long ago and never settled become unsure."""
        return self._db.write(lambda c: outbox.abandon(c, now(c), timedelta(seconds=older_than_s), channel))

    def decide_message(self, message_id: str, *, arrived: bool, detail: str) -> bool:
        """A person's word on an unsure message: it arrived, or it is to be sent again."""
        return self._db.write(lambda c: outbox.decide(c, message_id, arrived=arrived, at=now(c), detail=detail))

    def settle_message(self, settled: Settled) -> bool:
        """What is known of a message, whatever its sender thought; False where nothing is new."""
        return self._db.write(lambda c: outbox.settle(c, settled, now(c)))

    def erase_messages(self, case_id: str) -> int:
        """Empty a case's messages of what they said and to whom; gives how many."""
        return self._db.write(lambda c: outbox.erase(c, case_id))

    def messages(
        self, case_id: str | None = None, state: OutboxState | None = None, only: tuple[str, ...] | None = None
    ) -> tuple[OutboxMessage, ...]:
        return self._db.read(lambda c: outbox.listed(c, case_id, state, only))

    # --- what came in ------------------------------------------------------------------------------------------

    def known_arrivals(self, source: str, ids: tuple[str, ...]) -> frozenset[str]:
        """Those among ``ids`` that were dealt with."""
        return self._db.read(lambda c: arrivals.known(c, source, ids))

    def note_arrivals(self, source: str, ids: tuple[str, ...]) -> None:
        """They were dealt with, without moving a case."""
        self._db.write(lambda c: arrivals.note(c, source, ids, now(c)))

    # --- tickets -----------------------------------------------------------------------------------------------

    def link_ticket(self, link: Link, messages: Iterable[Message] = ()) -> Link:
        """What became of a ticket, with its answers, in one transaction. A ticket's case is never exchanged."""
        letters = tuple(messages)
        return self._db.write(lambda c: tickets.link(c, link, letters))

    def ticket(self, desk: str, ticket: str) -> Link | None:
        return self._db.read(lambda c: tickets.one(c, desk, ticket))

    def tickets_of(self, case_id: str) -> tuple[Link, ...]:
        return self._db.read(lambda c: tickets.of_case(c, case_id))

    def tickets_behind(self, desk: str) -> tuple[Link, ...]:
        """Tickets whose case has entries that were not written back."""
        return self._db.read(lambda c: tickets.behind(c, desk))

    def desk_since(self, desk: str) -> datetime | None:
        return self._db.read(lambda c: tickets.since(c, desk))

    def desk_looked_through(self, desk: str, until: datetime) -> None:
        self._db.write(lambda c: tickets.looked_through(c, desk, until))

    def delivered(self, source: str, delivery: str, digest: str, keep_s: float) -> bool:
        """Note a posted message; False where its id came before with another body."""
        return self._db.write(
            lambda c: tickets.delivered(c, source, delivery, digest, now(c), timedelta(seconds=keep_s)))

    # --- holds -------------------------------------------------------------------------------------------------

    def put_hold(self, by: str, reason: str) -> None:
        """From here on no new change begins anywhere."""
        self._db.write(lambda c: holds.put(c, by, reason, now(c)))

    def lift_hold(self, by: str) -> int:
        """Lift every hold; gives how many stood."""
        return self._db.write(lambda c: holds.lift(c, by, now(c)))

    def hold(self) -> Hold | None:
        return self._db.read(holds.standing)

    def holds(self) -> tuple[Hold, ...]:
        return self._db.read(holds.every)
