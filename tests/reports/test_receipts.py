"""A receipt as text, Markdown and page: the same facts, and no name that acts."""

import io
from typing import Any

import pytest
from playwright.sync_api import expect
from rich.console import Console

from erasure.reports import receipt_sections as told
from erasure.reports.html import receipt_html
from erasure.reports.markdown import LIMIT, receipt_markdown
from erasure.reports.receipt import Receipt
from erasure.reports.shown import visible
from erasure.reports.text import show_receipt
from tests.reports.conftest import Show
from tests.reports.receipts import mixed, purge, receipt
from tests.reports.rendered import Rendered, forge
from tests.reports.samples import HOSTILE
from tests.reports.test_browser import AXE, TELEPHONE


def shown(made: Receipt, width: int = 160) -> str:
    file = io.StringIO()
    show_receipt(made, Console(file=file, width=width))
    return file.getvalue()


def hostile() -> Receipt:
    return receipt([purge(name, "erased", user=name, destination=name, reason=name) for name in HOSTILE], stack="a<b")


FACTS = (
    "Request DSR-2026-17, Acme Dental",
    "XRAY-ARCHIVE",
    "still listed past the deadline",
    "dana@msp.example",
    "eve@msp.example",
    "Erasure request of 28 November",
    "3d3c42e5aac5, pull request 42",
    "That the data is erased: still listed past the deadline.",
    "accepted: 200, no body",
    "verdict: returned, listed again after it had gone",
    "looked at: not listed, stored: 0 bytes",
    "The API accepts a purge and confirms no erasure",
    "9e21" * 16,
)


@pytest.mark.parametrize(
    ("selection", "title"),
    [
        ({}, "Acme Dental"),
        ({"request": "DSR-1"}, "Request DSR-1, Acme Dental"),
        ({"request": "DSR-1", "customer": "Acme Dental"}, "Request DSR-1, Acme Dental"),
    ],
)
def test_a_receipt_is_called_by_what_it_is_about(selection: dict[str, str], title: str) -> None:
    nothing = {"customer": None, "request": None, "since": None}
    assert told.title(receipt([purge("PC", "erased")], selection=nothing | selection)) == title
    several = [purge("PC", "erased"), purge("PC-2", "erased", customer="Northwind Law")]
    assert told.title(receipt(several, selection=nothing)) == "Stack acme"
    assert told.title(receipt(several, selection=nothing | {"request": "DSR-1"})) == "Request DSR-1"


@pytest.mark.parametrize("fact", FACTS)
def test_every_rendering_tells_it(fact: str) -> None:
    made = mixed()
    assert fact in " ".join(shown(made, 400).split())
    assert fact in " ".join(forge(receipt_markdown(made)).all("p")[0].text.split()) or fact in _text(
        forge(receipt_markdown(made))
    )
    assert fact in _text(Rendered(receipt_html(made)))


def _text(page: Rendered) -> str:
    return " ".join("".join(text for text, _ in page.texts).split())


@pytest.mark.parametrize(
    ("verdicts", "word"),
    [
        (["erased", "erased"], "erased"),
        (["erased", "unknown"], "open"),
        (["erased", "overdue"], "in doubt"),
        (["returned"], "in doubt"),
        ([], "nothing"),
    ],
)
def test_how_it_stands_is_said_in_a_word(verdicts: list[str], word: str) -> None:
    made = receipt([purge(f"PC-{number}", verdict) for number, verdict in enumerate(verdicts)])
    assert f": {word}" in shown(made).splitlines()[0]
    assert f": {word}" in receipt_markdown(made).splitlines()[0]


def test_names_act_on_nothing_in_markdown_and_in_the_page() -> None:
    for page in (forge(receipt_markdown(hostile())), Rendered(receipt_html(hostile()))):
        assert not page.all("img", "iframe", "h1")[1:]
        assert len(page.all("script")) <= 1
        cells = {one.text.strip() for one in page.all("td", "th")}
        assert all(visible(name) in cells for name in HOSTILE)


def test_ten_thousand_purges_fit_into_a_comment() -> None:
    many = receipt([purge(f"PC-{number}", "erased") for number in range(10_000)])
    text = receipt_markdown(many)
    assert len(text.encode()) <= LIMIT
    assert "more: see `--format html` or `--format json`" in text


def test_the_page_can_be_searched_and_shows_what_is_not_erased_first(show: Show) -> None:
    page = show(mixed())
    expect(page.get_by_role("status")).to_have_text("5 purges")
    first = page.locator("table[data-searchable] tbody tr").first
    assert "FRONT-DESK" in first.inner_text()
    page.get_by_label("Search purges").fill("overdue")
    expect(page.get_by_role("status")).to_have_text("1 of 5 purges")


@pytest.mark.parametrize("settings", [{}, {"color_scheme": "dark", **TELEPHONE}], ids=["desk", "telephone"])
@pytest.mark.parametrize("made", [mixed(), hostile()], ids=["usual", "hostile"])
def test_the_page_keeps_nobody_out_and_never_scrolls_sideways(
    show: Show, made: Receipt, settings: dict[str, Any]
) -> None:
    page = show(made, **settings)
    page.evaluate(AXE)
    found = page.evaluate("axe.run({ resultTypes: ['violations'] })")
    assert [(one["id"], one["nodes"][0]["html"]) for one in found["violations"]] == []
    size = page.viewport_size
    assert size is not None
    assert page.evaluate("document.documentElement.scrollWidth") == size["width"]
