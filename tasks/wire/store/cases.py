"""Cases: opened once for an order, and moved by recording what happened to them."""
from __future__ import annotations

import json
from collections.abc import Iterable

from sqlalchemy import Connection, Row, insert, select, update
from sqlalchemy.exc import IntegrityError

from tasks.model.case import Case, Guard, State, Step
from tasks.model.errors import UserError
from tasks.model.event import (
    Approved,
    Confirmed,
    Declined,
    Event,
    Opened,
    Overridden,
    StepDied,
    StepStarted,
    UpgradeLaunching,
    Waived,
)
from tasks.model.ledger import Arrival, Message, Settled, StepRun, StepRunEnd
from tasks.rules.lifecycle import Refused, apply, open_case
from tasks.wire.store import arrivals, holds, journal, outbox, tables
from tasks.wire.store.engine import Raced, now

T = tables.cases


class NoSuchCase(UserError):
    def __init__(self, case_id: str) -> None:
        super().__init__("case_not_found", f"there is no case {case_id}", "see `uplift case list`")


class CaseChanged(UserError):
    """The case is not as the caller saw it when deciding."""

    def __init__(self, case_id: str) -> None:
        super().__init__("case_changed", f"the case {case_id} has changed meanwhile", "look at it again and repeat")


def opened(connection: Connection, event: Opened) -> tuple[Case, bool]:
    """The order's case, and whether it was opened by this very call. Raises UserError for another system's order."""
    row = connection.execute(select(T.c.document).where(T.c.order_ref == event.order_ref)).one_or_none()
    if row is not None:
        known = _case(row.document)
        if (known.system_id, known.target) != (event.system_id, event.target):
            raise UserError("order_taken", f"the order {event.order_ref} is case {known.id}, for {known.system_id} to "
                            f"{known.target}", "give the order's own reference")
        return known, False
    case = open_case(event)
    if connection.execute(select(T.c.id).where(T.c.id == case.id)).first():
        raise UserError("case_id_taken", f"there is a case {case.id} already, for another order", "choose another id")
    try:
        connection.execute(insert(T).values(
            id=case.id, order_ref=case.order_ref, version=0, entries=0, head=journal.BEFORE_THE_FIRST, **_columns(case),
            changed_at=event.at,
        ))
    except IntegrityError:
        raise Raced(f"the order {event.order_ref} or the case {case.id}") from None
    _written(connection, event, case, version=0, entries=0, head=journal.BEFORE_THE_FIRST)
    return case, True


def recorded(
    connection: Connection, case_id: str, event: Event, messages: Iterable[Message], expected: Case | None,
    settled: Iterable[Settled] = (), arrival: Arrival | None = None,
) -> Case | Refused:
    """Move a case by an event and write its journal, its run and its messages, all or nothing.

    An ``arrival`` that moved a case before moves none again. Raises NoSuchCase, and CaseChanged where ``expected`` is
    given and the case is no longer that.
    """
    row = _locked(connection, case_id)
    before = _case(row.document)
    if arrival is not None and arrivals.known(connection, arrival.source, (arrival.id,)):
        return before
    if expected is not None and before != expected:
        raise CaseChanged(case_id)
    after = _held(connection, before, event) or apply(before, event)
    if isinstance(after, Refused):
        return after
    _written(connection, event, after, version=row.version, entries=row.entries, head=row.head)
    _listed(connection, before, after, event)
    outbox.queue(connection, messages, case_id)
    for each in settled:
        outbox.settle(connection, each, now(connection))
    if arrival is not None:
        arrivals.note(connection, arrival.source, (arrival.id,), now(connection))
    return after


def one(connection: Connection, case_id: str) -> Case:
    document = connection.execute(select(T.c.document).where(T.c.id == case_id)).scalar_one_or_none()
    if document is None:
        raise NoSuchCase(case_id)
    return _case(document)


