"""The report by mail, against a real SMTP server with TLS on loopback and a real outbox."""
from __future__ import annotations

import email
import hashlib
import io
import json
import re
import ssl
import zipfile
from collections.abc import Callable, Iterator
from email.policy import default
from pathlib import Path

import pytest
import yaml

from deployments.cli.main import run
from tasks.model.errors import UserError
from tasks.model.ledger import Channel, Message, OutboxState
from tasks.model.sweep import SweepOptions, SweepPlan
from tasks.steps.judge_sweep import judge_sweep
from tasks.steps.mail_report import mail_report
from tasks.wire.store import Store
from tasks.wire.sweep_folder import SweepFolder
from tests.mail_server import PASSWORD, USER, MailServer, mail_server

PLAN = SweepPlan.model_validate({
    "sweep_id": "20260314T010000Z-7.2.0", "started_at": "2026-03-14T01:00:00Z", "finished_at": "2026-03-14T01:05:00Z",
    "options": SweepOptions(target="7.2.0"), "fleet_file": "fleet.yaml", "systems": 0,
})
ANN = {"name": "Ann Field", "email": "ann@example.net"}
BO = {"name": "Bö, Manager", "email": "bo@example.net"}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[MailServer]:
    with mail_server(tmp_path / "tls") as started:
        yield started


