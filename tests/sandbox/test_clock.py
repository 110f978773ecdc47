"""The sandbox's own clock."""

from datetime import UTC, datetime, timedelta

import pytest
import requests

from sandbox.client import ControlRefused
from sandbox.running import RunningSandbox

SECOND = timedelta(seconds=5)


def test_clock_starts_at_the_real_time(sandbox: RunningSandbox) -> None:
    clock = sandbox.clock()
    assert abs(clock.now - clock.real) < SECOND


def test_clock_moves_on(sandbox: RunningSandbox) -> None:
    sandbox.move_clock("25h")
    sandbox.move_clock(timedelta(hours=1))
    clock = sandbox.clock()
    assert abs(clock.now - clock.real - timedelta(hours=26)) < SECOND


@pytest.mark.parametrize("time", ["2031-02-03T04:05:06", "2031-02-03T06:05:06+02:00"])
def test_clock_is_put_at_a_time(sandbox: RunningSandbox, time: str) -> None:
    sandbox.set_clock(datetime.fromisoformat(time))
    assert abs(sandbox.clock().now - datetime(2031, 2, 3, 4, 5, 6, tzinfo=UTC)) < SECOND


@pytest.mark.parametrize(
    "move",
    [
        {},
        {"forward": "1h", "time": "2031-02-03T04:05:06Z"},
        {"forward": "-1h"},
        {"forward": "1 fortnight"},
        {"forward": "101y"},
        {"time": "9999-12-31T00:00:00Z"},
        {"time": "1812-01-01T00:00:00Z"},
    ],
)
def test_move_that_cannot_be_meant_is_refused(sandbox: RunningSandbox, move: dict[str, str]) -> None:
    answer = requests.post(f"{sandbox.url}/_sandbox/clock", json=move, timeout=30)
    assert answer.status_code == 422
    clock = sandbox.clock()
    assert abs(clock.now - clock.real) < SECOND


def test_clock_cannot_be_moved_out_of_the_calendar(sandbox: RunningSandbox) -> None:
    sandbox.set_clock(datetime(8990, 1, 1, tzinfo=UTC))
    with pytest.raises(ControlRefused, match="1970 to 9000"):
        sandbox.move_clock("36500d")
    assert sandbox.clock().now.year == 8990
