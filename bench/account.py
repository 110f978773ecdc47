"""The account that is measured: users with ten computers each, every computer on one destination; and its calls."""

import uuid
from bisect import bisect_right
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from sandbox.client import SandboxControl
from sandbox.messages import LoggedRequest

COMPUTERS_A_USER: Final = 10
LATENCY_SECONDS: Final = 0.05
"""How long the sandbox waits before each answer of the MBS API."""

_DESTINATION: Final = "74c0060b-1ca5-4342-9d02-2a7f57e378c4"
_USERS: Final = uuid.UUID("6970973d-e245-4bbf-a766-dc65a96549c9")


@dataclass(frozen=True, order=True)
class Binding:
    """A user's computer on a destination. IDs are GUIDs, as the vendor's are: their length is part of the state."""

    user: str
    destination: str
    computer: str


def bindings(number: int) -> list[Binding]:
    """Return so many bindings, the same ones each time, user by user."""
    return [
        Binding(str(uuid.uuid5(_USERS, str(place // COMPUTERS_A_USER))), _DESTINATION, f"WORKSTATION-{place:06}")
        for place in range(number)
    ]


def without_a_tenth(everything: Sequence[Binding]) -> list[Binding]:
    """Return what stays when a tenth goes: the first users, whole, as when customers leave."""
    users = len(by_user(everything))
    return [*everything[max(1, users // 10) * COMPUTERS_A_USER :]]


def by_user(bindings: Iterable[Binding]) -> dict[str, list[Binding]]:
    """Group bindings by their user, in their order."""
    users: dict[str, list[Binding]] = {}
    for binding in bindings:
        users.setdefault(binding.user, []).append(binding)
    return users


def inventory(bindings: Iterable[Binding]) -> str:
    """Return the inventory file that wants these bindings, as people write it."""
    users = by_user(bindings)
    lines = ["version: 1", "customer: Harbour Freight Forwarding", "users:" if users else "users: []"]
    for number, (user, computers) in enumerate(users.items()):
        lines += [f"  - id: {user}", f"    login: user-{number}@harbour.example", "    computers:"]
        for binding in computers:
            lines += [f"      - name: {binding.computer}", f"        destinations: [{binding.destination}]"]
    return "\n".join(lines) + "\n"


def fill(sandbox: SandboxControl, everything: Iterable[Binding]) -> None:
    """Begin the sandbox anew with these bindings; what is purged is gone at once."""
    sandbox.reset()
    sandbox.seed(
        [
            {
                "id": user,
                "computers": [{"name": each.computer, "destinations": [each.destination]} for each in computers],
            }
            for user, computers in by_user(everything).items()
        ]
    )
    sandbox.change_settings(purge_delay="0s", latency=f"{LATENCY_SECONDS}s")


def purged(requests: Iterable[LoggedRequest]) -> Counter[Binding]:
    """Return how often each binding was in a DELETE that was answered with success."""
    return Counter(
        Binding(request.path.split("/")[3], pair["DestinationId"], pair["ComputerName"])
        for request in requests
        if request.method == "DELETE" and request.status == 200
        for pair in request.body
    )


def complaints(
    sandbox: SandboxControl, requests: Sequence[LoggedRequest], leaving: Collection[Binding], staying: set[Binding]
) -> Iterator[str]:
    """Yield what an operation did wrong that was to purge `leaving`, each once, and to leave `staying`."""
    if failed := sum(request.status != 200 for request in requests):
        yield f"{failed} calls failed"
    asked = purged(requests)
    if asked != Counter(leaving):
        yield f"{len(asked)} bindings were asked for in DELETE calls, {asked.total()} times, not {len(leaving)} once"
    if staying != {Binding(row.user, row.destination, row.computer) for row in sandbox.state().bindings if row.listed}:
        yield f"the account does not list the {len(staying)} bindings that were to stay"


def calls_by_method(requests: Iterable[LoggedRequest]) -> dict[str, int]:
    """Return the number of calls of each method, the most frequent method first."""
    return dict(Counter(request.method for request in requests).most_common())


def in_flight_by_method(requests: Sequence[LoggedRequest], latency: float) -> dict[str, int]:
    """Return how many calls of each method were under way at the same time, at the least.

    The sandbox notes when a call arrived, and holds it for `latency` seconds before it answers. A call that took longer
    counts for that long only, so that the true number may be larger, and is never smaller.
    """
    most = {}
    for method in calls_by_method(requests):
        starts = sorted(each.real_at.timestamp() for each in requests if each.method == method)
        most[method] = max(bisect_right(starts, start) - bisect_right(starts, start - latency) for start in starts)
    return most
