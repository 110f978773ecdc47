"""What the ledger knows of one life of a binding: the one sum of its events, for the gate and for the evidence."""

import dataclasses
import datetime
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final
from urllib.parse import unquote

from erasure.ledger.event import Event, Kind, LedgerError, Record

_NAMES: Final = ("user", "destination", "computer")
_OBSERVED: Final = {
    "is_listed": "listed",
    "copies": "copies",
    "stored_bytes": "stored_bytes",
    "not_before": "backup_not_before",
    "not_after": "backup_not_after",
    "is_running": "running",
    "problem": "problem",
    "is_failed": "failed",
}
"""What the ledger calls each part of an observation: a format, unlike the names in this program."""


SECOND_LOOK: Final = datetime.timedelta(hours=1)
"""How much later than the first a second look has to be, for both to prove that something is gone."""


class Verdict(StrEnum):
    """What can be said of a purge that was asked for: the API has no status call, and its other answers come to this.

    `pending`: still listed, and the deadline has not passed. `delisted`: not listed any more, and not yet proven.
    `erased`: twice not listed, at least an hour apart and past the deadline; nothing is stored, and nothing was backed
    up since. `overdue`: still listed past the deadline. `contradicted`: not listed, and the account says that data is
    stored or was backed up since. `returned`: it had gone, or was purged, and came back. `absent`: found gone as an
    erasure would be, and nothing was ever sent. `unknown`: the account cannot tell.
    """

    PENDING = "pending"
    DELISTED = "delisted"
    ERASED = "erased"
    OVERDUE = "overdue"
    CONTRADICTED = "contradicted"
    RETURNED = "returned"
    ABSENT = "absent"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Observation:
    """What one look at the account says of a binding.

    `is_listed` is None where the account could not tell, and `problem` says why; `is_failed` where it could not even be
    asked, so that nothing was seen. `copies` are other destinations that list the computer, `stored_bytes` what is
    stored of it on all of them; None: the account does not say. The last backup began between `not_before` and
    `not_after`, since the account's times have no zone; None: no run is known. With `not_after` alone, one that may be
    another's is. `is_running` is None where that is not told.
    """

    at: datetime.datetime
    is_listed: bool | None = None
    copies: int = 0
    stored_bytes: int | None = None
    not_before: datetime.datetime | None = None
    not_after: datetime.datetime | None = None
    is_running: bool | None = False
    problem: str | None = None
    is_failed: bool = False

    @property
    def last_backup(self) -> datetime.datetime | None:
        """The time of the last backup, taken as UTC where it has no zone: the middle of what it may mean."""
        if self.not_before is None or self.not_after is None:
            return None
        return self.not_before + (self.not_after - self.not_before) / 2

    def document(self) -> dict[str, Any]:
        """Return it as the ledger keeps it."""
        known = {key: getattr(self, name) for name, key in _OBSERVED.items() if name != "is_failed" or self.is_failed}
        return {
            key: value.isoformat() if isinstance(value, datetime.datetime) else value
            for key, value in known.items()
            if value is not None
        }

    @classmethod
    def read(cls, at: datetime.datetime, data: Mapping[str, Any]) -> "Observation":
        """Read what `document` returned, of a look at a moment."""
        known: dict[str, Any] = {name: data[key] for name, key in _OBSERVED.items() if key in data}
        known |= {name: _moment(known.get(name)) for name in ("not_before", "not_after")}
        return cls(at, **known)


