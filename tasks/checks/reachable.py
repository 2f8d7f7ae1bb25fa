"""Nothing can be said of a system that cannot be logged in to, and nothing can be done on it.

Remedy: see that the address, port and credential of the fleet file are right and that the way to the system is open.
Client: We could not connect to your phone system to inspect it. Please make sure that our address may reach it.
Otherwise: We can neither look at your phone system nor upgrade it.
"""
from __future__ import annotations

from collections.abc import Iterator

from tasks.model.answer import Contact, ContactState
from tasks.model.check import check
from tasks.model.finding import Problem, Severity

# A host key that is not the recorded one is the matter of another check: the system answered.
ANSWERED = (ContactState.REACHED, ContactState.KEY_CHANGED, ContactState.KEY_UNKNOWN)


@check(severity=Severity.HIGH, blocking=True, waivable=False)
def reachable(contact: Contact) -> Iterator[Problem]:
    if contact.state not in ANSWERED:
        reason = contact.state.replace("_", " ")
        yield Problem(subject=contact.state, summary=f"not reached ({reason}): {contact.detail or 'no detail'}")
