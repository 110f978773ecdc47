"""What the ledger knows of one life of a binding: the sum of its events."""

from collections.abc import Iterable
from dataclasses import dataclass

from erasure.ledger.event import Kind, Record


@dataclass(frozen=True)
class Life:
    """One life so far.

    `approval` is the digest under which a purge was intended, `hold` the reason of a hold that was seen and not lifted.
    `is_sent` means that a call was sent whose answer is not known.
    """

    is_intended: bool = False
    approval: str | None = None
    is_sent: bool = False
    is_accepted: bool = False
    is_absent: bool = False
    hold: str | None = None

    @property
    def is_used(self) -> bool:
        """Whether a purge may have been asked for in this life, so that a wanted binding needs a new one."""
        return self.is_sent or self.is_accepted or self.is_absent


def sum_up(records: Iterable[Record]) -> Life:
    """Return what a life's events, in their order, come to."""
    intended, approval, sent, accepted, absent, hold = False, None, False, False, False, None
    for record in records:
        match record.event.kind:
            case Kind.INTENDED:
                intended, approval = True, record.event.data.get("approval") or approval
            case Kind.WITHDRAWN:
                intended, approval = False, None
            case Kind.SENT:
                sent = True
            case Kind.ACCEPTED:
                sent, accepted = False, True
            case Kind.FAILED:
                sent = False
            case Kind.ALREADY_ABSENT:
                sent, absent = False, True
            case Kind.HELD:
                hold = str(record.event.data.get("reason", "no reason is recorded"))
            case Kind.LIFTED:
                hold = None
            case _:
                pass
    return Life(intended, approval, sent, accepted, absent, hold)
