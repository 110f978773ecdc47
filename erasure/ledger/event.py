"""One event of a ledger, and how it is chained to the one before."""

import datetime
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

SCHEMA: Final = 1
FIRST: Final = "0" * 64  # what the first event of a chain names as the hash before it


class LedgerError(Exception):
    """The ledger cannot be read or written; the text says why, without the URL's password."""


class Kind(StrEnum):
    """What happened. Written before the call that it speaks of, where it speaks of one."""

    ADOPTED = "adopted"
    HELD = "held"
    LIFTED = "lifted"
    INTENDED = "intended"
    WITHDRAWN = "withdrawn"
    SENT = "sent"
    ACCEPTED = "accepted"
    NOT_UNDERSTOOD = "not understood"
    FAILED = "failed"
    NOT_FOUND = "not found"
    ALREADY_ABSENT = "already absent"
    RELEASED = "released"
    OBSERVED = "observed"
    VERDICT = "verdict"
    CLOSED = "closed"


@dataclass(frozen=True)
class Event:
    """What happened to one life of a binding at an endpoint; `data` is a JSON object of what else is known."""

    kind: Kind
    endpoint: str
    binding: str
    life: str
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Record:
    """An event in its place: the `sequence`-th of a chain, counted from 1, at a moment in UTC."""

    chain: str
    sequence: int
    at: datetime.datetime
    event: Event
    previous: str
    schema: int = SCHEMA

    @property
    def hash(self) -> str:
        """The hash over all of it, the hash before included."""
        fields = [
            self.schema,
            self.chain,
            self.sequence,
            moment(self.at),
            self.event.kind,
            self.event.endpoint,
            self.event.binding,
            self.event.life,
            self.event.data,
            self.previous,
        ]
        return hashlib.sha256(canonical(fields).encode()).hexdigest()


def canonical(document: Any) -> str:  # noqa: ANN401 -- any JSON
    """Return JSON in its one spelling."""
    return json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def moment(at: datetime.datetime) -> str:
    """Return a moment as text that sorts by time."""
    return at.astimezone(datetime.UTC).isoformat(timespec="microseconds")
