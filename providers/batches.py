"""Batches: the purges of one user in one call, many users at a time.

A batch holds what the engine will delete. It is begun when the engine deletes the first of its bindings, and, where the
engine handles the whole stack, a few users ahead of that: so many that the account is never idle, and so few that
nothing waits to be sent when somebody stops the engine.
"""

import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor

from erasure.identity import fold
from erasure.plan import Bound

MOST_PAIRS = 500  # in one call; what the API takes is not documented

# Purges these bindings of one user, and returns for each the error that it failed with, or None.
Send = Callable[[list[Bound]], Mapping[str, BaseException | None]]


class Batches:
    """The batches of one run.

    `eligible` are the bindings that may be purged before the engine asks for them, in the order in which it will; none,
    where that is not known.
    `concurrency` is the number of users at a time. Only a deletion by the engine begins a batch, its own or one ahead:
    when it stops, what follows is no more than what is under way.
    """

    def __init__(self, send: Send, eligible: Iterable[Bound], concurrency: int) -> None:
        self._send = send
        self._concurrency = concurrency
        self._lock = threading.Lock()
        self._results: dict[str, Future[None]] = {}
        self._ahead: set[str] = set()
        self._under_way = 0
        self._waiting: dict[str, list[Bound]] = {}
        for one in eligible:
            self._waiting.setdefault(fold(one.user), []).append(one)
        self._pool = ThreadPoolExecutor(concurrency, thread_name_prefix="purge")

    def purge(self, bound: Bound) -> None:
        """Purge what the engine deletes now, or wait for the batch that it is in; raise what it failed with."""
        user = fold(bound.user)
        with self._lock:
            self._ahead.discard(user)
            if bound.id not in self._results:
                together = self._waiting.get(user, [])
                if any(one.id == bound.id for one in together):
                    self._begin(self._waiting.pop(user))
                else:
                    self._begin([bound])
            self._look_ahead()
            result = self._results[bound.id]
        result.result()

    def _look_ahead(self) -> None:
        while self._waiting and max(len(self._ahead), self._under_way) < self._concurrency:
            user = next(iter(self._waiting))
            self._ahead.add(user)
            self._begin(self._waiting.pop(user))

    def _begin(self, bindings: list[Bound]) -> None:
        for start in range(0, len(bindings), MOST_PAIRS):
            batch = bindings[start : start + MOST_PAIRS]
            results = {one.id: Future[None]() for one in batch}
            self._results.update(results)
            self._under_way += 1
            self._pool.submit(self._settle, batch, results)

    def _settle(self, batch: list[Bound], results: Mapping[str, Future[None]]) -> None:
        try:
            errors = self._send(batch)
        except BaseException as unexpected:  # noqa: BLE001 -- each deletion of the batch fails with it
            errors = dict.fromkeys(results, unexpected)
        with self._lock:
            self._under_way -= 1
        for name, result in results.items():
            error = errors[name]
            if error is None:
                result.set_result(None)
            else:
                result.set_exception(error)
