"""A host key that is not the recorded one means another machine, a rebuilt one, or someone in between.

No login is made, so that no credential reaches a machine that nobody vouches for.
Remedy: compare the fingerprint on the system's own console; if it is the system's, run `uplift fleet enroll`.
Client: Your phone system identifies itself differently than before. Please tell us whether it was rebuilt or replaced.
Otherwise: We cannot be sure that we talk to your phone system, so we do nothing on it.
"""
from __future__ import annotations

from collections.abc import Iterator

from tasks.model.answer import Contact, ContactState
from tasks.model.check import check
from tasks.model.finding import Kind, Problem, Remediation, Severity

ENROLL = Remediation(
    id="enroll_host_key",
    kind=Kind.ENGINEER,
    text="compare the fingerprint on the system's console, then record it with `uplift fleet enroll`",
    reversible=True,
    needs_approval=False,
)


@check(severity=Severity.HIGH, blocking=True, waivable=False)
def host_key(contact: Contact) -> Iterator[Problem]:
    if contact.state not in (ContactState.KEY_CHANGED, ContactState.KEY_UNKNOWN):
        return
    seen, recorded = contact.host_key or "none", contact.expected_host_key or "none"
    summary = f"host key seen {seen}, recorded {recorded}; compare it on the console, then `uplift fleet enroll`"
    yield Problem(subject=contact.state, summary=summary, remediations=(ENROLL,))
