"""A module that works now is not there in the target's Asterisk: what it does for the site ends.

Asterisk's UPGRADE notes: 19 drops cdr_mysql (the records of calls), 21 drops chan_mgcp and chan_skinny (phones). What
dialplan uses of dropped modules (app_macro, res_monitor, app_mysql) and chan_sip have checks of their own.
Remedy: move the records to cdr_adaptive_odbc, the phones to SIP, or find out that nobody uses the module.
Client: Your phone system uses a component that the new version no longer has. We need to replace it first.
Otherwise: What uses the component no longer works after the upgrade.
"""
from __future__ import annotations

from collections.abc import Iterator

from tasks.model.asterisk_facts import LoadedModules
from tasks.model.check import Yielded, check
from tasks.model.finding import Kind, Notice, Problem, Remediation, Severity
from tasks.model.profile import Profile
from tasks.model.release import Hop

DROPPED = ("cdr_mysql", "chan_mgcp", "chan_skinny")
MOVE = Remediation(
    id="replace_dropped_module", kind=Kind.ENGINEER, text="move what uses the module elsewhere", reversible=True
)


@check(drops=DROPPED, severity=Severity.MEDIUM, blocking=False)
def dropped_modules(modules: LoadedModules, profile: Profile, hop: Hop) -> Iterator[Yielded]:
    entered = profile.entered(hop)
    for name in DROPPED:
        dropped = any(name in release.drops for release in entered)
        if not dropped or f"{name}.so" not in modules.running:
            continue
        if any(name in release.converts for release in entered):
            yield Notice(subject=name, summary=f"{name} is replaced by the upgrade")
        else:
            summary = f"{name} is loaded, and {hop.target} does not have it"
            yield Problem(subject=name, summary=summary, remediations=(MOVE,))
