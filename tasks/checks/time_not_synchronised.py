"""A clock that nobody keeps drifts: times of calls, certificates and the upgrade's window go wrong with it.

Remedy: install chrony (or mend its servers and firewall), and see that it reaches a time server.
Client: The clock of your phone system is not set automatically. We will mend that.
Otherwise: The clock goes wrong little by little, and calls are recorded with the wrong time.
"""
from __future__ import annotations

from collections.abc import Iterator

from tasks.model.check import Yielded, check
from tasks.model.finding import CannotTell, Kind, Notice, Problem, Remediation, Severity
from tasks.model.system_facts import Timekeeping

SYNC = Remediation(id="keep_clock", kind=Kind.ENGINEER, text="let chrony or ntpd keep the clock", reversible=True)


@check(severity=Severity.LOW, blocking=False)
def time_not_synchronised(keeping: Timekeeping) -> Iterator[Yielded]:
    if keeping.synchronised:
        return
    who = ", ".join(keeping.daemons)
    if keeping.synchronised is False:
        summary = f"{who or 'the program that keeps the clock'} says that it is not synchronised"
        yield Problem(subject="time", summary=summary, remediations=(SYNC,))
    elif keeping.contained:
        yield Notice(subject="time", summary="a container: its host keeps the clock")
    elif who:
        yield CannotTell(subject="time", summary=f"{who} runs, and nothing tells whether it is synchronised")
    else:
        yield Problem(subject="time", summary="no program keeps the clock", remediations=(SYNC,))
