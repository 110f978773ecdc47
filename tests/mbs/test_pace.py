"""How calls are repeated and slowed down."""

import contextlib
import datetime
import http.server as http_server
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from email.utils import format_datetime

import pytest

from mbs.client import Client
from mbs.credentials import Login, Token
from mbs.errors import (
    AnswerLost,
    ApiError,
    CallFailed,
    LoginRefused,
    MbsError,
    TokenRefused,
    Unreachable,
    UnreadableAnswer,
)
from mbs.models import UserComputer
from mbs.pace import Pace, has_unknown_effect, is_passing
from tests.mbs.one_answer import answering, http

PAIR = UserComputer(DestinationId="d", ComputerName="PC")


class Clockwork:
    """Sleeps without sleeping: `slept` are the pauses, and time goes on by them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.slept: list[float] = []
        self.now = 1000.0
        monkeypatch.setattr(time, "monotonic", lambda: self.now)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def clockwork(monkeypatch: pytest.MonkeyPatch) -> Clockwork:
    return Clockwork(monkeypatch)


def answered(status: int, retry_after: float | None = None) -> ApiError:
    return ApiError("GET", "/x", status, "", retry_after)


class Failing:
    """Fails so many times, then succeeds; `calls` counts."""

    def __init__(self, error: Exception, times: int) -> None:
        self.error = error
        self.times = times
        self.calls = 0

    def __call__(self) -> str:
        self.calls += 1
        if self.calls <= self.times:
            raise self.error
        return "done"


@pytest.mark.parametrize(
    "error",
    [answered(status) for status in (408, 425, 429, 500, 502, 503, 504, 599)]
    + [Unreachable("GET", "/x", "x"), AnswerLost("GET", "/x", "x")],
    ids=str,
)
def test_what_passes_is_repeated_until_it_succeeds(clockwork: Clockwork, error: Exception) -> None:
    call = Failing(error, 3)
    assert Pace(3, clockwork.sleep).run(call) == "done"
    assert (call.calls, len(clockwork.slept)) == (4, 3)


@pytest.mark.parametrize(
    "error",
    [answered(status) for status in (400, 401, 403, 404, 409, 410, 422, 600)] + [UnreadableAnswer("GET", "/x", "x")],
    ids=str,
)
def test_what_does_not_pass_is_not_repeated(clockwork: Clockwork, error: Exception) -> None:
    call = Failing(error, 1)
    with pytest.raises(MbsError):
        Pace(6, clockwork.sleep).run(call)
    assert (call.calls, clockwork.slept) == (1, [])


def test_no_retries_are_none(clockwork: Clockwork) -> None:
    call = Failing(answered(500), 1)
    with pytest.raises(ApiError):
        Pace(0, clockwork.sleep).run(call)
    assert call.calls == 1


def test_pauses_are_random_and_grow(clockwork: Clockwork) -> None:
    for _ in range(50):
        Pace(4, clockwork.sleep).run(Failing(answered(500), 4))
    for number in range(4):
        pauses = clockwork.slept[number::4]
        assert 0 <= min(pauses) < max(pauses) <= 0.5 * 2**number
        assert len(set(pauses)) > 40


def test_no_pause_is_longer_than_half_a_minute(clockwork: Clockwork) -> None:
    Pace(40, clockwork.sleep).run(Failing(answered(500), 40))
    assert 16 < max(clockwork.slept) <= 30


def test_what_the_api_asks_for_is_waited(clockwork: Clockwork) -> None:
    Pace(2, clockwork.sleep).run(Failing(answered(503, 7), 2))
    assert clockwork.slept == [7, 7]


@pytest.mark.parametrize(("seconds", "is_waited"), [(0, True), (120, True), (121, False), (3600, False)])
def test_two_minutes_are_waited_and_no_more(clockwork: Clockwork, seconds: float, is_waited: bool) -> None:
    call = Failing(answered(503, seconds), 1)
    if is_waited:
        assert Pace(2, clockwork.sleep).run(call) == "done"
    else:
        with pytest.raises(ApiError):
            Pace(2, clockwork.sleep).run(call)
    assert (clockwork.slept, call.calls) == (([seconds], 2) if is_waited else ([], 1))


def test_too_many_requests_slow_every_call(clockwork: Clockwork) -> None:
    pace = Pace(2, clockwork.sleep)
    woken: list[float] = []

    def other() -> str:
        woken.append(clockwork.now)
        return "done"

    def first() -> str:
        if not woken:
            pace._not_before = clockwork.now + 5  # noqa: SLF001 -- as if another thread had just been told to wait
        return pace.run(other)

    assert first() == "done"
    assert woken == [1005]
    pace.run(Failing(answered(429, 9), 1))
    assert clockwork.now == 1014
    assert Pace(1, clockwork.sleep).run(Failing(answered(503, 9), 1)) == "done"
    assert pace._not_before == 1014, "503 slows its own call alone"  # noqa: SLF001 -- as above


def test_a_call_that_waits_with_all_waits_longer_when_meanwhile_another_is_told_to(clockwork: Clockwork) -> None:
    def sleep(seconds: float) -> None:
        first = not clockwork.slept
        clockwork.sleep(seconds)
        if first:
            pace._not_before = clockwork.now + 30  # noqa: SLF001 -- as another thread would meanwhile

    pace = Pace(2, sleep)
    pace._not_before = clockwork.now + 5  # noqa: SLF001 -- the same
    assert pace.run(lambda: clockwork.now) == 1035
    assert clockwork.slept == [5, 30]


def test_a_shorter_wait_does_not_take_a_longer_one_back(clockwork: Clockwork) -> None:
    pace = Pace(1, clockwork.sleep)
    pace._not_before = clockwork.now + 50  # noqa: SLF001 -- as another thread was told
    told: list[float] = []

    def attempt() -> float:
        if not told:
            told.append(clockwork.now)
            clockwork.now -= 40  # it began before the other was told
            raise answered(429, 3)
        return clockwork.now

    assert pace.run(attempt) == 1050


def test_an_outage_is_given_up_on_and_a_success_earns_a_repeat(clockwork: Clockwork) -> None:
    pace = Pace(2, clockwork.sleep)
    calls = 0
    for _ in range(30):
        call = Failing(answered(500), 100)
        with pytest.raises(ApiError):
            pace.run(call)
        calls += call.calls
    assert calls == 30 + 20, "each call once, and the budget of 20 repeats"
    pace.run(Failing(answered(500), 0))
    pace.run(Failing(answered(500), 0))
    call = Failing(answered(500), 100)
    with pytest.raises(ApiError):
        pace.run(call)
    assert call.calls > 1


@pytest.mark.parametrize(
    ("error", "unknown"),
    [
        (AnswerLost("DELETE", "/x", "x"), True),
        (UnreadableAnswer("DELETE", "/x", "x"), True),
        (Unreachable("DELETE", "/x", "x"), False),
        (AnswerLost("POST", "/api/Provider/Login", "x"), False),
        *((ApiError("DELETE", "/x", status, ""), True) for status in (408, 500, 502, 504, 599)),
        *((ApiError("DELETE", "/x", status, ""), False) for status in (400, 404, 409, 425, 429)),
    ],
)
def test_only_an_answer_says_what_a_purge_did(error: Exception, unknown: bool) -> None:
    assert has_unknown_effect(error) is unknown  # type: ignore[arg-type]


def test_no_other_error_passes() -> None:
    assert not is_passing(KeyError())


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("7", 7.0), ("0", 0.0), ("soon", None), ("", None), ("-1", None)],
)
def test_retry_after_is_read_in_seconds(header: str, seconds: float | None) -> None:
    with answering(http(503, "", f"Retry-After: {header}")) as server, pytest.raises(ApiError) as caught:
        Client(server.url, Token("t")).computers("u")
    assert caught.value.retry_after == seconds


def test_retry_after_is_read_as_a_date() -> None:
    later = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=90)
    header = f"Retry-After: {format_datetime(later, usegmt=True)}"
    with answering(http(429, "", header)) as server, pytest.raises(ApiError) as caught:
        Client(server.url, Token("t")).computers("u")
    assert caught.value.retry_after is not None
    assert 80 < caught.value.retry_after <= 90


def test_a_read_is_repeated_and_a_purge_is_not() -> None:
    pace = Pace(2, lambda _: None)
    with answering(http(500)) as server:
        client = Client(server.url, Token("t"), pace=pace)
        with pytest.raises(ApiError):
            client.computers("u")
        with pytest.raises(ApiError):
            client.delete_user_data("u", [PAIR])
    assert [one.split()[0] for one in server.requests] == [b"GET"] * 3 + [b"DELETE"]


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n[", http(503)])
def test_a_read_whose_connection_breaks_is_repeated(answer: bytes) -> None:
    with answering(answer) as server, pytest.raises(CallFailed):
        Client(server.url, Token("t"), pace=Pace(2, lambda _: None)).computers("u")
    assert len(server.requests) == 3


def test_a_connection_that_is_not_made_is_tried_again() -> None:
    with answering(b"") as server:
        url = server.url
    slept: list[float] = []
    with pytest.raises(Unreachable):
        Client(url, Token("t"), pace=Pace(2, slept.append)).computers("u")
    assert len(slept) == 2


def test_what_a_call_is_told_by_the_api_is_waited_before_the_next(clockwork: Clockwork) -> None:
    with answering(http(429, "", "Retry-After: 7")) as server, pytest.raises(ApiError):
        Client(server.url, Token("t"), pace=Pace(2, clockwork.sleep)).computers("u")
    assert (clockwork.slept, len(server.requests)) == ([7, 7], 3)


def test_a_login_is_repeated_like_the_read_that_needs_it(clockwork: Clockwork) -> None:
    with answering(http(503, "", "Retry-After: 7")) as server, pytest.raises(ApiError) as caught:
        Client(server.url, Login("a", "b"), pace=Pace(2, clockwork.sleep)).computers("u")
    assert caught.value.path == "/api/Provider/Login"
    assert (clockwork.slept, len(server.requests)) == ([7, 7], 3)


def test_a_login_that_is_refused_is_not_repeated() -> None:
    with answering(http(401)) as server, pytest.raises(LoginRefused):
        Client(server.url, Login("a", "b"), pace=Pace(2, lambda _: None)).computers("u")
    assert len(server.requests) == 1


def test_a_given_token_that_is_refused_is_not_replaced() -> None:
    with answering(http(401)) as server, pytest.raises(TokenRefused):
        Client(server.url, Token("t"), pace=Pace(2, lambda _: None)).computers("u")
    assert len(server.requests) == 1


class Expiring:
    """An account whose first token expires once every one of `threads` has used it; then each login gives another."""

    def __init__(self, threads: int, *, for_good: bool = False) -> None:
        self.logins = 0
        self.calls: list[str] = []
        self.for_good = for_good
        self._all_at_once = threading.Barrier(threads)

    def answer(self, method: str, token: str) -> tuple[int, str]:
        if method == "POST":
            self.logins += 1
            return 200, f'{{"access_token": "token-{self.logins}"}}'
        self.calls.append(token)
        if token == "Bearer token-1":
            self._all_at_once.wait(10)
        if token == "Bearer token-1" or self.for_good:
            return 401, ""
        return 200, "[]" if method == "GET" else ""


@contextlib.contextmanager
def serving(account: Expiring) -> Iterator[str]:
    class Handler(http_server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            """Say nothing."""

        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, text = account.answer(self.command, self.headers.get("Authorization", ""))
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        do_GET = do_POST = do_DELETE = answer  # noqa: N815 -- the library's names

    with http_server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join(5)


def test_all_who_find_a_token_expired_at_once_share_one_new_login_and_go_on() -> None:
    account = Expiring(4)
    with serving(account) as url, ThreadPoolExecutor(4) as threads:
        client = Client(url, Login("a", "b"), timeout=20)
        listings = list(threads.map(client.computers, ["u-1", "u-2", "u-3", "u-4"]))
        client.delete_user_data("u-1", [PAIR])
    assert listings == [[], [], [], []]
    assert account.logins == 2, "the first, and one for all"
    assert sorted(account.calls) == ["Bearer token-1"] * 4 + ["Bearer token-2"] * 5


def test_a_fresh_token_that_is_refused_as_well_is_not_replaced_again() -> None:
    account = Expiring(1, for_good=True)
    with serving(account) as url, pytest.raises(TokenRefused):
        Client(url, Login("a", "b"), pace=Pace(2, lambda _: None)).computers("u-1")
    assert (account.logins, account.calls) == (2, ["Bearer token-1", "Bearer token-2"])
