"""What one operation would purge: what the stack has bound, less what the inventory wants."""

import datetime
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from erasure.errors import Refusal
from erasure.files.approvals import Approval
from erasure.files.inventory import Entry
from erasure.identity import Identity
from erasure.message import Message


class Bound(Message):
    """A binding that the stack's state holds, spelled as the account listed it when it was adopted.

    `endpoint` is the API it was adopted from, `life` the id of this adoption. `protect` and `retain` are the engine's
    marks, `pending_deletion` its note that a replacement left this one to be deleted.
    """

    id: str
    user: str
    destination: str
    computer: str
    endpoint: str
    life: str
    deleted: bool = False
    hold: str | None = None
    protect: bool = False
    retain: bool = False
    pending_deletion: bool = False

    @property
    def identity(self) -> Identity:
        """Who this is."""
        return Identity(self.user, self.destination, self.computer)


class PlanRequest(Message):
    """What the program tells the plan's check: the reviewed files' wish and the state, read in the same operation.

    `day` is today's date, UTC, where an entry has one; `due` are the entries whose date has come. `elsewhere` is what
    other inventories want of the users of whom something is dropped, and `unreadable` what is wrong with such files.
    """

    project: str
    stack: str
    customer: str | None = None
    dry_run: bool
    day: datetime.date | None = None
    wanted: tuple[Entry, ...]
    due: tuple[Entry, ...] = ()
    released: tuple[Entry, ...] = ()
    bound: tuple[Bound, ...]
    elsewhere: tuple[Entry, ...] = ()
    unreadable: tuple[str, ...] = ()
    approvals: tuple[Approval, ...] = ()


@dataclass(frozen=True)
class Plan:
    """What one operation is to do: a request, sorted by who is who. Every mapping is keyed by binding id.

    `let_go` are bindings whose present life the ledger knows to be released. It ends without a call, even where the
    state still has it, or has it again: an update was killed, or an older state restored.
    """

    request: PlanRequest
    let_go: frozenset[str] = frozenset()

    @cached_property
    def wanted(self) -> Mapping[str, Entry]:
        """What is to stay."""
        return {entry.identity.id: entry for entry in self.request.wanted}

    @cached_property
    def released(self) -> Mapping[str, Entry]:
        """What is to leave the state while its data stays, bound or not."""
        return {entry.identity.id: entry for entry in self.request.released}

    @cached_property
    def bound(self) -> Mapping[str, Bound]:
        """What the state holds: of several states of one binding the live one."""
        return _by_id(self.request.bound)

    @cached_property
    def purges(self) -> tuple[Bound, ...]:
        """What would be purged, by id: bound, neither wanted nor released."""
        spared = self.wanted.keys() | self.released.keys() | self.let_go
        return tuple(self.bound[key] for key in sorted(self.bound) if key not in spared)

    @cached_property
    def purge_ids(self) -> frozenset[str]:
        """The ids of what would be purged."""
        return frozenset(purge.id for purge in self.purges)

    @cached_property
    def releases(self) -> tuple[Bound, ...]:
        """What would leave the state and keep its data, by id."""
        leaving = self.released.keys() | (self.let_go - self.wanted.keys())
        return tuple(self.bound[key] for key in sorted(leaving) if key in self.bound)

    @cached_property
    def adoptions(self) -> tuple[Entry, ...]:
        """What is wanted and not bound yet, by id."""
        return tuple(self.wanted[key] for key in sorted(self.wanted) if key not in self.bound)

    @cached_property
    def kept(self) -> tuple[tuple[Entry, Bound], ...]:
        """What is wanted and bound, by id."""
        return tuple((self.wanted[key], self.bound[key]) for key in sorted(self.wanted) if key in self.bound)

    @property
    def digest(self) -> str:
        """The digest of what is wanted, in whatever order it stands."""
        return "sha256:" + hashlib.sha256("\n".join(sorted(self.wanted)).encode()).hexdigest()


class Fired(Message):
    """A rule that fired, at the level that it has on this stack; `always`: no level turns it off.

    `is_lifted`: an approval of exactly these purges stands against it. `is_in_the_way`: this update cannot run before
    it is lifted.
    """

    rule: str
    level: str
    found: str
    remedy: str
    is_lifted: bool
    is_in_the_way: bool

    @property
    def advice(self) -> str:
        """What to do about it."""
        if self.is_lifted:
            return "an approval of exactly these purges lifts it"
        if self.level == "approve":
            return f"approve these purges (`python -m erasure approve`), or {self.remedy}"
        return self.remedy

    @property
    def refusal(self) -> Refusal:
        """The line that people read."""
        return Refusal(self.rule, self.found, self.advice)


def purges_digest(endpoint: str, stack: str, purges: Iterable[Bound]) -> str:
    """Return the digest that an approval names: of a set of purges, with the life that each is to end.

    A later life of the same binding is another purge, so that an old approval cannot be used again.
    """
    lives = sorted((purge.id, purge.life) for purge in purges)
    document = json.dumps(["purges", 1, endpoint, stack, lives], ensure_ascii=False, separators=(",", ":"))
    return "sha256:" + hashlib.sha256(document.encode()).hexdigest()


def _by_id(bindings: Iterable[Bound]) -> dict[str, Bound]:
    """Of several states of one binding, which a replacement leaves, keep the live one, with a hold that any has."""
    found: dict[str, Bound] = {}
    for binding in bindings:
        other = found.setdefault(binding.id, binding)
        if other is not binding:
            live, old = (other, binding) if binding.pending_deletion else (binding, other)
            marks = {"hold": live.hold or old.hold, "protect": live.protect or old.protect}
            found[binding.id] = live.model_copy(update=marks)
    return found
