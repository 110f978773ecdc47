"""What the account says about a plan: asked only where something is to be adopted or purged, once a user."""

import datetime
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeVar

from erasure.account import Account, Listing
from erasure.errors import Refusal
from erasure.identity import Identity, fold
from erasure.ledger import Observation
from mbs.errors import MbsError, UnreadableAnswer
from mbs.models import Billing, PlanRun, User, UserComputer

T = TypeVar("T")

_WIDEST_ZONE: Final = datetime.timedelta(hours=14)  # no clock on earth is further from UTC


@dataclass(frozen=True)
class UserEvidence:
    """What the account says about one user of whom something is to be purged or adopted.

    `user` is the ID that the account was asked with. Where `error` is set nothing could be read, and nothing else is.
    `is_known` is False where the account does not know the ID any more. `pairs` and `observations` are of the purges,
    by binding id: a pair is the binding as the account lists it now, or as it was adopted where the user is unknown;
    None means that the account, which knows the user, lists no such data any more, so that there is nothing to purge.
    `stored` has the bytes of each computer by its folded name, and under None those that the account does not
    attribute; None: it does not tell. `account` is the user as people know it, where that was asked. `refusals` say
    what is ambiguous, or to be adopted and not listed; `billing_error` and `name_error` why these were not told.
    """

    user: str
    error: MbsError | None = None
    listing: Listing | None = None
    is_known: bool = True
    pairs: Mapping[str, UserComputer | None] = field(default_factory=dict)
    observations: Mapping[str, Observation] = field(default_factory=dict)
    refusals: tuple[Refusal, ...] = ()
    stored: Mapping[str | None, int] | None = None
    billing_error: MbsError | None = None
    account: User | None = None
    name_error: MbsError | None = None


@dataclass(frozen=True)
class Evidence:
    """What was found out about a plan; `users` is keyed by folded user ID, and has those that were asked about."""

    users: Mapping[str, UserEvidence] = field(default_factory=dict)

    def of_user(self, user_id: str) -> UserEvidence:
        """Return what is known of a user."""
        return self.users.get(fold(user_id)) or UserEvidence(user_id)

    def observation(self, purge: Identity) -> Observation | None:
        """Return what was seen of a purge; None: it was not looked up, or could not be."""
        return self.of_user(purge.user).observations.get(purge.id)

    def stored_bytes(self, purges: Iterable[Identity]) -> int:
        """Return what these purges hold at the most: what cannot be attributed counts in full, and once."""
        computers: dict[str, set[str | None]] = {}
        for purge in purges:
            computers.setdefault(fold(purge.user), {None}).add(fold(purge.computer))
        return sum(
            (self.of_user(user).stored or {}).get(name, 0) for user, names in computers.items() for name in names
        )


def look_up(
    purges: Iterable[Identity],
    adoptions: Iterable[Identity],
    account: Account,
    at: datetime.datetime,
    *,
    is_activity_needed: bool = True,
    names: bool = False,
) -> Evidence:
    """Ask the account, at a moment, about every user of whom something is to be purged or adopted, many at a time.

    Of the users of purges it is asked what they have stored and whether they still back up, too, and on demand how
    people call them (`names`). No failure is raised: it is part of the evidence. One to tell whether they back up makes
    a user unreadable where that is needed; else it is unknown.
    """
    dropped, adopted = _by_user(purges), _by_user(adoptions)
    users = [identities[0].user for identities in (*dropped.values(), *adopted.values())]

    def look(user_id: str) -> UserEvidence:
        own = dropped.get(fold(user_id), ())
        try:
            listing = account.listing(user_id)
            pairs, refusals = _find(listing, own, adopted.get(fold(user_id), ()))
            # Only an account that knows the user and does not list the data says that the data is gone.
            is_known = None not in pairs.values() or account.knows(user_id)
            runs, silent = _answer(lambda: account.plan_runs(user_id)) if own else ([], None)
            if silent is not None and is_activity_needed:
                raise silent
        except MbsError as error:
            return UserEvidence(user_id, error)
        if not is_known:
            # What an unknown user does not list may be there all the same: it is asked for by the names of adoption.
            as_adopted = {
                purge.id: UserComputer(DestinationId=purge.destination, ComputerName=purge.computer) for purge in own
            }
            pairs = {binding: pair or as_adopted[binding] for binding, pair in pairs.items()}
        # Without these a user can still be judged: the rules say what a missing answer means.
        billing, billing_error = _answer(lambda: _billing(user_id, account, at)) if own else (None, None)
        user, name_error = _answer(lambda: account.user(user_id)) if own and names else (None, None)
        stored = None if billing is None else _stored(billing)
        return UserEvidence(
            user=user_id,
            listing=listing,
            is_known=is_known,
            pairs=pairs,
            observations={
                purge.id: _observation(purge, listing, runs, stored or {}, at, is_known=is_known)
                for purge in own
                if purge.id in pairs
            },
            refusals=tuple(refusals),
            stored=stored,
            billing_error=billing_error,
            account=user,
            name_error=name_error,
        )

    return Evidence({fold(about.user): about for about in account.for_each(users, look)})


