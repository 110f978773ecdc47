"""Reports as a comment on a pull request: as raw text, and as a forge would render it."""

import re

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from erasure.reports.markdown import LIMIT, escaped, markdown, plan_marker
from erasure.reports.plan_page import plan_page
from erasure.reports.receipt_page import receipt_page
from erasure.reports.shown import visible
from tests.reports import receipts
from tests.reports.pages import HOSTILE_PAGES, USUAL
from tests.reports.rendered import Rendered, forge
from tests.reports.samples import DIGEST, HOSTILE, large, named, purge, refused, report, rule

OURS = {"h2", "h3", "p", "strong", "ul", "li", "code", "pre", "details", "summary", "table", "thead", "tbody", "tr",
        "th", "td"}  # fmt: skip
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
@example("1. a")
@example("\\|\\\\|`|")
@example("`` ` ```")
@example("say 'a b' (c)`d`: deadbeef")
def test_a_rendered_name_is_the_name_and_nothing_else(name: str) -> None:
    plan = report([purge(name, login=name, destination_name=name, hold=name)], rules=[rule(found=name)])
    page = forge(markdown(plan_page(plan.model_copy(update={"obstacles": (name,)}))))
    row = [visible(name)] * 3
    assert page.rows(6)[1][:3] == row
    assert page.rows(6)[1][5] == visible(f"on hold: {name}")
    assert page.rows(5)[1][0] == page.rows(4)[1][2] == page.all("li")[-1].text == visible(name)
    assert {one.tag for one in page.elements} <= OURS
    assert found_by_forges(page) == []


@pytest.mark.parametrize("kind", HOSTILE_PAGES)
def test_hostile_names_are_text_wherever_they_stand(kind: str) -> None:
    page = forge(markdown(HOSTILE_PAGES[kind]))
    assert {one.tag for one in page.elements} <= OURS
    assert found_by_forges(page) == []
    cells = [one.text for one in page.all("td", "th")]
    assert all(cells.count(visible(name)) >= 3 for name in HOSTILE)


def test_the_title_and_the_lists_of_a_plan_hold_hostile_names_as_they_are() -> None:
    page = forge(markdown(HOSTILE_PAGES["plan"]))
    shown = [visible(name) for name in HOSTILE]
    assert sorted(row[0] for row in page.rows(6)[1:]) == sorted(shown)
    assert [one.text for one in page.all("li")][-len(shown) :] == shown
    assert page.all("h2")[0].text == f"Purge plan of {visible(HOSTILE[4])} ({visible(HOSTILE[0])}): refused"


def test_every_computer_login_and_digest_of_a_plan_is_found_in_the_raw_text() -> None:
    names = enumerate(("PC_01", "a*b [c]", "Zoë's 💻"))
    odd = [purge(name, number, login=f"{name}@acme.example") for number, name in names]
    plan = refused()
    text = markdown(plan_page(plan)) + markdown(plan_page(report(odd)))
    purges = [*plan.purges, *odd]
    wanted = {one.computer for one in purges} | {one.login for one in purges if one.login} | {plan.digest}
    wanted |= {place.computer for place in (*plan.stays, *plan.unlisted)} | {one.computer for one in plan.due_later}
    wanted |= {name for rule in plan.rules for name in re.findall(r"'(.+?)'", rule.found)}
    assert [one for one in wanted if one not in text] == []


def test_every_computer_user_and_digest_of_a_receipt_is_found_in_the_raw_text() -> None:
    made = receipts.mixed()
    text = markdown(receipt_page(made))
    wanted = {text for one in made.purges for text in (one.computer, one.user, one.destination, one.digest or "")}
    wanted |= {one.request for one in made.requests} | {made.ledger.hash, made.ledger.chain}
    wanted |= {who for one in made.purges for who in (one.asked_by, one.approved_by) if who}
    assert [one for one in wanted if one not in text] == []


@pytest.mark.parametrize("kind", USUAL)
def test_no_entity_and_no_element_stands_within_a_usual_report(kind: str) -> None:
    text = re.sub("<!--.*-->|</?(?:details|summary)>", "", markdown(USUAL[kind]))
    assert not re.search(r"[<>]|&#?\w+;", text)


def test_a_pipeline_finds_its_comment_by_the_first_line() -> None:
    assert markdown(USUAL["plan"]).splitlines()[0] == plan_marker("acme") == "<!-- mbs-erasure plan: acme -->"


@pytest.mark.parametrize(
    "template", ["x\n- Digest: `sha256:{:064}`", "Digest: sha256:{:064}", "Digest: `sha256:{:064}`"]
)
def test_a_pipeline_finds_the_digest_on_a_line_that_no_name_can_forge(template: str) -> None:
    plan = named([template.format(number) for number in range(9)])
    assert re.findall(r"^- Digest: `(.*)`\s*$", markdown(plan_page(plan)), re.MULTILINE) == [DIGEST]


@given(st.text(st.characters(codec="utf-8")))
def test_no_stack_can_end_the_marker(stack: str) -> None:
    inner = plan_marker(stack).removeprefix("<!--").removesuffix("-->")
    assert "--" not in inner
    assert ">" not in inner
    assert inner.isprintable()


def test_the_approval_entry_can_be_pasted() -> None:
    page = forge(markdown(USUAL["plan"]))
    command, entry = (one.text for one in page.all("pre"))
    assert command == "python -m erasure approve --stack acme --reason TEXT --expires DATE\n"
    (approval,) = yaml.safe_load(entry)
    assert (approval["digest"], approval["purges"]) == (DIGEST, 42)


def test_a_short_plan_is_told_whole() -> None:
    text = markdown(USUAL["plan"])
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
    text = markdown(plan_page(large(number)))
    assert len(text.encode()) <= LIMIT
    page = forge(text)
    rows = len(page.rows(6)) - 2
    assert rows > 150
    assert f"and {number - rows:,} more: see `--format html`" in text


def test_a_receipt_of_any_size_fits_a_comment() -> None:
    many = receipts.receipt([receipts.purge(f"PC-{number}", "erased") for number in range(10_000)])
    text = markdown(receipt_page(many))
    assert len(text.encode()) <= LIMIT
    assert "more: see `--format html` or `--format json`" in text


@pytest.mark.parametrize("character", ["💻", "@", "\u202e", "|", "x", "`", "` "])
def test_a_plan_of_overlong_names_fits_a_comment(character: str) -> None:
    text = markdown(plan_page(named([character * 20_000 + str(number) for number in range(12)])))
    assert len(text.encode()) <= LIMIT
    page = forge(text)
    assert len(page.rows(6)) > 4
    assert {one.tag for one in page.elements} <= OURS


@given(NAMES.filter(bool), st.integers(1, 60))
def test_a_name_over_its_limit_is_cut_and_still_one_piece_of_code(name: str, longest: int) -> None:
    page = forge(escaped(name, longest))
    (code,) = page.all("code")
    assert code.text == "".join(text for text, _ in page.texts).rstrip("\n")
    assert len(code.text.encode()) <= longest + len("…".encode())
    assert visible(name).startswith(code.text.removesuffix("…")) or "⟨" in code.text
