"""The target release has no chan_sip: phones and trunks that still use it come back silent.

Asterisk 21 removed chan_sip (its UPGRADE notes); which PBXware release did so stands in the profile.
Remedy: move the extensions and trunks to PJSIP before the upgrade.
Client: Your phones use an older connection method that the new version no longer has. We need to move them over first.
Otherwise: The telephones and lines that use it are silent after the upgrade, so we cannot make it.
"""
from __future__ import annotations

from collections.abc import Iterator

from tasks.model.check import Yielded, check
from tasks.model.facts import SipDriver, SipDrivers
from tasks.model.finding import Kind, Notice, Problem, Quantity, Remediation, Severity
from tasks.model.profile import Profile
from tasks.model.release import Hop

MOVE = Remediation(
    id="move_to_pjsip", kind=Kind.ENGINEER, text="move extensions and trunks to PJSIP", reversible=True, downtime_s=300
)


@check(drops="chan_sip", severity=Severity.HIGH, blocking=True)
def chan_sip_in_use(sip: SipDrivers, profile: Profile, hop: Hop) -> Iterator[Yielded]:
    if SipDriver.CHAN_SIP not in sip.loaded or not sip.chan_sip_peers:
        return
    peers = Quantity(value=sip.chan_sip_peers, unit="peers")
    if any("chan_sip" in release.converts for release in profile.entered(hop)):
        yield Notice(subject="chan_sip", summary=f"{peers} are moved to PJSIP by the upgrade", measured=peers)
    else:
        summary = f"{peers} use chan_sip, which {hop.target} does not have"
        yield Problem(subject="chan_sip", summary=summary, measured=peers, remediations=(MOVE,))
