"""What one operation would purge: what the stack has bound, less what the inventory wants."""

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from pydantic import BaseModel, ConfigDict

from erasure.identity import Identity
from erasure.inventory import Entry, digest_of


class _Message(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Spelled(_Message):
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
    """A binding that is to stay, spelled as the inventory spells it."""


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


class PlanRequest(_Message):
    """What the program tells the plan's check: the inventory's wish and the state, read in the same operation."""

    stack: str
    dry_run: bool
    day: datetime.date | None = None
    wanted: tuple[Wanted, ...]
    released: tuple[str, ...]
    bound: tuple[Bound, ...]


@dataclass(frozen=True)
class Plan:
    """What the rules judge. Every mapping is keyed by binding id."""

    wanted: Mapping[str, Wanted]
    released: frozenset[str]
    bound: Mapping[str, Bound]

    @classmethod
    def of(cls, request: PlanRequest) -> "Plan":
        """Sort a request's entries by who they are; of two states of one binding the one with a hold counts."""
        bound: dict[str, Bound] = {}
        for one in request.bound:
            before = bound.get(one.id)
            if before is None or (before.pending_deletion, before.hold is None) > (
                one.pending_deletion,
                one.hold is None,
            ):
                bound[one.id] = one
        return cls({one.identity.id: one for one in request.wanted}, frozenset(request.released), bound)

    @cached_property
    def purges(self) -> tuple[Bound, ...]:
        """What would be purged, by id: bound, neither wanted nor released."""
        return tuple(
            self.bound[key] for key in sorted(self.bound) if key not in self.wanted and key not in self.released
        )

    @cached_property
    def adoptions(self) -> tuple[Wanted, ...]:
        """What is wanted and not bound yet, by id."""
        return tuple(self.wanted[key] for key in sorted(self.wanted) if key not in self.bound)

    @property
    def digest(self) -> str:
        """The digest of what is wanted."""
        return digest_of(self.wanted)


def wanted_of(entries: Iterable[Entry]) -> tuple[Wanted, ...]:
    """Return inventory entries as the plan's check gets them."""
    return tuple(
        Wanted(
            user=one.identity.user,
            destination=one.identity.destination,
            computer=one.identity.computer,
            deleted=one.deleted,
            hold=one.hold,
        )
        for one in entries
    )
