"""Looking at the account again after purges, with the sandbox in its place."""

import dataclasses
import datetime

import pytest
import requests

from erasure.account import Account
from erasure.identity import Identity
from erasure.ledger import Event, Kind, Life, Observation, Verdict
from erasure.verdict import look_again
from mbs.client import Client
from mbs.credentials import Token
from sandbox.running import RunningSandbox
from tests.engine.rehearsal import new_token

USER = "user-1"
DAY = datetime.timedelta(hours=24)
NOW = datetime.datetime.now(datetime.UTC)
LONG_AGO = NOW - datetime.timedelta(days=2)


@pytest.fixture
def sandbox(server: RunningSandbox) -> RunningSandbox:
    server.reset()
    server.clear_faults()
    server.add(USER, "d-1", "PC", stored_bytes=100)
    server.add(USER, "d-1", "GONE")
    server.remove(USER, "d-1", "GONE")
    return server


def erasure(sandbox: RunningSandbox, computer: str, user: str = USER, endpoint: str | None = None) -> Life:
    named = {"user": user, "destination": "d-1", "computer": computer}
    key = Identity(user, "d-1", computer).id
    return Life(key, f"life of {key}", endpoint or sandbox.url, intention=named, accepted_at=LONG_AGO)


def looked(sandbox: RunningSandbox, *lives: Life) -> list[tuple[Life, list[Event]]]:
    token = new_token(sandbox)
    sandbox.clear_requests()
    return look_again(lives, Account(Client(sandbox.url, Token(token)), concurrency=4), NOW, DAY)


def look(sandbox: RunningSandbox, life: Life) -> tuple[Observation, Verdict, str]:
    """Return what is seen of one life, the verdict, and why."""
    ((after, _),) = looked(sandbox, life)
    return after.observations[-1], *after.verdicts[-1][1:]


def test_a_look_sees_what_is_listed_and_how_much_is_stored(sandbox: RunningSandbox) -> None:
    seen, verdict, _ = look(sandbox, erasure(sandbox, "PC"))
    assert (seen.is_listed, seen.stored_bytes, seen.copies) == (True, 100, 0)
    assert verdict is Verdict.OVERDUE


def test_a_look_at_what_is_gone_sees_that_nothing_is_stored(sandbox: RunningSandbox) -> None:
    seen, verdict, _ = look(sandbox, erasure(sandbox, "GONE"))
    assert (seen.is_listed, seen.stored_bytes) == (False, 0)
    assert verdict is Verdict.DELISTED


def test_each_user_is_asked_once_for_each_kind(sandbox: RunningSandbox) -> None:
    looked(sandbox, erasure(sandbox, "PC"), erasure(sandbox, "GONE"))
    asked = sorted(f"{one.method} {one.path}" for one in sandbox.requests())
    assert asked == [
        "GET /api/Monitoring",
        "GET /api/Users/user-1",
        "GET /api/Users/user-1/Computers",
        "PUT /api/Billing/Details",
    ]


def test_bytes_that_the_account_does_not_attribute_may_be_of_any_computer(sandbox: RunningSandbox) -> None:
    sandbox.change_settings(billing_computers="totals")
    seen, verdict, _ = look(sandbox, erasure(sandbox, "GONE"))
    assert (seen.stored_bytes, verdict) == (None, Verdict.UNKNOWN)


def test_a_user_that_the_account_does_not_know_is_unknown(sandbox: RunningSandbox) -> None:
    _, verdict, because = look(sandbox, erasure(sandbox, "PC", user="nobody"))
    assert (verdict, because) == (Verdict.UNKNOWN, "the account does not know user nobody any more")


def test_an_account_that_cannot_be_read_is_unknown_and_says_why(sandbox: RunningSandbox) -> None:
    sandbox.inject("status", path_regex="Monitoring", status=503, count=None)
    _, verdict, because = look(sandbox, erasure(sandbox, "PC"))
    assert verdict is Verdict.UNKNOWN
    assert "answered 503" in because


def test_a_computer_that_came_back_stays_so_while_the_account_cannot_be_asked(sandbox: RunningSandbox) -> None:
    returned = dataclasses.replace(erasure(sandbox, "PC"), verdicts=((LONG_AGO, Verdict.RETURNED, "it came back"),))
    sandbox.inject("status", path_regex="Computers", status=401, count=None)
    ((after, events),) = looked(sandbox, returned)
    assert after.verdict is Verdict.RETURNED
    assert [(event.kind, event.data.get("failed")) for event in events] == [(Kind.OBSERVED, True)]


def test_another_account_is_not_asked_about_it(sandbox: RunningSandbox) -> None:
    _, verdict, because = look(sandbox, erasure(sandbox, "GONE", endpoint="https://elsewhere.example"))
    assert verdict is Verdict.UNKNOWN
    assert "purged at https://elsewhere.example" in because
    assert sandbox.requests() == []


def test_object_lock_is_overdue_where_it_stays_listed_and_contradicted_where_it_does_not(
    sandbox: RunningSandbox,
) -> None:
    sandbox.lock("d-1", "48h")
    for delisted, expected in (("with_data", Verdict.OVERDUE), ("at_once", Verdict.CONTRADICTED)):
        sandbox.change_settings(delisted=delisted)
        token = new_token(sandbox)
        pair = [{"DestinationId": "d-1", "ComputerName": "PC"}]
        headers = {"Authorization": f"Bearer {token}"}
        path = f"{sandbox.url}/api/Users/{USER}/Computers"
        requests.delete(path, json=pair, headers=headers, timeout=30).raise_for_status()
        _, verdict, _ = look(sandbox, erasure(sandbox, "PC"))
        assert verdict is expected


def test_the_ledger_keeps_every_look_and_a_verdict_where_it_changed(sandbox: RunningSandbox) -> None:
    ((after, events),) = looked(sandbox, erasure(sandbox, "PC"))
    assert [event.kind for event in events] == [Kind.OBSERVED, Kind.VERDICT]
    ((_, events),) = looked(sandbox, after)
    assert [event.kind for event in events] == [Kind.OBSERVED]


def test_a_look_is_kept_and_read_again_as_it_was() -> None:
    seen = Observation(NOW, is_listed=False, copies=2, stored_bytes=0, not_before=LONG_AGO, not_after=NOW)
    blind = Observation(NOW, problem="answered 503", is_failed=True)
    assert "failed" not in seen.document()
    for one in (seen, blind):
        document = one.document()
        assert None not in document.values()
        assert Observation.read(NOW, document) == one
