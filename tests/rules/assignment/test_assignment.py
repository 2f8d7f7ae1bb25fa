"""Who gets a case, and why each other does not: a table, and what holds for any team."""
from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tasks.model.case import Case, State
from tasks.model.engineer import Absence, Engineer, Engineers, Marked, Shift, Skill
from tasks.model.facts import Edition
from tasks.model.fleet import CLOCK_DAYS, Environment, System
from tasks.model.release import Release
from tasks.rules.assignment import Assignment, choose, load_of
from tasks.rules.presence import absence_within, absent, next_shift, on_shift

ROWS = yaml.load(Path(__file__).with_name("cases.yaml").read_text(), Loader=yaml.CSafeLoader)
WEEK = ["mon", "tue", "wed", "thu", "fri"]
TEAM: dict[str, dict[str, Any]] = {
    "mia": {"zone": "Europe/Sarajevo", "shifts": [{"days": WEEK, "begins": "08:00", "ends": "16:00"}]},
    "tom": {"zone": "Europe/London", "shifts": [{"days": WEEK, "begins": "22:00", "ends": "06:00"}]},
    "ada": {"zone": "Asia/Tokyo", "shifts": [{"days": WEEK, "begins": "09:00", "ends": "17:00"}]},
}
AT = datetime(2026, 11, 24, 10, tzinfo=UTC)


def a_case(number: int, state: State, engineer: str | None) -> Case:
    return Case(id=f"C-{number}", order_ref=f"SO-{number}", system_id="acme", client="Acme",
                environment=Environment.STANDALONE, target=Release.parse("8.2.0"), opened_at=AT, since=AT, state=state,
                engineer=engineer)


def a_system(**changed: Any) -> System:
    return System.model_validate({
        "id": "acme", "client": "Acme", "environment": "standalone", "edition": "business", "timezone": "UTC",
        "country": "GB", "ssh": {"host": "127.0.0.1", "credential": "inspect"}, **changed})


def of_row(row: dict[str, Any]) -> Assignment:
    changed = row.get("engineers", {})
    team = [{"name": name, "full_name": name.title(), "email": f"{name}@example.com", "most_cases": 4, **usual,
             **changed.get(name, {})} for name, usual in TEAM.items()]
    engineers = Engineers.model_validate({"engineers": team, "case_days": row.get("case_days", 7)})
    held = [(name, state) for name, states in row.get("open", {}).items() for state in states]
    cases = [a_case(number, State(state), name) for number, (name, state) in enumerate(held, start=2)]
    new = a_case(1, State.OPENED, None)
    return choose(new, a_system(**row.get("system", {})), engineers, [new, *cases], datetime.fromisoformat(row["now"]))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
def test_who_gets_the_case_and_why(row: dict[str, Any]) -> None:
    found = of_row(row)
    assert found.engineer == row["gets"], found.reason
    if "why" in row:
        assert found.reason == row["why"]
    told = {each.name: each.reason for each in found.candidates}
    assert {name: told[name] for name in row.get("others", {})} == row.get("others", {})
    assert [each.name for each in found.candidates if each.fits][:1] == ([row["gets"]] if row["gets"] else [])


def test_a_team_of_nobody_is_said_to_be_one() -> None:
    found = choose(a_case(1, State.OPENED, None), a_system(), Engineers(), [], AT)
    assert (found.engineer, found.reason) == (None, "engineers.yaml names nobody")


def test_the_case_itself_is_no_burden_when_it_is_assigned_anew() -> None:
    only = Engineers(engineers=(Engineer(name="mia", full_name="Mia", email="m@example.com", zone="UTC",
                                         most_cases=1),))
    hers = a_case(1, State.READY, "mia")
    assert choose(hers, a_system(), only, [hers], AT).engineer == "mia"


@pytest.mark.parametrize(("moment", "there", "begins"), [
    ("2026-03-28T22:59Z", False, "2026-03-28T23:00+00:00"),     # Saturday 23:59 in Sarajevo
    ("2026-03-29T03:59Z", True, None),                          # 05:59 on the night the clocks went forward
    ("2026-03-29T04:00Z", False, "2026-04-04T22:00+00:00"),     # a shorter night, by the wall clock
    ("2026-10-25T00:30Z", True, None),                          # 02:30 for the first time
    ("2026-10-25T01:30Z", True, None),                          # and for the second
])
def test_a_shift_is_on_the_wall_clock_also_when_the_clocks_change(
    moment: str, there: bool, begins: str | None
) -> None:
    night = Shift(days=("sun",), begins=time(0), ends=time(6))
    mia = Engineer(name="mia", full_name="Mia", email="m@example.com", zone="Europe/Sarajevo", shifts=(night,))
    now = datetime.fromisoformat(moment)
    assert on_shift(mia, now) is there
    assert next_shift(mia, now) == (datetime.fromisoformat(begins) if begins else None)


# --- what holds for any team ---------------------------------------------------------------------------------------

DAYS = st.dates(date(2026, 11, 10), date(2026, 12, 20))
MARKED = st.builds(Marked, clients=st.sampled_from([frozenset(), frozenset({"Acme"})]),
                   tags=st.frozensets(st.sampled_from(["bank", "school"])))
NEVER = st.just(Marked())


@st.composite
def absences(draw: st.DrawFn) -> Absence:
    first = draw(DAYS)
    return Absence(first=first, last=first + timedelta(days=draw(st.integers(0, 20))))


