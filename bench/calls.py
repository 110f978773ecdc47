"""What the account was asked for in an operation: how many calls of which method, and how many at a time."""

from collections import Counter
from collections.abc import Sequence

from sandbox.messages import LoggedRequest


def calls_by_method(requests: Sequence[LoggedRequest]) -> dict[str, int]:
    """Return the number of calls of each method, the most frequent method first."""
    return dict(Counter(one.method for one in requests).most_common())


def in_flight_by_method(requests: Sequence[LoggedRequest], latency: float) -> dict[str, int]:
    """Return how many calls of each method were under way at the same time, at the least.

    The sandbox notes when a call arrived, and holds it for `latency` seconds before it answers. A call that took longer
    counts for that long only, so that the true number may be larger, and is never smaller.
    """
    return {
        method: _most_at_once([one.real_at.timestamp() for one in requests if one.method == method], latency)
        for method in calls_by_method(requests)
    }


def _most_at_once(moments: Sequence[float], latency: float) -> int:
    starts = sorted(moments)
    most = first = 0
    for last, start in enumerate(starts):
        while starts[first] <= start - latency:
            first += 1
        most = max(most, last - first + 1)
    return most
