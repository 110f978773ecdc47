"""Each rule, at its edges."""

import dataclasses
import datetime
from typing import Any

import pytest

from erasure.evidence import Evidence
from erasure.ledger import Life
from erasure.reports.shown import counted
from mbs.errors import TokenRefused
from policies.judge import Ruling
from policies.rules import unjudged
from tests.policies.cases import (
    EVERY_RULE,
    HERE,
    NOW,
    bound,
    case,
    elsewhere,
    entry,
    evidence,
    many,
    names,
    refusals,
    ruling,
    unreadable,
    warnings,
)

DAY = datetime.timedelta(days=1)


def is_silent(judged: Ruling) -> bool:
    return judged.refusals == () and judged.warnings == ()


def test_without_a_purge_nothing_fires() -> None:
    assert is_silent(ruling(many(3), names(3)))


def test_one_of_three_may_go_and_two_may_not() -> None:
    assert refusals(ruling(many(3), names(2))) == []
    assert refusals(ruling(many(3), names(1))) == ["max-percent"]


def test_a_single_purge_is_within_every_percentage() -> None:
    assert refusals(ruling(many(2), names(1), settings={"maxPurgePercent": 0})) == []


def test_max_percent_has_no_hole_for_small_sets() -> None:
    assert refusals(ruling(many(4), names(2))) == ["max-percent"]


def test_max_percent_permits_exactly_its_limit() -> None:
    assert refusals(ruling(many(10), names(7))) == []
    assert refusals(ruling(many(10), names(6))) == ["max-percent"]


def test_max_purges_permits_exactly_its_limit() -> None:
    assert refusals(ruling(many(100), names(90))) == []
    assert refusals(ruling(many(100), names(89))) == ["max-purges"]


def test_a_limit_of_zero_permits_no_purge() -> None:
    assert refusals(ruling(many(100), names(99), settings={"maxPurges": 0})) == ["max-purges"]


def test_purges_of_the_last_day_count_into_the_limits() -> None:
    nine = {f"earlier {number}": 0 for number in range(9)}
    assert refusals(ruling(many(100), names(99), recent=nine)) == []
    assert refusals(ruling(many(100), names(98), recent=nine)) == ["max-purges"]
    one = {"earlier": 0}
    assert refusals(ruling(many(2), names(1), recent=one)) == ["max-percent"]


def test_a_purge_that_was_accepted_and_is_owed_counts_once() -> None:
    has = many(20)
    owed = {one.life: 0 for one in has[10:]}
    settings = {"maxPurgePercent": 100}
    assert refusals(ruling(has, names(10), recent=owed, settings=settings)) == []


def test_the_last_binding_of_a_stack_is_refused_as_emptied() -> None:
    assert refusals(ruling(many(1), [])) == ["emptied"]


def test_what_is_adopted_in_the_same_update_does_not_count_as_bound() -> None:
    assert refusals(ruling(many(3), ["PC-0", "new-1", "new-2", "new-3", "new-4", "new-5"])) == ["max-percent"]


def test_bytes_beyond_the_limit_are_refused_and_what_cannot_be_attributed_counts_in_full() -> None:
    has = many(10)
    dropped = has[8:]
    stored = {"pc-8": 100, "pc-9": 50, None: 10, "pc-1": 1000}
    found = evidence(dropped, stored=stored)
    assert refusals(ruling(has, names(8), evidence=found, settings={"maxPurgeBytes": 160})) == []
    assert refusals(ruling(has, names(8), evidence=found, settings={"maxPurgeBytes": 159})) == ["max-bytes"]
    assert refusals(ruling(has, names(8), evidence=found)) == []
    earlier = {"earlier": 1}
    judged = ruling(has, names(8), evidence=found, settings={"maxPurgeBytes": 160}, recent=earlier)
    assert refusals(judged) == ["max-bytes"]


@pytest.mark.parametrize(
    ("stored", "fires"),
    [({}, True), ({"pc-1": 7}, True), ({"pc-9": 7}, False), ({"pc-9": 0}, False), ({None: 7}, False), (None, False)],
)
def test_a_size_that_is_not_told_is_not_within_a_limit(stored: dict[str | None, int] | None, fires: bool) -> None:
    has = many(10)
    found = evidence(has[9:], stored=stored)
    judged = ruling(has, names(9), evidence=found, settings={"maxPurgeBytes": 100})
    assert refusals(judged) == (["max-bytes"] if fires else [])
    assert is_silent(ruling(has, names(9), evidence=found)), "where no limit asks"


