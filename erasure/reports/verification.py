"""What came of purges, as a report. Its JSON form is version 1 of what docs/verification.schema.json describes."""

import datetime
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Literal

from pydantic import Field

from erasure.ledger import Life, Verdict
from erasure.message import Message
from erasure.verdict import NewLook


class Verified(Message):
    """What came of one purge so far. Times are UTC."""

    binding: str
    life: str
    user: str
    destination: str
    computer: str
    asked_at: datetime.datetime = Field(description="When it was accepted, or its data was found gone.")
    deadline: datetime.datetime = Field(description="When it is overdue.")
    verdict: Verdict
    because: str
    looked_now: bool = Field(description="false: it was settled before, and is not watched any more.")


class Verification(Message):
    """What came of all purges of a stack whose computers are not managed again."""

    version: Literal[1] = 1
    stack: str
    endpoint: str
    at: datetime.datetime
    counts: dict[Verdict, int]
    erasures: tuple[Verified, ...]


def verification(
    stack: str,
    endpoint: str,
    asked_for: Sequence[Life],
    looks: Mapping[str, NewLook],
    at: datetime.datetime,
    deadline: datetime.timedelta,
) -> Verification:
    """Put together the purges that were asked for and the looks at those that are open, by life."""
    verified = tuple(
        _verified(one, one.asked_at, looks.get(one.life), deadline) for one in asked_for if one.asked_at is not None
    )
    counts = Counter(one.verdict for one in verified)
    return Verification(stack=stack, endpoint=endpoint, at=at, counts=dict(sorted(counts.items())), erasures=verified)


def _verified(one: Life, asked_at: datetime.datetime, look: NewLook | None, deadline: datetime.timedelta) -> Verified:
    verdict, because = (look.verdict, look.because) if look else one.verdicts[-1][1:]
    return Verified(
        binding=one.binding,
        life=one.life,
        user=one.named("user"),
        destination=one.named("destination"),
        computer=one.named("computer"),
        asked_at=asked_at,
        deadline=asked_at + deadline,
        verdict=verdict,
        because=because,
        looked_now=look is not None,
    )
