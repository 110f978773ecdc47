"""Answers that are found once and kept, whoever asks first."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

T = TypeVar("T")


class Once(Generic[T]):
    """Finds the answer to each key once; who asks meanwhile waits for it, and a failure is an answer as well."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._answers: dict[str, Future[T]] = {}

    def get(self, key: str, find: Callable[[], T]) -> T:
        """Return the answer to a key, or raise what finding it raised."""
        with self._lock:
            answer = self._answers.get(key)
            is_ours = answer is None
            if answer is None:
                answer = self._answers[key] = Future()
        if is_ours:
            try:
                answer.set_result(find())
            except BaseException as error:  # noqa: BLE001 -- whoever waits for the answer gets it as it is
                answer.set_exception(error)
        return answer.result()
