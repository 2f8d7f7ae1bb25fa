"""Links and forms that are tampered with, old, used, or of somebody else are refused with a plain page, never a 5xx."""
from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import httpx
import pytest

from tasks.model.case import Case, State
from tasks.wire.links import Purpose, Signer, Token, address_digest
from tests.web.page.conftest import CALLS, FOUND, HOSTILE, PHONES, SPACE, PageSite, form_in

SIGNER = Signer(["k" * 40])
CHOICES = {"choice:archive_old_cdr": "yes"}


def plainly(answer: httpx.Response, status: int, words: str) -> None:
    assert answer.status_code == status and words in answer.text, (answer.status_code, answer.text[-400:])
    assert answer.headers["content-type"].startswith("text/html") and "<script" not in answer.text
    assert "style-src 'sha256-" in answer.headers["content-security-policy"]


def form(site: PageSite, link: str, place: str = "review") -> str:
    return form_in(site.http.get(link).text, place)


def confirm(site: PageSite, link: str) -> str:
    """The token of the second page."""
    page = site.http.post(f"{link}/review", data={"form": form(site, link), **CHOICES})
    return form_in(page.text, "decide")


def decide(site: PageSite, link: str, token: str, **headers: str) -> httpx.Response:
    return site.http.post(f"{link}/decide", data={"form": token}, headers=headers)


def made(site: PageSite, case: Case, purpose: Purpose, **changed: Any) -> str:
    told = {"case_id": case.id, "contact": address_digest("ann@acme.example"), "plan": case.plan_digest or "",
            "expires_at": site.store.now() + timedelta(hours=1)}
    return SIGNER.sign(purpose, Token(**(told | changed)))


@pytest.mark.parametrize("tamper", [
    lambda t: t[:-1] + ("A" if t[-1] != "A" else "B"), lambda t: t[:20] + t[21:], lambda t: t.swapcase(),
    lambda t: t + "x", lambda t: t.partition(".")[0], lambda t: "x" * 9000, lambda t: "1.", lambda t: "%00",
    lambda t: "ü",
])
def test_a_link_that_was_tampered_with_opens_nothing(site: PageSite, tamper: Any):
    link = site.link(site.case(CALLS))
    root, _, token = link.rpartition("/")
    for place in ("", "/print"):
        plainly(site.http.get(f"{root}/{tamper(token)}{place}"), 403, "This link does not work")
    sent = {"form": form(site, link), **CHOICES}
    plainly(site.http.post(f"{root}/{tamper(token)}/review", data=sent), 403, "This link does not work")


def test_an_expired_link_is_gone(site: PageSite):
    case = site.case(CALLS)
    assert site.http.get(site.link(case, ago=timedelta(days=13, hours=23))).status_code == 200
    old = site.link(case, ago=timedelta(days=14, seconds=1))
    plainly(site.http.get(old), 410, "This link has ended")
    plainly(site.http.post(f"{old}/say", data={"form": "x", "text": "hello"}), 410, "This link has ended")


def test_a_form_that_lay_open_too_long_records_nothing(site: PageSite):
    case = site.case(CALLS)
    link = site.link(case)
    old = made(site, case, Purpose.CONFIRM, expires_at=site.store.now() - timedelta(seconds=1), nonce="n1")
    plainly(decide(site, link, old), 410, "open for too long")
    assert site.store.case(case.id) == case


def test_a_form_is_used_once_and_two_clicks_are_one_decision(site: PageSite):
    case = site.case(CALLS)
    link = site.link(case)
    token, before = confirm(site, link), form(site, link)
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: decide(site, link, token), range(4)))
    assert sorted(each.status_code for each in answers) == [303, 409, 409, 409]
    assert site.kinds(case).count("approved") == 1
    plainly(decide(site, link, token), 409, "was sent already")
    late = site.http.post(f"{link}/review", data={"form": before, **CHOICES})         # of the page as it was before
    plainly(late, 409, "Things have changed meanwhile")


def test_a_message_is_sent_once(site: PageSite):
    case = site.case(CALLS)
    link = site.link(case)
    sent = {"form": form(site, link, "say"), "text": "hello"}
    assert site.http.post(f"{link}/say", data=sent).status_code == 303
    plainly(site.http.post(f"{link}/say", data=sent), 409, "was sent already")
    assert site.kinds(case).count("client_said") == 1


def test_two_second_pages_of_one_form_decide_once(site: PageSite):
    case = site.case(CALLS)
    link = site.link(case)
    first = form(site, link)
    pages = [site.http.post(f"{link}/review", data={"form": first, "choice:archive_old_cdr": word}) for word in
             ("yes", "no")]
    yes, no = (form_in(page.text, "decide") for page in pages)
    assert decide(site, link, no).status_code == 303
    plainly(decide(site, link, yes), 409, "was sent already")
    (word,) = site.store.case(case.id).approval.decisions
    assert not word.approved


