"""A case told from its first day: what a step reports when all goes well, what people say, what else could come."""
from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from tasks.model import event as e
from tasks.model.case import BackupKind, BackupProof, Case, Decision, Guard, How, IdentityMarks, State, Step
from tasks.model.finding import Kind, Outcome, Severity, Verdict, Waiver
from tasks.model.fleet import Environment
from tasks.model.plan import Action, Plan, PlanItem
from tasks.model.release import Release
from tasks.model.window import Window
from tasks.rules.lifecycle import Due, NeedsPerson, Refused, Wait, apply, next_step, open_case, overdue
from tasks.rules.todo import todo

BEGAN = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
OLD, TARGET = Release.parse("6.7.3"), Release.parse("7.2.0")
MARKS = IdentityMarks(host_key="SHA256:abc", machine_id="m-1", vps_id="vps-1")
CLONE_MARKS = MARKS.model_copy(update={"vps_id": "vps-2"})
NEEDED_S = 1800.0


BY = {"point_domain": Kind.CLIENT, "save_tables": Kind.ENGINEER}      # else it is a command
FREE = frozenset({"save_tables"})                                     # needs nobody's approval


def item(check: str = "chan_sip_in_use", outcome: Outcome = Outcome.FAIL, severity: Severity = Severity.HIGH,
         blocking: bool = True, remediations: tuple[str, ...] = ("move_to_pjsip",)) -> PlanItem:
    return PlanItem(check_id=check, subject="sip", outcome=outcome, severity=severity, blocking=blocking,
                    remediation_ids=remediations)


def plan(verdict: Verdict = Verdict.READY, *items: PlanItem, needed_s: float = NEEDED_S) -> Plan:
    actions = tuple(
        Action(id=name, check_id=i.check_id, subject=i.subject, kind=BY.get(name, Kind.COMMAND),
               needs_approval=name not in FREE)
        for i in items for name in i.remediation_ids
    )
    return Plan(system_id="acme", target=TARGET, profile_digest="p" * 64, items=items, actions=actions,
                verdict=verdict, estimate_s=needed_s)


READY_PLAN = plan()
SIP_PLAN = plan(Verdict.BLOCKED, item())
WORSE_PLAN = plan(Verdict.ACTIONS_NEEDED, item(), item("foreign_module", remediations=("remove_module",)))
BY_HAND_PLAN = plan(Verdict.ACTIONS_NEEDED, item(),
                    item("domain_name", blocking=False, severity=Severity.LOW, remediations=("point_domain",)),
                    item("foreign_tables", blocking=False, remediations=("save_tables",)))
LIGHT_PLAN = plan(Verdict.ACTIONS_NEEDED, item("foreign_module", blocking=False, remediations=("remove_module",)))
NO_REMEDY_PLAN = plan(Verdict.BLOCKED, item("sufficient_space", remediations=()))
UNTOLD_PLAN = plan(Verdict.UNDETERMINED)


def opened(environment: Environment = Environment.SERVERWARE, order: str = "SO-1", case_id: str = "C-1") -> e.Opened:
    return e.Opened(at=BEGAN, by="store", case_id=case_id, order_ref=order, system_id="acme", client="Acme",
                    environment=environment, target=TARGET)


def window_at(starts_at: datetime, duration_s: float = 7200) -> Window:
    return Window(starts_at=starts_at, duration_s=duration_s, zone="Europe/London",
                  latest_start=starts_at + timedelta(seconds=duration_s - NEEDED_S),
                  local_start=starts_at.replace(tzinfo=None))      # London keeps UTC in November


def slots(now: datetime) -> tuple[Window, ...]:
    night = (now + timedelta(days=3)).replace(hour=1, minute=0, second=0, microsecond=0)
    return tuple(window_at(night + timedelta(days=day)) for day in range(3))


def clone(case: Case, at: datetime) -> BackupProof:
    return BackupProof(kind=BackupKind.CLONE, ref=f"clone-{case.plan_revision}", of=case.identity or MARKS, by="uplift",
                       evidence="zfs origin seen", taken_at=at, keep_until=at + timedelta(days=14))


def word_for_backup(case: Case, at: datetime, kind: BackupKind = BackupKind.ATTESTED) -> BackupProof:
    return BackupProof(kind=kind, ref="/opt/backup/full.tar", of=case.identity or MARKS, by="Ann", evidence="her mail",
                       taken_at=at)


