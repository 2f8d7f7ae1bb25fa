"""Everything that could be reported of a case: right, wrong, early or late."""
from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from tasks.model import event as e
from tasks.model.case import BackupKind, Case, Decision, Guard, How
from tasks.model.finding import Waiver
from tests.rules.story import (
    BY_HAND_PLAN,
    CLONE_MARKS,
    LIGHT_PLAN,
    MARKS,
    NO_REMEDY_PLAN,
    OLD,
    READY_PLAN,
    SIP_PLAN,
    TARGET,
    UNTOLD_PLAN,
    WORSE_PLAN,
    clone,
    slots,
    window_at,
    word_for_backup,
)


def possible(case: Case, now: datetime, runs: list[str]) -> Iterator[e.Event]:
    """Everything that could be reported of a case, right, wrong, early or late, by any of ``runs`` and by people."""
    eva, ann = {"at": now, "by": "eva"}, {"at": now, "by": "Ann"}
    digest = case.plan_digest or "0" * 64
    yield from (e.Assigned(**eva, engineer="eva"), e.Delivered(**eva), e.Noted(**eva, text="spoke to Ann"),
                e.Released(**eva, note="done"), e.StopAsked(**eva, reason="wait"), e.Cancelled(**ann, reason="no"),
                e.NeedsEngineer(**eva, reason="odd", remedy="look"), e.Closed(**eva), e.Closed(**eva, early="asked"),
                e.Postponed(**ann, reason="fair", not_before=now + timedelta(days=2)), e.Postponed(**ann, reason="x"),
                e.RevertRequested(**ann, how=How.TELEPHONE, reason="silent", losses="CDRs since 01:00"),
                e.TestsPassed(**eva, summary="ok", watch_until=now + timedelta(days=5)),
                e.TestsFailed(**ann, summary="no sound"), e.WindowOpened(**eva),
                e.WindowMissed(**eva, reason="late"), e.UpgradeFailed(**eva, stage="alter", reason="it is gone"))
    for guard in (Guard.WINDOW, Guard.FACTS, Guard.LEASE):
        yield e.Overridden(**eva, guard=guard, reason="agreed on the phone")
    for day in (date(2020, 1, 1), date(2099, 1, 1)):
        waiver = Waiver(check_id="foreign_module", owner="eva", reason="harmless", expires_on=day)
        yield e.Waived(**eva, waiver=waiver)
    actions = case.plan.actions if case.plan else ()
    for name in dict.fromkeys(a.id for a in actions):
        yield e.ActionTicked(**ann, remediation_id=name, how=How.CLIENT_PAGE)
        yield e.UndoAsked(**eva, remediation_id=name, reason="it is missed")
    yield e.UndoAsked(**eva, remediation_id="move_to_pjsip", reason="it is missed")
    yield from (e.Bounced(**eva, message_id="<1@u>", recipient="a@b.c", reason="unknown", reaches_nobody=nobody)
                for nobody in (True, False))
    yield from (e.Reminded(**eva, message_ids=("<2@u>",)), e.ClientSaid(**ann, how=How.MAIL, text="when?"),
                e.ErasureAsked(**eva, reason="ninety days"), e.Erased(**eva, what="the raw answers"),
                *(e.DataKept(**eva, until=until, reason="a dispute") for until in (now + timedelta(days=9), now, None)))
    for approved in (True, False):
        said = tuple(Decision(remediation_id=a.id, approved=approved) for a in actions)
        yield e.Approved(**ann, digest=digest, how=How.CLIENT_PAGE, decisions=said)
    yield e.Approved(**ann, digest="f" * 64, how=How.CLIENT_PAGE)
    yield e.Approved(**ann, digest=digest, how=How.CLIENT_PAGE)
    yield e.Declined(**ann, digest=digest, how=How.MAIL, reason="too risky")
    yield e.Proposed(**eva, slots=slots(now))
    yield e.Proposed(**eva, slots=(window_at(now - timedelta(hours=1)),))
    for slot in (*case.slots[:1], *slots(now)[1:2]):
        yield e.Confirmed(**ann, digest=digest, window=slot, how=How.MAIL)
        yield e.Confirmed(**ann, digest="f" * 64, window=slot, how=How.MAIL)
    yield e.BackupAttested(**ann, proof=word_for_backup(case, now))
    yield e.BackupAttested(**eva, proof=word_for_backup(case, now, BackupKind.ACCEPTED))
    other = word_for_backup(case, now, BackupKind.ACCEPTED).model_copy(update={"of": CLONE_MARKS})
    yield e.BackupAttested(**eva, proof=other)
    yield from _inspections(now, None)
    for run in runs:
        yield from _reports(case, now, run)


def _inspections(now: datetime, run: str | None) -> Iterator[e.Event]:
    for found in (READY_PLAN, SIP_PLAN, WORSE_PLAN, BY_HAND_PLAN, LIGHT_PLAN, NO_REMEDY_PLAN, UNTOLD_PLAN):
        yield e.Inspected(at=now, by="precheck", plan=found, identity=MARKS, findings_ref="f", run=run)
    yield e.Inspected(at=now, by="precheck", plan=READY_PLAN, identity=CLONE_MARKS, findings_ref="f", run=run)


def _reports(case: Case, now: datetime, run: str) -> Iterator[e.Event]:
    who = {"at": now, "by": "step", "run": run}
    fence = case.launch.fence if case.launch else f"fence-{case.plan_revision}"
    proof = clone(case, now)
    yield from _inspections(now, run)
    yield from (
        e.Assigned(**who, engineer="eva"), e.Notified(**who, message_ids=("<1@u>",)), e.Notified(**who),
        e.Remediated(**who, done=("move_to_pjsip",)), e.Remediated(**who, done=()),
        e.ActionDone(**who, remediation_id="move_to_pjsip", summary="moved", undo="kept"),
        e.ActionDone(**who, remediation_id="remove_module", summary="removed"),
        *(e.ActionUndone(**who, remediation_id=name, summary="put back") for name in ("move_to_pjsip", *case.undo)),
        e.Proposed(**who, slots=slots(now)),
        e.BackupTaken(**who, proof=proof), e.BackupTaken(**who, proof=proof.model_copy(update={"of": CLONE_MARKS})),
        e.UpgradeRefused(**who, refusals=("The lease was taken over; let the run end.",)),
        e.UpgradeLaunching(**who, fence=fence), e.UpgradeLaunched(**who, fence=fence),
        e.UpgradeLaunched(**who, fence="another"), e.UpgradeFinished(**who, release=TARGET),
        e.UpgradeFinished(**who, release=OLD), e.UpgradeFailed(**who, stage="alter", reason="disk full"),
        e.TestsPassed(**who, summary="ok", watch_until=now + timedelta(days=5)),
        e.TestsFailed(**who, summary="no echo"), e.RevertDone(**who, release=OLD), e.RevertDone(**who, release=TARGET),
        e.WatchDone(**who, summary="quiet"), e.Retired(**who, refs=tuple(b.ref for b in case.retained)),
        e.StepDied(**who, reason="its lease expired"), e.StepFailed(**who, reason="no route", remedy="ask the host"),
    )

