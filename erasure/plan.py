"""What one operation would purge: what the stack has bound, less what the inventory wants."""

import datetime
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from erasure.approvals import Approval
from erasure.identity import Identity
from erasure.inventory import Entry, digest_of
from erasure.message import Message


class Spelled(Message):
    """A binding as somebody spells it."""

    user: str
    destination: str
    computer: str
    deleted: bool = False
    hold: str | None = None

    @property
    def identity(self) -> Identity:
        """Who this is."""
        return Identity(self.user, self.destination, self.computer)


class Wanted(Spelled):
    """A binding that is to stay, spelled as the inventory spells it. `readopt`: why, where its data came back."""

    readopt: str | None = None


class Bound(Spelled):
    """A binding that the stack's state holds, spelled as the account listed it when it was adopted.

    `endpoint` is the API it was adopted from, `life` the id of this adoption. `protect` and `retain` are the engine's
    marks, `pending_deletion` its note that a replacement left this one to be deleted.
    """

    id: str
    endpoint: str
    life: str
    protect: bool = False
    retain: bool = False
    pending_deletion: bool = False


class Released(Message):
    """A binding that leaves the state while its data stays, and why."""

    id: str
    reason: str


class Elsewhere(Spelled):
    """A binding that another inventory file wants, and that a purge of this stack might be taken for."""

    file: str


class PlanRequest(Message):
    """What the program tells the plan's check: the reviewed files' wish and the state, read in the same operation.

    `day` is today's date, UTC, where an entry has one; `unreadable` says what is wrong with neighbouring inventories.
    """

    project: str
    stack: str
    customer: str | None = None
    dry_run: bool
    day: datetime.date | None = None
    wanted: tuple[Wanted, ...]
    released: tuple[Released, ...] = ()
    bound: tuple[Bound, ...]
    elsewhere: tuple[Elsewhere, ...] = ()
    unreadable: tuple[str, ...] = ()
    approvals: tuple[Approval, ...] = ()


@dataclass(frozen=True)
class Plan:
    """What one operation is to do. Every mapping is keyed by binding id."""

    wanted: Mapping[str, Wanted]
    released: Mapping[str, Released]
    bound: Mapping[str, Bound]

    @classmethod
    def of(cls, request: PlanRequest) -> "Plan":
        """Sort a request's entries by who they are."""
        return cls(
            {one.identity.id: one for one in request.wanted},
            {one.id: one for one in request.released},
            _by_id(request.bound),
        )

    @cached_property
    def purges(self) -> tuple[Bound, ...]:
        """What would be purged, by id: bound, neither wanted nor released."""
        return tuple(
            self.bound[key] for key in sorted(self.bound) if key not in self.wanted and key not in self.released
        )

    @cached_property
    def purged(self) -> frozenset[str]:
        """The ids of what would be purged."""
        return frozenset(one.id for one in self.purges)

    @cached_property
    def releases(self) -> tuple[Bound, ...]:
        """What would leave the state and keep its data, by id."""
        return tuple(self.bound[key] for key in sorted(self.released) if key in self.bound)

    @cached_property
    def adoptions(self) -> tuple[Wanted, ...]:
        """What is wanted and not bound yet, by id."""
        return tuple(self.wanted[key] for key in sorted(self.wanted) if key not in self.bound)

    @cached_property
    def kept(self) -> tuple[tuple[Wanted, Bound], ...]:
        """What is wanted and bound, by id."""
        return tuple((self.wanted[key], self.bound[key]) for key in sorted(self.wanted) if key in self.bound)

    @property
    def digest(self) -> str:
        """The digest of what is wanted."""
        return digest_of(self.wanted)


def purges_digest(endpoint: str, stack: str, purges: Iterable[Bound]) -> str:
    """Return the digest that an approval names: of a set of purges, with the life that each is to end.

    A later life of the same binding is another purge, so that an old approval cannot be used again.
    """
    lives = sorted((one.id, one.life) for one in purges)
    document = json.dumps(["purges", 1, endpoint, stack, lives], ensure_ascii=False, separators=(",", ":"))
    return "sha256:" + hashlib.sha256(document.encode()).hexdigest()


def wanted_of(entries: Iterable[Entry]) -> tuple[Wanted, ...]:
    """Return inventory entries as the plan's check gets them."""
    return tuple(
        Wanted(
            user=one.identity.user,
            destination=one.identity.destination,
            computer=one.identity.computer,
            deleted=one.deleted,
            hold=one.hold,
            readopt=one.readopt,
        )
        for one in entries
    )


def _by_id(bindings: Iterable[Bound]) -> dict[str, Bound]:
    """Of several states of one binding, which a replacement leaves, keep the live one, with a hold that any has."""
    found: dict[str, Bound] = {}
    for one in bindings:
        other = found.get(one.id)
        if other is not None:
            live, old = (other, one) if one.pending_deletion else (one, other)
            one = live.model_copy(  # noqa: PLW2901 -- the sum of both
                update={"hold": live.hold or old.hold, "protect": live.protect or old.protect}
            )
        found[one.id] = one
    return found