def _find(
    listing: Listing, purges: Sequence[Identity], adoptions: Sequence[Identity]
) -> tuple[dict[str, UserComputer | None], list[Refusal]]:
    refusals: list[Refusal] = []
    found: dict[str, UserComputer | None] = {}
    for wanted in adoptions:
        try:
            if listing.find(wanted) is None:
                refusals.append(listing.not_listed(wanted))
        except Refusal as refusal:
            refusals.append(refusal)
    for purge in purges:
        try:
            found[purge.id] = listing.find_alone(purge)
        except Refusal as refusal:
            refusals.append(refusal)
    return found, refusals


def _observation(
    purge: Identity,
    listing: Listing,
    runs: Iterable[PlanRun] | None,
    stored: Mapping[str | None, int],
    at: datetime.datetime,
    *,
    is_known: bool,
) -> Observation:
    # A run that does not name its computer, or its user, may be of this one: nothing is known by it.
    maybe = [run for run in runs or () if run.computer_name is None or fold(run.computer_name) == fold(purge.computer)]
    own = [run for run in maybe if run.computer_name is not None and run.user_id is not None]
    return Observation(
        at=at,
        is_listed=listing.find(purge) is not None if is_known else None,
        copies=len(listing.destinations(purge.computer) - {fold(purge.destination)}),
        stored_bytes=stored.get(fold(purge.computer)),
        not_before=max((_span(run.last_start)[0] for run in own if run.last_start), default=None),
        not_after=max((_span(run.last_start)[1] for run in maybe if run.last_start), default=None),
        is_running=None if runs is None else _any(run.is_running if run in own else _maybe(run) for run in maybe),
        problem=None if is_known else f"the account does not know user {listing.user_id} any more",
    )


def _span(start: datetime.datetime) -> tuple[datetime.datetime, datetime.datetime]:
    """Return the first and the last moment that a time may mean: one without a zone may be of any."""
    doubt = _WIDEST_ZONE if start.tzinfo is None else datetime.timedelta()
    utc = start.replace(tzinfo=start.tzinfo or datetime.UTC).astimezone(datetime.UTC)
    return utc - doubt, utc + doubt


def _maybe(run: PlanRun) -> bool | None:
    """Whether a run that may be of somebody else is going on there: it is not, or nobody knows."""
    return False if run.is_running is False else None


def _any(known: Iterable[bool | None]) -> bool | None:
    """Whether one of these is so; None: none is, as far as is known, and of some it is not known."""
    found = set(known)
    return True if True in found else None if None in found else False


def _billing(user_id: str, account: Account, at: datetime.datetime) -> Billing:
    billing = account.client.billing(user_id, at.date())
    if billing is None:
        path, remedy = "/api/Billing/Details", "unset maxPurgeBytes, or purge it in the MBS console"
        raise UnreadableAnswer("PUT", path, f"does not say what is stored of user {user_id}", remedy)
    return billing


def _stored(billing: Billing) -> dict[str | None, int]:
    stored: dict[str | None, int] = {}
    for detail in billing.details:
        name = None if detail.computer is None else fold(detail.computer)
        stored[name] = stored.get(name, 0) + detail.stored_bytes
    # What the total has beyond the rows is stored too, and of nobody knows which computer.
    rest = (billing.total or 0) - sum(stored.values())
    return stored | ({None: stored.get(None, 0) + rest} if rest > 0 else {})


def stored_of(user_id: str, account: Account, at: datetime.datetime) -> Mapping[str | None, int] | None:
    """Return what is stored of a user's computers, as `UserEvidence.stored` has it; None: that is not told."""
    billing, _ = _answer(lambda: _billing(user_id, account, at))
    return None if billing is None else _stored(billing)


def _answer(ask: Callable[[], T]) -> tuple[T | None, MbsError | None]:
    try:
        return ask(), None
    except MbsError as error:
        return None, error


def _by_user(identities: Iterable[Identity]) -> dict[str, list[Identity]]:
    groups: dict[str, list[Identity]] = {}
    for identity in identities:
        groups.setdefault(fold(identity.user), []).append(identity)
    return groups
