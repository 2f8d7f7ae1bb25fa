"""`uplift case assign`, `uplift engineers` and `uplift case done`: who does it, and that it was done."""
from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tasks.model.case import State
from tasks.model.fleet import CLOCK_DAYS
from tasks.wire.case_folder import CaseFolder
from tests.rules.story import BY_HAND_PLAN, SIP_PLAN

NOW = datetime.now(UTC)
ALWAYS = [{"days": list(CLOCK_DAYS), "begins": "00:00", "ends": "00:00"}]
LATER = [{"days": [CLOCK_DAYS[(NOW.weekday() + 3) % 7]], "begins": "10:00", "ends": "11:00"}]
AWAY = [{"first": str((NOW - timedelta(days=2)).date()), "last": str((NOW + timedelta(days=2)).date()),
         "reason": "holiday"}]


@pytest.fixture
def team(home: Path, fleet: Callable[..., Path]) -> Path:
    """Eva, whose client it is, is away; Ada is at work and Bo is not; Cy does other editions. Gives the fleet file."""
    people: dict[str, dict[str, Any]] = {
        "eva": {"absences": AWAY}, "ada": {"shifts": ALWAYS, "most_cases": 5}, "bo": {"shifts": LATER},
        "cy": {"skills": [{"editions": ["multi_tenant"]}]}}
    path = home / "engineers.yaml"
    path.touch(0o600)
    path.write_text(json.dumps({"engineers": [
        {"name": name, "full_name": f"{name.title()} Hill", "email": f"{name}@example.com", "zone": "UTC", **said}
        for name, said in people.items()]}))
    CaseFolder(home, "C-1").path.mkdir(parents=True)
    path = fleet(("acme", "127.0.0.1", 1), engineer="eva")
    CaseFolder(home, "C-1").create(path)
    return path


async def test_a_rehearsal_shows_every_candidate_with_a_reason(
    uplift: Any, case_at: Any, stored: Any, team: Path
) -> None:
    before = case_at(State.OPENED)
    told = (await uplift("case", "assign", "C-1", "--auto", "--dry-run", "--json")).json
    away = f"is absent from {AWAY[0]['first']} to {AWAY[0]['last']} and a case takes 7 days"
    assert told["engineer"] == "ada"
    assert told["reason"] == f"eva, the client's engineer, {away}; ada is at work now, of 2 who fit"
    reasons = {row["engineer"]: row["reason"] for row in told["candidates"]}
    assert reasons["eva"] == away and "holiday" not in str(told)
    assert reasons["bo"].startswith("fits, but is not at work before ")
    assert reasons["cy"] == "does not do business upgrades to 7.2.0"
    shown = await uplift("case", "assign", "C-1", "--auto", "--dry-run")
    assert shown.code == 0 and shown.out.splitlines()[-1].startswith("it would go to ada: eva, the client's engineer")
    assert stored() == before


async def test_the_rules_assign_and_a_person_overrides_them_and_both_are_recorded(
    uplift: Any, case_at: Any, stored: Any, team: Path
) -> None:
    case_at(State.OPENED)
    auto = await uplift("case", "assign", "C-1", "--auto", "--by", "dana", "--json")
    assert (auto.json["engineer"], auto.json["state"]) == ("ada", "assigned")
    assert auto.json["assignment"]["engineer"] == "ada"
    by_hand = await uplift("case", "assign", "C-1", "eva", "--by", "dana", "--reason", "she asked for it")
    assert by_hand.code == 0 and by_hand.err.startswith("note: eva is absent from ")
    assert stored().engineer == "eva"
    told = (await uplift("case", "journal", "C-1")).out.splitlines()[-2:]
    assert "dana: ada is the engineer: eva, the client's engineer, is absent" in told[0]
    assert "dana: eva is the engineer: she asked for it; by hand, though eva is absent from" in told[1]


@pytest.mark.parametrize(("words", "said"), [
    (["evva"], "engineers.yaml has no 'evva'; did you mean eva?"),
    ([], "an engineer is named, or chosen by the rules; give NAME, or --auto, which may have --dry-run"),
    (["eva", "--auto"], "an engineer is named, or chosen by the rules"),
    (["eva", "--dry-run"], "an engineer is named, or chosen by the rules"),
])
async def test_what_names_nobody_is_refused(
    uplift: Any, case_at: Any, stored: Any, team: Path, words: list[str], said: str
) -> None:
    before = case_at(State.OPENED)
    ended = await uplift("case", "assign", "C-1", *words)
    assert ended.code == 2 and said in ended.err and ended.err.count("\n") == 1
    assert stored() == before


