"""What every rendering of a report tells, and in which order."""

import datetime

import pytest

from erasure.ledger import Verdict
from erasure.reports.page import Page
from erasure.reports.plan import notes, riskiest_first
from erasure.reports.plan_page import labels, plan_page
from erasure.reports.receipt import Closed
from erasure.reports.receipt_page import receipt_page
from erasure.reports.verification import standing, verification_page
from tests.reports import receipts
from tests.reports.pages import USUAL, owed, verification, verified
from tests.reports.receipts import receipt
from tests.reports.samples import NOW, purge, refused, report, rule

DAY = datetime.timedelta(days=1)


def tables(page: Page) -> dict[str, list[str]]:
    """Return the tables of a page by their titles, each row as its first cell."""
    return {section.title: [row[0].text for row in section.rows] for section in page.sections if section.rows}


def test_what_looks_like_a_mistake_comes_first_then_the_largest() -> None:
    names = [
        purge("small", stored_bytes=1),
        purge("gone", stored_bytes=9, is_listed=False, other_copies=0),
        purge("large", stored_bytes=8),
        purge("unknown", stored_bytes=None),
        purge("last", stored_bytes=1, other_copies=0),
        purge("running", is_running=True),
        purge("held", hold="Litigation"),
    ]
    order = ["held", "running", "last", "unknown", "large", "small", "gone"]
    assert [one.computer for one in riskiest_first(names)] == order
    assert tables(plan_page(report(names)))["Purges"] == order


def test_a_user_is_called_by_the_login_and_by_the_id_as_well_where_two_share_one() -> None:
    one, two, three = purge("A", 1, login="x"), purge("B", 2, login="X"), purge("C", 3, login=None)
    user = labels((each.user, each.login) for each in (one, two, three, purge("D", 4)))
    assert user(one.user) == f"x ({one.user})"
    assert user(two.user) == f"X ({two.user})"
    assert user(three.user) == three.user
    assert user(purge("D", 4).user.upper()) == "user4@acme.example"
    assert user("nobody") == "nobody"


def test_a_plan_says_in_a_sentence_what_it_is_and_what_comes_next() -> None:
    nothing = plan_page(report())
    assert (nothing.lead, nothing.next_step) == ("Nothing would be purged.", "")
    assert plan_page(report(outcome="refused", obstacles=["too-alike: a"])).lead == "This update cannot run."
    permitted = plan_page(report([purge(stored_bytes=None)]))
    assert permitted.lead == ("1 purge would destroy backup data of 1 computer of 1 user for good: of unknown size.")
    assert "nobody can undo it" in permitted.next_step
    assert "at most 4.8 TB, and 1 computer of unknown size" in USUAL["plan"].lead
    assert "until these purges are approved" in USUAL["plan"].next_step
    assert "No approval lifts this" in plan_page(report([purge()], outcome="refused")).next_step


def test_rules_say_what_they_mean_for_the_update_and_what_to_do() -> None:
    fired = [
        rule("last-copy", "warn", is_in_the_way=False),
        rule("moved", "off", is_in_the_way=False),
        rule("alive", is_lifted=True, is_in_the_way=False),
        rule("hold", "refuse", remedy="lift it"),
        rule(remedy="drop fewer"),
    ]
    found = plan_page(report([purge()], rules=fired)).sections[0].findings
    assert [(fired.rule, state) for state, _, fired in found] == [
        ("hold", "in the way"),
        ("max-purges", "in the way"),
        ("alive", "lifted"),
        ("last-copy", "warns"),
        ("moved", "off"),
    ]
    assert found[0][2].advice == "lift it"
    assert found[1][2].advice == "approve these purges (`python -m erasure approve`), or drop fewer"
    assert found[2][2].advice == "an approval of exactly these purges lifts it"


def test_every_part_of_a_plan_has_its_section_and_an_empty_part_has_none() -> None:
    assert [section.title for section in USUAL["plan"].sections] == [
        "Rules that fired",
        "Approvals that do not count here",
        "Approval",
        "Purges",
        "Stored data by user",
        "Users concerned",
        "Destinations concerned",
        "Due later",
        "What stays",
        "Not in this inventory",
        "Adopted",
        "Released",
    ]
    assert plan_page(report()).sections == ()


def test_a_purge_tells_what_a_reviewer_should_know() -> None:
    assert {note for one in refused().purges for note in notes(one)} == {
        "last copy",
        "backing up now",
        "already gone, nothing is sent",
        "on hold: Litigation 2026-114",
        "begun before",
        "due since 2026-11-20",
    }
    assert notes(purge(is_listed=None)) == ["the account cannot tell"]


