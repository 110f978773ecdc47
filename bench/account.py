"""The account that is measured: users with ten computers each, every computer on one destination."""

import uuid
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

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
    users = by_user(everything)
    leaving = {*list(users)[: max(1, len(users) // 10)]}
    return [one for one in everything if one.user not in leaving]


def by_user(some: Iterable[Binding]) -> dict[str, list[Binding]]:
    """Group bindings by their user, in their order."""
    users: dict[str, list[Binding]] = {}
    for one in some:
        users.setdefault(one.user, []).append(one)
    return users


def documents(some: Iterable[Binding]) -> list[dict[str, str]]:
    """Return bindings as the rivals' programs read them."""
    return [asdict(one) for one in some]


def inventory(some: Iterable[Binding]) -> str:
    """Return the inventory file that wants these bindings, as people write it."""
    lines = ["version: 1", "customer: Harbour Freight Forwarding"]
    users = by_user(some)
    lines.append("users:" if users else "users: []")
    for number, (user, computers) in enumerate(users.items()):
        lines += [f"  - id: {user}", f"    login: user-{number}@harbour.example", "    computers:"]
        for one in computers:
            lines += [f"      - name: {one.computer}", f"        destinations: [{one.destination}]"]
    return "\n".join(lines) + "\n"


def fill(sandbox: SandboxControl, everything: Sequence[Binding]) -> None:
    """Begin the sandbox anew with these bindings; what is purged is gone at once."""
    sandbox.reset()
    sandbox.seed([_user(user, computers) for user, computers in by_user(everything).items()])
    sandbox.change_settings(purge_delay="0s", latency=f"{LATENCY_SECONDS}s")


def purged(requests: Iterable[LoggedRequest]) -> Counter[Binding]:
    """Return how often each binding was in a DELETE that was answered with success."""
    return Counter(pair for one in requests if one.method == "DELETE" and one.status == 200 for pair in _pairs(one))


def listed(sandbox: SandboxControl) -> set[Binding]:
    """Return what the account lists now."""
    state = sandbox.state()
    return {Binding(one.user, one.destination, one.computer) for one in state.bindings if one.listed}


def complaint_about(
    sandbox: SandboxControl, requests: Sequence[LoggedRequest], leaving: Collection[Binding], staying: set[Binding]
) -> str | None:
    """Say what an operation did wrong that was to purge `leaving`, each once, and to leave `staying`; None: nothing."""
    asked = purged(requests)
    failed = sum(one.status != 200 for one in requests)
    if failed:
        return f"{failed} calls failed"
    if asked != Counter(leaving):
        return f"{len(asked)} bindings were asked for in DELETE calls, {asked.total()} times, not {len(leaving)} once"
    if listed(sandbox) != staying:
        return f"the account does not list the {len(staying)} bindings that were to stay"
    return None


def _pairs(request: LoggedRequest) -> Iterator[Binding]:
    user = request.path.split("/")[3]
    for pair in request.body:
        yield Binding(user, pair["DestinationId"], pair["ComputerName"])


def _user(user: str, computers: Iterable[Binding]) -> dict[str, Any]:
    return {"id": user, "computers": [{"name": one.computer, "destinations": [one.destination]} for one in computers]}