@dataclass(frozen=True)
class Life:
    """One life of a binding so far; without an event, one that nothing is known of.

    `intention` is what was written down with the intended purge: who, what and under which approval. `unanswered`
    counts the calls whose answer is not known, `after_call` that the data was found gone after such a call.
    `missing_at` is the first look at which it was to be purged and was not listed, since it was last sent.
    `failures` are calls that the API refused, `not_understood` what it said that is neither a yes nor a no, `verdicts`
    what was given, when and why. `hold` is the reason of a hold that was seen and not lifted; `is_released` means
    that it was to leave the state without a call, `was_listed` that the account was ever seen to list it. `approved` is
    the last intention that an approval stood for, which a later one may have taken over; `closed` is when, by whom and
    why the watch over it was ended. Times are UTC; `records` are its events, in order.
    """

    binding: str = ""
    life: str = ""
    endpoint: str = ""
    records: tuple[Record, ...] = ()
    intention: Mapping[str, Any] = field(default_factory=dict)
    approved: Mapping[str, Any] = field(default_factory=dict)
    intended_at: datetime.datetime | None = None
    sent_at: tuple[datetime.datetime, ...] = ()
    unanswered: int = 0
    accepted_at: datetime.datetime | None = None
    absent_at: datetime.datetime | None = None
    after_call: bool = False
    missing_at: datetime.datetime | None = None
    failures: tuple[tuple[datetime.datetime, str], ...] = ()
    not_understood: tuple[tuple[datetime.datetime, str], ...] = ()
    hold: str | None = None
    is_released: bool = False
    observations: tuple[Observation, ...] = ()
    verdicts: tuple[tuple[datetime.datetime, Verdict, str], ...] = ()
    was_listed: bool = True
    closed: tuple[datetime.datetime, str, str] | None = None
    adopted_again_at: datetime.datetime | None = None

    @property
    def is_intended(self) -> bool:
        """Whether a purge was permitted and not taken back."""
        return self.intended_at is not None

    @property
    def approval(self) -> str | None:
        """The digest under which a purge was intended."""
        return self.intention.get("approval") or None

    @property
    def is_unanswered(self) -> bool:
        """Whether a call was sent whose answer is not known, so that it may have taken effect."""
        return self.unanswered > 0

    @property
    def is_accepted(self) -> bool:
        """Whether the API accepted its purge."""
        return self.accepted_at is not None

    @property
    def was_sent(self) -> bool:
        """Whether a call was made for it."""
        return bool(self.sent_at) or self.is_accepted

    @property
    def is_spent(self) -> bool:
        """Whether a purge may have been asked for in this life, or none ever will: a wanted binding needs a new one."""
        return self.is_released or self.is_unanswered or self.asked_at is not None

    @property
    def asked_at(self) -> datetime.datetime | None:
        """The moment from which the deadline counts: when it was accepted, or found gone; None: neither yet."""
        return self.accepted_at or self.absent_at

    @property
    def is_owed(self) -> bool:
        """Whether a purge was permitted, and is neither done nor ended: by an adoption, a release or a person."""
        is_ended = self.is_released or self.closed is not None or self.adopted_again_at is not None
        return self.is_intended and self.asked_at is None and not is_ended

    @property
    def answer_is_inferred(self) -> bool:
        """Whether the data was found gone after a call of ours whose answer was lost."""
        return self.accepted_at is None and self.absent_at is not None and self.after_call

    @property
    def stored_bytes(self) -> int | None:
        """The bytes of the computer before the purge, where the account told them."""
        sizes = (record.event.data.get("stored_bytes") for record in self.records if record.event.kind is Kind.SENT)
        return next((size for size in sizes if isinstance(size, int)), None)

    @property
    def verdict(self) -> Verdict | None:
        """The last verdict, if there was one."""
        return self.verdicts[-1][1] if self.verdicts else None

    def named(self, part: str) -> str:
        """Return `user`, `destination` or `computer` as it was adopted, or else as its id has it."""
        folded = dict(zip(_NAMES, map(unquote, self.binding.split("/")), strict=False))
        return str(self.intention.get(part) or folded.get(part, "?"))


def sum_up(records: Iterable[Record]) -> Life:
    """Return what the events of one life, in their order, come to. Raises LedgerError for one that cannot be read."""
    life = Life()
    for record in records:
        try:
            life = _with(life, record)
        except (KeyError, TypeError, ValueError):
            raise LedgerError(f"event {record.sequence} of {record.chain} cannot be read") from None
    return life


