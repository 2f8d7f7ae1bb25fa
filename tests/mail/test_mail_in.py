"""What comes back: reports and replies move the case once, whoever brings them and wherever a process dies."""
from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from deployments.cli import mail as command
from deployments.cli.main import run
from tasks.model import event as e
from tasks.model.case import State
from tasks.model.ledger import OutboxState
from tasks.steps.receive_mail import Dealt, look_through
from tests.mail.conftest import ANN, BO, Site, mail_id, private

S = OutboxState
RAW = {case["name"]: case["raw"] for case in yaml.safe_load(Path(__file__).with_name("came_in.yaml").read_text())}


def came(name: str, address: str = ANN) -> bytes:
    return RAW[name].replace("NOTICE", mail_id(address)).replace(ANN, address).encode()


def received(site: Site) -> dict[Dealt, int]:
    return dict(look_through(site.store, site.home, site.maildir))


def test_a_bounce_of_every_contacts_notice_gives_the_case_to_the_engineer(site: Site) -> None:
    site.notified(ANN, BO)
    site.round()
    assert site.case.state is State.AWAITING_APPROVAL
    site.arrives(came("Postfix, failed"), "1.ann")
    assert received(site) == {Dealt.REPORT: 1}
    assert site.states() == {ANN: S.BOUNCED, BO: S.SENT} and site.case.state is State.AWAITING_APPROVAL
    site.arrives(came("qmail", BO), "2.bo")
    assert received(site) == {Dealt.REPORT: 1}
    assert site.case.state is State.NEEDS_ENGINEER
    assert [(each["recipient"], each["reaches_nobody"]) for each in site.told("bounced")] == [(ANN, False), (BO, True)]


def test_a_message_in_doubt_is_told_by_a_report_a_log_or_an_answer_and_by_nothing_else(
    site: Site, tmp_path: Path
) -> None:
    log = tmp_path / "mail.log"
    log.write_text("")
    site.settings(incoming={"maildir": str(site.maildir), "log": str(log)})
    site.notified(ANN)
    site.server.hang_up = True
    site.round()
    site.arrives(came("a holiday notice"), "1.away")
    site.arrives(came("a warning of a delay"), "2.late")
    log.write_text("Nov 23 10:00:01 mx postfix/cleanup[81]: 4F1A2B3C4D: message-id=<of.somebody@else.example>\n")
    done = site.round()
    assert done.received == {Dealt.AUTOMATIC: 1, Dealt.REPORT: 1} and site.states() == {ANN: S.UNSURE}
    log.write_text(f"Nov 23 10:00:01 mx postfix/cleanup[81]: 4F1A2B3C4D: message-id={mail_id(ANN)}\n"
                   f"Nov 23 10:00:02 mx postfix/smtp[82]: 4F1A2B3C4D: to=<{ANN}>, relay=mx[192.0.2.1]:25, delay=1, "
                   "delays=0/0/0/1, dsn=2.0.0, status=sent (250 ok)\n")
    done = site.round()
    assert done.decided_by_log == 1 and site.states() == {ANN: S.SENT}
    assert done.delivered == 1 and site.case.state is State.AWAITING_APPROVAL
    assert len(site.server.taken) == 1


@pytest.mark.parametrize("name", ["a report of success with the whole message", "a reply"])
def test_what_only_its_recipient_can_say_ends_a_doubt(site: Site, name: str) -> None:
    site.notified(ANN)
    site.server.hang_up = True
    site.round()
    assert site.states() == {ANN: S.UNSURE}
    site.arrives(came(name), "1.x")
    site.round()
    assert site.states()[ANN] is S.SENT and site.case.state is State.AWAITING_APPROVAL


@pytest.mark.parametrize("name", ["a report of success with the whole message", "Postfix, failed", "qmail"])
def test_a_report_on_a_mail_that_was_never_tried_is_not_believed(site: Site, name: str) -> None:
    """Ids of mails can be guessed by whoever knows the case's number: nobody keeps a notice from being sent by that."""
    site.notified(ANN)
    site.arrives(came(name), "1.forged")
    received(site)
    assert site.states() == {ANN: S.PENDING} and site.told("bounced") == []
    assert site.round().sent.taken == 1 and len(site.server.taken) == 1


def test_a_reply_stands_in_the_journal_and_decides_nothing(site: Site) -> None:
    site.notified(ANN)
    site.round()
    site.arrives(came("a reply"), "1.x")
    site.arrives(came("a reply").replace(b"<ann@acme.example>", b"<mal@evil.example>"), "2.x")
    assert received(site) == {Dealt.REPLY: 2}
    said = site.told("client_said")
    assert [each["by"] for each in said] == ["Ann Field", "mal@evil.example, no contact of this client"]
    assert {each["text"] for each in said} == {"Yes to the first. Not the second one: we need it until Friday."}
    assert site.case.state is State.AWAITING_APPROVAL and site.case.approval is None


def test_a_long_reply_with_hidden_characters_is_cut_and_made_visible(site: Site) -> None:
    site.notified(ANN)
    site.round()
    text = "\x1b[2J\u202eapproved " + "long " * 2000
    head = f"From: {ANN}\nIn-Reply-To: {mail_id(ANN)}\nContent-Type: text/plain; charset=utf-8\n\n"
    site.arrives((head + text).encode(), "1.x")
    received(site)
    (said,) = site.told("client_said")
    assert len(str(said["text"])) <= 2000 and "\x1b" not in str(said["text"]) and "\u202e" not in str(said["text"])


