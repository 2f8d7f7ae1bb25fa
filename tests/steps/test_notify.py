"""The step that tells people: one mail for each contact, the ticket's reply, the engineer's report, all in one go."""
from __future__ import annotations

import asyncio
import email
import json
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
import yaml

from reports.plain_words import plain_words
from tasks.model import event as e
from tasks.model.answer import Contact, ContactState, Recording
from tasks.model.case import Case, IdentityMarks, State, Step
from tasks.model.finding import Finding, Verdict
from tasks.model.ledger import Channel, OutboxMessage
from tasks.model.plan import plan_of
from tasks.model.ticket import Answer, Link
from tasks.rules.lifecycle import Due, Refused, next_step
from tasks.steps.inspection import Kept
from tasks.steps.run_step import run_step
from tasks.wire.case_folder import CaseFolder
from tasks.wire.store import Store
from tests.reports.told import CALLS, CHECKS, SPACE
from tests.steps.conftest import SYSTEM

CONTACTS = [
    {"name": "Ann", "email": "ann@example.net"}, {"name": "Jörg Weiß", "email": "joerg@example.net", "language": "de"},
    {"name": "Tom", "email": "tom@example.net", "approves": False}, {"name": "Ann again", "email": "ANN@example.net"},
    {"name": "Odd", "email": "jörg@example.net"},
]


def contacts(fleet: Path, *given: dict[str, Any]) -> None:
    fleet.write_text(yaml.safe_dump({"systems": [SYSTEM | {"contacts": list(given)}]}))


def private(path: Path, told: object) -> None:
    path.touch(0o600)
    path.write_text(json.dumps(told))


def inspected(case: Case, store: Store, home: Path, *findings: Finding) -> Case:
    """The case as the step finds it."""
    def record(step: Step, make: Any) -> Case:
        due = next_step(store.case(case.id), store.now())
        assert isinstance(due, Due) and due.step is step
        for event in (e.StepStarted(at=store.now(), by="tend", step=step, plan_revision=due.plan_revision,
                                    attempt=due.attempt), make(due.key)):
            assert not isinstance(store.record(case.id, event), Refused)
        return store.case(case.id)

    record(Step.INTAKE, lambda run: e.Assigned(at=store.now(), by="intake", run=run, engineer="eva"))
    plan = plan_of("acme", case.target, "p" * 64, findings, estimate_s=1500,
                   verdict=Verdict.BLOCKED if findings else Verdict.READY)
    recording = Recording(system_id="acme", started_at=store.now(), elapsed_s=2.5,
                          contact=Contact(state=ContactState.REACHED, host_key="SHA256:abc"))
    ref = CaseFolder(home, case.id).save("inspection-1-1", Kept(recording=recording, findings=findings, remarks=(),
                                                                plan=plan))
    marks = IdentityMarks(host_key="SHA256:abc", machine_id="m")
    return record(Step.PRECHECK, lambda run: e.Inspected(at=store.now(), by="precheck", run=run, plan=plan,
                                                         identity=marks, findings_ref=ref))


def told(case: Case, store: Store, home: Path) -> Case:
    return asyncio.run(run_step(case.id, Step.NOTIFY, home=home, store=store, now=store.now))


def mails(store: Store, case: Case) -> dict[str, EmailMessage]:
    """Who gets which mail."""
    found = {}
    for each in sent(store, case, Channel.MAIL):
        (to,) = each.message.recipients
        read = email.message_from_bytes(each.message.payload, policy=default)
        assert isinstance(read, EmailMessage) and read["Message-ID"] == each.message.message_id
        found[to] = read
    return found


def sent(store: Store, case: Case, channel: Channel) -> list[OutboxMessage]:
    return [each for each in store.messages(case.id) if each.message.channel is channel]


