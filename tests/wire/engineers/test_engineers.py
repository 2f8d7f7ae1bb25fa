"""engineers.yaml: read whole and strictly, every fault with its line and what to do; the user's own."""
from __future__ import annotations

from datetime import time
from pathlib import Path

import pytest

from tasks.model.engineer import Engineers
from tasks.model.errors import UserError
from tasks.model.facts import Edition
from tasks.model.release import Release
from tasks.wire.engineers import load_engineers

WHOLE = """\
case_days: 5
engineers:
  - name: mia
    full_name: Mia Berg
    email: mia@example.com
    zone: Europe/Sarajevo
    shifts: [{days: [mon, fri], begins: 22:00, ends: 06:00}]
    absences: [{first: 2026-12-24, last: 2027-01-02, reason: holiday}]
    skills: [{editions: [business], at_least: "6.10", below: "9.0"}]
    excluded: {clients: [Acme Ltd], tags: [ministry]}
    most_cases: 4
  - {name: tom, full_name: Tom Hill, email: tom@example.com, zone: UTC}
"""


def written(home: Path, text: str, mode: int = 0o600) -> Path:
    path = home / "engineers.yaml"
    path.write_text(text)
    path.chmod(mode)
    return home


def test_the_file_is_read_as_it_is_meant(tmp_path: Path) -> None:
    found = load_engineers(written(tmp_path, WHOLE))
    mia, tom = found.engineers
    assert (found.case_days, found.named("mia"), found.named("max"), found.named(None)) == (5, mia, None, None)
    assert (mia.shifts[0].begins, mia.shifts[0].ends) == (time(22), time(6))
    assert (tom.shifts, tom.skills, tom.most_cases) == ((), (), 10)
    skill = mia.skills[0]
    releases = {text: skill.covers(Edition.BUSINESS, Release.parse(text)) for text in ("6.9", "6.10", "8.2", "9.0")}
    assert releases == {"6.9": False, "6.10": True, "8.2": True, "9.0": False}
    assert not skill.covers(Edition.MULTI_TENANT, Release.parse("8.2"))


def test_a_site_without_the_file_has_nobody_in_it(tmp_path: Path) -> None:
    assert load_engineers(tmp_path) == Engineers()


def test_a_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"open to other users.*chmod 600"):
        load_engineers(written(tmp_path, WHOLE, 0o644))


@pytest.mark.parametrize(("was", "now", "said"), [
    ("zone: Europe/Sarajevo", "zone: Bosnia", ":6: engineers[0].zone: unknown time zone 'Bosnia'; write an IANA name"),
    ("[mon, fri]", "[monday]", ":7: engineers[0].shifts[0].days: unknown weekday 'monday'; write mon, tue"),
    ("begins: 22:00", "begins: 22", ":7: engineers[0].shifts[0].begins: this is no time; write it like 09:00"),
    ("begins: 22:00", "begins: 22:00+01:00", "a shift is in the engineer's own zone; write it without an offset"),
    ("last: 2027-01-02", "last: 2026-01-02", ":8: engineers[0].absences[0]: an absence ends before it begins; swap"),
    ('at_least: "6.10"', "at_least: 6.10", ':9: engineers[0].skills[0].at_least: a release is text, not a number'),
    ('below: "9.0"', 'below: "6.1"', ":9: engineers[0].skills[0]: no release is at_least the one and below the other"),
    ("[business]", "[bussiness]", ":9: engineers[0].skills[0].editions[0] is 'bussiness'; write business"),
    ("name: tom", "name: mia", "mia is there twice; give each engineer a name of their own"),
    ("most_cases: 4", "at_most: 4", ":11: unknown field 'at_most' in engineers[0]; "),
    ("tom@example.com", "tom", ":12: engineers[1].email is not well formed; write one address"),
])
def test_a_mistake_is_named_with_its_line_and_remedy(tmp_path: Path, was: str, now: str, said: str) -> None:
    with pytest.raises(UserError) as raised:
        load_engineers(written(tmp_path, WHOLE.replace(was, now)))
    assert said in str(raised.value)
