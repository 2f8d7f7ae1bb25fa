"""The HTML of a notice in a real browser: it fits a telephone, runs nothing, and is readable in dark colours."""
from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from reports.client_view import client_view
from reports.notice import Reader, notice_html
from tests.reports.test_page_in_chromium import ARGUMENTS, CHROMIUM
from tests.reports.told import ARCHIVE, BROKEN, SPACE, case, found, system

HOSTILE = "<script>window.owned=1</script>\"'><img src=x onerror=window.owned=1>"
LUMINANCE = """element => {
  const channels = value => value.match(/[0-9.]+/g).slice(0, 3).map(each => each / 255)
    .map(each => each <= 0.03928 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4);
  const light = value => { const [r, g, b] = channels(value); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  let behind = element;
  while (getComputedStyle(behind).backgroundColor === "rgba(0, 0, 0, 0)") behind = behind.parentElement;
  const both = [light(getComputedStyle(element).color), light(getComputedStyle(behind).backgroundColor)].sort();
  return (Math.max(...both) + 0.05) / (Math.min(...both) + 0.05);
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield started
        started.close()


def shown(browser: Browser, width: int, scheme: str, requests: list[str]) -> Page:
    findings = (SPACE, BROKEN, found("trunk_down", HOSTILE, ARCHIVE), found("custom_files", "/opt/" + "a" * 200))
    view = client_view(case(*findings, order_ref=HOSTILE), findings, system(client=HOSTILE), language="de")
    page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)  # type: ignore[arg-type]
    page.on("request", lambda one: requests.append(one.url))
    page.set_content(notice_html(view, Reader(HOSTILE, link="https://upgrades.example.com/case/1abc")))
    return page


@pytest.mark.parametrize("width", [320, 375, 900])
def test_the_mail_fits_its_window_runs_nothing_and_asks_for_nothing(browser: Browser, width: int) -> None:
    requests: list[str] = []
    page = shown(browser, width, "light", requests)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate("window.owned") is None and requests == []
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_word_is_readable_in_light_and_dark(browser: Browser, scheme: str) -> None:
    page = shown(browser, 375, scheme, [])
    texts = page.locator("h1, h2, p, p strong, td.ink, td.quiet, a").all()
    assert len(texts) > 30
    assert min(text.evaluate(LUMINANCE) for text in texts) >= 4.5
    page.close()
