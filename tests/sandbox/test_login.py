"""POST api/Provider/Login, and the tokens that it gives out."""

from datetime import timedelta
from email.utils import parsedate_to_datetime

import pytest
import requests

from sandbox.running import RunningSandbox
from tests.sandbox.conftest import Api

DENIED = {"Message": "Authorization has been denied for this request."}


def log_in(sandbox: RunningSandbox, **body: object) -> requests.Response:
    return requests.post(f"{sandbox.url}/api/Provider/Login", timeout=30, **body)  # type: ignore[arg-type]


@pytest.mark.parametrize("encoding", ["json", "data"])
def test_login_gives_a_bearer_token_for_two_weeks(sandbox: RunningSandbox, encoding: str) -> None:
    credentials = {"UserName": sandbox.login, "Password": sandbox.password}
    answer = log_in(sandbox, **{encoding: credentials})
    document = answer.json()
    assert answer.status_code == 200
    assert set(document) == {"access_token", "token_type", "expires_in", "userName", ".issued", ".expires"}
    assert (document["token_type"], document["expires_in"], document["userName"]) == ("bearer", 1209599, "sandbox")
    life = parsedate_to_datetime(document[".expires"]) - parsedate_to_datetime(document[".issued"])
    assert life == timedelta(seconds=1209599)


def test_each_login_gives_another_token_and_all_are_good(sandbox: RunningSandbox) -> None:
    clients = [Api(sandbox), Api(sandbox)]
    assert clients[0].session.headers["Authorization"] != clients[1].session.headers["Authorization"]
    for client in clients:
        with client.session:
            assert client.get("Users").status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        {"json": {"UserName": "sandbox", "Password": "wrong"}},
        {"json": {"UserName": "other", "Password": "sandbox-password"}},
        {"json": {"UserName": "sandbox", "Password": None}},
        {"json": ["sandbox", "sandbox-password"]},
        {"data": {"UserName": "sandbox"}},
        {"data": b"{", "headers": {"Content-Type": "application/json"}},
        {},
    ],
)
def test_bad_login_is_an_invalid_grant(sandbox: RunningSandbox, body: dict[str, object]) -> None:
    answer = log_in(sandbox, **body)
    assert answer.status_code == 400
    assert answer.json()["error"] == "invalid_grant"
    assert answer.json()["error_description"]


def test_bad_login_can_be_forbidden_instead(sandbox: RunningSandbox) -> None:
    sandbox.change_settings(bad_login="403")
    assert log_in(sandbox, json={}).status_code == 403


@pytest.mark.parametrize("path", ["Users", "Users/x", "Users/x/Computers", "Monitoring", "Monitoring/x", "Nope", ""])
def test_nothing_answers_without_a_token(sandbox: RunningSandbox, path: str) -> None:
    answer = requests.get(f"{sandbox.url}/api/{path}", timeout=30)
    assert (answer.status_code, answer.json()) == (401, DENIED)


@pytest.mark.parametrize("header", ["Bearer nonsense", "Bearer ", "Bearer", "Basic c2FuZGJveA=="])
def test_nothing_answers_to_a_token_that_was_not_issued(sandbox: RunningSandbox, header: str) -> None:
    answer = requests.get(f"{sandbox.url}/api/Users", headers={"Authorization": header}, timeout=30)
    assert (answer.status_code, answer.json()) == (401, DENIED)


def test_a_body_that_cannot_be_read_does_not_come_before_the_token(sandbox: RunningSandbox) -> None:
    answer = requests.put(f"{sandbox.url}/api/Billing/Details", data=b"{", timeout=30)
    assert (answer.status_code, answer.json()) == (401, DENIED)


def test_token_expires_by_the_sandboxes_clock(sandbox: RunningSandbox, own_api: Api) -> None:
    sandbox.move_clock("335h")
    assert own_api.get("Users").status_code == 200
    sandbox.move_clock("1h")
    assert own_api.get("Users").status_code == 401


def test_scheme_of_the_token_is_read_whatever_its_case(api: Api) -> None:
    token = str(api.session.headers["Authorization"]).split()[1]
    answer = requests.get(f"{api.url}/api/Users", headers={"Authorization": f"bearer {token}"}, timeout=30)
    assert answer.status_code == 200
