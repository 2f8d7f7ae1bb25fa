"""`uplift case link`: a new link for a client's contact, where a mail did not arrive."""
from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tasks.model.case import Case, State
from tasks.wire.case_folder import CaseFolder
from tasks.wire.links import Purpose, Signer, address_digest
from tests.cli.conftest import Uplift

KEY = "k" * 40
CONTACTS = [{"name": "Ann Field", "email": "ann@acme.example"},
            {"name": "Tom Read", "email": "tom@acme.example", "approves": False}]


@pytest.fixture
def case(case_at: Callable[..., Case], home: Path, fleet: Callable[..., Path]) -> Case:
    """Of a site that serves the page."""
    for name, text in (("page.key", KEY), ("web.yaml", "base_url: https://up.example.com\nsecret_file: page.key\n")):
        (home / name).write_text(text)
        (home / name).chmod(0o600)
    found = case_at(State.READY)
    CaseFolder(home, found.id).create(fleet(("acme", "127.21.112.1", 2020), contacts=CONTACTS))
    return found


async def test_each_contact_has_a_link_and_the_journal_notes_for_whom(
    uplift: Uplift, case: Case, kinds: Callable[..., list[str]], stored: Callable[..., Case]
):
    ended = await uplift("case", "link", case.id, "--by", "mia", "--json")
    assert ended.code == 0, ended.err
    assert [(each["email"], each["decides"]) for each in ended.json] == [
        ("ann@acme.example", True), ("tom@acme.example", False)]
    token = Signer([KEY]).read(Purpose.LINK, ended.json[1]["link"].rpartition("/")[2], case.opened_at)
    assert (token.case_id, token.contact) == (case.id, address_digest("tom@acme.example"))
    assert kinds()[-1] == "noted" and stored() == case
    one = await uplift("case", "link", case.id, "--contact", "ANN@acme.example")
    assert one.out.startswith("Ann Field <ann@acme.example>, who decides:\nhttps://up.example.com/case/1")
    assert "tom@" not in one.out


@pytest.mark.parametrize(("arguments", "removed", "words"), [
    (("--contact", "eve@acme.example"), "", "is no contact of acme"), ((), "web.yaml", "no page is served"),
    ((), "page.key", "openssl rand -hex 32"),
])
async def test_what_is_missing_is_said_in_one_sentence(
    uplift: Uplift, case: Case, home: Path, kinds: Callable[..., list[str]], arguments: tuple[str, ...], removed: str,
    words: str,
):
    if removed:
        (home / removed).unlink()
    ended = await uplift("case", "link", case.id, *arguments)
    assert ended.code == 2 and words in ended.err and "Traceback" not in ended.err
    assert kinds()[-1] != "noted"