@pytest.mark.parametrize(
    ("selection", "name"),
    [
        ({}, "Acme Dental"),
        ({"request": "DSR-1"}, "Request DSR-1, Acme Dental"),
        ({"request": "DSR-1", "customer": "Acme Dental"}, "Request DSR-1, Acme Dental"),
    ],
)
def test_a_receipt_is_called_by_what_it_is_about(selection: dict[str, str], name: str) -> None:
    nothing = {"customer": None, "request": None, "since": None}
    whole = receipt_page(receipt([receipts.purge("PC", "erased")], selection=nothing | selection))
    assert (whole.name, whole.title) == (name, f"Erasure receipt of {name}")
    several = [receipts.purge("PC", "erased"), receipts.purge("PC-2", "erased", customer="Northwind Law")]
    assert receipt_page(receipt(several, selection=nothing)).name == "Stack acme"
    assert receipt_page(receipt(several, selection=nothing | {"request": "DSR-1"})).name == "Request DSR-1"


@pytest.mark.parametrize(
    ("verdicts", "word"),
    [
        (["erased", "erased"], "erased"),
        (["erased", "unknown"], "open"),
        (["erased", "overdue"], "in doubt"),
        (["returned"], "in doubt"),
        (["contradicted", "pending"], "in doubt"),
        ([], "nothing"),
    ],
)
def test_how_purges_stand_is_said_in_a_word(verdicts: list[str], word: str) -> None:
    assert standing(map(Verdict, verdicts))[0] == word


def test_what_is_not_erased_comes_first_in_a_receipt() -> None:
    order = ["FRONT-DESK", "OLD-SERVER", "XRAY-ARCHIVE", "CHARLIE-LAPTOP", "RECEPTION-01"]
    assert tables(USUAL["receipt"])["Purges"] == order


def test_a_verification_lists_what_is_not_erased_the_worst_first() -> None:
    order = ["returned", "contradicted", "overdue", "unknown", "absent", "delisted", "pending"]
    assert tables(USUAL["verification"]) == {"Not erased": order}
    done = verification(verified("P", "pending"), verified("E", "erased"), verified("R", "returned"))
    page = verification_page(done)
    assert (page.lead, page.standing[0]) == ("3 purges: 1 erased, 1 pending, 1 returned.", "in doubt")
    assert tables(page) == {"Not erased": ["returned", "pending"]}


def test_a_verification_without_anything_open_says_so_and_lists_nothing() -> None:
    nothing, erased = verification_page(verification()), verification_page(verification(verified("E", "erased")))
    assert (nothing.lead, nothing.standing[0], nothing.sections) == ("0 purges: none was asked for.", "nothing", ())
    assert (erased.lead, erased.standing[0], erased.sections) == ("1 purge: 1 erased.", "erased", ())


def test_what_is_owed_is_listed_with_its_age_and_reason() -> None:
    old = {"permitted_at": NOW - 59 * DAY, "deadline": NOW - 58 * DAY, "because": "refused: answered 400"}
    done = verification(verified("E", "erased")).model_copy(update={"owed": (owed("NEW"), owed("OLD", **old))})
    page = verification_page(done)
    assert (page.lead, page.standing) == ("3 purges: 1 erased, 2 owed.", ("in doubt", "bad"))
    (section,) = page.sections
    shown = [[cell.text for cell in (row[0], *row[-2:])] for row in section.rows]
    assert shown == [
        ["OLD", "60 days, past the deadline", "refused: answered 400"],
        ["NEW", "1 hour", "no call was sent"],
    ]
    fresh = verification_page(done.model_copy(update={"owed": (owed("NEW"),)}))
    assert fresh.standing == ("open", "warn")
    assert "owed" not in verification(verified("E", "erased")).text(), "the form of version 1 is as it was"


def test_what_is_owed_is_late_from_its_deadlines_on() -> None:
    one = owed("PC")
    assert not one.is_late(one.deadline - DAY / 1000)
    assert one.is_late(one.deadline)
    one = owed("PC", due=NOW.date() + DAY)
    at_midnight = datetime.datetime.combine(NOW.date() + 2 * DAY, datetime.time(), datetime.UTC)
    assert not one.is_late(at_midnight - DAY / 1000)
    assert one.is_late(at_midnight)


def test_what_a_person_closed_says_so_and_stands_no_more() -> None:
    end = Closed(at=NOW, by="dana@msp.example", reason="Disk shredded")
    page = verification_page(verification(verified("O", "overdue", closed=end)))
    assert (page.lead, page.standing) == ("1 purge: 1 overdue.", ("nothing", "good"))
    because = page.sections[0].rows[0][-1].text
    assert because == "so the account says; closed by dana@msp.example: Disk shredded"
