"""What the account says about a plan: asked only where something is to be adopted or purged, once a user."""

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeVar

from erasure import clock
from erasure.account import Account, Listing
from erasure.errors import Refusal
from erasure.identity import fold
from erasure.plan import Bound, Spelled
from mbs.errors import MbsError
from mbs.models import PlanRun, UserComputer

SomeSpelled = TypeVar("SomeSpelled", bound=Spelled)

_WIDEST_ZONE: Final = datetime.timedelta(hours=14)


@dataclass(frozen=True)
class Facts:
    """What the account says about one purge.

    `pair` is the binding as the account lists it now, or as it was adopted where the account no longer knows the user;
    None means that the account, which knows the user, lists no such data any more: there is nothing to purge.
    `last_backup` is taken as UTC where the API names no zone, and `alive_at` is the latest moment that it may mean.
    `copies` are the other destinations that list this computer.
    """

    user_id: str
    pair: UserComputer | None
    last_backup: datetime.datetime | None = None
    alive_at: datetime.datetime | None = None
    is_running: bool = False
    copies: frozenset[str] = frozenset()
    stored_bytes: int | None = None


@dataclass(frozen=True)
class Evidence:
    """What was found out about a plan; `facts` is keyed by binding id.

    `stored` has, for each user of a purge of whom the API tells it, the bytes of each computer by its folded name, and
    under None those that it does not attribute. `unread` are questions that no rule needs an answer to. `people` has,
    where that was asked, how the account calls the users of purges, and what it lists for them.
    """

    facts: Mapping[str, Facts] = field(default_factory=dict)
    stored: Mapping[str, Mapping[str | None, int]] = field(default_factory=dict)
    unknown_users: frozenset[str] = frozenset()
    unreadable: tuple[MbsError, ...] = ()
    unread: tuple[MbsError, ...] = ()
    obstacles: tuple[Refusal, ...] = ()
    people: Mapping[str, "Person"] = field(default_factory=dict)

    def stored_bytes(self, purges: Iterable[Bound]) -> int:
        """Return what these purges hold at the most: what cannot be attributed counts in full, and once."""
        computers: dict[str, set[str | None]] = {}
        for one in purges:
            computers.setdefault(fold(one.user), {None}).add(fold(one.computer))
        return sum(self.stored.get(user, {}).get(name, 0) for user, names in computers.items() for name in names)


@dataclass(frozen=True)
class Person:
    """A user as people know it: the login, the names of destinations by their folded ID, and all that is listed."""

    user_id: str
    login: str | None
    destinations: Mapping[str, str]
    listed: tuple[UserComputer, ...]


@dataclass(frozen=True)
class Questions:
    """What is to be asked besides the listings. `bytes_needed`: a rule depends on how much is stored."""

    activity: bool
    stored_bytes: bool
    bytes_needed: bool
    names: bool = False


def look_up(purges: Iterable[Bound], adoptions: Iterable[Spelled], questions: Questions, account: Account) -> Evidence:
    """Ask the account about every user of whom something is to be purged or adopted, many users at a time."""
    dropped, adopted = _by_user(purges), _by_user(one for one in adoptions if not one.deleted)
    users = [*(group[0].user for group in dropped.values()), *(group[0].user for group in adopted.values())]

    def look(user_id: str) -> Evidence:
        key = fold(user_id)
        return _look(user_id, dropped.get(key, []), adopted.get(key, []), questions, account)

    return _together(account.for_each(users, look))


