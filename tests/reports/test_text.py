"""Reports on a terminal."""

import io
import re

import pytest
from rich.console import Console

from erasure.reports.page import Page
from erasure.reports.plan_page import plan_page
from erasure.reports.shown import visible
from erasure.reports.text import show
from tests.reports.pages import HOSTILE_PAGES, USUAL
from tests.reports.samples import DIGEST, HOSTILE, large, purge, report


def shown(page: Page, width: int = 300, *, is_terminal: bool = False) -> str:
    """Return what a console of that width shows."""
    file = io.StringIO()
    show(
        page,
        Console(file=file, width=width, force_terminal=is_terminal, color_system="truecolor" if is_terminal else None),
    )
    return file.getvalue()


def test_the_summary_comes_first_and_names_everything_in_the_way() -> None:
    text = shown(USUAL["plan"])
    assert text.startswith("Purge plan of acme (Acme Dental): refused\n")
    parts = (
        "42 of 140 (30 %)",
        DIGEST,
        "max-purges: 42 purges",
        "warns  last-copy",
        "do not count here",
        "  - digest: ",
    )
    places = [text.index(part) for part in (*parts, "Purges (42)", "Due later (2)", "What stays (8)", "Released (1)")]
    assert places == sorted(places)


def test_the_approval_entry_and_its_command_can_be_pasted_from_any_terminal() -> None:
    lines = shown(USUAL["plan"], 40).splitlines()
    assert f"  - digest: {DIGEST}" in lines
    assert "  python -m erasure approve --stack acme --reason TEXT --expires DATE" in lines


@pytest.mark.parametrize("is_terminal", [False, True])
@pytest.mark.parametrize("kind", HOSTILE_PAGES)
def test_names_are_shown_as_they_are_and_act_on_nothing(kind: str, is_terminal: bool) -> None:
    text = shown(HOSTILE_PAGES[kind], 3000, is_terminal=is_terminal)
    for name in HOSTILE:
        assert visible(name) in text
    unstyled = re.sub(r"\x1b\[[0-9;]*m", "", text)
    assert all(one.isprintable() for one in unstyled.replace("\u200d", "").splitlines())
    assert ("\x1b" in text) is is_terminal


def test_long_lists_end_in_how_many_more_there_are() -> None:
    text = shown(plan_page(large(1000)))
    assert text.count("PRACTICE-") - text.count("-B  ") == 50
    assert text.count("and 950 more, see --format json") == 1
    assert text.count("and 980 more, see --format json") == 5
    assert len(text.splitlines()) < 250


@pytest.mark.parametrize("width", [40, 80, 120, 200])
def test_a_narrow_terminal_folds_names_and_cuts_none(width: int) -> None:
    text = shown(plan_page(report([purge("PRACTICE-WORKSTATION-ACCOUNTS", login="a" * 300)])), width)
    unpasted = [line for line in text.splitlines() if not line.startswith("Digest")]
    assert max(map(len, unpasted)) <= width
    assert text.count("a" * 3) > 190 // 3
    assert width < 80 or "PRACTICE-WORKSTATION-ACCOUNTS" in text


def test_nothing_to_purge_is_said_in_a_few_lines() -> None:
    text = shown(plan_page(report()))
    assert "Nothing would be purged." in text
    assert len(text.splitlines()) < 10