def test_two_copies_of_one_computer_count_its_bytes_once() -> None:
    has = [bound("PC", "d1"), bound("PC", "d2")]
    identities = [one.identity for one in has]
    assert evidence(has, stored={"pc": 100}).stored_bytes(identities) == 100


@pytest.mark.parametrize(
    ("about", "fires"),
    [
        ({"not_after": NOW - 6 * DAY}, True),
        ({"not_after": NOW - 7 * DAY + datetime.timedelta(seconds=1)}, True),
        ({"not_after": NOW - 7 * DAY}, False),
        ({"not_after": NOW + DAY}, True),
        ({"is_running": True}, True),
        ({"is_running": None}, True),
        ({"is_running": True, "not_after": NOW - 90 * DAY}, True),
        ({}, False),
    ],
)
def test_a_computer_that_backed_up_lately_or_is_running_is_alive(about: dict[str, Any], fires: bool) -> None:
    has = many(3)
    judged = ruling(has, names(2), evidence=evidence(has[2:], **about))
    assert refusals(judged) == (["alive"] if fires else [])


@pytest.mark.parametrize(
    ("about", "words"),
    [
        ({"is_running": True, "not_before": NOW, "not_after": NOW}, "(running now)"),
        ({"is_running": None, "not_before": NOW, "not_after": NOW}, "(whether it is running is not told)"),
        ({"not_before": NOW, "not_after": NOW}, "(last on 2026-11-24)"),
        ({"not_after": NOW}, "(at a time that is not told)"),
    ],
)
def test_a_computer_that_is_alive_is_told_with_what_is_known_of_its_backup(about: dict[str, Any], words: str) -> None:
    has = many(3)
    (alive,) = ruling(has, names(2), evidence=evidence(has[2:], **about)).refusals
    assert words in str(alive)


def test_billing_that_fails_is_unreadable_where_a_limit_in_bytes_counts() -> None:
    has = many(3)
    error = TokenRefused("PUT", "/api/Billing/Details", 401, "denied")
    found = Evidence({"u": dataclasses.replace(evidence(has[2:]).of_user("u"), billing_error=error)})
    limit = {"maxPurgeBytes": 100}
    assert refusals(ruling(has, names(2), evidence=found, settings=limit)) == ["unreadable"]
    assert is_silent(ruling(has, names(2), evidence=found))
    assert is_silent(ruling(has, names(2), evidence=found, settings=limit | {"rules": {"max-bytes": "off"}}))


def test_of_a_purge_that_could_not_be_told_apart_no_copies_are_known() -> None:
    has = many(3)
    found = Evidence({"u": dataclasses.replace(evidence(has[2:]).of_user("u"), observations={})})
    assert case(has, names(2), evidence=found).copies_left == {}


@pytest.mark.parametrize(("readopt", "fires"), [(None, True), ("Contract renewed", False)])
def test_what_came_back_is_adopted_again_only_with_a_reason(readopt: str | None, fires: bool) -> None:
    judged = ruling([], [], wanted=[entry("PC", readopt=readopt)], returned=frozenset([entry("PC").identity.id]))
    assert refusals(judged) == (["returned"] if fires else [])


def test_quiet_days_are_configured() -> None:
    has = many(3)
    found = evidence(has[2:], not_after=NOW - 2 * DAY)
    assert refusals(ruling(has, names(2), evidence=found, settings={"quietDays": 2})) == []
    assert refusals(ruling(has, names(2), evidence=found, settings={"quietDays": 3})) == ["alive"]


def test_the_last_copy_of_a_computer_warns() -> None:
    has = many(3)
    assert warnings(ruling(has, names(2), evidence=evidence(has[2:], copies=()))) == ["last-copy"]
    assert warnings(ruling(has, names(2), evidence=evidence(has[2:], copies=["other"]))) == []


def test_copies_that_are_purged_together_are_no_copies_of_each_other() -> None:
    has = [*many(8), bound("PC", "d1"), bound("PC", "d2")]
    assert warnings(ruling(has, names(8), evidence=evidence(has[8:], copies=()))) == ["last-copy"]
    assert warnings(ruling(has, names(8), evidence=evidence(has[8:], copies=["d3"]))) == []


def test_a_day_that_nobody_knows_is_no_empty_one_whatever_the_level_of_the_ledger() -> None:
    problem = "it cannot be read"
    judged = ruling(many(100), names(99), recent=None, ledger_problem=problem, settings={"rules": {"ledger": "warn"}})
    assert refusals(judged) == ["max-purges", "max-percent", "hold"]
    assert "nobody knows what was purged in the last 24 hours" in judged.refusals[0].finding
    every = {"rules": {"ledger": "off"}, "maxPurgeBytes": 10**9}
    assert "max-bytes" in refusals(ruling(many(100), names(99), recent=None, ledger_problem=problem, settings=every))
    assert refusals(ruling(many(100), names(99), recent=None, ledger_problem=problem)) == ["ledger"], "said once"
    assert refusals(ruling(many(100), names(100), recent=None, settings=every)) == []


