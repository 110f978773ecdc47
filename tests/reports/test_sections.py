"""What every rendering tells, and in which order."""

from erasure.reports import sections
from erasure.reports.plan import notes, riskiest_first
from tests.reports.samples import COLD, purge, refused, report, rule


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
    found = [one.computer for one in riskiest_first(names)]
    assert found == ["held", "running", "last", "unknown", "large", "small", "gone"]


def test_a_user_is_called_by_the_login_and_by_the_id_as_well_where_two_share_one() -> None:
    one, two, three = purge("A", 1, login="x"), purge("B", 2, login="X"), purge("C", 3, login=None)
    labels = sections.Labels(report([one, two, three, purge("D", 4)]))
    assert labels.user(one.user) == f"x ({one.user})"
    assert labels.user(two.user) == f"X ({two.user})"
    assert labels.user(three.user) == three.user
    assert labels.user(purge("D", 4).user.upper()) == "user4@acme.example"
    assert (labels.user("nobody"), labels.destination(COLD)) == ("nobody", COLD)


def test_a_plan_says_in_a_sentence_what_it_is_and_what_comes_next() -> None:
    nothing, stuck = report(), report(outcome="refused", obstacles=["too-alike: a"])
    assert (sections.lead(nothing), sections.next_step(nothing)) == ("Nothing would be purged.", "")
    assert sections.lead(stuck) == "This update cannot run."
    permitted = report([purge(stored_bytes=None)])
    assert sections.lead(permitted) == (
        "1 purge would destroy backup data of 1 computer of 1 user for good: of unknown size."
    )
    assert "nobody can undo it" in sections.next_step(permitted)
    assert "at most 4.8 TB, and 1 computer of unknown size" in sections.lead(refused())
    assert "until these purges are approved" in sections.next_step(refused())
    assert "No approval lifts this" in sections.next_step(report([purge()], outcome="refused"))


def test_rules_say_what_they_mean_for_the_update_and_what_to_do() -> None:
    fired = [
        rule("last-copy", "warn", is_in_the_way=False),
        rule("moved", "off", is_in_the_way=False),
        rule("alive", is_lifted=True, is_in_the_way=False),
        rule("hold", "refuse", remedy="lift it"),
        rule(remedy="drop fewer"),
    ]
    told = [(one.rule, sections.state(one), one.advice) for one in sections.rules(report([purge()], rules=fired))]
    assert [one[:2] for one in told] == [
        ("hold", "in the way"),
        ("max-purges", "in the way"),
        ("alive", "lifted"),
        ("last-copy", "warns"),
        ("moved", "off"),
    ]
    assert told[0][2] == "lift it"
    assert told[1][2] == "approve these purges (`python -m erasure approve`), or drop fewer"
    assert told[2][2] == "an approval of exactly these purges lifts it"


def test_every_part_of_a_plan_has_its_section_and_an_empty_part_has_none() -> None:
    assert [one.title for one in sections.other_sections(refused())] == [
        "Users concerned",
        "Destinations concerned",
        "Due later",
        "What stays",
        "Not in this inventory",
        "Adopted",
        "Released",
    ]
    assert sections.other_sections(report()) == []


def test_a_purge_tells_what_a_reviewer_should_know() -> None:
    found = {note for one in refused().purges for note in notes(one)}
    assert found == {
        "last copy",
        "backing up now",
        "already gone, nothing is sent",
        "on hold: Litigation 2026-114",
        "begun before",
        "due since 2026-11-20",
    }
    assert notes(purge(is_listed=None)) == ["the account cannot tell"]
