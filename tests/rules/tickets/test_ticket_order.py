"""What a ticket is taken for, and that no text in it can become anything else."""
from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tasks.model.fleet import System
from tasks.model.ledger import JournalEntry
from tasks.model.profile import Profile
from tasks.model.release import Release
from tasks.model.ticket import Act, Answer, Asked, Declined, Order, Ticket, Why
from tasks.model.ticket_settings import Desk, Statuses
from tasks.rules.lifecycle import open_case
from tasks.rules.ticket_order import decide, is_order, line_of, plain_of, read_order, system_meant
from tasks.rules.ticket_words import body_of, for_case, for_declined, for_entries, marked
from tests.rules.story import opened

HERE = Path(__file__).parent
PROFILE = Profile.model_validate(yaml.safe_load((HERE.parents[2] / "deployments/profiles/lab.yaml").read_text()))
DESK = Desk.model_validate({
    "url": "https://acme.freshdesk.com/", "key_file": "key", "fleet": "fleet.yaml", "only": {"type": "Upgrade"},
    "form": {"order": {"field": "cf_order"}, "system": {"line": "System"}, "target": {"field": "cf_target"}},
    "trusted_requesters": ["orders@shop.example"],
})
CASE = open_case(opened(order="SO-known").model_copy(update={"system_id": "busy", "target": Release.parse("7.2.0")}))
TEXT = st.text(max_size=300)


def system(name: str, *addresses: str) -> System:
    return System.model_validate({
        "id": name, "client": name, "environment": "standalone", "edition": "business", "profile": "lab",
        "ssh": {"host": "127.0.0.1", "credential": "inspect"}, "timezone": "UTC", "country": "GB",
        "contacts": [{"name": "Ann", "email": address} for address in addresses],
    })


SYSTEMS = (system("acme", "Ann@acme.example"), system("busy", "both@client.example"),
           system("third", "both@client.example"))


def ticket(**told: Any) -> Ticket:
    return Ticket.model_validate({"desk": "support", "id": "7", "status": 2, "kind": "Upgrade",
                                  "updated_at": datetime(2026, 1, 1, tzinfo=UTC), **told})


def outcome(found: Ticket, running: Release | None = None) -> Order | Declined:
    asked = read_order(found, DESK)
    meant = asked if isinstance(asked, Declined) else system_meant(asked, SYSTEMS)
    if isinstance(meant, Declined):
        return meant
    assert isinstance(asked, Asked)
    return decide(asked, meant, PROFILE, running, {CASE.order_ref: CASE})


@pytest.mark.parametrize("row", yaml.safe_load((HERE / "orders.yaml").read_text()), ids=lambda row: row["case"])
def test_a_ticket_is_an_order_or_there_is_a_reason(row: dict[str, Any]):
    running = Release.parse(row["running"]) if "running" in row else None
    found = outcome(ticket(**row["ticket"]), running)
    if isinstance(found, Declined):
        assert found.why.value == row.get("why"), found.detail
    else:
        assert [found.order_ref, found.system_id, str(found.target)] == row.get("order")


@pytest.mark.parametrize(("told", "taken"), [
    ({}, True), ({"kind": "upgrade"}, True), ({"kind": "Question"}, False), ({"kind": None}, False),
    ({"status": 4}, False), ({"status": 5}, False), ({"status": 6}, True), ({"junk": True}, False),
])
def test_only_open_tickets_of_the_configured_type_are_orders(told: dict[str, Any], taken: bool):
    assert is_order(ticket(**told), DESK) is taken


@given(TEXT, TEXT, TEXT, TEXT)
def test_whatever_a_ticket_says_nothing_but_well_formed_values_come_of_it(order: str, target: str, text: str, who: str):
    found = outcome(ticket(fields={"cf_order": order, "cf_target": target}, text=text, requester=who))
    assert isinstance(found, Declined)      # nobody is trusted by chance
    for answer in for_declined("support", "7", found, Statuses()):
        assert all(each not in answer.text for each in "\x00\x1b\u202e") and len(answer.text) < 1000


@given(st.text(max_size=2000))
def test_a_line_is_one_line_without_what_cannot_be_seen(text: str):
    line = line_of(text)
    assert line.isprintable() or " " in line
    assert len(line) <= 500 and not any(ord(each) < 32 or each in "\u202e\u2028\u2029\x7f" for each in line)


@given(st.text(alphabet="<>/!-abscript&;=\"' \n", max_size=300))
def test_any_html_becomes_text_without_failing(html: str):
    assert isinstance(plain_of(html), str)


@pytest.mark.parametrize(("html", "text"), [
    ("<p>System: acme</p><p>Bye</p>", "System: acme"), ("System: acme<br>x", "System: acme"),
    ("<script>System: evil</script><div>System: acme</div>", "System: acme"),
    ("<style>a</style>System: acme &amp; co", "System: acme & co"),
])
def test_blocks_of_html_are_lines(html: str, text: str):
    assert next(line for line in plain_of(html).splitlines() if line.strip()) == text


@given(TEXT, st.sampled_from(list(Act)))
def test_what_is_written_is_escaped_and_bears_its_mark(text: str, act: Act):
    body = body_of(Answer(desk="support", ticket="7", mark="C-1/2", act=act, text=text))
    inside = body.removeprefix("<div>").removesuffix("</div>").replace("<br>", "")
    assert "<" not in inside and ">" not in inside and marked("C-1/2") in body


def test_one_mark_is_never_part_of_another():
    assert marked("C-1/1") not in marked("C-1/12") and marked("C-1/1") not in marked("XC-1/1")


def test_a_stranger_learns_nothing_of_a_system_from_the_public_answer():
    said = []
    for text in ("System: acme", "System: nobody"):
        fields = {"cf_order": "SO-1", "cf_target": "7.2"}
        found = outcome(ticket(fields=fields, text=text, requester="eve@evil.example"))
        assert isinstance(found, Declined)
        said += [a.text for a in for_declined("support", "7", found, Statuses()) if a.act is Act.REPLY]
    assert said[0] == said[1]


@pytest.mark.parametrize("why", list(Why))
def test_every_reason_has_words_for_the_client(why: Why):
    reply, note = for_declined("support", "7", Declined(why=why, detail="secret detail"), Statuses())
    assert "secret detail" not in reply.text and "secret detail" in note.text and reply.text.endswith(".")


def test_each_answer_has_an_id_of_its_own_that_is_always_the_same():
    entries = [JournalEntry(case_id=CASE.id, number=n, at=datetime(2026, 1, 1, tzinfo=UTC), by="x", kind=kind,
                            body={"engineer": "mia", "reason": "r"}, case_digest="", previous="", digest="")
               for n, kind in enumerate(("assigned", "step_started", "cancelled"), 2)]
    made = [*for_case("support", "7", CASE, Statuses()), *for_entries("support", "7", CASE, entries, Statuses())]
    again = for_entries("support", "7", CASE, entries, Statuses())
    ids = [answer.message_id for answer in made]
    assert len(set(ids)) == len(ids) == 8 and [a.message_id for a in again] == ids[3:]
    assert all(len(each) <= 250 for each in ids)
