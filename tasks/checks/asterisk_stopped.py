"""Asterisk does not run: nobody can call, and of telephony nothing else can be told before the upgrade.

Remedy: find out why Asterisk is stopped (its log, the disk), start it, and sweep again.
Client: The telephone service of your phone system is stopped. Please call us if that is not on purpose.
Otherwise: Nobody can call or be called, and we cannot test your telephones before the upgrade.
"""
from __future__ import annotations

from collections.abc import Iterator

from tasks.model.asterisk_facts import AsteriskState
from tasks.model.check import Yielded, check
from tasks.model.finding import Kind, Problem, Remediation, Severity

START = Remediation(
    id="start_asterisk", kind=Kind.ENGINEER, text="find out why Asterisk is stopped, and start it", reversible=True
)


@check(severity=Severity.HIGH, blocking=True)
def asterisk_stopped(state: AsteriskState) -> Iterator[Yielded]:
    if not state.running:
        yield Problem(subject="asterisk", summary="Asterisk does not run", remediations=(START,))
