"""A client decides on the page: asked twice, recorded once, under the contact's name; nothing is decided by reading."""
from __future__ import annotations

from typing import Any

import httpx
import pytest

from tasks.model.case import Case, How, State
from tasks.model.preview import Preview
from tasks.steps.previews import Previews
from tasks.wire.case_folder import CaseFolder
from tests.web.page.conftest import CALLS, FOUND, PHONES, SPACE, PageSite, form_in

CHOICES = {"choice:archive_old_cdr": "yes", "choice:rebuild_table": "no", "choice:free_space": "yes"}


def reviewed(site: PageSite, link: str, **choices: str) -> httpx.Response:
    form = form_in(site.http.get(link).text, "review")
    return site.http.post(f"{link}/review", data={"form": form, **(choices or CHOICES)})


def decided(site: PageSite, link: str, page: httpx.Response, **ticks: str) -> httpx.Response:
    return site.http.post(f"{link}/decide", data={"form": form_in(page.text, "decide"), **ticks})


def approval(site: PageSite, case: Case) -> Any:
    return site.store.case(case.id).approval


def test_reading_the_page_decides_and_changes_nothing(site: PageSite):
    case = site.case(*FOUND)
    link = site.link(case)
    for address in (link, f"{link}/print", f"{link}?told=decided", f"{link}?choice:free_space=yes"):
        assert site.http.get(address).status_code == 200 and site.http.head(address).status_code == 200
    for name in ("review", "decide", "done", "say"):
        assert site.http.get(f"{link}/{name}").status_code == 405
    assert site.store.case(case.id) == case


def test_each_action_is_decided_on_and_recorded_after_a_second_look(site: PageSite):
    case = site.case(*FOUND)
    link = site.link(case)
    page = reviewed(site, link, **CHOICES, **{"reason:rebuild_table": "we have a <copy>"})
    assert page.status_code == 200 and "we have a &lt;copy&gt;" in page.text
    assert site.store.case(case.id) == case                                     # the first page records nothing
    answer = decided(site, link, page, **{"known:free_space": "yes"})
    assert (answer.status_code, answer.headers["location"]) == (303, f"{link}?told=decided")
    word = approval(site, case)
    assert (word.by, word.how, word.plan) == ("Ann Field <ann@acme.example>", How.CLIENT_PAGE, case.plan)
    said = {d.remediation_id: (d.approved, d.reason) for d in word.decisions}
    assert said == {"archive_old_cdr": (True, ""), "rebuild_table": (False, "we have a <copy>"),
                    "free_space": (True, "")}
    assert site.store.case(case.id).state is State.REMEDIATING
    told = site.http.get(answer.headers["location"]).text
    assert "Your decision is recorded" in told and "no: Give the unused space back" in told


def test_what_cannot_be_undone_is_ticked_separately(site: PageSite):
    case = site.case(*FOUND)
    link = site.link(case)
    page = reviewed(site, link)
    assert page.text.count('type="checkbox"') == 1 and 'name="known:free_space"' in page.text
    for ticks in ({}, {"known:free_space": "no"}, {"known:rebuild_table": "yes"}):
        again = decided(site, link, page, **ticks)
        assert again.status_code == 422 and "Please tick" in again.text
        assert approval(site, case) is None
    assert decided(site, link, again, **{"known:free_space": "yes"}).status_code == 303


def test_what_was_counted_on_the_system_is_shown_and_what_it_destroys_is_ticked(site: PageSite):
    case = site.case(CALLS)
    folder = CaseFolder(site.home, case.id)
    name = "previews-" + (case.findings_ref or "").rpartition("/")[2].removesuffix(".json").partition("-")[2]
    counted = Preview(remediation_id="archive_old_cdr", lines=("12,345 calls <b> before 2024",), destroys=True)
    folder.save(name, Previews(previews=(counted,)))
    link = site.link(case)
    page = reviewed(site, link, **{"choice:archive_old_cdr": "yes"})
    for text in (page.text, site.http.get(link).text):
        assert "Counted on your system" in text and "12,345 calls &lt;b&gt; before 2024" in text
    assert decided(site, link, page).status_code == 422 and approval(site, case) is None
    assert decided(site, link, page, **{"known:archive_old_cdr": "yes"}).status_code == 303


