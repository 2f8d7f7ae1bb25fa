"""axe-core finds nothing serious on the report: light and dark, desk and phone, opened, filtered and empty."""
from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import axe_playwright_python
import pandas as pd
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from reports.meta import SweepMeta
from reports.render import render_sweep

Frames = Callable[[int], tuple[pd.DataFrame, pd.DataFrame]]
AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=ARGUMENTS)
        yield started
        started.close()


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory, fleet_frames: Frames) -> Callable[[int, SweepMeta], str]:
    made: dict[int, str] = {}

    def address(count: int, meta: SweepMeta) -> str:
        if count not in made:
            made[count] = render_sweep(tmp_path_factory.mktemp(f"fleet{count}"), *fleet_frames(count), meta).as_uri()
        return made[count]

    return address


def serious(page: Page) -> list[str]:
    """What axe-core calls serious or critical, each with the first place where it is."""
    page.add_script_tag(path=AXE)
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [f"{one['impact']} {one['id']}: {one['nodes'][0]['html'][:160]} {one['nodes'][0]['failureSummary'][:300]}"
            for one in found["violations"] if one["impact"] in ("serious", "critical")]


@pytest.mark.parametrize("colours", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_axe_finds_nothing_serious(
    browser: Browser, report: Callable[[int, SweepMeta], str], meta: SweepMeta, colours: str, width: int
) -> None:
    context = browser.new_context(  # axe itself is what the page's policy would refuse
        viewport={"width": width, "height": 900}, color_scheme=colours, bypass_csp=True,  # type: ignore[arg-type]
    )
    page = context.new_page()
    page.goto(report(220, meta) + "#system-pbx-00042")
    expect(page.locator("tr.details")).to_be_visible()
    for closed in page.locator("details.numbers > summary").all():
        closed.click()
    assert serious(page) == []
    page.locator("#find").fill("no such system")
    expect(page.locator("td.nothing")).to_be_visible()
    assert serious(page) == []
    context.close()


@pytest.mark.parametrize("count", [0, 1])
def test_axe_finds_nothing_serious_with_hardly_a_system(
    browser: Browser, report: Callable[[int, SweepMeta], str], meta: SweepMeta, count: int
) -> None:
    context = browser.new_context(bypass_csp=True)
    page = context.new_page()
    page.goto(report(count, meta))
    assert serious(page) == []
    context.close()


def test_axe_would_find_what_is_wrong(
    browser: Browser, report: Callable[[int, SweepMeta], str], meta: SweepMeta
) -> None:
    context = browser.new_context(bypass_csp=True)
    page = context.new_page()
    page.goto(report(1, meta))
    page.evaluate("document.querySelector('#find').closest('label').replaceWith(document.querySelector('#find'))")
    page.evaluate("document.querySelector('#find').removeAttribute('placeholder')")
    page.add_style_tag(content=".headline { color: #23507a !important }")
    assert {one.split(":")[0] for one in serious(page)} == {"critical label", "serious color-contrast"}
    context.close()


def test_in_the_dark_no_surface_stays_white(
    browser: Browser, report: Callable[[int, SweepMeta], str], meta: SweepMeta
) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, color_scheme="dark")
    page = context.new_page()
    page.goto(report(220, meta) + "#system-pbx-00042")
    expect(page.locator("tr.details")).to_be_visible()
    white = page.evaluate("""() => [...document.querySelectorAll('main *')].filter((one) => {
        const style = getComputedStyle(one);
        return one.getClientRects().length && [style.backgroundColor, one.closest('svg') && !one.closest('text')
            ? style.fill : ''].includes('rgb(255, 255, 255)');
    }).map((one) => one.outerHTML.slice(0, 120))""")
    assert white == []
    context.close()
