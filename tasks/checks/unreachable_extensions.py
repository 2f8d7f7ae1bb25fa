"""Many phones are registered and do not answer: after the upgrade nobody can tell them from those that it lost.

Asterisk asks them with OPTIONS (qualify); those that it does not ask are not counted.
Remedy: compare the list with the client's before the upgrade, and remove phones that are gone.
Client: Some of your phones do not answer. Please check whether they are switched on, or are no longer used.
Otherwise: Those telephones stay silent, and after the upgrade nobody can tell why.
"""
from __future__ import annotations

from collections.abc import Iterator

from tasks.model.asterisk_facts import Reach, Registrations
from tasks.model.check import Yielded, check
from tasks.model.finding import Kind, Notice, Problem, Quantity, Remediation, Severity
from tasks.model.occasion import WITH_THE_HOUR
from tasks.model.profile import Profile

LOOK = Remediation(
    id="look_at_phones", kind=Kind.CLIENT, text="switch the phones on or remove them", reversible=True
)


@check(severity=Severity.LOW, blocking=False, only_told=WITH_THE_HOUR)
def unreachable_extensions(registrations: Registrations, profile: Profile) -> Iterator[Yielded]:
    asked = [one for one in registrations.extensions if one.reach in (Reach.ANSWERS, Reach.SILENT)]
    silent = [one.name for one in asked if one.reach is Reach.SILENT]
    if not silent:
        return
    share = Quantity(value=round(100 * len(silent) / len(asked)), unit="%")
    some = ", ".join(silent[:5]) + (", …" if len(silent) > 5 else "")
    summary = f"{len(silent)} of {len(asked)} registered extensions that are asked do not answer: {some}"
    if len(silent) > profile.telephony.unreachable_share * len(asked):
        limit = Quantity(value=round(100 * profile.telephony.unreachable_share), unit="%")
        yield Problem(subject="extensions", summary=summary, measured=share, threshold=limit, remediations=(LOOK,))
    else:
        yield Notice(subject="extensions", summary=summary, measured=share)
