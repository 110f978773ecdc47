"""The plan as a comment on a pull request, as a forge would render it."""

import re

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from erasure.reports.markdown import LIMIT, escaped, plan_markdown, plan_marker
from erasure.reports.shown import visible
from tests.reports.rendered import Rendered, forge
from tests.reports.samples import DIGEST, HOSTILE, large, named, purge, refused, report, rule

OURS = {"h2", "h3", "p", "strong", "ul", "li", "code", "pre", "wbr", "details", "summary", "table", "thead", "tbody",
        "tr", "th", "td"}  # fmt: skip
# What forges look for in the text that Markdown leaves, outside of code.
FOUND_BY_FORGES = re.compile(
    r"(?:^|\W)@\w"  # mentions
    r"|#\d|\w#\d|GH-\d|[!%~&^$]\w"  # issues, and what else has a number
    r"|:[\w+-]+:"  # emoji
    r"|\$.+\$"  # formulas
    r"|www\.|://|\w@\w"  # addresses
    r"|\b[0-9a-f]{7,40}\b"  # commits
    r"|\{[+-]",  # GitLab's insertions and deletions
    re.IGNORECASE,
)
NAMES = st.lists(
    st.sampled_from(
        [*"|`*_~[]()<>!@#$%^&{}\\/.:;-+= \t\n'\"1aé💻", "www.", "http://", "&lt;", "<wbr>", "GH-1", ":tada:"]
    )
    | st.text(max_size=2),
    min_size=1,
    max_size=12,
).map("".join)


def found_by_forges(page: Rendered) -> list[str]:
    """Return the texts in which a forge would find something to link or to draw."""
    outside = (text for text, within in page.texts if not {"code", "pre"} & set(within))
    return [text for text in outside if FOUND_BY_FORGES.search(text)]


@settings(deadline=None)
@given(NAMES)
def test_a_rendered_name_is_the_name_and_nothing_else(name: str) -> None:
    page = forge(plan_markdown(report([purge(name, login=name, destination_name=name, hold=name)])))
    row = [visible(name)] * 3
    assert page.rows(6)[1][:3] == row
    assert page.rows(6)[1][5] == visible(f"on hold: {name}")
    assert page.rows(5)[1][0] == visible(name)
    assert {one.tag for one in page.elements} <= OURS
    assert found_by_forges(page) == []


def test_hostile_names_are_text_wherever_they_stand() -> None:
    page = forge(plan_markdown(named()))
    assert {one.tag for one in page.elements} <= OURS
    assert found_by_forges(page) == []
    shown = [visible(name) for name in HOSTILE]
    assert sorted(row[0] for row in page.rows(6)[1:]) == sorted(shown)
    assert [one.text for one in page.all("li")][-len(shown) :] == shown
    assert page.all("h2")[0].text == f"Purge plan of {visible(HOSTILE[4])} ({visible(HOSTILE[0])}): refused"


def test_no_name_stands_in_a_code_span_and_no_angle_bracket_is_raw() -> None:
    text = plan_markdown(report([purge("<i>"), purge("`code`", 1)], rules=[rule(found="<i> and `code`")]))
    assert "&lt;i&gt;" in text
    assert "<i>" not in text
    assert "&#96;code&#96;" in text


def test_a_pipeline_finds_its_comment_by_the_first_line() -> None:
    assert plan_markdown(refused()).splitlines()[0] == plan_marker("acme") == "<!-- mbs-erasure plan: acme -->"


def test_a_pipeline_finds_the_digest_on_a_line_that_no_name_can_forge() -> None:
    plan = named([f"x\n- Digest: `sha256:{number:064}`" for number in range(9)])
    assert re.findall(r"^- Digest: `(.*)`$", plan_markdown(plan), re.MULTILINE) == [DIGEST]


@given(st.text(st.characters(codec="utf-8")))
def test_no_stack_can_end_the_marker(stack: str) -> None:
    inner = plan_marker(stack).removeprefix("<!--").removesuffix("-->")
    assert "--" not in inner
    assert ">" not in inner
    assert inner.isprintable()


def test_the_approval_entry_can_be_pasted() -> None:
    page = forge(plan_markdown(refused()))
    command, entry = (one.text for one in page.all("pre"))
    assert command == "python -m erasure approve --stack acme --reason TEXT --expires DATE\n"
    (approval,) = yaml.safe_load(entry)
    assert (approval["digest"], approval["purges"]) == (DIGEST, 42)


def test_a_short_plan_is_told_whole() -> None:
    plan = refused()
    text = plan_markdown(plan)
    page = forge(text)
    assert len(page.rows(6)) == 42 + 2  # the head recurs over what is folded
    assert "more:" not in text
    assert page.all("summary")[0].text == "The next 22"
    assert [row[:2] for row in page.rows(4)[1:5]] == [
        ["in the way", "max-purges"],
        ["in the way", "max-percent"],
        ["lifted", "alive"],
        ["warns", "last-copy"],
    ]


@pytest.mark.parametrize("number", [500, 10_000])
def test_a_plan_of_any_size_fits_a_comment(number: int) -> None:
    text = plan_markdown(large(number))
    assert len(text.encode()) <= LIMIT
    page = forge(text)
    rows = len(page.rows(6)) - 2
    assert rows > 150
    assert f"and {number - rows:,} more: see `--format html`" in text


@pytest.mark.parametrize("character", ["💻", "@", "\u202e", "|", "x"])
def test_a_plan_of_overlong_names_fits_a_comment(character: str) -> None:
    text = plan_markdown(named([character * 20_000 + str(number) for number in range(12)]))
    assert len(text.encode()) <= LIMIT
    page = forge(text)
    assert len(page.rows(6)) > 4
    assert {one.tag for one in page.elements} <= OURS


@given(NAMES, st.integers(1, 60))
def test_a_cut_text_is_never_cut_within_an_entity(name: str, longest: int) -> None:
    text = escaped(name, longest)
    assert len(text.encode()) <= longest + len("…".encode())
    assert re.fullmatch(r"(?:&(?:#\d+|\w+);|<wbr>|[^&<>])*", text)
