"""The client against answers that are right, wrong, late or missing."""

import json
import ssl
import subprocess
from pathlib import Path

import pytest

from mbs.client import Client
from mbs.credentials import Login, Token
from mbs.errors import (
    AnswerLost,
    ApiError,
    Forbidden,
    InvalidRequest,
    LoginRefused,
    MbsError,
    NotUnderstood,
    PurgeRefused,
    TokenRefused,
    Unreachable,
    UnreadableAnswer,
    Untrusted,
)
from mbs.models import UnusableRow, UserComputer
from mbs.pace import Pace, has_unknown_effect, is_passing
from tests.mbs.one_answer import answering, http

SECRET = "tok3n-that-nobody-may-see"
PAIR = UserComputer(DestinationId="d-1", ComputerName="Charlie Marketing MacBook")
INVALID = {"Message": "The request is invalid.", "ModelState": {"pair": ['Named "twice".']}}


def client(url: str) -> Client:
    return Client(url, Token(SECRET), timeout=5)


def test_a_listing_is_what_the_account_lists() -> None:
    listed = '[{"DestinationId": "d-1", "ComputerName": "Charlie Marketing MacBook", "New": 1}]'
    with answering(http(200, listed)) as server:
        assert client(server.url).computers("u-1") == [PAIR]
    assert server.requests[0].startswith(b"GET /api/Users/u-1/Computers HTTP/1.1\r\n")
    assert f"Authorization: Bearer {SECRET}".encode() in server.requests[0]


@pytest.mark.parametrize(("status", "body"), [(200, "null"), (400, '{"Message": "no such user"}'), (404, "{}")])
def test_an_unknown_user_has_no_listing(status: int, body: str) -> None:
    with answering(http(status, body)) as server:
        assert client(server.url).computers("u-1") is None


def test_an_empty_listing_is_not_an_unknown_user() -> None:
    with answering(http(200, "[]")) as server:
        assert client(server.url).computers("u-1") == []


def test_a_purge_is_one_json_array_of_pairs() -> None:
    with answering(http(200)) as server:
        client(server.url).delete_user_data("u-1", [PAIR])
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"DELETE /api/Users/u-1/Computers HTTP/1.1\r\n")
    assert b"content-type: application/json" in head.lower()
    assert json.loads(body) == [{"DestinationId": "d-1", "ComputerName": "Charlie Marketing MacBook"}]


def test_an_empty_purge_is_never_sent() -> None:
    with answering(http(200)) as server, pytest.raises(InvalidRequest, match="no computer named"):
        client(server.url).delete_user_data("u-1", [])
    assert server.requests == []


@pytest.mark.parametrize(
    ("user", "path"),
    [("a/b", "a%2Fb"), ("../x", "..%2Fx"), ("a b?c#d", "a%20b%3Fc%23d"), ("%2e", "%252e"), ("ü", "%C3%BC")],
)
def test_an_id_is_escaped_in_the_path(user: str, path: str) -> None:
    with answering(http(200)) as server:
        client(server.url).delete_user_data(user, [PAIR])
    assert server.requests[0].startswith(f"DELETE /api/Users/{path}/Computers HTTP/1.1\r\n".encode())


@pytest.mark.parametrize("user", ["", ".", ".."])
def test_an_id_that_would_address_something_else_is_not_sent(user: str) -> None:
    with answering(http(200)) as server, pytest.raises(InvalidRequest, match="no user ID"):
        client(server.url).delete_user_data(user, [PAIR])
    assert server.requests == []