def test_mail_of_others_is_left_alone_and_the_mailbox_as_it_was(site: Site) -> None:
    site.notified(ANN)
    site.round()
    site.arrives(b"From: x@y.example\nSubject: hello\n\nworld", "1.other")
    site.arrives(came("a reply").replace(b"notice.ann", b"notice.nobody"), "2.unknown")
    site.arrives(b"\xff\xfe garbage", "3.garbage")
    before = {path: path.read_bytes() for path in site.maildir.rglob("*") if path.is_file()}
    assert received(site) == {Dealt.UNKNOWN: 3}
    assert received(site) == {}
    assert {path: path.read_bytes() for path in site.maildir.rglob("*") if path.is_file()} == before
    moved = site.maildir / "cur" / "1.other:2,S"            # as a reader's program does
    (site.maildir / "new" / "1.other").rename(moved)
    assert received(site) == {}


def test_a_mail_that_cannot_be_read_is_told_and_the_next_one_is_read(site: Site) -> None:
    site.notified(ANN)
    site.round()
    site.arrives(b"", "1.x").unlink()
    (site.maildir / "new" / "1.x").symlink_to("/proc/self/mem")         # unreadable at its beginning, also for root
    site.arrives(came("a reply"), "2.x")
    done = site.round()
    assert done.received == {Dealt.UNREADABLE: 1, Dealt.REPLY: 1} and "to their rights" in done.troubles[0]


def test_old_mail_is_not_looked_at(site: Site) -> None:
    site.notified(ANN)
    site.round()
    path = site.arrives(came("Postfix, failed"), "1.old")
    os.utime(path, (1_700_000_000, 1_700_000_000))
    assert received(site) == {}


def test_the_same_mail_twice_by_any_way_counts_once(site: Site, capfd: pytest.CaptureFixture[str]) -> None:
    site.notified(ANN, BO)
    site.round()
    for number, name in enumerate(("a reply", "a reply", "Postfix, failed", "Postfix, failed")):
        site.arrives(came(name), f"{number}.x")
    assert received(site) == {Dealt.REPLY: 1, Dealt.REPORT: 1, Dealt.KNOWN: 2}
    for name in ("a reply", "Postfix, failed"):
        piped = subprocess.run([str(Path(sys.executable).with_name("uplift")), "mail", "receive"], input=came(name),
                               capture_output=True, check=False)
        assert (piped.returncode, piped.stdout) == (0, b"known\n"), piped.stderr
    assert len(site.told("client_said")) == len(site.told("bounced")) == 1


@pytest.mark.parametrize("name", ["a reply", "Postfix, failed"])
@pytest.mark.parametrize("where", ["record", "note_arrivals"])
def test_a_reader_that_dies_at_any_step_writes_nothing_twice(
    site: Site, monkeypatch: pytest.MonkeyPatch, name: str, where: str
) -> None:
    site.notified(ANN)
    site.round()
    site.arrives(came(name), "1.x")
    real, calls = getattr(site.store, where), []

    def dies(*args: object, **more: object) -> object:
        calls.append(args)
        if len(calls) == 1:
            if where == "record":
                real(*args, **more)             # it is written, and the process does not live to know
            raise KeyboardInterrupt
        return real(*args, **more)

    monkeypatch.setattr(site.store, where, dies)
    with pytest.raises(KeyboardInterrupt):
        received(site)
    received(site)
    received(site)
    assert len(site.told("client_said")) + len(site.told("bounced")) == 1 and calls


def test_the_pipe_asks_to_come_again_while_somebody_is_at_the_mail(
    site: Site, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "PATIENCE_S", 0.2)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(came("a reply"))))
    site.notified(ANN)
    with site.store.leased("mail", "another", 60):
        assert run(["mail", "receive"]) == 75
    assert site.told("client_said") == []


def test_the_words_on_a_case_that_is_over_are_kept_and_a_bounce_then_only_settles(site: Site) -> None:
    site.notified(ANN, BO)
    site.round()
    site.store.record("C-1", e.Cancelled(at=site.store.now(), by="eva", reason="the client stays"))
    site.arrives(came("a reply"), "1.x")
    site.arrives(came("Postfix, failed", BO), "2.x")
    assert received(site) == {Dealt.REPLY: 1, Dealt.REPORT: 1}
    assert len(site.told("client_said")) == 1 and site.told("bounced") == []
    assert site.states() == {ANN: S.SENT, BO: S.BOUNCED}


def test_a_person_decides_and_it_stands_in_the_journal(site: Site, capfd: pytest.CaptureFixture[str]) -> None:
    site.notified(ANN)
    site.server.hang_up = True
    site.round()
    assert run(["mail", "list", "--state", "unsure", "--json"]) == 0
    assert mail_id(ANN) in capfd.readouterr().out
    about = ["--by", "mia", "--reason", "Ann read it\nto me"]
    assert run(["mail", "decide", mail_id(ANN), "--arrived", "--resend", *about]) == 2
    assert run(["mail", "decide", "<no@such>", "--arrived", *about]) == 2
    assert run(["mail", "decide", mail_id(ANN).strip("<>"), "--resend", *about]) == 0
    assert run(["mail", "decide", mail_id(ANN), "--arrived", *about]) == 2
    assert "is not unsure any more" in capfd.readouterr().err
    (noted,) = site.told("noted")
    assert noted == {"by": "mia", "text": f"the mail {mail_id(ANN)} to {ANN} did not arrive and is sent again: "
                     "Ann read it to me"}
    site.server.hang_up = False
    assert run(["mail", "send"]) == 0
    assert site.states() == {ANN: S.SENT} and len(site.server.taken) == 2
    assert len({each.content for each in site.server.taken}) == 1       # the same message, under the same id
    private(site.home / "mail.yaml", "server: x")
    assert run(["mail", "send"]) == 2
