"""Whether what is planned is what was reviewed."""

import pytest

from ci.reviewed import FoundPlan, purges_listed, was_reviewed
from erasure.judged import JudgedPlan, PlannedPurge

DIGEST = "sha256:" + "a" * 64
OTHER = "sha256:" + "b" * 64


def planned(*computers: str, owed: tuple[str, ...] = ()) -> JudgedPlan:
    purges = tuple(
        PlannedPurge(
            id=f"u/d/{name}", user="u", destination="d", destination_name="Vault", computer=name, life="1", hold=None,
            is_owed=name in owed, is_listed=True, is_running=False, last_backup=None, stored_bytes=None, other_copies=0,
        )
        for name in computers
    )  # fmt: skip
    return JudgedPlan(
        stack="acme", customer=None, endpoint="https://x", dry_run=True, is_permitted=True, wanted=1, bound=1,
        digest=DIGEST, purges=purges, releases=(), adoptions=(), rules=(), obstacles=(), objections=(), users=(),
    )  # fmt: skip


def comment(digest: str) -> str:
    return f"<!-- mbs-erasure plan: acme -->\n## Plan\n- Digest: `{digest}`\n\n| a | b |\n"


def test_a_plan_without_purges_needs_no_review() -> None:
    assert was_reviewed(planned(), "", "") is FoundPlan.NOTHING


def test_a_plan_is_reviewed_where_the_comment_shows_its_digest() -> None:
    assert was_reviewed(planned("A"), comment(DIGEST), "") is FoundPlan.SHOWN
    assert was_reviewed(planned("A"), comment(DIGEST).replace("\n", "\r\n"), "") is FoundPlan.SHOWN


@pytest.mark.parametrize(
    "shown",
    [
        "",
        comment(OTHER),
        DIGEST,
        f"- Approval of {DIGEST} has expired",
        f"| - Digest: `{DIGEST}` |",
        f"- Digest: {DIGEST}",
    ],
)
def test_another_comment_is_no_review_whatever_it_mentions(shown: str) -> None:
    assert was_reviewed(planned("A"), shown, OTHER) is FoundPlan.OTHER


def test_a_person_may_ask_for_exactly_this_set_by_its_digest() -> None:
    assert was_reviewed(planned("A"), comment(OTHER), DIGEST) is FoundPlan.ASKED_FOR


def test_what_a_reviewed_update_began_goes_on_but_takes_nothing_along() -> None:
    assert was_reviewed(planned("A", "B", owed=("A", "B")), comment(OTHER), "") is FoundPlan.BEGUN
    assert was_reviewed(planned("A", "B", owed=("A",)), comment(OTHER), "") is FoundPlan.OTHER


def test_every_finding_is_a_sentence_and_a_refusal_says_what_to_do() -> None:
    plan = planned("A", "B")
    said = {one: one.sentence(plan) for one in FoundPlan}
    assert len(set(said.values())) == len(FoundPlan)
    assert f"with the digest `{DIGEST}`" in said[FoundPlan.OTHER]
    assert "2 purges of acme" in said[FoundPlan.OTHER]


def test_the_list_is_cut_and_its_names_are_no_markup() -> None:
    assert purges_listed(planned("<b>@dana")) == "- `<b>@dana` of user `u` on `Vault`"
    assert purges_listed(planned(*(f"C{number}" for number in range(60)))).endswith(
        "- and 10 more: `python -m erasure plan` lists them all"
    )
