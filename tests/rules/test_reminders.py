"""A silent client is reminded in business days, a few times, and then the engineer knows."""
from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from tasks.model import event as e
from tasks.model.case import Case, How, State
from tasks.model.fleet import Environment
from tasks.model.reminder import ReminderPolicy
from tasks.rules.business_days import Calendar
from tasks.rules.lifecycle import NeedsPerson, Who, apply, next_step
from tasks.rules.reminders import Reminder, reminder_due, silent_for_long
from tests.rules import story as s
from tests.rules.story import Story
from tests.rules.test_business_days import calendars

S = State
LONDON = Calendar(ZoneInfo("Europe/London"))
POLICY = ReminderPolicy()
HOUR = timedelta(hours=1)


def waiting_for_approval() -> Case:
    case = Story(found=s.SIP_PLAN).until(S.AWAITING_APPROVAL).case
    return case.model_copy(update={"since": datetime(2026, 11, 2, 10, tzinfo=UTC)})      # a Monday


def inspected_again(case: Case) -> Case:
    """As after the inspection a day before the window, which comes before anybody is asked for a backup."""
    return case.model_copy(update={"inspected_at": case.window.starts_at if case.window else case.inspected_at})


def told(case: Case, policy: ReminderPolicy, calendar: Calendar, until: datetime,
         heard_at: datetime | None = None) -> list[tuple[datetime, Reminder]]:
    """What the reconciler sends, who looks each hour."""
    sent, now = [], case.since
    while now < until:
        due = reminder_due(case, policy, calendar, now, heard_at)
        if due:
            sent.append((now, due))
            moved = apply(case, e.Reminded(at=now, by="tend", message_ids=("<r>",), escalated=due.to_engineer))
            assert isinstance(moved, Case)
            case = moved
        now += HOUR
    return sent


def test_three_reminders_three_business_days_apart_and_the_engineer_from_the_second() -> None:
    sent = told(waiting_for_approval(), POLICY, LONDON, datetime(2026, 12, 31, tzinfo=UTC))
    assert [(f"{at:%a %d %H}", due.number, due.to_client, due.to_engineer) for at, due in sent] == [
        ("Thu 05 10", 1, True, False), ("Tue 10 10", 2, True, True), ("Fri 13 10", 3, True, True)]
    assert "decide on move_to_pjsip" in sent[0][1].what


def test_a_client_who_wrote_meanwhile_is_left_in_peace_for_a_while() -> None:
    case, wrote = waiting_for_approval(), datetime(2026, 11, 4, 16, tzinfo=UTC)
    (at, _), *_ = told(case, POLICY, LONDON, datetime(2026, 12, 31, tzinfo=UTC), wrote)
    assert at == datetime(2026, 11, 9, 16, tzinfo=UTC)


def test_a_reconciler_that_was_away_reminds_nobody_at_night_or_on_a_weekend() -> None:
    case = waiting_for_approval()                       # its first reminder was due on Thursday the 5th
    for day, hour, expected in ((5, 23, False), (7, 12, False), (8, 12, False), (9, 8, False), (9, 9, True)):
        due = reminder_due(case, POLICY, LONDON, datetime(2026, 11, day, hour, tzinfo=UTC))
        assert (due is not None) is expected, (day, hour)


def test_the_last_reminder_is_told_to_the_engineer_whatever_the_policy_says() -> None:
    policy = ReminderPolicy(at_most=1, engineer_from=5)
    ((_, due),) = told(waiting_for_approval(), policy, LONDON, datetime(2026, 12, 31, tzinfo=UTC))
    assert due.to_engineer


def test_another_state_counts_anew() -> None:
    case = waiting_for_approval().model_copy(update={"reminders": 3, "reminded_at": datetime(2026, 11, 13, tzinfo=UTC)})
    assert told(case, POLICY, LONDON, datetime(2026, 12, 31, tzinfo=UTC)) == []
    approved = apply(case, e.Approved(at=datetime(2026, 11, 16, 9, tzinfo=UTC), by="Ann", how=How.CLIENT_PAGE,
                                      digest=case.plan_digest or "", decisions=s.good_word(case, s.BEGAN).decisions))
    assert isinstance(approved, Case) and approved.state is S.REMEDIATING
    assert (approved.reminders, approved.reminded_at) == (0, None)