def test_tokens_of_another_case_contact_purpose_or_key_are_refused(site: PageSite):
    case, other, elsewhere = site.case(CALLS), site.case(CALLS), site.case(CALLS, system="other", client="Other Ltd")
    link, mine = site.link(case), confirm(site, site.link(case))
    crossed = [
        confirm(site, site.link(other)), confirm(site, site.link(elsewhere)), confirm(site, site.link(case, 1)),
        form(site, link), form(site, link, "say"), link.rpartition("/")[2], "", "x", mine[:-2],
        Signer(["z" * 40]).sign(Purpose.CONFIRM, Token(case.id, address_digest("ann@acme.example"),
                                                       case.plan_digest or "", site.store.now() + timedelta(hours=1))),
    ]
    for token in crossed:
        plainly(decide(site, link, token), 403, "does not work")
    for place in ("review", "done", "say"):
        sent = site.http.post(f"{link}/{place}", data={"form": mine, "text": "x", **CHOICES})
        plainly(sent, 403, "does not work")
    plainly(site.http.get(f"{site.origin}/case/{mine}"), 403, "does not work")      # a form opens no page
    assert site.store.case(case.id) == case and decide(site, link, mine).status_code == 303


def test_a_contact_who_does_not_decide_reads_and_is_refused(site: PageSite):
    case = site.case(FOUND[0], SPACE)
    link = site.link(case, 2)
    page = site.http.get(link).text
    assert "Decisions are made by Ann Field, Jörg Weiß" in page and "/review" not in page
    forged = made(site, case, Purpose.CONFIRM, contact=address_digest("tom@acme.example"), nonce="n2",
                  choices={"choices": {"archive_old_cdr": [True, ""]}})
    plainly(decide(site, link, forged), 403, "for somebody else")
    assert site.store.case(case.id) == case


def test_a_contact_who_was_removed_from_the_fleet_file_has_no_link_any_more(site: PageSite):
    link = site.link(site.case(CALLS))
    assert site.http.get(link).status_code == 200
    site.fleet(contacts=[{"name": "Eve", "email": "eve@acme.example"}])
    plainly(site.http.get(link), 403, "does not work")


def test_a_link_about_an_older_plan_shows_what_changed_and_decides_nothing(site: PageSite):
    case = site.case(SPACE)
    link, new = site.link(case), ""
    token = made(site, case, Purpose.CONFIRM, nonce="n3", choices={"choices": {"free_space": [True, ""]}})
    page = site.http.post(f"{link}/review", data={"form": form(site, link), "choice:free_space": "yes"})
    data = {"form": form_in(page.text, "decide"), "known:free_space": "yes"}
    assert site.http.post(f"{link}/decide", data=data).status_code == 303
    done = {"form": form(site, link, "done"), "action": "free_space"}
    assert site.http.post(f"{link}/done", data=done).status_code == 303
    case = site.inspected(case.id, PHONES)
    page = site.http.get(link)
    assert page.status_code == 200 and "The plan has changed since this link was sent" in page.text
    assert PHONES.client_text in page.text and SPACE.client_text in page.text
    assert "/review" not in page.text and "/done" not in page.text
    plainly(decide(site, link, token), 409, "The plan has changed")
    new = site.link(case)
    assert "/review" in site.http.get(new).text and case.state is State.AWAITING_APPROVAL
    assert site.store.case(case.id) == case


@pytest.mark.parametrize("headers", [
    {"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": ""},
    {"Sec-Fetch-Site": "same-site"}, {"Sec-Fetch-Site": "none"},
])
def test_a_form_that_another_page_sends_is_refused(site: PageSite, headers: dict[str, str]):
    case = site.case(CALLS)
    link = site.link(case)
    token = confirm(site, link)
    plainly(decide(site, link, token, **headers), 403, "not sent from our page")
    without = httpx.post(f"{link}/decide", data={"form": token}, trust_env=False)
    plainly(without, 403, "not sent from our page")
    assert site.store.case(case.id) == case


@pytest.mark.parametrize(("kind", "body", "status"), [
    ("application/json", b"{}", 415), ("multipart/form-data; boundary=x", b"--x--", 415), ("", b"form=x", 415),
    ("application/x-www-form-urlencoded", b"form=x&form=y", 400), ("application/x-www-form-urlencoded", b"\xff", 400),
    ("application/x-www-form-urlencoded", b"form=%ff", 400), ("application/x-www-form-urlencoded", b"a&" * 900, 400),
    ("application/x-www-form-urlencoded", b"", 403), ("application/x-www-form-urlencoded", b"form=%00", 403),
    ("application/x-www-form-urlencoded", b"x" * 70_000, 413),
])
def test_what_is_no_form_is_refused(site: PageSite, kind: str, body: bytes, status: int):
    case = site.case(CALLS)
    answer = site.http.post(f"{site.link(case)}/decide", content=body, headers={"Content-Type": kind})
    assert answer.status_code == status and site.store.case(case.id) == case


