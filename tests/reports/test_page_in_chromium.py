"""The report in a real browser: Debian's Chromium, without a network."""
from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from reports.meta import SweepMeta
from reports.render import render_sweep
from tasks.model.finding import Verdict
from tasks.model.judged import Judged

Frames = Callable[[int], tuple[pd.DataFrame, pd.DataFrame]]
FromFleet = Callable[[list[Judged]], tuple[pd.DataFrame, pd.DataFrame]]
CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]
CLIENT = "#table tbody th a"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield started
        started.close()


@pytest.fixture
def opened(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Callable[..., Page]]:
    """Opens a page; at the end no page may have complained or asked for anything but itself."""
    complaints: list[str] = []
    requests: list[str] = []
    contexts = []

    def open_page(address: str, width: int = 1280, **options: object) -> Page:
        context = browser.new_context(viewport={"width": width, "height": 900}, **options)  # type: ignore[arg-type]
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda one: requests.append(one.url))
        page.goto(address)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []
    assert [url for url in requests if not url.startswith(("file://", "data:"))] == []


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory, fleet_frames: Frames) -> Callable[[int, SweepMeta], str]:
    made: dict[int, str] = {}

    def address(count: int, meta: SweepMeta) -> str:
        if count not in made:
            made[count] = render_sweep(tmp_path_factory.mktemp(f"fleet{count}"), *fleet_frames(count), meta).as_uri()
        return made[count]

    return address


Report = Callable[[int, SweepMeta], str]
Opened = Callable[..., Page]


def clients(page: Page) -> list[str]:
    return [text.strip() for text in page.locator(CLIENT).all_inner_texts()]


def rows_shown(page: Page) -> str:
    return page.locator("#showing").inner_text()


@pytest.mark.parametrize("count", [0, 1, 220])
@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_fits_its_window(opened: Opened, report: Report, meta: SweepMeta, count: int, width: int) -> None:
    page = opened(report(count, meta), width)
    assert page.evaluate("document.documentElement.scrollWidth") == width


def test_a_tables_header_sorts_by_keyboard_and_says_so(opened: Opened, report: Report, meta: SweepMeta) -> None:
    page = opened(report(220, meta))
    before = clients(page)
    header = page.locator("#table thead th").nth(0)
    header.locator("button").focus()
    page.keyboard.press("Enter")
    assert header.get_attribute("aria-sort") == "ascending"
    ascending = clients(page)
    assert ascending == sorted(ascending, key=str.casefold)
    assert ascending != before
    page.keyboard.press("Space")
    assert header.get_attribute("aria-sort") == "descending"
    assert clients(page) == sorted(clients(page), key=str.casefold, reverse=True)
    page.keyboard.press("Enter")
    assert header.get_attribute("aria-sort") is None
    assert clients(page) == before


def test_sizes_sort_as_numbers_with_the_unknown_last(
    opened: Opened, report: Report, meta: SweepMeta, fleet_frames: Frames
) -> None:
    page = opened(report(220, meta))
    page.locator("#table thead button").nth(3).click()
    largest = fleet_frames(220)[0].sort_values("cdr_bytes", ascending=False)
    shown = page.locator("#table tbody th small").all_inner_texts()
    assert shown == largest["id"].head(50).tolist()
    for _ in range(4):
        page.locator("#next").click()
    assert page.locator("#table tbody tr td:nth-child(4)").last.inner_text() == "–"
    page.locator("#table thead button").nth(3).click()
    assert page.locator("#table tbody th small").first.inner_text() == largest["id"].dropna().iloc[
        largest["cdr_bytes"].notna().sum() - 1]


def test_the_table_is_filtered_by_keyboard(
    opened: Opened, report: Report, meta: SweepMeta, fleet_frames: Frames
) -> None:
    systems, _ = fleet_frames(220)
    blocked = int((systems["verdict"] == Verdict.BLOCKED.value).sum())
    page = opened(report(220, meta))
    page.locator("#verdict").focus()
    page.keyboard.type("Blocked")
    assert rows_shown(page) == f"Systems 1 to {blocked} of {blocked} (of 220)"
    assert set(page.locator("#table tbody .badge").all_inner_texts()) == {"✕ Blocked"}
    page.locator("#find").focus()
    page.keyboard.type("PBX-00042 harbour")
    assert clients(page) == ["Harbour Schools"]
    page.keyboard.type("zzz")
    assert rows_shown(page) == "No system of 220 matches"
    assert page.locator("#table tbody td.nothing").count() == 1
    page.locator("#filters button[type=reset]").press("Enter")
    expect(page.locator("#showing")).to_have_text("Systems 1 to 50 of 220")


