"""How the calls of one operation are repeated and slowed down, all together.

Between two attempts lies a random time that grows (exponential, full jitter), or what the API asks for in Retry-After.
An answer of 429 slows every call, not its own alone. A budget bounds the repeats of a whole operation: each success
earns one, so that a few failures are got over and an outage is given up on.
"""

import threading
import time
from collections.abc import Callable
from typing import Final, TypeVar

from tenacity import RetryCallState, Retrying, retry_if_exception, wait_random_exponential

from mbs.errors import AnswerLost, ApiError, CallFailed, Unreachable, Untrusted

T = TypeVar("T")

AGAIN: Final = (408, 425, 429)  # refused for now
_TOO_MANY: Final = 429
_LONGEST_ASKED: Final = 120.0  # seconds of Retry-After; who is asked for more gives up and says so
_FOR_EACH_RETRY: Final = 10  # repeats that an operation begins with, for each that one call may have

_jitter = wait_random_exponential(multiplier=0.5, max=30)


def is_passing(error: BaseException) -> bool:
    """Whether the same call may succeed a little later."""
    if isinstance(error, ApiError):
        return error.status in AGAIN or 500 <= error.status < 600
    return isinstance(error, Unreachable | AnswerLost) and not isinstance(error, Untrusted)


def has_unknown_effect(error: CallFailed) -> bool:
    """Whether a purge that failed so may have taken effect: its answer was lost, or is that of a server in trouble."""
    if error.method != "DELETE":
        return False  # the login that it needed
    if isinstance(error, ApiError):
        return error.status == 408 or 500 <= error.status < 600
    return not isinstance(error, Unreachable)


class Pace:
    """The pace of one operation. `retries` bounds the repeats of one call; `sleep` waits so many seconds."""

    def __init__(self, retries: int = 0, sleep: Callable[[float], None] = time.sleep) -> None:
        self._retries = retries
        self._sleep = sleep
        self._lock = threading.Lock()
        self._budget = self._full = retries * _FOR_EACH_RETRY
        self._not_before = 0.0

    def run(self, attempt: Callable[[], T]) -> T:
        """Return what an attempt returns, or raise what the last one raised."""

        def paced() -> T:
            self._wait_with_all()
            result = attempt()
            with self._lock:
                self._budget = min(self._budget + 1, self._full)
            return result

        repeated = Retrying(
            stop=self._is_enough,
            wait=self._pause,
            retry=retry_if_exception(is_passing),
            sleep=self._sleep,
            reraise=True,
        )
        return repeated(paced)

    def _is_enough(self, state: RetryCallState) -> bool:
        if state.attempt_number > self._retries or (_asked_for(state) or 0) > _LONGEST_ASKED:
            return True
        with self._lock:
            is_spent = self._budget == 0
            self._budget = max(self._budget - 1, 0)
        return is_spent

    def _pause(self, state: RetryCallState) -> float:
        asked = _asked_for(state)
        pause = _jitter(state) if asked is None else asked
        error = _error(state)
        if isinstance(error, ApiError) and error.status == _TOO_MANY:
            with self._lock:
                self._not_before = max(self._not_before, time.monotonic() + pause)
        return pause

    def _wait_with_all(self) -> None:
        while True:
            with self._lock:
                pause = self._not_before - time.monotonic()
            if pause <= 0:
                return
            self._sleep(pause)  # meanwhile another call may have been told to wait still longer


def _error(state: RetryCallState) -> BaseException | None:
    return state.outcome.exception() if state.outcome else None


def _asked_for(state: RetryCallState) -> float | None:
    error = _error(state)
    return error.retry_after if isinstance(error, ApiError) else None
