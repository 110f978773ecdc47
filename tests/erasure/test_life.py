"""What the sum of a life's events says, part by part."""

import datetime
from typing import Any

import pytest

from erasure.ledger import Event, Kind, Observation, Record, is_return, purges_in
from erasure.ledger.life import sum_up

NOON = datetime.datetime(2026, 11, 24, 12, tzinfo=datetime.UTC)
HOUR = datetime.timedelta(hours=1)


def record(kind: Kind, data: dict[str, Any] | None = None, number: int = 1, binding: str = "u/d/pc") -> Record:
    return Record("p/s", number, NOON + number * HOUR, Event(kind, "https://x", binding, "life-1", data or {}), "")


def test_a_life_is_of_its_first_events_binding_and_endpoint() -> None:
    assert sum_up([]).binding == ""
    (life,) = purges_in([record(Kind.SENT), record(Kind.ACCEPTED, number=2, binding="another")])
    assert (life.binding, life.life, life.endpoint) == ("u/d/pc", "life-1", "https://x")


def test_what_was_stored_before_a_purge_is_what_its_call_wrote_down() -> None:
    told = {"stored_bytes": 7}
    assert sum_up([record(Kind.OBSERVED, told), record(Kind.SENT), record(Kind.SENT, told, 2)]).stored_bytes == 7
    assert sum_up([record(Kind.OBSERVED, told), record(Kind.SENT, {"stored_bytes": "many"})]).stored_bytes is None


@pytest.mark.parametrize(
    ("kind", "verdict", "came_back"),
    [
        (Kind.VERDICT, "returned", True),
        (Kind.VERDICT, "erased", False),
        (Kind.OBSERVED, "returned", False),
        (Kind.OBSERVED, "erased", False),
    ],
)
def test_data_came_back_where_a_verdict_says_so(kind: Kind, verdict: str, came_back: bool) -> None:
    assert is_return(record(kind, {"verdict": verdict}).event) is came_back


@pytest.mark.parametrize(
    ("events", "was_listed"),
    [
        ([(Kind.ADOPTED, {})], True),
        ([(Kind.ADOPTED, {"unchecked": True})], False),
        ([(Kind.ADOPTED, {"unchecked": True}), (Kind.SENT, {"unlisted": True})], False),
        ([(Kind.ADOPTED, {"unchecked": True}), (Kind.SENT, {})], True),
        ([(Kind.SENT, {"unlisted": True})], True),
    ],
)
def test_the_account_was_seen_to_list_what_was_looked_up(
    events: list[tuple[Kind, dict[str, Any]]], was_listed: bool
) -> None:
    life = sum_up(record(kind, data, number) for number, (kind, data) in enumerate(events))
    assert life.was_listed is was_listed


def test_names_that_are_not_recorded_are_those_of_the_id() -> None:
    life = sum_up([record(Kind.SENT, binding="u/d/b%C3%BCro%20pc")])
    assert [life.named(part) for part in ("user", "destination", "computer")] == ["u", "d", "büro pc"]
    assert sum_up([]).named("user") == ""


def test_the_last_backup_is_in_the_middle_of_what_its_time_may_mean() -> None:
    assert Observation(NOON, not_before=NOON - 2 * HOUR, not_after=NOON).last_backup == NOON - HOUR
    assert Observation(NOON).last_backup is None
    assert Observation(NOON, not_before=NOON).last_backup is None
    assert Observation(NOON, not_after=NOON).last_backup is None


def test_the_ledger_keeps_of_a_look_what_is_known() -> None:
    assert Observation(NOON).document() == {"copies": 0, "running": False}
    failed = Observation(NOON, problem="answered 503", is_failed=True)
    assert failed.document() == {"copies": 0, "running": False, "problem": "answered 503", "failed": True}