def many(connection: Connection, states: Iterable[State] | None, system_id: str | None) -> tuple[Case, ...]:
    """Cases in the order of their ids; all of them where nothing is asked for."""
    query = select(T.c.document).order_by(T.c.id)
    if states is not None:
        query = query.where(T.c.state.in_([state.value for state in states]))
    if system_id is not None:
        query = query.where(T.c.system_id == system_id)
    return tuple(_case(document) for document in connection.execute(query).scalars())


def ids(connection: Connection) -> tuple[str, ...]:
    return tuple(connection.execute(select(T.c.id).order_by(T.c.id)).scalars())


def runs(connection: Connection, case_id: str) -> tuple[StepRun, ...]:
    """The runs of a case's steps, oldest first."""
    R = tables.step_runs
    rows = connection.execute(select(R).where(R.c.case_id == case_id).order_by(R.c.started_at, R.c.key)).mappings()
    return tuple(StepRun.model_validate(dict(row)) for row in rows)


def _case(document: str) -> Case:
    return Case.model_validate_json(document)


def _columns(case: Case) -> dict[str, object]:
    return {"system_id": case.system_id, "state": case.state.value, "plan_revision": case.plan_revision,
            "document": journal.document_of(case)}


def _locked(connection: Connection, case_id: str) -> Row[tuple[str, int, int, str]]:
    wanted = select(T.c.document, T.c.version, T.c.entries, T.c.head).where(T.c.id == case_id).with_for_update()
    row = connection.execute(wanted).one_or_none()
    if row is None:
        raise NoSuchCase(case_id)
    return row


def _held(connection: Connection, case: Case, event: Event) -> Refused | None:
    """While a hold stands no change begins; what was launched is followed."""
    begins = isinstance(event, UpgradeLaunching)
    if isinstance(event, StepStarted):
        begins = event.step.changes and not (event.step is Step.UPGRADE and case.launch)
    if not begins or case.overridden(Guard.HOLD):
        return None
    hold = holds.standing(connection)
    return Refused(f"{hold.by} holds all changes: {hold.reason}", "wait until the hold is lifted") if hold else None


def _written(connection: Connection, event: Event, case: Case, *, version: int, entries: int, head: str) -> None:
    """Compare the case's version and set the case, with the journal's new entry."""
    digest = journal.append(connection, event, case, number=entries + 1, previous=head)
    changed = connection.execute(
        update(T).where(T.c.id == case.id, T.c.version == version)
        .values(version=version + 1, entries=entries + 1, head=digest, changed_at=event.at, **_columns(case))
    )
    if changed.rowcount != 1:
        raise Raced(f"the case {case.id}")


def _listed(connection: Connection, before: Case, after: Case, event: Event) -> None:
    """What has a table of its own besides the journal."""
    about = {"case_id": after.id, "at": event.at}
    match event:
        case Approved() | Declined() | Confirmed():
            said = json.dumps([d.model_dump() for d in event.decisions]) if isinstance(event, Approved) else "[]"
            connection.execute(insert(tables.approvals).values(
                **about, digest=event.digest, word=event.kind, who=event.by, how=event.how.value, decisions=said))
        case Waived(waiver=waiver):
            connection.execute(insert(tables.waivers).values(
                **about, **waiver.model_dump(include={"check_id", "subject", "owner", "reason", "expires_on"})))
        case Overridden():
            connection.execute(insert(tables.overrides).values(
                **about, guard=event.guard.value, who=event.by, reason=event.reason,
                plan_revision=after.plan_revision))
        case StepStarted():
            assert after.running is not None
            connection.execute(insert(tables.step_runs).values(
                key=after.running.key, case_id=after.id, step=event.step.value, plan_revision=event.plan_revision,
                attempt=event.attempt, started_at=event.at))
        case _:
            pass
    if before.running and after.running is None:
        end = StepRunEnd.DIED if isinstance(event, StepDied) else StepRunEnd.REPORTED
        connection.execute(update(tables.step_runs).where(tables.step_runs.c.key == before.running.key)
                           .values(ended_at=event.at, end=end.value))
