"""Mails that came in, as servers and people write them; and nothing that comes in ends the one who reads."""
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tasks.model.incoming_mail import Fate, IncomingMail, Reported
from tasks.wire.mail_log import fates_in
from tasks.wire.quoted_text import own_words, words_of_html
from tasks.wire.read_mail import read_mail

NOTICE = "<notice.ann@uplift.invalid>"
CASES = yaml.safe_load(Path(__file__).with_name("came_in.yaml").read_text())
LINES = st.sampled_from([line for case in CASES for line in case["raw"].replace("NOTICE", NOTICE).splitlines()])


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_a_mail_is_read_for_what_it_is(case: dict[str, Any]) -> None:
    mail = read_mail(case["raw"].replace("NOTICE", NOTICE).encode())
    assert mail.written == case["written"]
    assert NOTICE in mail.about
    assert [[each.recipient, each.fate.value, each.reason] for each in mail.reported] == case.get("reported", [])
    assert mail.text == case.get("text", "")


@given(st.lists(LINES, max_size=40).map("\r\n".join).map(str.encode) | st.binary(max_size=300))
def test_whatever_comes_in_is_read(raw: bytes) -> None:
    assert isinstance(read_mail(raw), IncomingMail)


def test_parts_within_parts_without_end_are_read() -> None:
    assert isinstance(read_mail(b"Content-Type: message/rfc822\r\n\r\n" * 5000), IncomingMail)


@given(st.text(max_size=400))
def test_own_words_are_lines_of_the_mail(text: str) -> None:
    lines = {line.strip() for line in text.splitlines()}
    assert all(line.strip() in lines for line in own_words(text).splitlines())
    assert not any(line.startswith(">") for line in own_words(text).splitlines())
    assert isinstance(words_of_html(text), str)


LOG = """\
Nov 23 10:00:01 mx postfix/cleanup[81]: 4F1A2B3C4D: message-id=<notice.ann@uplift.invalid>
Nov 23 10:00:01 mx postfix/qmgr[12]: 4F1A2B3C4D: from=<uplift@example.net>, size=900, nrcpt=1 (queue active)
Nov 23 10:00:02 mx postfix/smtp[82]: 4F1A2B3C4D: to=<ann@acme.example>, relay=mx.acme.example[192.0.2.1]:25, delay=1, \
delays=0/0/0/1, dsn=4.2.0, status=deferred (host mx.acme.example[192.0.2.1] said: 450 later (in reply to RCPT TO))
Nov 23 10:05:02 mx postfix/smtp[82]: 4F1A2B3C4D: to=<ann@acme.example>, orig_to=<a@acme.example>, \
relay=mx[192.0.2.1]:25, delay=300, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as 99)
Nov 23 10:05:03 mx postfix/cleanup[83]: 5AAAAAAAAA: message-id=<of.somebody@else.example>
Nov 23 10:05:04 mx postfix/smtp[83]: 5AAAAAAAAA: to=<x@else.example>, relay=none, delay=1, dsn=5.4.4, status=bounced (x)
Nov 23 10:06:00 mx postfix/cleanup[83]: 4F1A2B3C4D: message-id=<of.somebody@else.example>
Nov 23 10:06:01 mx postfix/smtp[83]: 4F1A2B3C4D: to=<x@else.example>, relay=none, delay=1, dsn=5.4.4, status=bounced (x)
Nov 23 10:07:00 mx postfix/submission/cleanup[84]: 6BBBBBBBBB: message-id=<notice.bo@uplift.invalid>
Nov 23 10:07:01 mx postfix/smtp[84]: 6BBBBBBBBB: to=<bo@acme.example>, relay=mx[192.0.2.1]:25, delay=1, dsn=5.1.1, \
status=bounced (host said: 550 no: dsn=2.0.0, status=sent (250 ok))
"""


def test_a_log_tells_of_the_messages_that_are_asked_for_and_of_no_others() -> None:
    bo = "<notice.bo@uplift.invalid>"
    assert fates_in(LOG.splitlines(), {NOTICE, bo}) == [
        (NOTICE, Reported("ann@acme.example", Fate.DELAYED,
                          "host mx.acme.example[192.0.2.1] said: 450 later (in reply to RCPT TO)")),
        (NOTICE, Reported("ann@acme.example", Fate.ARRIVED, "250 2.0.0 Ok: queued as 99")),
        (bo, Reported("bo@acme.example", Fate.FAILED, "host said: 550 no: dsn=2.0.0, status=sent (250 ok)")),
    ]


@given(st.lists(st.sampled_from(LOG.splitlines()) | st.text(max_size=80), max_size=20))
def test_whatever_a_log_says_is_read(lines: list[str]) -> None:
    assert all(mid == NOTICE for mid, _ in fates_in(lines, {NOTICE}))
