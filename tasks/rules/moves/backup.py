"""The way back, before anything is changed."""
from __future__ import annotations

from tasks.model.case import BackupKind, Guard, State, Step
from tasks.model.case import Case as C
from tasks.model.event import BackupAttested, BackupTaken, Retired
from tasks.model.fleet import Environment
from tasks.rules.gate import Limits
from tasks.rules.moves.table import Refused, into, leads, move, phase, stays, troubled

S = State
BOOKED = (S.SCHEDULED, S.BACKING_UP, S.BACKED_UP)


@move(BackupAttested, leads(((*BOOKED, S.NEEDS_ENGINEER), (S.SCHEDULED, S.BACKED_UP))))
def backup_attested(case: C, event: BackupAttested) -> C | Refused:
    """The client's word leads to a look for evidence; an engineer's acceptance counts as it stands, by name."""
    proof = event.proof
    if phase(case) not in BOOKED:
        return Refused("no backup is waited for now", "give it when the upgrade is scheduled")
    if proof.of != case.identity:
        return Refused("this is a backup of another machine", "give the backup of this case's system")
    if proof.taken_at > event.at:
        return Refused("this backup lies in the future", "correct the time at which it was taken")
    opens_at = case.window.starts_at if case.window and not case.overridden(Guard.WINDOW) else event.at
    if opens_at - proof.taken_at > Limits().backup_age:
        return Refused("this backup would be more than a day old when the window opens",
                       "take another one less than a day before the window")
    if proof.kind is BackupKind.ACCEPTED:
        return into(case, S.BACKED_UP, backup=proof)
    if proof.kind is BackupKind.CLONE or case.environment is Environment.SERVERWARE:
        return Refused("a system on SERVERware is cloned by Uplift",
                       "leave it to the backup step, or let an engineer accept a backup by name")
    return into(case, S.SCHEDULED, attested=proof, backup=None)


@move(BackupTaken, leads((S.BACKING_UP, (S.BACKED_UP, S.NEEDS_ENGINEER))), reports=[Step.BACKUP])
def backup_taken(case: C, event: BackupTaken) -> C | Refused:
    proof = event.proof
    clones = (proof,) if proof.kind is BackupKind.CLONE else ()
    retained = (*(old for old in case.retained if old.ref != proof.ref), *clones)
    if proof.of != case.identity:
        return troubled(case, "the backup is of another machine than the one inspected",
                        "find out which machine answers before anything else is done", retained=retained)
    return into(case, S.BACKED_UP, backup=proof, retained=retained)


@move(Retired, stays((S.CLOSED, S.CANCELLED)), reports=[Step.RETIRE])
def retired(case: C, event: Retired) -> C | Refused:
    return case.model_copy(update={"retained": tuple(old for old in case.retained if old.ref not in event.refs)})