def purges_in(records: Iterable[Record]) -> list[Life]:
    """Return what a chain's events, in their order, tell of each life that was to be purged, the oldest first."""
    of_life: dict[str, list[Record]] = {}
    adopted_again_at: dict[str, datetime.datetime] = {}
    # Lives of a binding that its next adoption ends: from the same account, since another one tells nothing of it.
    intended: dict[tuple[str, str], set[str]] = {}
    for record in records:
        event = record.event
        account = (event.endpoint, event.binding)
        of_life.setdefault(event.life, []).append(record)
        if event.kind is Kind.INTENDED:
            intended.setdefault(account, set()).add(event.life)
        elif event.kind is Kind.ADOPTED:
            for life in intended.pop(account, ()):
                adopted_again_at.setdefault(life, record.at)
    lives = [
        dataclasses.replace(sum_up(events), adopted_again_at=adopted_again_at.get(life))
        for life, events in of_life.items()
    ]
    return [life for life in lives if life.is_intended or life.sent_at]


def is_return(event: Event) -> bool:
    """Whether an event of the ledger says that purged data came back."""
    return event.kind is Kind.VERDICT and event.data.get("verdict") == Verdict.RETURNED


def _with(life: Life, record: Record) -> Life:  # noqa: C901, PLR0912 -- one case for each kind of event
    event, at = record.event, record.at
    data = event.data
    change: dict[str, Any] = {"records": (*life.records, record)}
    if not life.records:
        change |= {"binding": event.binding, "life": event.life, "endpoint": event.endpoint}
    match event.kind:
        case Kind.ADOPTED:
            change["was_listed"] = not data.get("unchecked")
        case Kind.INTENDED:
            # A purge that is tried again is intended again: what was known of it before stays.
            change |= {"intention": {**life.intention, **data}, "intended_at": life.intended_at or at, "closed": None}
            change["approved"] = data if data.get("approval") else life.approved
        case Kind.WITHDRAWN:
            names = {key: known for key, known in life.intention.items() if key in _NAMES}
            change |= {"intention": names, "approved": {}, "intended_at": None, "missing_at": None}
        case Kind.SENT:
            # From here on it may have taken effect, until an answer or a look says otherwise.
            change |= {"sent_at": (*life.sent_at, at), "unanswered": life.unanswered + 1, "missing_at": None}
            change["was_listed"] = life.was_listed or not data.get("unlisted")
        case Kind.ACCEPTED:
            change |= {"accepted_at": life.accepted_at or at, "unanswered": 0}
        case Kind.NOT_UNDERSTOOD:
            # Whether it was a yes nobody knows: it stays unanswered, and is looked up before it is sent again.
            change["not_understood"] = (*life.not_understood, (at, str(data.get("finding", "no finding is recorded"))))
        case Kind.NOT_FOUND:
            change["missing_at"] = life.missing_at or at
        case Kind.ALREADY_ABSENT:
            change |= {
                "absent_at": life.absent_at or at,
                "after_call": life.after_call or bool(data.get("after_call")),
                "unanswered": 0,
            }
        case Kind.FAILED:
            finding = str(data.get("finding", "no finding is recorded"))
            # A no answers the last call alone: one before it, whose answer was lost, may have taken effect.
            change |= {"failures": (*life.failures, (at, finding)), "unanswered": max(0, life.unanswered - 1)}
        case Kind.HELD:
            change["hold"] = str(data.get("reason", "no reason is recorded"))
        case Kind.LIFTED:
            change["hold"] = None
        case Kind.RELEASED:
            change["is_released"] = True
        case Kind.CLOSED:
            change["closed"] = (at, str(data.get("who", "?")), str(data.get("reason", "no reason is recorded")))
        case Kind.OBSERVED:
            change["observations"] = (*life.observations, Observation.read(at, data))
        case Kind.VERDICT:
            given = (at, Verdict(data["verdict"]), str(data.get("because", "")))
            change["verdicts"] = (*life.verdicts, given)
    return dataclasses.replace(life, **change)


def _moment(text: object) -> datetime.datetime | None:
    return datetime.datetime.fromisoformat(text) if isinstance(text, str) else None
