"""A case told from its first day: what a step reports when all goes well, what people say, what else could come."""
from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tasks.model import event as e
from tasks.model.case import BackupKind, BackupProof, Case, Decision, How, IdentityMarks, State, Step
from tasks.model.finding import Kind, Outcome, Severity, Verdict
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