def test_who_sends_forms_very_often_waits_and_another_contact_does_not_notice(site: PageSite):
    case = site.case(CALLS)
    link, other = site.link(case), site.link(case, 1)
    answers = [decide(site, link, "x") for _ in range(33)]
    assert answers[0].status_code == 403
    plainly(answers[-1], 429, "very often")
    assert int(answers[-1].headers["retry-after"]) > 0
    assert decide(site, other, "x").status_code == 403


def test_hostile_names_and_words_are_inert_everywhere(site: PageSite):
    site.fleet(client=HOSTILE, contacts=[{"name": HOSTILE[:90], "email": "ann@acme.example"},
                                         {"name": "Jörg Weiß", "email": "joerg@acme.example", "language": "de"}])
    nasty = CALLS.model_copy(update={"client_text": HOSTILE + "\u202e{{ 7919 * 7927 }}\x1b[2J", "subject": HOSTILE})
    case = site.case(nasty, client=HOSTILE)
    link = site.link(case)
    page = site.http.post(f"{link}/review", data={"form": form(site, link), "choice:archive_old_cdr": "no",
                                                  "reason:archive_old_cdr": HOSTILE + "{0.__class__}"})
    assert decide(site, link, form_in(page.text, "decide")).status_code == 303
    for text in (page.text, *(site.http.get(link + place).text for place in ("", "/print"))):
        assert "<script" not in text and "<img" not in text and "&lt;script&gt;" in text
        assert "\u202e" not in text and "\x1b" not in text and "62773913" not in text
    assert site.store.journal(case.id)[-1].body["decisions"][0]["reason"] == HOSTILE + "{0.__class__}"


def test_the_page_is_in_its_contacts_language(site: PageSite):
    case = site.case(*FOUND)
    page = site.http.get(site.link(case, 1))
    assert '<html lang="de">' in page.text and page.headers["content-language"] == "de"
    assert "Ihre Entscheidung" in page.text and "Your decision" not in page.text
    for accept, words in (("de-AT,en;q=0.5", "funktioniert nicht"), ("fr, en", "does not work"), ("\xff", "not work")):
        answer = site.http.get("/case/x", headers={"Accept-Language": accept.encode("latin-1")})
        assert words in answer.text


def test_every_page_is_kept_from_caches_search_engines_frames_and_scripts(site: PageSite):
    link = site.link(site.case(CALLS))
    for answer in (site.http.get(link), site.http.get(f"{link}/print"), site.http.get("/case/x"),
                   site.http.get("/case/x/y/z"), site.http.post(f"{link}/decide")):
        told = answer.headers
        assert told["cache-control"] == "no-store" and "noindex" in told["x-robots-tag"]
        assert told["referrer-policy"] == "same-origin" and told["x-frame-options"] == "DENY"
        policy = told.get_list("content-security-policy")
        assert len(policy) == 1 and "default-src 'none'" in policy[0] and "frame-ancestors 'none'" in policy[0]
        assert "script-src" not in policy[0] and "unsafe" not in policy[0] and "set-cookie" not in told
        assert "http" not in answer.text.replace(site.origin, "")       # nothing of a third party


def test_the_story_tells_nothing_of_runs_and_engineers_notes(site: PageSite):
    from tasks.model.event import Noted

    case = site.case(CALLS)
    site.record(case.id, Noted(at=site.store.now(), by="mia", text="the client is slow to answer"))
    page = site.http.get(site.link(case)).text
    assert "slow to answer" not in page and "attempt" not in page and "We inspected your system" in page


def test_a_site_that_serves_the_page_alone_takes_no_orders(site: PageSite):
    for place in ("desk/support", "store/shop"):
        assert site.http.post(f"/hooks/{place}", json={}).status_code == 404


def test_no_token_is_in_the_log(site: PageSite):
    case = site.case(CALLS)
    link = site.link(case)
    token = confirm(site, link)
    decide(site, link, token)
    (site.home / "page.key").chmod(0o644)
    try:
        plainly(site.http.get(link), 503, "just now")
    finally:
        (site.home / "page.key").chmod(0o600)
    time.sleep(0.2)
    text = site.log.read_text()
    assert "GET /case/{token}: " in text and "page.key" in text
    assert link.rpartition("/")[2][:30] not in text and token[:30] not in text and "kkkk" not in text