@pytest.mark.parametrize(
    ("rule", "more"), [("not-shown", {"not_shown": "nobody saw it"}), ("watch", {"is_watched": True})]
)
def test_what_nobody_was_shown_is_not_purged_whatever_the_levels(rule: str, more: dict[str, Any]) -> None:
    assert refusals(ruling(many(100), names(99), **more)) == [rule]
    assert refusals(ruling(many(100), names(100), **more)) == []


def test_what_could_not_be_judged_is_said_whatever_the_levels() -> None:
    blind = unreadable(TokenRefused("GET", "/api/Users/u/Computers", 401, "denied"))
    off = {"rules": {"unreadable": "off", "ledger": "off"}}
    assert unjudged(case(many(2), names(1), evidence=blind, settings=off)) == {"alive", "last-copy", "unknown-user"}
    limited = {**off, "maxPurgeBytes": 1}
    assert "max-bytes" in unjudged(case(many(2), names(1), evidence=blind, settings=limited))
    unread = case(many(2), names(1), recent=None, settings=off)
    assert unjudged(unread) == {"max-purges", "max-percent", "hold"}
    assert unjudged(case(many(2), names(1))) == set()


def test_a_rule_that_fires_on_what_was_approved_before_fires_on_all_the_same() -> None:
    has, begun = many(3), {"life of PC-2": Life(intention={"approval": "sha256:x"}, intended_at=NOW)}
    judged = ruling(has, names(1), lives=begun, settings={"maxPurges": 1})
    assert refusals(judged) == []
    assert judged.fired_on_all == {"max-purges", "max-percent"}
    warned = {"maxPurges": 0, "rules": {"max-purges": "warn"}}
    assert ruling(many(100), names(99), settings=warned).fired_on_all == {"max-purges"}


def test_what_another_stack_has_on_hold_is_not_purged() -> None:
    judged = ruling(many(100), names(99), holds={bound("PC-99").id: "Litigation, by globex"})
    assert refusals(judged) == ["hold"]
    assert "(Litigation, by globex) on hold; lift the hold in the stack that has it" in str(judged.refusals[0])


def test_what_is_not_listed_any_more_is_neither_alive_nor_a_last_copy() -> None:
    has = many(3)
    gone = evidence(has[2:], is_listed=False, is_running=True, copies=())
    assert is_silent(ruling(has, names(2), evidence=gone))


def test_a_binding_on_hold_is_refused_with_the_reason() -> None:
    judged = ruling([*many(2), bound("held", hold="Litigation 2026-114")], names(2))
    assert refusals(judged) == ["hold"]
    assert "Litigation 2026-114" in str(judged.refusals[0])


def test_a_hold_that_only_the_ledger_has_seen_is_refused() -> None:
    lives = {"life of PC-2": Life(hold="Litigation")}
    assert refusals(ruling(many(3), names(2), lives=lives)) == ["hold"]


def test_a_held_binding_is_not_released_either() -> None:
    has = [*many(2), bound("held", hold="Litigation")]
    assert refusals(ruling(has, names(2), released=[has[2].computer])) == ["hold"]


@pytest.mark.parametrize("mark", ["protect", "retain"])
def test_a_binding_that_the_engine_would_not_delete_is_refused(mark: str) -> None:
    assert refusals(ruling([*many(2), bound("marked").model_copy(update={mark: True})], names(2))) == ["hold"]


def test_what_is_released_is_not_purged() -> None:
    has = many(3)
    assert is_silent(ruling(has, [], released=[one.computer for one in has]))


def test_what_another_inventory_wants_is_refused_with_the_file() -> None:
    judged = ruling(many(3), names(2), elsewhere=[elsewhere("pc-2")])
    assert refusals(judged) == ["moved"]
    assert "inventory/globex.yaml" in str(judged.refusals[0])


def test_an_unreadable_neighbour_is_refused() -> None:
    broken = ["inventory/globex.yaml:3: not YAML"]
    assert refusals(ruling(many(3), names(2), unreadable=broken)) == ["moved"]
    assert is_silent(ruling(many(3), names(3), unreadable=broken))


def test_a_binding_of_another_endpoint_is_refused() -> None:
    assert refusals(ruling([*many(2), bound("other", endpoint="http://127.0.0.1:8787")], names(2))) == ["account"]


