"""The renderings of a page beside one another: each tells all that it tells."""

import pytest

from erasure.reports.html import html
from erasure.reports.markdown import markdown
from erasure.reports.page import Page
from tests.reports.pages import USUAL
from tests.reports.rendered import Rendered, forge
from tests.reports.test_text import shown

RECEIPT = (
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


def told(page: Page) -> set[str]:
    """Return the texts of a page, but for the marks of code, and for the chart of its table."""
    texts = {page.title, page.standing[0], page.lead, page.next_step}
    texts |= {text for fact in (*page.facts, *page.source) for text in (fact.title, fact.value)}
    for section in (each for each in page.sections if not each.bars):
        texts |= {section.title, section.explanation, *(column.title for column in section.columns)}
        texts |= {cell.text for row in section.rows for cell in row} | {*section.texts}
        for state, _, fired in section.findings:
            texts |= {state, fired.rule, fired.found, fired.advice}
        texts |= {text for code in section.codes for text in (code.sentence, *code.text.split("\n"))}
    return {" ".join(text.replace("`", "").split()).casefold() for text in texts - {"bad", "warn", "good", "quiet"}}


def read(page: Rendered) -> str:
    return " ".join("".join(text for text, _ in page.texts).split())


@pytest.mark.parametrize("kind", USUAL)
def test_every_rendering_tells_all_of_a_page(kind: str) -> None:
    page = USUAL[kind]
    for text in (" ".join(shown(page, 600).split()), read(forge(markdown(page))), read(Rendered(html(page)))):
        whole = text.replace("`", "").casefold()
        assert [one for one in told(page) if one not in whole] == []


@pytest.mark.parametrize("fact", RECEIPT)
def test_every_rendering_of_a_receipt_tells_it(fact: str) -> None:
    page = USUAL["receipt"]
    assert fact in " ".join(shown(page, 400).split())
    assert fact in read(forge(markdown(page)))
    assert fact in read(Rendered(html(page)))