async def test_nobody_who_fits_is_a_sentence_for_who_gives_cases_out(
    uplift: Any, case_at: Any, stored: Any, home: Path, team: Path
) -> None:
    before = case_at(State.OPENED)
    text = json.loads((home / "engineers.yaml").read_text())
    text["engineers"] = [each for each in text["engineers"] if each["name"] in ("eva", "cy")]
    (home / "engineers.yaml").write_text(json.dumps(text))
    ended = await uplift("case", "assign", "C-1", "--auto")
    assert ended.code == 2 and stored() == before
    assert ended.err.startswith("error: nobody can take this case: cy does not do business upgrades to 7.2.0; eva is")
    assert ended.err.endswith("; name an engineer, or correct engineers.yaml\n")


async def test_without_the_file_cases_are_assigned_by_name_only(uplift: Any, case_at: Any, home: Path) -> None:
    case_at(State.OPENED)
    assert (await uplift("case", "assign", "C-1", "anybody")).code == 0
    for words in (("case", "assign", "C-1", "--auto"), ("engineers", "list"), ("engineers", "check")):
        ended = await uplift(*words)
        assert ended.code == 2 and "engineers.yaml names nobody; write it as docs/engineers.md says" in ended.err


async def test_the_list_says_who_is_there_and_whose_cases_need_another(uplift: Any, case_at: Any, team: Path) -> None:
    case_at(State.AWAITING_APPROVAL, found=SIP_PLAN)
    told = (await uplift("engineers", "list", "--json")).json
    rows = {row["engineer"]: row for row in told["engineers"]}
    assert {name: (row["present"], row["at_work"], row["cases"], row["load"]) for name, row in rows.items()} == {
        "eva": (False, False, 1, 0.5), "ada": (True, True, 0, 0), "bo": (True, False, 0, 0), "cy": (True, True, 0, 0)}
    assert rows["eva"]["absence"] == AWAY[0]
    (proposal,) = told["handovers"]
    assert (proposal["case_id"], proposal["engineer"], proposal["to"]) == ("C-1", "eva", "ada")
    shown = (await uplift("engineers", "list")).out
    assert "0.5 of 10" in shown and "(holiday)" in shown and "uplift case assign CASE --auto" in shown
    assert (await uplift("case", "assign", "C-1", "--auto")).code == 0
    assert (await uplift("engineers", "list", "--json")).json["handovers"] == []


async def test_the_check_names_what_the_team_leaves_open(
    uplift: Any, case_at: Any, home: Path, team: Path, fleet: Callable[..., Path]
) -> None:
    case_at(State.OPENED)
    assert (await uplift("case", "assign", "C-1", "bo")).code == 0
    path = home / "engineers.yaml"
    whole = json.loads(path.read_text())
    path.write_text(json.dumps({"engineers": [
        {**each, "absences": AWAY, "skills": [{"editions": ["multi_tenant"]}]}
        for each in whole["engineers"] if each["name"] in ("ada", "cy")]}))
    told = (await uplift("engineers", "check", "--fleet", team, "--json")).json
    assert told == {"engineers": 2, "notes": [
        f"nobody is there from {datetime.now(UTC).date()} to {AWAY[0]['last']}",
        "nobody does business upgrades, and 1 system is of that edition",
        "the fleet file gives eva 1 system, and engineers.yaml has no eva",
        "bo has 1 case under way, and engineers.yaml has no bo",
    ]}
    path.write_text("engineers:\n  - {name: eva, zone: Mars}\n")
    wrong = await uplift("engineers", "check")
    assert wrong.code == 2 and "engineers.yaml has 3 errors" in wrong.err and wrong.err.count("\n") == 1


async def test_what_was_done_by_hand_is_ticked_off_one_by_one(
    uplift: Any, case_at: Any, stored: Any, kinds: Any
) -> None:
    case_at(State.REMEDIATING, found=BY_HAND_PLAN)
    first = await uplift("case", "done", "C-1", "point_domain", "--by", "Ann", "--how", "telephone", "--note", "at 9")
    assert first.code == 0 and stored().state is State.REMEDIATING
    slip = await uplift("case", "done", "C-1", "point_domains")
    assert slip.code == 2 and "the plan has no action 'point_domains'; what is left is save_tables" in slip.err
    again = await uplift("case", "done", "C-1", "point_domain")
    assert again.code == 2 and "point_domain is not to be done, or done already" in again.err
    assert (await uplift("case", "done", "C-1", "save_tables")).code == 0
    last = await uplift("case", "done", "C-1", "move_to_pjsip", "--note", "by hand after all", "--json")
    assert (last.json["state"], last.json["next"]["step"]) == ("assigned", "precheck")
    assert kinds()[-3:] == ["action_ticked"] * 3
    assert "point_domain is said to be done (telephone): at 9" in (await uplift("case", "journal", "C-1")).out
