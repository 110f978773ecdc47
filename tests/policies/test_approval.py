"""What an approval lifts, and what it does not."""

import datetime

import pytest

from erasure.files.approvals import Approval
from erasure.ledger import Life
from erasure.plan import Bound, purges_digest
from tests.policies.cases import HERE, NOW, bound, many, names, refusals, ruling

TODAY = NOW.date()


def approval(
    purges: list[Bound], *, stack: str = "acme", endpoint: str = HERE, expires: int = 0, says: int = 0
) -> Approval:
    return Approval(
        digest=purges_digest(endpoint, stack, purges),
        purges=says or len(purges),
        reason="Contract ended",
        approved_by="dana@msp.example",
        expires=TODAY + datetime.timedelta(days=expires),
    )


def test_an_approval_of_exactly_these_purges_lifts_what_asks_for_one() -> None:
    has = many(20)
    assert refusals(ruling(has, [])) == ["max-purges", "max-percent", "emptied"]
    judged = ruling(has, [], approvals=[approval(has)])
    assert refusals(judged) == []
    assert judged.approval is not None
    assert judged.objections == ()
    assert all(one.is_lifted for one in judged.fired)


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (approval(many(2)[1:], expires=-1), "expired on 2026-11-23"),
        (approval(many(3)[1:]), "of another set: 2 purges, not these 1"),
        (approval(many(2)[:1]), "of another set of 1"),
        (approval(many(2)[1:], stack="globex"), "of another set of 1"),
        (approval(many(2)[1:], endpoint="http://127.0.0.1:1"), "of another set of 1"),
        (approval([many(2)[1].model_copy(update={"life": "earlier"})]), "of another set of 1"),
        (approval(many(2)[1:], says=2), "says 2 purges, and there are 1"),
    ],
    ids=["expired", "larger", "other", "stack", "endpoint", "life", "count"],
)
def test_any_other_approval_lifts_nothing_and_says_why(given: Approval, why: str) -> None:
    judged = ruling(many(2), names(1), approvals=[given], settings={"maxPurges": 0})
    assert refusals(judged) == ["max-purges"]
    assert judged.approval is None
    assert len(judged.objections) == 1
    assert why in judged.objections[0]


def test_where_nothing_is_purged_no_approval_is_objected_to() -> None:
    judged = ruling(many(2), names(2), approvals=[approval(many(1))])
    assert (judged.approval, judged.objections) == (None, ())


def test_an_approval_holds_to_the_end_of_its_last_day() -> None:
    assert refusals(ruling(many(2), [], approvals=[approval(many(2), expires=0)])) == []


@pytest.mark.parametrize("rule", ["hold", "moved", "account", "unreadable", "ledger"])
def test_an_approval_does_not_lift_what_nothing_lifts(rule: str) -> None:
    has = [*many(2), bound("one more", **({"hold": "x"} if rule == "hold" else {}))]
    if rule == "account":
        has[2] = has[2].model_copy(update={"endpoint": "http://127.0.0.1:1"})
    more: dict[str, object] = {}
    if rule == "moved":
        more = {"unreadable": ["x"]}
    if rule == "ledger":
        more = {"ledger_problem": "x"}
    settings = {"rules": {"unknown-user": "refuse"}}
    judged = ruling(has, names(2), approvals=[approval(has[2:])], settings=settings, **more)
    assert refusals(judged) == ([] if rule == "unreadable" else [rule])


def test_an_approval_does_not_lift_a_rule_that_this_stack_refuses() -> None:
    judged = ruling(many(2), [], approvals=[approval(many(2))], settings={"rules": {"emptied": "refuse"}})
    assert refusals(judged) == ["emptied"]


def test_what_was_begun_under_an_approval_stays_approved_and_only_the_rest_is_judged() -> None:
    has = many(20)
    begun = {one.life: Life(intended_at=NOW, intention={"approval": "sha256:x"}) for one in has[:15]}
    assert refusals(ruling(has, names(20)[15:], lives=begun)) == []
    assert refusals(ruling(has, names(20)[16:], lives=begun)) == []
    assert refusals(ruling(has, names(20)[17:], lives=begun, settings={"maxPurges": 1})) == ["max-purges"]


def test_what_was_begun_without_an_approval_is_judged_again() -> None:
    begun = {one.life: Life(intended_at=NOW) for one in many(3)}
    assert refusals(ruling(many(3), names(1), lives=begun)) == ["max-percent"]


def test_a_digest_does_not_depend_on_the_order() -> None:
    assert purges_digest(HERE, "acme", many(3)) == purges_digest(HERE, "acme", many(3)[::-1])
