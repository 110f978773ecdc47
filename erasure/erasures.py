"""Erasures: what the ledger tells of each purge, from the intention to the last look at the account."""

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from erasure.ledger import Event, Kind, Record

_AN_HOUR: Final = datetime.timedelta(hours=1)
_WATCHED: Final = datetime.timedelta(days=30)


class Verdict(StrEnum):
    """What can be said of a purge that was asked for: the API has no status call, and its other answers come to this.

    `pending`: still listed, and the deadline has not passed. `delisted`: not listed any more, and not yet proven.
    `erased`: twice not listed, at least an hour apart and past the deadline; nothing is stored, and nothing was backed
    up since. `overdue`: still listed past the deadline. `contradicted`: not listed, and the account says that data is
    stored or was backed up since. `returned`: it had gone, or was purged, and came back. `unknown`: the account cannot
    tell.
    """

    PENDING = "pending"
    DELISTED = "delisted"
    ERASED = "erased"
    OVERDUE = "overdue"
    CONTRADICTED = "contradicted"
    RETURNED = "returned"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Observation:
    """One look at the account.

    `is_listed` is None where the account could not tell, and `problem` says why. `copies` are other destinations that
    list the computer, `stored_bytes` what is stored of it on all of them; None: the account does not say. The last
    backup began between `not_before` and `not_after`: the account's times have no zone.
    """

    at: datetime.datetime
    is_listed: bool | None = None
    copies: int = 0
    stored_bytes: int | None = None
    not_before: datetime.datetime | None = None
    not_after: datetime.datetime | None = None
    is_running: bool = False
    problem: str | None = None

    def document(self) -> dict[str, Any]:
        """Return it as the ledger keeps it."""
        known: dict[str, Any] = {
            "listed": self.is_listed,
            "copies": self.copies,
            "stored_bytes": self.stored_bytes,
            "backup_not_before": self.not_before.isoformat() if self.not_before else None,
            "backup_not_after": self.not_after.isoformat() if self.not_after else None,
            "running": self.is_running,
            "problem": self.problem,
        }
        return {key: value for key, value in known.items() if value is not None}

    @classmethod
    def read(cls, at: datetime.datetime, data: Mapping[str, Any]) -> "Observation":
        """Read what `document` returned, of a look at a moment."""
        return cls(
            at,
            data.get("listed"),
            data.get("copies", 0),
            data.get("stored_bytes"),
            _moment(data.get("backup_not_before")),
            _moment(data.get("backup_not_after")),
            data.get("running", False),
            data.get("problem"),
        )


@dataclass
class Erasure:
    """One life of a binding that was to be purged; `records` are its events, in order.

    `asked_at` is when the API accepted the purge, or when the data was found gone; None: neither happened yet.
    """

    binding: str
    life: str
    endpoint: str
    records: list[Record] = field(default_factory=list)
    intention: dict[str, Any] = field(default_factory=dict)
    intended_at: datetime.datetime | None = None
    sent_at: list[datetime.datetime] = field(default_factory=list)
    accepted_at: datetime.datetime | None = None
    absent_at: datetime.datetime | None = None
    after_call: bool = False
    failures: list[tuple[datetime.datetime, str]] = field(default_factory=list)
    observations: list[Observation] = field(default_factory=list)
    verdicts: list[tuple[datetime.datetime, Verdict, str]] = field(default_factory=list)
    adopted_again_at: datetime.datetime | None = None

    @property
    def asked_at(self) -> datetime.datetime | None:
        """The moment from which the deadline counts."""
        return self.accepted_at or self.absent_at

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
        """Return `user`, `destination` or `computer` as the account listed it."""
        return str(self.intention.get(part, "?"))

    def is_open(self, now: datetime.datetime, deadline: datetime.timedelta) -> bool:
        """Whether it is to be looked at again: until its end is known, and for 30 days after its deadline."""
        if self.asked_at is None or self.adopted_again_at is not None:
            return False
        is_settled = self.verdict in (Verdict.ERASED, Verdict.UNKNOWN)
        return not is_settled or now < self.asked_at + deadline + _WATCHED

    def add(self, record: Record) -> None:
        """Take in the next of its events."""
        self.records.append(record)
        data = dict(record.event.data)
        match record.event.kind:
            case Kind.INTENDED:
                self.intention = {**self.intention, **data}
                self.intended_at = self.intended_at or record.at
            case Kind.WITHDRAWN:
                self.intention, self.intended_at = {}, None
            case Kind.SENT:
                self.sent_at.append(record.at)
            case Kind.ACCEPTED:
                self.accepted_at = self.accepted_at or record.at
            case Kind.ALREADY_ABSENT:
                self.absent_at = self.absent_at or record.at
                self.after_call = self.after_call or bool(data.get("after_call"))
            case Kind.FAILED:
                self.failures.append((record.at, str(data.get("finding", "no finding is recorded"))))
            case Kind.OBSERVED:
                self.observations.append(Observation.read(record.at, data))
            case Kind.VERDICT:
                self.verdicts.append((record.at, Verdict(data["verdict"]), str(data.get("because", ""))))
            case _:
                pass


