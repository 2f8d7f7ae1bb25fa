"""The page in a real browser without JavaScript: decided on a phone, by keyboard, in two languages; accessible."""
from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import axe_playwright_python
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tasks.model.case import State
from tests.web.page.conftest import CALLS, FOUND, HOSTILE, PageSite

AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1280, "height": 900}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=ARGUMENTS)
        yield started
        started.close()


def phone(browser: Browser, **more: object) -> BrowserContext:
    told = {"viewport": PHONE, "has_touch": True, "is_mobile": True, "java_script_enabled": False} | more
    return browser.new_context(**told)  # type: ignore[arg-type]


def picture(page: Page, name: str) -> None:
    """Kept where somebody asks for pictures to look at."""
    if folder := os.environ.get("UPLIFT_PICTURES"):
        page.screenshot(path=Path(folder) / f"page-{name}.png", full_page=True)


def choose(page: Page, action: str, answer: str) -> None:
    page.get_by_role("group", name=action).get_by_label(answer).check()


def test_a_client_agrees_to_one_action_and_declines_another_on_a_phone(browser: Browser, site: PageSite):
    case = site.case(*FOUND)
    context = phone(browser)
    page, requests = context.new_page(), list[str]()
    page.on("request", lambda sent: requests.append(sent.url))
    page.goto(site.link(case))
    picture(page, "phone")
    choose(page, "move old calls", "Yes, do this")
    choose(page, "give the unused space back", "No, leave it as it is")
    page.get_by_role("group", name="give the unused space back").get_by_label("Why not?").fill("we have a copy")
    choose(page, "remove old recordings", "Yes, we will do this")
    page.get_by_role("button", name="Continue").tap()
    expect(page.get_by_role("heading", name="Please confirm")).to_be_visible()
    picture(page, "phone-confirm")
    page.get_by_role("button", name="Confirm and record").tap()
    expect(page.get_by_role("heading", name="Please confirm")).to_be_visible()     # what is final was not ticked
    assert site.store.case(case.id) == case
    page.get_by_label("I know that this cannot be undone").check()
    page.get_by_role("button", name="Confirm and record").tap()
    expect(page.get_by_role("status")).to_contain_text("Your decision is recorded")
    picture(page, "phone-decided")
    moved = site.store.case(case.id)
    assert moved.state is State.REMEDIATING and moved.approval is not None
    assert {d.remediation_id: d.approved for d in moved.approval.decisions} == {
        "archive_old_cdr": True, "rebuild_table": False, "free_space": True}
    page.get_by_role("button", name="Tell Uplift that it is done").tap()
    expect(page.get_by_role("status")).to_contain_text("noted that this is done")
    assert "free_space" in site.store.case(case.id).remediated
    assert all(url.startswith(site.origin) for url in requests)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    context.close()


def test_everything_can_be_done_with_the_keyboard(browser: Browser, site: PageSite):
    case = site.case(CALLS)
    context = browser.new_context(viewport=DESK, java_script_enabled=False, accept_downloads=False)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(site.link(case, 1))
    picture(page, "desk-german")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Zum Inhalt")).to_be_focused()
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.get_by_role("radio").first.evaluate("one => one === document.activeElement"):
            break
    page.keyboard.press("Space")
    page.keyboard.press("Enter")                    # in a form that sends it
    expect(page.get_by_role("heading", name="Bitte bestätigen")).to_be_visible()
    page.get_by_role("button", name="Bestätigen und").press("Enter")
    expect(page.get_by_role("status")).to_contain_text("aufgezeichnet")
    approval = site.store.case(case.id).approval
    assert approval is not None and approval.by == "Jörg Weiß <joerg@acme.example>"
    context.close()


def test_a_hostile_name_runs_nothing(browser: Browser, site: PageSite):
    site.fleet(client=HOSTILE)
    case = site.case(CALLS.model_copy(update={"client_text": HOSTILE}), client=HOSTILE)
    context = browser.new_context(viewport=PHONE)                                  # with JavaScript, if any came
    page, wrong = context.new_page(), list[str]()
    page.on("console", lambda told: wrong.append(told.text))
    page.goto(site.link(case))
    assert page.evaluate("window.owned") is None and page.locator("script, img").count() == 0
    assert wrong == []                              # the policy had nothing to refuse, and allows its style
    assert page.evaluate("getComputedStyle(document.querySelector('header')).backgroundColor") == "rgb(18, 50, 79)"
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    context.close()


@pytest.mark.parametrize("colours", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_axe_finds_nothing_serious_on_any_page(
    browser: Browser, site: PageSite, size: dict[str, int], colours: str
):
    link = site.link(site.case(*FOUND))
    context = browser.new_context(viewport=size, color_scheme=colours, bypass_csp=True)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(link)
    picture(page, f"{size['width']}-{colours}")
    assert serious(page) == []
    page.get_by_text("Would you rather not upgrade now?").click()
    page.get_by_role("button", name="Continue").click()             # nothing was chosen
    expect(page.get_by_role("alert")).to_be_visible()
    picture(page, f"{size['width']}-{colours}-errors")
    assert serious(page) == []
    choose(page, "move old calls", "Yes, do this")
    choose(page, "give the unused space back", "No, leave it as it is")
    choose(page, "remove old recordings", "Yes, we will do this")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", name="Please confirm")).to_be_visible()
    picture(page, f"{size['width']}-{colours}-confirm")
    assert serious(page) == []
    page.get_by_label("I know that this cannot be undone").check()
    page.get_by_role("button", name="Confirm and record").click()
    expect(page.get_by_role("status")).to_be_visible()
    assert serious(page) == []
    for place in ("/print", "x"):
        page.goto(link + place)
        assert serious(page) == []
    context.close()


def serious(page: Page) -> list[str]:
    """What axe-core calls serious or critical, each with the first place where it is."""
    page.add_script_tag(path=AXE)
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [f"{one['impact']} {one['id']}: {one['nodes'][0]['html'][:160]} {one['nodes'][0]['failureSummary'][:300]}"
            for one in found["violations"] if one["impact"] in ("serious", "critical")]
