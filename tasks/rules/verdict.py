"""One word for a system, from the worst of what is open; the five verdicts sum to the number of systems.

In this order, the first that holds:

| verdict | when |
|---|---|
| unreachable | no login was made, whatever was the reason |
| blocked | an open failing finding is blocking: no upgrade until it is mended or waived |
| undetermined | an open unknown finding is blocking: it could not be told whether an upgrade is safe |
| actions_needed | an open failing finding above info: the client is asked first |
| ready | nothing of this; or it runs the target already, so that there is nothing to upgrade |

A waived finding is not open. More open failing findings never give a better verdict.
"""
from __future__ import annotations

from collections.abc import Iterable

from tasks.model.answer import Contact, ContactState
from tasks.model.finding import Finding, Outcome, Severity, Verdict

WORST_FIRST = (Verdict.UNREACHABLE, Verdict.BLOCKED, Verdict.UNDETERMINED, Verdict.ACTIONS_NEEDED, Verdict.READY)


def verdict_of(contact: Contact, findings: Iterable[Finding], *, there: bool = False) -> Verdict:
    """The verdict of a system with this contact and these findings (see the module's table).

    ``there``: it runs the target already. What its checks find is told all the same, and stands in no upgrade's way.
    """
    if contact.state is not ContactState.REACHED:
        return Verdict.UNREACHABLE
    if there:
        return Verdict.READY
    still = [finding for finding in findings if finding.open]
    if any(one.outcome is Outcome.FAIL and one.blocking for one in still):
        return Verdict.BLOCKED
    if any(one.outcome is Outcome.UNKNOWN and one.blocking for one in still):
        return Verdict.UNDETERMINED
    if any(one.outcome is Outcome.FAIL and one.severity > Severity.INFO for one in still):
        return Verdict.ACTIONS_NEEDED
    return Verdict.READY
