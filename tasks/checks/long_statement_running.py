"""A statement that runs for minutes (a rebuild, a repair, a dump) holds its tables; the upgrade's ALTER waits for it.

While it waits, everything that needs the table queues behind it (MariaDB manual, metadata locks): phones stay silent.
Remedy: wait for its end, or find out who runs it; never kill an ALTER or a repair that is under way.
Client: A long task is running in your phone system's database right now. We will wait until it has finished.
Otherwise: The upgrade would wait for that task, and your telephones would be silent meanwhile.
"""
from __future__ import annotations

from collections.abc import Iterator

from tasks.model.check import check
from tasks.model.database_facts import RunningStatements
from tasks.model.finding import Kind, Problem, Quantity, Remediation, Severity
from tasks.model.occasion import EARLIER
from tasks.model.profile import Profile

CHANGES = ("alter", "copy to tmp", "copying to tmp", "repair", "rename", "creating", "waiting for", "locked", "optimiz",
           "index", "committing alter")
WAIT = Remediation(id="wait_for_statement", kind=Kind.ENGINEER, text="wait until it has ended", reversible=True,
                   needs_approval=False)


@check(severity=Severity.MEDIUM, blocking=False, only_told=EARLIER)
def long_statement_running(running: RunningStatements, profile: Profile) -> Iterator[Problem]:
    most = Quantity(value=profile.database_health.long_statement_s, unit="s")
    longest = {one.state: one for one in sorted(running.statements, key=lambda one: one.elapsed_s)}
    for one in longest.values():
        state, elapsed = one.state or "no state", Quantity(value=round(one.elapsed_s), unit="s")
        holds = any(word in one.state.lower() for word in CHANGES)
        yield Problem(subject=state, summary=f"a statement has run for {elapsed} ({state})", measured=elapsed,
                      threshold=most, blocking=holds, remediations=(WAIT,))
