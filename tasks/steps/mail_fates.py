"""What becomes of the cases' mail, written into their journals: taken by the client's side, or come back."""
from __future__ import annotations

from tasks.model.case import Case, State
from tasks.model.event import Bounced, Delivered
from tasks.model.ledger import JournalEntry, Lease, OutboxMessage, OutboxState, Settled
from tasks.rules.lifecycle import Refused
from tasks.steps.work import sentence
from tasks.wire.store.cases import CaseChanged
from tasks.wire.store.store import Store

MAIL = "mail"               # who says it, in the journal
_TOLD_BY = ("notified", "reminded")


def came_back(store: Store, queued: OutboxMessage, recipient: str, reason: str, lease: Lease | None = None) -> bool:
    """A recipient did not get the message and never will; False where that was known.

    When none of its recipients got it, the message is ``bounced``, in the same transaction.
    """
    mid, case_id = queued.message.message_id, queued.case_id
    fate = Settled(message_id=mid, state=OutboxState.BOUNCED, detail=sentence(reason))
    if case_id is None:
        return store.settle_message(fate)
    journal = store.journal(case_id)
    lost = lost_mail(journal)
    known = (mid, recipient.casefold()) in lost
    lost.add((mid, recipient.casefold()))
    gone = [fate] if all((mid, each.casefold()) in lost for each in queued.message.recipients) else []
    if known:
        return bool(gone) and store.settle_message(fate)
    event = Bounced(at=store.now(), by=MAIL, message_id=mid, recipient=recipient, reason=sentence(reason),
                    reaches_nobody=_nobody(store, journal, mid, lost))
    moved = store.record(case_id, event, settled=gone, lease=lease)
    if isinstance(moved, Refused):          # the case is over
        for each in gone:
            store.settle_message(each)
    return True


def lost_mail(journal: tuple[JournalEntry, ...]) -> set[tuple[str, str]]:
    """(message id, recipient) of what came back."""
    return {(entry.body["message_id"], entry.body["recipient"].casefold()) for entry in journal
            if entry.kind == "bounced"}


def _nobody(store: Store, journal: tuple[JournalEntry, ...], mid: str, lost: set[tuple[str, str]]) -> bool:
    """Whether the newest notice or reminder, of which the message is one, has reached none of the client's contacts."""
    newest = next((entry.body["message_ids"] for entry in reversed(journal)
                   if entry.kind in _TOLD_BY and entry.body["message_ids"]), ())
    if mid not in newest:
        return False
    return all((one.message.message_id, each.casefold()) in lost
               for one in store.messages(only=tuple(newest)) for each in one.message.recipients)


def tell_delivered(store: Store, lease: Lease | None = None) -> int:
    """Record it in each case whose notice was taken for at least one recipient; gives how many those were."""
    told = 0
    for case in store.cases([State.NOTIFIED]):
        notice = next((entry.body["message_ids"] for entry in reversed(store.journal(case.id))
                       if entry.kind == "notified"), ())
        if any(one.state is OutboxState.SENT for one in store.messages(only=tuple(notice))):
            try:
                moved = store.record(case.id, Delivered(at=store.now(), by=MAIL), expected=case, lease=lease)
            except CaseChanged:
                continue                    # looked at again in the next round
            told += isinstance(moved, Case)
    return told
