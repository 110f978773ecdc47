"""The verdict on a purge: looks at the account again, and what all looks together come to."""

import dataclasses
import datetime
from collections.abc import Iterable, Sequence
from typing import Final

from erasure.account import Account
from erasure.evidence import UserEvidence, look_up
from erasure.identity import Identity
from erasure.ledger import SECOND_LOOK, Event, Kind, Life, Observation, Verdict

_WATCHED: Final = datetime.timedelta(days=30)
_SETTLED: Final = (Verdict.ERASED, Verdict.ABSENT)
_SHOWN: Final = 20  # names of what else the account lists


def is_open(life: Life, now: datetime.datetime, deadline: datetime.timedelta) -> bool:
    """Whether a purge is to be looked at again: until it is settled, and for 30 days after its deadline.

    What was adopted again, or closed by a person, is not.
    """
    if life.asked_at is None or life.adopted_again_at is not None or life.closed is not None:
        return False
    return life.verdict not in _SETTLED or now < life.asked_at + deadline + _WATCHED


def look_again(
    open_purges: Sequence[Life], account: Account, now: datetime.datetime, deadline: datetime.timedelta
) -> list[tuple[Life, list[Event]]]:
    """Look at the account again, with one request a user and kind. What it cannot tell is an observation too.

    Returns each life with what was seen and the verdict that all looks come to, and the events of both: the look, and
    the verdict where it is another than before.
    """
    here = account.client.endpoint
    evidence = look_up([_identity(life) for life in open_purges if life.endpoint == here], (), account, now)
    looked = []
    for life in open_purges:
        if life.endpoint == here:
            seen = _observation(life, evidence.of_user(life.named("user")), now)
        else:
            # What another account does not list was never there: it would pass for an erasure.
            problem = f"it was purged at {life.endpoint}, and the endpoint is now {here}"
            seen = Observation(now, problem=problem, is_failed=True)
        verdict, because = verdict_of(life, seen, deadline)
        if verdict is Verdict.ABSENT and verdict is not life.verdict:
            because += f"; {_listed_now(evidence.of_user(life.named('user')))}"
        of = (life.endpoint, life.binding, life.life)
        events = [Event(Kind.OBSERVED, *of, seen.document())]
        if life.verdict is not verdict:
            events.append(Event(Kind.VERDICT, *of, {"verdict": verdict.value, "because": because}))
        observations, verdicts = (*life.observations, seen), (*life.verdicts, (now, verdict, because))
        looked.append((dataclasses.replace(life, observations=observations, verdicts=verdicts), events))
    return looked


def exit_code(looks: Iterable[tuple[Verdict, bool]]) -> int:
    """Return 0 where all is erased, or cannot be known past the deadline; 3 where something stands against it; else 2.

    What was absent before anything was sent cannot be known either.

    Each look is a verdict, and whether the deadline has passed.
    """
    worst = 0
    for verdict, is_past in looks:
        if verdict in (Verdict.OVERDUE, Verdict.CONTRADICTED, Verdict.RETURNED):
            return 3
        if verdict is not Verdict.ERASED and not (verdict in (Verdict.UNKNOWN, Verdict.ABSENT) and is_past):
            worst = 2
    return worst


def _listed_now(about: UserEvidence) -> str:
    """Say what the account lists for a user: a computer that was renamed is there by another name."""
    names = sorted({pair.computer_name for pair in about.listing.pairs()}) if about.listing else []
    if not names:
        return "for this user the account lists nothing now"
    more = f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else ""
    return f"for this user the account lists now: {', '.join(names[:_SHOWN])}{more}"


def _identity(life: Life) -> Identity:
    return Identity(life.named("user"), life.named("destination"), life.named("computer"))


def _observation(life: Life, about: UserEvidence, now: datetime.datetime) -> Observation:
    seen = about.observations.get(_identity(life).id)
    if seen is None:
        findings = [about.error.finding] if about.error else [str(refusal) for refusal in about.refusals]
        return Observation(now, problem=findings[0] if findings else "it was not looked up", is_failed=True)
    # Before a purge a computer without a row has an unknown size. After it, nothing is left of it, unless some of what
    # the account does not attribute may be its own.
    if seen.stored_bytes is None and about.stored is not None and not about.stored.get(None):
        return dataclasses.replace(seen, stored_bytes=0)
    return seen


