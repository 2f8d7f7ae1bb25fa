"""Custom dialplan uses what the target's Asterisk no longer has: calls that pass there end.

Asterisk's UPGRADE notes: 19 drops app_mysql; 21 drops app_macro, res_monitor, chan_sip, chan_mgcp and chan_skinny.
Remedy: rewrite the places (Gosub for Macro, MixMonitor for Monitor, func_odbc for MYSQL, PJSIP for SIP).
Client: Custom call routing on your phone system uses functions that the new version no longer has. It must be adapted.
Otherwise: Calls that pass through this routing end there after the upgrade, so we cannot make it.
"""
from __future__ import annotations

from collections.abc import Iterator

from tasks.model.check import Yielded, check
from tasks.model.facts import Dialplan
from tasks.model.finding import Kind, Notice, Problem, Quantity, Remediation, Severity
from tasks.model.profile import Profile
from tasks.model.release import Hop

GIVEN_BY = {"app_macro": "Macro", "res_monitor": "Monitor", "app_mysql": "MYSQL", "chan_sip": "SIP",
            "chan_mgcp": "MGCP", "chan_skinny": "Skinny"}
REWRITE = Remediation(id="rewrite_dialplan", kind=Kind.ENGINEER, text="rewrite the places named", reversible=True)


@check(drops=tuple(GIVEN_BY), severity=Severity.HIGH, blocking=True)
def dropped_applications(dialplan: Dialplan, profile: Profile, hop: Hop) -> Iterator[Yielded]:
    entered = profile.entered(hop)
    for feature, name in GIVEN_BY.items():
        places = [place for used, place in dialplan.uses if used == name]
        if not places or not any(feature in release.drops for release in entered):
            continue
        found, at = Quantity(value=len(places), unit="places"), ", ".join(places[:3])
        if any(feature in release.converts for release in entered):
            yield Notice(subject=name, summary=f"{name} in {found} is converted by the upgrade", measured=found)
        else:
            summary = f"{name} ({feature}) is used in {found}: {at}"
            yield Problem(subject=name, summary=summary, measured=found, remediations=(REWRITE,))