def test_a_user_that_the_account_does_not_know_is_refused() -> None:
    has = many(3)
    unknown = evidence(has[2:], is_known=False, user="U")
    assert refusals(ruling(has, names(2), evidence=unknown)) == ["unknown-user"]


def test_an_account_that_cannot_be_read_is_refused() -> None:
    error = TokenRefused("GET", "/api/Users/u/Computers", 401, "denied")
    assert refusals(ruling(many(3), names(2), evidence=unreadable(error))) == ["unreadable"]
    assert refusals(ruling(many(3), names(3), evidence=unreadable(error))) == ["unreadable"]


def test_a_ledger_that_cannot_be_written_is_refused() -> None:
    assert refusals(ruling(many(3), names(2), ledger_problem="the disk is full")) == ["ledger"]
    assert is_silent(ruling(many(3), names(3), ledger_problem="the disk is full"))


def test_a_level_warns_or_switches_off_but_lifts_only_its_own_rule() -> None:
    judged = ruling(many(1), [], settings={"rules": {"emptied": "warn"}})
    assert (refusals(judged), warnings(judged)) == ([], ["emptied"])
    assert is_silent(ruling(many(1), [], settings={"rules": {"emptied": "off"}}))
    assert refusals(ruling(many(3), [], settings={"rules": {"emptied": "off"}})) == ["max-percent"]


@pytest.mark.parametrize("level", ["off", "warn", "approve"])
@pytest.mark.parametrize("where", ["here", "elsewhere"])
def test_what_a_server_might_take_for_a_wanted_one_is_never_purged(level: str, where: str) -> None:
    settings = {"rules": dict.fromkeys(EVERY_RULE, level)}
    has = [bound("PC "), *many(5)]
    if where == "here":
        judged = ruling(has, ["pc", *names(5)], settings=settings)
    else:
        judged = ruling(has, names(5), settings=settings, elsewhere=[elsewhere("PC ")])
    assert "too-alike" in refusals(judged)


def test_every_refusal_names_rule_finding_and_remedy() -> None:
    has = [*many(20), bound("held", hold="x"), bound("foreign", endpoint="http://127.0.0.1:1")]
    told = ruling(has, [], ledger_problem="gone", unreadable=["x"], elsewhere=[elsewhere("PC-1")]).refusals
    assert {one.rule for one in told} >= {"max-purges", "max-percent", "emptied", "hold", "moved", "account", "ledger"}
    for one in told:
        rule, _, text = str(one).partition(": ")
        assert rule == one.rule
        assert all(part.strip() for part in text.split("; "))


def test_what_fired_is_known_at_every_level() -> None:
    judged = ruling(many(3), names(1), settings={"rules": {"max-percent": "off"}})
    assert is_silent(judged)
    assert [one.rule for one in judged.fired] == ["max-percent"]


def test_the_endpoint_of_a_case_is_the_configured_one() -> None:
    assert case(many(1), names(1)).configuration.endpoint == HERE


def test_bytes_of_a_purge_that_was_accepted_and_is_owed_count_once() -> None:
    has = many(10)
    found = evidence(has[9:], stored={"pc-9": 100})
    owed = {has[9].life: 100}
    assert refusals(ruling(has, names(9), evidence=found, settings={"maxPurgeBytes": 100}, recent=owed)) == []


def test_another_inventory_may_want_what_is_not_purged() -> None:
    assert refusals(ruling(many(3), names(2), elsewhere=[elsewhere("PC-0")])) == []


def test_an_unknown_user_matters_only_to_a_purge_of_its_own() -> None:
    has = many(3)
    unknown = evidence(has[2:], is_known=False, user="somebody else")
    assert refusals(ruling(has, names(2), evidence=unknown)) == []


def test_what_can_be_approved_says_so_and_what_cannot_does_not() -> None:
    assert "approve these purges" in str(ruling(many(1), []).refusals[0])
    assert "approve" not in str(ruling(many(1), [], settings={"rules": {"emptied": "refuse"}}).refusals[0])


def test_a_finding_names_a_few_and_counts_the_rest() -> None:
    has = [bound(name, hold="x") for name in names(5)]
    (held,) = [one for one in ruling(has, ["other"]).refusals if one.rule == "hold"]
    assert "'PC-2'" in str(held)
    assert "'PC-3'" not in str(held)
    assert "and 2 more on hold" in str(held)
    (few,) = [one for one in ruling(has[:3], ["other"]).refusals if one.rule == "hold"]
    assert "more" not in str(few)
    assert counted(1, "purge") == "1 purge"
    assert counted(2000, "purge") == "2,000 purges"
