"""What a client says, and what becomes of what the client is told; none of it decides anything."""
from __future__ import annotations

from tasks.model.case import Case as C
from tasks.model.case import State
from tasks.model.event import Bounced, ClientSaid, Reminded
from tasks.rules.moves.table import LIVE, Refused, also, leads, move, stays, troubled

S = State
TOLD = (S.NOTIFIED, S.AWAITING_APPROVAL)
WAITS = (S.NOTIFIED, S.AWAITING_APPROVAL, S.REMEDIATING, S.PROPOSED, S.SCHEDULED)


@move(Bounced, also(stays(LIVE), leads((TOLD, S.NEEDS_ENGINEER))), any_time=True)
def bounced(case: C, event: Bounced) -> C | Refused:
    """A notice that reached nobody is sent again when the engineer has mended the contacts."""
    if case.state in TOLD and event.reaches_nobody:
        return troubled(case, f"the notice to {event.recipient} came back: {event.reason}",
                        "mend the contacts in the fleet file and release the case, or tell the client yourself",
                        resume=S.INSPECTED)
    return case


@move(Reminded, stays(WAITS))
def reminded(case: C, event: Reminded) -> C | Refused:
    return case.model_copy(update={"reminders": case.reminders + 1, "reminded_at": event.at})


@move(ClientSaid, stays(State), any_time=True)
def client_said(case: C, event: ClientSaid) -> C | Refused:
    return case