def test_a_tile_and_a_check_show_their_systems(
    opened: Opened, report: Report, meta: SweepMeta, fleet_frames: Frames
) -> None:
    systems, findings = fleet_frames(220)
    page = opened(report(220, meta))
    unreachable = int((systems["verdict"] == Verdict.UNREACHABLE.value).sum())
    page.locator(".tiles a[data-verdict=unreachable]").press("Enter")
    expect(page.locator("#showing")).to_contain_text(f"of {unreachable} (of 220)")
    assert page.locator("#table tbody .badge").count() == unreachable
    standing = findings[(findings["check_id"] == "custom_overwritten") & findings["waiver_owner"].isna()]
    page.locator("a[href='#check-custom_overwritten']").click()
    count = standing["system_id"].nunique()
    expect(page.locator("#showing")).to_contain_text(f"of {count} (of 220)")
    assert sorted(page.locator("#table tbody th small").all_inner_texts()) == sorted(standing["system_id"].unique())


def test_a_link_to_a_check_shows_its_systems(
    opened: Opened, report: Report, meta: SweepMeta, fleet_frames: Frames
) -> None:
    _, findings = fleet_frames(220)
    page = opened(report(220, meta) + "#check-configuration_errors")
    count = findings.loc[findings["check_id"] == "configuration_errors", "system_id"].nunique()
    expect(page.locator("#showing")).to_contain_text(f"of {count} (of 220)")
    expect(page.locator("#systems")).to_be_focused()


def test_each_number_of_a_charts_table_shows_as_many_rows(opened: Opened, report: Report, meta: SweepMeta) -> None:
    page = opened(report(220, meta))
    for closed in page.locator("details.numbers > summary").all():
        closed.click()
    links = page.locator(".numbers a[href='#systems'], .checks a[href='#systems'], .tiles a, #unclear-title ~ table a, "
                         "#custom-title + p + table a")
    for link in links.all():
        number = int(re.findall(r"\d+", link.inner_text())[0])
        link.click()
        expected = "No system" if not number else re.compile(rf"of {number}( \(of 220\))?$")
        expect(page.locator("#showing")).to_contain_text(expected)
    assert links.count() > 40


def test_a_shape_of_a_chart_shows_its_rows(opened: Opened, report: Report, meta: SweepMeta) -> None:
    page = opened(report(220, meta))
    shape = page.locator("svg g[data-verdict=blocked][data-release='6.7.3']")
    shape.locator("path").click()
    expect(page.locator("#verdict")).to_have_value("blocked")
    expect(page.locator("#release")).to_have_value("6.7.3")
    page.locator("svg g[data-open]").first.locator("path").click()
    expect(page.locator("tr.details")).to_be_visible()


def test_a_deep_link_opens_its_system_with_findings_and_remedies(
    opened: Opened, report: Report, meta: SweepMeta
) -> None:
    page = opened(report(220, meta) + "#system-pbx-00042")
    line = page.locator("tr[data-system=pbx-00042]")
    assert line.locator("a").get_attribute("aria-expanded") == "true"
    assert 0 <= line.bounding_box()["y"] < 200  # type: ignore[index]
    details = page.locator("tr.details").inner_text()
    assert "Sufficient space" in details
    assert "blocks the upgrade" in details
    assert re.search(r"Measured\s+2\.4 GB\s+Limit\s+15\.5 GB", details)
    assert "Delete or move old recordings, or enlarge the disk." in details
    page.keyboard.press("Enter")                         # the focus is on the system: Enter closes it again
    assert page.locator("tr.details").count() == 0
    page.evaluate("location.hash = '#system-pbx-00001'")
    page.wait_for_selector("tr.open[data-system=pbx-00001]")


