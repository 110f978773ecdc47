"""Calls are counted as the account received them."""

import datetime

from bench.account import (
    Binding,
    bindings,
    by_user,
    calls_by_method,
    in_flight_by_method,
    purged,
    without_a_tenth,
)
from sandbox.messages import LoggedRequest

BEGINNING = datetime.datetime(2026, 11, 24, tzinfo=datetime.UTC)


def call(method: str, milliseconds: int, body: object = None, status: int = 200) -> LoggedRequest:
    at = BEGINNING + datetime.timedelta(milliseconds=milliseconds)
    path = "/api/Users/user-1/Computers"
    return LoggedRequest(
        sequence=0, at=at, real_at=at, method=method, path=path, raw_path=path, query={}, content_type=None,
        user_agent=None, body=body, status=status, cut=False, fault=None,
    )  # fmt: skip


def test_calls_overlap_while_the_sandbox_holds_them() -> None:
    requests = [call("DELETE", start) for start in (0, 10, 49, 50, 120)] + [call("GET", 10)]
    assert calls_by_method(requests) == {"DELETE": 5, "GET": 1}
    assert in_flight_by_method(requests, 0.05) == {"DELETE": 3, "GET": 1}


def test_no_call_is_none_in_flight() -> None:
    assert in_flight_by_method([], 0.05) == {}


def test_only_what_an_answered_delete_names_is_purged() -> None:
    pair = {"DestinationId": "d-1", "ComputerName": "PC"}
    found = purged([call("DELETE", 0, [pair]), call("DELETE", 1, [pair], status=500), call("GET", 2)])
    assert found == {Binding("user-1", "d-1", "PC"): 1}


def test_a_tenth_is_a_tenth_of_the_users_whole() -> None:
    everything = bindings(1000)
    staying = without_a_tenth(everything)
    assert len(set(everything)) == 1000
    assert len(by_user(everything)) == 100
    assert len(staying) == 900
    assert by_user(everything).items() >= by_user(staying).items()
