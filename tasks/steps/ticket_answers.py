"""Answers out: what the journal says goes into the outbox once, and from there onto its ticket once.

Before anything is posted the ticket is looked at, whether it is there already. A send whose outcome is in doubt becomes
``unsure``; only after a pause, in which a slow desk would have shown it, does the ticket itself say what became of it.
"""
from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from pydantic import ValidationError

from tasks.model.errors import UserError
from tasks.model.ledger import Channel, Message, OutboxMessage, OutboxState
from tasks.model.ticket import Answer
from tasks.model.ticket_settings import Statuses
from tasks.rules.ticket_words import for_entries
from tasks.wire.store.engine import StoreUnavailable
from tasks.wire.store.store import Store
from tasks.wire.tickets.desk import DeskDoubt, DeskError, TicketDesk

STALE_S = 900.0                 # a sender that has said nothing for so long is dead; longer than any patience
SETTLE_S = 300.0                # after which a message that is not on the ticket did not arrive
LONGEST_PAUSE_S = 3600.0
AT_ONCE = 200
_OF_ONE_TICKET = frozenset({"desk_400", "desk_404", "desk_405", "desk_409", "desk_ticket_endless", "desk_bad_answer"})


@dataclass
class Delivered:
    """``troubles`` say in a sentence what could not be written, and why."""

    sent: int = 0
    unsure: int = 0
    troubles: list[str] = field(default_factory=list)
    desk_silent: bool = False           # the desk as a whole, not one of its tickets

    def note(self, ticket: str, error: UserError) -> None:
        self.troubles.append(f"ticket {ticket}: {error}")
        self.desk_silent |= error.code not in _OF_ONE_TICKET


def message_of(answer: Answer) -> Message:
    return Message(message_id=answer.message_id, channel=Channel.TICKET,
                   recipients=(f"{answer.desk}/{answer.ticket}",), payload=answer.model_dump_json().encode())


def write_back(store: Store, desk: str, statuses: Statuses) -> int:
    """Queue what the cases' journals say that their tickets do not have yet; gives how many tickets that were."""
    behind = store.tickets_behind(desk)
    for link in behind:
        assert link.case_id is not None
        case, journal = store.case(link.case_id), store.journal(link.case_id)
        new = [entry for entry in journal if entry.number > max(link.told, 1)]      # the first is told as the receipt
        answers = for_entries(desk, link.ticket, case, new, statuses)
        store.link_ticket(link.model_copy(update={"told": len(journal)}), map(message_of, answers))
    return len(behind)


def deliver(
    store: Store, site: TicketDesk, sender: str, *, stale_s: float = STALE_S, settle_s: float = SETTLE_S
) -> Delivered:
    """Send what is ripe for this desk. Raises StoreUnavailable; everything else is told in ``troubles``."""
    done = Delivered()
    store.abandon_messages(stale_s, Channel.TICKET)
    _reconcile(store, site, done, settle_s)
    for message_id in _waiting(store, site.name):
        if done.desk_silent:
            break                               # a desk that does not answer is not asked two hundred times
        for claimed in store.claim_messages(sender, 1, (message_id,)):      # one by one: a death leaves one in doubt
            _send(store, site, claimed, done)
    return done


def _waiting(store: Store, desk: str) -> tuple[str, ...]:
    """The ids of this desk's messages that are to be sent, oldest first."""
    now = store.now()
    return tuple(
        each.message.message_id for each in store.messages(state=OutboxState.PENDING)
        if each.message.channel is Channel.TICKET and each.message.recipients[0].startswith(f"{desk}/")
        and (each.message.not_before is None or each.message.not_before <= now)
    )[:AT_ONCE]


def _send(store: Store, site: TicketDesk, claimed: OutboxMessage, done: Delivered) -> None:
    answer = _answer(claimed)
    if answer is None:
        store.message_failed(claimed, "it cannot be read", LONGEST_PAUSE_S)
        return
    try:
        if not site.is_done(answer):
            site.carry_out(answer)
        store.message_sent(claimed, "on the ticket")
        done.sent += 1
    except DeskError as error:
        store.message_failed(claimed, error.message, min(max(error.retry_s, 15 * 2**claimed.attempts), LONGEST_PAUSE_S))
        done.note(answer.ticket, error)
    except DeskDoubt as doubt:
        _after_doubt(store, site, claimed, answer, doubt, done)


def _after_doubt(store: Store, site: TicketDesk, claimed: OutboxMessage, answer: Answer, doubt: DeskDoubt,
                 done: Delivered) -> None:
    """Seen on the ticket, it is there. Not seen, it may still come: that is not decided now."""
    try:
        there = site.is_done(answer)
    except UserError:
        there = False
    if there:
        store.message_sent(claimed, "on the ticket, though its answer was lost")
        done.sent += 1
    else:
        store.message_unsure(claimed, doubt.message)
        done.unsure += 1


def _reconcile(store: Store, site: TicketDesk, done: Delivered, settle_s: float) -> None:
    """The ticket says what became of a doubtful message: it is there, or long enough after the attempt it is not."""
    before = store.now() - timedelta(seconds=settle_s)
    for each in store.messages(state=OutboxState.UNSURE):
        answer = _answer(each) if each.message.channel is Channel.TICKET else None
        if answer is None or answer.desk != site.name:
            continue
        try:
            there = site.is_done(answer)
        except StoreUnavailable:
            raise
        except UserError as error:
            done.note(answer.ticket, error)
            if done.desk_silent:
                return
            continue
        if there:
            store.decide_message(each.message.message_id, arrived=True, detail="found on the ticket")
        elif each.claimed_at is not None and each.claimed_at <= before:
            store.decide_message(each.message.message_id, arrived=False, detail="looked for on the ticket, not there")


def _answer(queued: OutboxMessage) -> Answer | None:
    try:
        return Answer.model_validate_json(queued.message.payload)
    except ValidationError:
        return None