def test_proposed_times_that_pass_soon_are_called_out_once_before() -> None:
    case = Story().until(S.PROPOSED).case
    last = max(slot.latest_start for slot in case.slots)
    sent = told(case, ReminderPolicy(first_after_days=30), LONDON, last + timedelta(days=3))
    assert len(sent) == 1 and sent[0][1].to_engineer
    assert last - timedelta(days=1) <= sent[0][0] < last


def test_a_missing_backup_is_asked_for_the_day_before_and_the_engineer_knows() -> None:
    case = inspected_again(Story(environment=Environment.STANDALONE).until(S.SCHEDULED).case)
    assert case.window is not None
    sent = told(case, POLICY, LONDON, case.window.starts_at + HOUR)
    assert [(due.number, due.to_client, due.to_engineer) for _, due in sent] == [(1, True, True)]
    assert case.window.starts_at - timedelta(days=1) <= sent[0][0] < case.window.starts_at


def test_a_notice_that_never_arrived_is_told_to_the_engineer_alone_once() -> None:
    case = Story(found=s.SIP_PLAN).until(S.NOTIFIED).case
    sent = told(case, POLICY, LONDON, case.since + timedelta(days=20))
    assert [(at - case.since, due.to_client, due.to_engineer) for at, due in sent] == [(timedelta(days=1), False, True)]


policies = st.builds(ReminderPolicy, first_after_days=st.integers(1, 10), then_every_days=st.integers(1, 10),
                     at_most=st.integers(0, 5), engineer_from=st.integers(1, 5))
states = st.sampled_from((*[S.AWAITING_APPROVAL] * 5, S.PROPOSED, S.SCHEDULED, S.NOTIFIED, S.READY))
AGREED = (S.PROPOSED, S.SCHEDULED, S.READY)
BY_STATE = {state: inspected_again(Story(found=s.READY_PLAN if state in AGREED else s.SIP_PLAN,
                                         environment=Environment.STANDALONE).until(state).case)
            for state in (S.AWAITING_APPROVAL, S.PROPOSED, S.SCHEDULED, S.NOTIFIED, S.READY)}


@given(states, policies, calendars, st.integers(0, 3), st.integers(0, 24 * 60), st.integers(0, 24 * 60))
def test_nobody_is_reminded_too_often_too_soon_at_night_or_of_nothing(
    state: State, policy: ReminderPolicy, calendar: Calendar, reminders: int, ago_h: int, later_h: int
) -> None:
    case, now = BY_STATE[state], BY_STATE[state].since + timedelta(hours=later_h)
    reminded_at = max(case.since, now - timedelta(hours=ago_h)) if reminders else None
    case = case.model_copy(update={"reminders": reminders, "reminded_at": reminded_at})
    due = reminder_due(case, policy, calendar, now)
    if due is None:
        return
    waits = next_step(case, now)
    assert silent_for_long(case, policy, now)           # the cheap look misses none
    assert isinstance(waits, NeedsPerson) and due.what == waits.what
    assert due.to_client is (waits.who is Who.CLIENT) and (due.to_client or due.to_engineer)
    assert due.number == reminders + 1 <= policy.at_most
    if due.number == policy.at_most:
        assert due.to_engineer              # the last reminder is never the last thing that happens
    if state is S.AWAITING_APPROVAL:
        days = policy.then_every_days if reminders else policy.first_after_days
        expected = calendar.after(reminded_at or case.since, days)
        assert expected is not None and expected <= now and calendar.is_open(now)


@given(states, policies, calendars)
def test_whoever_looks_each_hour_sends_no_more_than_the_policy_says(
    state: State, policy: ReminderPolicy, calendar: Calendar
) -> None:
    sent = told(BY_STATE[state], policy, calendar, BY_STATE[state].since + timedelta(days=30))
    assert len(sent) <= policy.at_most
    assert [due.number for _, due in sent] == list(range(1, len(sent) + 1))
    if policy.at_most == 0:
        assert sent == []