@pytest.fixture
def home(tmp_path: Path, server: MailServer, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = tmp_path / "home"
    place.mkdir(mode=0o700)
    private(place / "smtp-password", PASSWORD + "\n")
    private(place / "credentials.yaml", yaml.safe_dump({"credentials": {
        "smtp": {"token_file": "smtp-password", "certificate": str(server.certificate)}}}))
    settings(place, server)
    monkeypatch.setenv("UPLIFT_HOME", str(place))
    monkeypatch.delenv("UPLIFT_DATABASE_URL", raising=False)
    return place


@pytest.fixture
def folder(tmp_path: Path) -> SweepFolder:
    made = SweepFolder(tmp_path / "sweeps/one")
    made.create(PLAN, ())
    judge_sweep(made)
    return made


def private(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o600)


def settings(
    home: Path, at: MailServer, recipients: tuple[dict[str, str], ...] = (ANN,), **changes: object
) -> None:
    told = {"server": {"host": "127.0.0.1", "port": at.port, "user": USER, "credential": "smtp", "timeout_s": 10},
            "sender": {"name": "Uplift", "email": "uplift@example.net"}, "recipients": list(recipients)}
    private(home / "mail.yaml", yaml.safe_dump({**told, **changes}))


def mail_of(server: MailServer, number: int = 0) -> email.message.EmailMessage:
    return email.message_from_bytes(server.taken[number].content, policy=default)  # type: ignore[return-value]


def states(home: Path, folder: SweepFolder) -> list[OutboxState]:
    return [one.state for one in mail_report(folder, home)]


def test_each_reader_gets_the_summary_and_the_report_once(
    home: Path, server: MailServer, folder: SweepFolder
) -> None:
    settings(home, server, (ANN, BO))
    assert states(home, folder) == [OutboxState.SENT] * 2
    assert states(home, folder) == [OutboxState.SENT] * 2           # a resumed run
    assert [envelope.rcpt_tos for envelope in server.taken] == [["ann@example.net"], ["bo@example.net"]]
    mail = mail_of(server, 1)
    assert mail["To"].addresses[0].display_name == "Bö, Manager"
    assert mail["Subject"] == "Fleet readiness for PBXware 7.2.0: 0 of 0 systems ready"
    said = mail.get_body(("plain",)).get_content()
    assert "This sweep holds no systems, so there is nothing to report." in said
    assert "Attached: report.pdf is the summary to print; report.html has every system" in said
    assert "<h1" in mail.get_body(("html",)).get_content()
    assert [part.get_filename() for part in mail.iter_attachments()] == ["report.pdf", "report.html"]
    assert list(mail.iter_attachments())[1].get_content().split() == (folder.path / "report.html").read_text().split()
    assert len({mail_of(server, number)["Message-ID"] for number in (0, 1)}) == 2


def test_too_large_a_page_is_zipped_and_a_larger_one_only_named(
    home: Path, server: MailServer, folder: SweepFolder
) -> None:
    size = (folder.path / "report.pdf").stat().st_size
    page = (folder.path / "report.html").stat().st_size
    settings(home, server, attach_at_most_bytes=size + page - 1, link="https://reports.example.net/latest/report.html")
    mail_report(folder, home)
    archive = list(mail_of(server).iter_attachments())[1]
    assert archive.get_filename() == "report.zip"
    with zipfile.ZipFile(io.BytesIO(archive.get_content())) as opened:
        assert opened.read("report.html") == (folder.path / "report.html").read_bytes()
    settings(home, server, (BO,), attach_at_most_bytes=0, link="https://reports.example.net/latest/report.html")
    mail_report(folder, home)
    assert list(mail_of(server, 1).iter_attachments()) == []
    said = mail_of(server, 1).get_body(("plain",)).get_content()
    assert "is too large for a mail" in said
    assert "https://reports.example.net/latest/report.html" in said


def test_a_mail_whose_answer_is_lost_is_unsure_and_not_sent_again(
    home: Path, server: MailServer, folder: SweepFolder
) -> None:
    server.hang_up = True
    assert states(home, folder) == [OutboxState.UNSURE]
    server.hang_up = False
    assert states(home, folder) == [OutboxState.UNSURE]
    assert len(server.taken) == 1
    with Store.open(home=home) as store:
        (message,) = store.messages(state=OutboxState.UNSURE)
        assert store.decide_message(message.message.message_id, arrived=False, detail="Ann has nothing")
    assert states(home, folder) == [OutboxState.SENT]
    assert len({mail_of(server, number)["Message-ID"] for number in (0, 1)}) == 1


def test_a_refused_mail_waits_and_goes_out_when_it_is_asked_for_again(
    home: Path, server: MailServer, folder: SweepFolder
) -> None:
    settings(home, server, (ANN, BO))
    server.refuse["ann@example.net"] = "450 try later"
    ann, bo = mail_report(folder, home)
    assert (ann.state, bo.state) == (OutboxState.PENDING, OutboxState.SENT)
    assert ann.detail == "450 the recipient was refused: try later"
    server.refuse.clear()
    assert states(home, folder) == [OutboxState.SENT] * 2
    assert len(server.taken) == 2


def test_a_server_with_another_certificate_gets_neither_the_password_nor_the_mail(
    home: Path, server: MailServer, folder: SweepFolder
) -> None:
    for certificate, told in (("SHA256:" + "0" * 64, "another certificate"),
                              ("/etc/ssl/certs/ca-certificates.crt", "certificate was not accepted")):
        private(home / "credentials.yaml", yaml.safe_dump({"credentials": {
            "smtp": {"token_file": "smtp-password", "certificate": certificate}}}))
        (mailed,) = mail_report(folder, home)
        assert mailed.state is OutboxState.PENDING
        assert told in mailed.detail
    assert server.logins == server.taken == []
    right = hashlib.sha256(ssl.PEM_cert_to_DER_cert(server.certificate.read_text())).hexdigest()
    private(home / "credentials.yaml", yaml.safe_dump({"credentials": {
        "smtp": {"token_file": "smtp-password", "certificate": f"SHA256:{right}"}}}))
    assert states(home, folder) == [OutboxState.SENT]


def test_tls_from_the_start_works_and_the_clear_is_never_spoken(
    home: Path, server: MailServer, folder: SweepFolder, tmp_path: Path
) -> None:
    with mail_server(tmp_path / "other", tls=True) as other:
        private(home / "credentials.yaml", yaml.safe_dump({"credentials": {
            "smtp": {"token_file": "smtp-password", "certificate": str(other.certificate)}}}))
        at = {"host": "127.0.0.1", "port": other.port, "user": USER, "credential": "smtp", "timeout_s": 3}
        settings(home, other, server=at)
        assert states(home, folder) == [OutboxState.PENDING]        # it waits for STARTTLS where TLS is spoken
        settings(home, other, server=at | {"security": "tls"})
        assert states(home, folder) == [OutboxState.SENT]
    with pytest.raises(UserError, match="security"):
        settings(home, server, server=at | {"security": "none"})
        mail_report(folder, home)


def test_a_wrong_password_is_told_without_it(
    home: Path, server: MailServer, folder: SweepFolder, capfd: pytest.CaptureFixture[str]
) -> None:
    private(home / "smtp-password", "not-the-password")
    assert run(["report", "mail", str(folder.path), "--json"]) == 1
    out, err = capfd.readouterr()
    assert json.loads(out)[0] | {"recipient": "ann@example.net", "state": "pending"} == json.loads(out)[0]
    assert "the login was rejected" in out
    assert "not-the-password" not in out + err


@pytest.mark.parametrize(("change", "told"), [
    ({"recipients": [{"name": "Eve\r\nBcc: all@example.net", "email": "eve@example.net"}]}, "recipients[0].name"),
    ({"recipients": [{"name": "Eve", "email": "eve@example.net\r\nBcc: all@example.net"}]}, "recipients[0].email"),
    ({"reminders": {"at_most": -1}}, "reminders.at_most"),
    ({"server": {"host": "127.0.0.1", "user": "u"}}, "add credential"),
    ({"recipient": []}, "unknown field"),
    ({"incoming": "here"}, "write it as {key: value}"),
])
def test_wrong_settings_are_told_in_one_sentence(
    home: Path, server: MailServer, folder: SweepFolder, change: dict[str, object], told: str
) -> None:
    settings(home, server, **change)  # type: ignore[arg-type]
    with pytest.raises(UserError, match=re.escape(told)):
        mail_report(folder, home)
    assert server.taken == []


def test_without_settings_nobody_is_mailed_and_open_ones_are_not_read(
    home: Path, server: MailServer, folder: SweepFolder, capfd: pytest.CaptureFixture[str]
) -> None:
    (home / "mail.yaml").chmod(0o644)
    with pytest.raises(UserError, match="open to other users"):
        mail_report(folder, home)
    (home / "mail.yaml").unlink()
    assert mail_report(folder, home) == ()
    assert run(["report", "mail", str(folder.path)]) == 2
    assert "mail.yaml is not there" in capfd.readouterr().err


def test_a_site_that_mails_only_cases_has_no_readers_and_their_mail_is_left_alone(
    home: Path, server: MailServer, folder: SweepFolder
) -> None:
    settings(home, server, ())
    letter = Message(message_id="<1@uplift>", channel=Channel.MAIL, recipients=("ann@example.net",), payload=b"x")
    with Store.open(home=home) as store:
        store.queue(letter)
        assert mail_report(folder, home) == ()
        assert [one.state for one in store.messages()] == [OutboxState.PENDING] and server.taken == []


def test_a_sender_that_died_while_sending_leaves_an_unsure_mail(
    home: Path, server: MailServer, folder: SweepFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    import tasks.steps.mail_report as step

    def dies(*_: object) -> Callable[[], None]:
        raise KeyboardInterrupt

    real = step.send
    monkeypatch.setattr(step, "send", dies)
    with pytest.raises(KeyboardInterrupt):
        mail_report(folder, home)
    monkeypatch.setattr(step, "send", real)
    assert states(home, folder) == [OutboxState.SENDING]
    monkeypatch.setattr(step, "SILENT_S", -1.0)
    assert states(home, folder) == [OutboxState.UNSURE]
    assert server.taken == []
