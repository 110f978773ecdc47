"""Batches: the purges of one user in one call, many users at a time.

A batch holds what the engine will delete. It is begun when the engine deletes the first of its bindings, or, where the
engine handles the whole stack, ahead of that, since the engine asks for no more than a few bindings at a time, of any
users. Only a deletion begins batches: the first one as many as may be under way, each later one no more than its share.
So when somebody stops the engine, hardly more calls follow than were under way.
"""

import math
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final

from erasure.identity import fold
from erasure.plan import Bound

_THREADS: Final = 4  # of Pulumi's plugin process: as many deletions are served at a time
MOST_PAIRS = 500  # in one call; what the API takes is not documented

# Purges these bindings of one user, and returns for each the error that it failed with, or None.
Send = Callable[[list[Bound]], Mapping[str, BaseException | None]]


class Batches:
    """The batches of one run.

    `eligible` are the bindings that may be purged before the engine asks for them; none, where that is not known.
    `concurrency` is the number of users at a time.
    """

    def __init__(self, send: Send, eligible: Iterable[Bound], concurrency: int) -> None:
        self._send = send
        self._concurrency = concurrency
        self._share = math.ceil(concurrency / _THREADS)
        self._first = max(self._share, concurrency - _THREADS + 1)  # the other threads are about to ask as well
        self._lock = threading.Lock()
        self._results: dict[str, Future[None]] = {}
        self._under_way = 0
        self._waiting = {batch[0].id: batch for batch in _batches(eligible)}
        self._batch_of = {purge.id: name for name, batch in self._waiting.items() for purge in batch}
        self._pool = ThreadPoolExecutor(concurrency, thread_name_prefix="purge")

    def purge(self, bound: Bound) -> None:
        """Purge what the engine deletes now, or wait for the batch that it is in; raise what it failed with."""
        name = self._batch_of.get(bound.id, bound.id)
        with self._lock:
            room = self._share if self._results else self._first
            if bound.id not in self._results:
                self._begin(self._waiting.pop(name, [bound]))
                room -= 1
            self._look_ahead(room)
            result = self._results[bound.id]
        result.result()

    def _look_ahead(self, most: int) -> None:
        for _ in range(min(most, self._concurrency - self._under_way, len(self._waiting))):
            self._begin(self._waiting.pop(next(iter(self._waiting))))

    def _begin(self, batch: list[Bound]) -> None:
        results = {purge.id: Future[None]() for purge in batch}
        self._results.update(results)
        self._under_way += 1
        self._pool.submit(self._settle, batch, results)

    def _settle(self, batch: list[Bound], results: Mapping[str, Future[None]]) -> None:
        try:
            ended = self._send(batch)
            # One that was not answered for fails here, and the batch with it: none passes unsaid.
            errors = {name: ended[name] for name in results}
        except BaseException as unexpected:  # noqa: BLE001 -- each deletion of the batch fails with it
            errors = dict.fromkeys(results, unexpected)
        with self._lock:
            self._under_way -= 1
        for name, result in results.items():
            if (error := errors[name]) is None:
                result.set_result(None)
            else:
                result.set_exception(error)


def _batches(eligible: Iterable[Bound]) -> Iterator[list[Bound]]:
    """Yield the bindings of each user together, and of one who has more than a call takes in several parts."""
    users: dict[str, list[Bound]] = {}
    for purge in eligible:
        users.setdefault(fold(purge.user), []).append(purge)
    for own in users.values():
        for start in range(0, len(own), MOST_PAIRS):
            yield own[start : start + MOST_PAIRS]