def text(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    return " ".join(body.get_content().split())


def test_each_contact_gets_one_mail_in_their_language(case: Case, store: Store, home: Path, fleet: Path) -> None:
    contacts(fleet, *CONTACTS)
    moved = told(inspected(case, store, home, SPACE, CALLS), store, home)
    assert moved.state is State.NOTIFIED
    found = mails(store, case)
    assert set(found) == {"ann@example.net", "joerg@example.net", "tom@example.net"}
    assert "Guten Tag Jörg Weiß" in text(found["joerg@example.net"])
    assert CHECKS["sufficient_space"].otherwise in text(found["ann@example.net"])
    assert "Decisions are made by" in text(found["tom@example.net"])
    body = store.journal(case.id)[-1].body
    assert set(body["message_ids"]) == {mail["Message-ID"] for mail in found.values()}


def test_a_site_that_serves_the_page_gives_each_contact_a_link_of_their_own(
    case: Case, store: Store, home: Path, fleet: Path
) -> None:
    contacts(fleet, *CONTACTS[:2])
    for name, said in (("page.key", "k" * 40), ("web.yaml", "base_url: https://up.example.com\nsecret_file: page.key")):
        (home / name).touch(0o600)
        (home / name).write_text(said + "\n")
    told(inspected(case, store, home, SPACE), store, home)
    links = {to: [word for word in text(mail).split() if word.startswith("https://up.example.com/case/")]
             for to, mail in mails(store, case).items()}
    assert [len(each) for each in links.values()] == [1, 1]
    assert len({each[0] for each in links.values()}) == 2


def test_the_ticket_gets_the_notice_once_and_no_link(case: Case, store: Store, home: Path) -> None:
    store.link_ticket(Link(desk="fresh", ticket="41", case_id=case.id, outcome="opened", seen_at=store.now()), ())
    told(inspected(case, store, home, SPACE), store, home)
    (reply,) = sent(store, case, Channel.TICKET)
    answer = Answer.model_validate_json(reply.message.payload)
    assert (answer.ticket, answer.mark) == ("41", f"{case.id}/notify.1.1")
    assert CHECKS["sufficient_space"].client_text in " ".join(answer.text.split()) and "http" not in answer.text


def test_the_engineer_gets_the_report_with_the_inspection_attached(case: Case, store: Store, home: Path) -> None:
    private(home / "engineers.yaml", {"engineers": [
        {"name": "eva", "full_name": "Eva Engineer", "email": "eva@example.com", "zone": "UTC"}]})
    private(home / "mail.yaml", {"server": {"host": "smtp.example.com"},
                                 "sender": {"name": "Uplift", "email": "uplift@sender.example"}})
    hostile = CALLS.model_copy(update={"summary": "<script>window.owned=1</script>", "subject": "a\r\nb"})
    told(inspected(case, store, home, SPACE, hostile), store, home)
    found = mails(store, case)
    report = found["eva@example.com"]
    assert all(mail["Message-ID"].endswith("@sender.example>") for mail in found.values())
    assert "sufficient_space (/ bytes): Medium, blocking" in text(report) and "cdr_table_size (a b)" in text(report)
    (page,) = report.iter_attachments()
    assert page.get_filename() == f"inspection-{case.id}.html" and page.get_content_type() == "text/html"
    assert "sufficient_space" in page.get_content()
    html = report.get_body(("html",))
    assert html is not None and "<script>window" not in html.get_content() + page.get_content()
    assert report["Message-ID"] not in store.journal(case.id)[-1].body["message_ids"]      # it is no client's


def test_an_engineers_file_that_is_wrong_keeps_no_client_waiting(case: Case, store: Store, home: Path) -> None:
    private(home / "engineers.yaml", {"engineers": [{"name": "eva"}]})
    assert told(inspected(case, store, home, SPACE), store, home).state is State.NOTIFIED
    assert set(mails(store, case)) == {"ann@example.net"}
    assert any("report was not sent" in str(entry.body.get("text")) for entry in store.journal(case.id))


def test_a_system_that_is_ready_is_told_so(case: Case, store: Store, home: Path) -> None:
    told(inspected(case, store, home), store, home)
    assert "ready for the upgrade" in mails(store, case)["ann@example.net"]["Subject"]


@pytest.mark.parametrize("given", [(), (CONTACTS[4],)])
def test_without_anybody_to_tell_the_engineer_is_asked(
    case: Case, store: Store, home: Path, fleet: Path, given: tuple[dict[str, Any], ...]
) -> None:
    contacts(fleet, *given)
    moved = told(inspected(case, store, home, SPACE), store, home)
    assert moved.state is State.NEEDS_ENGINEER and moved.trouble is not None
    assert "names no contact" in moved.trouble.reason and sent(store, case, Channel.MAIL) == []


def test_the_command_shows_what_the_client_gets_without_the_clients_link(
    case: Case, store: Store, home: Path, fleet: Path, tmp_path: Path
) -> None:
    import os
    import subprocess
    import sys

    contacts(fleet, *CONTACTS[:2])
    inspected(case, store, home, SPACE)

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([Path(sys.executable).with_name("uplift"), "case", "notice", case.id, *arguments],
                              env={**os.environ, "UPLIFT_HOME": str(home)}, capture_output=True, text=True)

    page = tmp_path / "notice.html"
    done = run("--html", str(page))
    assert done.returncode == 0, done.stderr
    assert "To: Ann <ann@example.net>" in done.stdout and CHECKS["sufficient_space"].otherwise in " ".join(
        done.stdout.split())
    assert page.read_text().startswith("<!DOCTYPE html>") and "/case/" not in page.read_text() + done.stdout
    german = run("--to", "joerg@example.net", "--json")
    assert plain_words("de").action("free_space") in " ".join(json.loads(german.stdout)["text"].split())
    for wrong in (("--language", "xx"), ("--to", "nobody@example.net")):
        refused = run(*wrong)
        assert refused.returncode == 2 and refused.stderr.count("\n") <= 2 and "Traceback" not in refused.stderr
    assert store.messages(case.id) == ()
