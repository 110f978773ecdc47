"""Injected faults."""

import json
import socket
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from sandbox.client import ControlRefused, FaultKind
from sandbox.running import RunningSandbox
from tests.sandbox.conftest import COMPUTER, DESTINATION, USER, Api, under_way


@pytest.fixture(autouse=True)
def _computer(sandbox: RunningSandbox) -> None:
    sandbox.add(USER, DESTINATION, COMPUTER)


def statuses(api: Api, count: int, path: str = "Users") -> list[int]:
    return [api.get(path).status_code for _ in range(count)]


def test_status_fault_answers_in_place_of_the_effect(sandbox: RunningSandbox, api: Api) -> None:
    sandbox.inject("status", status=503, body={"Message": "later"}, headers={"Retry-After": "7"})
    answer = api.purge(COMPUTER)
    assert (answer.status_code, answer.json(), answer.headers["Retry-After"]) == (503, {"Message": "later"}, "7")
    assert answer.headers["Content-Type"] == "application/json"
    assert sandbox.state().purges == []


@pytest.mark.parametrize(
    ("fields", "kind", "body"),
    [
        ({}, None, b""),
        ({"body": "<html>"}, "text/plain", b"<html>"),
        ({"body": "<html>", "content_type": "text/html; charset=x"}, "text/html; charset=x", b"<html>"),
        ({"body": {"Message": "ë"}}, "application/json", b'{"Message": "\\u00eb"}'),
        ({"body": []}, "application/json", b"[]"),
    ],
)
def test_status_fault_sends_the_body_it_was_given(
    sandbox: RunningSandbox, api: Api, fields: dict[str, Any], kind: str | None, body: bytes
) -> None:
    sandbox.inject("status", status=200, **fields)
    answer = api.get("Users")
    assert (answer.headers.get("Content-Type"), answer.content) == (kind, body)


def test_fault_strikes_once_unless_a_count_is_given(sandbox: RunningSandbox, api: Api) -> None:
    sandbox.inject("status", status=500)
    assert statuses(api, 3) == [500, 200, 200]
    sandbox.inject("status", status=500, count=2)
    assert statuses(api, 3) == [500, 500, 200]
    sandbox.inject("status", status=500, count=None)
    assert statuses(api, 3) == [500, 500, 500]
    sandbox.clear_faults()
    assert statuses(api, 1) == [200]


def test_fault_lets_the_first_matches_pass(sandbox: RunningSandbox, api: Api) -> None:
    sandbox.inject("status", status=500, after=2)
    assert statuses(api, 4) == [200, 200, 500, 200]


def test_faults_strike_one_after_the_other(sandbox: RunningSandbox, api: Api) -> None:
    sandbox.inject("status", status=429)
    sandbox.inject("status", status=503)
    assert statuses(api, 3) == [429, 503, 200]


@pytest.mark.parametrize(
    "match",
    [
        {"method": "delete"},
        {"path_prefix": f"/api/Users/{USER}/"},
        {"path_regex": "/Computers$"},
        {"method": "DELETE", "path_prefix": "/api/", "path_regex": "[0-9a-fA-F-]{36}/"},
    ],
)
def test_fault_strikes_only_what_it_matches(sandbox: RunningSandbox, api: Api, match: dict[str, Any]) -> None:
    sandbox.inject("status", status=500, **match)
    assert statuses(api, 2) == [200, 200]
    assert api.purge(COMPUTER).status_code == 500
    [fault] = sandbox.faults()
    assert (fault.matched, fault.struck) == (1, 1)


def test_probability_is_thrown_with_dice_that_repeat(sandbox: RunningSandbox, api: Api) -> None:
    runs = []
    for seed in (1, 1, 2):
        sandbox.clear_faults()
        sandbox.inject("status", status=500, probability=0.5, seed=seed, count=None)
        runs.append(statuses(api, 20))
    assert runs[0] == runs[1] != runs[2]
    assert set(runs[0]) == {200, 500}


def test_fault_strikes_a_login_too(sandbox: RunningSandbox) -> None:
    sandbox.inject("status", status=500, path_prefix="/api/Provider")
    assert requests.post(f"{sandbox.url}/api/Provider/Login", json={}, timeout=30).status_code == 500


def test_faults_do_not_strike_the_control_side(sandbox: RunningSandbox) -> None:
    sandbox.inject("cut_before", count=None)
    assert sandbox.requests() == []


