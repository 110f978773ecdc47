"""Reports as HTML: what is in the file."""

import base64
import hashlib
import re

import pytest

from erasure.reports.html import html
from erasure.reports.plan import PlanReport
from erasure.reports.plan_page import plan_page
from erasure.reports.shown import visible
from tests.reports.pages import HOSTILE_PAGES, USUAL
from tests.reports.rendered import Rendered
from tests.reports.samples import DIGEST, EUROPE, HOSTILE, large, named, purge, refused, report


def plan_html(report: PlanReport) -> str:
    """Return a plan as HTML."""
    return html(plan_page(report))


def test_names_are_text_and_change_nothing_of_the_page() -> None:
    hostile = Rendered(plan_html(named()))
    tame = Rendered(plan_html(named([f"name-{number}" for number in range(len(HOSTILE))])))
    ours = [[(one.tag, [*one.attributes]) for one in page.elements if one.tag != "code"] for page in (hostile, tame)]
    assert ours[0] == ours[1]
    rows = hostile.rows(6)[1:]
    assert sorted(row[0] for row in rows) == sorted(map(visible, HOSTILE))
    assert [one.text for one in hostile.all("li")][-len(HOSTILE) :] == [visible(name) for name in HOSTILE]


@pytest.mark.parametrize("kind", HOSTILE_PAGES)
def test_hostile_names_bring_no_element_into_any_page(kind: str) -> None:
    page = Rendered(html(HOSTILE_PAGES[kind]))
    tags = {one.tag for each in USUAL.values() for one in Rendered(html(each)).elements}
    assert {one.tag for one in page.elements} <= tags
    assert len(page.all("h1")) == len(page.all("script")) == 1
    cells = {one.text.strip() for one in page.all("td", "th")}
    assert all(visible(name) in cells for name in HOSTILE)


def test_the_page_lets_only_its_own_style_and_script_be() -> None:
    page = Rendered(plan_html(named()))
    (policy,) = (one.attributes["content"] for one in page.all("meta") if "http-equiv" in one.attributes)
    assert policy is not None
    for tag in ("style", "script"):
        (element,) = page.all(tag)
        digest = base64.b64encode(hashlib.sha256(element.text.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


def test_the_page_refers_to_nothing_outside_of_it() -> None:
    page = Rendered(plan_html(named()))
    attributes = {name: value for one in page.elements for name, value in one.attributes.items()}
    assert attributes["href"] == "data:,"
    assert not {"src", "srcset", "style", "action", "ping"} & set(attributes)
    assert not [name for name in attributes if name.startswith("on")]
    (style,) = page.all("style")
    assert not re.search(r"url\(|@import", style.text)


def test_the_page_tells_the_whole_plan() -> None:
    page = Rendered(plan_html(refused()))
    assert [one.text for one in page.all("h1")] == ["Acme Dental stack acme"]
    assert [one.text for one in page.all("h2")][:4] == ["Rules that fired", "Approval", "Purges", "Stored data by user"]
    assert len(page.rows(6)) == 42 + 1
    assert page.rows(6)[1][0] == "ACME-LEGAL-01"
    assert any(DIGEST in one.text for one in page.all("pre"))
    states = [one.text for one in page.all("span") if "state" in (one.attributes.get("class") or "")]
    assert states == ["In the way", "In the way", "Lifted", "Warns"]


def test_where_nothing_is_to_be_purged_the_page_says_so_and_no_more() -> None:
    page = Rendered(plan_html(report()))
    assert page.all("table", "svg", "pre", "h2") == []
    assert "Nothing would be purged." in "".join(text for text, _ in page.texts)


def test_ten_thousand_purges_stand_in_less_than_three_megabytes() -> None:
    text = plan_html(large())
    assert len(text.encode()) < 3_000_000
    assert text.count("<tr><th scope=row>PRACTICE") - text.count("-WORKSTATION-B") == 10_000


def test_the_lists_beside_the_purges_are_bounded() -> None:
    page = Rendered(plan_html(large(600)))
    assert [one.text for one in page.all("p") if one.attributes.get("class") == "more"] == [
        "and 100 more: --format json lists them all."
    ] * 5


def test_the_chart_shows_the_ten_largest_users_and_tells_their_sizes() -> None:
    page = Rendered(plan_html(refused()))
    (chart,) = page.all("svg")
    title, description = page.all("title")[1], page.all("desc")[0]
    assert chart.attributes["aria-labelledby"] == f"{title.attributes['id']} {description.attributes['id']}"
    assert title.text == "Stored data by user"
    assert description.text.startswith("user3@acme.example: 4.2 TB; user5@acme.example: 515.5 GB; ")
    widths = [one.attributes["width"] for one in page.all("rect") if one.attributes["class"] == "bar"]
    assert len(widths) == 10
    assert widths[:2] == ["100.0%", "12.2%"]


def test_a_computer_on_two_destinations_counts_once_in_the_chart() -> None:
    twice = [purge("A", destination=one, stored_bytes=5_000) for one in (EUROPE, "other")]
    page = Rendered(plan_html(report([*twice, purge("B", stored_bytes=1_000)])))
    assert page.all("desc")[0].text == "A: 5.0 kB; B: 1.0 kB"


@pytest.mark.parametrize("purges", [[purge()], [purge(stored_bytes=None), purge("B", stored_bytes=0)]])
def test_one_bar_or_none_is_no_chart(purges: list[object]) -> None:
    assert "<svg" not in plan_html(report(purges))  # type: ignore[arg-type]


def test_a_long_name_is_cut_beside_its_bar_and_whole_in_the_description() -> None:
    page = Rendered(plan_html(report([purge("x" * 60, stored_bytes=5), purge("y", stored_bytes=3)])))
    assert page.all("desc")[0].text == f"{'x' * 60}: 5 bytes; y: 3 bytes"
    assert page.all("text")[0].text == "x" * 34 + "…"
