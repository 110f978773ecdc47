"""Verification: looks at the account again after purges, and says what came of them."""

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from erasure.account import Account
from erasure.erasures import Erasure, Observation, Verdict, verdict_of
from erasure.evidence import Evidence, Facts, Questions, look_up
from erasure.identity import fold
from erasure.ledger import Event, Kind
from erasure.plan import Bound


@dataclass(frozen=True)
class Look:
    """A new look at one erasure, and what all looks together come to."""

    erasure: Erasure
    observation: Observation
    verdict: Verdict
    because: str

    def events(self) -> list[Event]:
        """Return what the ledger is to keep: the look, and the verdict where it is another than before."""
        of = (self.erasure.endpoint, self.erasure.binding, self.erasure.life)
        events = [Event(Kind.OBSERVED, *of, self.observation.document())]
        if self.erasure.verdict is not self.verdict:
            events.append(Event(Kind.VERDICT, *of, {"verdict": self.verdict.value, "because": self.because}))
        return events


def look_again(
    open_erasures: Sequence[Erasure], account: Account, now: datetime.datetime, deadline: datetime.timedelta
) -> list[Look]:
    """Look at the account again, with one request a user and kind. What it cannot tell is an observation too."""
    here = account.client.endpoint
    asked = {one.life: one for one in open_erasures if one.endpoint == here}
    evidence = look_up(map(_bound, asked.values()), (), Questions(True, True, False), account)
    looks = []
    for one in open_erasures:
        if one.life in asked:
            seen = _observation(one, evidence, now)
        else:
            seen = Observation(now, problem=f"it was purged at {one.endpoint}, and the endpoint is now {here}")
        looks.append(Look(one, seen, *verdict_of(one, seen, deadline)))
    return looks


def exit_code(looks: Iterable[tuple[Verdict, bool]]) -> int:
    """Return 0 where all is erased, or cannot be known past the deadline; 3 where something stands against it; else 2.

    Each look is a verdict, and whether the deadline has passed.
    """
    worst = 0
    for verdict, is_past in looks:
        if verdict in (Verdict.OVERDUE, Verdict.CONTRADICTED, Verdict.RETURNED):
            return 3
        if verdict is not Verdict.ERASED and not (verdict is Verdict.UNKNOWN and is_past):
            worst = 2
    return worst


def _bound(one: Erasure) -> Bound:
    named = {part: one.named(part) for part in ("user", "destination", "computer")}
    return Bound(id=one.binding, endpoint=one.endpoint, life=one.life, **named)


def _observation(one: Erasure, evidence: Evidence, now: datetime.datetime) -> Observation:
    facts = evidence.facts.get(one.binding)
    if facts is None:
        findings = [*(error.finding for error in evidence.unreadable), *map(str, evidence.obstacles)]
        return Observation(now, problem=findings[0] if findings else "it was not looked up")
    if facts.user_id in evidence.unknown_users:
        return Observation(now, problem=f"the account does not know user {facts.user_id} any more")
    return Observation(
        now,
        facts.pair is not None,
        len(facts.copies),
        _stored_bytes(one, evidence.stored),
        _earliest(facts),
        facts.alive_at,
        facts.is_running,
    )


def _stored_bytes(one: Erasure, stored: Mapping[str, Mapping[str | None, int]]) -> int | None:
    """Return the bytes of a computer, or None where the account does not say, or has some that may be its."""
    of_user = stored.get(fold(one.named("user")))
    if of_user is None:
        return None
    own = of_user.get(fold(one.named("computer")), 0)
    return own if own or not of_user.get(None) else None


def _earliest(facts: Facts) -> datetime.datetime | None:
    """Return the earliest moment that the last backup may mean; it is as far from its UTC reading as the latest."""
    if facts.last_backup is None or facts.alive_at is None:
        return None
    return facts.last_backup - (facts.alive_at - facts.last_backup)
