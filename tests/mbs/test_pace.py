"""How calls are repeated and slowed down."""

import datetime
import time
from email.utils import format_datetime

import pytest

from mbs.client import Client
from mbs.credentials import Login, Token
from mbs.errors import AnswerLost, ApiError, MbsError, TokenRefused, Unreachable, UnreadableAnswer
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


def test_what_the_api_asks_for_is_waited(clockwork: Clockwork) -> None:
    Pace(2, clockwork.sleep).run(Failing(answered(503, 7), 2))
    assert clockwork.slept == [7, 7]


def test_an_hour_is_not_waited(clockwork: Clockwork) -> None:
    with pytest.raises(ApiError):
        Pace(2, clockwork.sleep).run(Failing(answered(503, 3600), 1))
    assert clockwork.slept == []


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


def test_an_expired_token_is_replaced_once_by_a_login_and_a_given_one_is_not() -> None:
    with answering(http(401)) as server:
        with pytest.raises(TokenRefused):
            Client(server.url, Token("t")).computers("u")
        assert len(server.requests) == 1
    login = http(200, '{"access_token": "fresh"}')
    with answering(login) as server:
        # The login's answer is not a listing: what is of interest is how often it logged in.
        with pytest.raises(UnreadableAnswer):
            Client(server.url, Login("a", "b")).computers("u")
        assert [one.split()[0] for one in server.requests] == [b"POST", b"GET"]