def test_the_screen_and_the_written_out_findings_say_the_same(opened: Opened, report: Report, meta: SweepMeta) -> None:
    """The details of the table are made by the script, those of print by the template: two hands, one text."""
    page = opened(report(220, meta))
    spaces = r"[\s ]+"
    written = page.locator("article[data-system]").all()
    assert len(written) > 60
    for article in written[:60:4]:
        system_id = article.get_attribute("data-system")
        page.evaluate(f"location.hash = '#system-{system_id}'")
        page.wait_for_selector(f"tr.open[data-system={system_id}]")
        shown = page.locator("tr.details").text_content() or ""
        heading = article.locator("h3").text_content() or ""
        printed = (article.text_content() or "").replace(heading, "")
        assert re.sub(spaces, "", shown) == re.sub(spaces, "", printed)


def test_hostile_names_run_nothing(
    opened: Opened, hostile_fleet: list[Judged], frames_from: FromFleet, meta: SweepMeta, tmp_path: Path
) -> None:
    page = opened(render_sweep(tmp_path, *frames_from(hostile_fleet), meta).as_uri())
    for system in hostile_fleet:
        page.evaluate(f"location.hash = '#system-{system.system.id}'")
        page.wait_for_selector(f"tr.open[data-system={system.system.id}]")
        page.locator("tr.details").hover()
    assert page.evaluate("window.owned") is None
    assert page.locator("main img").count() == 0
    assert "<script>window.owned=1</script>" in clients(page)
    page.locator("#find").fill("\"><img src=x")
    assert clients(page) == ["\"><img src=x onerror=window.owned=1>"]


def test_without_javascript_the_report_is_whole(opened: Opened, report: Report, meta: SweepMeta) -> None:
    page = opened(report(220, meta) + "#system-pbx-00042", java_script_enabled=False)
    assert page.locator("#table tbody tr").count() == 220
    article = page.locator("article#system-pbx-00042")
    assert article.is_visible()
    assert "Delete or move old recordings" in article.inner_text()
    assert not page.locator("#filters").is_visible()


def test_printed_it_has_pages_with_every_system_and_its_findings(
    opened: Opened, report: Report, meta: SweepMeta, tmp_path: Path
) -> None:
    page = opened(report(220, meta))
    page.pdf(path=tmp_path / "report.pdf", prefer_css_page_size=True)
    text = subprocess.run(["pdftotext", "-layout", tmp_path / "report.pdf", "-"], check=True, capture_output=True,
                          text=True).stdout
    pages = text.split("\f")[:-1]
    assert 10 < len(pages) < 45
    assert {f"pbx-{number:05}" for number in range(220)} <= set(re.findall(r"pbx-\d{5}", text))
    header = re.compile(r"System\s+Verdict\s+Release\s+Call records")
    headers = [number for number, one in enumerate(pages) if header.search(one)]
    assert len(headers) >= 5
    assert headers == list(range(headers[0], headers[0] + len(headers)))
    assert "Each system" in text
    assert "Show all" not in text
    assert rows_shown(page) == "Systems 1 to 50 of 220"


def test_a_filtered_table_prints_what_is_shown(
    opened: Opened, report: Report, meta: SweepMeta, tmp_path: Path
) -> None:
    page = opened(report(220, meta))
    page.locator("#find").fill("pbx-00042")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    assert [one.get_attribute("data-system") for one in page.locator("article[data-system]").all() if one.is_visible()
            ] == ["pbx-00042"]


def test_ten_thousand_systems_open_sort_and_filter(opened: Opened, report: Report, meta: SweepMeta) -> None:
    address = report(10_000, meta)
    assert Path(address.removeprefix("file://")).stat().st_size < 12_000_000
    page = opened(address + "#system-pbx-09999")
    page.wait_for_selector("tr.open[data-system=pbx-09999]")
    assert page.locator("#table tbody tr").count() <= 51
    page.locator("#table thead button").nth(3).click()
    page.locator("#find").fill("harbour schools")
    assert re.fullmatch(r"Systems 1 to \d+ of \d+ \(of 10,000\)", rows_shown(page))
    assert page.evaluate("document.querySelectorAll('*').length") < 30_000