@st.composite
def shifts(draw: st.DrawFn) -> Shift:
    return Shift(days=tuple(draw(st.sets(st.sampled_from(CLOCK_DAYS), min_size=1))),
                 begins=time(draw(st.integers(0, 23))), ends=time(draw(st.integers(0, 23)), 30))


SKILLS = st.builds(Skill, editions=st.frozensets(st.sampled_from(Edition), min_size=1),
                   below=st.sampled_from([None, Release.parse("8.0"), Release.parse("9.0")]))


@st.composite
def teams(draw: st.DrawFn) -> tuple[Engineers, list[Case], System, datetime]:
    names = draw(st.lists(st.sampled_from(["ada", "bo", "cy", "di", "eva"]), unique=True))
    team = tuple(
        Engineer(
            name=name, full_name=name, email=f"{name}@example.com", most_cases=draw(st.integers(0, 4)),
            zone=draw(st.sampled_from(["Asia/Tokyo", "Pacific/Auckland", "America/Los_Angeles", "Europe/London"])),
            shifts=tuple(draw(st.lists(shifts(), max_size=2))), absences=tuple(draw(st.lists(absences(), max_size=1))),
            skills=tuple(draw(st.lists(SKILLS, max_size=1))), preferred=draw(MARKED),
            excluded=draw(st.one_of(NEVER, NEVER, MARKED)),
        )
        for name in names
    )
    held = draw(st.lists(st.tuples(st.sampled_from([*names, "gone"]), st.sampled_from(State)), max_size=8))
    cases = [a_case(number, state, name) for number, (name, state) in enumerate(held, start=2)]
    system = a_system(
        edition=draw(st.sampled_from(Edition)).value, engineer=draw(st.sampled_from([None, "gone", *names])),
        tags=draw(st.lists(st.sampled_from(["bank", "school"]))))
    now = AT + timedelta(minutes=draw(st.integers(0, 20 * 24 * 60)))
    return Engineers(engineers=team, case_days=draw(st.integers(0, 10))), cases, system, now


NEW = a_case(1, State.OPENED, None)


@given(teams())
def test_nobody_gets_what_they_must_not_have(made: tuple[Engineers, list[Case], System, datetime]) -> None:
    engineers, cases, system, now = made
    found = choose(NEW, system, engineers, cases, now)
    assert {each.name for each in found.candidates} == {each.name for each in engineers.engineers}
    assert all(each.reason for each in found.candidates) and found.reason
    assert (found.engineer is None) == (not any(each.fits for each in found.candidates))
    theirs = engineers.named(found.engineer)
    if theirs is None:
        return
    today = now.astimezone(theirs.clock).date()
    away = [day for absence in theirs.absences for day in (absence.first, absence.last)]
    assert absent(theirs, now) is None and absence_within(theirs, now, engineers.case_days) is None
    assert all(day < today or day > today + timedelta(days=engineers.case_days) for day in away)
    assert load_of(theirs.name, cases) + 1 <= theirs.most_cases
    assert not theirs.excluded.tags & system.tags and "Acme" not in theirs.excluded.clients
    assert not theirs.skills or any(skill.covers(system.edition, NEW.target) for skill in theirs.skills)


@given(teams(), st.randoms(use_true_random=False))
def test_the_order_of_the_file_and_of_the_cases_does_not_matter(
    made: tuple[Engineers, list[Case], System, datetime], random: Any
) -> None:
    engineers, cases, system, now = made
    team, shuffled = list(engineers.engineers), list(cases)
    random.shuffle(team)
    random.shuffle(shuffled)
    mixed = engineers.model_copy(update={"engineers": tuple(team)})
    assert choose(NEW, system, mixed, shuffled, now) == choose(NEW, system, engineers, cases, now)


@given(teams())
def test_one_engineer_more_or_less_takes_nothing_from_who_has_it(
    made: tuple[Engineers, list[Case], System, datetime]
) -> None:
    """Without one who did not get it the same one does; so that one more never leaves a case with nobody."""
    engineers, cases, system, now = made
    found = choose(NEW, system, engineers, cases, now).engineer
    for left_out in engineers.engineers:
        if left_out.name != found:
            rest = tuple(each for each in engineers.engineers if each is not left_out)
            fewer = engineers.model_copy(update={"engineers": rest})
            assert choose(NEW, system, fewer, cases, now).engineer == found


@given(teams())
def test_the_clients_engineer_goes_first_wherever_that_is_possible(
    made: tuple[Engineers, list[Case], System, datetime]
) -> None:
    engineers, cases, system, now = made
    found = choose(NEW, system, engineers, cases, now)
    fits = {each.name for each in found.candidates if each.fits}
    if system.engineer in fits:
        assert found.engineer == system.engineer
    elif system.engineer is not None and found.engineer:
        assert found.reason.startswith(f"{system.engineer}, the client's engineer, ")


@given(teams())
def test_who_is_not_at_work_comes_to_work_at_a_time_to_come(
    made: tuple[Engineers, list[Case], System, datetime]
) -> None:
    engineers, _, _, now = made
    for engineer in engineers.engineers:
        begins = next_shift(engineer, now)
        assert (begins is None) is on_shift(engineer, now)
        if begins is not None:
            assert now < begins <= now + timedelta(days=7, hours=1)
            assert on_shift(engineer, begins)
