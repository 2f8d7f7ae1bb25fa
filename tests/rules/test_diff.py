"""The diff of two snapshots against its table of cases, and what must hold of any two."""
from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tasks.model.snapshot import Area, Snapshot
from tasks.rules.diff import AFTER_REVERT, AFTER_UPGRADE, AreaOutcome, AreaRule, ChangeKind, diff

CASES = yaml.safe_load(Path(__file__).with_name("diff.yaml").read_text())
RULES = {"after_upgrade": AFTER_UPGRADE, "after_revert": AFTER_REVERT}
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
THINGS = st.dictionaries(st.text(max_size=8), st.one_of(st.none(), st.text(max_size=4), st.integers(0, 10**9)))
SNAPSHOTS = st.dictionaries(st.sampled_from(Area), THINGS).map(
    lambda things: Snapshot(taken_at=NOON, things=things, unknown={a: "no answer" for a in Area if a not in things})
)


def holding(area: Area, things: dict[str, Any] | None) -> Snapshot:
    if things is None:
        return Snapshot(taken_at=NOON, things={}, unknown={area: "the question timed out"})
    return Snapshot(taken_at=NOON, things={area: things})


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_a_diff_says_of_each_case_what_the_table_says(case: dict[str, Any]) -> None:
    area = Area(case["area"])
    rule = AreaRule(**case["rule"]) if "rule" in case else RULES[case.get("rules", "after_upgrade")][area]
    found = diff(holding(area, case["before"]), holding(area, case["after"]), {area: rule})
    [one] = found.areas
    assert one.outcome == case["outcome"], one.summary
    for kind in ("changes", "allowed"):
        assert sorted([c.kind.value, c.name] for c in getattr(one, kind)) == sorted(case.get(kind, []))
    assert found.passed == (case["outcome"] == "same")


def test_every_area_has_a_rule_for_upgrades_and_for_reverts() -> None:
    assert set(AFTER_UPGRADE) == set(AFTER_REVERT) == set(Area)


def test_an_area_that_could_not_be_told_fails_the_diff_and_says_why() -> None:
    found = diff(holding(Area.REGISTERED, {}), holding(Area.REGISTERED, None), {Area.REGISTERED: AreaRule()})
    assert not found.passed
    assert found.undetermined[0].summary == (
        "registered could not be told after the change: the question timed out"
    )


def test_an_area_that_is_not_required_may_stay_untold_but_is_not_called_the_same() -> None:
    found = diff(
        holding(Area.CONFIGURATION, None), holding(Area.CONFIGURATION, {}),
        {Area.CONFIGURATION: AreaRule(required=False)},
    )
    assert found.passed and found.areas[0].outcome is AreaOutcome.UNKNOWN


def test_a_summary_names_three_changes_and_counts_the_others() -> None:
    before = {str(number): "Reachable" for number in range(101, 106)}
    found = diff(holding(Area.REGISTERED, before), holding(Area.REGISTERED, {}), {Area.REGISTERED: AreaRule()})
    assert found.areas[0].summary == (
        "registered 101 is missing; registered 102 is missing; registered 103 is missing; and 2 more"
    )


@given(SNAPSHOTS)
def test_a_snapshot_never_differs_from_itself(taken: Snapshot) -> None:
    found = diff(taken, taken)
    assert found.changes == ()
    assert {a.area for a in found.areas if a.outcome is AreaOutcome.UNKNOWN} == set(taken.unknown)


@given(SNAPSHOTS, SNAPSHOTS)
def test_every_thing_that_differs_is_either_reported_or_told_as_allowed(one: Snapshot, other: Snapshot) -> None:
    for each in diff(one, other).areas:
        was, now = one.of(each.area), other.of(each.area)
        if was is None or now is None:
            assert each.outcome is AreaOutcome.UNKNOWN
            continue
        differing = {
            name for name in was.keys() | now.keys()
            if (name in was, was.get(name)) != (name in now, now.get(name))
        }
        told = [change.name for change in (*each.changes, *each.allowed)]
        assert sorted(told) == sorted(differing)


@given(SNAPSHOTS, SNAPSHOTS)
def test_what_is_missing_one_way_round_is_added_the_other(one: Snapshot, other: Snapshot) -> None:
    strict = dict.fromkeys(Area, AreaRule())
    there, back = diff(one, other, strict).changes, diff(other, one, strict).changes
    missing = {(c.area, c.name) for c in there if c.kind is ChangeKind.MISSING}
    assert missing == {(c.area, c.name) for c in back if c.kind is ChangeKind.ADDED}