@pytest.mark.parametrize(
    ("answer", "kind", "finding"),
    [
        (http(401, '{"Message": "denied"}'), TokenRefused, "answered 401: denied"),
        (http(403, "no"), Forbidden, "answered 403: no"),
        (http(500, '{"Message": "An error has\\n occurred."}'), ApiError, "answered 500: An error has occurred."),
        (http(409), PurgeRefused, "answered 409; purge it in the MBS console, or give the entry `release`"),
        (
            http(400, json.dumps(INVALID)),
            PurgeRefused,
            'answered 400: The request is invalid. {"pair": ["Named \\"twice\\"."]};',
        ),
        (http(400, '{"ErrorMessage": "No such plan"}'), PurgeRefused, "answered 400: No such plan; purge"),
        (http(404, '{"message": "Nobody"}'), PurgeRefused, "answered 404: Nobody; purge"),
        (http(408), ApiError, "answered 408; try again"),
        (http(425), ApiError, "answered 425; try again"),
        (http(429), ApiError, "answered 429; try again"),
        (http(499), PurgeRefused, "answered 499; purge"),
        (http(307, "", "Location: https://elsewhere.example/x"), UnreadableAnswer, "redirected to elsewhere.example"),
        (http(200, "<html>Sign in</html>"), NotUnderstood, "answered 200: <html>Sign in</html>, which is documented"),
        (b"garbage\r\n\r\n", AnswerLost, "connection broke"),
        (b"", AnswerLost, "connection broke"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n[", AnswerLost, "connection broke"),
    ],
)
def test_a_purge_that_was_not_acknowledged_raises(answer: bytes, kind: type[MbsError], finding: str) -> None:
    with answering(answer) as server, pytest.raises(kind) as caught:
        client(server.url).delete_user_data("u-1", [PAIR])
    assert type(caught.value) is kind
    assert str(caught.value).startswith("DELETE /api/Users/u-1/Computers ")
    assert finding in str(caught.value)
    assert len(server.requests) == 1


@pytest.mark.parametrize("body", ["", " \r\n\t ", "null", " null\n", '""'])
def test_the_documented_yes_is_200_and_nothing(body: str) -> None:
    with answering(http(200, body)) as server:
        client(server.url).delete_user_data("u-1", [PAIR])
    assert len(server.requests) == 1


NO_YES = ("{}", "[]", "true", "0", '"ok"', '" "', "null null", '{"Message": "An error has occurred."}',
          '{"StatusCode": 400, "Message": "no"}', '{"StatusCode": 200, "Message": "Success"}',
          '{"ErrorCode": -6, "Message": "Object 5 not found"}', "<html></html>", "[" * 100_000)  # fmt: skip


@pytest.mark.parametrize(
    ("status", "body"), [*((200, body) for body in NO_YES), *((status, "") for status in (201, 202, 204, 207, 299))]
)
def test_any_other_answer_of_success_is_not_understood(status: int, body: str) -> None:
    with answering(http(status, body)) as server, pytest.raises(NotUnderstood) as caught:
        client(server.url).delete_user_data("u-1", [PAIR])
    assert f"answered {status}" in caught.value.finding
    assert has_unknown_effect(caught.value)
    assert not is_passing(caught.value)


def test_what_is_not_understood_is_repeated_without_the_token() -> None:
    with (
        answering(http(200, json.dumps({"Message": f"hello {SECRET}"}))) as server,
        pytest.raises(NotUnderstood) as caught,
    ):
        client(server.url).delete_user_data("u-1", [PAIR])
    assert "answered 200: hello ***" in str(caught.value)


@pytest.mark.parametrize(
    "listed",
    ["", "{}", "[1]", '[{"DestinationId": "d", "ComputerName": 7}]', '[{"DestinationId": 7}]', "[" * 100_000, "7"],
)
def test_a_listing_of_another_shape_is_unreadable(listed: str) -> None:
    with answering(http(200, listed)) as server, pytest.raises(UnreadableAnswer):
        client(server.url).computers("u-1")


@pytest.mark.parametrize("status", [201, 204, 206, 207])
def test_a_listing_is_answered_by_200_alone(status: int) -> None:
    with answering(http(status, "[]")) as server, pytest.raises(UnreadableAnswer, match=f"answered {status}"):
        client(server.url).computers("u-1")


@pytest.mark.parametrize("row", [{}, {"DestinationId": "d"}, {"DestinationId": "d", "ComputerName": ""},
                                 {"DestinationId": None, "ComputerName": "PC"}], ids=str)  # fmt: skip
def test_a_row_without_a_name_or_a_destination_leaves_the_others_usable(row: dict[str, object]) -> None:
    with answering(http(200, json.dumps([row, {"DestinationId": "d", "ComputerName": "PC"}]))) as server:
        listed = client(server.url).computers("u-1")
    assert [type(one) for one in listed or ()] == [UnusableRow, UserComputer]


@pytest.mark.parametrize("name", ["MÜLLER".encode("latin-1"), b"\xff\xfe", "MÜLLER".encode()[:-5]])
def test_an_answer_that_is_not_utf_8_is_unreadable_and_not_repaired(name: bytes) -> None:
    body = b'[{"DestinationId": "d", "ComputerName": "' + name + b'"}]'
    head = f"HTTP/1.1 200 X\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode()
    with answering(head + body) as server, pytest.raises(UnreadableAnswer, match="not UTF-8"):
        client(server.url).computers("u-1")


@pytest.mark.parametrize(
    "asked", ["-1", "1e3", "soon", "9" * 400, "Fri, 99 Nov 2026 10:00:00 GMT", "Fri, 31 Dec 9999 23:59:59 GMT"]
)
def test_a_retry_after_that_cannot_be_meant_is_none(asked: str) -> None:
    with answering(http(429, "", f"Retry-After: {asked}")) as server, pytest.raises(ApiError) as caught:
        client(server.url).computers("u-1")
    assert caught.value.retry_after is None


def test_an_endless_answer_is_given_up() -> None:
    with answering(http(200, " " * (17 * 1024 * 1024))) as server, pytest.raises(UnreadableAnswer, match="more than"):
        client(server.url).computers("u-1")


def test_an_endpoint_that_nobody_serves_is_unreachable() -> None:
    with answering(b"") as server:
        url = server.url
    with pytest.raises(Unreachable, match=r"did not reach 127\.0\.0\.1:\d+ \(the connection is refused\); check"):
        client(url).computers("u-1")


def test_a_certificate_that_nobody_vouches_for_gets_no_password_and_is_not_tried_again(tmp_path: Path) -> None:
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=127.0.0.1", "-days", "1"]
    subprocess.run([*command, "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True)
    encrypted = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    encrypted.load_cert_chain(certificate, key)
    slept: list[float] = []
    with answering(http(200, "[]"), encrypted=encrypted) as server:
        one = Client(server.url, Login("me", "hunter2"), pace=Pace(5, slept.append))
        with pytest.raises(Untrusted, match="its certificate is not accepted"):
            one.computers("u")
    assert (server.requests, slept) == ([], [])


def test_an_answer_later_than_the_time_out_is_lost_not_unsent() -> None:
    with (
        answering(b"HTTP/1.1 200 OK\r\n", then_hang=True) as server,
        pytest.raises(AnswerLost),
    ):
        Client(server.url, Token(SECRET), timeout=0.2).computers("u-1")


def test_a_wrong_login_is_one_sentence_with_its_remedy() -> None:
    refused = '{"error": "invalid_grant", "error_description": "The user name or password is incorrect: hunter2"}'
    with answering(http(400, refused)) as server, pytest.raises(LoginRefused) as caught:
        Client(server.url, Login("charlie", "hunter2"), timeout=5).computers("u-1")
    assert "check login and password" in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_a_login_without_a_token_in_the_answer_is_unreadable() -> None:
    with (
        answering(http(200, '{"token_type": "bearer"}')) as server,
        pytest.raises(UnreadableAnswer, match="access_token"),
    ):
        Client(server.url, Login("charlie", "hunter2"), timeout=5).computers("u-1")


def test_no_error_repeats_the_token() -> None:
    with answering(http(500, f"you sent Bearer {SECRET}")) as server, pytest.raises(ApiError) as caught:
        client(server.url).computers("u-1")
    assert SECRET not in str(caught.value)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


@pytest.mark.parametrize("token", ["", "two words", "line\nbreak", "naïve"])
def test_a_token_that_cannot_be_one_is_refused_without_being_shown(token: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        Client("https://api.example", Token(token))
    assert not token or token not in str(caught.value)


def test_a_netrc_entry_does_not_replace_the_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("default login somebody password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    with answering(http(200, "[]")) as server:
        client(server.url).computers("u-1")
    assert f"Authorization: Bearer {SECRET}".encode() in server.requests[0]


def test_a_proxy_of_the_environment_does_not_carry_what_is_meant_for_this_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with answering(http(200, "[]")) as proxy, answering(http(200, "[]")) as server:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("ALL_PROXY", proxy.url)
        client(server.url).computers("u-1")
    assert proxy.requests == []
