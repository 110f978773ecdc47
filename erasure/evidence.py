"""What the account says about a plan: asked only where something is to be adopted or purged, once a user."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from erasure.account import Account
from erasure.errors import Refusal
from erasure.identity import fold
from erasure.plan import Bound, Plan, Spelled, Wanted
from mbs.errors import MbsError
from mbs.models import UserComputer

SomeSpelled = TypeVar("SomeSpelled", bound=Spelled)


@dataclass(frozen=True)
class Target:
    """What a purge would address.

    `pair` is the binding as the account lists it now, or as it was adopted where the account no longer knows the user;
    None means that the account, which knows the user, lists no such data any more: there is nothing to purge.
    """

    user_id: str
    pair: UserComputer | None


@dataclass(frozen=True)
class Evidence:
    """What was found out. `targets` is keyed by binding id; `obstacles` are sentences that stop the operation."""

    targets: Mapping[str, Target] = field(default_factory=dict)
    unknown_users: frozenset[str] = frozenset()
    unreadable: tuple[MbsError, ...] = ()
    obstacles: tuple[Refusal, ...] = ()


def look_up(plan: Plan, account: Account) -> Evidence:
    """Ask the account about every user of whom something is to be purged or adopted."""
    adopted = [one for one in plan.adoptions if not one.deleted]
    purges, adoptions = _by_user(plan.purges), _by_user(adopted)

    def look(user_id: str) -> Evidence:
        return _look(user_id, purges.get(fold(user_id), []), adoptions.get(fold(user_id), []), account)

    return _together(account.for_each((one.user for one in (*plan.purges, *adopted)), look))


def _look(user_id: str, purges: list[Bound], adoptions: list[Wanted], account: Account) -> Evidence:
    obstacles: list[Refusal] = []
    targets: dict[str, Target] = {}
    unknown: set[str] = set()
    try:
        listing = account.listing(user_id)
        for wanted in adoptions:
            try:
                if listing.find(wanted.identity) is None:
                    obstacles.append(not_listed(wanted, listing.nearest(wanted.identity)))
            except Refusal as refusal:
                obstacles.append(refusal)
        for bound in purges:
            try:
                pair = listing.find(bound.identity)
            except Refusal as refusal:
                obstacles.append(refusal)
                continue
            if pair is None and not account.knows(user_id):
                unknown.add(user_id)
                pair = UserComputer(DestinationId=bound.destination, ComputerName=bound.computer)
            targets[bound.id] = Target(user_id, pair)
    except MbsError as error:
        return Evidence(unreadable=(error,), obstacles=tuple(obstacles))
    return Evidence(targets, frozenset(unknown), (), tuple(obstacles))


def not_listed(wanted: Wanted, nearest: str) -> Refusal:
    """Return the refusal to adopt what the account does not list."""
    return Refusal(
        "not-listed",
        f"{wanted.identity} is not in the account ({nearest})",
        "correct the entry, or set `deleted: true` on a user whose MBS account is gone",
    )


def _by_user(bindings: Iterable[SomeSpelled]) -> dict[str, list[SomeSpelled]]:
    groups: dict[str, list[SomeSpelled]] = {}
    for one in bindings:
        groups.setdefault(fold(one.user), []).append(one)
    return groups


def _together(parts: list[Evidence]) -> Evidence:
    return Evidence(
        {key: target for part in parts for key, target in part.targets.items()},
        frozenset[str]().union(*(part.unknown_users for part in parts)),
        tuple(error for part in parts for error in part.unreadable),
        tuple(refusal for part in parts for refusal in part.obstacles),
    )
