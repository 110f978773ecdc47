"""Reports as HTML: what a person sees and does in a real browser.

Every test holds as well that the page asks for nothing, logs nothing and opens no dialog.
"""

import http.server
import threading
from importlib import resources
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from erasure.reports import page as reports
from erasure.reports.html import html
from erasure.reports.plan_page import plan_page
from erasure.reports.shown import visible
from tests.reports.conftest import Show
from tests.reports.pages import HOSTILE_PAGES, USUAL
from tests.reports.samples import HOSTILE, large, named, purge, report

AXE = (resources.files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
TELEPHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}}
STORED, LAST_BACKUP, NOTED = 3, 4, 5


def column(page: Page, number: int) -> list[str]:
    """Return the texts of a column of the purges that show."""
    script = "number => [...document.querySelectorAll('[data-searchable] tbody tr')].filter(row => row.offsetHeight)"
    texts: list[str] = page.evaluate(f"{script}.map(row => row.cells[number].firstChild?.textContent ?? '')", number)
    return [text.strip() for text in texts]


def search(page: Page, text: str) -> None:
    """Search the purges, and wait for the answer."""
    count = page.locator("[role=status]")
    before = count.inner_text()
    page.locator("input[type=search]").fill(text)
    expect(count).not_to_have_text(before)


def test_a_column_sorts_by_what_its_cells_mean_and_says_how(show: Show) -> None:
    page = show(USUAL["plan"])
    heading = page.get_by_role("columnheader", name="Stored")
    assert heading.get_attribute("aria-sort") is None
    heading.get_by_role("button").click()
    assert heading.get_attribute("aria-sort") == "descending"
    assert column(page, STORED)[:3] == ["4.2 TB", "4.2 TB", "512.4 GB"]
    assert column(page, STORED)[-1] == "unknown"
    heading.get_by_role("button").click()
    assert heading.get_attribute("aria-sort") == "ascending"
    assert column(page, STORED)[-1] == "4.2 TB"
    page.get_by_role("button", name="Last backup").click()
    assert heading.get_attribute("aria-sort") is None
    days = column(page, LAST_BACKUP)
    assert (days[0], days[-1]) == ("2026-11-24 14:11", "unknown")
    page.get_by_role("button", name="Computer").click()
    names = column(page, 0)
    assert names.index("ACME-IMAGING-SERVER-05") < names.index("ACME-IMAGING-SERVER-11")


def test_the_first_order_the_riskiest_first_comes_back(show: Show) -> None:
    page = show(USUAL["plan"])
    first = column(page, 0)
    page.get_by_role("button", name="Computer").click()
    assert column(page, 0) != first
    page.get_by_role("button", name="To be noted").click()
    assert column(page, 0) == first


def test_a_search_narrows_the_rows_and_says_how_many_match(show: Show) -> None:
    page = show(USUAL["plan"])
    count = page.get_by_role("status")
    expect(count).to_have_text("42 purges")
    assert count.get_attribute("aria-live") == "polite"
    search(page, "FILEserver glacier")
    assert count.inner_text() == "1 of 42 purges"
    assert column(page, 0) == ["ACME-FILESERVER"]
    search(page, "no such computer")
    assert page.get_by_text("Nothing matches.").is_visible()
    search(page, "")
    assert len(column(page, 0)) == 42
    assert not page.get_by_text("Nothing matches.").is_visible()


def test_a_search_finds_ids_and_holds_while_sorting(show: Show) -> None:
    page = show(USUAL["plan"])
    search(page, "6970973d-e245-4bbf-a766-000000000003")
    found = column(page, 0)
    page.get_by_role("button", name="Computer").click()
    assert column(page, 0) == sorted(found)
    assert len(found) == 5


def test_all_can_be_done_with_the_keyboard(show: Show) -> None:
    page = show(USUAL["plan"])
    page.get_by_label("Search purges").focus()
    page.keyboard.type("xray")
    expect(page.get_by_role("status")).to_have_text("6 of 42 purges")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "scroll tall"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Computer"
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
    page.keyboard.press("Enter")
    heading = page.get_by_role("columnheader", name="Computer").first
    assert heading.get_attribute("aria-sort") == "ascending"


@pytest.mark.parametrize("kind", HOSTILE_PAGES)
def test_names_are_text_in_the_page(show: Show, kind: str) -> None:
    page = show(HOSTILE_PAGES[kind])
    assert page.evaluate("document.scripts.length") == 1
    assert page.locator("img, iframe, object, table h1, td a").count() == 0
    columns = [column(page, number) for number in (0, 1)]
    assert set(map(visible, HOSTILE)) in [set(texts) for texts in columns]


def test_a_script_that_got_in_would_not_run(browser: Browser) -> None:
    page = browser.new_page()
    got_in = html(plan_page(report([purge()]))).replace("</main>", "<script>window.ran = true</script></main>")
    page.set_content(got_in.replace("</main>", '<img src="x" onerror="window.ran = true"></main>'))
    assert page.get_by_role("status").inner_text() == "1 purge"
    assert page.evaluate("window.ran") is None
    page.close()


