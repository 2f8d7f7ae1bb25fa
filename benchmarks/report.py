"""The fleet report of 10,000 systems: how long it takes to make, how large it is, and how soon Chromium shows it.

Run by ``python -m benchmarks.report [SYSTEMS]``. "Shown" is when the table's first rows stand on the screen; the page
is opened from disk in a new context each time, and the median of five is told.
"""
from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from playwright.sync_api import Browser, sync_playwright

from reports.render import render_sweep
from tests.reports.conftest import frames_of, make_fleet, make_meta

OPENED_WITHIN_S = 3.0


def main(systems: int) -> int:
    """1 where the promise is not kept."""
    frames = frames_of(make_fleet(systems))
    with tempfile.TemporaryDirectory() as folder:
        begun = time.perf_counter()
        page = render_sweep(Path(folder), *frames, make_meta())
        print(f"{systems:,} systems: made in {time.perf_counter() - begun:.1f} s")
        for name in ("report.html", "report.pdf", "report.xlsx"):
            print(f"  {name}: {page.with_name(name).stat().st_size / 1e6:.1f} MB")
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
            shown = median(_shown(browser, page.as_uri()) for _ in range(5))
            print(f"  shown by Chromium after {shown:.2f} s; sorted after {_sorted(browser, page.as_uri()):.2f} s")
            browser.close()
    return int(shown > OPENED_WITHIN_S)


def _shown(browser: Browser, address: str) -> float:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    begun = time.perf_counter()
    page.goto(address)
    page.locator("#table tbody tr[data-system]").first.wait_for()
    taken = time.perf_counter() - begun
    context.close()
    return taken


def _sorted(browser: Browser, address: str) -> float:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.goto(address)
    begun = time.perf_counter()
    page.locator("#table thead button").nth(3).click()
    page.locator("#table th[aria-sort]").wait_for()
    taken = time.perf_counter() - begun
    context.close()
    return taken


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000))
