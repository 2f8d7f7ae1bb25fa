"""Notices as people get them: mails that are whole, harmless, and in their reader's language."""
from __future__ import annotations

import email
import re
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import default

import pytest

from reports.client_view import ClientView, client_view
from reports.mail import Person
from reports.notice import Reader, length_text, notice_html, notice_text, ticket_text
from reports.notice_mail import notice_id, notice_mail
from reports.plain_words import plain_words
from tasks.model.finding import Finding
from tests.reports.told import ARCHIVE, BROKEN, CALLS, CHECKS, PHONES, SPACE, approval, case, found, system

AT = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
LINK = "https://upgrades.example.com/case/1abc.def"
ANN = Reader("Ann Field", link=LINK)
HOSTILE = "<script>window.owned=1</script>\"'><img src=x onerror=window.owned=1>"


def view(*findings: Finding, language: str = "en", client: str = "Acme Ltd", **changed: object) -> ClientView:
    return client_view(case(*findings, **changed), findings, system(client=client), language=language)


def mail(told: ClientView, reader: Reader = ANN, name: str = "Ann Field") -> EmailMessage:
    made = notice_mail(told, Person(name, "ann@acme.example"), reader, at=AT,
                       message_id=notice_id("UP-7:notify:1:1", "ann@acme.example", "uplift.example"))
    read = email.message_from_bytes(made.as_bytes(), policy=default)
    assert isinstance(read, EmailMessage)
    return read


def bodies(made: EmailMessage) -> tuple[str, str]:
    plain, html = made.get_body(("plain",)), made.get_body(("html",))
    assert plain is not None and html is not None
    return plain.get_content(), html.get_content()


def flat(text: str) -> str:
    return " ".join(text.split())


def test_text_and_html_tell_each_finding_each_action_and_its_terms() -> None:
    told = view(SPACE, CALLS, BROKEN)
    for body in map(flat, bodies(mail(told))):
        body = body.replace("&#39;", "'")
        for point in told.points:
            assert point.what in body and point.otherwise in body
        for act in told.acts:
            assert act.text in body
        for said in ("our program", "10 minutes", "cannot be undone", "about 25 minutes", LINK):
            assert said in body
    assert flat(bodies(mail(told))[0]).count("Who does it:") == 3


def test_the_mail_says_that_a_program_has_sent_it_and_always_has_the_same_id() -> None:
    made = mail(view(CALLS))
    assert made["Auto-Submitted"] == "auto-generated" and made["X-Auto-Response-Suppress"] == "OOF, AutoReply"
    assert made["Message-ID"] == mail(view(SPACE))["Message-ID"]
    assert re.fullmatch(r"<UP-7\.notify\.1\.1\.[0-9a-f]{16}@uplift\.example>", made["Message-ID"])
    first, same, other = (notice_id("k", each, "d") for each in ("A@x.example", "a@X.example", "b@x.example"))
    assert first == same != other
    assert made.get_content_type() == "multipart/alternative" and made["From"] is None


@pytest.mark.parametrize("language", ["en", "de"])
def test_what_a_client_is_called_is_only_text(language: str) -> None:
    told = view(found("trunk_down", HOSTILE, ARCHIVE), client=HOSTILE, language=language, order_ref=HOSTILE)
    reader = Reader(HOSTILE, decides=False, deciders=(HOSTILE,), link=LINK + '"><script>window.owned=1</script>')
    page = bodies(mail(told, reader))[1]
    assert "<script" not in page and "<img" not in page and "&lt;script&gt;" in page
    assert 'href="' + LINK + '&#34;&gt;' in page


def test_no_name_breaks_or_adds_a_header() -> None:
    told = view(CALLS, order_ref="SO\r\nBcc: all@example.com", client="Acme\u202e Ltd")
    made = mail(told, name="Ann\r\nBcc: all@example.com")
    assert made["Bcc"] is None and len(made.get_all("To", [])) == 1
    assert made["Subject"].startswith("[SO Bcc: all@example.com]") and "\u202e" not in made["Subject"]
    assert [a.addr_spec for a in made["To"].addresses] == ["ann@acme.example"]


def test_a_text_mail_has_no_control_characters_and_short_lines() -> None:
    told = view(found("trunk_down", "a\x1b[31mb\u202ec\r\nd"), SPACE, BROKEN)
    text = notice_text(told, Reader("Ann \x07Field"))
    assert not [char for char in text if char < " " and char != "\n"] and "\u202e" not in text
    assert max(map(len, text.splitlines())) <= 80