def _look(
    user_id: str, purges: list[Bound], adoptions: list[Spelled], questions: Questions, account: Account
) -> Evidence:
    try:
        listing = account.listing(user_id)
        obstacles, found = _find(listing, purges, adoptions)
        if None in found.values() and not account.knows(user_id):
            as_adopted = {
                one.id: UserComputer(DestinationId=one.destination, ComputerName=one.computer) for one in purges
            }
            found = {key: pair or as_adopted[key] for key, pair in found.items()}
            unknown = frozenset([user_id])
        else:
            unknown = frozenset()
        runs = account.client.plan_runs(user_id) or [] if purges and questions.activity else []
    except MbsError as error:
        return Evidence(unreadable=(error,))
    stored, failed = _stored(user_id, account) if purges and questions.stored_bytes else (None, None)
    person, unnamed = _person(user_id, listing, account) if purges and questions.names else (None, None)
    facts = {
        one.id: _facts(user_id, one, found[one.id], listing, runs, stored or {}) for one in purges if one.id in found
    }
    return Evidence(
        facts,
        {} if stored is None else {fold(user_id): stored},
        unknown,
        (failed,) if failed and questions.bytes_needed else (),
        tuple(one for one in (unnamed, None if questions.bytes_needed else failed) if one is not None),
        tuple(obstacles),
        {} if person is None else {fold(user_id): person},
    )


def _find(
    listing: Listing, purges: list[Bound], adoptions: list[Spelled]
) -> tuple[list[Refusal], dict[str, UserComputer | None]]:
    obstacles: list[Refusal] = []
    found: dict[str, UserComputer | None] = {}
    for wanted in adoptions:
        try:
            if listing.find(wanted.identity) is None:
                obstacles.append(not_listed(wanted, listing.nearest(wanted.identity)))
        except Refusal as refusal:
            obstacles.append(refusal)
    for bound in purges:
        try:
            found[bound.id] = listing.find(bound.identity)
        except Refusal as refusal:
            obstacles.append(refusal)
    return obstacles, found


def _facts(
    user_id: str,
    purge: Bound,
    pair: UserComputer | None,
    listing: Listing,
    runs: list[PlanRun],
    stored: Mapping[str | None, int],
) -> Facts:
    own = [run for run in runs if run.computer_name is None or fold(run.computer_name) == fold(purge.computer)]
    starts = [run.last_start for run in own if run.last_start is not None]
    return Facts(
        user_id,
        pair,
        max(map(_utc, starts), default=None),
        max(map(_latest, starts), default=None),
        any(run.is_running for run in own),
        listing.destinations(purge.computer) - {fold(purge.destination)},
        stored.get(fold(purge.computer)),
    )


def _utc(start: datetime.datetime) -> datetime.datetime:
    return start.replace(tzinfo=start.tzinfo or datetime.UTC).astimezone(datetime.UTC)


def _latest(start: datetime.datetime) -> datetime.datetime:
    """Return the latest moment that a time may mean: one without a zone may be of any, and none is 14 hours off."""
    return _utc(start) if start.tzinfo is not None else _utc(start) + _WIDEST_ZONE


def _person(user_id: str, listing: Listing, account: Account) -> tuple[Person, MbsError | None]:
    try:
        user, failed = account.user(user_id), None
    except MbsError as error:
        user, failed = None, error
    names = {fold(one.id): one.name for one in user.destinations} if user else {}
    return Person(user_id, user.login if user else None, names, tuple(listing.pairs())), failed


def _stored(user_id: str, account: Account) -> tuple[dict[str | None, int] | None, MbsError | None]:
    try:
        billing = account.client.billing(user_id, clock.today())
    except MbsError as error:
        return None, error
    if billing is None:
        return None, None
    stored: dict[str | None, int] = {}
    for one in billing.details:
        name = None if one.computer is None else fold(one.computer)
        stored[name] = stored.get(name, 0) + one.stored_bytes
    return stored, None


def not_listed(wanted: Spelled, nearest: str) -> Refusal:
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
        {key: facts for part in parts for key, facts in part.facts.items()},
        {user: stored for part in parts for user, stored in part.stored.items()},
        frozenset[str]().union(*(part.unknown_users for part in parts)),
        tuple(error for part in parts for error in part.unreadable),
        tuple(error for part in parts for error in part.unread),
        tuple(refusal for part in parts for refusal in part.obstacles),
        {user: person for part in parts for user, person in part.people.items()},
    )