def test_an_action_without_a_choice_is_asked_for_and_the_other_choices_stay(site: PageSite):
    link = site.link(site.case(*FOUND))
    page = reviewed(site, link, **{"choice:archive_old_cdr": "yes", "choice:free_space": "maybe"})
    assert page.status_code == 422 and 'role="alert"' in page.text
    assert page.text.count("Please choose yes or no") == 2
    assert page.text.count('value="yes" checked') == 1 and page.text.count('value="no" checked') == 0


def test_a_no_to_what_blocks_goes_to_the_engineer_and_the_client_was_told_so(site: PageSite):
    case = site.case(PHONES)
    link = site.link(case)
    page = reviewed(site, link, **{"choice:move_to_pjsip": "no", "reason:move_to_pjsip": "not before May"})
    assert "cannot be made without it" in page.text and "not before May" in page.text
    assert decided(site, link, page).status_code == 303
    assert site.store.case(case.id).state is State.NEEDS_ENGINEER


def test_a_no_to_what_does_not_block_lets_the_finding_stand_in_the_clients_name(site: PageSite):
    case = site.case(CALLS)
    link = site.link(case)
    page = reviewed(site, link, **{"choice:archive_old_cdr": "no"})
    assert "can be made all the same" in page.text
    decided(site, link, page)
    (waiver,) = site.store.case(case.id).waivers
    assert (waiver.owner, waiver.check_id) == ("Ann Field <ann@acme.example>", "cdr_table_size")


def test_the_upgrade_as_a_whole_is_declined_with_a_reason_after_a_second_look(site: PageSite):
    case = site.case(*FOUND)
    link = site.link(case)
    assert reviewed(site, link, decline="yes", no_reason=" ").status_code == 422
    page = reviewed(site, link, decline="yes", no_reason="trade fair")
    assert "trade fair" in page.text and site.store.case(case.id) == case
    assert decided(site, link, page).status_code == 303
    moved = site.store.case(case.id)
    assert moved.trouble is not None and "trade fair" in moved.trouble.reason
    assert site.kinds(case)[-1] == "declined"


def test_what_the_client_does_by_hand_is_ticked_and_the_system_is_inspected_again(site: PageSite):
    case = site.case(SPACE)
    link = site.link(case)
    decided(site, link, reviewed(site, link, **{"choice:free_space": "yes"}), **{"known:free_space": "yes"})
    page = site.http.get(link).text
    data = {"form": form_in(page, "done"), "action": "free_space", "note": "moved to the archive"}
    assert site.http.post(f"{link}/done", data={**data, "action": "archive_old_cdr"}).status_code == 409
    assert site.http.post(f"{link}/done", data=data).headers["location"] == f"{link}?told=ticked"
    assert site.store.case(case.id).state is State.ASSIGNED and site.kinds(case)[-1] == "action_ticked"
    story = site.http.get(link).text
    assert "Ann Field says this is done: Remove old recordings" in story and "/done" not in story


def test_a_message_reaches_the_journal_on_one_line_and_decides_nothing(site: PageSite):
    case = site.case(*FOUND)
    link = site.link(case, 2)
    form = form_in(site.http.get(link).text, "say")
    sent = {"form": form, "text": "Hello\r\nBcc: all@example.net\x1b[2J <b>"}
    assert site.http.post(f"{link}/say", data=sent).status_code == 303
    entry = site.store.journal(case.id)[-1]
    assert (entry.kind, entry.by) == ("client_said", "Tom Read <tom@acme.example>")
    assert entry.body["text"] == "Hello Bcc: all@example.net�[2J <b>"
    assert site.store.case(case.id) == case
    assert "Tom Read wrote: Hello Bcc: all@example.net�[2J &lt;b&gt;" in site.http.get(link).text


@pytest.mark.parametrize(("text", "status"), [("", 422), ("  \r\n ", 422), ("x" * 2001, 413)])
def test_an_empty_or_endless_message_is_asked_for_again(site: PageSite, text: str, status: int):
    case = site.case(*FOUND)
    link = site.link(case)
    form = form_in(site.http.get(link).text, "say")
    assert site.http.post(f"{link}/say", data={"form": form, "text": text}).status_code == status
    assert site.store.case(case.id) == case


def test_the_story_goes_on_to_the_end_of_the_case(site: PageSite):
    case = site.case(CALLS)
    link = site.link(case)
    decided(site, link, reviewed(site, link, **{"choice:archive_old_cdr": "yes"}))
    site.remediated(case.id)
    assert "Done: Move old calls" in site.http.get(link).text
    site.inspected(case.id)
    page = site.http.get(link).text
    assert "Your system is ready." in page and "Nothing stands in the way" in page