@pytest.mark.parametrize(
    "report",
    [*USUAL.values(), *HOSTILE_PAGES.values(), plan_page(named(["x" * 300 + str(number) for number in range(9)]))],
    ids=[*USUAL, *(f"hostile-{kind}" for kind in HOSTILE_PAGES), "long"],
)
@pytest.mark.parametrize("width", [390, 1280])
def test_the_page_never_scrolls_sideways(show: Show, report: reports.Page, width: int) -> None:
    page = show(report, viewport={"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") == width


def test_on_a_telephone_the_table_scrolls_in_a_region_of_its_own(show: Show) -> None:
    page = show(USUAL["plan"], **TELEPHONE)
    region = page.get_by_role("region", name="Purges", exact=True).and_(page.locator("[tabindex]"))
    assert region.evaluate("one => one.scrollWidth > one.clientWidth")
    region.focus()
    page.keyboard.press("ArrowRight")
    region.evaluate(
        "one => new Promise(done => { const look = () => one.scrollLeft > 0 ? done() : requestAnimationFrame(look);"
        " look(); })"
    )


def test_on_paper_are_all_rows_and_no_controls(show: Show) -> None:
    page = show(USUAL["plan"], color_scheme="dark")
    search(page, "glacier")
    page.emulate_media(media="print")
    assert len(column(page, 0)) == 42
    assert not page.get_by_label("Search purges").is_visible()
    assert not page.locator(".tall").evaluate("one => one.scrollHeight > one.clientHeight")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(0, 0, 0)"
    assert page.pdf().count(b"/Type /Page\n") > 3


def test_the_page_is_dark_where_the_reader_wants_it_dark(show: Show) -> None:
    colours = [
        show(USUAL["plan"], color_scheme=scheme).evaluate("getComputedStyle(document.body).backgroundColor")
        for scheme in ("light", "dark")
    ]
    assert colours == ["rgb(255, 255, 255)", "rgb(20, 24, 29)"]


def test_without_javascript_the_page_reads_in_full(show: Show) -> None:
    page = show(plan_page(large(600)), java_script_enabled=False)
    assert page.locator("[data-searchable] tbody tr").count() == 600
    assert page.locator("[data-searchable] tbody tr").last.is_visible()
    assert not page.get_by_label("Search purges").is_visible()
    assert page.get_by_role("button").count() == 0


@pytest.mark.parametrize("settings", [{}, {"color_scheme": "dark", **TELEPHONE}], ids=["desk", "telephone"])
@pytest.mark.parametrize(
    "report",
    [*USUAL.values(), *HOSTILE_PAGES.values(), plan_page(report())],
    ids=[*USUAL, *(f"hostile-{kind}" for kind in HOSTILE_PAGES), "nothing"],
)
def test_axe_finds_nothing_that_keeps_anybody_out(show: Show, report: reports.Page, settings: dict[str, Any]) -> None:
    page = show(report, **settings)
    page.evaluate(AXE)
    found = page.evaluate("axe.run({ resultTypes: ['violations'] })")
    assert [(one["id"], one["impact"], one["nodes"][0]["html"]) for one in found["violations"]] == []
    assert len(found["passes"]) > 10


def test_ten_thousand_purges_sort_and_search_at_once(show: Show) -> None:
    page = show(plan_page(large()))
    count = page.locator("[role=status]")  # by its role it takes playwright seconds to find among so many elements
    assert count.inner_text() == "10,000 purges, the first 500 shown"
    page.evaluate("document.querySelector('[data-searchable] button').click()")
    assert column(page, 0)[0] == "PRACTICE-00000-WORKSTATION"
    search(page, "practice-0999")
    assert count.inner_text() == "10 of 10,000 purges"
    assert column(page, 0) == [f"PRACTICE-0999{number}-WORKSTATION" for number in range(10)]


def test_all_of_many_rows_show_on_demand(show: Show) -> None:
    page = show(plan_page(large(600)))
    assert len(column(page, 0)) == 500
    page.get_by_role("button", name="Show all 600").click()
    assert len(column(page, 0)) == 600
    assert page.get_by_role("status").inner_text() == "600 purges"


def test_from_a_server_too_the_page_is_the_one_thing_asked_for(browser: Browser) -> None:
    content, asked = html(USUAL["plan"]).encode(), []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        page = browser.new_page()
        page.goto(f"http://127.0.0.1:{server.server_port}/plan.html", wait_until="networkidle")
        page.close()
        server.shutdown()
    assert asked == ["/plan.html"]


def test_a_receipt_can_be_searched_and_shows_what_is_not_erased_first(show: Show) -> None:
    page = show(USUAL["receipt"])
    expect(page.get_by_role("status")).to_have_text("5 purges")
    first = page.locator("table[data-searchable] tbody tr").first
    assert "FRONT-DESK" in first.inner_text()
    page.get_by_label("Search purges").fill("overdue")
    expect(page.get_by_role("status")).to_have_text("1 of 5 purges")
