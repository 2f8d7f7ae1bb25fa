"""Links and forms of the client's page: for one purpose, case, contact and plan, until an instant; their settings."""
from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.model.case import State
from tasks.model.errors import UserError
from tasks.model.fleet import Contact
from tasks.wire.links import Expired, NotGenuine, Purpose, Signer, Token, address_digest, page_link
from tasks.wire.web_settings import load_web_settings
from tests.rules.story import SIP_PLAN, Story

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
OLD, NEW = "old-key-of-the-page-0123456789abcdef", "new-key-of-the-page-0123456789abcdef"
TOKEN = Token("C-1", address_digest("ann@acme.example"), "d" * 64, NOW + timedelta(days=1), "n" * 32, "seen",
              {"move_to_pjsip": [True, "Größe <b>"]})
ANN = Contact(name="Ann", email="Ann@acme.example")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    write(tmp_path, "keys", f"{OLD}\n{NEW}\n")
    write(tmp_path, "web.yaml", "base_url: https://upgrades.example.com/\nsecret_file: keys\nlink_days: 2\n")
    return tmp_path


def write(home: Path, name: str, text: str) -> None:
    (home / name).write_text(text)
    (home / name).chmod(0o600)


@pytest.mark.parametrize("purpose", Purpose)
def test_a_token_serves_its_own_purpose_and_no_other(purpose: Purpose):
    signer = Signer([OLD])
    text = signer.sign(purpose, TOKEN)
    assert signer.read(purpose, text, NOW) == TOKEN
    for other in set(Purpose) - {purpose}:
        with pytest.raises(NotGenuine):
            signer.read(other, text, NOW)


def test_a_token_ends_at_its_instant():
    signer, last = Signer([OLD]), TOKEN.expires_at - timedelta(seconds=1)
    text = signer.sign(Purpose.LINK, TOKEN)
    assert signer.read(Purpose.LINK, text, last) == TOKEN
    with pytest.raises(Expired):
        signer.read(Purpose.LINK, text, TOKEN.expires_at)


def test_the_newest_key_signs_and_older_ones_still_verify_until_they_are_removed():
    before, both, after = Signer([OLD]), Signer([OLD, NEW]), Signer([NEW])
    assert both.read(Purpose.LINK, before.sign(Purpose.LINK, TOKEN), NOW) == TOKEN
    assert after.read(Purpose.LINK, both.sign(Purpose.LINK, TOKEN), NOW) == TOKEN
    with pytest.raises(NotGenuine):
        after.read(Purpose.LINK, before.sign(Purpose.LINK, TOKEN), NOW)


def test_no_character_of_a_token_can_be_exchanged_or_left_out():
    signer = Signer([OLD])
    text = signer.sign(Purpose.LINK, TOKEN)
    for at, was in enumerate(text):
        for other in {"A", "B", "-", "_", ".", "", chr(ord(was) ^ 1)} - {was}:
            with pytest.raises(NotGenuine):
                signer.read(Purpose.LINK, text[:at] + other + text[at + 1:], NOW)


@given(st.text(max_size=300) | st.from_regex(r"[A-Za-z0-9_.-]{0,200}", fullmatch=True))
def test_whatever_is_not_signed_is_not_genuine(text: str):
    with pytest.raises(NotGenuine):
        Signer([OLD]).read(Purpose.LINK, text, NOW)


def test_a_link_names_case_contact_and_plan_but_not_the_address(home: Path):
    case = Story(found=SIP_PLAN).until(State.AWAITING_APPROVAL).case
    link = page_link(home, case, ANN, NOW)
    assert link is not None and link.startswith("https://upgrades.example.com/case/")
    token = Signer([NEW]).read(Purpose.LINK, link.rpartition("/")[2], NOW + timedelta(days=2, seconds=-1))
    assert (token.case_id, token.contact, token.plan) == ("C-1", address_digest("ann@ACME.example"), SIP_PLAN.digest)
    assert "/." not in link
    assert page_link(home, case, ANN, NOW) == link and "acme" not in link.lower()


def test_without_web_yaml_there_is_no_link(tmp_path: Path):
    assert page_link(tmp_path, Story().case, ANN, NOW) is None


@pytest.mark.parametrize(("yaml", "word"), [
    ("base_url: http://upgrades.example.com\nsecret_file: keys", "TLS"),
    ("base_url: ftp://x\nsecret_file: keys", "address"),
    ("base_url: https://user:word@x.example\nsecret_file: keys", "address"),
    ("base_url: https://x.example/?a=b\nsecret_file: keys", "address"),
    ("base_url: https://x.example\nsecret_file: keys\nlink_days: 0", "at least"),
    ("base_url: https://x.example\nsecret_file: keys\nlink_hours: 3", "unknown field"),
    ("base_url: https://x.example\nsecret_file: nothing", "openssl"),
    ("base_url: https://x.example\nsecret_file: weak", "32 characters"),
    ("base_url: https://x.example\nsecret_file: empty", "empty"),
])
def test_what_is_wrong_in_web_yaml_is_told_and_no_key_is(home: Path, yaml: str, word: str):
    write(home, "weak", f"{OLD}\nshort-key\n")
    write(home, "empty", "\n")
    write(home, "web.yaml", yaml + "\n")
    with pytest.raises(UserError, match=word) as told:
        page_link(home, Story().case, ANN, NOW)
    assert OLD not in str(told.value) and "short-key" not in str(told.value)


@pytest.mark.parametrize("name", ["web.yaml", "keys"])
def test_files_that_others_can_read_are_refused(home: Path, name: str):
    (home / name).chmod(0o644)
    with pytest.raises(UserError, match="chmod 600"):
        page_link(home, Story().case, ANN, NOW)


@pytest.mark.parametrize(("url", "origin"), [
    ("https://Up.example.com/pbx/", "https://up.example.com"), ("https://up.example.com:443", "https://up.example.com"),
    ("https://up.example.com:8443", "https://up.example.com:8443"), ("http://127.0.0.1:80", "http://127.0.0.1"),
    ("http://[::1]:8470", "http://[::1]:8470"),
])
def test_the_origin_is_as_browsers_send_it(home: Path, url: str, origin: str):
    write(home, "web.yaml", f"base_url: {url}\nsecret_file: keys\n")
    settings = load_web_settings(home)
    assert settings is not None and settings.origin == origin