def good_reports(case: Case, at: datetime, found: Plan = READY_PLAN) -> list[e.Event]:
    """What the step that is under way reports when it goes well."""
    assert case.running
    run, step = case.running.key, case.running.step
    who = {"at": at, "by": step.value, "run": run}
    match step:
        case Step.INTAKE:
            return [e.Assigned(**who, engineer="eva")]
        case Step.PRECHECK:
            return [e.Inspected(**who, plan=found, identity=MARKS, findings_ref=f"facts/{run}")]
        case Step.NOTIFY:
            return [e.Notified(**who, message_ids=("<1@uplift>",))]
        case Step.REMEDIATE:
            left = todo(case)
            return [*(e.ActionUndone(**who, remediation_id=name, summary="put back") for name in left.undo),
                    *(e.ActionDone(**who, remediation_id=name, summary="done", undo="kept") for name in left.commands),
                    e.Remediated(**who)]
        case Step.SCHEDULE:
            return [e.Proposed(**who, slots=slots(at))]
        case Step.BACKUP:
            return [e.BackupTaken(**who, proof=case.attested or clone(case, at))]
        case Step.UPGRADE:
            fence = case.launch.fence if case.launch else f"fence-{case.plan_revision}"
            announced = [] if case.launch else [e.UpgradeLaunching(**who, fence=fence)]
            return [*announced, e.UpgradeLaunched(**who, fence=fence), e.UpgradeFinished(**who, release=TARGET)]
        case Step.VERIFY:
            return [e.TestsPassed(**who, summary="echo heard", watch_until=at + timedelta(days=5))]
        case Step.REVERT:
            return [e.RevertDone(**who, release=OLD)]
        case Step.WATCH:
            return [e.WatchDone(**who, summary="quiet days")]
        case Step.RETIRE:
            return [e.Retired(**who, refs=tuple(b.ref for b in case.retained))]


def good_word(case: Case, at: datetime) -> e.Event:
    """What the person says for whom the case waits."""
    ann, eva = {"at": at, "by": "Ann"}, {"at": at, "by": "eva"}
    digest = case.plan_digest or ""
    match case.state:
        case State.AWAITING_APPROVAL:
            assert case.plan
            yes = tuple(Decision(remediation_id=a.id, approved=True) for a in case.plan.actions)
            return e.Approved(**ann, digest=digest, how=How.CLIENT_PAGE, decisions=yes)
        case State.REMEDIATING:
            left = todo(case)
            named = (*left.client, *left.engineer)[0]
            return e.ActionTicked(**ann, remediation_id=named, how=How.CLIENT_PAGE)
        case State.PROPOSED:
            return e.Confirmed(**ann, digest=digest, window=case.slots[0], how=How.MAIL)
        case State.SCHEDULED | State.BACKING_UP:
            return e.BackupAttested(**ann, proof=word_for_backup(case, at))
        case State.REVERTED:
            return e.Postponed(**eva, reason="try again")
        case State.WATCHING:
            return e.Closed(**eva)
        case State.NOTIFIED:
            return e.Delivered(**eva)
        case _:
            return e.Released(**eva, note="dealt with")


class Story:
    """A case and the time; ``told`` are the events that were accepted, ``visited`` the states passed through."""

    def __init__(self, environment: Environment = Environment.SERVERWARE, found: Plan = READY_PLAN) -> None:
        self.case = open_case(opened(environment))
        self.now = BEGAN
        self.found = found
        self.told: list[e.Event] = []
        self.visited = [self.case.state]

    def tell(self, event: e.Event) -> Case:
        moved = apply(self.case, event)
        assert isinstance(moved, Case), f"{event.kind} refused: {moved}"
        self.case = moved
        self.told.append(event)
        if moved.state is not self.visited[-1]:
            self.visited.append(moved.state)
        return moved

    def replayed(self, count: int) -> Case:
        """The case as the first ``count`` events left it."""
        case = open_case(opened(self.case.environment))
        for event in self.told[:count]:
            moved = apply(case, event)
            assert isinstance(moved, Case)
            case = moved
        return case

    def refused(self, event: e.Event) -> Refused:
        answer = apply(self.case, event)
        assert isinstance(answer, Refused), f"{event.kind} was accepted in {self.case.state}"
        return answer

    def catch_up(self) -> None:
        while late := overdue(self.case, self.now):
            self.tell(late)

    def start(self) -> Due:
        self.catch_up()
        due = next_step(self.case, self.now)
        assert isinstance(due, Due), f"nothing to start: {due}"
        self.tell(e.StepStarted(at=self.now, by="tend", step=due.step, plan_revision=due.plan_revision,
                                attempt=due.attempt))
        return due

    def step(self) -> bool:
        """Do one thing that is to be done; False when the case is over."""
        self.catch_up()
        match next_step(self.case, self.now):
            case Due():
                self.start()
                for event in good_reports(self.case, self.now, self.found):
                    self.tell(event)
                self._mended()
            case NeedsPerson():
                self.tell(good_word(self.case, self.now))
                self._mended()
            case Wait(until=None):
                return False
            case Wait(until=until):
                if self.case.state is State.NOTIFIED:
                    self.tell(good_word(self.case, self.now))
                else:
                    self.now = until + timedelta(seconds=1)
        return True

    def _mended(self) -> None:
        if self.told[-1].kind in ("remediated", "action_ticked") and self.case.state is State.ASSIGNED:
            self.found = READY_PLAN

    def until(self, *states: State) -> Story:
        for _ in range(80):
            if self.case.state in states:
                return self
            assert self.step(), f"the case is over as {self.case.state}, before {states}"
        raise AssertionError(f"{states} not reached, only {self.visited}")

    def until_running(self, step: Step) -> Story:
        for _ in range(80):
            self.catch_up()
            due = next_step(self.case, self.now)
            if isinstance(due, Due) and due.step is step:
                self.start()
                return self
            assert self.step(), f"the case is over before {step}"
        raise AssertionError(f"{step} never came, only {self.visited}")


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

