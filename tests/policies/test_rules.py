"""Each rule, at its edges."""

from erasure.configuration import Configuration
from erasure.evidence import Evidence
from erasure.plan import Bound, Plan, Wanted
from mbs.errors import TokenRefused
from policies.rules import Case, Verdict, judge

HERE = "https://api.example"


def bound(computer: str, **marks: object) -> Bound:
    one = Bound(id="", user="u", destination="d", computer=computer, endpoint=HERE, life="1")
    return one.model_copy(update={"id": one.identity.id, **marks})


def verdict(
    has: list[Bound],
    wants: list[str],
    evidence: Evidence | None = None,
    released: tuple[str, ...] = (),
    **settings: object,
) -> Verdict:
    wanted = [Wanted(user="u", destination="d", computer=one) for one in wants]
    plan = Plan({one.identity.id: one for one in wanted}, frozenset(released), {one.id: one for one in has})
    configuration = Configuration.model_validate({"endpoint": HERE, **settings})
    return judge(Case(plan, evidence or Evidence(), configuration))


def rules(judged: Verdict) -> list[str]:
    return [one.rule for one in judged.refusals]


def many(count: int) -> list[Bound]:
    return [bound(f"pc-{number}") for number in range(count)]


def names(count: int) -> list[str]:
    return [f"pc-{number}" for number in range(count)]


def test_without_a_purge_nothing_fires() -> None:
    assert verdict(many(3), names(3)) == Verdict((), ())


def test_one_of_three_may_go_and_two_may_not() -> None:
    assert rules(verdict(many(3), names(2))) == []
    assert rules(verdict(many(3), names(1))) == ["max-percent"]


def test_a_single_purge_is_within_every_percentage() -> None:
    assert rules(verdict(many(2), names(1), maxPurgePercent=0)) == []


def test_max_percent_has_no_hole_for_small_sets() -> None:
    assert rules(verdict(many(4), names(2))) == ["max-percent"]


def test_max_percent_permits_exactly_its_limit() -> None:
    assert rules(verdict(many(10), names(7))) == []
    assert rules(verdict(many(10), names(6))) == ["max-percent"]


def test_max_purges_permits_exactly_its_limit() -> None:
    assert rules(verdict(many(100), names(90))) == []
    assert rules(verdict(many(100), names(89))) == ["max-purges"]


def test_a_limit_of_zero_permits_no_purge() -> None:
    assert rules(verdict(many(100), names(99), maxPurges=0)) == ["max-purges"]


def test_the_last_binding_of_a_stack_is_refused_as_emptied() -> None:
    assert rules(verdict(many(1), [])) == ["emptied"]


def test_what_is_released_is_not_purged() -> None:
    has = many(3)
    assert verdict(has, [], released=tuple(one.id for one in has)) == Verdict((), ())


def test_what_is_adopted_in_the_same_update_does_not_count_as_bound() -> None:
    assert rules(verdict(many(3), ["pc-0", "new-1", "new-2", "new-3", "new-4", "new-5"])) == ["max-percent"]


def test_a_binding_on_hold_is_refused_with_the_reason() -> None:
    judged = verdict([*many(2), bound("held", hold="Litigation 2026-114")], names(2))
    assert rules(judged) == ["hold"]
    assert "Litigation 2026-114" in str(judged.refusals[0])


def test_a_binding_of_another_endpoint_is_refused() -> None:
    judged = verdict([*many(2), bound("other", endpoint="http://127.0.0.1:8787")], names(2))
    assert rules(judged) == ["account"]


def test_a_user_that_the_account_does_not_know_is_refused() -> None:
    assert rules(verdict(many(3), names(2), Evidence(unknown_users=frozenset("u")))) == ["unknown-user"]


def test_an_account_that_cannot_be_read_is_refused() -> None:
    error = TokenRefused("GET", "/api/Users/u/Computers", 401, "denied")
    assert rules(verdict(many(3), names(2), Evidence(unreadable=(error,)))) == ["unreadable"]


def test_a_level_warns_or_switches_off_but_lifts_only_its_own_rule() -> None:
    judged = verdict(many(1), [], rules={"emptied": "warn"})
    assert (rules(judged), [one.rule for one in judged.warnings]) == ([], ["emptied"])
    assert verdict(many(1), [], rules={"emptied": "off"}) == Verdict((), ())
    assert rules(verdict(many(3), [], rules={"emptied": "off"})) == ["max-percent"]


def test_what_a_server_might_take_for_a_wanted_one_is_never_purged() -> None:
    every = dict.fromkeys(Configuration.model_fields["rules"].annotation.__args__[0].__args__, "off")  # type: ignore[union-attr]
    judged = verdict([bound("PC "), *many(5)], ["pc", *names(5)], rules=every)
    assert rules(judged) == ["too-alike"]


def test_every_refusal_names_rule_finding_and_remedy() -> None:
    for one in verdict(many(20), []).refusals:
        rule, _, text = str(one).partition(": ")
        assert rule == one.rule
        assert all(part.strip() for part in text.split("; "))