@pytest.mark.parametrize("kind", ["cut_before", "cut_after"])
def test_cut_resets_the_connection_without_any_answer(sandbox: RunningSandbox, api: Api, kind: FaultKind) -> None:
    sandbox.inject(kind)
    address = urlsplit(sandbox.url)
    token = api.session.headers["Authorization"]
    with socket.create_connection((address.hostname, address.port)) as connection:
        connection.sendall(f"GET /api/Users HTTP/1.1\r\nHost: x\r\nAuthorization: {token!s}\r\n\r\n".encode())
        with pytest.raises(ConnectionResetError):
            connection.recv(1)


def test_cut_before_the_effect_leaves_everything_as_it_was(sandbox: RunningSandbox, api: Api) -> None:
    sandbox.inject("cut_before", method="DELETE")
    with pytest.raises(requests.ConnectionError):
        api.purge(COMPUTER)
    assert sandbox.state().purges == []
    assert api.purge(COMPUTER).status_code == 200


def test_cut_after_the_effect_hides_that_it_happened(sandbox: RunningSandbox, api: Api) -> None:
    sandbox.inject("cut_after", method="DELETE")
    with pytest.raises(requests.ConnectionError):
        api.purge(COMPUTER)
    assert len(sandbox.state().purges) == 1


def test_cut_leaves_no_complaint_on_standard_error(sandbox: RunningSandbox, api: Api) -> None:
    before = sandbox.log
    sandbox.inject("cut_after")
    with pytest.raises(requests.ConnectionError):
        api.get("Users")
    assert statuses(api, 1) == [200]
    assert sandbox.log == before


def test_cut_of_a_connection_that_the_client_has_left_leaves_no_complaint(sandbox: RunningSandbox, api: Api) -> None:
    before = sandbox.log
    sandbox.inject("cut_after", delay="100ms")
    sandbox.inject("delay", delay="100ms")
    with under_way(sandbox, api):
        pass
    assert statuses(api, 1) == [200]
    assert [one.cut for one in sandbox.requests()] == [True, False]
    assert sandbox.log == before


def test_expired_token_is_good_no_more(sandbox: RunningSandbox, api: Api, own_api: Api) -> None:
    sandbox.inject("expired_token", method="DELETE")
    answer = own_api.purge(COMPUTER)
    assert (answer.status_code, answer.json()) == (
        401,
        {"Message": "Authorization has been denied for this request."},
    )
    assert statuses(own_api, 1) == [401]
    assert sandbox.state().purges == []
    assert statuses(api, 1) == [200]


def test_delay_comes_before_the_answer(sandbox: RunningSandbox, api: Api) -> None:
    sandbox.inject("delay", delay="1h")
    with under_way(sandbox, api):
        assert [one.status for one in sandbox.requests()] == [None]
    assert statuses(api, 1) == [200]


def test_request_whose_client_gave_up_takes_effect_all_the_same(sandbox: RunningSandbox, api: Api) -> None:
    sandbox.inject("delay", delay="200ms", count=2)
    pair = json.dumps([{"DestinationId": DESTINATION, "ComputerName": COMPUTER}]).encode()
    with under_way(sandbox, api, f"DELETE /api/Users/{USER}/Computers".encode(), pair):
        pass
    # A request that waits as long and arrives later is answered later.
    assert statuses(api, 1) == [200]
    assert len(sandbox.state().purges) == 1


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "status"},
        {"kind": "status", "status": 99},
        {"kind": "other"},
        {"kind": "status", "status": 500, "path_regex": "("},
        {"kind": "status", "status": 500, "headers": {"X": "a\r\nb"}},
        {"kind": "status", "status": 500, "probability": 2},
        {"kind": "status", "status": 500, "cuont": 2},
        {"kind": "delay", "delay": "soon"},
    ],
)
def test_fault_that_cannot_be_meant_is_refused(sandbox: RunningSandbox, fault: dict[str, Any]) -> None:
    answer = requests.post(f"{sandbox.url}/_sandbox/faults", json=fault, timeout=30)
    assert answer.status_code == 422
    assert sandbox.faults() == []


def test_refusal_of_the_control_side_is_an_error_of_its_client(sandbox: RunningSandbox) -> None:
    with pytest.raises(ControlRefused, match="there is no such user"):
        sandbox.delete_user("unknown")
