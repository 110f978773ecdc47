"""The log of requests."""

from datetime import timedelta

import pytest
import requests

from sandbox.client import FaultKind
from sandbox.running import RunningSandbox
from tests.sandbox.conftest import COMPUTER, DESTINATION, USER, Api, under_way

DEEP = b"[" * 300 + b"]" * 300  # it can be parsed, and would then be too deep to be shown as JSON


@pytest.fixture(autouse=True)
def _computer(sandbox: RunningSandbox) -> None:
    sandbox.add(USER, DESTINATION, COMPUTER)


def test_log_tells_what_came_and_how_it_was_answered(sandbox: RunningSandbox, own_api: Api) -> None:
    sandbox.move_clock("48h")
    own_api.session.headers["User-Agent"] = "tester/1"
    own_api.purge(COMPUTER)
    [request] = sandbox.requests("DELETE")
    assert (request.method, request.path, request.status) == ("DELETE", f"/api/Users/{USER}/Computers", 200)
    assert (request.content_type, request.user_agent) == ("application/json", "tester/1")
    assert request.body == [{"DestinationId": DESTINATION, "ComputerName": COMPUTER}]
    assert (request.cut, request.fault) == (False, None)
    assert timedelta(hours=47) < request.at - request.real_at < timedelta(hours=49)


def test_log_keeps_the_order_of_arrival_and_numbers_that_never_recur(sandbox: RunningSandbox, api: Api) -> None:
    for path in ("Users", "Monitoring", "Nope"):
        api.get(path)
    before = sandbox.requests()
    assert [(one.path, one.status) for one in before] == [
        ("/api/Users", 200),
        ("/api/Monitoring", 200),
        ("/api/Nope", 404),
    ]
    sandbox.clear_requests()
    assert sandbox.requests() == []
    api.get("Users")
    assert [one.sequence for one in sandbox.requests()] == [before[-1].sequence + 1]


def test_log_can_be_narrowed(sandbox: RunningSandbox, api: Api) -> None:
    api.get("Users")
    api.purge(COMPUTER)
    api.get(f"Users/{USER}/Computers")
    assert [one.method for one in sandbox.requests(path=f"/api/Users/{USER}")] == ["DELETE", "GET"]
    [purge] = sandbox.requests("DELETE")
    assert [one.method for one in sandbox.requests(since=purge.sequence)] == ["GET"]


def test_path_is_shown_unescaped_and_as_it_was_sent(sandbox: RunningSandbox, api: Api) -> None:
    api.get("Users/Zo%C3%AB%20%2541?a=1&a=%C3%AB&b")
    [request] = sandbox.requests()
    assert (request.path, request.raw_path) == ("/api/Users/Zoë %41", "/api/Users/Zo%C3%AB%20%2541")
    assert request.query == {"a": ["1", "ë"], "b": [""]}


def test_xml_is_shown_as_the_json_it_stands_for(sandbox: RunningSandbox, api: Api) -> None:
    body = (
        '<ArrayOfUserComputerData xmlns="http://schemas.datacontract.org/2004/07/MBSAPImvc.Engine.Models">'
        "<UserComputerData><ComputerName>A</ComputerName><DestinationId>b</DestinationId></UserComputerData>"
        "</ArrayOfUserComputerData>"
    )
    api.send(body.encode(), "text/xml")
    [request] = sandbox.requests()
    assert request.content_type == "text/xml"
    assert request.body == [{"DestinationId": "b", "ComputerName": "A"}]


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (b"{", "{"),
        (b"", None),
        (b"\xff", "\ufffd"),
        (b"[]", []),
        (DEEP, DEEP.decode()),
        (b'["\\ud800"]', '["\\ud800"]'),  # half a surrogate: it can be parsed, and not be written
    ],
)
def test_body_that_cannot_be_parsed_is_shown_as_text(
    sandbox: RunningSandbox, api: Api, body: bytes, shown: object
) -> None:
    api.send(body)
    assert sandbox.requests()[0].body == shown


def test_request_is_in_the_log_before_its_answer_is_there(sandbox: RunningSandbox, api: Api) -> None:
    for number in range(1, 20):
        api.get("Users")
        assert [one.status for one in sandbox.requests()] == [200] * number


def test_request_under_way_is_in_the_log_without_a_status(sandbox: RunningSandbox, api: Api) -> None:
    sandbox.inject("delay", delay="1h")
    with under_way(sandbox, api):
        [request] = sandbox.requests()
    assert (request.path, request.status, request.cut) == ("/api/Users", None, False)


@pytest.mark.parametrize("kind", ["cut_before", "cut_after"])
def test_cut_request_has_no_status(sandbox: RunningSandbox, api: Api, kind: FaultKind) -> None:
    sandbox.inject(kind)
    with pytest.raises(requests.ConnectionError):
        api.get("Users")
    assert [(one.status, one.cut, one.fault) for one in sandbox.requests()] == [(None, True, kind)]


def test_log_names_the_fault_that_struck(sandbox: RunningSandbox, api: Api) -> None:
    sandbox.inject("status", status=503)
    api.get("Users")
    assert [(one.status, one.fault) for one in sandbox.requests()] == [(503, "status")]


@pytest.mark.parametrize("encoding", ["json", "data"])
def test_password_of_a_login_is_replaced(sandbox: RunningSandbox, encoding: str) -> None:
    credentials = {"UserName": "sandbox", "Password": "hunter22"}
    requests.post(f"{sandbox.url}/api/Provider/Login", timeout=30, **{encoding: credentials})  # type: ignore[arg-type]
    assert sandbox.requests()[-1].body == {"UserName": "sandbox", "Password": "***"}


@pytest.mark.parametrize("body", [b'{"Password": "hunter22"', b'"hunter22"', b'["hunter22"]'])
def test_login_that_cannot_be_read_is_not_shown(sandbox: RunningSandbox, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    requests.post(f"{sandbox.url}/api/Provider/Login", data=body, headers=headers, timeout=30)
    assert "hunter22" not in requests.get(f"{sandbox.url}/_sandbox/requests", timeout=30).text


def test_no_secret_is_in_the_log_the_state_or_the_database(sandbox: RunningSandbox, own_api: Api) -> None:
    token = str(own_api.session.headers["Authorization"]).split()[1]
    own_api.get(f"Users?access_token={token}")
    shown = [
        requests.get(f"{sandbox.url}/_sandbox/{path}", timeout=30).text for path in ("requests", "state", "settings")
    ]
    files = [file.read_bytes() for file in sandbox.database.parent.glob("*")]
    for secret in (token, sandbox.password):
        assert not any(secret in text for text in shown)
        assert not any(secret.encode() in content for content in files)


def test_control_side_is_not_in_the_log(sandbox: RunningSandbox) -> None:
    sandbox.state()
    assert sandbox.requests() == []