def erasures(records: Iterable[Record]) -> list[Erasure]:
    """Return what a chain's events, in their order, tell of each purge that was intended or sent, the oldest first."""
    found: dict[str, Erasure] = {}
    latest: dict[str, list[Erasure]] = {}
    for record in records:
        event = record.event
        if event.kind == Kind.ADOPTED:
            for earlier in latest.pop(event.binding, ()):
                earlier.adopted_again_at = earlier.adopted_again_at or record.at
        one = found.get(event.life)
        if one is None:
            one = found[event.life] = Erasure(event.binding, event.life, event.endpoint)
        if event.kind == Kind.INTENDED and one not in latest.get(event.binding, ()):
            latest.setdefault(event.binding, []).append(one)
        one.add(record)
    return [one for one in found.values() if one.intended_at is not None or one.sent_at]


def is_return(event: Event) -> bool:
    """Whether an event of the ledger says that purged data came back."""
    return event.kind is Kind.VERDICT and event.data.get("verdict") == Verdict.RETURNED


def verdict_of(erasure: Erasure, now: Observation, deadline: datetime.timedelta) -> tuple[Verdict, str]:
    """Return what a new look, after all the looks before it, comes to, and why. The purge was accepted before it."""
    asked_at = erasure.asked_at
    if asked_at is None:
        raise ValueError(f"{erasure.binding} was not asked for")
    verdict, because = _seen(erasure, now, asked_at, asked_at + deadline)
    if verdict is Verdict.UNKNOWN and erasure.verdict is Verdict.ERASED:
        return Verdict.ERASED, f"as it was found before; since then: {because}"
    return verdict, because


def _seen(
    erasure: Erasure, now: Observation, asked_at: datetime.datetime, due_at: datetime.datetime
) -> tuple[Verdict, str]:
    if now.is_listed is None:
        return Verdict.UNKNOWN, now.problem or "the account cannot tell"
    # Monitoring does not say to which destination a computer backs up: with other copies, it says nothing of this one.
    has_run = now.copies == 0 and (now.is_running or (now.not_before is not None and now.not_before > asked_at))
    if now.is_listed:
        return _listed(erasure, now, due_at, has_run=has_run)
    if now.at < due_at:
        return Verdict.DELISTED, "not listed any more; the deadline has not passed"
    doubt = _doubt(now, asked_at, has_run=has_run)
    if doubt is not None:
        return doubt
    if _was_gone_before(erasure, now, due_at):
        return Verdict.ERASED, "twice not listed past the deadline, nothing stored, no backup since"
    return Verdict.DELISTED, "not listed any more; a second look, an hour later or more, is to confirm it"


def _doubt(now: Observation, asked_at: datetime.datetime, *, has_run: bool) -> tuple[Verdict, str] | None:
    """Return what stands against an erasure of something that is not listed, past the deadline."""
    stored = now.stored_bytes
    may_have_run = now.copies == 0 and now.not_after is not None and now.not_after > asked_at
    doubts = (
        (has_run, Verdict.CONTRADICTED, "not listed, and yet it has backed up since"),
        (stored is None, Verdict.UNKNOWN, "not listed, and the account does not say what is stored of it"),
        (
            stored and now.copies,
            Verdict.UNKNOWN,
            "not listed, and what is stored is not told apart from its other copies",
        ),
        (stored, Verdict.CONTRADICTED, f"not listed, and yet {stored or 0:,} bytes are stored"),
        (may_have_run, Verdict.UNKNOWN, "it may have backed up since: the time of its last backup has no zone"),
    )
    return next(((verdict, because) for is_so, verdict, because in doubts if is_so), None)


def _listed(erasure: Erasure, now: Observation, due_at: datetime.datetime, *, has_run: bool) -> tuple[Verdict, str]:
    if erasure.absent_at or any(one.is_listed is False for one in erasure.observations):
        return Verdict.RETURNED, "listed again after it had gone"
    if now.at < due_at:
        return Verdict.PENDING, "still listed; the deadline has not passed"
    if has_run:
        return Verdict.RETURNED, "listed, and it has backed up since the purge"
    return Verdict.OVERDUE, "still listed past the deadline"


def _was_gone_before(erasure: Erasure, now: Observation, due_at: datetime.datetime) -> bool:
    """Whether an earlier look, an hour before and past the deadline, found it gone, and none since found it listed."""
    for one in reversed(erasure.observations):
        if one.is_listed:
            return False
        if one.is_listed is False and one.at >= due_at and now.at - one.at >= _AN_HOUR:
            return True
    return False


def _moment(text: object) -> datetime.datetime | None:
    return datetime.datetime.fromisoformat(text) if isinstance(text, str) else None