def test_a_very_long_name_fits_its_header() -> None:
    made = mail(view(CALLS, client="A" * 200))
    assert len(flat(made["Subject"])) <= 180


def test_the_html_needs_nothing_from_elsewhere_and_no_script() -> None:
    page = notice_html(view(SPACE, CALLS), ANN)
    assert re.findall(r"https?://[^\"<\s]+", page) == [LINK]
    assert not re.search(r"<(script|link|img|iframe|form|object|video)\b|url\(|@import", page)
    assert "prefers-color-scheme: dark" in page


def test_a_mail_is_seven_bit_with_lines_that_every_server_takes() -> None:
    made = notice_mail(view(SPACE, language="de", client="Müller & Söhne"), Person("Jörg Weiß", "joerg@acme.example"),
                       ANN, at=AT, message_id="<a@b.example>").as_bytes()
    assert made.isascii() and max(map(len, made.split(b"\r\n"))) <= 998


def test_a_contact_who_does_not_decide_is_told_who_does() -> None:
    text = flat(notice_text(view(CALLS), Reader("Tom Read", decides=False, deciders=("Ann Field",), link=LINK)))
    assert "Decisions are made by Ann Field" in text and "decide on the steps" not in text
    assert "See it all and decide" not in text


def test_where_no_page_is_served_the_mail_says_how_to_answer() -> None:
    text = flat(notice_text(view(CALLS), Reader("Ann Field")))
    assert "answer this mail" in text and "http" not in text


def test_a_system_that_is_ready_needs_no_decision() -> None:
    made = mail(view())
    text = flat(bodies(made)[0])
    assert "ready for the upgrade" in made["Subject"] and "Nothing needs to be done" in text
    assert "WHAT WE FOUND" not in text and "propose times" in text


def test_a_plan_that_got_worse_says_what_is_new_and_that_nothing_is_done() -> None:
    told = view(CALLS, PHONES, approval=approval(CALLS, BROKEN, archive_old_cdr=True, repair_table=True))
    made = mail(told)
    text = flat(bodies(made)[0])
    assert "decide anew" in made["Subject"] and "no longer covers what we found" in text
    after = text.index("THIS IS NEW")
    assert text.index(CHECKS["chan_sip_in_use"].client_text) > after
    assert text.index("SETTLED") > after and "we do nothing until you decide anew" in text


def test_after_the_agreed_actions_the_mail_says_what_was_done() -> None:
    told = view(approval=approval(BROKEN, repair_table=True), remediated=("repair_table",))
    made = mail(told)
    text = flat(bodies(made)[0])
    assert made["Subject"].startswith("[SO-1001] What was agreed has been done")
    assert text.index("DONE") < text.index(plain_words("en").action("repair_table"))
    assert "Nothing else needs to be done" in text


def test_a_german_contact_reads_german() -> None:
    told = view(SPACE, BROKEN, language="de")
    made = mail(told)
    plain, html = map(flat, bodies(made))
    assert made["Content-Language"] == "de" and 'lang="de"' in html
    for said in ("Guten Tag Ann Field", "Ihre Telefonanlage hat zu wenig freien Speicherplatz", "Wenn nichts geschieht",
                 "10 Minuten", "nein, es lässt sich nicht rückgängig machen"):
        assert said in plain and said in html
    for english in ("Dear", "Your ", "upgrade would", "What we found"):
        assert english not in plain


def test_a_ticket_gets_the_same_words_without_link_or_name() -> None:
    told = view(SPACE, CALLS)
    text = flat(ticket_text(told, 4000))
    assert "Ann" not in text and "http" not in text and "mail that we sent" in text
    assert all(point.what in text and point.otherwise in text for point in told.points)


def test_a_ticket_with_very_much_to_tell_stays_below_its_limit_and_keeps_what_comes_next() -> None:
    told = view(*(found(name, "x", SPACE.remediations[0]) for name in CHECKS))
    text = ticket_text(told, 4000)
    assert len(text) <= 4000 and told.next_words in text and told.points[0].what in text


@pytest.mark.parametrize(("seconds", "said"), [(1, "1 minute"), (61, "2 minutes"), (3600, "1 hour"),
                                               (5400, "1 hour 30 minutes"), (7260, "2 hours 1 minute")])
def test_times_are_rounded_up_to_minutes(seconds: float, said: str) -> None:
    assert length_text(seconds, plain_words("en").phrases) == said
