"""The guards before a change: one thing wrong, one sentence that says what to do."""
from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from tasks.model.case import BackupKind, Case, Guard, Override, State, Step
from tasks.model.finding import Verdict
from tasks.model.ledger import Hold, Lease
from tasks.rules.gate import GUARDS, NEVER, Seen, may_change
from tests.rules import story as s
from tests.rules.story import Story

TABLE = yaml.safe_load((Path(__file__).parent / "gate.yaml").read_text())
NOW_MIN = 10.0


@pytest.fixture(scope="module")
def ready() -> Case:
    return Story().until(State.BACKED_UP).case


def minutes(case: Case, number: float):
    return case.window.starts_at + timedelta(minutes=number)


def good(case: Case) -> Seen:
    lease = Lease(resource="system:acme", holder="w1", token=7, acquired_at=minutes(case, 0),
                  expires_at=minutes(case, 15))
    backup = case.backup.model_copy(update={"taken_at": minutes(case, 1)})
    return Seen(facts_at=minutes(case, 2), identity=case.identity, lease=lease, lease_token=7, window=case.window,
                backup=backup, backup_found=True, digest_now=case.plan_digest, migration_running=False, hold=None,
                clock_offset=timedelta(seconds=2), verdict_now=Verdict.READY, calls_up=0)


def altered(case: Case, seen: Seen, changes: dict[str, Any]) -> Seen:
    def of(mark: str, number: float) -> Seen:
        return replace(seen, backup=seen.backup.model_copy(update={mark: minutes(case, number)}))

    for name, value in changes.items():
        match name:
            case "identity":
                seen = replace(seen, identity=seen.identity.model_copy(update=value))
            case "lease_ends_min":
                seen = replace(seen, lease=seen.lease.model_copy(update={"expires_at": minutes(case, value)}))
            case "backup_taken_min":
                seen = of("taken_at", value)
            case "backup_of":
                other = s.MARKS.model_copy(update=value)
                seen = replace(seen, backup=seen.backup.model_copy(update={"of": other}))
            case "facts_min":
                seen = replace(seen, facts_at=minutes(case, value))
            case "window_local_hour":
                local = case.window.local_start.replace(hour=value)
                seen = replace(seen, window=case.window.model_copy(update={"local_start": local}))
            case "offset_s":
                seen = replace(seen, clock_offset=None if value is None else timedelta(seconds=value))
            case "hold":
                seen = replace(seen, hold=Hold(id=1, by="ops", reason="storm", at=minutes(case, -60)))
            case _:
                seen = replace(seen, **{name: value})
    return seen


def asked(ready: Case, row: dict[str, Any], step: Step = Step.UPGRADE, **case_changes: Any):
    case = ready.model_copy(update={**row.get("case", {}), **case_changes})
    if "needed_min" in row:
        case = case.model_copy(update={"plan": case.plan.model_copy(update={"estimate_s": row["needed_min"] * 60.0})})
    seen = altered(case, good(case), row.get("seen", {}))
    return may_change(case, step, seen, minutes(case, row.get("now_min", NOW_MIN)))


@pytest.mark.parametrize("row", TABLE, ids=[row["name"] for row in TABLE])
def test_an_upgrade_is_refused_by_the_guard_concerned_and_by_no_other(ready, row):
    refusals = asked(ready, row)
    assert [refusal.guard.value for refusal in refusals] == row["refuses"]
    assert row.get("says", "") in " ".join(map(str, refusals))
    for refusal in refusals:
        assert str(refusal).endswith(".") and "; " in str(refusal) and str(refusal).count(". ") == 0


def test_the_table_has_every_guard():
    assert {guard for row in TABLE for guard in row["refuses"]} == {guard.value for guard in Guard}


@pytest.mark.parametrize("guard", list(Guard))
def test_an_override_of_this_revision_counts_where_the_guard_may_be_overridden(ready, guard):
    row = next(row for row in TABLE if row["refuses"] == [guard.value])
    for revision, silenced in ((ready.plan_revision, guard not in NEVER), (ready.plan_revision + 1, False)):
        override = Override(guard=guard, by="eva", reason="seen", at=ready.since, plan_revision=revision)
        assert bool(asked(ready, row, overrides=(override,))) is not silenced


def test_identity_lease_backup_and_a_running_migration_are_never_overridden():
    assert set(Guard) - {Guard.WINDOW, Guard.FACTS, Guard.AGREEMENT, Guard.HOLD, Guard.CLOCK, Guard.CALLS} == NEVER


@pytest.mark.parametrize(("now", "refused"), [
    (s.READY_PLAN, False), (s.LIGHT_PLAN, False), (s.SIP_PLAN, True), (s.WORSE_PLAN, True),
], ids=["a finding is gone", "the same finding", "another finding", "one more finding"])
@pytest.mark.parametrize("step", [Step.UPGRADE, Step.BACKUP])
def test_what_has_gone_since_the_inspection_stops_nothing_and_what_is_new_does(ready, step, now, refused):
    approval = ready.approval.model_copy(update={"plan": s.LIGHT_PLAN})
    case = ready.model_copy(update={"plan": s.LIGHT_PLAN, "approval": approval})
    seen = replace(good(case), digest_now=now.digest, plan_now=now)
    refusals = may_change(case, step, seen, minutes(case, NOW_MIN))
    assert [refusal.guard for refusal in refusals] == [Guard.AGREEMENT] * refused


def test_calls_are_in_the_way_of_the_upgrade_and_of_no_other_step(ready):
    assert [step for step, guards in GUARDS.items() if Guard.CALLS in guards] == [Step.UPGRADE]


def test_every_step_that_changes_a_system_asks_for_identity_lease_and_hold():
    assert set(GUARDS) == {step for step in Step if step.changes}
    for guards in GUARDS.values():
        assert {Guard.IDENTITY, Guard.LEASE, Guard.HOLD} <= set(guards)
    with pytest.raises(ValueError, match="changes nothing"):
        may_change(Story().case, Step.PRECHECK, None, s.BEGAN)


def test_a_system_that_the_upgrade_broke_is_reverted_by_its_vps_id_and_only_by_it(ready):
    silent = {"identity": {"host_key": None, "machine_id": None}}
    assert asked(ready, {"seen": silent}, Step.REVERT) == ()
    for marks in ({"vps_id": None}, {"vps_id": "vps-2"}, {"machine_id": "m-2"}):
        row = {"seen": {"identity": {"host_key": None, "machine_id": None} | marks}}
        assert [refusal.guard for refusal in asked(ready, row, Step.REVERT)] == [Guard.IDENTITY]


def test_a_revert_waits_for_no_window_but_for_the_end_of_a_migration(ready):
    row = {"now_min": 300, "seen": {"migration_running": True, "lease_ends_min": 400}}
    assert [refusal.guard for refusal in asked(ready, row, Step.REVERT)] == [Guard.MIGRATION]


@pytest.mark.parametrize(("vps_id", "refused"), [("clone-1", False), ("vps-1", True), ("clone-9", True), (None, True)])
def test_only_a_clone_of_this_case_is_removed(ready, vps_id, refused):
    row = {"seen": {"identity": {"host_key": None, "machine_id": None, "vps_id": vps_id}}}
    assert bool(asked(ready, row, Step.RETIRE)) is refused


def test_an_accepted_backup_is_not_looked_for(ready):
    seen = good(ready)
    accepted = replace(seen, backup_found=None,
                       backup=seen.backup.model_copy(update={"kind": BackupKind.ACCEPTED}))
    assert may_change(ready, Step.UPGRADE, accepted, minutes(ready, NOW_MIN)) == ()