def verdict_of(life: Life, now: Observation, deadline: datetime.timedelta) -> tuple[Verdict, str]:
    """Return what a new look, after all the looks before it, comes to, and why. The purge was accepted before it."""
    asked_at = life.asked_at
    if asked_at is None:
        raise ValueError(f"{life.binding} was not asked for")
    verdict, because = _seen(life, now, asked_at, asked_at + deadline)
    # A look that failed changes nothing that was seen before it: neither what is overdue or came back, nor an erasure,
    # which an account that can no longer tell does not undo either.
    stays = life.verdict if now.is_failed or life.verdict in _SETTLED else None
    if verdict is Verdict.UNKNOWN and stays is not None:
        return stays, f"as it was found before; since then: {because}"
    return verdict, because


def _seen(life: Life, now: Observation, asked_at: datetime.datetime, due_at: datetime.datetime) -> tuple[Verdict, str]:
    if now.is_listed is None:
        return Verdict.UNKNOWN, now.problem or "the account cannot tell"
    # Monitoring does not say to which destination a computer backs up: with other copies, it says nothing of this one.
    is_later = now.not_before is not None and now.not_before > asked_at
    has_run = now.copies == 0 and (now.is_running is True or is_later)
    if now.is_listed:
        return _listed(life, now, due_at, has_run=has_run)
    if now.at < due_at:
        return Verdict.DELISTED, "not listed any more; the deadline has not passed"
    return _doubt(now, asked_at, has_run=has_run) or _gone(life, now, due_at)


def _gone(life: Life, now: Observation, due_at: datetime.datetime) -> tuple[Verdict, str]:
    """Return what it comes to that something is not listed, past the deadline and without a doubt."""
    if not _was_gone_before(life, now, due_at):
        return Verdict.DELISTED, "not listed any more; a second look, an hour later or more, is to confirm it"
    if not life.was_listed:
        return Verdict.ABSENT, "never seen in the account: `deleted: true` had it adopted unchecked"
    if not life.was_sent:
        return Verdict.ABSENT, "found gone before anything was sent: renamed, or removed by somebody else"
    return Verdict.ERASED, f"twice not listed past the deadline, nothing stored{_backups(now)}"


def _doubt(now: Observation, asked_at: datetime.datetime, *, has_run: bool) -> tuple[Verdict, str] | None:
    """Return what stands against an erasure of something that is not listed, past the deadline."""
    # In this order: what the account says outright outweighs what it leaves open, and nothing left open is an erasure.
    stored = now.stored_bytes
    is_alone = now.copies == 0
    may_be_later = is_alone and now.not_after is not None and now.not_after > asked_at
    no_zone, no_name = "the time of its last backup has no zone", "a backup ran whose computer or user is not told"
    doubt = no_zone if now.not_before is not None else no_name
    may_be_running = is_alone and now.is_running is None
    doubts = (
        (has_run, Verdict.CONTRADICTED, "not listed, and yet it has backed up since"),
        (stored is None, Verdict.UNKNOWN, "not listed, and the account does not say what is stored of it"),
        (
            stored and now.copies,
            Verdict.UNKNOWN,
            "not listed, and what is stored is not told apart from its other copies",
        ),
        (stored, Verdict.CONTRADICTED, f"not listed, and yet {stored or 0:,} bytes are stored"),
        (may_be_later, Verdict.UNKNOWN, f"it may have backed up since: {doubt}"),
        (may_be_running, Verdict.UNKNOWN, "it may be backing up: the account does not say how its last backup stands"),
    )
    return next(((verdict, because) for is_so, verdict, because in doubts if is_so), None)


def _backups(now: Observation) -> str:
    """Return what was seen of backups since: of one that also goes elsewhere, or that never ran, that is nothing."""
    if now.copies:
        return ""
    return ", no backup since" if now.not_before is not None else "; no run of a backup is known"


def _listed(life: Life, now: Observation, due_at: datetime.datetime, *, has_run: bool) -> tuple[Verdict, str]:
    # A computer that came back was gone before, by our own look or by the call's; one that never went is overdue.
    if life.absent_at or any(look.is_listed is False for look in life.observations):
        return Verdict.RETURNED, "listed again after it had gone"
    if now.at < due_at:
        return Verdict.PENDING, "still listed; the deadline has not passed"
    if has_run:
        return Verdict.RETURNED, "listed, and it has backed up since the purge"
    return Verdict.OVERDUE, "still listed past the deadline"


def _was_gone_before(life: Life, now: Observation, due_at: datetime.datetime) -> bool:
    """Whether an earlier look, an hour before and past the deadline, found it gone, and none since found it listed."""
    # From the newest back: a look that could not tell neither confirms nor undoes what others saw.
    for look in reversed(life.observations):
        if look.is_listed:
            return False
        if look.is_listed is False and look.at >= due_at and now.at - look.at >= SECOND_LOOK:
            return True
    return False
